#include <algorithm>
#include <future>
#include <map>
#include <optional>
#include <utility>

#include "absl/time/clock.h"
#include "agent/diagnosis/diagnosis.h"
#include "agent/diagnosis/findings.h"
#include "base/error.h"

namespace ilkimza::agent {
namespace {

// The card side asks for a service that was away at least every ten seconds.
constexpr int kLooks = 24;
constexpr absl::Duration kBetweenLooks = absl::Milliseconds(500);

void Append(Findings& all, Findings more) {
  all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

bool Works(const v1::Card& card) {
  return !card.operations().empty() || card.family() == v1::CARD_FAMILY_AKIS_V1;
}

// A card that speaks through a module, or would if there were one.
bool NeedsModule(const v1::Card& card) {
  return !card.module().empty() || card.family() == v1::CARD_FAMILY_AKIS_V2 ||
         card.family() == v1::CARD_FAMILY_PKCS11;
}

bool CanDo(const v1::Card& card, v1::CardOperation operation) {
  return card.operations().empty() || std::find(card.operations().begin(), card.operations().end(),
                                                operation) != card.operations().end();
}

// The service has just come back, and the card side is about to see that.
absl::StatusOr<v1::ListReadersResponse> PatientReaders(CardLook& look,
                                                       const std::stop_token& stop) {
  auto readers = look.Readers();
  for (int i = 0; i < kLooks && !stop.stop_requested() &&
                  ReasonOf(readers.status()) == v1::ERROR_REASON_SMART_CARD_SERVICE_STOPPED;
       ++i) {
    absl::SleepFor(kBetweenLooks);
    readers = look.Readers();
  }
  return readers;
}

// Readers, cards, PIN, certificates. True where a card needs a module.
bool LookAtCards(CardLook& look, absl::Time now, const std::stop_token& stop, Findings& findings) {
  const auto readers = PatientReaders(look, stop);
  const auto cards = look.Cards();
  Append(findings, ReaderFindings(readers, cards));
  Findings pins;
  Findings certificates;
  bool module = false;
  const v1::ListCardsResponse known = cards.ok() ? *cards : v1::ListCardsResponse();
  for (const v1::Card& card : known.cards()) {
    module = module || NeedsModule(card);
    if (!Works(card)) continue;
    Append(pins, PinFindings(card, CanDo(card, v1::CARD_OPERATION_GET_PIN_STATE)
                                       ? look.PinState(card.name())
                                       : MakeError(absl::StatusCode::kUnimplemented,
                                                   v1::ERROR_REASON_OPERATION_UNSUPPORTED,
                                                   "the card does not tell")));
    certificates.push_back(CertificateFinding(card, look.Certificates(card.name()), now));
  }
  if (pins.empty()) pins.push_back(Blocked(v1::CHECK_PIN, v1::CHECK_CARD));
  if (certificates.empty()) {
    certificates.push_back(Blocked(v1::CHECK_CERTIFICATE, v1::CHECK_CARD));
  }
  Append(findings, std::move(pins));
  Append(findings, std::move(certificates));
  return module;
}

v1::Check WhatBlocksCards(const ServiceLook& service) {
  return service.state == ServiceLook::State::kForbidden ? v1::CHECK_PERMISSION
                                                         : v1::CHECK_SMART_CARD_SERVICE;
}

}  // namespace

v1::DiagnoseResponse Diagnose(const Probes& probes, CardLook& cards, Clock& clock,
                              std::stop_token stop) {
  auto server_look = std::async(std::launch::async, probes.server, stop);
  auto portal_look = std::async(std::launch::async, probes.portal, stop);

  v1::Finding agent;
  agent.set_check(v1::CHECK_AGENT);
  agent.set_verdict(v1::VERDICT_OK);
  agent.set_kind(v1::FINDING_KIND_AGENT_RUNS);
  Findings findings = {std::move(agent)};

  const ServiceLook service = probes.service();
  Append(findings, ServiceFindings(service));
  bool module_needed = false;
  if (service.state == ServiceLook::State::kRuns) {
    module_needed = LookAtCards(cards, clock.Now(), stop, findings);
  } else {
    for (const v1::Check check :
         {v1::CHECK_READER, v1::CHECK_CARD, v1::CHECK_PIN, v1::CHECK_CERTIFICATE}) {
      findings.push_back(Blocked(check, WhatBlocksCards(service)));
    }
  }
  std::optional<std::vector<ModuleLook>> modules;
  if (probes.modules) modules = probes.modules();
  Append(findings, ModuleFindings(modules, module_needed));

  const ServerLook server = server_look.get();
  const PortalLook portal = portal_look.get();
  findings.push_back(ServerFinding(server, probes.server_host));
  findings.push_back(PortalFinding(portal, server, probes.portal_host));
  findings.push_back(ClockFinding(portal, server));
  // After the server's, which may have connected meanwhile.
  findings.push_back(AgentCertificateFinding(
      probes.certificate ? probes.certificate() : CertificateLook(), clock.Now()));

  v1::DiagnoseResponse response;
  for (v1::Finding& finding : findings) *response.add_findings() = std::move(finding);
  return response;
}

}  // namespace ilkimza::agent
