// The plans as data: which steps a goal has, who carries them out, what they need
// and where a journey goes back to when that is gone. Advance() and the printed
// picture both read these tables.
//
// Pure and thread-safe.
#ifndef ILKIMZA_SERVER_JOURNEY_PLAN_H_
#define ILKIMZA_SERVER_JOURNEY_PLAN_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "ilkimza/v1/journey.pb.h"
#include "server/journey/policy.h"

namespace ilkimza::server {

// What a step rests on.
enum class Needs {
  kNothing,
  // The conversation that OPEN_WORD_RESET opened.
  kResetConversation,
  // The conversation that OPEN_LOGIN opened, before the login is complete.
  kLoginConversation,
  // A conversation that is logged in.
  kLogin,
  // The portal's PIN page before the holder's eyes, until their own PIN is set.
  kPinPage,
  // A logged-in conversation, without which there is nothing to do.
  kNothingWithoutLogin,
};

struct StepSpec {
  v1::StepKind kind;
  // Carried out by the portal host; otherwise by the agent, on the card.
  bool on_portal;
  // Whose turn it is when the step starts.
  v1::Actor turn;
  Needs needs;
  // Rejected attempts until the journey stops; no limit where null.
  int Policy::*attempt_limit;
  // No deadline where null.
  absl::Duration Policy::*deadline;
  // A host may report it SKIPPED. Never so for what proves something.
  bool may_be_skipped;
  // The steps of the portal's guide.
  std::vector<int> guide_steps;
  std::string_view english;
  std::string_view turkish;
};

// `kind` is one of the enum's own values, not UNSPECIFIED.
const StepSpec& SpecOf(v1::StepKind kind);

// As the enum names it, without its prefix: "LOG_IN". Its number where this program does
// not know it.
std::string StepName(v1::StepKind kind);

// The steps of a goal in order; empty for an unknown goal.
std::vector<v1::StepKind> PlanOf(v1::Goal goal, bool security_word_forgotten);

// The steps that a holder who forgot the security word takes before logging in.
std::span<const v1::StepKind> ResetSteps();

// A step of a plan, still to be done.
v1::Step MakeStep(v1::StepKind kind, const Policy& policy);

// True where `kind` cannot go on without a conversation that is logged in.
bool NeedsLogin(v1::StepKind kind, const v1::Facts& facts);

// True where nothing has to be done again for `kind`: what it establishes has
// been established, and holds without a conversation.
bool Holds(v1::StepKind kind, const v1::Facts& facts);

// True where leaving `kind` out settles it: it is not asked again after a new login.
bool IsDecision(v1::StepKind kind);

// Where to go on once the conversation is gone while `kind` is under way: `kind`
// itself where it needs none.
v1::StepKind SafeStep(v1::StepKind kind, const v1::Facts& facts);

// Where a report of REWIND leads: the safe step, except for a mail link that is
// used up (a new mail is asked for) and a forgotten word (reset steps first).
v1::StepKind RewindTarget(v1::StepKind kind, v1::ErrorReason reason, const v1::Facts& facts);

// Where a journey goes on that stopped at the portal's step `kind` for `reason`: the safe
// step, except that a mail which never came is asked for anew.
v1::StepKind RetryTarget(v1::StepKind kind, v1::ErrorReason reason, const v1::Facts& facts);

// True where nothing is left to be done of it: done, or left out.
bool IsSettled(const v1::Step& step);

// True where `step` changed something at the portal on the holder's word alone: no fact
// follows from that, and it is not asked again either.
bool IsClaimed(const v1::Step& step);

// True where the holder asked for the rewind, or it was the fate of what they
// typed: no sign of a portal in trouble.
bool IsHoldersRewind(v1::ErrorReason reason);

}  // namespace ilkimza::server

#endif  // ILKIMZA_SERVER_JOURNEY_PLAN_H_
