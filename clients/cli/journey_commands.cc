// `ilkimza journey list|show|watch|cancel|retry`.
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <stop_token>
#include <thread>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/substitute.h"
#include "base/error.h"
#include "clients/cli/interview.h"
#include "clients/cli/journey_view.h"
#include "clients/cli/program.h"
#include "clients/cli/signals.h"
#include "clients/sdk/guide_session.h"
#include "clients/sdk/sentences.h"

namespace ilkimza::client {
namespace {

constexpr int kPage = 100;

bool Ended(const v1::Journey& journey) {
  return journey.state() == v1::JOURNEY_STATE_SUCCEEDED ||
         journey.state() == v1::JOURNEY_STATE_CANCELLED ||
         journey.state() == v1::JOURNEY_STATE_FAILED;
}

absl::StatusOr<std::vector<v1::Journey>> List(AgentClient& agent, bool active_only, int limit) {
  std::vector<v1::Journey> journeys;
  v1::ListJourneysRequest request;
  request.set_active_only(active_only);
  do {
    request.set_page_size(std::min(kPage, limit - static_cast<int>(journeys.size())));
    ILKIMZA_ASSIGN_OR_RETURN(const v1::ListJourneysResponse page, agent.ListJourneys(request));
    journeys.insert(journeys.end(), page.journeys().begin(), page.journeys().end());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty() && static_cast<int>(journeys.size()) < limit);
  return journeys;
}

// The full name of the journey meant; the newest under way where none was named.
absl::StatusOr<std::string> NameOf(AgentClient& agent, const std::string& journey) {
  if (absl::StartsWith(journey, "journeys/")) return journey;
  if (!journey.empty()) return "journeys/" + journey;
  ILKIMZA_ASSIGN_OR_RETURN(const auto journeys, List(agent, /*active_only=*/true, 1));
  if (!journeys.empty()) return journeys.front().name();
  return MakeError(absl::StatusCode::kNotFound, v1::ERROR_REASON_JOURNEY_NOT_FOUND,
                   "no journey is under way; name one of \"ilkimza journey list\"");
}

absl::StatusOr<std::vector<v1::JourneyEvent>> Timeline(AgentClient& agent,
                                                       const std::string& name) {
  std::vector<v1::JourneyEvent> events;
  v1::ListJourneyEventsRequest request;
  request.set_parent(name);
  request.set_page_size(kPage);
  do {
    ILKIMZA_ASSIGN_OR_RETURN(const auto page, agent.ListJourneyEvents(request));
    events.insert(events.end(), page.journey_events().begin(), page.journey_events().end());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return events;
}

std::string EventText(const Texts& texts, const v1::JourneyEvent& event) {
  switch (event.kind_case()) {
    case v1::JourneyEvent::kCreated:
      return texts.Say("The journey begins");
    case v1::JourneyEvent::kAgentAttached:
      return texts.Say("The agent is connected");
    case v1::JourneyEvent::kAgentDetached:
      return texts.Say("The agent is gone");
    case v1::JourneyEvent::kConversationLost:
      return texts.Say("The session with the portal is lost");
    case v1::JourneyEvent::kStepReported: {
      const v1::StepReport& report = event.step_reported().report();
      std::string text =
          StepTitle(texts, report.step()) + ": " + OutcomeTitle(texts, report.outcome());
      if (report.guided()) text += ", " + texts.Say("in your own browser");
      if (report.reason() != v1::ERROR_REASON_UNSPECIFIED) {
        text += " (" + ReasonName(report.reason()) + ")";
      }
      return text;
    }
    case v1::JourneyEvent::kTimePassed:
      return texts.Say("A time set for it has come");
    case v1::JourneyEvent::kCancelRequested:
      return texts.Say("Cancelled");
    case v1::JourneyEvent::kRetryRequested:
      switch (event.retry_requested().way()) {
        case v1::WAY_GUIDED:
          return texts.Say("Taken up again, in the holder's own browser");
        case v1::WAY_DRIVEN:
          return texts.Say("Taken up again, with İlkimza at the portal");
        default:
          return texts.Say("Taken up again");
      }
    case v1::JourneyEvent::kCardChanged:
      return event.card_changed().card_serial().empty()
                 ? texts.Say("The card was taken out")
                 : absl::Substitute(texts.Say("Card $0 is in the reader"),
                                    Printable(event.card_changed().card_serial()));
    default:
      return texts.Say("Something this program does not know");
  }
}

void WriteTimeline(Program& program, const std::vector<v1::JourneyEvent>& events) {
  Table table({"#", program.Say("Time"), program.Say("What happened")});
  for (const v1::JourneyEvent& event : events) {
    table.Add({{std::to_string(event.revision())},
               {TimeText(event.event_time())},
               {EventText(program.settings.texts, event)}});
  }
  program.screen.WriteLine();
  table.Write(program.screen);
}

int ShowChanged(Program& program, const absl::StatusOr<v1::Journey>& journey) {
  if (!journey.ok()) return Fail(program.screen, program.settings, journey.status());
  if (program.settings.json) {
    program.screen.WriteLine(Line(ToJson(*journey)));
  } else {
    program.screen.WriteText(
        absl::Substitute(program.Say("Journey $0: $1."), Printable(journey->name()),
                         JourneyStateTitle(program.settings.texts, journey->state())));
  }
  return kExitOk;
}

// The exit code that says how the journey stands.
int CodeOf(const v1::Journey& journey) {
  switch (journey.state()) {
    case v1::JOURNEY_STATE_STOPPED:
      return kExitJourneyStopped;
    case v1::JOURNEY_STATE_CANCELLED:
      return kExitJourneyCancelled;
    case v1::JOURNEY_STATE_FAILED:
      return kExitJourneyFailed;
    default:
      return kExitOk;
  }
}

// Returns when `done` is readable; requests `stop` when a signal ends the program.
void AwaitSignal(Signals& signals, int done, std::stop_source& stop) {
  while (true) {
    std::array<pollfd, 2> polled = {{{signals.fd(), POLLIN, 0}, {done, POLLIN, 0}}};
    poll(polled.data(), polled.size(), -1);
    if (polled[1].revents != 0) return;
    if (signals.TakeSuspend()) raise(SIGSTOP);
    if (signals.received() == 0) continue;
    stop.request_stop();
    return;
  }
}

void WriteWatched(Program& program, const v1::Journey& journey) {
  if (program.settings.json) return program.screen.WriteLine(Line(ToJson(journey)));
  const Texts& texts = program.settings.texts;
  std::string line =
      std::to_string(journey.revision()) + "  " + JourneyStateTitle(texts, journey.state());
  if (journey.current_step() != v1::STEP_KIND_UNSPECIFIED) {
    line += ", " + StepTitle(texts, journey.current_step());
  }
  if (journey.reason() != v1::ERROR_REASON_UNSPECIFIED) {
    line += " (" + ReasonName(journey.reason()) + ")";
  }
  program.screen.WriteLine(Shorten(line, program.screen.width()));
}

// Nobody said whether the cancelling is meant.
int NotAnswered(Program& program) {
  const absl::Status status = MakeError(
      absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_BAD_FIELD,
      "the input ended before an answer; answer \"y\", or give --yes", {{"field", "yes"}});
  return Fail(program.screen, program.settings, status,
              {program.Say("Nobody answered, so the journey was not cancelled."),
               program.Say("Answer the question, or give --yes.")},
              kExitLeft);
}

// The holder does not want it cancelled: with JSON, the journey as it goes on.
int ShowKept(Program& program, const std::string& name) {
  if (!program.settings.json) return kExitLeft;
  v1::GetJourneyRequest request;
  request.set_name(name);
  const auto journey = program.agent.GetJourney(request);
  if (!journey.ok()) return Fail(program.screen, program.settings, journey.status());
  program.screen.WriteLine(Line(ToJson(*journey)));
  return kExitLeft;
}

}  // namespace

int JourneyList(Program& program, const CommandOptions& options) {
  const auto journeys = List(program.agent, options.active_only, options.limit);
  if (!journeys.ok()) return Fail(program.screen, program.settings, journeys.status());
  if (program.settings.json) {
    Json json;
    json["journeys"] = Json::array();
    for (const v1::Journey& journey : *journeys) json["journeys"].push_back(ToJson(journey));
    program.screen.WriteLine(Line(json));
    return kExitOk;
  }
  if (journeys->empty()) {
    program.screen.WriteText(program.Say("There is no journey yet. Begin with \"ilkimza start\"."));
    return kExitOk;
  }
  const Texts& texts = program.settings.texts;
  Table table({program.Say("Journey"), program.Say("State"), program.Say("Goal"),
               program.Say("Step"), program.Say("Begun")});
  for (const v1::Journey& journey : *journeys) {
    const bool now = journey.current_step() != v1::STEP_KIND_UNSPECIFIED && !Ended(journey);
    table.Add(
        {{Printable(journey.name())},
         {JourneyStateTitle(texts, journey.state()), Ended(journey) ? Style::kDim : Style::kAccent},
         {GoalTitle(texts, journey.goal())},
         {now ? StepTitle(texts, journey.current_step()) : ""},
         {TimeText(journey.create_time())}});
  }
  table.Write(program.screen);
  return kExitOk;
}

int JourneyShow(Program& program, const CommandOptions& options) {
  const auto name = NameOf(program.agent, options.journey);
  if (!name.ok()) return Fail(program.screen, program.settings, name.status());
  v1::GetJourneyRequest request;
  request.set_name(*name);
  const auto journey = program.agent.GetJourney(request);
  if (!journey.ok()) return Fail(program.screen, program.settings, journey.status());
  std::vector<v1::JourneyEvent> events;
  if (options.timeline) {
    auto timeline = Timeline(program.agent, *name);
    if (!timeline.ok()) return Fail(program.screen, program.settings, timeline.status());
    events = *std::move(timeline);
  }
  if (!program.settings.json) {
    WriteJourney(program.screen, program.settings.texts, *journey);
    if (options.timeline) WriteTimeline(program, events);
    return kExitOk;
  }
  Json json = ToJson(*journey);
  if (options.timeline) {
    json["events"] = Json::array();
    for (const v1::JourneyEvent& event : events) json["events"].push_back(ToJson(event));
  }
  program.screen.WriteLine(Line(json));
  return kExitOk;
}

int JourneyWatch(Program& program, const CommandOptions& options) {
  const auto name = NameOf(program.agent, options.journey);
  if (!name.ok()) return Fail(program.screen, program.settings, name.status());
  Signals signals;
  // The watch blocks; a signal ends it from beside.
  std::stop_source stop;
  const int done = eventfd(0, EFD_CLOEXEC);
  std::jthread waiter([&signals, &stop, done] { AwaitSignal(signals, done, stop); });
  v1::WatchJourneyRequest request;
  request.set_name(*name);
  v1::Journey last;
  absl::Status status;
  while (!Ended(last)) {
    request.set_after_revision(last.revision());
    status = program.agent.WatchJourney(request, stop.get_token(), [&](v1::Journey journey) {
      last = std::move(journey);
      WriteWatched(program, last);
      if (!program.screen.healthy()) stop.request_stop();
    });
    if (!status.ok()) break;
  }
  eventfd_write(done, 1);
  waiter.join();
  close(done);
  if (signals.received() != 0) return 128 + signals.received();
  if (!program.screen.healthy()) return kExitInputOutput;
  if (!status.ok()) return Fail(program.screen, program.settings, status);
  return CodeOf(last);
}

int JourneyCancel(Program& program, const CommandOptions& options) {
  const auto name = NameOf(program.agent, options.journey);
  if (!name.ok()) return Fail(program.screen, program.settings, name.status());
  if (!options.yes) {
    Signals signals;
    Keyboard keyboard(program.screen, signals);
    Interview interview(program.settings.texts, program.screen, keyboard);
    if (!program.settings.json) {
      program.screen.WriteText(
          program.Say("What was done on the card or at the portal stays done."));
    }
    const auto sure = interview.AskYesNo(
        absl::Substitute(program.Say("Cancel the journey $0?"), Printable(*name)));
    if (signals.received() != 0) return 128 + signals.received();
    if (!sure) return NotAnswered(program);
    if (!*sure) return ShowKept(program, *name);
  }
  v1::CancelJourneyRequest request;
  request.set_name(*name);
  request.set_request_id(NewRequestId());
  const auto cancelled = program.agent.CancelJourney(request);
  if (MetadataOf(cancelled.status()).count("ended") == 0) return ShowChanged(program, cancelled);
  return Fail(program.screen, program.settings, cancelled.status(),
              {program.Say("This journey has ended already: there is nothing left to cancel."),
               program.Say("See how it ended with \"ilkimza journey show\".")});
}

int JourneyRetry(Program& program, const CommandOptions& options) {
  const auto name = NameOf(program.agent, options.journey);
  if (!name.ok()) return Fail(program.screen, program.settings, name.status());
  v1::RetryJourneyRequest request;
  request.set_name(*name);
  request.set_way(options.way);
  request.set_request_id(NewRequestId());
  return ShowChanged(program, program.agent.RetryJourney(request));
}

}  // namespace ilkimza::client
