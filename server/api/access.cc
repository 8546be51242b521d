#include "server/api/access.h"

#include <grpc/grpc_security_constants.h>
#include <grpcpp/security/auth_context.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "server/engine/name.h"
#include "server/engine/report_check.h"
#include "server/enrolment/enrolments.h"
#include "server/enrolment/issuer.h"

namespace ilkimza::server {
namespace {

constexpr char kAgentMetadata[] = "ilkimza-agent";
constexpr std::string_view kAgents = "agents/";

std::vector<std::string> Property(const grpc::AuthContext& auth, const char* name) {
  std::vector<std::string> values;
  for (const grpc::string_ref& value : auth.FindPropertyValues(name)) {
    values.emplace_back(value.data(), value.size());
  }
  return values;
}

struct FreeX509 {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
using X509Ptr = std::unique_ptr<X509, FreeX509>;

// Null where it cannot be read.
X509Ptr LeafOf(const grpc::AuthContext& auth) {
  const auto pem = Property(auth, GRPC_X509_PEM_CERT_PROPERTY_NAME);
  if (pem.empty()) return nullptr;
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
      BIO_new_mem_buf(pem[0].data(), static_cast<int>(pem[0].size())), &BIO_free);
  return X509Ptr(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
}

absl::Time ExpiryOf(X509* certificate) {
  struct tm end = {};
  if (certificate == nullptr || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) != 1) {
    return absl::InfinitePast();
  }
  return absl::FromTM(end, absl::UTCTimeZone());
}

// The names in the caller's certificate; nothing without mTLS.
std::optional<std::vector<std::string>> CertificateNames(const grpc::AuthContext* auth) {
  if (auth == nullptr || !auth->IsPeerAuthenticated()) return std::nullopt;
  std::vector<std::string> names = Property(*auth, GRPC_X509_CN_PROPERTY_NAME);
  for (std::string& name : Property(*auth, GRPC_X509_SAN_PROPERTY_NAME)) {
    names.push_back(std::move(name));
  }
  return names;
}

bool Contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool IsCertified(const std::vector<std::string>& names, std::string_view agent) {
  return Contains(names, agent) || Contains(names, agent.substr(kAgents.size()));
}

// "agents/{agent}" for the first name that makes one.
std::string AgentIn(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (IsAgentName(name)) return name;
    if (const std::string agent = absl::StrCat(std::string(kAgents), name); IsAgentName(agent)) {
      return agent;
    }
  }
  return "";
}

absl::Status NotAllowed(std::string_view sentence) {
  return MakeError(absl::StatusCode::kPermissionDenied, v1::ERROR_REASON_NOT_ALLOWED, sentence);
}

// The first one that says something.
std::string FirstName(const std::vector<std::string>& names) {
  const auto found = std::find_if(names.begin(), names.end(),
                                  [](const std::string& name) { return !name.empty(); });
  return found == names.end() ? "" : *found;
}

absl::Status NotGoodFor(const std::vector<std::string>& names, const std::string& agent) {
  return NotAllowed(
      absl::StrCat("The certificate of '", FirstName(names), "' is not good for ", agent, "."));
}

}  // namespace

absl::StatusOr<Caller> Access::Identify(const grpc::ServerContextBase& context) const {
  std::string claimed;
  const auto& metadata = context.client_metadata();
  if (metadata.count(kAgentMetadata) > 1) {
    return BadField(kAgentMetadata, "must be given once.");
  }
  if (const auto found = metadata.find(kAgentMetadata); found != metadata.end()) {
    claimed.assign(found->second.data(), found->second.size());
    if (!IsAgentName(claimed)) return BadField(kAgentMetadata, "must be \"agents/{agent}\".");
  }
  const auto auth = context.auth_context();
  const auto names = CertificateNames(auth.get());
  if (!names) {
    return Caller{.agent = claimed,
                  .actor = claimed.empty() ? "operator" : claimed,
                  .only_claims = agents_are_certified_ && !claimed.empty()};
  }
  const X509Ptr certificate = LeafOf(*auth);
  const absl::Time expiry = ExpiryOf(certificate.get());
  // TLS looked at it when the connection was opened.
  if (expiry <= clock_.Now()) {
    return MakeError(absl::StatusCode::kUnauthenticated, v1::ERROR_REASON_CERTIFICATE_REFUSED,
                     absl::StrCat("The certificate of '", FirstName(*names),
                                  "' has ended; connect again with a newer one."));
  }
  if (enrolments_ != nullptr && enrolments_->issuer().HasIssued(*certificate)) {
    return IssuedCaller(*certificate, *names, claimed, expiry);
  }
  const bool is_operator = std::any_of(names->begin(), names->end(), [this](const auto& name) {
    return Contains(operators_, name);
  });
  if (is_operator) {
    // An operator may look at one agent's journeys as that agent sees them.
    return Caller{.agent = claimed,
                  .actor = absl::StrCat("operator ", FirstName(*names)),
                  .expiry = expiry,
                  .only_claims = !claimed.empty()};
  }
  const std::string agent = claimed.empty() ? AgentIn(*names) : claimed;
  if (agent.empty()) return NotAllowed("The certificate names neither an agent nor an operator.");
  if (!IsCertified(*names, agent)) return NotGoodFor(*names, agent);
  return Caller{agent, agent, expiry};
}

absl::StatusOr<Caller> Access::IssuedCaller(const X509& certificate,
                                            const std::vector<std::string>& names,
                                            const std::string& claimed, absl::Time expiry) const {
  const std::string serial = SerialOf(certificate);
  const std::string agent = claimed.empty() ? AgentIn(names) : claimed;
  if (!Contains(names, agent)) return NotGoodFor(names, agent);
  ILKIMZA_RETURN_IF_ERROR(enrolments_->CheckCertificate(serial, agent));
  return Caller{agent, agent, expiry, serial};
}

absl::Status Access::MayAttach(const grpc::ServerContextBase& context,
                               const std::string& agent) const {
  ILKIMZA_RETURN_IF_ERROR(Identify(context).status());
  const auto auth = context.auth_context();
  const auto names = CertificateNames(auth.get());
  if (!names || IsCertified(*names, agent)) return absl::OkStatus();
  return NotGoodFor(*names, agent);
}

absl::Status Access::IsStillGood(const Caller& caller) const {
  if (caller.expiry <= clock_.Now()) {
    return MakeError(absl::StatusCode::kUnauthenticated, v1::ERROR_REASON_CERTIFICATE_REFUSED,
                     absl::StrCat("The certificate of ", caller.actor,
                                  " has ended; connect again with a newer one."));
  }
  if (caller.issued_serial.empty()) return absl::OkStatus();
  return enrolments_->CheckCertificate(caller.issued_serial, caller.agent);
}

}  // namespace ilkimza::server
