// A software card to practise and test with: AKİS v1, or one of two that keep to
// ISO/IEC 7816-15.
//
// It goes into a virtual reader (vpcd) and comes out of it, and it can be rude in
// the ways real cards and readers are: mute, dying in the middle of a command,
// silent, slow, with few tries left. What an AKİS card understands stands in
// akis_card.h, its files in files.h; the others in iso_card.h.
//
// THE SERIAL. The portal shows it as digits, the card stores 12 bytes. The rule, to
// be followed by whoever reads it from the card: the digits are packed two to a byte,
// left-aligned, high nibble first, and filled up to 12 bytes with F nibbles. To read:
// go through the 24 nibbles and stop at the first that is not a decimal digit. So
//
//   87211470000000000000  <->  87 21 14 70 00 00 00 00 00 00 FF FF
//
// This is an assumption about real cards, kept in one place on either side. The same
// 12 bytes are the serial number in TokenInfo, and what `opensc-tool --serial` prints.
//
// THE TWO KEYS. Key 01 signs and belongs to the qualified certificate, key 02 to the
// one for logging in; the PIN (reference 80) opens both, the PUK is reference 81. In
// the certificate directory the qualified certificate comes last.
//
//   auto card = CardSimulator::Create({.serial = "87211470000000000000", .pin = "1234"});
//   (*card)->Insert("localhost", 35963);
//   ...
//   EXPECT_EQ((*card)->CommandCount(kVerify), 1);
#ifndef ILKIMZA_SANDBOX_CARD_SIMULATOR_H_
#define ILKIMZA_SANDBOX_CARD_SIMULATOR_H_

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "sandbox/card/apdu.h"
#include "sandbox/card/soft_card.h"

namespace ilkimza::sandbox {

class VpcdLink;

enum class CardKind { kAkis, kIsoApplet, kMyEid };

struct CardOptions {
  // AKİS v1 (akis_card.h), or one of those of iso_card.h.
  CardKind kind = CardKind::kAkis;
  // 1 to 24 digits.
  std::string serial = "87211470000000000000";
  // 4 to 16 bytes each; MyEID-like: at most 8. The PUK of an IsoApplet-like card: 16.
  std::string pin = "1234";
  std::string puk = "12345678";
  // 1 to 15.
  int max_pin_tries = 3;
  int max_puk_tries = 3;
  // The subject of the certificates: at most 64 bytes, and 11 digits.
  std::string holder_name = "Deneme Kullanici";
  std::string national_id = "10000000146";
  // Of the qualified certificate, up to 16 hex digits; empty: any.
  std::string certificate_number;
  absl::Time not_before = absl::Now() - absl::Hours(24);
  absl::Time not_after = absl::Now() + absl::Hours(3 * 365 * 24);
  // Version of the card's operating system, four hex digits such as "1292"; or "1.0",
  // the one version that OpenSC's akis driver knows by itself.
  std::string version = "1292";
  // Replaces the answer to reset that follows from the version: hex digits.
  std::string atr;
  // Nothing: as cards of that kind do.
  std::optional<EmptyVerify> empty_verify;
  bool tells_tries = true;
  // See credentials.h.
  std::string key_directory;
};

// The packed form of a serial, as above; nothing where it is not 1 to 24 digits.
std::optional<std::string> PackSerial(std::string_view digits);

// Instruction numbers by their names ("select", "read", "verify", "change",
// "unblock", "mse", "sign", "get-data", "list", "logout") or as two hex digits;
// nothing for any other text.
std::optional<std::uint8_t> InstructionNamed(std::string_view name);

struct PinTries {
  int pin = 0;
  int puk = 0;
};

// Thread-safe.
class CardSimulator {
 public:
  // InvalidArgument where an option is out of its range.
  static absl::StatusOr<std::unique_ptr<CardSimulator>> Create(CardOptions options);
  ~CardSimulator();
  CardSimulator(const CardSimulator&) = delete;
  CardSimulator& operator=(const CardSimulator&) = delete;

  // --- The reader ---
  // Puts the card into the reader at that address, out of any other reader first, and
  // wakes a dead card up. Returns once the reader has noticed the card, and DeadlineExceeded
  // where that takes longer than `timeout`; the card stays in, and goes on looking
  // for the reader. It also does so by itself when the smart-card service restarts.
  absl::Status Insert(const std::string& host, int port,
                      absl::Duration timeout = absl::Seconds(10));
  // Takes the card out, also in the middle of a command.
  void Remove();
  // False once the card was removed or has died.
  [[nodiscard]] bool inserted() const;

  // --- Without a reader ---
  // One command; nothing where the card does not answer, since it is mute or dies.
  // Waits while the card stalls or is slow, until `stop`.
  std::optional<std::string> Process(std::string_view apdu, const std::stop_token& stop = {});
  // Loss of power or a reset.
  void Reset();

  // --- Faults ---
  // Present but without an answer to reset, as a card put in the wrong way round. A
  // card in a reader comes out and goes in again, so that the reader notices.
  void SetMute(bool mute);
  // The next command of that instruction kills the card before, or after, it is
  // carried out: no answer comes, and the reader sees the card gone. Once only.
  void DieBefore(std::uint8_t instruction);
  void DieAfter(std::uint8_t instruction);
  // The next command of that instruction is carried out, but its answer is withheld
  // until `Resume` or `Remove`. Once only.
  void Stall(std::uint8_t instruction);
  void Resume();
  // Each command takes that much longer. A real chip takes about 20 ms.
  void SetLatency(absl::Duration latency);

  // --- State ---
  [[nodiscard]] PinTries tries_left() const;
  // 0 blocks; at most the maximum.
  absl::Status SetPinTriesLeft(int tries);
  absl::Status SetPukTriesLeft(int tries);
  // For the test of who knows the PIN after a change.
  [[nodiscard]] std::string pin() const;
  [[nodiscard]] std::string puk() const;
  absl::Status SetPin(std::string pin);
  absl::Status SetPuk(std::string puk);
  // The PIN is verified since the last reset.
  [[nodiscard]] bool pin_verified() const;
  [[nodiscard]] const CardOptions& options() const { return options_; }
  [[nodiscard]] std::string answer_to_reset() const;
  // PEM.
  [[nodiscard]] std::string authority_certificate() const;
  [[nodiscard]] std::string qualified_certificate() const;

  // --- What the card has seen ---
  // Commands received of that instruction, those it did not answer included.
  [[nodiscard]] int CommandCount(std::uint8_t instruction) const;
  [[nodiscard]] std::map<std::uint8_t, int> CommandCounts() const;
  void ResetCommandCounts();

 private:
  enum class Fault { kDieBefore, kDieAfter, kStall };

  CardSimulator(CardOptions options, std::string serial, Credentials credentials);
  void Arm(Fault fault, std::uint8_t instruction);
  // Takes the fault armed for that instruction away, if there is one.
  bool Take(Fault fault, std::uint8_t instruction);
  void StartLink();
  void StopLink();
  absl::Status SetTries(PinObject& pin, int tries);
  absl::Status SetValue(PinObject& pin, std::string value);

  const CardOptions options_;
  // Held by Insert, Remove and SetMute; taken before mutex_.
  std::mutex link_mutex_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  const std::unique_ptr<SoftCard> card_;
  bool mute_ = false;
  bool stalled_ = false;
  absl::Duration latency_;
  std::map<std::uint8_t, Fault> faults_;
  std::map<std::uint8_t, int> counts_;
  std::string host_;
  int port_ = 0;
  // Set under both mutexes; destroyed without mutex_, which its thread takes.
  std::unique_ptr<VpcdLink> link_;
};

}  // namespace ilkimza::sandbox

#endif  // ILKIMZA_SANDBOX_CARD_SIMULATOR_H_
