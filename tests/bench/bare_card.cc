#include "tests/bench/bare_card.h"

#include <openssl/x509.h>

#include <mutex>
#include <numeric>
#include <utility>

#include "tests/bench/measure.h"

extern "C" LONG __real_SCardTransmit(SCARDHANDLE card, const SCARD_IO_REQUEST* protocol,
                                     const BYTE* command, DWORD size, SCARD_IO_REQUEST* received,
                                     BYTE* answer, DWORD* answer_size);

namespace ilkimza::bench {
namespace {

std::mutex g_mutex;
std::vector<std::string> g_commands;

}  // namespace

extern "C" LONG __wrap_SCardTransmit(SCARDHANDLE card, const SCARD_IO_REQUEST* protocol,
                                     const BYTE* command, DWORD size, SCARD_IO_REQUEST* received,
                                     BYTE* answer, DWORD* answer_size) {
  {
    const std::lock_guard lock(g_mutex);
    g_commands.emplace_back(reinterpret_cast<const char*>(command), size);
  }
  return __real_SCardTransmit(card, protocol, command, size, received, answer, answer_size);
}

std::vector<std::string> TakeCommands() {
  const std::lock_guard lock(g_mutex);
  return std::exchange(g_commands, {});
}

int CommandCount(const sandbox::CardSimulator& card) {
  const auto counts = card.CommandCounts();
  return std::accumulate(counts.begin(), counts.end(), 0,
                         [](int sum, const auto& count) { return sum + count.second; });
}

BareCard::BareCard() {
  DieUnless(SCardEstablishContext(SCARD_SCOPE_SYSTEM, nullptr, nullptr, &context_) == 0,
            "no smart-card service");
  DWORD protocol = 0;
  DieUnless(SCardConnect(context_, kReader, SCARD_SHARE_SHARED, SCARD_PROTOCOL_T1, &card_,
                         &protocol) == 0,
            "the card cannot be connected to");
}

BareCard::~BareCard() {
  SCardDisconnect(card_, SCARD_LEAVE_CARD);
  SCardReleaseContext(context_);
}

void BareCard::ConnectAgain() const {
  DWORD protocol = 0;
  DieUnless(SCardReconnect(card_, SCARD_SHARE_SHARED, SCARD_PROTOCOL_T1, SCARD_LEAVE_CARD,
                           &protocol) == SCARD_S_SUCCESS,
            "the card cannot be connected to again");
}

void BareCard::SendAll(const std::vector<std::string>& commands) const {
  for (const std::string& command : commands) {
    unsigned char answer[300];
    DWORD size = sizeof answer;
    DieUnless(
        __real_SCardTransmit(card_, SCARD_PCI_T1, reinterpret_cast<const BYTE*>(command.data()),
                             command.size(), nullptr, answer, &size) == SCARD_S_SUCCESS,
        "the card does not answer");
  }
}

double BareCard::Milliseconds(const std::vector<std::string>& commands) const {
  ConnectAgain();
  const double start = WallNow();
  SendAll(commands);
  return (WallNow() - start) * 1000;
}

double BareCard::MillisecondsInTransaction(const std::vector<std::string>& commands,
                                           const std::vector<std::string>& certificates) const {
  ConnectAgain();
  const double start = WallNow();
  DieUnless(SCardBeginTransaction(card_) == SCARD_S_SUCCESS, "the card is somebody else's");
  SendAll(commands);
  for (const std::string& certificate : certificates) {
    const auto* der = reinterpret_cast<const unsigned char*>(certificate.data());
    X509* const read = d2i_X509(nullptr, &der, static_cast<long>(certificate.size()));
    DieUnless(read != nullptr, "a certificate is none");
    X509_free(read);
  }
  const double end = WallNow();
  SCardEndTransaction(card_, SCARD_LEAVE_CARD);
  return (end - start) * 1000;
}

}  // namespace ilkimza::bench
