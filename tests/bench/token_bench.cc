#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/card/pkcs11_card.h"
#include "tests/agent/card/fake_pcsc.h"
#include "tests/agent/card/harness.h"
#include "tests/agent/pkcs11/softhsm.h"
#include "tests/bench/benches.h"
#include "tests/bench/wiping.h"
#include "tests/support/process.h"

namespace ilkimza::bench {
namespace {

using agent::pkcs11::kSoftHsm;
using agent::pkcs11::SoftHsm;

constexpr char kOtherPin[] = "805173";

// A token of SoftHSM behind the agent's card host, and OpenSC's pkcs11-tool on the same
// token. Nothing of it is a card: what is measured is what stands around the module.
class TokenBench {
 public:
  TokenBench() : reader_(token_.SlotDescription()) {
    testing::WriteFile(folder_ / "message", std::string(32, 'd'));
    pcsc_->AddReader(reader_);
    // An AKİS v2: no family of our own has commands for it.
    pcsc_->Insert(reader_, sandbox::Bytes("3B9F968131FE458065544312210731C073F62180810590"),
                  [](std::string_view) { return std::string("\x6D\x00", 2); });
    agent::pkcs11::ModuleOptions options;
    options.paths = {kSoftHsm};
    options.helper = ILKIMZA_PKCS11_HELPER;
    agent::CardHostOptions host;
    host.families =
        agent::Pkcs11Families(std::make_shared<agent::pkcs11::Modules>(std::move(options)));
    agent_ = std::make_unique<agent::Harness>(pcsc_, std::move(host));
    name_ = agent_->WaitForCard().name();
  }

  void Run(Effort effort, Table& table) {
    for (const Task& task : Tasks()) {
      std::vector<double> ours;
      std::vector<double> tool;
      for (int round = 0; round < Choose(effort, 1, 10, 40); ++round) {
        ours.push_back(TookOurs(task.ours));
        tool.push_back(Took([&] { Tool(task.tool); }));
      }
      table.Add({.what = "SoftHSM: " + task.what + ", beside pkcs11-tool",
                 .unit = "ms",
                 .ours = Median(ours),
                 .baseline = Median(tool),
                 .aim = Row::Aim::kAtMost,
                 .limit = 1});
    }
  }

 private:
  struct Task {
    std::string what;
    std::function<void()> ours;
    std::string tool;
  };

  std::vector<Task> Tasks() {
    const std::string login = std::string("--login --pin ") + SoftHsm::kPin;
    return {
        {"card show",
         [this] {
           Take(agent_->Cards(), "cards");
           Take(agent_->PinState(name_), "PIN state");
         },
         "--list-slots"},
        {"all certificates",
         [this] {
           DieUnless(Take(agent_->Certificates(name_), "certificates").size() == 1,
                     "one certificate");
         },
         "--list-objects --type cert"},
        {"verify", [this] { DieUnless(agent_->Verify(name_, SoftHsm::kPin).ok(), "verify"); },
         login + " --list-objects --type privkey"},
        // To another PIN and back, on either side.
        {"change, twice",
         [this] {
           Change(SoftHsm::kPin, kOtherPin);
           Change(kOtherPin, SoftHsm::kPin);
         },
         ""},
        {"sign",
         [this] {
           v1::TestSignRequest request;
           request.set_name(name_);
           request.set_pin(SoftHsm::kPin);
           DieUnless(agent_->TestSign(request).ok(), "sign");
         },
         login + " --sign --mechanism SHA256-RSA-PKCS --id 01 --input-file message "
                 "--output-file signature"},
    };
  }

  static double Took(const std::function<void()>& act) {
    const double start = WallNow();
    act();
    return (WallNow() - start) * 1000;
  }

  static double TookOurs(const std::function<void()>& act) {
    const Wiping wiping;
    return Took(act);
  }

  void Tool(const std::string& arguments) {
    if (!arguments.empty()) return Call(arguments);
    Call(std::string("--change-pin --pin ") + SoftHsm::kPin + " --new-pin " + kOtherPin);
    Call(std::string("--change-pin --pin ") + kOtherPin + " --new-pin " + SoftHsm::kPin);
  }
  void Call(const std::string& arguments) {
    const testing::Finished finished =
        testing::Run({"sh", "-c",
                      "cd " + folder_.path() + " && exec pkcs11-tool --module " + kSoftHsm + " " +
                          arguments + " 2>&1"},
                     std::chrono::seconds(60));
    DieUnless(finished.exit_code == 0, arguments + ": " + finished.output);
  }

  void Change(const std::string& old_pin, const std::string& new_pin) {
    v1::ChangePinRequest request;
    request.set_name(name_);
    request.set_old_pin(old_pin);
    request.set_new_pin(new_pin);
    const absl::Status status = agent_->Change(request);
    DieUnless(status.ok(), std::string(status.message()));
  }

  const testing::TempDir folder_;
  const SoftHsm token_;
  const std::string reader_;
  const std::shared_ptr<agent::FakePcsc> pcsc_ = std::make_shared<agent::FakePcsc>();
  std::unique_ptr<agent::Harness> agent_;
  std::string name_;
};

}  // namespace

void BenchTokens(Effort effort, Table& table) { TokenBench().Run(effort, table); }

}  // namespace ilkimza::bench
