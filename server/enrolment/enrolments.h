// Who may be an agent: join tokens, and the certificates that were got with them.
//
//   CreateToken ──► token (said once, kept as SHA-256)
//   Enrol       ──► token checked and used, certificate signed, both committed together
//   Renew       ──► another certificate for an agent that has one
//   Revoke      ──► none of the agent's certificates is good from this moment on
//
// All that is good now is held in memory, so that each call's certificate is checked
// without the disk; every change is committed before it is acknowledged. A certificate
// of ours that is not on the list is not good: a store that was set back to an older
// backup lets nobody in that it does not know.
//
// A change that could not be committed is an error for its caller and holds until the
// restart: nothing that was revoked comes back meanwhile.
//
// Thread-safe. Callbacks come on a thread of the store, or on the caller's; they must
// not call back.
#ifndef ILKIMZA_SERVER_ENROLMENT_ENROLMENTS_H_
#define ILKIMZA_SERVER_ENROLMENT_ENROLMENTS_H_

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/secret.h"
#include "ilkimza/v1/fleet_service.pb.h"
#include "server/enrolment/certificate_request.h"
#include "server/enrolment/issuer.h"
#include "server/store/store.h"

namespace ilkimza::server {

struct EnrolmentOptions {
  Clock* clock = &SystemClock();
  absl::Duration lifetime = absl::Hours(24 * 7);
  // Tokens that are good at a time.
  std::size_t max_tokens = 10'000;
  // Certificates of one agent that are good at a time; the oldest one ends for another.
  std::size_t max_certificates = 4;
  // How long certificates that have ended stay in the store.
  absl::Duration retention = absl::Hours(24 * 90);
};

inline constexpr absl::Duration kDefaultTokenLife = absl::Hours(1);
inline constexpr absl::Duration kMaxTokenLife = absl::Hours(24 * 30);
inline constexpr int kMaxTokenUses = 100'000;

class Enrolments {
 public:
  struct Enrolled {
    v1::AgentCertificate certificate;
    // In DER, the agent's own first.
    std::vector<std::string> chain;
  };
  using EnrolledDone = std::function<void(absl::StatusOr<Enrolled>)>;
  using Done = std::function<void(absl::Status)>;

  // Issuer and store outlive the enrolments.
  Enrolments(const EnrolmentOptions& options, const Issuer& issuer, Store& store);

  // Loads tokens and certificates, and drops from the store what has ended long ago.
  absl::Status Start();

  struct NewToken {
    v1::JoinToken resource;
    Secret token;
  };
  using TokenDone = std::function<void(absl::StatusOr<std::shared_ptr<NewToken>>)>;
  // `wish` has `agent`, `max_uses` and `expire_time`; BAD_FIELD names what is wrong.
  void CreateToken(const v1::JoinToken& wish, const std::string& creator, TokenDone done);
  // The newest first, those with a name other than and after `after`, at most `limit`.
  [[nodiscard]] std::vector<v1::JoinToken> ListTokens(const std::string& after, int limit) const;
  // NOT_FOUND for a name that is not on the list.
  void DeleteToken(const std::string& name, Done done);

  // The first certificate of `agent`. `known`: there is an agent of that name, so that
  // only a token made for it takes its place. The token is read before the request: a
  // stranger without one costs a hash.
  void Enrol(const std::string& agent, std::string_view token, std::string_view request, bool known,
             EnrolledDone done);
  // The caller's certificate, `serial`, was checked with `CheckCertificate`; it stays.
  void Renew(const std::string& agent, const std::string& serial, std::string_view request,
             EnrolledDone done);
  // Every certificate of `agent`, at once in memory; `done` after the commit.
  void Revoke(const std::string& agent, const std::string& revoker, Done done);

  // Whether the certificate, which this authority has issued, is good for `agent` now.
  // UNAUTHENTICATED / CERTIFICATE_REFUSED.
  [[nodiscard]] absl::Status CheckCertificate(const std::string& serial,
                                              std::string_view agent) const;
  [[nodiscard]] const Issuer& issuer() const { return issuer_; }

 private:
  struct Token {
    v1::JoinToken resource;
    std::string digest;
  };
  struct Certificate {
    std::string agent;
    v1::AgentCertificate resource;
  };

  absl::StatusOr<std::shared_ptr<NewToken>> NewTokenFor(const v1::JoinToken& wish,
                                                        const std::string& creator) const;

  // All with the lock held.
  absl::StatusOr<Token*> FindToken(std::string_view token);
  absl::Status UseToken(Token& token, const std::string& agent, const std::string& key, bool known,
                        EnrolmentChange& change);
  absl::StatusOr<Enrolled> Issue(const std::string& agent, const CertificateRequest& request,
                                 const std::string& join_token, const std::string& keep,
                                 EnrolmentChange& change);
  [[nodiscard]] bool HasEnrolled(const std::string& agent, const std::string& token,
                                 const std::string& key) const;
  void RevokeSerial(const std::string& serial, const std::string& revoker, EnrolmentChange& change);
  void RevokeAll(const std::string& agent, const std::string& revoker, EnrolmentChange& change);
  // Lets go of what has ended.
  void DropOldTokens(absl::Time now, EnrolmentChange& change);
  void DropEnded(absl::Time now);
  void Forget(const std::string& agent, const std::string& serial);
  // Of the agent's that have not ended, the oldest first.
  [[nodiscard]] std::vector<std::string> GoodSerials(const std::string& agent) const;
  void Commit(EnrolmentChange change, absl::StatusOr<Enrolled> enrolled, EnrolledDone done);

  const EnrolmentOptions options_;
  const Issuer& issuer_;
  Store& store_;

  mutable std::mutex mutex_;
  // By name; names grow with time.
  std::map<std::string, Token> tokens_;
  // Digest to name.
  std::map<std::string, std::string> digests_;
  absl::Time next_sweep_ = absl::InfinitePast();
  // By serial; none that was revoked.
  std::map<std::string, Certificate> certificates_;
  // The oldest first.
  std::map<std::string, std::vector<std::string>> serials_of_;
};

}  // namespace ilkimza::server

#endif  // ILKIMZA_SERVER_ENROLMENT_ENROLMENTS_H_
