#include <chrono>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sandbox/card/simulator.h"
#include "tests/agent/card/harness.h"
#include "tests/bench/bare_card.h"
#include "tests/bench/benches.h"
#include "tests/bench/wiping.h"
#include "tests/sandbox/card/opensc.h"
#include "tests/support/process.h"

namespace ilkimza::bench {
namespace {

constexpr std::string_view kPin = "1234";
constexpr std::string_view kOtherPin = "805172";

// What one way of doing a thing costs.
struct Cost {
  std::vector<double> milliseconds;
  // Of the last round: how many reached the card, and those that we sent.
  int commands = 0;
  std::vector<std::string> sent;
};

void Measure(sandbox::CardSimulator& card, const std::function<void()>& act, Cost& cost) {
  card.ResetCommandCounts();
  TakeCommands();
  const double start = WallNow();
  act();
  cost.milliseconds.push_back((WallNow() - start) * 1000);
  cost.commands = CommandCount(card);
  cost.sent = TakeCommands();
}

void MeasureOurs(sandbox::CardSimulator& card, const std::function<void()>& act, Cost& cost) {
  const Wiping wiping;
  Measure(card, act, cost);
}

// One thing to do with a card, our way and OpenSC's.
struct Task {
  std::string what;
  std::function<void()> ours;
  std::string opensc;
  // Puts the card back as it was, after each of the two.
  std::function<void()> after = [] {};
};

class CardBench {
 public:
  CardBench() {
    DieUnless(std::system("pcscd-ctl start") == 0, "the smart-card service does not start");
    testing::WriteFile(folder_ / "opensc.conf", sandbox::OpenscConfiguration("1292"));
    testing::WriteFile(folder_ / "digest", std::string(32, 'd'));
    card_ = sandbox::MakeCard();
    DieUnless(card_->Insert("localhost", kReaderPort).ok(), "the reader does not see the card");
    DieUnless(agent_.observer().WaitForSerial(card_->options().serial), "the agent sees no card");
    name_ = agent::NameOf(*card_);
  }

  // The only card that the agent has seen, and then one of another holder and the same
  // issuer. The time is the service's, which looks for cards every 400 ms.
  void FirstLook(Table& table) {
    card_->Remove();
    DieUnless(agent_.observer().WaitForSerial(""), "the agent does not see the card go");
    for (const bool very_first : {true, false}) {
      const auto card =
          very_first
              ? sandbox::MakeCard()
              : sandbox::MakeCard({.serial = "87211470000000000017", .holder_name = "Baska"});
      const std::string name = agent::NameOf(*card);
      Cost ours;
      Cost opensc;
      MeasureOurs(
          *card,
          [&] {
            DieUnless(card->Insert("localhost", kReaderPort).ok(),
                      "the reader does not see the card");
            DieUnless(agent_.observer().WaitForSerial(card->options().serial), "no card");
            ListAll(name);
          },
          ours);
      Measure(
          *card, [this] { Opensc("pkcs15-tool --dump"); }, opensc);
      card->Remove();
      DieUnless(agent_.observer().WaitForSerial(""), "the agent does not see the card go");
      table.Add(Commands(very_first ? "the very first look at a card, commands"
                                    : "first look, the issuer is known, commands",
                         ours.commands, opensc.commands));
    }
    DieUnless(card_->Insert("localhost", kReaderPort).ok(), "the reader does not see the card");
    DieUnless(agent_.observer().WaitForSerial(card_->options().serial), "no card");
  }

  // What counts on a real chip: each command takes its time there.
  void OnASlowChip(Effort effort, Table& table) {
    constexpr absl::Duration kOfAChip = absl::Milliseconds(20);
    const BareCard bare_card;
    card_->SetLatency(kOfAChip);
    for (const Task& task : Tasks()) {
      Cost ours;
      std::vector<double> bare;
      task.ours();
      task.after();
      for (int round = 0; round < Choose(effort, 1, 5, 20); ++round) {
        MeasureOurs(*card_, task.ours, ours);
        task.after();
        bare.push_back(bare_card.Milliseconds(ours.sent));
        task.after();
      }
      table.Add({.what = task.what + ", 20 ms a command; the same bare",
                 .unit = "ms",
                 .ours = Median(ours.milliseconds),
                 .baseline = Median(bare),
                 .aim = Row::Aim::kAtMost,
                 .limit = 1.2});
    }
    card_->SetLatency(absl::ZeroDuration());
  }

  void Known(Effort effort, Table& table) {
    const BareCard bare_card;
    for (const Task& task : Tasks()) {
      Cost ours;
      Cost opensc;
      std::vector<double> bare;
      task.ours();
      task.after();
      for (int round = 0; round < Choose(effort, 1, 10, 50); ++round) {
        MeasureOurs(*card_, task.ours, ours);
        task.after();
        bare.push_back(bare_card.Milliseconds(ours.sent));
        task.after();
        Measure(
            *card_, [&] { Opensc(task.opensc); }, opensc);
        task.after();
      }
      table.Add(Commands(task.what + ", commands", ours.commands, opensc.commands));
      table.Add({.what = task.what + ", beside OpenSC",
                 .unit = "ms",
                 .ours = Median(ours.milliseconds),
                 .baseline = Median(opensc.milliseconds),
                 .aim = Row::Aim::kAtMost,
                 .limit = 1});
      table.Add({.what = task.what + ", beside the same bare commands",
                 .unit = "ms",
                 .ours = Median(ours.milliseconds),
                 .baseline = Median(bare),
                 .aim = Row::Aim::kAtMost,
                 .limit = 1.2});
    }
  }

 private:
  static Row Commands(const std::string& what, int ours, int opensc) {
    return {.what = what,
            .unit = "",
            .ours = static_cast<double>(ours),
            .baseline = static_cast<double>(opensc),
            .aim = Row::Aim::kAtMost,
            .limit = 1};
  }

  std::vector<Task> Tasks() {
    const std::string new_pin = " --new-pin " + std::string(kOtherPin);
    const auto old_pin_again = [this] {
      DieUnless(card_->SetPin(std::string(kPin)).ok(), "the PIN cannot be set back");
    };
    return {
        {"card show", [this] { Show(); }, "pkcs15-tool --dump"},
        {"all certificates", [this] { ListAll(name_); }, "pkcs15-tool --list-certificates"},
        {"verify", [this] { Verify(); }, "pkcs15-tool --verify-pin --pin 1234"},
        {"change", [this] { Change(); }, "pkcs15-tool --change-pin --pin 1234" + new_pin,
         old_pin_again},
        {"sign", [this] { Sign(); },
         "pkcs15-crypt --sign --key 01 --sha-256 --pkcs1 --pin 1234 --raw --input digest "
         "--output signature"},
    };
  }

  void Opensc(const std::string& command) {
    const testing::Finished finished = testing::Run(
        {"sh", "-c", "cd " + folder_.path() + " && exec " + command + " 2>&1"},
        std::chrono::seconds(60), {{"OPENSC_CONF", folder_ / "opensc.conf"}, {"LC_ALL", "C"}});
    DieUnless(finished.exit_code == 0, command + ": " + finished.output);
  }

  void Show() {
    Take(agent_.Cards(), "cards");
    Take(agent_.PinState(name_), "PIN state");
  }
  void ListAll(const std::string& name) {
    DieUnless(Take(agent_.Certificates(name), "certificates").size() == 3, "3");
  }
  void Verify() { DieUnless(agent_.Verify(name_, std::string(kPin)).ok(), "verify failed"); }
  void Change() {
    v1::ChangePinRequest request;
    request.set_name(name_);
    request.set_old_pin(std::string(kPin));
    request.set_new_pin(std::string(kOtherPin));
    DieUnless(agent_.Change(request).ok(), "change failed");
  }
  void Sign() {
    v1::TestSignRequest request;
    request.set_name(name_);
    request.set_pin(std::string(kPin));
    DieUnless(agent_.TestSign(request).ok(), "sign failed");
  }

  const testing::TempDir folder_;
  std::unique_ptr<sandbox::CardSimulator> card_;
  agent::Harness agent_;
  std::string name_;
};

}  // namespace

void BenchCards(Effort effort, Table& table) {
  CardBench bench;
  bench.FirstLook(table);
  bench.Known(effort, table);
  bench.OnASlowChip(effort, table);
}

}  // namespace ilkimza::bench
