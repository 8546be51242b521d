#include <sched.h>

#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "agent/card/akis_card.h"
#include "agent/card/connection.h"
#include "agent/card/pcsc.h"
#include "agent/card/worker.h"
#include "sandbox/card/simulator.h"
#include "tests/bench/bare_card.h"
#include "tests/bench/benches.h"
#include "tests/bench/wiping.h"
#include "tests/sandbox/card/hex.h"

namespace ilkimza::bench {
namespace {

using agent::Card;

// All on one core: which thread lies where would else weigh more than what is measured.
class OneCore {
 public:
  OneCore() {
    sched_getaffinity(0, sizeof before_, &before_);
    cpu_set_t first;
    CPU_ZERO(&first);
    CPU_SET(0, &first);
    sched_setaffinity(0, sizeof first, &first);
  }
  OneCore(const OneCore&) = delete;
  OneCore& operator=(const OneCore&) = delete;
  ~OneCore() { sched_setaffinity(0, sizeof before_, &before_); }

 private:
  cpu_set_t before_;
};

// The card's family as the agent's reader thread uses it, with nothing around it: no gRPC,
// no journal, no other threads. What it does is what an agent cannot leave out: the
// transaction, the watchdog's marks and the commands.
class CardFamilyBench {
 public:
  CardFamilyBench() : pcsc_(agent::SystemPcsc()), context_(*pcsc_) {
    // A service of this core, too.
    DieUnless(std::system("pcscd-ctl stop; pcscd-ctl start") == 0,
              "the smart-card service does not start");
    card_ = sandbox::MakeCard();
    DieUnless(card_->Insert("localhost", kReaderPort).ok(), "the reader does not see the card");
    DieUnless(context_.Establish() == SCARD_S_SUCCESS, "no smart-card service");
    AwaitCard();
    control_ =
        std::make_shared<agent::JobControl>(std::make_shared<agent::Timer>(), [](const auto&) {});
    // The first use connects.
    Use([](Card&) { return absl::OkStatus(); });
    bare_ = std::make_unique<BareCard>();
  }
  CardFamilyBench(const CardFamilyBench&) = delete;
  CardFamilyBench& operator=(const CardFamilyBench&) = delete;
  ~CardFamilyBench() { connection_.CloseUnwatched(*pcsc_); }

  void Run(Effort effort, Table& table) {
    const auto serial = [](Card& card) { return card.ReadSerial().status(); };
    const auto certificates = [](Card& card) { return card.ReadCertificates().status(); };
    std::vector<std::string> der;
    Use([&der](Card& card) {
      for (auto& entry : Take(card.ReadCertificates(), "certificates")) der.push_back(entry.der);
      return absl::OkStatus();
    });
    const auto verify = [](Card& card) -> absl::Status {
      // As for every attempt: which card, which PIN, how many tries.
      DieUnless(card.ReadSerial().ok(), "no serial");
      agent::PinInfo pin = Take(card.FindPin(""), "a PIN");
      pin.ask_puk = false;
      DieUnless(card.ReadPinStatus(pin).ok(), "no PIN state");
      const auto answer = Take(card.Verify(pin, {.current = "1234"}), "an answer");
      DieUnless(answer.verdict == agent::PinVerdict::kRight, "the PIN is wrong");
      return absl::OkStatus();
    };
    Measure(effort, {"serial", serial, 1}, table);
    Measure(effort, {"all objects, nothing known", certificates, 21, der, [this] { Forget(); }},
            table);
    Measure(effort, {"all objects, known", certificates, 2}, table);
    Measure(effort, {"verify", verify, 3}, table);
  }

 private:
  using Work = std::function<absl::Status(Card&)>;

  struct Task {
    std::string what;
    Work work;
    int most_commands = 0;
    // Those that are parsed in it.
    std::vector<std::string> certificates;
    // Before each round.
    std::function<void()> before = [] {};
  };

  void Measure(Effort effort, const Task& task, Table& table) {
    Use(task.work);
    std::vector<double> ours;
    std::vector<double> bare;
    std::vector<std::string> commands;
    for (int round = 0; round < Choose(effort, 1, 50, 200); ++round) {
      task.before();
      TakeCommands();
      ours.push_back(Use(task.work));
      commands = TakeCommands();
      bare.push_back(bare_->MillisecondsInTransaction(commands, task.certificates));
    }
    table.Add({.what = absl::StrCat("card family alone, ", task.what, ", commands; at most"),
               .ours = static_cast<double>(commands.size()),
               .baseline = static_cast<double>(task.most_commands),
               .aim = Row::Aim::kAtMost,
               .limit = 1});
    table.Add({.what = absl::StrCat("card family alone, ", task.what, "; the same bare"),
               .unit = "ms",
               .ours = Median(ours),
               .baseline = Median(bare),
               .aim = Row::Aim::kAtMost,
               .limit = 1.2});
  }

  // The service looks for cards every 400 ms.
  void AwaitCard() const {
    SCARD_READERSTATE state{};
    state.szReader = kReader;
    while ((state.dwEventState & SCARD_STATE_PRESENT) == 0) {
      DieUnless(SCardGetStatusChange(context_.get(), 10000, &state, 1) == SCARD_S_SUCCESS,
                "the service sees no card");
      state.dwCurrentState = state.dwEventState;
    }
  }

  // Milliseconds until the answer is there; the card is given back after that, as in the agent.
  double Use(const Work& work) {
    const Wiping wiping;
    // Both sides start with a service that has just been asked something.
    RunOnCard([](Card&) { return absl::OkStatus(); });
    return RunOnCard(work);
  }
  double RunOnCard(const Work& work) {
    agent::CardEnvironment environment{*pcsc_,    context_, *control_,
                                       timeouts_, reader_,  connection_};
    const double start = WallNow();
    const absl::Status status =
        family_->Use(environment, {.reader = reader_, .insertion = stay_}, work);
    const double milliseconds = (WallNow() - start) * 1000;
    DieUnless(status.ok(), status.ToString());
    connection_.GiveBack(environment);
    return milliseconds;
  }

  // As if it had just been put in.
  void Forget() {
    ++stay_;
    family_ = std::make_unique<agent::AkisFamily>();
  }

  const OneCore one_core_;
  const std::shared_ptr<agent::Pcsc> pcsc_;
  const std::string reader_ = kReader;
  const agent::CardTimeouts timeouts_;
  agent::PcscContext context_;
  agent::CardConnection connection_;
  std::shared_ptr<agent::JobControl> control_;
  std::unique_ptr<sandbox::CardSimulator> card_;
  std::unique_ptr<BareCard> bare_;
  std::unique_ptr<agent::AkisFamily> family_ = std::make_unique<agent::AkisFamily>();
  uint64_t stay_ = 1;
};

}  // namespace

void BenchCardFamily(Effort effort, Table& table) {
  CardFamilyBench bench;
  bench.Run(effort, table);
}

}  // namespace ilkimza::bench
