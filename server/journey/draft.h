// A journey while one event is being applied to it: the moves that the rules in
// advance.cc are made of.
//
// Pure; used by one thread.
#ifndef ILKIMZA_SERVER_JOURNEY_DRAFT_H_
#define ILKIMZA_SERVER_JOURNEY_DRAFT_H_

#include <span>
#include <vector>

#include "absl/time/time.h"
#include "ilkimza/v1/journey.pb.h"
#include "server/journey/directive.h"
#include "server/journey/plan.h"
#include "server/journey/policy.h"

namespace ilkimza::server {

class Draft {
 public:
  // Gives `journey` one more revision. All three outlive the draft.
  Draft(v1::Journey& journey, const v1::JourneyEvent& event, const Policy& policy);

  v1::Journey& journey;
  std::vector<Directive> directives;

  // To the first step that is still to be done, or to the end.
  void GoOn();
  // To `kind`: directs it, waits for its agent, or goes back to the login it needs.
  void Enter(v1::StepKind kind);
  // At `kind`, until the portal may be back.
  void WaitForBetterTimes(v1::StepKind kind, v1::ErrorReason reason);
  // At the step of `report`, see IsHeldBack(): as if it had never been directed.
  void HoldBack(const v1::StepReport& report);
  void WaitForAgent(v1::StepKind kind);
  // At the current step, until somebody decides.
  void Stop(v1::ErrorReason reason);
  // For good.
  void End(v1::JourneyState state, v1::ErrorReason reason);

  // Makes the steps from `target` to the current one pending again, except for
  // those that hold. Attempts that are used up stay so, except where the step was
  // done since.
  void Rewind(v1::StepKind target);
  // What the plan has already is not inserted again.
  void InsertResetSteps();
  void InsertAfter(v1::StepKind before, v1::StepKind kind);
  void Finish(v1::Step& step, v1::StepState state);
  // Of the current step.
  void FinishAndGoOn(v1::StepState state);
  // On the current step; false once its limit is reached.
  bool CountAttempt(v1::ErrorReason reason);
  void SendOpenDirectives();
  // Nobody wants a report of the directive under way any more.
  void StopUnderWay();

  v1::Facts& facts() { return *journey.mutable_facts(); }
  // The time of the event.
  [[nodiscard]] absl::Time Now() const;
  // `kind` is a step of the plan.
  v1::Step& Find(v1::StepKind kind);
  v1::Step& Current() { return Find(journey.current_step()); }
  // The first step of the plan that is still to be done; null at the end.
  v1::Step* FirstPending();

 private:
  void Direct(const StepSpec& spec);
  void Wait(v1::StepKind kind, v1::Actor turn, v1::ErrorReason reason);
  void Reopen(v1::Step& step);
  // Before the step that is now at `index`.
  void Insert(std::span<const v1::StepKind> kinds, int index);

  const v1::JourneyEvent& event_;
  const Policy& policy_;
};

}  // namespace ilkimza::server

#endif  // ILKIMZA_SERVER_JOURNEY_DRAFT_H_
