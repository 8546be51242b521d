#include "clients/cli/journey_view.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/substitute.h"
#include "base/clock.h"
#include "base/error.h"
#include "clients/sdk/outcome.h"
#include "clients/sdk/sentences.h"

namespace ilkimza::client {
namespace {

bool Holds(const v1::Step& step) {
  return step.state() == v1::STEP_STATE_DONE || step.state() == v1::STEP_STATE_SKIPPED;
}

// A mark and its style; the mark alone says it all where there are no colours.
std::pair<const char*, Style> MarkOf(v1::StepState state) {
  switch (state) {
    case v1::STEP_STATE_DONE:
      return {"✓", Style::kGood};
    case v1::STEP_STATE_RUNNING:
      return {"▸", Style::kAccent};
    case v1::STEP_STATE_SKIPPED:
      return {"–", Style::kDim};
    case v1::STEP_STATE_STOPPED:
      return {"✗", Style::kBad};
    default:
      return {"·", Style::kDim};
  }
}

std::string Seconds(const v1::Step& step) {
  if (!step.has_start_time() || !step.has_end_time()) return {};
  return absl::StrFormat(
      "%.1f", absl::ToDoubleSeconds(FromProto(step.end_time()) - FromProto(step.start_time())));
}

std::string Attempts(const v1::Step& step) {
  if (step.attempts() == 0) return {};
  std::string text = std::to_string(step.attempts());
  if (step.attempt_limit() > 0) text += "/" + std::to_string(step.attempt_limit());
  return text;
}

}  // namespace

std::string TimeText(const google::protobuf::Timestamp& time) {
  if (time.seconds() == 0) return {};
  return absl::FormatTime("%Y-%m-%d %H:%M", FromProto(time), absl::LocalTimeZone());
}

void WriteHeading(Screen& screen, const Texts& texts, const v1::Journey& journey, bool resumed) {
  screen.WriteLine(screen.Paint(Style::kBold, GoalTitle(texts, journey.goal())) + "  " +
                   screen.Paint(Style::kDim, Printable(journey.name())));
  if (!resumed) {
    return screen.WriteText(
        texts.Say("You can stop at any time with Ctrl-C and go on later with the same command."), 2,
        Style::kDim);
  }
  const auto done = std::count_if(journey.steps().begin(), journey.steps().end(), Holds);
  screen.WriteText(
      absl::Substitute(texts.Say("Going on with the journey of $0: $1 of $2 steps are done."),
                       TimeText(journey.create_time()), done, journey.steps_size()),
      2, Style::kDim);
}

void WriteStepLine(Screen& screen, const Texts& texts, const StepChanged& changed) {
  if (changed.state != v1::STEP_STATE_DONE && changed.state != v1::STEP_STATE_SKIPPED &&
      changed.state != v1::STEP_STATE_STOPPED) {
    return;
  }
  const auto [mark, style] = MarkOf(changed.state);
  screen.WriteLine(screen.Paint(style, mark) + " " + StepTitle(texts, changed.step));
}

void WriteSteps(Screen& screen, const Texts& texts, const v1::Journey& journey) {
  Table table(
      {" ", texts.Say("Step"), texts.Say("State"), texts.Say("Attempts"), texts.Say("Seconds")});
  for (const v1::Step& step : journey.steps()) {
    const auto [mark, style] = MarkOf(step.state());
    std::string state = StepStateTitle(texts, step.state());
    if (step.guided()) state += ", " + texts.Say("in your own browser");
    if (step.reason() != v1::ERROR_REASON_UNSPECIFIED)
      state += " (" + ReasonName(step.reason()) + ")";
    table.Add({{mark, style},
               {StepTitle(texts, step.kind())},
               {state, style},
               {Attempts(step)},
               {Seconds(step)}});
  }
  table.Write(screen);
}

void WriteJourney(Screen& screen, const Texts& texts, const v1::Journey& journey) {
  std::vector<std::pair<std::string, std::string>> pairs = {
      {texts.Say("Journey"), Printable(journey.name())},
      {texts.Say("Goal"), GoalTitle(texts, journey.goal())},
      {texts.Say("State"), JourneyStateTitle(texts, journey.state())},
  };
  if (journey.current_step() != v1::STEP_KIND_UNSPECIFIED) {
    pairs.emplace_back(texts.Say("Step"), StepTitle(texts, journey.current_step()));
    pairs.emplace_back(texts.Say("Turn"), ActorTitle(texts, journey.turn()));
  }
  if (!journey.facts().card_serial().empty()) {
    pairs.emplace_back(texts.Say("Card"), Printable(journey.facts().card_serial()));
  }
  pairs.emplace_back(texts.Say("Begun"), TimeText(journey.create_time()));
  if (journey.has_resume_time() && journey.state() == v1::JOURNEY_STATE_WAITING) {
    pairs.emplace_back(texts.Say("Next try"), TimeText(journey.resume_time()));
  }
  if (journey.has_end_time()) pairs.emplace_back(texts.Say("Ended"), TimeText(journey.end_time()));
  if (!journey.hotline().empty()) {
    pairs.emplace_back(texts.Say("Hotline"), Printable(journey.hotline()));
  }
  WritePairs(screen, pairs);
  if (journey.reason() != v1::ERROR_REASON_UNSPECIFIED) {
    const Sentence sentence = ReasonSentence(texts, journey.reason(), journey.hotline());
    screen.WriteLine();
    screen.WriteText(sentence.happened, 0, Style::kWarning);
    screen.WriteText(sentence.next);
  }
  if (journey.state() == v1::JOURNEY_STATE_SUCCEEDED && !IsWhollyGood(journey)) {
    const Sentence sentence = OutcomeSentence(texts, {Outcome::kSucceeded, journey, {}});
    screen.WriteLine();
    screen.WriteText(sentence.happened, 0, Style::kWarning);
    screen.WriteText(sentence.next);
  }
  screen.WriteLine();
  WriteSteps(screen, texts, journey);
}

namespace {

std::string PinLength(const Texts& texts, const v1::PinState& state) {
  if (state.min_length() <= 0 || state.max_length() < state.min_length()) return "";
  return absl::Substitute(texts.Say("A PIN of this card has $0 to $1 digits."), state.min_length(),
                          state.max_length());
}

std::string NewPinLength(const Texts& texts, const v1::PinState& state) {
  // An older agent tells the card's limits only.
  if (state.new_min_length() <= 0 || state.new_max_length() < state.new_min_length()) {
    return PinLength(texts, state);
  }
  const bool one = state.new_min_length() == state.new_max_length();
  return one ? absl::Substitute(texts.Say("Your new PIN needs $0 digits."), state.new_min_length())
             : absl::Substitute(texts.Say("Your new PIN needs $0 to $1 digits."),
                                state.new_min_length(), state.new_max_length());
}

}  // namespace

void WritePinLength(Screen& screen, const Texts& texts, const v1::PinState& state) {
  const std::string length = PinLength(texts, state);
  if (!length.empty()) screen.WriteText(length, 2, Style::kDim);
}

void WriteNewPinLength(Screen& screen, const Texts& texts, const v1::PinState& state) {
  const std::string length = NewPinLength(texts, state);
  if (!length.empty()) screen.WriteText(length, 2, Style::kDim);
}

std::string PinLengthAfter(const Texts& texts, const absl::Status& status,
                           const v1::PinState& state) {
  const v1::ErrorReason reason = ReasonOf(status);
  const ErrorMetadata metadata = MetadataOf(status);
  const auto field = metadata.find("field");
  const bool is_new = field != metadata.end() && field->second == "new_pin";
  if (reason == v1::ERROR_REASON_PIN_POLICY) return NewPinLength(texts, state);
  if (reason != v1::ERROR_REASON_PIN_FORMAT) return "";
  return is_new ? NewPinLength(texts, state) : PinLength(texts, state);
}

}  // namespace ilkimza::client
