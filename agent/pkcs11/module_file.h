// A PKCS#11 module as a file: is it there, may it be loaded, and is it for this kind of
// program? Looked at before anything is loaded, so that the answer is a plain sentence
// instead of what the dynamic linker makes of it.
#ifndef ILKIMZA_AGENT_PKCS11_MODULE_FILE_H_
#define ILKIMZA_AGENT_PKCS11_MODULE_FILE_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace ilkimza::agent::pkcs11 {

struct ModuleFile {
  enum class State {
    kUsable,
    kMissing,
    // For another processor, or of 32 bits where we have 64, or the other way round.
    kWrongArchitecture,
    // Somebody else than root or the user may change it, or it is no regular file at an
    // absolute path.
    kUnsafe,
    // No shared library at all.
    kNoLibrary,
  };
  State state = State::kMissing;
  // Where it really lies, without symbolic links; empty where it is missing.
  std::string path;
  // What is wrong and how to mend it; empty where it is usable.
  std::string sentence;
};

// Trusted owners are root, the user of this process, and whoever owns "/". The file and
// every directory on the way to it belong to one of them, and nobody else may write
// there (a directory with the sticky bit, such as /tmp, is no way in).
//
// Reads the first bytes of the file; loads nothing. Thread-safe.
ModuleFile LookAtModule(const std::string& path);

// What the start of an ELF file says of the machine it is for.
struct ElfKind {
  // 32 or 64.
  int bits = 0;
  bool little_endian = true;
  // EM_...
  uint16_t machine = 0;
  bool shared_library = false;

  // "32-bit Intel 80386"
  [[nodiscard]] std::string Text() const;
};

// False where `header` (20 bytes are enough) is not the start of an ELF file.
bool ReadElfKind(std::string_view header, ElfKind& kind);

}  // namespace ilkimza::agent::pkcs11

#endif  // ILKIMZA_AGENT_PKCS11_MODULE_FILE_H_
