#include "server/enrolment/enrolments.h"

#include <openssl/rand.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/error.h"
#include "base/log.h"
#include "server/engine/name.h"
#include "server/engine/report_check.h"

namespace ilkimza::server {
namespace {

// Tells what it is to those who find one where it should not be.
constexpr std::string_view kTokenPrefix = "ilkimza-join-";
constexpr std::string_view kAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";
// Of five bits each: 160 bits, which nobody guesses.
constexpr std::size_t kTokenCharacters = 32;
constexpr std::size_t kMaxTokenSize = 128;
// How often memory is cleared of certificates that have ended.
constexpr absl::Duration kSweep = absl::Hours(1);

absl::Status TokenRefused(std::string_view sentence) {
  return MakeError(absl::StatusCode::kPermissionDenied, v1::ERROR_REASON_JOIN_TOKEN_REFUSED,
                   absl::StrCat("The join token ", std::string(sentence)));
}

absl::Status CertificateRefused(std::string_view agent) {
  return MakeError(absl::StatusCode::kUnauthenticated, v1::ERROR_REASON_CERTIFICATE_REFUSED,
                   absl::StrCat("The certificate of ", std::string(agent),
                                " has ended or was revoked; enrol the agent anew with a join "
                                "token that is made for it."));
}

std::string DigestOf(std::string_view text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(digest.data()), digest.size()));
}

absl::StatusOr<Secret> NewTokenText() {
  std::array<unsigned char, kTokenCharacters> random{};
  if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1) {
    return absl::InternalError("OpenSSL has no random numbers.");
  }
  std::string text(kTokenPrefix);
  for (unsigned char& byte : random) {
    text += kAlphabet[byte % kAlphabet.size()];
    byte = 0;
  }
  return Secret(std::move(text));
}

// Grows with time, so that lists have an order.
std::string NewTokenName(absl::Time now) {
  std::array<unsigned char, 5> random{};
  RAND_bytes(random.data(), static_cast<int>(random.size()));
  return absl::StrCat("joinTokens/", absl::StrFormat("%011x", absl::ToUnixMillis(now)),
                      absl::BytesToHexString(absl::string_view(
                          reinterpret_cast<const char*>(random.data()), random.size())));
}

bool IsUsable(const v1::JoinToken& token, absl::Time now) {
  return FromProto(token.expire_time()) > now && token.uses() < token.max_uses();
}

// "agents/{agent}/certificates/{certificate}" -> both.
std::pair<std::string, std::string> PartsOf(const std::string& name) {
  const std::size_t end = name.find('/', name.find('/') + 1);
  return {name.substr(0, end), name.substr(name.rfind('/') + 1)};
}

absl::Status CheckWish(const v1::JoinToken& wish, absl::Time now) {
  if (!wish.agent().empty() && !IsAgentName(wish.agent())) {
    return BadField("join_token.agent", "must be \"agents/{agent}\", or empty.");
  }
  if (wish.max_uses() < 0 || wish.max_uses() > kMaxTokenUses) {
    return BadField("join_token.max_uses", absl::StrCat("must be 1 to ", kMaxTokenUses, "."));
  }
  if (!wish.has_expire_time()) return absl::OkStatus();
  const absl::Time expiry = FromProto(wish.expire_time());
  if (expiry <= now || expiry > now + kMaxTokenLife) {
    return BadField("join_token.expire_time", "must lie ahead, by 30 days at most.");
  }
  return absl::OkStatus();
}

}  // namespace

Enrolments::Enrolments(const EnrolmentOptions& options, const Issuer& issuer, Store& store)
    : options_(options), issuer_(issuer), store_(store) {}

absl::Status Enrolments::Start() {
  const absl::Time now = options_.clock->Now();
  ILKIMZA_ASSIGN_OR_RETURN(EnrolmentState state,
                           store_.LoadEnrolments(now, now - options_.retention));
  const std::lock_guard lock(mutex_);
  for (EnrolmentChange::Token& token : state.tokens) {
    digests_[token.digest] = token.token.name();
    const std::string name = token.token.name();
    tokens_[name] = {std::move(token.token), std::move(token.digest)};
  }
  for (v1::AgentCertificate& certificate : state.certificates) {
    if (certificate.has_revoke_time()) continue;
    auto [agent, serial] = PartsOf(certificate.name());
    serials_of_[agent].push_back(serial);
    certificates_[serial] = {agent, std::move(certificate)};
  }
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<Enrolments::NewToken>> Enrolments::NewTokenFor(
    const v1::JoinToken& wish, const std::string& creator) const {
  const absl::Time now = options_.clock->Now();
  ILKIMZA_RETURN_IF_ERROR(CheckWish(wish, now));
  auto made = std::make_shared<NewToken>();
  ILKIMZA_ASSIGN_OR_RETURN(made->token, NewTokenText());
  v1::JoinToken& resource = made->resource;
  resource.set_name(NewTokenName(now));
  resource.set_agent(wish.agent());
  resource.set_max_uses(std::max(wish.max_uses(), 1));
  *resource.mutable_create_time() = ToProto(now);
  *resource.mutable_expire_time() =
      wish.has_expire_time() ? wish.expire_time() : ToProto(now + kDefaultTokenLife);
  resource.set_creator(creator);
  return made;
}

void Enrolments::CreateToken(const v1::JoinToken& wish, const std::string& creator,
                             TokenDone done) {
  auto made = NewTokenFor(wish, creator);
  if (!made.ok()) return done(made.status());
  const Token token{(*made)->resource, DigestOf((*made)->token.view())};
  std::unique_lock lock(mutex_);
  EnrolmentChange change;
  DropOldTokens(options_.clock->Now(), change);
  if (tokens_.size() >= options_.max_tokens) {
    lock.unlock();
    return done(MakeError(absl::StatusCode::kResourceExhausted, v1::ERROR_REASON_NOT_ALLOWED,
                          "There are too many join tokens; delete some, or wait until they "
                          "expire."));
  }
  tokens_[token.resource.name()] = token;
  digests_[token.digest] = token.resource.name();
  change.tokens.push_back({token.digest, token.resource});
  store_.SaveEnrolment(std::move(change), [made = *std::move(made),
                                           done = std::move(done)](const absl::Status& committed) {
    if (!committed.ok()) return done(committed);
    LogInfo("{} made by {}", made->resource.name(), made->resource.creator());
    done(made);
  });
}

std::vector<v1::JoinToken> Enrolments::ListTokens(const std::string& after, int limit) const {
  const absl::Time now = options_.clock->Now();
  const std::lock_guard lock(mutex_);
  std::vector<v1::JoinToken> listed;
  auto at = after.empty() ? tokens_.end() : tokens_.lower_bound(after);
  while (at != tokens_.begin() && static_cast<int>(listed.size()) < limit) {
    --at;
    if (IsUsable(at->second.resource, now)) listed.push_back(at->second.resource);
  }
  return listed;
}

void Enrolments::DeleteToken(const std::string& name, Done done) {
  std::unique_lock lock(mutex_);
  const auto found = tokens_.find(name);
  if (found == tokens_.end()) {
    lock.unlock();
    return done(MakeError(absl::StatusCode::kNotFound, v1::ERROR_REASON_JOIN_TOKEN_REFUSED,
                          absl::StrCat("There is no join token '", name, "'.")));
  }
  EnrolmentChange change;
  change.deleted_tokens.push_back(found->second.digest);
  digests_.erase(found->second.digest);
  tokens_.erase(found);
  store_.SaveEnrolment(std::move(change), std::move(done));
}

void Enrolments::Enrol(const std::string& agent, std::string_view token, std::string_view request,
                       bool known, EnrolledDone done) {
  {
    std::unique_lock lock(mutex_);
    const auto found = FindToken(token);
    lock.unlock();
    if (!found.ok()) return done(found.status());
  }
  const auto checked = CheckCertificateRequest(request);
  if (!checked.ok()) return done(checked.status());
  std::unique_lock lock(mutex_);
  EnrolmentChange change;
  // Once more: it may have been used or deleted meanwhile.
  const auto found = FindToken(token);
  absl::Status status = found.status();
  if (status.ok()) status = UseToken(**found, agent, checked->public_key_sha256, known, change);
  if (!status.ok()) {
    lock.unlock();
    return done(status);
  }
  const std::string join_token = (*found)->resource.name();
  auto enrolled = Issue(agent, *checked, join_token, "", change);
  Commit(std::move(change), std::move(enrolled), std::move(done));
}

void Enrolments::Renew(const std::string& agent, const std::string& serial,
                       std::string_view request, EnrolledDone done) {
  const auto checked = CheckCertificateRequest(request);
  if (!checked.ok()) return done(checked.status());
  std::unique_lock lock(mutex_);
  // It may have been revoked meanwhile.
  const std::vector<std::string> good = GoodSerials(agent);
  if (std::find(good.begin(), good.end(), serial) == good.end()) {
    lock.unlock();
    return done(CertificateRefused(agent));
  }
  EnrolmentChange change;
  auto enrolled = Issue(agent, *checked, "", serial, change);
  Commit(std::move(change), std::move(enrolled), std::move(done));
}

void Enrolments::Commit(EnrolmentChange change, absl::StatusOr<Enrolled> enrolled,
                        EnrolledDone done) {
  store_.SaveEnrolment(std::move(change), [enrolled = std::move(enrolled), done = std::move(done)](
                                              const absl::Status& committed) mutable {
    if (!committed.ok()) return done(committed);
    done(std::move(enrolled));
  });
}

void Enrolments::Revoke(const std::string& agent, const std::string& revoker, Done done) {
  const std::lock_guard lock(mutex_);
  EnrolmentChange change;
  RevokeAll(agent, revoker, change);
  store_.SaveEnrolment(std::move(change), std::move(done));
}

absl::Status Enrolments::CheckCertificate(const std::string& serial, std::string_view agent) const {
  const std::lock_guard lock(mutex_);
  const auto found = certificates_.find(serial);
  if (found == certificates_.end() || found->second.agent != agent ||
      FromProto(found->second.resource.expire_time()) <= options_.clock->Now()) {
    return CertificateRefused(agent);
  }
  return absl::OkStatus();
}

absl::StatusOr<Enrolments::Token*> Enrolments::FindToken(std::string_view token) {
  if (token.empty() || token.size() > kMaxTokenSize) {
    return TokenRefused("is missing or too long: give the whole line that was handed out.");
  }
  // By its digest: how long the search takes tells nothing about the token.
  const auto name = digests_.find(DigestOf(token));
  if (name == digests_.end()) {
    return TokenRefused(
        "is not known here: give the whole line that was handed out, or have "
        "another one made.");
  }
  Token& found = tokens_.at(name->second);
  if (FromProto(found.resource.expire_time()) <= options_.clock->Now()) {
    return TokenRefused("has expired: have another one made.");
  }
  return &found;
}

absl::Status Enrolments::UseToken(Token& token, const std::string& agent, const std::string& key,
                                  bool known, EnrolmentChange& change) {
  v1::JoinToken& resource = token.resource;
  const bool bound = !resource.agent().empty();
  if (bound && resource.agent() != agent) {
    return TokenRefused("was made for another agent: compare 'agent.id' with the name it is for.");
  }
  if (HasEnrolled(agent, resource.name(), key)) return absl::OkStatus();
  if (resource.uses() >= resource.max_uses()) {
    return TokenRefused("is used up: have another one made.");
  }
  if (!bound && (known || !GoodSerials(agent).empty())) {
    return MakeError(absl::StatusCode::kAlreadyExists, v1::ERROR_REASON_AGENT_EXISTS,
                     absl::StrCat("There is an agent '", agent,
                                  "' already; have a join token made for this very agent, or "
                                  "choose another 'agent.id'."));
  }
  RevokeAll(agent, resource.name(), change);
  resource.set_uses(resource.uses() + 1);
  change.tokens.push_back({token.digest, resource});
  return absl::OkStatus();
}

absl::StatusOr<Enrolments::Enrolled> Enrolments::Issue(const std::string& agent,
                                                       const CertificateRequest& request,
                                                       const std::string& join_token,
                                                       const std::string& keep,
                                                       EnrolmentChange& change) {
  const absl::Time now = options_.clock->Now();
  ILKIMZA_ASSIGN_OR_RETURN(IssuedCertificate issued,
                           issuer_.Issue(*request.public_key, agent, now, options_.lifetime));
  Enrolled enrolled;
  v1::AgentCertificate& certificate = enrolled.certificate;
  certificate.set_name(absl::StrCat(agent, "/certificates/", issued.serial));
  *certificate.mutable_issue_time() = ToProto(now);
  *certificate.mutable_expire_time() = ToProto(issued.not_after);
  certificate.set_public_key_sha256(request.public_key_sha256);
  certificate.set_join_token(join_token);
  enrolled.chain = std::move(issued.chain);
  DropEnded(now);
  const std::vector<std::string> good = GoodSerials(agent);
  std::size_t count = good.size();
  for (const std::string& serial : good) {
    if (count < options_.max_certificates) break;
    if (serial == keep) continue;
    RevokeSerial(serial, "renewal", change);
    --count;
  }
  serials_of_[agent].push_back(issued.serial);
  certificates_[issued.serial] = {agent, certificate};
  change.certificates.push_back(certificate);
  LogInfo("{}: certificate {} {}, good until {}", agent, issued.serial,
          join_token.empty() ? "renewed" : absl::StrCat("got with ", join_token),
          absl::FormatTime(absl::RFC3339_sec, issued.not_after, absl::UTCTimeZone()));
  return enrolled;
}

bool Enrolments::HasEnrolled(const std::string& agent, const std::string& token,
                             const std::string& key) const {
  const std::vector<std::string> good = GoodSerials(agent);
  return std::any_of(good.begin(), good.end(), [&](const std::string& serial) {
    const v1::AgentCertificate& resource = certificates_.at(serial).resource;
    return resource.join_token() == token && resource.public_key_sha256() == key;
  });
}

void Enrolments::RevokeSerial(const std::string& serial, const std::string& revoker,
                              EnrolmentChange& change) {
  const auto found = certificates_.find(serial);
  v1::AgentCertificate certificate = std::move(found->second.resource);
  *certificate.mutable_revoke_time() = ToProto(options_.clock->Now());
  certificate.set_revoker(revoker);
  change.certificates.push_back(std::move(certificate));
  Forget(found->second.agent, serial);
  certificates_.erase(found);
}

void Enrolments::RevokeAll(const std::string& agent, const std::string& revoker,
                           EnrolmentChange& change) {
  for (const std::string& serial : GoodSerials(agent)) {
    LogInfo("{}: certificate {} revoked by {}", agent, serial, revoker);
    RevokeSerial(serial, revoker, change);
  }
}

void Enrolments::DropOldTokens(absl::Time now, EnrolmentChange& change) {
  for (auto at = tokens_.begin(); at != tokens_.end();) {
    if (FromProto(at->second.resource.expire_time()) > now) {
      ++at;
      continue;
    }
    change.deleted_tokens.push_back(at->second.digest);
    digests_.erase(at->second.digest);
    at = tokens_.erase(at);
  }
}

void Enrolments::DropEnded(absl::Time now) {
  if (now < next_sweep_) return;
  next_sweep_ = now + kSweep;
  for (auto at = certificates_.begin(); at != certificates_.end();) {
    if (FromProto(at->second.resource.expire_time()) > now) {
      ++at;
      continue;
    }
    Forget(at->second.agent, at->first);
    at = certificates_.erase(at);
  }
}

void Enrolments::Forget(const std::string& agent, const std::string& serial) {
  const auto found = serials_of_.find(agent);
  auto& serials = found->second;
  serials.erase(std::find(serials.begin(), serials.end(), serial));
  if (serials.empty()) serials_of_.erase(found);
}

std::vector<std::string> Enrolments::GoodSerials(const std::string& agent) const {
  const absl::Time now = options_.clock->Now();
  std::vector<std::string> good;
  const auto serials = serials_of_.find(agent);
  if (serials == serials_of_.end()) return good;
  std::copy_if(serials->second.begin(), serials->second.end(), std::back_inserter(good),
               [&](const std::string& serial) {
                 return FromProto(certificates_.at(serial).resource.expire_time()) > now;
               });
  return good;
}

}  // namespace ilkimza::server
