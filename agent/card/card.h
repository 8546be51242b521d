// A card, whatever its family: the one interface between what is done with cards
// (operations.h) and how each family is talked to.
//
//   CardFamily::Recognise   by the answer to reset: may it be one of mine? Sends nothing
//   CardFamily::Use         opens the card, lends a `Card` to a piece of work, gives it back
//   Card                    who it is, what is on it, the state of its PIN, the attempts
//
// Families, in the order in which they are asked (families.h):
//   AKİS v1 (akis_card.h), PKCS#15 (pkcs15_card.h)   commands of our own, inside one
//       PC/SC transaction that `Use` begins and ends
//   PKCS#11 modules (agent/pkcs11/)   a vendor's library in a process of its own, with
//       its own connection to the reader: `Use` opens no session and no transaction
//
// A family is chosen by what the card says of itself, never by its reader's number.
//
// Threads: `Recognise`, `Forget` and `name` are called on any thread and do not block;
// `Use`, and the `Card` it lends, on the reader's worker thread only (worker.h).
//
// To add a family: derive both classes, and hand the family over in
// CardHostOptions::families.
#ifndef ILKIMZA_AGENT_CARD_CARD_H_
#define ILKIMZA_AGENT_CARD_CARD_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/card/historical_bytes.h"
#include "agent/card/pin_policy.h"
#include "agent/card/status_word.h"
#include "ilkimza/v1/card_service.pb.h"

namespace ilkimza::agent {

struct CardEnvironment;
class CardCertificate;

// What is known of a card before anything is sent to it.
struct CardFacts {
  // As PC/SC names it: what a PKCS#11 module calls the slot, more or less.
  std::string reader;
  // Answer to reset, bytes.
  std::string atr;
  // What the historical bytes in it say.
  Recognition recognition;
  // Tells this card's stay in the reader from every other one in this process. What
  // was learnt in one stay may be another card's in the next.
  uint64_t insertion = 0;
};

// Who a card is.
struct CardIdentity {
  v1::CardFamily family = v1::CARD_FAMILY_UNKNOWN;
  // "AKİS v1 (UEKAE 1292)".
  std::string family_display_name;
  // Letters, digits and hyphens; empty where the card tells none. Without one no
  // attempt is ever made: a PIN could reach another card than the holder looked at.
  std::string serial;
  // UTF-8 for people; may be empty.
  std::string label;
  // File name of the PKCS#11 module that speaks for it; else empty.
  std::string module;
  // What can be done with it, each once. All else is refused before `Use`.
  std::vector<v1::CardOperation> operations;
};

// A certificate on the card. The ids are the family's own, opaque to everybody else,
// and hold until the card's stay ends.
struct CardCertificateEntry {
  std::string label;
  // X.509, as read; may be none. Holds the holder's national id.
  std::string der;
  // The same, where the family has parsed it already.
  std::shared_ptr<const CardCertificate> parsed;
  // Its private key on the card; empty where there is none.
  std::string key;
  // The PIN that opens that key, for `Card::FindPin`; may be empty.
  std::string pin;
};

// The holder's PIN.
struct PinInfo {
  // As above.
  std::string id;
  PinLimits limits;
  // Of the PUK that unblocks it.
  PinLimits puk_limits;
  // False: the card has several PINs of its holder, and the id that was asked for names
  // none of them, or more than one. This is the first then: no attempt is made with it.
  bool settled = true;
  // False: the state of the PUK is not needed, and a family may spare the commands.
  bool ask_puk = true;
  // False: the card says of it, or of its PUK, what is not understood here (which one it
  // is, how it is written). No attempt is made with it.
  bool usable = true;
  bool puk_usable = true;
};

struct PinTries {
  v1::TriesLeft left = v1::TRIES_LEFT_UNKNOWN;
  // Where the card tells the number.
  std::optional<int> count;
};
// From a count: NONE, ONE or SOME.
PinTries JudgeCount(int count);

struct PinStatus {
  PinTries pin;
  // Nothing where the card has no PUK.
  std::optional<PinTries> puk;
  // The PIN was never set.
  bool not_initialised = false;
};

// What an attempt sends. The views are into guarded memory, which its owner wipes; a
// family copies them only into what it sends, wiped at once.
struct PinEntry {
  // The PIN, or for `Unblock` the PUK.
  std::string_view current;
  // `Change` and `Unblock` only.
  std::string_view chosen;
  // Typed on the reader's own keys: both views are empty.
  bool on_pinpad = false;
};

// A card within one `Use`.
//
// The errors of every function: those of the way to the card (NO_CARD, CARD_REMOVED,
// CARD_BUSY, CARD_RESET, CARD_MUTE, CARD_TIMEOUT, MODULE_FAILED ...), CARD_PROTOCOL for
// an answer that does not fit, and absl::CancelledError once the job has been ended
// (JobControl): then return at once and touch nothing that others share.
class Card {
 public:
  Card() = default;
  Card(const Card&) = delete;
  Card& operator=(const Card&) = delete;
  virtual ~Card() = default;

  // Asked of the card itself, anew each time, with the least possible traffic: this is
  // how another card put in meanwhile is found out before it gets anything.
  virtual absl::StatusOr<std::string> ReadSerial() = 0;
  // The serial it told earlier, where the connection shows that nobody has exchanged or
  // reset it since; else empty. Enough to read by, never to send a PIN by.
  [[nodiscard]] virtual std::string SerialToldBefore() const { return {}; }
  virtual absl::StatusOr<CardIdentity> Identify() = 0;

  // All of them, user certificates first. Never needs, asks for or uses a PIN.
  //
  // A family may answer from what it kept of this stay, once the card has shown that it
  // is the same one and still has them: then it says so with `ProvesItself`, and the
  // serial is not asked for first.
  [[nodiscard]] virtual bool ProvesItself() const { return false; }
  // After `ReadSerial` in the same `Use` that is proof enough, for some minutes.
  virtual absl::StatusOr<std::vector<CardCertificateEntry>> ReadCertificates() = 0;
  // The next `ReadCertificates` reads them from the card. True where what was kept of
  // them had been given out.
  virtual bool DistrustCertificates() { return false; }

  // The PIN with that id; where the id is empty or unknown, the holder's first.
  // CARD_UNSUPPORTED where the card has none; OPERATION_UNSUPPORTED from a family that
  // settles by itself which of several it is, and cannot.
  virtual absl::StatusOr<PinInfo> FindPin(std::string_view id) = 0;
  // Spends no try, whatever the card: where that cannot be had the state is UNKNOWN.
  virtual absl::StatusOr<PinStatus> ReadPinStatus(const PinInfo& pin) = 0;

  // The attempts. Each sends its command once, whatever happens; the caller has checked
  // format, policy and consent, and has put the attempt on disk.
  //
  // The card's verdict is not an error. An error says what became of the try:
  //   CARD_BUSY, CARD_RESET, OPERATION_UNSUPPORTED, NO_PINPAD, PINPAD_CANCELLED,
  //   PINPAD_TIMEOUT         it was not sent: no try was spent
  //   anything else          not known whether it counted; most plainly ATTEMPT_UNKNOWN
  // A family that can tell a refusal of the command (no try spent) from a wrong PIN
  // answers PinVerdict::kRefused.
  virtual absl::StatusOr<PinAnswer> Verify(const PinInfo& pin, const PinEntry& entry) = 0;
  virtual absl::StatusOr<PinAnswer> Change(const PinInfo& pin, const PinEntry& entry) = 0;
  // The verdict and the count are the PUK's.
  virtual absl::StatusOr<PinAnswer> Unblock(const PinInfo& pin, const PinEntry& entry) = 0;

  // Whether that key wants its PIN once more for each signature. After a right `Verify`.
  virtual absl::StatusOr<bool> AsksAgain(const CardCertificateEntry& /*certificate*/) {
    return false;
  }
  // Signs SHA-256 of `message` with the key of `certificate`, after a right `Verify` in
  // the same `Use`. As X.509 has signatures: RSA PKCS#1 v1.5 of the modulus' length, or
  // ECDSA as DER. Where the key asks again this sends the PIN once more: WRONG_PIN,
  // PIN_BLOCKED or ATTEMPT_UNKNOWN are the card's verdict on it.
  virtual absl::StatusOr<std::string> Sign(const CardCertificateEntry& certificate,
                                           std::string_view message) = 0;

  // Forgets the verified PIN, where the reset does not: `Use` makes sure of that one.
  virtual absl::Status LogOut() = 0;
};

class CardFamily {
 public:
  using Work = std::function<absl::Status(Card&)>;

  CardFamily() = default;
  CardFamily(const CardFamily&) = delete;
  CardFamily& operator=(const CardFamily&) = delete;
  virtual ~CardFamily() = default;

  // For logs: "AKİS v1", "PKCS#15", "PKCS#11 (libakisp11.so)".
  [[nodiscard]] virtual std::string_view name() const = 0;

  // Whether the card may be of this family, so that `Use` may be tried on it.
  [[nodiscard]] virtual bool Recognise(const CardFacts& facts) const = 0;

  // Opens the card in `environment.reader`, calls `work` with it and returns what that
  // returned. The card is given back, with no PIN verified and before anybody else can
  // have it, by this call or at the end of the job (worker.h). A PKCS#11 module shares its
  // card from C_Login until this call resets it: other programs of this PC can use the PIN
  // for that long, since a transaction of ours would keep the module out as well.
  //
  // CARD_UNSUPPORTED, without a call of `work`, where the card turns out to be none of
  // this family: the next one is asked.
  //
  // `work` may be called again from the start where the card was lost before any
  // attempt was made; never after one. Every call that may block stands between
  // `environment.control.Enter` and `Leave`, an attempt with Stage::kAttempt.
  virtual absl::Status Use(CardEnvironment& environment, const CardFacts& facts,
                           const Work& work) = 0;

  // What was kept of the card in this stay is not to be relied on any more.
  virtual void Forget(const CardFacts& facts) = 0;
};

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_CARD_CARD_H_
