#include "agent/card/pcsc.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "base/error.h"

namespace ilkimza::agent {
namespace {

// Short APDUs only: 256 bytes and the status word, and room for a card that says
// more than it may.
constexpr std::size_t kReceiveBuffer = 4 * 1024;
constexpr std::size_t kMaxReaders = 64;

class SystemPcscImpl final : public Pcsc {
 public:
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
