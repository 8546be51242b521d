#include "agent/card/pcsc.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "agent/card/other_programs.h"
#include "base/error.h"

namespace ilkimza::agent {
namespace {

// Short APDUs only: 256 bytes and the status word, and room for a card that says
// more than it may.
constexpr std::size_t kReceiveBuffer = 4 * 1024;
constexpr std::size_t kMaxReaders = 64;
// Where libpcsclite looks for the service, and where distributions put it.
constexpr char kSocketVariable[] = "PCSCLITE_CSOCK_NAME";
constexpr char kSocket[] = "/run/pcscd/pcscd.comm";
constexpr std::array<const char*, 4> kServicePrograms = {"/usr/sbin/pcscd", "/usr/local/sbin/pcscd",
                                                         "/sbin/pcscd", "/usr/bin/pcscd"};

std::string SocketOfService() {
  const char* socket = std::getenv(kSocketVariable);
  return socket != nullptr ? socket : kSocket;
}

class SystemPcscImpl final : public Pcsc {
 public:
  ServiceAbsence WhyNoService() override {
    return JudgeAbsence(SocketOfService(), {kServicePrograms.begin(), kServicePrograms.end()});
  }

  std::vector<std::string> OtherPrograms() override {
    return ProgramsConnectedTo(SocketOfService());
  }

  LONG EstablishContext(SCARDCONTEXT& context) override {
    return SCardEstablishContext(SCARD_SCOPE_SYSTEM, nullptr, nullptr, &context);
  }

  LONG ReleaseContext(SCARDCONTEXT context) override { return SCardReleaseContext(context); }

  LONG ListReaders(SCARDCONTEXT context, std::vector<std::string>& readers) override {
    readers.clear();
    std::string names;
    DWORD size = 0;
    LONG code = SCARD_E_INSUFFICIENT_BUFFER;
    // A reader may be plugged in between the two calls.
    for (int i = 0; i < 4 && code == SCARD_E_INSUFFICIENT_BUFFER; ++i) {
      code = SCardListReaders(context, nullptr, nullptr, &size);
      if (code != SCARD_S_SUCCESS) break;
      names.resize(size);
      code = SCardListReaders(context, nullptr, names.data(), &size);
    }
    if (code == SCARD_E_NO_READERS_AVAILABLE) return SCARD_S_SUCCESS;
    if (code != SCARD_S_SUCCESS) return code;
    std::string_view rest(names.data(), std::min<std::size_t>(size, names.size()));
    while (!rest.empty() && rest[0] != '\0' && readers.size() < kMaxReaders) {
      const std::string_view name = rest.substr(0, rest.find('\0'));
      readers.emplace_back(name);
      rest.remove_prefix(std::min(rest.size(), name.size() + 1));
    }
    return SCARD_S_SUCCESS;
  }

  LONG GetStatusChange(SCARDCONTEXT context, std::vector<SCARD_READERSTATE>& states) override {
    return SCardGetStatusChange(context, INFINITE, states.data(), states.size());
  }

  LONG Cancel(SCARDCONTEXT context) override { return SCardCancel(context); }

  LONG Connect(SCARDCONTEXT context, const std::string& reader, DWORD share_mode, SCARDHANDLE& card,
               DWORD& protocol) override {
    return SCardConnect(context, reader.c_str(), share_mode, kProtocols, &card, &protocol);
  }

  LONG Reconnect(SCARDHANDLE card, DWORD share_mode, DWORD initialisation,
                 DWORD& protocol) override {
    return SCardReconnect(card, share_mode, kProtocols, initialisation, &protocol);
  }

  LONG Disconnect(SCARDHANDLE card, DWORD disposition) override {
    return SCardDisconnect(card, disposition);
  }

  LONG BeginTransaction(SCARDHANDLE card) override { return SCardBeginTransaction(card); }

  LONG EndTransaction(SCARDHANDLE card, DWORD disposition) override {
    return SCardEndTransaction(card, disposition);
  }

  LONG Status(SCARDHANDLE card) override {
    std::array<char, MAX_READERNAME> name{};
    std::array<BYTE, MAX_ATR_SIZE> atr{};
    DWORD name_size = name.size();
    DWORD atr_size = atr.size();
    DWORD state = 0;
    DWORD protocol = 0;
    return SCardStatus(card, name.data(), &name_size, &state, &protocol, atr.data(), &atr_size);
  }

  LONG Transmit(SCARDHANDLE card, DWORD protocol, std::string_view command,
                std::string& response) override {
    std::array<BYTE, kReceiveBuffer> buffer;
    DWORD size = buffer.size();
    const SCARD_IO_REQUEST* pci = protocol == SCARD_PROTOCOL_T0 ? SCARD_PCI_T0 : SCARD_PCI_T1;
    const LONG code = SCardTransmit(card, pci, reinterpret_cast<const BYTE*>(command.data()),
                                    command.size(), nullptr, buffer.data(), &size);
    response.clear();
    if (code == SCARD_S_SUCCESS) {
      response.assign(reinterpret_cast<const char*>(buffer.data()),
                      std::min<std::size_t>(size, buffer.size()));
    }
    return code;
  }

  LONG Control(SCARDHANDLE card, DWORD control, std::string_view command,
               std::string& response) override {
    std::array<BYTE, kReceiveBuffer> buffer;
    DWORD size = 0;
    const LONG code = SCardControl(card, control, command.data(), command.size(), buffer.data(),
                                   buffer.size(), &size);
    response.clear();
    if (code == SCARD_S_SUCCESS) {
      response.assign(reinterpret_cast<const char*>(buffer.data()),
                      std::min<std::size_t>(size, buffer.size()));
    }
    return code;
  }

 private:
  static constexpr DWORD kProtocols = SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1;
};

v1::ErrorReason ReasonFor(LONG code) {
  switch (code) {
    case SCARD_E_NO_READERS_AVAILABLE:
    case SCARD_E_UNKNOWN_READER:
    case SCARD_E_READER_UNAVAILABLE:
      return v1::ERROR_REASON_NO_READER;
    case SCARD_E_NO_SMARTCARD:
      return v1::ERROR_REASON_NO_CARD;
    case SCARD_W_REMOVED_CARD:
      return v1::ERROR_REASON_CARD_REMOVED;
    case SCARD_W_UNRESPONSIVE_CARD:
    case SCARD_W_UNPOWERED_CARD:
    case SCARD_W_UNSUPPORTED_CARD:
      return v1::ERROR_REASON_CARD_MUTE;
    case SCARD_E_SHARING_VIOLATION:
      return v1::ERROR_REASON_CARD_BUSY;
    case SCARD_W_RESET_CARD:
      return v1::ERROR_REASON_CARD_RESET;
    case SCARD_W_SECURITY_VIOLATION:
    case SCARD_E_NO_ACCESS:
      return v1::ERROR_REASON_SMART_CARD_NOT_PERMITTED;
    default:
      return MeansServiceGone(code) ? v1::ERROR_REASON_SMART_CARD_SERVICE_STOPPED
                                    : v1::ERROR_REASON_CARD_PROTOCOL;
  }
}

struct Sentence {
  absl::StatusCode code;
  // With the reader's name for %s.
  const char* text;
};

Sentence SentenceFor(v1::ErrorReason reason) {
  switch (reason) {
    case v1::ERROR_REASON_SMART_CARD_SERVICE_STOPPED:
      return {absl::StatusCode::kUnavailable,
              "The smart-card service does not run (asked for reader '%s'). Start it: systemctl "
              "start pcscd.socket"};
    case v1::ERROR_REASON_SMART_CARD_NOT_PERMITTED:
      return {absl::StatusCode::kPermissionDenied,
              "The smart-card service refuses this person (asked for reader '%s'). An "
              "administrator has to allow org.debian.pcsc-lite.access_pcsc and access_card in a "
              "polkit rule, or run the agent in the session of whoever sits at this PC."};
    case v1::ERROR_REASON_NO_READER:
      return {absl::StatusCode::kFailedPrecondition,
              "The reader '%s' is not there. Plug it in again."};
    case v1::ERROR_REASON_NO_CARD:
      return {absl::StatusCode::kFailedPrecondition,
              "There is no card in the reader '%s'. Put it in."};
    case v1::ERROR_REASON_CARD_REMOVED:
      return {absl::StatusCode::kAborted,
              "The card was taken out of the reader '%s'. Put it in and try again."};
    case v1::ERROR_REASON_CARD_MUTE:
      return {absl::StatusCode::kFailedPrecondition,
              "The card in the reader '%s' does not answer. Put it in the right way round, chip "
              "first."};
    case v1::ERROR_REASON_CARD_BUSY:
      return {absl::StatusCode::kUnavailable,
              "Another program holds the card in the reader '%s'. Close other programs that use "
              "it and try again."};
    case v1::ERROR_REASON_CARD_RESET:
      return {absl::StatusCode::kAborted,
              "Another program reset the card in the reader '%s'. Nothing was sent again; try "
              "once more."};
    default:
      return {absl::StatusCode::kInternal,
              "The exchange with the card in the reader '%s' failed. Take the card out, put it in "
              "again and try once more."};
  }
}

}  // namespace

std::shared_ptr<Pcsc> SystemPcsc() { return std::make_shared<SystemPcscImpl>(); }

ServiceAbsence JudgeAbsence(const std::string& socket, const std::vector<std::string>& programs) {
  if (access(socket.c_str(), W_OK) != 0) {
    if (errno == EACCES || errno == EPERM) return ServiceAbsence::kNotPermitted;
    const bool installed = std::any_of(programs.begin(), programs.end(), [](const auto& program) {
      return access(program.c_str(), F_OK) == 0;
    });
    // Without its socket nobody can have it started either.
    if (errno == ENOENT && !installed) return ServiceAbsence::kMissing;
  }
  return ServiceAbsence::kStopped;
}

absl::Status ServiceError(Pcsc& pcsc, LONG code) {
  const ServiceAbsence absence =
      MeansRefused(code) ? ServiceAbsence::kNotPermitted : pcsc.WhyNoService();
  const ErrorMetadata metadata = {
      {"pcsc_code", absl::StrFormat("%08X", static_cast<uint32_t>(code))}};
  switch (absence) {
    case ServiceAbsence::kNotPermitted:
      return MakeError(
          absl::StatusCode::kPermissionDenied, v1::ERROR_REASON_SMART_CARD_NOT_PERMITTED,
          "The smart-card service of this PC refuses this person. An administrator has to allow "
          "org.debian.pcsc-lite.access_pcsc and access_card in a polkit rule, or run the agent in "
          "the session of whoever sits at this PC.",
          metadata);
    case ServiceAbsence::kMissing:
      return MakeError(absl::StatusCode::kUnavailable, v1::ERROR_REASON_SMART_CARD_SERVICE_MISSING,
                       "There is no smart-card service on this PC. Install it: apt install pcscd",
                       metadata);
    case ServiceAbsence::kStopped:
      break;
  }
  return MakeError(absl::StatusCode::kUnavailable, v1::ERROR_REASON_SMART_CARD_SERVICE_STOPPED,
                   "The smart-card service does not run on this PC. Start it: systemctl start "
                   "pcscd.socket",
                   metadata);
}

absl::Status NameHolders(const absl::Status& status, Pcsc& pcsc) {
  if (ReasonOf(status) != v1::ERROR_REASON_CARD_BUSY) return status;
  return NameHolders(status, pcsc.OtherPrograms());
}

absl::Status NameHolders(const absl::Status& status, const std::vector<std::string>& programs) {
  ErrorMetadata metadata = MetadataOf(status);
  if (ReasonOf(status) != v1::ERROR_REASON_CARD_BUSY || programs.empty() ||
      metadata.contains("programs")) {
    return status;
  }
  const std::string names = absl::StrJoin(programs, ", ");
  metadata["programs"] = names;
  return MakeError(
      status.code(), v1::ERROR_REASON_CARD_BUSY,
      absl::StrCat(status.message(), " Connected to the smart-card service now: ", names, "."),
      metadata);
}

bool MeansRefused(LONG code) {
  return code == SCARD_W_SECURITY_VIOLATION || code == SCARD_E_NO_ACCESS;
}

LONG OnceConnected(LONG code) { return MeansRefused(code) ? SCARD_E_SERVICE_STOPPED : code; }

bool MeansServiceGone(LONG code) {
  switch (code) {
    case SCARD_E_NO_SERVICE:
    case SCARD_E_SERVICE_STOPPED:
    case SCARD_E_INVALID_HANDLE:
    case SCARD_F_COMM_ERROR:
    case SCARD_F_INTERNAL_ERROR:
    case SCARD_E_SYSTEM_CANCELLED:
      return true;
    default:
      return false;
  }
}

absl::Status PcscError(LONG code, std::string_view reader) {
  const v1::ErrorReason reason = ReasonFor(code);
  const Sentence sentence = SentenceFor(reason);
  const std::string text =
      absl::StrReplaceAll(sentence.text, {{"%s", absl::string_view(reader.data(), reader.size())}});
  return MakeError(sentence.code, reason, text,
                   {{"pcsc_code", absl::StrFormat("%08X", static_cast<uint32_t>(code))}});
}

bool MayBeAnotherCard(const absl::Status& status) {
  switch (ReasonOf(status)) {
    case v1::ERROR_REASON_CARD_REMOVED:
    case v1::ERROR_REASON_NO_CARD:
    case v1::ERROR_REASON_CARD_MUTE:
    case v1::ERROR_REASON_CARD_PROTOCOL:
    case v1::ERROR_REASON_ATTEMPT_UNKNOWN:
      // Of PC/SC, not of what a card said.
      return MetadataOf(status).contains("pcsc_code");
    default:
      return false;
  }
}

LONG PcscContext::Establish() {
  if (established_) return SCARD_S_SUCCESS;
  const LONG code = pcsc_.EstablishContext(context_);
  established_ = code == SCARD_S_SUCCESS;
  return code;
}

void PcscContext::Release() {
  if (established_) pcsc_.ReleaseContext(context_);
  established_ = false;
}

}  // namespace ilkimza::agent
