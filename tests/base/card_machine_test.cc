#include "base/card_machine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>

#include "tests/support/process.h"

namespace ilkimza {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class CardMachineTest : public ::testing::Test {
 protected:
  CardMachineTest() {
    machine_.usb_devices = dir_ / "usb";
    machine_.service_socket = dir_ / "pcscd.comm";
    machine_.service_programs = {dir_ / "pcscd"};
  }
  void Device(const std::string& name, const std::string& interface_class,
              const std::string& product) {
    std::filesystem::create_directories(dir_ / ("usb/" + name));
    std::filesystem::create_directories(dir_ / ("usb/" + name + ":1.0"));
    testing::WriteFile(dir_ / ("usb/" + name + "/idVendor"), "072f\n");
    testing::WriteFile(dir_ / ("usb/" + name + "/idProduct"), "90cc\n");
    testing::WriteFile(dir_ / ("usb/" + name + "/product"), product + "\n");
    testing::WriteFile(dir_ / ("usb/" + name + ":1.0/bInterfaceClass"), interface_class + "\n");
  }

  testing::TempDir dir_;
  CardMachine machine_;
};

TEST_F(CardMachineTest, FindsWhatCallsItselfAReader) {
  EXPECT_THAT(UsbReaders(machine_), IsEmpty());
  Device("1-1", "03", "Keyboard");
  Device("1-2", "0b", "ACR39U");
  Device("2-1.4", "0b", "Okuyucu \xc5\x9f\x1b[31m");
  EXPECT_THAT(UsbReaders(machine_), ElementsAre("072f:90cc ACR39U", "072f:90cc"));
}

TEST_F(CardMachineTest, TellsStoppedFromNotInstalledFromRunning) {
  EXPECT_EQ(LookAtCardService(machine_), CardServiceState::kNotInstalled);
  testing::WriteFile(machine_.service_programs[0], "");
  EXPECT_EQ(LookAtCardService(machine_), CardServiceState::kNotInstalled);
  std::filesystem::permissions(machine_.service_programs[0], std::filesystem::perms::owner_all);
  EXPECT_EQ(LookAtCardService(machine_), CardServiceState::kStopped);

  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, machine_.service_socket.c_str(), sizeof address.sun_path - 1);
  ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  // A socket that a dead service left behind.
  EXPECT_EQ(LookAtCardService(machine_), CardServiceState::kStopped);
  ASSERT_EQ(listen(fd, 4), 0);
  EXPECT_EQ(LookAtCardService(machine_), CardServiceState::kRuns);
  close(fd);
}

}  // namespace
}  // namespace ilkimza
