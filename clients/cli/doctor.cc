// `ilkimza doctor`: what is in the way of signing, and the one thing to do about it.
#include "clients/sdk/doctor.h"

#include <unistd.h>

#include <algorithm>

#include "absl/strings/substitute.h"
#include "absl/time/clock.h"
#include "base/card_machine.h"
#include "base/clock.h"
#include "base/error.h"
#include "clients/cli/doctor_view.h"
#include "clients/cli/file_output.h"
#include "clients/cli/program.h"

namespace ilkimza::client {
namespace {

// Lines longer than this are hard to read.
constexpr size_t kWidest = 100;
// What a sentence has at least, however narrow the window is.
constexpr size_t kLeastText = 30;
constexpr size_t kNextIndent = 4;

bool SocketExists(const Settings& settings) {
  const auto path = SocketPath(settings.socket);
  return path.ok() && access(path->c_str(), F_OK) == 0;
}

// Failures that are findings themselves: nobody there, not ours, or too old.
bool IsFinding(const absl::Status& status) {
  const v1::ErrorReason reason = ReasonOf(status);
  return reason == v1::ERROR_REASON_AGENT_UNREACHABLE || reason == v1::ERROR_REASON_NOT_ALLOWED ||
         status.code() == absl::StatusCode::kUnimplemented;
}

absl::StatusOr<v1::DiagnoseResponse> Look(
    const Settings& settings, const absl::StatusOr<std::unique_ptr<AgentClient>>& agent) {
  const absl::StatusOr<v1::DiagnoseResponse> diagnosis =
      agent.ok() ? (*agent)->Diagnose() : absl::StatusOr<v1::DiagnoseResponse>(agent.status());
  if (diagnosis.ok() || !IsFinding(diagnosis.status())) return diagnosis;
  return DiagnoseWithoutAgent(diagnosis.status(), SocketExists(settings), ThisCardMachine());
}

const char* Mark(v1::Verdict verdict) {
  switch (verdict) {
    case v1::VERDICT_OK:
      return "✓";
    case v1::VERDICT_WARNING:
      return "!";
    case v1::VERDICT_FAULT:
      return "✗";
    default:
      return "·";
  }
}

Style StyleOf(v1::Verdict verdict) {
  switch (verdict) {
    case v1::VERDICT_OK:
      return Style::kGood;
    case v1::VERDICT_WARNING:
      return Style::kWarning;
    case v1::VERDICT_FAULT:
      return Style::kBad;
    default:
      return Style::kDim;
  }
}

std::string Padded(const std::string& text, size_t width) {
  return text + std::string(width - std::min(width, Columns(text)), ' ');
}

// Widest first columns of all lines, so that the sentences stand below each other.
struct Layout {
  size_t verdict = 0;
  size_t check = 0;
  bool several_cards = false;
};

// "...0042: " before what is said of a card's PIN or certificate.
std::string CardOf(const v1::Finding& finding) {
  constexpr size_t kShown = 4;
  const std::string serial = Printable(finding.card_serial());
  if (finding.check() == v1::CHECK_CARD || serial.size() <= kShown) return "";
  return "..." + serial.substr(serial.size() - kShown) + ": ";
}

void WriteFinding(Screen& screen, const Texts& texts, const v1::Finding& finding,
                  const Layout& layout) {
  const Sentence sentence = FindingSentence(texts, finding);
  const size_t indent = 2 + layout.verdict + 2 + layout.check + 2;
  const size_t total = std::min(screen.width(), kWidest);
  const size_t width = std::max(total, indent + kLeastText) - indent;
  std::string before =
      screen.Paint(StyleOf(finding.verdict()),
                   std::string(Mark(finding.verdict())) + " " +
                       Padded(VerdictTitle(texts, finding.verdict()), layout.verdict)) +
      "  " + Padded(CheckTitle(texts, finding.check()), layout.check) + "  ";
  // With two cards in readers each line says which one it means.
  const std::string card = layout.several_cards ? CardOf(finding) : "";
  for (const std::string& line : Wrap(card + Printable(sentence.happened), width)) {
    screen.WriteLine(before + line);
    before = std::string(indent, ' ');
  }
  if (sentence.next.empty()) return;
  // Far to the left, so that a command to be copied stays on one line.
  before = "  → ";
  for (const std::string& line : Wrap(Printable(sentence.next), total - kNextIndent)) {
    screen.WriteLine(before + line);
    before = std::string(kNextIndent, ' ');
  }
}

Json DetailsToJson(const v1::Finding& finding) {
  Json json = Json::object();
  const auto put = [&](const char* name, const std::string& text) {
    if (!text.empty()) json[name] = text;
  };
  put("reader", finding.reader());
  put("device", finding.device());
  put("card_serial", finding.card_serial());
  put("card_kind", finding.card_kind());
  put("module", finding.module());
  for (const std::string& program : finding.programs()) json["programs"].push_back(program);
  put("host", finding.host());
  put("version", finding.version());
  if (finding.tries_left() != v1::TRIES_LEFT_UNSPECIFIED) {
    json["tries_left"] = TriesLeftName(finding.tries_left());
    if (finding.tries_left_count() >= 0) json["tries_left_count"] = finding.tries_left_count();
  }
  if (finding.has_time()) json["time"] = JsonTime(FromProto(finding.time()));
  if (finding.has_clock_ahead()) json["clock_ahead_seconds"] = finding.clock_ahead().seconds();
  if (finding.reason() != v1::ERROR_REASON_UNSPECIFIED) {
    json["reason"] = ReasonName(finding.reason());
  }
  if (finding.blocked_by() != v1::CHECK_UNSPECIFIED) {
    json["blocked_by"] = CheckName(finding.blocked_by());
  }
  return json;
}

std::string Summary(const Texts& texts, const v1::DiagnoseResponse& diagnosis) {
  const int faults = Count(diagnosis, v1::VERDICT_FAULT);
  const int warnings = Count(diagnosis, v1::VERDICT_WARNING);
  if (faults > 1) {
    return absl::Substitute(
        texts.Say("$0 faults. Begin with the first one: the others may come from it."), faults);
  }
  if (faults == 1) return texts.Say("One fault. Mend it, then look again.");
  if (warnings > 0) return texts.Say("No fault. Have a look at what is marked with \"!\".");
  return texts.Say("No fault: everything that could be looked at is in order.");
}

void TellLooking(Screen& screen, const Texts& texts) {
  if (!screen.can_redraw()) return;
  screen.WriteText(texts.Say("Looking at everything; this takes some seconds..."), 0, Style::kDim);
}

}  // namespace

void WriteDiagnosis(Screen& screen, const Texts& texts, const v1::DiagnoseResponse& diagnosis) {
  Layout layout;
  for (const v1::Finding& finding : diagnosis.findings()) {
    layout.verdict = std::max(layout.verdict, Columns(VerdictTitle(texts, finding.verdict())));
    layout.check = std::max(layout.check, Columns(CheckTitle(texts, finding.check())));
  }
  layout.several_cards =
      std::count_if(diagnosis.findings().begin(), diagnosis.findings().end(),
                    [](const v1::Finding& finding) {
                      return finding.check() == v1::CHECK_CARD && !finding.card_serial().empty();
                    }) > 1;
  for (const v1::Finding& finding : diagnosis.findings()) {
    WriteFinding(screen, texts, finding, layout);
  }
  screen.WriteLine();
  const bool faults = Count(diagnosis, v1::VERDICT_FAULT) > 0;
  screen.WriteText(Summary(texts, diagnosis), 0, faults ? Style::kBad : Style::kGood);
}

Json DiagnosisToJson(const Texts& texts, const v1::DiagnoseResponse& diagnosis, int exit_code) {
  Json json;
  json["schema"] = 1;
  json["type"] = "diagnosis";
  json["time"] = JsonTime(absl::Now());
  json["version"] = kVersion;
  if (!diagnosis.agent_version().empty()) json["agent_version"] = diagnosis.agent_version();
  json["findings"] = Json::array();
  for (const v1::Finding& finding : diagnosis.findings()) {
    const Sentence sentence = FindingSentence(texts, finding);
    Json line;
    line["check"] = CheckName(finding.check());
    line["verdict"] = VerdictName(finding.verdict());
    line["finding"] = FindingName(finding.kind());
    line["details"] = DetailsToJson(finding);
    line["sentence"] = sentence.happened;
    if (!sentence.next.empty()) line["next"] = sentence.next;
    json["findings"].push_back(std::move(line));
  }
  json["faults"] = Count(diagnosis, v1::VERDICT_FAULT);
  json["warnings"] = Count(diagnosis, v1::VERDICT_WARNING);
  json["exit_code"] = exit_code;
  return json;
}

int Doctor(Screen& screen, const Settings& settings, const CommandOptions& options,
           const absl::StatusOr<std::unique_ptr<AgentClient>>& agent) {
  const Texts& texts = settings.texts;
  const size_t begin = screen.lines();
  if (!settings.json) TellLooking(screen, texts);
  const auto diagnosis = Look(settings, agent);
  screen.TakeBack(screen.lines() - begin);
  if (!diagnosis.ok()) return Fail(screen, settings, diagnosis.status());
  const int code = Count(*diagnosis, v1::VERDICT_FAULT) > 0 ? kExitFaultFound : kExitOk;
  if (!options.report.empty()) {
    const absl::Status written = WriteWholeFile(
        options.report, Report(texts, *diagnosis, code, ThisPerson()), options.force);
    if (!written.ok()) return FailToWrite(screen, settings, written);
  }
  if (settings.json) {
    Json json = DiagnosisToJson(texts, *diagnosis, code);
    if (!options.report.empty()) json["report"] = options.report;
    screen.WriteLine(Line(json));
    return code;
  }
  WriteDiagnosis(screen, texts, *diagnosis);
  if (!options.report.empty()) {
    screen.WriteText(absl::Substitute(
        texts.Say("The report for the help desk is in $0. Read it before you give it away."),
        Printable(options.report)));
  } else if (code != kExitOk) {
    screen.WriteText(
        texts.Say("For the help desk: \"ilkimza doctor --report FILE\" writes all of this to a "
                  "file, without personal data."),
        0, Style::kDim);
  }
  return code;
}

}  // namespace ilkimza::client
