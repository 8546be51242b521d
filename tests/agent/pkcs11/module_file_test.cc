#include "agent/pkcs11/module_file.h"

#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "tests/agent/pkcs11/rude_modules.h"

namespace ilkimza::agent::pkcs11 {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using State = ModuleFile::State;

class ModuleFileTest : public ::testing::Test {
 protected:
  // The rude module with some bytes of its header changed.
  std::string Changed(const std::string& name, std::size_t at, const std::string& bytes) {
    const std::string path = rude_.Make(name);
    std::string contents = testing::ReadFile(path);
    contents.replace(at, bytes.size(), bytes);
    testing::WriteFile(path, contents);
    return path;
  }

  RudeModules rude_;
};

TEST_F(ModuleFileTest, AModuleOfThisMachineIsUsable) {
  const ModuleFile file = LookAtModule(rude_.Make("good"));
  EXPECT_EQ(file.state, State::kUsable) << file.sentence;
  EXPECT_THAT(file.sentence, IsEmpty());
}

TEST_F(ModuleFileTest, SymbolicLinksAreFollowed) {
  const std::string path = rude_.Make("good");
  std::filesystem::create_symlink("good.so", rude_ / "link.so");
  const ModuleFile file = LookAtModule(rude_ / "link.so");
  EXPECT_EQ(file.state, State::kUsable);
  EXPECT_EQ(file.path, std::filesystem::canonical(path));
}

TEST_F(ModuleFileTest, Another32BitModuleIsNamedAsSuch) {
  std::string path = Changed("other", EI_CLASS, std::string(1, ELFCLASS32));
  path = Changed("other32", EI_CLASS, std::string(1, ELFCLASS32));
  std::string contents = testing::ReadFile(path);
  contents[18] = EM_386;
  contents[19] = 0;
  testing::WriteFile(path, contents);
  const ModuleFile file = LookAtModule(path);
  EXPECT_EQ(file.state, State::kWrongArchitecture);
  EXPECT_THAT(file.sentence, AllOf(HasSubstr("other32.so' is a 32-bit Intel 80386 module"),
                                   HasSubstr("this program is 64-bit"),
                                   HasSubstr("install the vendor's 64-bit package")));
}

TEST_F(ModuleFileTest, AnotherMachineOrByteOrderIsNamedAsSuch) {
  EXPECT_EQ(LookAtModule(Changed("machine", 18, std::string("\xF3\x00", 2))).state,
            State::kWrongArchitecture);
  EXPECT_EQ(LookAtModule(Changed("order", EI_DATA, std::string(1, ELFDATA2MSB))).state,
            State::kNoLibrary)
      << "its type is read in that order too";
}

TEST_F(ModuleFileTest, WhatIsNoLibraryIsNotLoaded) {
  testing::WriteFile(rude_ / "text.so", "INPUT(libakisp11.so.2)\n");
  testing::WriteFile(rude_ / "empty.so", "");
  testing::WriteFile(rude_ / "short.so",
                     "\x7F"
                     "ELF");
  for (const char* name : {"text.so", "empty.so", "short.so"}) {
    EXPECT_EQ(LookAtModule(rude_ / name).state, State::kNoLibrary) << name;
  }
  // A program is no shared library of this kind either, unless it is one in disguise.
  EXPECT_EQ(LookAtModule(Changed("object", EI_NIDENT, std::string("\x01\x00", 2))).state,
            State::kNoLibrary);
}

TEST_F(ModuleFileTest, MissingAndOddPaths) {
  EXPECT_EQ(LookAtModule(rude_ / "nothing.so").state, State::kMissing);
  EXPECT_EQ(LookAtModule("libakisp11.so").state, State::kUnsafe);
  EXPECT_EQ(LookAtModule("").state, State::kUnsafe);
  EXPECT_EQ(LookAtModule("/dev/null").state, State::kUnsafe);
  EXPECT_EQ(LookAtModule("/usr/lib").state, State::kUnsafe);
  EXPECT_EQ(LookAtModule(std::string("/usr/lib/x\0.so", 14)).state, State::kUnsafe);
}

TEST_F(ModuleFileTest, WhatOthersMayChangeIsNotLoaded) {
  const std::string path = rude_.Make("open");
  ASSERT_EQ(chmod(path.c_str(), 0666), 0);
  EXPECT_EQ(LookAtModule(path).state, State::kUnsafe);
  ASSERT_EQ(chmod(path.c_str(), 0644), 0);
  const std::string folder = std::filesystem::path(path).parent_path();
  ASSERT_EQ(chmod(folder.c_str(), 0777), 0);
  const ModuleFile file = LookAtModule(path);
  EXPECT_EQ(file.state, State::kUnsafe);
  EXPECT_THAT(file.sentence, HasSubstr("mend owner and mode"));
  ASSERT_EQ(chmod(folder.c_str(), 0755), 0);
  EXPECT_EQ(LookAtModule(path).state, State::kUsable);
}

TEST(ElfKindTest, HeadersOfAnyBytes) {
  ElfKind kind;
  std::string header(
      "\x7F"
      "ELF");
  for (int c = 0; c < 256; ++c) {
    header.resize(4);
    header.append(16, static_cast<char>(c));
    const bool read = ReadElfKind(header, kind);
    EXPECT_EQ(read, c == 1 || c == 2) << c;
    for (std::size_t size = 0; size < header.size(); ++size) {
      EXPECT_FALSE(ReadElfKind(header.substr(0, size), kind));
    }
  }
}

}  // namespace
}  // namespace ilkimza::agent::pkcs11
