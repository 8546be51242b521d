#include "agent/card/card_host.h"

#include <algorithm>
#include <mutex>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "agent/card/attempts.h"
#include "agent/card/families.h"
#include "agent/card/journal.h"
#include "agent/card/left_open.h"
#include "agent/card/monitor.h"
#include "agent/card/operations.h"
#include "agent/card/pcsc.h"
#include "agent/card/service.h"
#include "agent/card/steps.h"
#include "agent/card/timer.h"
#include "agent/card/worker.h"
#include "base/error.h"

namespace ilkimza::agent {
namespace {

absl::Status Validate(const CardHostOptions& options) {
  ILKIMZA_RETURN_IF_ERROR(Validate(options.pin_policy));
  if (options.command_timeout <= absl::ZeroDuration() ||
      options.busy_timeout <= absl::ZeroDuration()) {
    return MakeError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_BAD_CONFIGURATION,
                     "The card's time limits have to be longer than nothing: mend them in the "
                     "agent's configuration.");
  }
  return absl::OkStatus();
}

// What the monitor's and timer's threads reach, shared so that a late call finds it or
// nothing.
class CardView : public std::enable_shared_from_this<CardView> {
 public:
  CardView(std::shared_ptr<CardSteps> steps, std::shared_ptr<CardServer> server,
           CardObserver& observer)
      : steps_(std::move(steps)), server_(std::move(server)), observer_(observer) {}

  // The monitor calls back from several threads: one at a time, each with the newest
  // view, so that the last word is the last state.
  void OnChange(const Monitor& monitor) {
    const std::lock_guard telling(telling_mutex_);
    const auto view = monitor.Current();
    const std::vector<std::string> serials = view->Serials();
    std::string serial;
    bool changed = false;
    {
      const std::lock_guard lock(mutex_);
      const bool still_there = std::find(serials.begin(), serials.end(), serial_) != serials.end();
      if (!still_there) {
        serial = serials.empty() ? "" : serials.front();
        changed = serial != std::exchange(serial_, serial);
      }
    }
    // First of all, so that who hears of a card finds it when asking for it.
    server_->OnChange(view);
    if (changed) observer_.OnCardSerial(serial);
    steps_->OnCards(serials, view->Settled());
  }

  [[nodiscard]] std::string Serial() const {
    const std::lock_guard lock(mutex_);
    return serial_;
  }

 private:
  const std::shared_ptr<CardSteps> steps_;
  const std::shared_ptr<CardServer> server_;
  CardObserver& observer_;
  std::mutex telling_mutex_;
  mutable std::mutex mutex_;
  std::string serial_;
};

class CardHostImpl final : public CardHost {
 public:
  CardHostImpl(CardHostOptions options, std::shared_ptr<Journal> journal, CardObserver& observer)
      : pcsc_(options.pcsc != nullptr ? std::move(options.pcsc) : SystemPcsc()),
        timer_(std::make_shared<Timer>()),
        workers_(std::make_shared<CardWorkers>(pcsc_, timer_,
                                               CardTimeouts{.command = options.command_timeout,
                                                            .busy = options.busy_timeout,
                                                            .keep = options.keep_connection})),
        families_(std::make_shared<CardFamilies>(options.families)),
        steps_(std::make_shared<CardSteps>(journal, timer_, *options.clock, observer)),
        server_(MakeServer(options, std::move(journal))),
        view_(std::make_shared<CardView>(steps_, server_, observer)) {}

  ~CardHostImpl() override { Shutdown(); }

  // `interrupted`: attempts that an earlier run of the program left without a result.
  // `left_open`: serials of the cards that it may have left with their PIN verified.
  void Begin(const std::vector<Attempt>& interrupted, std::set<std::string> left_open) {
    timer_->Schedule(absl::ZeroDuration(), [weak = std::weak_ptr(steps_), interrupted] {
      if (const auto steps = weak.lock()) steps->ReportInterrupted(interrupted);
    });
    monitor_ = Monitor::Start(
        pcsc_, workers_, timer_, families_,
        [weak = std::weak_ptr(view_)](const Monitor& monitor) {
          if (const auto view = weak.lock()) view->OnChange(monitor);
        },
        [left_open = std::make_shared<LeftOpen>(std::move(left_open))](
            CardEnvironment& environment, const CardFacts& facts, const IdentifiedCard& card) {
          if (left_open->Close(environment, card.identity.serial)) card.family->Forget(facts);
        });
  }

  void RunStep(const v1::RunStep& directive) override { steps_->Run(directive); }
  void StopStep(std::string_view journey, int64_t directive_id) override {
    steps_->Stop(journey, directive_id);
  }
  void Forget(std::string_view journey) override { steps_->Forget(journey); }
  [[nodiscard]] std::vector<v1::AttachAgentRequest::Conversation> OpenSteps() const override {
    return steps_->Open();
  }
  [[nodiscard]] std::string CurrentSerial() const override { return view_->Serial(); }
  grpc::Service& service() override { return server_->service(); }

  void Shutdown() override {
    server_->Shutdown();
    workers_->Shutdown();
    if (monitor_ != nullptr) monitor_->Stop();
    steps_->Close();
  }

 private:
  std::unique_ptr<CardServer> MakeServer(const CardHostOptions& options,
                                         std::shared_ptr<Journal> journal) {
    // Jobs run between Begin and Shutdown, when there is a monitor.
    const auto other_card = [this](const std::string& pcsc_name) { monitor_->AskAgain(pcsc_name); };
    const auto in_doubt = [this](const std::string& pcsc_name) { monitor_->Doubt(pcsc_name); };
    auto attempts = std::make_shared<Attempts>(Attempts::Parts{.workers = workers_,
                                                               .steps = steps_,
                                                               .journal = std::move(journal),
                                                               .other_card = other_card,
                                                               .card_in_doubt = in_doubt,
                                                               .policy = options.pin_policy,
                                                               .clock = options.clock});
    return CardServer::Create({.workers = workers_,
                               .timer = timer_,
                               .attempts = std::move(attempts),
                               .other_card = other_card,
                               .card_in_doubt = in_doubt,
                               .policy = options.pin_policy});
  }

  const std::shared_ptr<Pcsc> pcsc_;
  const std::shared_ptr<Timer> timer_;
  const std::shared_ptr<CardWorkers> workers_;
  const std::shared_ptr<const CardFamilies> families_;
  const std::shared_ptr<CardSteps> steps_;
  const std::shared_ptr<CardServer> server_;
  const std::shared_ptr<CardView> view_;
  std::unique_ptr<Monitor> monitor_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<CardHost>> CardHost::Create(CardHostOptions options,
                                                           CardObserver& observer) {
  ILKIMZA_RETURN_IF_ERROR(Validate(options));
  ILKIMZA_ASSIGN_OR_RETURN(auto journal, Journal::Open(options.journal, *options.clock));
  // Taken before anything can begin a new attempt, which would look interrupted as well.
  const std::vector<Attempt> interrupted = journal->Unresolved();
  std::set<std::string> left_open = journal->LeftOpen();
  auto host = std::make_unique<CardHostImpl>(
      std::move(options), std::shared_ptr<Journal>(std::move(journal)), observer);
  host->Begin(interrupted, std::move(left_open));
  return host;
}

bool IsCardStep(v1::StepKind step) {
  switch (step) {
    case v1::STEP_KIND_PREPARE_CHIP:
    case v1::STEP_KIND_INSERT_CARD:
    case v1::STEP_KIND_MATCH_CARD:
    case v1::STEP_KIND_PROVE_PIN:
    case v1::STEP_KIND_SET_OWN_PIN:
    case v1::STEP_KIND_UNBLOCK_PIN:
    case v1::STEP_KIND_TEST_SIGNATURE:
      return true;
    default:
      return false;
  }
}

}  // namespace ilkimza::agent
