#include "base/daemon.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "base/error.h"
#include "tests/support/process.h"

namespace ilkimza {
namespace {

TEST(DaemonTest, AddressFileIsCompleteAndPrivate) {
  const testing::TempDir directory;
  const std::string path = directory / "address";
  testing::WriteFile(path, "an older and much longer content");
  ASSERT_TRUE(WriteAddressFile(path, "127.0.0.1:4711").ok());
  EXPECT_EQ(testing::ReadFile(path), "127.0.0.1:4711\n");
  struct stat info {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777u, 0600u);
  // Nothing is left beside it.
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory.path()), {}), 1);
}

TEST(DaemonTest, AddressFileThatCannotBeWrittenIsAWrongConfiguration) {
  const testing::TempDir directory;
  const absl::Status status = WriteAddressFile(directory / "missing/address", "x");
  EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_BAD_CONFIGURATION);
  EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr("missing/address"));
}

TEST(DaemonTest, ExitCodesAreThoseOfSysexits) {
  const auto error = [](absl::StatusCode code, v1::ErrorReason reason) {
    return ExitCodeOf(MakeError(code, reason, "sentence"));
  };
  EXPECT_EQ(ExitCodeOf(absl::OkStatus()), 0);
  EXPECT_EQ(error(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_BAD_CONFIGURATION), 78);
  EXPECT_EQ(error(absl::StatusCode::kUnavailable, v1::ERROR_REASON_BAD_CONFIGURATION), 69);
  EXPECT_EQ(error(absl::StatusCode::kInternal, v1::ERROR_REASON_STORE_FAILED), 70);
}

TEST(DaemonTest, SystemdIsTold) {
  const testing::TempDir directory;
  for (const bool abstract : {false, true}) {
    const std::string name = (abstract ? "@" : "") + (directory / "notify");
    const int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (abstract) address.sun_path[0] = '\0';
    ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address),
                   static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size())),
              0);
    setenv("NOTIFY_SOCKET", name.c_str(), 1);
    NotifySystemd("READY=1");
    char text[32] = {};
    EXPECT_EQ(recv(fd, text, sizeof text - 1, MSG_DONTWAIT), 7);
    EXPECT_STREQ(text, "READY=1");
    close(fd);
  }
  unsetenv("NOTIFY_SOCKET");
}

TEST(DaemonTest, TracesOfLibrariesAreSwitchedOff) {
  setenv("GRPC_TRACE", "all", 1);
  setenv("SSLKEYLOGFILE", "/nowhere", 1);
  QuietLibraries();
  EXPECT_EQ(getenv("GRPC_TRACE"), nullptr);
  EXPECT_EQ(getenv("SSLKEYLOGFILE"), nullptr);
}

}  // namespace
}  // namespace ilkimza
