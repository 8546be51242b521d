// Connections while descriptors are short. Each test runs in a process of its own.
#include "base/acceptor.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <future>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/listen.h"

namespace ilkimza {
namespace {

int PortOf(const ListeningSockets& listening) {
  return std::atoi(listening.address.substr(listening.address.rfind(':') + 1).c_str());
}

UniqueFd Client() { return UniqueFd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)); }

bool Connect(const UniqueFd& client, int port) {
  sockaddr_in at = {};
  at.sin_family = AF_INET;
  at.sin_port = htons(static_cast<uint16_t>(port));
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return connect(client.get(), reinterpret_cast<sockaddr*>(&at), sizeof at) == 0;
}

// Everything from the next free descriptor up to `number`.
std::vector<UniqueFd> Occupy(int number) {
  std::vector<UniqueFd> taken;
  while (taken.empty() || taken.back().get() < number) {
    UniqueFd next(dup(STDIN_FILENO));
    if (!next.ok()) break;
    taken.push_back(std::move(next));
  }
  return taken;
}

class AcceptorTest : public ::testing::Test {
 protected:
  AcceptorTest() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = 80;
    setrlimit(RLIMIT_NOFILE, &limit);
    listening_.emplace(*ListenOn("127.0.0.1:0", "listen"));
    port_ = PortOf(*listening_);
  }
  // The first connection is said at `taken_`.
  void Open() {
    acceptor_ = std::make_unique<Acceptor>(std::vector<int>{listening_->sockets[0].get()},
                                           [this](std::size_t listener, UniqueFd connection) {
                                             EXPECT_EQ(listener, 0U);
                                             taken_.set_value(std::move(connection));
                                           });
  }

  std::optional<ListeningSockets> listening_;
  int port_ = 0;
  std::promise<UniqueFd> taken_;
  std::unique_ptr<Acceptor> acceptor_;
};

TEST_F(AcceptorTest, GoesOnAfterAMomentWithoutDescriptors) {
  Open();
  const UniqueFd client = Client();
  {
    const std::vector<UniqueFd> all = Occupy(80);
    EXPECT_EQ(dup(STDIN_FILENO), -1);
    ASSERT_TRUE(Connect(client, port_)) << "in the kernel's queue";
    // So that it is tried, and fails, at least once.
    usleep(150'000);
  }
  EXPECT_TRUE(taken_.get_future().get().ok());
}

TEST_F(AcceptorTest, LeavesTheLastDescriptorsAlone) {
  Open();
  const UniqueFd refused = Client();
  const UniqueFd taken = Client();
  {
    const std::vector<UniqueFd> most = Occupy(62);
    ASSERT_TRUE(Connect(refused, port_));
    char byte = 0;
    EXPECT_LE(read(refused.get(), &byte, 1), 0) << "closed at once";
  }
  ASSERT_TRUE(Connect(taken, port_));
  EXPECT_TRUE(taken_.get_future().get().ok());
}

// -- Addresses --

TEST(ListenOnTest, TakesGrpcsSpellings) {
  for (const char* address :
       {"127.0.0.1:0", "ipv4:127.0.0.1:0", "localhost:0", "dns:///localhost:0"}) {
    const auto listening = ListenOn(address, "listen");
    ASSERT_TRUE(listening.ok()) << listening.status();
    EXPECT_NE(PortOf(*listening), 0) << address;
    const UniqueFd client = Client();
    EXPECT_TRUE(Connect(client, PortOf(*listening))) << address;
  }
}

TEST(ListenOnTest, RefusesWhatIsTakenOrNoAddress) {
  const auto first = ListenOn("127.0.0.1:0", "listen");
  ASSERT_TRUE(first.ok()) << first.status();
  const auto second = ListenOn(first->address, "enrolment.listen");
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_NE(second.status().message().find("'enrolment.listen'"), absl::string_view::npos);
  EXPECT_FALSE(ListenOn("192.0.2.1:0", "listen").ok()) << "not this machine's";
  for (const char* wrong : {"", "127.0.0.1", ":80", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536",
                            "::1:80", "[::1:80", "unix:", "127.0.0.1:80,127.0.0.1:81"}) {
    const auto refused = ListenOn(wrong, "listen");
    EXPECT_FALSE(refused.ok()) << wrong;
    EXPECT_EQ(ReasonOf(refused.status()), v1::ERROR_REASON_BAD_CONFIGURATION) << wrong;
  }
  EXPECT_FALSE(ListenOn("unix:/" + std::string(200, 'x'), "listen").ok());
}

TEST(ListenOnTest, ReplacesAUnixSocketThatNobodyListensOnAndNoOther) {
  const std::string path = absl::StrCat(::testing::TempDir(), "/listen-", getpid(), ".sock");
  {
    const UniqueFd dead(socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un at = {};
    at.sun_family = AF_UNIX;
    path.copy(at.sun_path, sizeof at.sun_path - 1);
    ASSERT_EQ(bind(dead.get(), reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
  }
  {
    const auto first = ListenOn("unix:" + path, "listen");
    ASSERT_TRUE(first.ok()) << first.status();
    EXPECT_FALSE(ListenOn("unix:" + path, "listen").ok());
    EXPECT_EQ(access(path.c_str(), F_OK), 0);
  }
  EXPECT_NE(access(path.c_str(), F_OK), 0) << "gone with its listener";
}

}  // namespace
}  // namespace ilkimza
