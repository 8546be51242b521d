#include "clients/sdk/doctor.h"

#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "absl/strings/substitute.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/error.h"

namespace ilkimza::client {
namespace {

std::string Name(const google::protobuf::EnumDescriptor& type, int value, std::string_view prefix) {
  const auto* found = type.FindValueByNumber(value);
  if (found == nullptr) return std::to_string(value);
  return found->name().substr(prefix.size());
}

std::string Day(const google::protobuf::Timestamp& time) {
  return absl::FormatTime("%Y-%m-%d", FromProto(time), absl::LocalTimeZone());
}

std::string Amount(const Texts& texts, int64_t seconds) {
  if (seconds >= 2 * 24 * 3600) {
    return absl::Substitute(texts.Say("$0 days"), (seconds + 12 * 3600) / (24 * 3600));
  }
  if (seconds >= 2 * 3600) return absl::Substitute(texts.Say("$0 hours"), (seconds + 1800) / 3600);
  return absl::Substitute(texts.Say("$0 minutes"), (seconds + 30) / 60);
}

Sentence AgentWords(const Texts& texts, const v1::Finding& finding) {
  switch (finding.kind()) {
    case v1::FINDING_KIND_AGENT_STOPPED:
      return {
          texts.Say("The İlkimza agent does not run."),
          texts.Say("Start it with \"systemctl --user start ilkimza-agent\", then look again.")};
    case v1::FINDING_KIND_AGENT_SILENT:
      return {texts.Say("The İlkimza agent is there, but does not answer."),
              texts.Say("Restart it with \"systemctl --user restart ilkimza-agent\", then look "
                        "again.")};
    case v1::FINDING_KIND_AGENT_FOREIGN:
      return {texts.Say("The agent's socket is not yours alone, so nothing was sent to it."),
              texts.Say("Use your own account with its own agent, or ask your IT department.")};
    case v1::FINDING_KIND_AGENT_OLD:
      return {texts.Say("The agent is older than this program and cannot look for faults."),
              texts.Say("Update it, then restart it with \"systemctl --user restart "
                        "ilkimza-agent\".")};
    default:
      return {texts.Say("The İlkimza agent answers."), ""};
  }
}

Sentence ServiceWords(const Texts& texts, const v1::Finding& finding) {
  switch (finding.kind()) {
    case v1::FINDING_KIND_SERVICE_STOPPED:
      return ReasonSentence(texts, v1::ERROR_REASON_SMART_CARD_SERVICE_STOPPED);
    case v1::FINDING_KIND_SERVICE_NOT_INSTALLED:
      return ReasonSentence(texts, v1::ERROR_REASON_SMART_CARD_SERVICE_MISSING);
    case v1::FINDING_KIND_SERVICE_SILENT:
      return {texts.Say("The smart-card service runs, but does not answer."),
              texts.Say("Restart it with \"sudo systemctl restart pcscd\", or restart the "
                        "computer.")};
    case v1::FINDING_KIND_PERMITTED:
      return {texts.Say("You may use readers and cards."), ""};
    case v1::FINDING_KIND_NOT_PERMITTED:
      return ReasonSentence(texts, v1::ERROR_REASON_SMART_CARD_NOT_PERMITTED);
    default:
      return {texts.Say("The smart-card service runs."), ""};
  }
}

Sentence ReaderWords(const Texts& texts, const v1::Finding& finding) {
  switch (finding.kind()) {
    case v1::FINDING_KIND_DRIVER_MISSING:
      return {finding.device().empty()
                  ? texts.Say("One of the readers that are plugged in has no driver.")
                  : absl::Substitute(texts.Say("The reader $0 is plugged in, but has no driver."),
                                     finding.device()),
              texts.Say("Install the reader's driver (on Debian usually the package libccid), then "
                        "unplug the reader and plug it in again.")};
    case v1::FINDING_KIND_DRIVER_FITS:
      return {texts.Say("Readers and drivers fit each other."), ""};
    case v1::FINDING_KIND_READER_MISSING:
      return {texts.Say("No card reader is plugged in."),
              texts.Say("Plug the reader in; if it is in already, try another USB socket.")};
    default:
      return {absl::Substitute(texts.Say("$0 is plugged in."),
                               finding.reader().empty() ? finding.device() : finding.reader()),
              ""};
  }
}

Sentence CardWords(const Texts& texts, const v1::Finding& finding) {
  switch (finding.kind()) {
    case v1::FINDING_KIND_CARD_ABSENT:
      return {texts.Say("There is no card in the reader."),
              texts.Say("Put the chip into the reader, contacts first, then look again.")};
    case v1::FINDING_KIND_CARD_MUTE:
      return ReasonSentence(texts, v1::ERROR_REASON_CARD_MUTE);
    case v1::FINDING_KIND_CARD_HELD:
      return HeldSentence(texts, {finding.programs().begin(), finding.programs().end()});
    case v1::FINDING_KIND_CARD_UNKNOWN:
      return ReasonSentence(texts, v1::ERROR_REASON_CARD_UNSUPPORTED);
    case v1::FINDING_KIND_CARD_NEEDS_MODULE:
      return {absl::Substitute(
                  texts.Say("This card ($0) speaks only through its maker's module (PKCS#11), and "
                            "none speaks for it."),
                  finding.card_kind()),
              texts.Say("Ask your IT department to install the card maker's driver for 64 bit.")};
    default:
      return {finding.card_serial().empty()
                  ? absl::Substitute(texts.Say("The card answers: $0."), finding.card_kind())
                  : absl::Substitute(texts.Say("The card answers: $0, serial $1."),
                                     finding.card_kind(), finding.card_serial()),
              ""};
  }
}

Sentence PinWords(const Texts& texts, const v1::Finding& finding) {
  switch (finding.kind()) {
    case v1::FINDING_KIND_PIN_SOME_TRIES:
      return {finding.tries_left_count() > 0
                  ? absl::Substitute(texts.Say("A wrong PIN was typed before: $0 tries are left."),
                                     finding.tries_left_count())
                  : texts.Say("A wrong PIN was typed before: not all tries are left."),
              texts.Say("Type the PIN with care; the right one brings all tries back.")};
    case v1::FINDING_KIND_PIN_LAST_TRY:
      return {texts.Say("ONE try is left: another wrong PIN blocks the card."),
              texts.Say("Use the card only if you are sure of the PIN; the right one brings all "
                        "tries back.")};
    case v1::FINDING_KIND_PIN_BLOCKED:
      return {texts.Say("The PIN is blocked: it was wrong too many times."),
              texts.Say("Look the PUK up at the portal, then unblock the PIN with \"ilkimza card "
                        "unblock\".")};
    case v1::FINDING_KIND_PIN_NOT_SET:
      return {texts.Say("The PIN was never set: it has to be, before the card can sign."),
              texts.Say("Ask your IT department how this card gets its first PIN.")};
    case v1::FINDING_KIND_PIN_UNTOLD:
      return {texts.Say("The card does not say how many tries are left without using one up, so "
                        "it was not asked."),
              ""};
    case v1::FINDING_KIND_PIN_LOST:
      return {texts.Say("PIN and PUK are both blocked: this card cannot sign any more."),
              texts.Say("Ask your IT department for a new card.")};
    case v1::FINDING_KIND_PUK_SOME_TRIES:
      return {texts.Say("A wrong PUK was typed before: not all tries are left."),
              texts.Say("Type a PUK only if you have it in front of you.")};
    case v1::FINDING_KIND_PUK_LAST_TRY:
      return {texts.Say("ONE try of the PUK is left: another wrong one ends the card for good."),
              texts.Say("Type a PUK only if you have it in front of you.")};
    case v1::FINDING_KIND_PUK_BLOCKED:
      return {texts.Say("No try of the PUK is left: a blocked PIN of this card stays blocked."),
              texts.Say("Take good care of the PIN: once it is blocked, only a new card helps.")};
    default:
      return {finding.tries_left_count() > 0
                  ? absl::Substitute(texts.Say("The PIN is not blocked; $0 tries are left."),
                                     finding.tries_left_count())
                  : texts.Say("The PIN is not blocked; all tries are left."),
              ""};
  }
}

Sentence CertificateWords(const Texts& texts, const v1::Finding& finding) {
  const std::string day = Day(finding.time());
  switch (finding.kind()) {
    case v1::FINDING_KIND_CERTIFICATE_ENDS_SOON:
      return {absl::Substitute(texts.Say("The certificate that signs ends soon: on $0."), day),
              texts.Say("Apply for a new one now, so that you can sign without a gap.")};
    case v1::FINDING_KIND_CERTIFICATE_NOT_YET_VALID:
      return {absl::Substitute(
                  texts.Say("The certificate that signs is not valid yet: it begins on $0."), day),
              texts.Say("Wait for that day; until then, sign with the old chip.")};
    case v1::FINDING_KIND_CERTIFICATE_EXPIRED:
      return {absl::Substitute(texts.Say("The certificate that signs has expired: it ended on $0."),
                               day),
              texts.Say("If you have a newer chip, put that one in; if not, apply for a new "
                        "certificate.")};
    case v1::FINDING_KIND_CERTIFICATE_MISSING:
      return ReasonSentence(texts, v1::ERROR_REASON_CERTIFICATE_NOT_FOUND);
    default:
      return {absl::Substitute(texts.Say("The certificate that signs is valid until $0."), day),
              ""};
  }
}

Sentence ModuleWords(const Texts& texts, const v1::Finding& finding) {
  switch (finding.kind()) {
    case v1::FINDING_KIND_MODULE_LOADED:
      return {absl::Substitute(texts.Say("The module $0 works."), finding.module()), ""};
    case v1::FINDING_KIND_MODULE_ABSENT:
      return {texts.Say("The card needs its maker's module (PKCS#11), and none is installed."),
              texts.Say("Ask your IT department to install the card maker's driver for 64 bit.")};
    case v1::FINDING_KIND_MODULE_ARCHITECTURE:
      return {absl::Substitute(
                  texts.Say("The module $0 is made for another kind of computer, for example for "
                            "32 bit."),
                  finding.module()),
              texts.Say("Ask your IT department to install the card maker's driver for 64 bit.")};
    case v1::FINDING_KIND_MODULE_UNSAFE:
      return {absl::Substitute(
                  texts.Say("The module $0 is not loaded: others than the administrator could have "
                            "changed its file."),
                  finding.module()),
              texts.Say("Tell your IT department: file and folders of the module must belong to "
                        "the administrator alone.")};
    case v1::FINDING_KIND_MODULE_NOT_THERE:
      return {
          absl::Substitute(
              texts.Say("The module $0 is named in the agent's configuration, but is not there."),
              finding.module()),
          texts.Say("Tell your IT department: the module has to be installed, or taken out of "
                    "the configuration.")};
    case v1::FINDING_KIND_MODULE_FAILED:
      return {absl::Substitute(texts.Say("The module $0 cannot be loaded, crashes or hangs."),
                               finding.module()),
              texts.Say("Ask your IT department to install the card maker's newest driver.")};
    default:
      return {texts.Say("No card in a reader needs a maker's module (PKCS#11)."), ""};
  }
}

Sentence NetworkWords(const Texts& texts, const v1::Finding& finding) {
  const auto with_host = [&](const char* text) {
    return absl::Substitute(texts.Say(text), finding.host());
  };
  switch (finding.kind()) {
    case v1::FINDING_KIND_SERVER_UNREACHABLE:
      return {with_host(ILKIMZA_TEXT("Your organisation's İlkimza server ($0) cannot be reached.")),
              texts.Say("Check the network connection (cable, Wi-Fi, VPN); if that is fine, tell "
                        "your IT department.")};
    case v1::FINDING_KIND_SERVER_REFUSES:
      return {with_host(ILKIMZA_TEXT("Your organisation's İlkimza server ($0) turns this agent "
                                     "away.")),
              texts.Say("Tell your IT department: the agent's name or certificate is not accepted "
                        "there.")};
    case v1::FINDING_KIND_PORTAL_REACHED:
      return {with_host(ILKIMZA_TEXT("The portal answers ($0).")), ""};
    case v1::FINDING_KIND_PORTAL_UNREACHABLE:
      return {with_host(ILKIMZA_TEXT("The portal ($0) cannot be reached.")),
              texts.Say("See whether your browser opens this address. If it does, tell your IT "
                        "department: a proxy setting is missing; if not, try again later.")};
    case v1::FINDING_KIND_PORTAL_UNTRUSTED:
      return {with_host(ILKIMZA_TEXT("What answers as the portal ($0) cannot prove that it is the "
                                     "portal: its certificate is not trusted.")),
              texts.Say("Type nothing there. See whether the computer's clock is right, then tell "
                        "your IT department: a proxy may be in the way.")};
    case v1::FINDING_KIND_PORTAL_ODD:
      return {with_host(ILKIMZA_TEXT("The portal ($0) answers, but not with its first page.")),
              texts.Say("It may be under maintenance: try again later. If it stays so, tell your "
                        "IT department: a proxy may answer in its place.")};
    case v1::FINDING_KIND_PORTAL_BY_SERVER:
      return {with_host(ILKIMZA_TEXT("The portal ($0) cannot be reached from this computer, but "
                                     "your organisation's server visits it for you.")),
              texts.Say("Begin with \"ilkimza start --portal-host server\".")};
    default:
      return {with_host(ILKIMZA_TEXT("Your organisation's İlkimza server answers ($0).")), ""};
  }
}

Sentence ClockWords(const Texts& texts, const v1::Finding& finding) {
  const int64_t ahead = finding.clock_ahead().seconds();
  switch (finding.kind()) {
    case v1::FINDING_KIND_CLOCK_OFF:
      return {absl::Substitute(ahead > 0
                                   ? texts.Say("The computer's clock is $0 ahead of the real time.")
                                   : texts.Say("The computer's clock is $0 behind the real time."),
                               Amount(texts, ahead > 0 ? ahead : -ahead)),
              texts.Say("Let the computer set its clock by itself (\"sudo timedatectl set-ntp "
                        "true\"), or ask your IT department.")};
    case v1::FINDING_KIND_CLOCK_NOT_COMPARED:
      return {texts.Say("Neither server nor portal told the time, so the clock could not be "
                        "compared."),
              ""};
    default:
      return {texts.Say("The computer's clock is right."), ""};
  }
}

Sentence AgentCertificateWords(const Texts& texts, const v1::Finding& finding) {
  const auto with_day = [&](const char* text) {
    return absl::Substitute(texts.Say(text), Day(finding.time()));
  };
  const std::string enrol =
      texts.Say("Ask your IT department for a join token, then run \"ilkimza-agent enrol\".");
  switch (finding.kind()) {
    case v1::FINDING_KIND_AGENT_CERTIFICATE_VALID:
      return {with_day(ILKIMZA_TEXT("The agent's own certificate is good until $0.")), ""};
    case v1::FINDING_KIND_AGENT_CERTIFICATE_NOT_RENEWED:
      return {with_day(ILKIMZA_TEXT("The agent's own certificate ends on $0 and could not be "
                                    "renewed so far.")),
              ReasonSentence(texts, finding.reason()).next};
    case v1::FINDING_KIND_AGENT_CERTIFICATE_EXPIRED:
      return {with_day(ILKIMZA_TEXT("The agent's own certificate ended on $0.")), enrol};
    case v1::FINDING_KIND_AGENT_CERTIFICATE_MISSING:
      return {texts.Say("The agent has no certificate of its own yet, and the server asks for "
                        "one."),
              enrol};
    case v1::FINDING_KIND_AGENT_CERTIFICATE_UNUSABLE:
      return {texts.Say("The file with the agent's own certificate cannot be used."), enrol};
    default:
      return {texts.Say("The agent needs no certificate of its own."), ""};
  }
}

const char* CheckWords(v1::Check check) {
  switch (check) {
    case v1::CHECK_AGENT:
      return ILKIMZA_TEXT("İlkimza agent");
    case v1::CHECK_SMART_CARD_SERVICE:
      return ILKIMZA_TEXT("Smart-card service");
    case v1::CHECK_PERMISSION:
      return ILKIMZA_TEXT("Permission");
    case v1::CHECK_DRIVER:
      return ILKIMZA_TEXT("Reader's driver");
    case v1::CHECK_READER:
      return ILKIMZA_TEXT("Card reader");
    case v1::CHECK_CARD:
      return ILKIMZA_TEXT("Card");
    case v1::CHECK_PIN:
      return ILKIMZA_TEXT("PIN");
    case v1::CHECK_CERTIFICATE:
      return ILKIMZA_TEXT("Certificate");
    case v1::CHECK_MODULE:
      return ILKIMZA_TEXT("Card maker's module");
    case v1::CHECK_SERVER:
      return ILKIMZA_TEXT("Server");
    case v1::CHECK_PORTAL:
      return ILKIMZA_TEXT("Portal");
    case v1::CHECK_CLOCK:
      return ILKIMZA_TEXT("Clock");
    case v1::CHECK_AGENT_CERTIFICATE:
      return ILKIMZA_TEXT("Agent's certificate");
    default:
      return ILKIMZA_TEXT("Something newer");
  }
}

v1::FindingKind KindOf(const absl::Status& why, bool socket_exists) {
  if (ReasonOf(why) == v1::ERROR_REASON_NOT_ALLOWED) return v1::FINDING_KIND_AGENT_FOREIGN;
  if (why.code() == absl::StatusCode::kUnimplemented) return v1::FINDING_KIND_AGENT_OLD;
  return socket_exists ? v1::FINDING_KIND_AGENT_SILENT : v1::FINDING_KIND_AGENT_STOPPED;
}

void Add(v1::DiagnoseResponse& diagnosis, v1::Check check, v1::Verdict verdict,
         v1::FindingKind kind, v1::Check blocked_by = v1::CHECK_UNSPECIFIED) {
  v1::Finding& finding = *diagnosis.add_findings();
  finding.set_check(check);
  finding.set_verdict(verdict);
  finding.set_kind(kind);
  finding.set_blocked_by(blocked_by);
}

void AddService(v1::DiagnoseResponse& diagnosis, CardServiceState state) {
  using v1::CHECK_SMART_CARD_SERVICE;
  switch (state) {
    case CardServiceState::kRuns:
      Add(diagnosis, CHECK_SMART_CARD_SERVICE, v1::VERDICT_OK, v1::FINDING_KIND_SERVICE_RUNS);
      return Add(diagnosis, v1::CHECK_PERMISSION, v1::VERDICT_NOT_CHECKED, v1::FINDING_KIND_BLOCKED,
                 v1::CHECK_AGENT);
    case CardServiceState::kForbidden:
      Add(diagnosis, CHECK_SMART_CARD_SERVICE, v1::VERDICT_OK, v1::FINDING_KIND_SERVICE_RUNS);
      return Add(diagnosis, v1::CHECK_PERMISSION, v1::VERDICT_FAULT,
                 v1::FINDING_KIND_NOT_PERMITTED);
    case CardServiceState::kStopped:
      Add(diagnosis, CHECK_SMART_CARD_SERVICE, v1::VERDICT_FAULT, v1::FINDING_KIND_SERVICE_STOPPED);
      break;
    case CardServiceState::kNotInstalled:
      Add(diagnosis, CHECK_SMART_CARD_SERVICE, v1::VERDICT_FAULT,
          v1::FINDING_KIND_SERVICE_NOT_INSTALLED);
      break;
  }
  Add(diagnosis, v1::CHECK_PERMISSION, v1::VERDICT_NOT_CHECKED, v1::FINDING_KIND_BLOCKED,
      CHECK_SMART_CARD_SERVICE);
}

}  // namespace

Sentence FindingSentence(const Texts& texts, const v1::Finding& finding) {
  if (finding.kind() == v1::FINDING_KIND_BLOCKED) {
    return {absl::Substitute(texts.Say("Not looked at: \"$0\" comes first."),
                             CheckTitle(texts, finding.blocked_by())),
            ""};
  }
  if (finding.kind() == v1::FINDING_KIND_LOOK_FAILED) {
    return ReasonSentence(texts, finding.reason());
  }
  switch (finding.check()) {
    case v1::CHECK_AGENT:
      return AgentWords(texts, finding);
    case v1::CHECK_SMART_CARD_SERVICE:
    case v1::CHECK_PERMISSION:
      return ServiceWords(texts, finding);
    case v1::CHECK_DRIVER:
    case v1::CHECK_READER:
      return ReaderWords(texts, finding);
    case v1::CHECK_CARD:
      return CardWords(texts, finding);
    case v1::CHECK_PIN:
      return PinWords(texts, finding);
    case v1::CHECK_CERTIFICATE:
      return CertificateWords(texts, finding);
    case v1::CHECK_MODULE:
      return ModuleWords(texts, finding);
    case v1::CHECK_SERVER:
    case v1::CHECK_PORTAL:
      return NetworkWords(texts, finding);
    case v1::CHECK_CLOCK:
      return ClockWords(texts, finding);
    case v1::CHECK_AGENT_CERTIFICATE:
      return AgentCertificateWords(texts, finding);
    default:
      return {texts.Say("The agent found something that this program is too old to know."),
              texts.Say("Update İlkimza.")};
  }
}

std::string CheckTitle(const Texts& texts, v1::Check check) { return texts.Say(CheckWords(check)); }

std::string VerdictTitle(const Texts& texts, v1::Verdict verdict) {
  switch (verdict) {
    case v1::VERDICT_OK:
      return texts.Say("ok");
    case v1::VERDICT_WARNING:
      return texts.Say("warning");
    case v1::VERDICT_FAULT:
      return texts.Say("fault");
    default:
      return texts.Say("not checked");
  }
}

std::string CheckName(v1::Check check) { return Name(*v1::Check_descriptor(), check, "CHECK_"); }
std::string VerdictName(v1::Verdict verdict) {
  return Name(*v1::Verdict_descriptor(), verdict, "VERDICT_");
}
std::string FindingName(v1::FindingKind kind) {
  return Name(*v1::FindingKind_descriptor(), kind, "FINDING_KIND_");
}

v1::DiagnoseResponse DiagnoseWithoutAgent(const absl::Status& why, bool socket_exists,
                                          const CardMachine& machine) {
  v1::DiagnoseResponse diagnosis;
  Add(diagnosis, v1::CHECK_AGENT, v1::VERDICT_FAULT, KindOf(why, socket_exists));
  AddService(diagnosis, LookAtCardService(machine));
  Add(diagnosis, v1::CHECK_DRIVER, v1::VERDICT_NOT_CHECKED, v1::FINDING_KIND_BLOCKED,
      v1::CHECK_AGENT);
  const std::vector<std::string> readers = UsbReaders(machine);
  for (const std::string& reader : readers) {
    Add(diagnosis, v1::CHECK_READER, v1::VERDICT_OK, v1::FINDING_KIND_READER_PRESENT);
    diagnosis.mutable_findings(diagnosis.findings_size() - 1)->set_device(reader);
  }
  // Not every reader says to USB that it is one.
  if (readers.empty()) {
    Add(diagnosis, v1::CHECK_READER, v1::VERDICT_NOT_CHECKED, v1::FINDING_KIND_BLOCKED,
        v1::CHECK_AGENT);
  }
  for (const v1::Check check :
       {v1::CHECK_CARD, v1::CHECK_PIN, v1::CHECK_CERTIFICATE, v1::CHECK_MODULE, v1::CHECK_SERVER,
        v1::CHECK_PORTAL, v1::CHECK_CLOCK, v1::CHECK_AGENT_CERTIFICATE}) {
    Add(diagnosis, check, v1::VERDICT_NOT_CHECKED, v1::FINDING_KIND_BLOCKED, v1::CHECK_AGENT);
  }
  return diagnosis;
}

int Count(const v1::DiagnoseResponse& diagnosis, v1::Verdict verdict) {
  return static_cast<int>(
      std::count_if(diagnosis.findings().begin(), diagnosis.findings().end(),
                    [&](const v1::Finding& finding) { return finding.verdict() == verdict; }));
}

}  // namespace ilkimza::client
