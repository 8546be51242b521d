// From what was seen to typed findings: pure, no I/O, one function for each part of
// the way from this PC to a signature.
#ifndef ILKIMZA_AGENT_DIAGNOSIS_FINDINGS_H_
#define ILKIMZA_AGENT_DIAGNOSIS_FINDINGS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "agent/diagnosis/probes.h"
#include "ilkimza/v1/diagnosis_service.pb.h"

namespace ilkimza::agent {

using Findings = std::vector<v1::Finding>;

// A clock this far off is worth a warning; beyond the second, it is a fault: TLS and
// the validity of certificates begin to go wrong.
inline constexpr absl::Duration kClockWarning = absl::Minutes(2);
inline constexpr absl::Duration kClockFault = absl::Minutes(10);
// A certificate that ends within this is worth a warning.
inline constexpr absl::Duration kEndsSoon = absl::Hours(24 * 30);

// Cut to what the contract allows, control characters taken out.
std::string Bounded(std::string_view text);

// Smart-card service, permission, driver.
Findings ServiceFindings(const ServiceLook& look);
// Readers and the cards in them, as CardService tells them.
Findings ReaderFindings(const absl::StatusOr<v1::ListReadersResponse>& readers,
                        const absl::StatusOr<v1::ListCardsResponse>& cards);
// Of one card.
Findings PinFindings(const v1::Card& card, const absl::StatusOr<v1::PinState>& state);
v1::Finding CertificateFinding(const v1::Card& card,
                               const absl::StatusOr<v1::ListCertificatesResponse>& certificates,
                               absl::Time now);
// `needed`: a card in a reader speaks only through a module.
Findings ModuleFindings(const std::optional<std::vector<ModuleLook>>& modules, bool needed);
v1::Finding ServerFinding(const ServerLook& look, std::string_view host);
v1::Finding PortalFinding(const PortalLook& look, const ServerLook& server, std::string_view host);
v1::Finding ClockFinding(const PortalLook& portal, const ServerLook& server);
v1::Finding AgentCertificateFinding(const CertificateLook& look, absl::Time now);
// Not looked at, since `blocked_by` has to be mended first.
v1::Finding Blocked(v1::Check check, v1::Check blocked_by);

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_DIAGNOSIS_FINDINGS_H_
