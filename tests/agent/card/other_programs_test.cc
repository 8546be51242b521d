// Who is connected to a Unix socket, by what the kernel tells.
#include "agent/card/other_programs.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "tests/support/process.h"

namespace ilkimza::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

sockaddr_un AddressOf(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  return address;
}

int Connect(const sockaddr_un& address) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int code = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  return code == 0 ? fd : -1;
}

// A service's socket, with everybody who comes let in.
class Service {
 public:
  explicit Service(const std::string& path)
      : path_(path), fd_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const sockaddr_un address = AddressOf(path);
    EXPECT_EQ(bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(listen(fd_, 8), 0);
  }
  ~Service() {
    for (const int client : clients_) close(client);
    close(fd_);
  }
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  void Accept() { clients_.push_back(accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC)); }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  const std::string path_;
  const int fd_;
  std::vector<int> clients_;
};

// A process that is connected until this object goes: a child of ours, or somebody
// else's.
class Program {
 public:
  Program(Service& service, const char* name, bool child_of_ours) {
    const sockaddr_un address = AddressOf(service.path());
    std::array<int, 2> ready{};
    EXPECT_EQ(pipe2(ready.data(), O_CLOEXEC), 0);
    EXPECT_EQ(pipe2(end_.data(), O_CLOEXEC), 0);
    child_ = fork();
    if (child_ == 0) {
      close(end_[1]);
      if (child_of_ours || fork() == 0) {
        prctl(PR_SET_NAME, name);
        const bool connected = Connect(address) >= 0;
        if (connected) static_cast<void>(write(ready[1], "!", 1));
      }
      // Until the other end is closed.
      char byte = 0;
      static_cast<void>(read(end_[0], &byte, 1));
      _exit(0);
    }
    close(end_[0]);
    close(ready[1]);
    char byte = 0;
    EXPECT_EQ(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    service.Accept();
  }
  ~Program() {
    close(end_[1]);
    waitpid(child_, nullptr, 0);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

 private:
  std::array<int, 2> end_{};
  pid_t child_ = -1;
};

class OtherProgramsTest : public ::testing::Test {
 protected:
  const testing::TempDir folder_;
  Service service_{folder_ / "service"};
};

TEST_F(OtherProgramsTest, NobodyIsConnected) {
  EXPECT_THAT(ProgramsConnectedTo(service_.path()), IsEmpty());
  EXPECT_THAT(ProgramsConnectedTo(folder_ / "nothing"), IsEmpty());
  EXPECT_THAT(ProgramsConnectedTo(""), IsEmpty());
}

TEST_F(OtherProgramsTest, OthersAreNamedAndEachOnce) {
  const Program one(service_, "imzager", false);
  const Program two(service_, "a-browser", false);
  const Program again(service_, "imzager", false);
  EXPECT_THAT(ProgramsConnectedTo(service_.path()), ElementsAre("a-browser", "imzager"));
}

TEST_F(OtherProgramsTest, WhoeverHasGoneIsNotNamed) {
  { const Program gone(service_, "imzager", false); }
  const Program here(service_, "a-browser", false);
  std::vector<std::string> programs;
  // What was started by what ended goes on its own time.
  do {
    programs = ProgramsConnectedTo(service_.path());
  } while (programs.size() != 1);
  EXPECT_THAT(programs, ElementsAre("a-browser"));
}

TEST_F(OtherProgramsTest, WeAndOurChildrenAreNot) {
  const int own = Connect(AddressOf(service_.path()));
  ASSERT_GE(own, 0);
  service_.Accept();
  const Program helper(service_, "our-helper", true);
  EXPECT_THAT(ProgramsConnectedTo(service_.path()), IsEmpty());
  close(own);
}

TEST_F(OtherProgramsTest, AnotherServiceIsAnotherService) {
  Service other(folder_ / "service-2");
  const Program program(other, "imzager", false);
  EXPECT_THAT(ProgramsConnectedTo(service_.path()), IsEmpty());
  EXPECT_THAT(ProgramsConnectedTo(other.path()), ElementsAre("imzager"));
}

TEST_F(OtherProgramsTest, ANameIsOnlyText) {
  const Program program(service_, "\x1b[2Jx\n\xff", false);
  for (const std::string& name : ProgramsConnectedTo(service_.path())) {
    for (const char c : name) EXPECT_GE(static_cast<unsigned char>(c), 0x20) << name;
  }
  EXPECT_EQ(ProgramsConnectedTo(service_.path()).size(), 1U);
}

}  // namespace
}  // namespace ilkimza::agent
