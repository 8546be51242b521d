#include "agent/pkcs11/module_file.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"

namespace ilkimza::agent::pkcs11 {
namespace {

constexpr std::size_t kHeaderSize = 20;

using State = ModuleFile::State;

bool TrustedOwner(uid_t owner) {
  // Whoever owns "/" owns all below it; inside a user namespace that may not be root.
  static const uid_t kRootOwner = [] {
    struct stat root {};
    return stat("/", &root) == 0 ? root.st_uid : 0;
  }();
  return owner == 0 || owner == geteuid() || owner == kRootOwner;
}

// Whether somebody else may put another file in this place. Looks at `path` and all
// directories above it.
bool OthersMayChange(std::string path) {
  for (bool file = true;; file = false) {
    struct stat info {};
    if (lstat(path.c_str(), &info) != 0 || !TrustedOwner(info.st_uid)) return true;
    const bool sticky = !file && (info.st_mode & S_ISVTX) != 0;
    if ((info.st_mode & S_IWOTH) != 0 && !sticky) return true;
    // A group of its own has root only in it.
    if ((info.st_mode & S_IWGRP) != 0 && info.st_gid != 0 && info.st_gid != getegid() && !sticky) {
      return true;
    }
    if (path == "/") return false;
    const auto slash = path.rfind('/');
    path.resize(slash == 0 ? 1 : slash);
  }
}

std::string ReadHeader(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (file < 0) return {};
  std::array<char, kHeaderSize> header{};
  const ssize_t got = read(file, header.data(), header.size());
  close(file);
  return {header.data(), got > 0 ? static_cast<std::size_t>(got) : 0};
}

std::string MachineText(uint16_t machine) {
  switch (machine) {
    case EM_386:
      return "Intel 80386";
    case EM_X86_64:
      return "x86-64";
    case EM_ARM:
      return "ARM";
    case EM_AARCH64:
      return "AArch64";
    case EM_RISCV:
      return "RISC-V";
    default:
      return absl::StrCat("processor type ", machine);
  }
}

const std::optional<ElfKind>& OurKind() {
  static const std::optional<ElfKind> kKind = [] {
    ElfKind kind;
    return ReadElfKind(ReadHeader("/proc/self/exe"), kind) ? std::optional(kind) : std::nullopt;
  }();
  return kKind;
}

ModuleFile Unusable(State state, std::string path, std::string sentence) {
  return {.state = state, .path = std::move(path), .sentence = std::move(sentence)};
}

ModuleFile JudgeElf(const std::string& path) {
  ElfKind kind;
  if (!ReadElfKind(ReadHeader(path), kind) || !kind.shared_library) {
    return Unusable(State::kNoLibrary, path,
                    absl::StrCat("'", path,
                                 "' is no shared library for Linux: take the file of the vendor's "
                                 "package that ends in .so."));
  }
  const auto& ours = OurKind();
  if (!ours || (kind.bits == ours->bits && kind.machine == ours->machine &&
                kind.little_endian == ours->little_endian)) {
    return {.state = State::kUsable, .path = path};
  }
  return Unusable(State::kWrongArchitecture, path,
                  absl::StrCat("'", path, "' is a ", kind.Text(), " module, and this program is ",
                               ours->Text(), ": install the vendor's ", ours->bits,
                               "-bit package for ", MachineText(ours->machine), "."));
}

}  // namespace

std::string ElfKind::Text() const {
  return absl::StrCat(bits, "-bit ", MachineText(machine), little_endian ? "" : " (big-endian)");
}

bool ReadElfKind(std::string_view header, ElfKind& kind) {
  if (header.size() < kHeaderSize || header.substr(0, SELFMAG) != ELFMAG) return false;
  const auto byte = [&](std::size_t at) { return static_cast<uint8_t>(header[at]); };
  const uint8_t elf_class = byte(EI_CLASS);
  const uint8_t data = byte(EI_DATA);
  if (elf_class != ELFCLASS32 && elf_class != ELFCLASS64) return false;
  if (data != ELFDATA2LSB && data != ELFDATA2MSB) return false;
  const auto word = [&](std::size_t at) {
    return static_cast<uint16_t>(data == ELFDATA2LSB ? byte(at) | byte(at + 1) << 8
                                                     : byte(at) << 8 | byte(at + 1));
  };
  // e_type and e_machine follow the identification in both classes.
  kind = {.bits = elf_class == ELFCLASS64 ? 64 : 32,
          .little_endian = data == ELFDATA2LSB,
          .machine = word(EI_NIDENT + 2),
          .shared_library = word(EI_NIDENT) == ET_DYN};
  return true;
}

ModuleFile LookAtModule(const std::string& path) {
  if (path.empty() || path.front() != '/' || path.find('\0') != std::string::npos) {
    return Unusable(State::kUnsafe, "",
                    absl::StrCat("'", path,
                                 "' is no absolute path: write the whole path of the PKCS#11 "
                                 "module, starting with '/'."));
  }
  const std::unique_ptr<char, void (*)(void*)> real(realpath(path.c_str(), nullptr), std::free);
  if (real == nullptr) {
    const int error = errno;
    return Unusable(
        State::kMissing, "",
        absl::StrCat("The PKCS#11 module '", path, "' cannot be found (", std::strerror(error),
                     "): install the vendor's package or mend [pkcs11] modules."));
  }
  std::string resolved = real.get();
  struct stat info {};
  if (stat(resolved.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return Unusable(State::kUnsafe, resolved,
                    absl::StrCat("'", resolved,
                                 "' is no regular file, so it is not loaded: mend "
                                 "[pkcs11] modules."));
  }
  if (OthersMayChange(resolved)) {
    return Unusable(State::kUnsafe, resolved,
                    absl::StrCat("'", resolved,
                                 "' or a directory above it can be changed by others than root "
                                 "and you, so it is not loaded: mend owner and mode."));
  }
  return JudgeElf(resolved);
}

}  // namespace ilkimza::agent::pkcs11
