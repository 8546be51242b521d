#include "agent/card/beside_module.h"

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "agent/card/pcsc.h"
#include "agent/card/worker.h"
#include "base/log.h"

namespace ilkimza::agent {
namespace {

constexpr absl::Duration kFirstWait = absl::Milliseconds(20);
constexpr absl::Duration kLongestPause = absl::Milliseconds(500);

// A call under the job's watchdog, and without one where the job has been ended: the card
// is given back all the same.
template <typename Call>
LONG Watched(CardEnvironment& environment, absl::Duration limit, const Call& call) {
  const bool watched = environment.control.Enter(JobControl::Stage::kGivingBack, limit);
  const LONG code = call();
  if (watched) static_cast<void>(environment.control.Leave());
  return code;
}

LONG ConnectOnce(CardEnvironment& environment, SCARDHANDLE& card) {
  DWORD protocol = 0;
  LONG code = environment.context.Establish();
  if (code == SCARD_S_SUCCESS) {
    code = environment.pcsc.Connect(environment.context.get(), environment.reader,
                                    SCARD_SHARE_SHARED, card, protocol);
  }
  // Such a context never recovers.
  if (MeansServiceGone(code) || MeansRefused(code)) environment.context.Release();
  return code;
}

// Asked again while somebody has the card for himself: the module, until it has ended.
LONG Connect(CardEnvironment& environment, SCARDHANDLE& card) {
  absl::Duration pause = kFirstWait;
  absl::Duration waited;
  while (true) {
    const LONG code = Watched(environment, environment.timeouts.command,
                              [&] { return ConnectOnce(environment, card); });
    const bool again = code == SCARD_E_SHARING_VIOLATION || MeansServiceGone(code);
    if (!again || waited >= environment.timeouts.busy) return code;
    std::this_thread::sleep_for(absl::ToChronoNanoseconds(pause));
    waited += pause;
    pause = std::min(pause * 2, kLongestPause);
  }
}

// What leaves nothing to be closed: the card went, or somebody else has reset it.
bool IsClosed(LONG code) {
  return code == SCARD_S_SUCCESS || code == SCARD_W_RESET_CARD || code == SCARD_W_REMOVED_CARD ||
         code == SCARD_E_NO_SMARTCARD || code == SCARD_W_UNPOWERED_CARD ||
         code == SCARD_E_UNKNOWN_READER || code == SCARD_E_READER_UNAVAILABLE;
}

}  // namespace

absl::StatusOr<bool> OnlyCard(CardEnvironment& environment) {
  auto& [pcsc, context, control, timeouts, reader, connection] = environment;
  std::vector<std::string> readers;
  std::vector<SCARD_READERSTATE> states;
  if (!control.Enter(JobControl::Stage::kCommand, timeouts.command)) return absl::CancelledError();
  LONG code = context.Establish();
  if (code == SCARD_S_SUCCESS) code = pcsc.ListReaders(context.get(), readers);
  if (code == SCARD_S_SUCCESS && !readers.empty()) {
    states.resize(readers.size());
    for (std::size_t i = 0; i < readers.size(); ++i) {
      states[i].szReader = readers[i].c_str();
      // Answered at once.
      states[i].dwCurrentState = SCARD_STATE_UNAWARE;
    }
    code = pcsc.GetStatusChange(context.get(), states);
  }
  if (MeansServiceGone(code)) context.Release();
  if (!control.Leave()) return absl::CancelledError();
  return code == SCARD_S_SUCCESS &&
         std::count_if(states.begin(), states.end(), [](const SCARD_READERSTATE& state) {
           return (state.dwEventState & SCARD_STATE_PRESENT) != 0;
         }) == 1;
}

void ResetAfterModule(CardEnvironment& environment) {
  Pcsc& pcsc = environment.pcsc;
  const absl::Duration limit = environment.timeouts.command;
  SCARDHANDLE card = 0;
  LONG code = Connect(environment, card);
  const bool connected = code == SCARD_S_SUCCESS;
  if (connected) {
    code = Watched(environment, environment.timeouts.busy,
                   [&] { return pcsc.BeginTransaction(card); });
    if (code == SCARD_S_SUCCESS) {
      code =
          Watched(environment, limit, [&] { return pcsc.EndTransaction(card, SCARD_RESET_CARD); });
    }
    Watched(environment, limit, [&] {
      return pcsc.Disconnect(card, IsClosed(code) ? SCARD_LEAVE_CARD : SCARD_UNPOWER_CARD);
    });
  }
  if (IsClosed(code)) return;
  // The module has logged out, which closes most cards as well.
  LogWarning(
      "the card in '{}' could not be reset after its PIN was entered: {} Take it out and put it in "
      "again, so that no other program can use it",
      environment.reader, std::string(PcscError(code, environment.reader).message()));
}

}  // namespace ilkimza::agent
