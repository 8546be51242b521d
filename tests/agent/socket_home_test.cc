#include "agent/local/socket_home.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

#include "base/error.h"
#include "tests/support/process.h"

namespace ilkimza::agent {
namespace {

using ::testing::HasSubstr;

std::string Sentence(const absl::Status& status) { return std::string(status.message()); }

mode_t ModeOf(const std::string& path) {
  struct stat info {};
  EXPECT_EQ(stat(path.c_str(), &info), 0) << path;
  return info.st_mode & 07777;
}

bool Exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

// True if a client can connect.
bool Answers(const std::string& path) {
  const UniqueFd fd(socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  return connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
}

class SocketHomeTest : public ::testing::Test {
 protected:
  testing::TempDir temp_;
  const std::string directory_ = temp_ / "ilkimza";
  const std::string socket_ = directory_ + "/agent.sock";
};

TEST_F(SocketHomeTest, CreatesAPrivateDirectoryAndListens) {
  {
    const auto home = SocketHome::Open(socket_);
    ASSERT_TRUE(home.ok()) << home.status();
    EXPECT_EQ(ModeOf(directory_), 0700u);
    EXPECT_EQ(ModeOf(socket_), 0600u);
    EXPECT_TRUE(Answers(socket_));
  }
  EXPECT_FALSE(Exists(socket_));
}

TEST_F(SocketHomeTest, CreatesMissingParents) {
  const auto home = SocketHome::Open(temp_ / "a/b/agent.sock");
  ASSERT_TRUE(home.ok()) << home.status();
  EXPECT_EQ(ModeOf(temp_ / "a"), 0700u);
}

TEST_F(SocketHomeTest, RefusesADirectoryOpenToOthers) {
  for (const mode_t mode : {0701, 0710, 0704, 0755, 0777}) {
    mkdir(directory_.c_str(), 0700);
    chmod(directory_.c_str(), mode);
    const auto home = SocketHome::Open(socket_);
    ASSERT_FALSE(home.ok());
    EXPECT_EQ(ReasonOf(home.status()), v1::ERROR_REASON_BAD_CONFIGURATION);
    EXPECT_THAT(Sentence(home.status()), HasSubstr("chmod 700 '" + directory_ + "'"));
    EXPECT_FALSE(Exists(socket_));
  }
}

TEST_F(SocketHomeTest, RefusesASymbolicLink) {
  mkdir((temp_ / "real").c_str(), 0700);
  ASSERT_EQ(symlink((temp_ / "real").c_str(), directory_.c_str()), 0);
  const auto home = SocketHome::Open(socket_);
  ASSERT_FALSE(home.ok());
  EXPECT_THAT(Sentence(home.status()), HasSubstr("symbolic link"));
}

TEST_F(SocketHomeTest, RefusesAFileInPlaceOfTheDirectory) {
  testing::WriteFile(directory_, "text");
  const auto home = SocketHome::Open(socket_);
  ASSERT_FALSE(home.ok());
  EXPECT_THAT(Sentence(home.status()), HasSubstr(directory_));
}

TEST_F(SocketHomeTest, RefusesSomebodyElsesDirectory) {
  if (geteuid() == 0) {
    mkdir(directory_.c_str(), 0700);
    ASSERT_EQ(chown(directory_.c_str(), 12345, 12345), 0);
    const auto home = SocketHome::Open(socket_);
    ASSERT_FALSE(home.ok());
    EXPECT_THAT(Sentence(home.status()), HasSubstr("belongs to user 12345"));
  } else {
    // The root of the file system belongs to somebody else, whatever its mode.
    const auto home = OpenPrivateDirectory("/");
    ASSERT_FALSE(home.ok());
    EXPECT_THAT(Sentence(home.status()), HasSubstr("belongs to user 0"));
  }
}

TEST_F(SocketHomeTest, RefusesPathsThatCannotWork) {
  for (const std::string& path :
       {std::string("agent.sock"), std::string("/agent.sock"), directory_ + "/",
        temp_ / std::string(200, 'x') + "/agent.sock", std::string("relative/agent.sock")}) {
    const auto home = SocketHome::Open(path);
    ASSERT_FALSE(home.ok()) << path;
    EXPECT_EQ(ReasonOf(home.status()), v1::ERROR_REASON_BAD_CONFIGURATION);
    EXPECT_THAT(Sentence(home.status()), HasSubstr("'"));
  }
}

TEST_F(SocketHomeTest, ReplacesTheSocketOfADeadAgent) {
  const pid_t child = fork();
  if (child == 0) {
    const auto home = SocketHome::Open(socket_);
    _exit(home.ok() ? 0 : 1);  // no destructor runs: as if killed
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  ASSERT_TRUE(Exists(socket_));
  EXPECT_FALSE(Answers(socket_));
  const auto home = SocketHome::Open(socket_);
  ASSERT_TRUE(home.ok()) << home.status();
  EXPECT_TRUE(Answers(socket_));
}

TEST_F(SocketHomeTest, LeavesAFileThatIsNoSocketAlone) {
  mkdir(directory_.c_str(), 0700);
  testing::WriteFile(socket_, "precious");
  const auto home = SocketHome::Open(socket_);
  ASSERT_FALSE(home.ok());
  EXPECT_THAT(Sentence(home.status()), HasSubstr("is no socket"));
  EXPECT_EQ(testing::ReadFile(socket_), "precious");
}

TEST_F(SocketHomeTest, SecondAgentIsToldOfTheFirst) {
  const auto first = SocketHome::Open(socket_);
  ASSERT_TRUE(first.ok()) << first.status();
  const auto second = SocketHome::Open(socket_);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(Sentence(second.status()),
              HasSubstr("Another ilkimza-agent (process " + std::to_string(getpid()) + ")"));
  EXPECT_TRUE(Answers(socket_));
}

TEST_F(SocketHomeTest, LockIsFreeAgainAfterTheFirst) {
  { ASSERT_TRUE(DirectoryLock::Take(directory_).ok()); }
  EXPECT_TRUE(DirectoryLock::Take(directory_).ok());
}

TEST_F(SocketHomeTest, LockThatIsALinkIsRefused) {
  mkdir(directory_.c_str(), 0700);
  testing::WriteFile(temp_ / "victim", "precious");
  ASSERT_EQ(symlink((temp_ / "victim").c_str(), (directory_ + "/agent.lock").c_str()), 0);
  EXPECT_FALSE(DirectoryLock::Take(directory_).ok());
  EXPECT_EQ(testing::ReadFile(temp_ / "victim"), "precious");
}

}  // namespace
}  // namespace ilkimza::agent
