#include "base/card_machine.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>

namespace ilkimza {
namespace {

constexpr char kUsualSocket[] = "/run/pcscd/pcscd.comm";
// USB's class of smart-card readers (CCID).
constexpr char kReaderClass[] = "0b";
constexpr std::size_t kMaxReaders = 16;
constexpr std::size_t kMaxName = 100;

// The first line of a file of sysfs, printable ASCII only.
std::string FirstLine(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  line.resize(std::min(line.size(), kMaxName));
  const bool plain =
      std::all_of(line.begin(), line.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
  return plain ? line : "";
}

bool AnyProgram(const std::vector<std::string>& paths) {
  return std::any_of(paths.begin(), paths.end(),
                     [](const std::string& path) { return access(path.c_str(), X_OK) == 0; });
}

// 0, or why not.
int Connect(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return ENAMETOOLONG;
  std::memcpy(address.sun_path, path.data(), path.size());
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return errno;
  const bool connected = connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  const int why = connected ? 0 : errno;
  close(fd);
  return why;
}

}  // namespace

CardMachine ThisCardMachine() {
  CardMachine machine;
  const char* socket = std::getenv("PCSCLITE_CSOCK_NAME");
  machine.service_socket = socket != nullptr && *socket != '\0' ? socket : kUsualSocket;
  return machine;
}

CardServiceState LookAtCardService(const CardMachine& machine) {
  switch (Connect(machine.service_socket)) {
    case 0:
    case EAGAIN:  // so many wait there that it surely runs
      return CardServiceState::kRuns;
    case EACCES:
    case EPERM:
      return CardServiceState::kForbidden;
    default:
      return AnyProgram(machine.service_programs) ? CardServiceState::kStopped
                                                  : CardServiceState::kNotInstalled;
  }
}

std::vector<std::string> UsbReaders(const CardMachine& machine) {
  namespace fs = std::filesystem;
  // "1-2:1.0" is an interface of the device "1-2".
  std::set<std::string> devices;
  std::error_code error;
  for (fs::directory_iterator entry(machine.usb_devices, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    const auto colon = name.find(':');
    if (colon == std::string::npos) continue;
    if (FirstLine(entry->path() / "bInterfaceClass") != kReaderClass) continue;
    if (devices.size() < kMaxReaders) devices.insert(name.substr(0, colon));
  }
  std::vector<std::string> readers;
  for (const std::string& device : devices) {
    const fs::path path = fs::path(machine.usb_devices) / device;
    std::string text = FirstLine(path / "idVendor") + ":" + FirstLine(path / "idProduct");
    for (const char* part : {"manufacturer", "product"}) {
      if (const std::string word = FirstLine(path / part); !word.empty()) text += " " + word;
    }
    readers.push_back(text.substr(0, kMaxName));
  }
  return readers;
}

}  // namespace ilkimza
