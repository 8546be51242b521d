// Join tokens, requests and certificates without gRPC, on a clock of the test's own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <set>

#include "base/error.h"
#include "server/enrolment/enrolments.h"
#include "server/store/sqlite_store.h"
#include "tests/server/certificate_tools.h"
#include "tests/server/memory_store.h"
#include "tests/support/certificates.h"
#include "tests/support/process.h"

namespace ilkimza::server {
namespace {

using testing::EcKey;
using ::testing::HasSubstr;
using testing::KeyPtr;
using ::testing::Not;
using testing::RequestDer;
using testing::RsaKey;
using ::testing::SizeIs;
using ::testing::StartsWith;

const absl::Time kStart = absl::FromUnixSeconds(1'800'000'000);

class FakeClock : public Clock {
 public:
  absl::Time Now() override { return now; }
  absl::Time now = kStart;
};

// -- Requests from strangers --

// A curve that is written out in full instead of named.
KeyPtr ExplicitCurveKey() {
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr);
  EVP_PKEY_keygen_init(context);
  char group[] = "P-256";
  char encoding[] = "explicit";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_EC_ENCODING, encoding, 0),
      OSSL_PARAM_construct_end()};
  EVP_PKEY_CTX_set_params(context, parameters);
  EVP_PKEY* key = nullptr;
  EVP_PKEY_generate(context, &key);
  EVP_PKEY_CTX_free(context);
  return {key, &EVP_PKEY_free};
}

KeyPtr RsaKeyWithExponent(unsigned exponent) {
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr);
  EVP_PKEY_keygen_init(context);
  EVP_PKEY_CTX_set_rsa_keygen_bits(context, 2048);
  BIGNUM* number = BN_new();
  BN_set_word(number, exponent);
  EVP_PKEY_CTX_set1_rsa_keygen_pubexp(context, number);
  EVP_PKEY* key = nullptr;
  EVP_PKEY_generate(context, &key);
  BN_free(number);
  EVP_PKEY_CTX_free(context);
  return {key, &EVP_PKEY_free};
}

KeyPtr EdwardsKey() { return {EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), &EVP_PKEY_free}; }

TEST(CertificateRequestTest, TakesTheKeysThatAreGoodEnough) {
  for (const KeyPtr& key : {EcKey(), EcKey("P-384"), RsaKey(2048), RsaKey(3072)}) {
    const auto checked = CheckCertificateRequest(RequestDer(key));
    ASSERT_TRUE(checked.ok()) << checked.status();
    EXPECT_EQ(EVP_PKEY_eq(checked->public_key.get(), key.get()), 1);
    EXPECT_THAT(checked->public_key_sha256, SizeIs(64));
  }
}

TEST(CertificateRequestTest, RefusesHostileRequests) {
  const KeyPtr key = EcKey();
  const KeyPtr other = EcKey();
  const std::string good = RequestDer(key);
  std::string flipped = good;
  flipped[good.size() / 3] = static_cast<char>(flipped[good.size() / 3] ^ 0x40);
  const struct {
    const char* name;
    std::string der;
    const char* sentence;
  } table[] = {
      {"nothing", "", "1 to 8192 bytes"},
      {"too long", std::string(kMaxCertificateRequest + 1, '\x30'), "1 to 8192 bytes"},
      {"no DER", "-----BEGIN CERTIFICATE REQUEST-----", "not one PKCS#10"},
      {"cut off", good.substr(0, good.size() - 1), "not one PKCS#10"},
      {"something after it", good + '\0', "not one PKCS#10"},
      {"two of them", good + good, "not one PKCS#10"},
      {"a length that lies", std::string("\x30\x84\x7f\xff\xff\xff", 6), "not one PKCS#10"},
      {"indefinite lengths", std::string("\x30\x80\x00\x00", 4), "not one PKCS#10"},
      {"another's signature", RequestDer(key.get(), other.get(), EVP_sha256()),
       "not signed with its own key"},
      {"SHA-1", RequestDer(key.get(), key.get(), EVP_sha1()), "digest"},
      {"another curve", RequestDer(EcKey("secp256k1")), "unfit key"},
      {"a small curve", RequestDer(EcKey("P-224")), "unfit key"},
      {"a curve of its own making", RequestDer(ExplicitCurveKey()), "unfit key"},
      {"a short RSA key", RequestDer(RsaKey(1024)), "unfit key"},
      {"an odd RSA exponent", RequestDer(RsaKeyWithExponent(3)), "unfit key"},
      {"another kind of key", RequestDer(EdwardsKey().get(), EcKey().get(), EVP_sha256()),
       "unfit key"},
      {"a changed bit", flipped, "certificate request"},
  };
  for (const auto& [name, der, sentence] : table) {
    const auto checked = CheckCertificateRequest(der);
    EXPECT_EQ(ReasonOf(checked.status()), v1::ERROR_REASON_BAD_CERTIFICATE_REQUEST) << name;
    EXPECT_THAT(std::string(checked.status().message()), HasSubstr(sentence)) << name;
  }
}

// Each bit of a request is either part of what is signed, or of the signature, or of the
// shape that holds both together.
TEST(CertificateRequestTest, NoSingleChangedBitGetsThrough) {
  const KeyPtr key = EcKey();
  const std::string good = RequestDer(key);
  for (std::size_t i = 0; i < good.size() * 8; ++i) {
    std::string changed = good;
    changed[i / 8] = static_cast<char>(changed[i / 8] ^ (1 << (i % 8)));
    const auto checked = CheckCertificateRequest(changed);
    EXPECT_FALSE(checked.ok()) << "bit " << i;
  }
}

// -- The authority --

class IssuerTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<Issuer>> Open(bool make = true) {
    return Issuer::Open({folder_ / "ca.pem", folder_ / "ca.key", make}, absl::Now());
  }
  testing::TempDir folder_;
};

TEST_F(IssuerTest, MakesItsKeyOnceAndForItselfAlone) {
  ASSERT_TRUE(Open().ok());
  struct stat info {};
  ASSERT_EQ(stat((folder_ / "ca.key").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  const std::string key = testing::ReadFile(folder_ / "ca.key");
  const std::string certificate = testing::ReadFile(folder_ / "ca.pem");
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(testing::ReadFile(folder_ / "ca.key"), key);
  EXPECT_EQ(testing::ReadFile(folder_ / "ca.pem"), certificate);
}

// Killed between the two files.
TEST_F(IssuerTest, MakesTheCertificateAgainFromTheKey) {
  ASSERT_TRUE(Open().ok());
  const std::string key = testing::ReadFile(folder_ / "ca.key");
  unlink((folder_ / "ca.pem").c_str());
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(testing::ReadFile(folder_ / "ca.key"), key);
}

TEST_F(IssuerTest, RefusesFilesThatCannotBeRight) {
  ASSERT_TRUE(Open().ok());
  chmod((folder_ / "ca.key").c_str(), 0644);
  EXPECT_THAT(std::string(Open().status().message()), HasSubstr("chmod 600"));
  unlink((folder_ / "ca.key").c_str());
  EXPECT_THAT(std::string(Open().status().message()), HasSubstr("restore it"));
  testing::WriteFile(folder_ / "ca.key", testing::KeyPem(EcKey().get()));
  chmod((folder_ / "ca.key").c_str(), 0600);
  EXPECT_THAT(std::string(Open().status().message()), HasSubstr("not the one of"));
  EXPECT_EQ(ReasonOf(Open().status()), v1::ERROR_REASON_BAD_CONFIGURATION);
  testing::TestCa("Some CA").Issue({.name = "no-authority"}).WriteTo(folder_.path(), "ca");
  EXPECT_THAT(std::string(Open(false).status().message()), HasSubstr("no authority"));
}

TEST_F(IssuerTest, NamesTheAgentAndNothingThatTheRequestSaid) {
  const auto issuer = Open();
  ASSERT_TRUE(issuer.ok()) << issuer.status();
  const KeyPtr key = EcKey();
  const auto request = CheckCertificateRequest(RequestDer(key, "help-desk"));
  ASSERT_TRUE(request.ok());
  const auto issued =
      (*issuer)->Issue(*request->public_key, "agents/pc1", absl::Now(), absl::Hours(1));
  ASSERT_TRUE(issued.ok()) << issued.status();
  ASSERT_EQ(issued->chain.size(), 1U);
  const testing::X509Ptr certificate = testing::CertificateOf(issued->chain[0]);
  ASSERT_NE(certificate, nullptr);
  EXPECT_EQ(X509_NAME_entry_count(X509_get_subject_name(certificate.get())), 0);
  EXPECT_EQ(X509_check_private_key(certificate.get(), key.get()), 1);
  EXPECT_EQ(X509_check_ca(certificate.get()), 0);
  EXPECT_EQ(X509_get_extended_key_usage(certificate.get()), unsigned{XKU_SSL_CLIENT});
  EXPECT_TRUE((*issuer)->HasIssued(*certificate));
  EXPECT_EQ(SerialOf(*certificate), issued->serial);
  EXPECT_THAT(issued->serial, SizeIs(32));
  const testing::X509Ptr foreign = testing::CertificateOf(
      (*Issuer::Open({folder_ / "x.pem", folder_ / "x.key", true}, absl::Now()))
          ->Issue(*request->public_key, "agents/pc1", absl::Now(), absl::Hours(1))
          ->chain[0]);
  EXPECT_FALSE((*issuer)->HasIssued(*foreign)) << "same name, another key";
}

TEST_F(IssuerTest, NothingOutlivesTheAuthority) {
  ASSERT_TRUE(Open().ok());
  const auto issuer = Open();
  const auto request = CheckCertificateRequest(RequestDer(EcKey()));
  const absl::Time late = absl::Now() + absl::Hours(24 * 365 * 10 - 1);
  const auto issued = (*issuer)->Issue(*request->public_key, "agents/a", late, absl::Hours(24));
  ASSERT_TRUE(issued.ok());
  EXPECT_LT(issued->not_after, late + absl::Hours(2));
  EXPECT_FALSE((*issuer)
                   ->Issue(*request->public_key, "agents/a", late + absl::Hours(2), absl::Hours(1))
                   .ok());
}

// -- Tokens and certificates --

class EnrolmentsTest : public ::testing::Test {
 protected:
  EnrolmentsTest()
      : issuer_(*Issuer::Open({folder_ / "ca.pem", folder_ / "ca.key", true}, kStart)) {
    Restart();
  }

  // All that is known is read from the store again.
  void Restart() {
    enrolments_ = std::make_unique<Enrolments>(
        EnrolmentOptions{.clock = &clock_, .lifetime = absl::Hours(24), .max_tokens = 5}, *issuer_,
        store_);
    ASSERT_TRUE(enrolments_->Start().ok());
  }

  std::shared_ptr<Enrolments::NewToken> NewToken(const std::string& agent = "", int uses = 1) {
    v1::JoinToken wish;
    wish.set_agent(agent);
    wish.set_max_uses(uses);
    std::shared_ptr<Enrolments::NewToken> made;
    enrolments_->CreateToken(wish, "operator", [&](auto token) {
      EXPECT_TRUE(token.ok()) << token.status();
      if (token.ok()) made = *token;
    });
    return made;
  }
  std::string Token(const std::string& agent = "", int uses = 1) {
    return std::string(NewToken(agent, uses)->token.view());
  }

  absl::StatusOr<Enrolments::Enrolled> Enrol(const std::string& agent, const std::string& token,
                                             const KeyPtr& key, bool known = false) {
    absl::StatusOr<Enrolments::Enrolled> result = absl::UnknownError("not called");
    enrolments_->Enrol(agent, token, RequestDer(key), known,
                       [&](auto enrolled) { result = std::move(enrolled); });
    return result;
  }
  absl::StatusOr<Enrolments::Enrolled> Renew(const std::string& agent, const std::string& serial,
                                             const KeyPtr& key) {
    absl::StatusOr<Enrolments::Enrolled> result = absl::UnknownError("not called");
    enrolments_->Renew(agent, serial, RequestDer(key),
                       [&](auto enrolled) { result = std::move(enrolled); });
    return result;
  }
  static std::string Serial(const absl::StatusOr<Enrolments::Enrolled>& enrolled) {
    return enrolled->certificate.name().substr(enrolled->certificate.name().rfind('/') + 1);
  }
  v1::ErrorReason Check(const std::string& serial, const std::string& agent) {
    return ReasonOf(enrolments_->CheckCertificate(serial, agent));
  }
  void Revoke(const std::string& agent) {
    enrolments_->Revoke(agent, "operator", [](const auto& done) { EXPECT_TRUE(done.ok()); });
  }

  testing::TempDir folder_;
  FakeClock clock_;
  MemoryStore store_;
  const std::unique_ptr<Issuer> issuer_;
  std::unique_ptr<Enrolments> enrolments_;
};

constexpr auto kGood = v1::ERROR_REASON_UNSPECIFIED;
constexpr auto kRefused = v1::ERROR_REASON_CERTIFICATE_REFUSED;
constexpr auto kTokenRefused = v1::ERROR_REASON_JOIN_TOKEN_REFUSED;

TEST_F(EnrolmentsTest, ATokenMakesAnAgentOfAStranger) {
  const auto token = NewToken();
  EXPECT_THAT(std::string(token->token.view()), StartsWith("ilkimza-join-"));
  EXPECT_EQ(token->resource.creator(), "operator");
  const auto enrolled = Enrol("agents/pc1", std::string(token->token.view()), EcKey());
  ASSERT_TRUE(enrolled.ok()) << enrolled.status();
  EXPECT_EQ(enrolled->certificate.join_token(), token->resource.name());
  EXPECT_EQ(FromProto(enrolled->certificate.expire_time()), kStart + absl::Hours(24));
  EXPECT_EQ(Check(Serial(enrolled), "agents/pc1"), kGood);
  EXPECT_EQ(Check(Serial(enrolled), "agents/pc2"), kRefused);
  clock_.now += absl::Hours(24);
  EXPECT_EQ(Check(Serial(enrolled), "agents/pc1"), kRefused);
}

TEST_F(EnrolmentsTest, WrongUsedUpExpiredAndForeignTokensAreRefused) {
  EXPECT_EQ(ReasonOf(Enrol("agents/a", "", EcKey()).status()), kTokenRefused);
  EXPECT_EQ(ReasonOf(Enrol("agents/a", std::string(100'000, 'x'), EcKey()).status()),
            kTokenRefused);
  EXPECT_EQ(ReasonOf(Enrol("agents/a", "ilkimza-join-guess", EcKey()).status()), kTokenRefused);

  const std::string used = Token();
  ASSERT_TRUE(Enrol("agents/a", used, EcKey()).ok());
  EXPECT_THAT(std::string(Enrol("agents/b", used, EcKey()).status().message()),
              HasSubstr("used up"));

  const std::string foreign = Token("agents/c");
  EXPECT_THAT(std::string(Enrol("agents/d", foreign, EcKey()).status().message()),
              HasSubstr("another agent"));
  EXPECT_TRUE(Enrol("agents/c", foreign, EcKey()).ok()) << "a refusal is no use";

  const std::string expired = Token();
  clock_.now += kDefaultTokenLife;
  EXPECT_THAT(std::string(Enrol("agents/e", expired, EcKey()).status().message()),
              HasSubstr("expired"));
}

TEST_F(EnrolmentsTest, ARefusalNeverRepeatsTheToken) {
  const std::string guess = "ilkimza-join-0123456789";
  EXPECT_THAT(std::string(Enrol("agents/a", guess, EcKey()).status().message()),
              Not(HasSubstr(guess)));
}

TEST_F(EnrolmentsTest, ABadRequestIsNoUse) {
  const std::string token = Token();
  absl::Status status;
  enrolments_->Enrol("agents/a", token, "no request", false,
                     [&](const auto& enrolled) { status = enrolled.status(); });
  EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_BAD_CERTIFICATE_REQUEST);
  EXPECT_TRUE(Enrol("agents/a", token, EcKey()).ok());
}

// The answer got lost, and the agent asks again, also after a restart of the server.
TEST_F(EnrolmentsTest, TheSameKeyWithTheSameTokenIsOneUse) {
  const std::string token = Token();
  const KeyPtr key = EcKey();
  const auto first = Enrol("agents/a", token, key);
  ASSERT_TRUE(first.ok());
  Restart();
  const auto again = Enrol("agents/a", token, key, /*known=*/true);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(Check(Serial(first), "agents/a"), kGood);
  EXPECT_EQ(Check(Serial(again), "agents/a"), kGood);
  EXPECT_EQ(ReasonOf(Enrol("agents/a", token, EcKey(), true).status()), kTokenRefused)
      << "another key is another use";
  Revoke("agents/a");
  EXPECT_EQ(ReasonOf(Enrol("agents/a", token, key).status()), kTokenRefused)
      << "a deleted agent does not come back with its old token";
}

TEST_F(EnrolmentsTest, AnExistingAgentIsReplacedOnlyByATokenMadeForIt) {
  const std::string open = Token("", 10);
  const auto first = Enrol("agents/a", open, EcKey());
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(ReasonOf(Enrol("agents/a", open, EcKey()).status()), v1::ERROR_REASON_AGENT_EXISTS);
  EXPECT_EQ(ReasonOf(Enrol("agents/b", open, EcKey(), /*known=*/true).status()),
            v1::ERROR_REASON_AGENT_EXISTS)
      << "its certificate is another authority's";
  const auto second = Enrol("agents/a", Token("agents/a"), EcKey(), /*known=*/true);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(Check(Serial(first), "agents/a"), kRefused) << "lost with the PC";
  EXPECT_EQ(Check(Serial(second), "agents/a"), kGood);
}

TEST_F(EnrolmentsTest, ATokenOfManyUsesCountsThem) {
  const std::string token = Token("", 2);
  EXPECT_TRUE(Enrol("agents/a", token, EcKey()).ok());
  EXPECT_EQ(enrolments_->ListTokens("", 10).at(0).uses(), 1);
  Restart();
  EXPECT_TRUE(Enrol("agents/b", token, EcKey()).ok());
  EXPECT_EQ(ReasonOf(Enrol("agents/c", token, EcKey()).status()), kTokenRefused);
  EXPECT_TRUE(enrolments_->ListTokens("", 10).empty()) << "used up";
}

TEST_F(EnrolmentsTest, RenewalLeavesTheOneBeforeUntilItEnds) {
  const auto first = Enrol("agents/a", Token(), EcKey());
  ASSERT_TRUE(first.ok());
  clock_.now += absl::Hours(12);
  const KeyPtr key = EcKey();
  const auto second = Renew("agents/a", Serial(first), key);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->certificate.join_token(), "");
  EXPECT_EQ(Check(Serial(first), "agents/a"), kGood);
  EXPECT_EQ(FromProto(second->certificate.expire_time()), kStart + absl::Hours(36));
  EXPECT_TRUE(Renew("agents/a", Serial(second), key).ok()) << "with the same key";
  clock_.now += absl::Hours(12);
  EXPECT_EQ(ReasonOf(Renew("agents/a", Serial(first), EcKey()).status()), kRefused) << "it ended";
}

// Answers that get lost again and again must not cut off the agent that asks.
TEST_F(EnrolmentsTest, TheCertificateThatAsksIsNeverTheOneThatEnds) {
  const auto first = Enrol("agents/a", Token(), EcKey());
  std::vector<std::string> serials;
  for (int i = 0; i < 10; ++i) {
    const auto renewed = Renew("agents/a", Serial(first), EcKey());
    ASSERT_TRUE(renewed.ok()) << renewed.status();
    serials.push_back(Serial(renewed));
  }
  EXPECT_EQ(Check(Serial(first), "agents/a"), kGood);
  EXPECT_EQ(Check(serials.front(), "agents/a"), kRefused);
  EXPECT_EQ(Check(serials.back(), "agents/a"), kGood);
}

TEST_F(EnrolmentsTest, WhatIsRevokedStaysSoAlsoAfterARestart) {
  const auto first = Enrol("agents/a", Token(), EcKey());
  const auto other = Enrol("agents/b", Token(), EcKey());
  Revoke("agents/a");
  EXPECT_EQ(Check(Serial(first), "agents/a"), kRefused);
  EXPECT_EQ(ReasonOf(Renew("agents/a", Serial(first), EcKey()).status()), kRefused);
  Restart();
  EXPECT_EQ(Check(Serial(first), "agents/a"), kRefused);
  EXPECT_EQ(Check(Serial(other), "agents/b"), kGood);
  const auto listed = store_.ListCertificates("agents/a", 0, 10);
  ASSERT_EQ(listed->size(), 1U);
  EXPECT_EQ((*listed)[0].revoker(), "operator");
  EXPECT_EQ(FromProto((*listed)[0].revoke_time()), kStart);
}

TEST_F(EnrolmentsTest, ACertificateThatTheStoreDoesNotKnowIsNotGood) {
  const auto issued = issuer_->Issue(*EcKey(), "agents/a", kStart, absl::Hours(1));
  EXPECT_EQ(Check(issued->serial, "agents/a"), kRefused);
}

TEST_F(EnrolmentsTest, DeletedTokensAreGone) {
  const auto token = NewToken();
  absl::Status status;
  const auto keep = [&](const absl::Status& done) { status = done; };
  enrolments_->DeleteToken(token->resource.name(), keep);
  EXPECT_TRUE(status.ok());
  enrolments_->DeleteToken(token->resource.name(), keep);
  EXPECT_TRUE(absl::IsNotFound(status));
  EXPECT_EQ(ReasonOf(Enrol("agents/a", std::string(token->token.view()), EcKey()).status()),
            kTokenRefused);
}

TEST_F(EnrolmentsTest, ListsTheNewestTokenFirstAndMakesRoomForMore) {
  std::vector<std::string> names;
  for (int i = 0; i < 5; ++i) {
    clock_.now += absl::Seconds(1);
    names.insert(names.begin(), NewToken()->resource.name());
  }
  std::vector<std::string> listed;
  for (const auto& token : enrolments_->ListTokens("", 3)) listed.push_back(token.name());
  for (const auto& token : enrolments_->ListTokens(listed.back(), 3))
    listed.push_back(token.name());
  EXPECT_EQ(listed, names);
  absl::Status status;
  enrolments_->CreateToken(v1::JoinToken(), "operator",
                           [&](const auto& token) { status = token.status(); });
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  clock_.now += kDefaultTokenLife;
  EXPECT_NE(NewToken(), nullptr) << "those that have expired make room";
}

TEST_F(EnrolmentsTest, RefusesWishesThatCannotBe) {
  const auto field = [&](const v1::JoinToken& wish) {
    absl::Status status;
    enrolments_->CreateToken(wish, "operator", [&](const auto& token) { status = token.status(); });
    return MetadataOf(status)["field"];
  };
  v1::JoinToken wish;
  wish.set_agent("pc1");
  EXPECT_EQ(field(wish), "join_token.agent");
  wish.clear_agent();
  wish.set_max_uses(-1);
  EXPECT_EQ(field(wish), "join_token.max_uses");
  wish.set_max_uses(1);
  *wish.mutable_expire_time() = ToProto(kStart);
  EXPECT_EQ(field(wish), "join_token.expire_time");
  *wish.mutable_expire_time() = ToProto(kStart + absl::Hours(24 * 31));
  EXPECT_EQ(field(wish), "join_token.expire_time");
}

// The commit fails, or it worked and nobody heard of it: the same request again is right.
TEST_F(EnrolmentsTest, AFailedCommitIsAnErrorAndCanBeRepeated) {
  for (const bool but_done : {false, true}) {
    const std::string token = Token();
    const std::string agent = but_done ? "agents/b" : "agents/a";
    const KeyPtr key = EcKey();
    store_.FailNext(1, but_done);
    EXPECT_EQ(ReasonOf(Enrol(agent, token, key).status()), v1::ERROR_REASON_STORE_FAILED);
    EXPECT_TRUE(Enrol(agent, token, key).ok());
    Restart();
    EXPECT_TRUE(Enrol(agent, token, key).ok());
  }
}

TEST(EnrolmentStoreTest, KeepsDigestsAndForgetsWhatEndedLongAgo) {
  const testing::TempDir folder;
  const auto open = [&] { return *OpenSqliteStore({.path = folder / "server.db"}); };
  FakeClock clock;
  const auto issuer = *Issuer::Open({folder / "ca.pem", folder / "ca.key", true}, kStart);
  std::string token;
  std::string serial;
  {
    const auto store = open();
    Enrolments enrolments({.clock = &clock, .lifetime = absl::Hours(1)}, *issuer, *store);
    ASSERT_TRUE(enrolments.Start().ok());
    std::promise<absl::Status> done;
    v1::JoinToken wish;
    wish.set_max_uses(2);
    enrolments.CreateToken(wish, "operator", [&](const auto& made) {
      token = made->get()->token.view();
      done.set_value(made.status());
    });
    ASSERT_TRUE(done.get_future().get().ok());
    std::promise<std::string> name;
    enrolments.Enrol("agents/a", token, RequestDer(EcKey()), false,
                     [&](const auto& enrolled) { name.set_value(enrolled->certificate.name()); });
    serial = name.get_future().get().substr(std::string("agents/a/certificates/").size());
  }
  for (const char* file : {"server.db", "server.db-wal"}) {
    EXPECT_THAT(testing::ReadFile(folder / file), Not(HasSubstr(token)));
  }
  {
    const auto store = open();
    Enrolments enrolments({.clock = &clock}, *issuer, *store);
    ASSERT_TRUE(enrolments.Start().ok());
    EXPECT_TRUE(enrolments.CheckCertificate(serial, "agents/a").ok());
    EXPECT_EQ(enrolments.ListTokens("", 10).at(0).uses(), 1);
    EXPECT_EQ(store->ListCertificates("agents/a", 0, 10)->size(), 1U);
    EXPECT_EQ(store->ListCertificates("agents/b", 0, 10)->size(), 0U);
  }
  clock.now += absl::Hours(24 * 100);
  const auto store = open();
  Enrolments enrolments({.clock = &clock}, *issuer, *store);
  ASSERT_TRUE(enrolments.Start().ok());
  EXPECT_EQ(store->ListCertificates("agents/a", 0, 10)->size(), 0U);
}

}  // namespace
}  // namespace ilkimza::server
