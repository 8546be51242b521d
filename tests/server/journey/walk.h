// One journey taken step by step, for tests of the transition function.
#ifndef ILKIMZA_TESTS_SERVER_JOURNEY_WALK_H_
#define ILKIMZA_TESTS_SERVER_JOURNEY_WALK_H_

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/clock.h"
#include "server/journey/advance.h"

namespace ilkimza::server {

inline constexpr char kWalkSerial[] = "87211470000000000001";

class Walk {
 public:
  explicit Walk(v1::Goal goal, bool forgotten = false, v1::PortalHost host = v1::PORTAL_HOST_AGENT,
                const std::string& name = "journeys/test", bool guided = false) {
    last_.journey.set_name(name);
    v1::JourneyEvent event;
    auto* created = event.mutable_created();
    created->set_goal(goal);
    created->set_security_word_forgotten(forgotten);
    created->set_portal_host(host);
    created->set_agent("agents/pc1");
    created->set_profile("kamusm");
    created->set_guided(guided);
    Apply(event);
  }

  // From now on.
  void Follow(const Policy& policy) { policy_ = policy; }

  const v1::Journey& operator*() const { return last_.journey; }
  const v1::Journey* operator->() const { return &last_.journey; }
  [[nodiscard]] const Transition& last() const { return last_; }
  [[nodiscard]] absl::Time now() const { return now_; }
  [[nodiscard]] const std::vector<v1::JourneyEvent>& events() const { return events_; }

  [[nodiscard]] const v1::Step& Find(v1::StepKind kind) const {
    for (const v1::Step& step : last_.journey.steps()) {
      if (step.kind() == kind) return step;
    }
    static const v1::Step none;
    return none;
  }
  [[nodiscard]] const v1::Step& Current() const { return Find(last_.journey.current_step()); }

  // The directive of the last event; an empty one where there was none.
  [[nodiscard]] v1::RunStep run() const {
    for (const Directive& directive : last_.directives) {
      if (directive.message.has_run_step()) return directive.message.run_step();
    }
    return {};
  }
  [[nodiscard]] bool stops() const {
    for (const Directive& directive : last_.directives) {
      if (directive.message.has_stop_step()) return true;
    }
    return false;
  }

  // True where the event was applied.
  bool Apply(v1::JourneyEvent event) {
    now_ += absl::Seconds(1);
    *event.mutable_event_time() = ToProto(now_);
    Transition next = Advance(last_.journey, event, policy_);
    const bool applied = next.applied;
    if (applied) {
      event.set_revision(next.journey.revision());
      events_.push_back(event);
      last_ = std::move(next);
    }
    return applied;
  }

  bool Attach() {
    v1::JourneyEvent event;
    event.mutable_agent_attached();
    return Apply(event);
  }
  bool Detach() {
    v1::JourneyEvent event;
    event.mutable_agent_detached();
    return Apply(event);
  }
  bool Lost() {
    v1::JourneyEvent event;
    event.mutable_conversation_lost();
    return Apply(event);
  }
  bool Retry(v1::Way way = v1::WAY_UNSPECIFIED) {
    v1::JourneyEvent event;
    event.mutable_retry_requested()->set_actor("operator");
    event.mutable_retry_requested()->set_way(way);
    return Apply(event);
  }
  bool Cancel() {
    v1::JourneyEvent event;
    event.mutable_cancel_requested()->set_actor("operator");
    return Apply(event);
  }
  bool Time(absl::Time time) {
    now_ = time - absl::Seconds(1);
    v1::JourneyEvent event;
    event.mutable_time_passed();
    return Apply(event);
  }
  bool Card(const std::string& serial) {
    v1::JourneyEvent event;
    event.mutable_card_changed()->set_card_serial(serial);
    return Apply(event);
  }

  // A report for the directive under way.
  [[nodiscard]] v1::StepReport Answer(v1::StepOutcome outcome,
                                      v1::ErrorReason reason = v1::ERROR_REASON_UNSPECIFIED) const {
    v1::StepReport report;
    report.set_journey(last_.journey.name());
    report.set_directive_id(last_.journey.directive_id());
    report.set_step(last_.journey.current_step());
    report.set_outcome(outcome);
    report.set_reason(reason);
    const bool is_page = report.step() == v1::STEP_KIND_OPEN_PIN_PAGE ||
                         report.step() == v1::STEP_KIND_READ_PIN ||
                         report.step() == v1::STEP_KIND_ENTER_UNBLOCK_CODE;
    if (is_page && outcome == v1::STEP_OUTCOME_DONE) {
      report.add_portal_serials(kWalkSerial);
      report.add_portal_serials("87211470000000000099");
    }
    if (report.step() == v1::STEP_KIND_MATCH_CARD || report.step() == v1::STEP_KIND_PROVE_PIN ||
        report.step() == v1::STEP_KIND_UNBLOCK_PIN) {
      report.set_card_serial(kWalkSerial);
    }
    return report;
  }
  bool Report(const v1::StepReport& report) {
    v1::JourneyEvent event;
    *event.mutable_step_reported()->mutable_report() = report;
    return Apply(event);
  }
  bool Done() { return Report(Answer(v1::STEP_OUTCOME_DONE)); }
  bool Skipped(v1::ErrorReason reason) { return Report(Answer(v1::STEP_OUTCOME_SKIPPED, reason)); }
  bool Rejected(v1::ErrorReason reason) {
    return Report(Answer(v1::STEP_OUTCOME_REJECTED, reason));
  }
  bool Unavailable(v1::ErrorReason reason) {
    return Report(Answer(v1::STEP_OUTCOME_UNAVAILABLE, reason));
  }
  bool Rewound(v1::ErrorReason reason) { return Report(Answer(v1::STEP_OUTCOME_REWIND, reason)); }
  bool Stopped(v1::ErrorReason reason) { return Report(Answer(v1::STEP_OUTCOME_STOPPED, reason)); }
  bool Unknown(v1::ErrorReason reason) { return Report(Answer(v1::STEP_OUTCOME_UNKNOWN, reason)); }

  // Does what is asked, up to a step.
  void To(v1::StepKind kind) {
    for (int i = 0; i < 40 && last_.journey.current_step() != kind; ++i) Done();
    ASSERT_EQ(last_.journey.current_step(), kind);
  }
  // Does what is asked, up to the end; the steps that were asked.
  std::vector<v1::StepKind> ToTheEnd() {
    std::vector<v1::StepKind> asked;
    for (int i = 0; i < 40 && last_.journey.state() == v1::JOURNEY_STATE_ACTIVE; ++i) {
      asked.push_back(last_.journey.current_step());
      Done();
    }
    return asked;
  }

 private:
  Policy policy_;
  absl::Time now_ = absl::FromUnixSeconds(1'900'000'000);
  Transition last_;
  std::vector<v1::JourneyEvent> events_;
};

}  // namespace ilkimza::server

#endif  // ILKIMZA_TESTS_SERVER_JOURNEY_WALK_H_
