// Which sockets are spoken to: secrets go through them.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>

#include "base/error.h"
#include "clients/sdk/agent_client.h"
#include "clients/sdk/exit_code.h"
#include "clients/sdk/socket_check.h"
#include "tests/support/process.h"

namespace ilkimza::client {
namespace {

using ilkimza::testing::TempDir;

class Listening {
 public:
  explicit Listening(const std::string& path) : fd_(socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    ok_ = bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  Listening(const Listening&) = delete;
  Listening& operator=(const Listening&) = delete;
  ~Listening() { close(fd_); }
  [[nodiscard]] bool ok() const { return ok_; }

 private:
  int fd_;
  bool ok_ = false;
};

TEST(SocketPath, TakesPathsAndUnixAddresses) {
  for (const char* address : {"/run/a.sock", "unix:/run/a.sock", "unix:///run/a.sock"}) {
    EXPECT_EQ(SocketPath(address).value_or("refused"), "/run/a.sock") << address;
  }
}

TEST(SocketPath, RefusesAllElse) {
  for (const std::string& address :
       {std::string(), std::string("a.sock"), std::string("unix:a.sock"),
        std::string("localhost:443"), std::string("dns:///x"), "/" + std::string(200, 'x'),
        std::string("unix-abstract:x"), std::string("https://host/")}) {
    const auto path = SocketPath(address);
    EXPECT_FALSE(path.ok()) << address;
    EXPECT_EQ(ExitCodeOf(path.status()), kExitBadInput) << address;
  }
}

TEST(DefaultSocket, LiesInTheRuntimeDirectory) {
  ASSERT_EQ(setenv("XDG_RUNTIME_DIR", "/run/user/4711", 1), 0);
  EXPECT_EQ(DefaultSocket(), "/run/user/4711/ilkimza/agent.sock");
  // Not absolute: the specification says to ignore it.
  ASSERT_EQ(setenv("XDG_RUNTIME_DIR", "somewhere", 1), 0);
  EXPECT_EQ(DefaultSocket(), "/run/user/" + std::to_string(getuid()) + "/ilkimza/agent.sock");
}

TEST(CheckSocket, TakesOnesOwn) {
  const TempDir temp;
  const Listening socket(temp / "agent.sock");
  ASSERT_TRUE(socket.ok());
  EXPECT_TRUE(CheckSocket(temp / "agent.sock").ok());
  EXPECT_TRUE(CheckSocket(temp / "not-there.sock").ok());
}

TEST(CheckSocket, RefusesWhatOthersMayHavePutThere) {
  const TempDir temp;
  const Listening socket(temp / "agent.sock");
  ASSERT_TRUE(socket.ok());
  std::ofstream(temp / "file") << "x";
  ASSERT_EQ(symlink((temp / "agent.sock").c_str(), (temp / "link").c_str()), 0);
  for (const char* name : {"file", "link"}) {
    EXPECT_EQ(ReasonOf(CheckSocket(temp / name)), v1::ERROR_REASON_NOT_ALLOWED) << name;
  }
  ASSERT_EQ(chmod(temp.path().c_str(), 0777), 0);
  EXPECT_EQ(ReasonOf(CheckSocket(temp / "agent.sock")), v1::ERROR_REASON_NOT_ALLOWED);
  // With the sticky bit others cannot replace it.
  ASSERT_EQ(chmod(temp.path().c_str(), 01777), 0);
  EXPECT_TRUE(CheckSocket(temp / "agent.sock").ok());
  ASSERT_EQ(chmod(temp.path().c_str(), 0700), 0);
}

TEST(AgentClient, SaysCalmlyThatNobodyAnswers) {
  const TempDir temp;
  const auto agent = AgentClient::Connect(temp / "agent.sock");
  ASSERT_TRUE(agent.ok()) << agent.status();
  const auto cards = (*agent)->ListCards();
  EXPECT_EQ(ReasonOf(cards.status()), v1::ERROR_REASON_AGENT_UNREACHABLE);
  EXPECT_EQ(ExitCodeOf(cards.status()), kExitUnavailable);
  EXPECT_NE(std::string(cards.status().message()).find(temp / "agent.sock"), std::string::npos);
}

TEST(AgentClient, APinIsHandedToNobodyWhoIsNotThere) {
  const TempDir temp;
  const auto agent = AgentClient::Connect(temp / "agent.sock");
  ASSERT_TRUE(agent.ok()) << agent.status();
  v1::VerifyPinRequest request;
  request.set_pin("1234");
  EXPECT_EQ(ReasonOf((*agent)->VerifyPin(request).status()), v1::ERROR_REASON_AGENT_UNREACHABLE);
  (*agent)->Abandon();
  EXPECT_TRUE(absl::IsCancelled((*agent)->VerifyPin(request).status()));
}

TEST(AgentClient, AbandonedCallsEndAtOnce) {
  const TempDir temp;
  const auto agent = AgentClient::Connect(temp / "agent.sock");
  ASSERT_TRUE(agent.ok());
  (*agent)->Abandon();
  EXPECT_TRUE(absl::IsCancelled((*agent)->ListCards().status()));
}

}  // namespace
}  // namespace ilkimza::client
