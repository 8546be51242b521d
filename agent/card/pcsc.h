// The seam to the smart-card service: PC/SC's own calls with PC/SC's own codes, one
// to one, so that a test can stand in with a service that behaves badly. What the
// codes mean is said once, in `PcscError`; nothing above agent/card/session and
// agent/card/monitor sees them.
//
// Thread-safety is that of PC/SC: calls on the same context wait for each other,
// except Cancel, so every thread that may block has a context of its own.
#ifndef ILKIMZA_AGENT_CARD_PCSC_H_
#define ILKIMZA_AGENT_CARD_PCSC_H_

#include <winscard.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace ilkimza::agent {

// What keeps the service from answering, where PC/SC itself says no more than
// SCARD_E_NO_SERVICE.
enum class ServiceAbsence { kStopped, kMissing, kNotPermitted };

class Pcsc {
 public:
  virtual ~Pcsc() = default;

  // Does not block, and does not start the service.
  virtual ServiceAbsence WhyNoService() { return ServiceAbsence::kStopped; }
  // Names of the other programs of this person that are connected to the service
  // (other_programs.h). Best effort; takes some milliseconds.
  virtual std::vector<std::string> OtherPrograms() { return {}; }
  virtual LONG EstablishContext(SCARDCONTEXT& context) = 0;
  virtual LONG ReleaseContext(SCARDCONTEXT context) = 0;
  // SCARD_S_SUCCESS with an empty list where PC/SC says that there are no readers.
  virtual LONG ListReaders(SCARDCONTEXT context, std::vector<std::string>& readers) = 0;
  // Waits without limit for a state to differ from dwCurrentState.
  virtual LONG GetStatusChange(SCARDCONTEXT context, std::vector<SCARD_READERSTATE>& states) = 0;
  // Wakes the thread that waits in GetStatusChange, and only that.
  virtual LONG Cancel(SCARDCONTEXT context) = 0;

  // `protocol` becomes SCARD_PROTOCOL_T0 or SCARD_PROTOCOL_T1.
  // With SCARD_SHARE_DIRECT it is the reader that is talked to, with or without a card.
  virtual LONG Connect(SCARDCONTEXT context, const std::string& reader, DWORD share_mode,
                       SCARDHANDLE& card, DWORD& protocol) = 0;
  virtual LONG Reconnect(SCARDHANDLE card, DWORD share_mode, DWORD initialisation,
                         DWORD& protocol) = 0;
  virtual LONG Disconnect(SCARDHANDLE card, DWORD disposition) = 0;
  // Blocks without limit while another program has a transaction.
  virtual LONG BeginTransaction(SCARDHANDLE card) = 0;
  virtual LONG EndTransaction(SCARDHANDLE card, DWORD disposition) = 0;
  // SCARD_S_SUCCESS while the card is there and the handle good.
  virtual LONG Status(SCARDHANDLE card) = 0;
  // `response` is replaced. Blocks until the card answers.
  virtual LONG Transmit(SCARDHANDLE card, DWORD protocol, std::string_view command,
                        std::string& response) = 0;
  // Talks to the reader itself; `response` is replaced. Blocks until it answers: with a
  // PIN to be typed on its keys, that is until somebody has.
  virtual LONG Control(SCARDHANDLE card, DWORD code, std::string_view command,
                       std::string& response) = 0;
};

// This machine's service, through libpcsclite.
std::shared_ptr<Pcsc> SystemPcsc();

// The typed error of a PC/SC code other than SCARD_S_SUCCESS:
//   SMART_CARD_SERVICE_STOPPED, SMART_CARD_NOT_PERMITTED, NO_READER, NO_CARD,
//   CARD_REMOVED, CARD_MUTE, CARD_BUSY, CARD_RESET, and CARD_PROTOCOL (with the code)
//   for all else.
// `reader` is named in the sentence.
absl::Status PcscError(LONG code, std::string_view reader);

// Whether another card may be in the reader since `status` came of using one: it was
// taken out, or did not get through. Readers that look for their card only now and then
// miss a quick exchange, so it has to be asked anew.
bool MayBeAnotherCard(const absl::Status& status);

// The typed error of a service that could not be had, by `code` and by what `pcsc`
// finds out: SMART_CARD_SERVICE_STOPPED, SMART_CARD_SERVICE_MISSING or
// SMART_CARD_NOT_PERMITTED.
absl::Status ServiceError(Pcsc& pcsc, LONG code);

// CARD_BUSY with whom to ask: the programs that `pcsc` finds connected to the service, in
// the sentence and, joined by ", ", in the metadata "programs". Every other status, and
// one that names them already, is left as it is.
absl::Status NameHolders(const absl::Status& status, Pcsc& pcsc);
// The same with names that are known already.
absl::Status NameHolders(const absl::Status& status, const std::vector<std::string>& programs);

// Whether the context that met this code will never recover.
bool MeansServiceGone(LONG code);

// pcsc-lite says SCARD_W_SECURITY_VIOLATION where the service closed the connection. It
// does that to who may not use it, as soon as he comes: at EstablishContext where
// polkit's org.debian.pcsc-lite.access_pcsc is missing, at Connect where access_card is.
// To everybody else it means, at any later call, that the service has ended.
bool MeansRefused(LONG code);
// `code` of a call on a card that was connected already: never a refusal.
LONG OnceConnected(LONG code);

// What the files of this machine say: `socket` is where the service is asked for, and
// `programs` are the places where the service itself may be.
ServiceAbsence JudgeAbsence(const std::string& socket, const std::vector<std::string>& programs);

// A context with RAII. `pcsc` outlives it.
class PcscContext {
 public:
  explicit PcscContext(Pcsc& pcsc) : pcsc_(pcsc) {}
  PcscContext(const PcscContext&) = delete;
  PcscContext& operator=(const PcscContext&) = delete;
  ~PcscContext() { Release(); }

  // Does nothing where it is established.
  LONG Establish();
  void Release();
  [[nodiscard]] bool established() const { return established_; }
  [[nodiscard]] SCARDCONTEXT get() const { return context_; }

 private:
  Pcsc& pcsc_;
  SCARDCONTEXT context_ = 0;
  bool established_ = false;
};

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_CARD_PCSC_H_
