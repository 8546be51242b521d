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

class Pcsc {
 public:
  virtual ~Pcsc() = default;

  virtual LONG EstablishContext(SCARDCONTEXT& context) = 0;
  virtual LONG ReleaseContext(SCARDCONTEXT context) = 0;
  // SCARD_S_SUCCESS with an empty list where PC/SC says that there are no readers.
  virtual LONG ListReaders(SCARDCONTEXT context, std::vector<std::string>& readers) = 0;
  // Waits without limit for a state to differ from dwCurrentState.
  virtual LONG GetStatusChange(SCARDCONTEXT context, std::vector<SCARD_READERSTATE>& states) = 0;
  // Wakes the thread that waits in GetStatusChange, and only that.
  virtual LONG Cancel(SCARDCONTEXT context) = 0;

  // `protocol` becomes SCARD_PROTOCOL_T0 or SCARD_PROTOCOL_T1.
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
};

// This machine's service, through libpcsclite.
std::shared_ptr<Pcsc> SystemPcsc();

// The typed error of a PC/SC code other than SCARD_S_SUCCESS:
//   SMART_CARD_SERVICE_STOPPED, NO_READER, NO_CARD, CARD_REMOVED, CARD_MUTE,
//   CARD_BUSY, CARD_RESET, and CARD_PROTOCOL (with the code) for all else.
// `reader` is named in the sentence.
absl::Status PcscError(LONG code, std::string_view reader);

// Whether the context that met this code will never recover.
bool MeansServiceGone(LONG code);

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
