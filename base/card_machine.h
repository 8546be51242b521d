// What this machine shows of readers and of the smart-card service without asking the
// service: for those who have to say why it cannot be asked.
//
// Thread-safe.
#ifndef ILKIMZA_BASE_CARD_MACHINE_H_
#define ILKIMZA_BASE_CARD_MACHINE_H_

#include <string>
#include <vector>

namespace ilkimza {

// Where it looks. Tests name other places.
struct CardMachine {
  std::string usb_devices = "/sys/bus/usb/devices";
  // PCSCLITE_CSOCK_NAME where that is set.
  std::string service_socket;
  // The service is installed where one of them is a program.
  std::vector<std::string> service_programs = {"/usr/sbin/pcscd", "/usr/bin/pcscd",
                                               "/usr/local/sbin/pcscd"};
};
CardMachine ThisCardMachine();

enum class CardServiceState {
  kRuns,
  kStopped,
  kNotInstalled,
  // Its socket turns this person away.
  kForbidden,
};
// Connects to the service's socket and lets go: where systemd listens there, that
// starts the service.
CardServiceState LookAtCardService(const CardMachine& machine);

// "072f:90cc ACS ACR39U" for each USB device that calls itself a card reader (class 0B),
// at most 16, of at most 100 bytes, printable. What the maker calls its product is
// left out where it is no ASCII.
std::vector<std::string> UsbReaders(const CardMachine& machine);

}  // namespace ilkimza

#endif  // ILKIMZA_BASE_CARD_MACHINE_H_
