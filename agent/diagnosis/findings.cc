#include "agent/diagnosis/findings.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "base/error.h"

namespace ilkimza::agent {
namespace {

constexpr std::size_t kMaxText = 200;

v1::Finding Make(v1::Check check, v1::Verdict verdict, v1::FindingKind kind) {
  v1::Finding finding;
  finding.set_check(check);
  finding.set_verdict(verdict);
  finding.set_kind(kind);
  return finding;
}

v1::Finding LookFailed(v1::Check check, const absl::Status& status) {
  v1::Finding finding = Make(check, v1::VERDICT_NOT_CHECKED, v1::FINDING_KIND_LOOK_FAILED);
  finding.set_reason(ReasonOf(status));
  return finding;
}

v1::Finding OfCard(const v1::Card& card, v1::Finding finding) {
  finding.set_card_serial(Bounded(card.serial()));
  return finding;
}

bool Counted(v1::TriesLeft tries, int count) {
  return count > 0 || (count == 0 && tries == v1::TRIES_LEFT_NONE);
}

v1::Finding WithTries(v1::Finding finding, v1::TriesLeft tries, int count) {
  finding.set_tries_left(tries);
  finding.set_tries_left_count(Counted(tries, count) ? count : -1);
  return finding;
}

v1::Finding PinFinding(const v1::PinState& state) {
  using v1::VERDICT_FAULT;
  const bool puk_gone = state.puk_tries_left() == v1::TRIES_LEFT_NONE;
  if (state.not_initialised()) {
    return Make(v1::CHECK_PIN, VERDICT_FAULT, v1::FINDING_KIND_PIN_NOT_SET);
  }
  switch (state.tries_left()) {
    case v1::TRIES_LEFT_ALL:
      return Make(v1::CHECK_PIN, v1::VERDICT_OK, v1::FINDING_KIND_PIN_READY);
    case v1::TRIES_LEFT_SOME:
      return Make(v1::CHECK_PIN, v1::VERDICT_WARNING, v1::FINDING_KIND_PIN_SOME_TRIES);
    case v1::TRIES_LEFT_ONE:
      return Make(v1::CHECK_PIN, v1::VERDICT_WARNING, v1::FINDING_KIND_PIN_LAST_TRY);
    case v1::TRIES_LEFT_NONE:
      return Make(v1::CHECK_PIN, VERDICT_FAULT,
                  puk_gone ? v1::FINDING_KIND_PIN_LOST : v1::FINDING_KIND_PIN_BLOCKED);
    default:
      return Make(v1::CHECK_PIN, v1::VERDICT_NOT_CHECKED, v1::FINDING_KIND_PIN_UNTOLD);
  }
}

// Nothing where the PUK is as it should be, or unknown.
std::optional<v1::FindingKind> PukKind(const v1::PinState& state) {
  // The PIN's own finding says it then.
  if (state.tries_left() == v1::TRIES_LEFT_NONE && state.puk_tries_left() == v1::TRIES_LEFT_NONE) {
    return std::nullopt;
  }
  switch (state.puk_tries_left()) {
    case v1::TRIES_LEFT_SOME:
      return v1::FINDING_KIND_PUK_SOME_TRIES;
    case v1::TRIES_LEFT_ONE:
      return v1::FINDING_KIND_PUK_LAST_TRY;
    case v1::TRIES_LEFT_NONE:
      return v1::FINDING_KIND_PUK_BLOCKED;
    default:
      return std::nullopt;
  }
}

// The better one of two that sign: valid, then not yet valid, then expired; then the one
// that ends later.
int Rank(const v1::Certificate& certificate, absl::Time now) {
  if (now > FromProto(certificate.not_after())) return 0;
  return now < FromProto(certificate.not_before()) ? 1 : 2;
}

v1::Finding CardFinding(const v1::Reader& reader, const v1::ListCardsResponse& cards) {
  const auto card = std::find_if(cards.cards().begin(), cards.cards().end(),
                                 [&](const auto& each) { return each.reader() == reader.name(); });
  v1::Finding finding = Make(v1::CHECK_CARD, v1::VERDICT_OK, v1::FINDING_KIND_CARD_ANSWERS);
  if (card == cards.cards().end()) {
    finding = Make(v1::CHECK_CARD, v1::VERDICT_FAULT, v1::FINDING_KIND_CARD_UNKNOWN);
  } else {
    finding.set_card_serial(Bounded(card->serial()));
    finding.set_card_kind(Bounded(card->family_display_name()));
    finding.set_module(Bounded(card->module()));
    const bool answers = !card->operations().empty() || card->family() == v1::CARD_FAMILY_AKIS_V1;
    if (!answers) {
      finding.set_verdict(v1::VERDICT_FAULT);
      finding.set_kind(card->family() == v1::CARD_FAMILY_AKIS_V2
                           ? v1::FINDING_KIND_CARD_NEEDS_MODULE
                           : v1::FINDING_KIND_CARD_UNKNOWN);
    }
  }
  finding.set_reader(Bounded(reader.display_name()));
  return finding;
}

}  // namespace

std::string Bounded(std::string_view text) {
  std::string bounded;
  for (const char c : text.substr(0, kMaxText)) {
    bounded += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  }
  // Not in the middle of a character.
  while (text.size() > kMaxText && !bounded.empty() &&
         (static_cast<unsigned char>(text[bounded.size()]) & 0xc0) == 0x80) {
    bounded.pop_back();
  }
  return bounded;
}

v1::Finding Blocked(v1::Check check, v1::Check blocked_by) {
  v1::Finding finding = Make(check, v1::VERDICT_NOT_CHECKED, v1::FINDING_KIND_BLOCKED);
  finding.set_blocked_by(blocked_by);
  return finding;
}

Findings ServiceFindings(const ServiceLook& look) {
  using State = ServiceLook::State;
  const auto service = [](v1::Verdict verdict, v1::FindingKind kind) {
    return Make(v1::CHECK_SMART_CARD_SERVICE, verdict, kind);
  };
  Findings findings;
  switch (look.state) {
    case State::kStopped:
      findings = {service(v1::VERDICT_FAULT, v1::FINDING_KIND_SERVICE_STOPPED)};
      break;
    case State::kNotInstalled:
      findings = {service(v1::VERDICT_FAULT, v1::FINDING_KIND_SERVICE_NOT_INSTALLED)};
      break;
    case State::kSilent:
      findings = {service(v1::VERDICT_FAULT, v1::FINDING_KIND_SERVICE_SILENT)};
      break;
    case State::kForbidden:
      return {service(v1::VERDICT_OK, v1::FINDING_KIND_SERVICE_RUNS),
              Make(v1::CHECK_PERMISSION, v1::VERDICT_FAULT, v1::FINDING_KIND_NOT_PERMITTED),
              Blocked(v1::CHECK_DRIVER, v1::CHECK_PERMISSION)};
    case State::kRuns:
      findings = {service(v1::VERDICT_OK, v1::FINDING_KIND_SERVICE_RUNS),
                  Make(v1::CHECK_PERMISSION, v1::VERDICT_OK, v1::FINDING_KIND_PERMITTED)};
      break;
  }
  if (look.state != State::kRuns) {
    findings.push_back(Blocked(v1::CHECK_PERMISSION, v1::CHECK_SMART_CARD_SERVICE));
    findings.push_back(Blocked(v1::CHECK_DRIVER, v1::CHECK_SMART_CARD_SERVICE));
    return findings;
  }
  // USB and PC/SC name a reader differently, so they are counted, not compared.
  if (look.usb_readers.size() > look.readers.size()) {
    v1::Finding driver = Make(v1::CHECK_DRIVER, v1::VERDICT_FAULT, v1::FINDING_KIND_DRIVER_MISSING);
    if (look.readers.empty()) driver.set_device(Bounded(look.usb_readers.front()));
    // Another reader works: its driver does as well.
    if (!look.readers.empty()) driver.set_verdict(v1::VERDICT_WARNING);
    findings.push_back(std::move(driver));
  } else if (look.readers.empty()) {
    findings.push_back(Blocked(v1::CHECK_DRIVER, v1::CHECK_READER));
  } else {
    findings.push_back(Make(v1::CHECK_DRIVER, v1::VERDICT_OK, v1::FINDING_KIND_DRIVER_FITS));
  }
  return findings;
}

Findings ReaderFindings(const absl::StatusOr<v1::ListReadersResponse>& readers,
                        const absl::StatusOr<v1::ListCardsResponse>& cards) {
  if (!readers.ok()) {
    return {LookFailed(v1::CHECK_READER, readers.status()),
            Blocked(v1::CHECK_CARD, v1::CHECK_READER)};
  }
  if (readers->readers().empty()) {
    return {Make(v1::CHECK_READER, v1::VERDICT_FAULT, v1::FINDING_KIND_READER_MISSING),
            Blocked(v1::CHECK_CARD, v1::CHECK_READER)};
  }
  Findings findings;
  Findings of_cards;
  for (const v1::Reader& reader : readers->readers()) {
    v1::Finding present = Make(v1::CHECK_READER, v1::VERDICT_OK, v1::FINDING_KIND_READER_PRESENT);
    present.set_reader(Bounded(reader.display_name()));
    findings.push_back(std::move(present));
    v1::Finding card;
    switch (reader.state()) {
      case v1::READER_STATE_CARD_MUTE:
        card = Make(v1::CHECK_CARD, v1::VERDICT_FAULT, v1::FINDING_KIND_CARD_MUTE);
        break;
      case v1::READER_STATE_IN_USE_EXCLUSIVELY:
        card = Make(v1::CHECK_CARD, v1::VERDICT_FAULT, v1::FINDING_KIND_CARD_HELD);
        for (const std::string& program : reader.programs()) card.add_programs(Bounded(program));
        break;
      case v1::READER_STATE_CARD_PRESENT:
        card =
            cards.ok() ? CardFinding(reader, *cards) : LookFailed(v1::CHECK_CARD, cards.status());
        break;
      default:
        continue;
    }
    card.set_reader(Bounded(reader.display_name()));
    of_cards.push_back(std::move(card));
  }
  if (of_cards.empty()) {
    of_cards.push_back(Make(v1::CHECK_CARD, v1::VERDICT_WARNING, v1::FINDING_KIND_CARD_ABSENT));
  }
  findings.insert(findings.end(), of_cards.begin(), of_cards.end());
  return findings;
}

Findings PinFindings(const v1::Card& card, const absl::StatusOr<v1::PinState>& state) {
  if (!state.ok()) {
    if (ReasonOf(state.status()) == v1::ERROR_REASON_OPERATION_UNSUPPORTED) {
      return {
          OfCard(card, Make(v1::CHECK_PIN, v1::VERDICT_NOT_CHECKED, v1::FINDING_KIND_PIN_UNTOLD))};
    }
    return {OfCard(card, LookFailed(v1::CHECK_PIN, state.status()))};
  }
  Findings findings = {
      OfCard(card, WithTries(PinFinding(*state), state->tries_left(), state->tries_left_count()))};
  if (const auto puk = PukKind(*state)) {
    findings.push_back(
        OfCard(card, WithTries(Make(v1::CHECK_PIN, v1::VERDICT_WARNING, *puk),
                               state->puk_tries_left(), state->puk_tries_left_count())));
  }
  return findings;
}

v1::Finding CertificateFinding(const v1::Card& card,
                               const absl::StatusOr<v1::ListCertificatesResponse>& certificates,
                               absl::Time now) {
  if (!certificates.ok()) {
    return OfCard(card, LookFailed(v1::CHECK_CERTIFICATE, certificates.status()));
  }
  const v1::Certificate* best = nullptr;
  for (const v1::Certificate& each : certificates->certificates()) {
    if (!each.qualified() || !each.has_private_key()) continue;
    const auto value = [&](const v1::Certificate& certificate) {
      return std::pair(Rank(certificate, now), FromProto(certificate.not_after()));
    };
    if (best == nullptr || value(each) > value(*best)) best = &each;
  }
  const auto make = [&](v1::Verdict verdict, v1::FindingKind kind) {
    return OfCard(card, Make(v1::CHECK_CERTIFICATE, verdict, kind));
  };
  if (best == nullptr) return make(v1::VERDICT_FAULT, v1::FINDING_KIND_CERTIFICATE_MISSING);
  v1::Finding finding = make(v1::VERDICT_OK, v1::FINDING_KIND_CERTIFICATE_VALID);
  *finding.mutable_time() = best->not_after();
  switch (Rank(*best, now)) {
    case 0:
      finding.set_verdict(v1::VERDICT_FAULT);
      finding.set_kind(v1::FINDING_KIND_CERTIFICATE_EXPIRED);
      break;
    case 1:
      finding.set_verdict(v1::VERDICT_FAULT);
      finding.set_kind(v1::FINDING_KIND_CERTIFICATE_NOT_YET_VALID);
      *finding.mutable_time() = best->not_before();
      break;
    default:
      if (FromProto(best->not_after()) - now > kEndsSoon) break;
      finding.set_verdict(v1::VERDICT_WARNING);
      finding.set_kind(v1::FINDING_KIND_CERTIFICATE_ENDS_SOON);
      break;
  }
  return finding;
}

Findings ModuleFindings(const std::optional<std::vector<ModuleLook>>& modules, bool needed) {
  using State = ModuleLook::State;
  Findings findings;
  for (const ModuleLook& look : modules.value_or(std::vector<ModuleLook>())) {
    v1::Finding finding;
    switch (look.state) {
      case State::kLoaded:
        finding = Make(v1::CHECK_MODULE, v1::VERDICT_OK, v1::FINDING_KIND_MODULE_LOADED);
        break;
      case State::kWrongArchitecture:
        finding = Make(v1::CHECK_MODULE, v1::VERDICT_WARNING, v1::FINDING_KIND_MODULE_ARCHITECTURE);
        break;
      case State::kFailed:
        finding = Make(v1::CHECK_MODULE, v1::VERDICT_WARNING, v1::FINDING_KIND_MODULE_FAILED);
        break;
      case State::kUnsafe:
        finding = Make(v1::CHECK_MODULE, v1::VERDICT_WARNING, v1::FINDING_KIND_MODULE_UNSAFE);
        break;
      case State::kAbsent:
        // The known places of modules are many, and nobody has them all.
        if (!look.configured) continue;
        finding = Make(v1::CHECK_MODULE, v1::VERDICT_WARNING, v1::FINDING_KIND_MODULE_NOT_THERE);
        break;
    }
    if (needed && finding.verdict() == v1::VERDICT_WARNING) {
      finding.set_verdict(v1::VERDICT_FAULT);
    }
    finding.set_module(Bounded(look.path));
    findings.push_back(std::move(finding));
  }
  if (!findings.empty()) return findings;
  if (!needed) return {Make(v1::CHECK_MODULE, v1::VERDICT_OK, v1::FINDING_KIND_MODULE_NOT_NEEDED)};
  return {Make(v1::CHECK_MODULE, v1::VERDICT_FAULT, v1::FINDING_KIND_MODULE_ABSENT)};
}

v1::Finding ServerFinding(const ServerLook& look, std::string_view host) {
  v1::Finding finding = Make(v1::CHECK_SERVER, v1::VERDICT_OK, v1::FINDING_KIND_SERVER_CONNECTED);
  if (!look.status.ok()) {
    const bool refused = ReasonOf(look.status) == v1::ERROR_REASON_NOT_ALLOWED ||
                         look.status.code() == absl::StatusCode::kPermissionDenied ||
                         look.status.code() == absl::StatusCode::kUnauthenticated;
    finding = Make(v1::CHECK_SERVER, v1::VERDICT_FAULT,
                   refused ? v1::FINDING_KIND_SERVER_REFUSES : v1::FINDING_KIND_SERVER_UNREACHABLE);
  }
  finding.set_host(Bounded(host));
  return finding;
}

v1::Finding PortalFinding(const PortalLook& look, const ServerLook& server, std::string_view host) {
  const v1::ErrorReason reason = ReasonOf(look.status);
  v1::Finding finding = Make(v1::CHECK_PORTAL, v1::VERDICT_OK, v1::FINDING_KIND_PORTAL_REACHED);
  if (look.status.ok()) {
    // 5xx: it is there, and cannot be used now.
    if (look.http_status >= 400) {
      finding = Make(v1::CHECK_PORTAL, v1::VERDICT_WARNING, v1::FINDING_KIND_PORTAL_ODD);
    }
  } else if (server.hosts_portal) {
    finding = Make(v1::CHECK_PORTAL, v1::VERDICT_WARNING, v1::FINDING_KIND_PORTAL_BY_SERVER);
  } else if (reason == v1::ERROR_REASON_PORTAL_UNTRUSTED) {
    finding = Make(v1::CHECK_PORTAL, v1::VERDICT_FAULT, v1::FINDING_KIND_PORTAL_UNTRUSTED);
  } else if (reason == v1::ERROR_REASON_PORTAL_UNREACHABLE) {
    finding = Make(v1::CHECK_PORTAL, v1::VERDICT_FAULT, v1::FINDING_KIND_PORTAL_UNREACHABLE);
  } else if (reason == v1::ERROR_REASON_BAD_CONFIGURATION || reason == v1::ERROR_REASON_CANCELLED) {
    finding = LookFailed(v1::CHECK_PORTAL, look.status);
  } else {
    finding = Make(v1::CHECK_PORTAL, v1::VERDICT_FAULT, v1::FINDING_KIND_PORTAL_ODD);
  }
  if (!look.status.ok()) finding.set_reason(reason);
  finding.set_host(Bounded(host));
  return finding;
}

v1::Finding ClockFinding(const PortalLook& portal, const ServerLook& server) {
  // The server is the organisation's own; the portal's time is as good where it is the
  // only one.
  const auto& ahead = server.clock_ahead ? server.clock_ahead : portal.clock_ahead;
  if (!ahead) {
    return Make(v1::CHECK_CLOCK, v1::VERDICT_NOT_CHECKED, v1::FINDING_KIND_CLOCK_NOT_COMPARED);
  }
  const absl::Duration off = absl::AbsDuration(*ahead);
  v1::Finding finding =
      off < kClockWarning
          ? Make(v1::CHECK_CLOCK, v1::VERDICT_OK, v1::FINDING_KIND_CLOCK_RIGHT)
          : Make(v1::CHECK_CLOCK, off < kClockFault ? v1::VERDICT_WARNING : v1::VERDICT_FAULT,
                 v1::FINDING_KIND_CLOCK_OFF);
  finding.mutable_clock_ahead()->set_seconds(absl::ToInt64Seconds(*ahead));
  return finding;
}

v1::Finding AgentCertificateFinding(const CertificateLook& look, absl::Time now) {
  using State = CertificateLook::State;
  const auto make = [&look](v1::Verdict verdict, v1::FindingKind kind) {
    v1::Finding finding = Make(v1::CHECK_AGENT_CERTIFICATE, verdict, kind);
    if (look.state == State::kThere) *finding.mutable_time() = ToProto(look.not_after);
    return finding;
  };
  switch (look.state) {
    case State::kNotNeeded:
      return make(v1::VERDICT_OK, v1::FINDING_KIND_AGENT_CERTIFICATE_NOT_NEEDED);
    case State::kMissing:
      return make(v1::VERDICT_WARNING, v1::FINDING_KIND_AGENT_CERTIFICATE_MISSING);
    case State::kUnusable:
      return make(v1::VERDICT_FAULT, v1::FINDING_KIND_AGENT_CERTIFICATE_UNUSABLE);
    case State::kThere:
      break;
  }
  if (look.not_after <= now) {
    return make(v1::VERDICT_FAULT, v1::FINDING_KIND_AGENT_CERTIFICATE_EXPIRED);
  }
  if (look.renewal.ok()) return make(v1::VERDICT_OK, v1::FINDING_KIND_AGENT_CERTIFICATE_VALID);
  v1::Finding finding = make(v1::VERDICT_WARNING, v1::FINDING_KIND_AGENT_CERTIFICATE_NOT_RENEWED);
  finding.set_reason(ReasonOf(look.renewal));
  return finding;
}

}  // namespace ilkimza::agent
