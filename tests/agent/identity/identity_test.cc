// The agent's key and certificate on disk: whole or not there, and never a wrong one.
#include "agent/identity/identity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/x509.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/time/clock.h"
#include "agent/identity/enrolment.h"
#include "base/error.h"
#include "tests/support/certificates.h"
#include "tests/support/process.h"

namespace ilkimza::agent {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// The public key of a request, in DER.
std::string KeyOf(const std::string& request_der) {
  const auto* at = reinterpret_cast<const unsigned char*>(request_der.data());
  X509_REQ* request = d2i_X509_REQ(nullptr, &at, static_cast<long>(request_der.size()));
  EVP_PKEY* key = X509_REQ_get0_pubkey(request);
  EXPECT_EQ(X509_REQ_verify(request, key), 1);
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  std::string text(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  X509_REQ_free(request);
  return text;
}

class IdentityTest : public ::testing::Test {
 protected:
  std::unique_ptr<IdentityRequest> Begin() {
    auto request = IdentityRequest::Begin(directory_);
    EXPECT_TRUE(request.ok()) << request.status();
    return request.ok() ? *std::move(request) : nullptr;
  }
  // As the server answers a request, with whatever the wish says.
  CertificateAnswer Answer(const std::string& request, testing::CertificateWish wish) {
    const testing::TestCa other("Server CA");
    testing::WriteFile(temp_ / "leaf.pem", ca_.IssueFor(KeyOf(request), wish));
    testing::WriteFile(temp_ / "server-ca.pem", other.pem());
    return {*ReadCertificates(temp_ / "leaf.pem"), *ReadCertificates(temp_ / "server-ca.pem")};
  }
  absl::Status Install(const testing::CertificateWish& wish) {
    const auto request = Begin();
    return request->Install(Answer(*request->Der(), wish), "agents/pc1", absl::Now());
  }
  std::string Pair() const { return testing::ReadFile(IdentityFile(directory_)); }

  testing::TempDir temp_;
  const std::string directory_ = temp_ / "identity";
  const testing::TestCa ca_{"Agents' CA"};
  const testing::CertificateWish good_ = {.name = "x", .uri = "agents/pc1"};
};

TEST_F(IdentityTest, KeyAndCertificateAreOneFileForTheirOwnerAlone) {
  ASSERT_TRUE(Install(good_).ok());
  struct stat info {};
  ASSERT_EQ(stat(directory_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700U);
  ASSERT_EQ(stat(IdentityFile(directory_).c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  EXPECT_NE(access((directory_ + "/next.key").c_str(), F_OK), 0);
  const TlsFiles files = WithIdentity({}, directory_);
  EXPECT_EQ(files.certificate, files.key);
  EXPECT_EQ(files.ca, ServerCaFile(directory_));
  EXPECT_TRUE(MakeChannelCredentials("example.org:1", files).ok());
  EXPECT_TRUE(CertificateExpiry(files).ok());
  const auto life = LifeOf(files.certificate);
  ASSERT_TRUE(life.ok());
  EXPECT_LT(life->not_before, absl::Now());
  EXPECT_GT(life->not_after, absl::Now());
}

TEST_F(IdentityTest, WhatTheConfigurationNamesComesFirst) {
  ASSERT_TRUE(Install(good_).ok());
  TlsFiles configured;
  configured.ca = "/etc/ca.pem";
  EXPECT_EQ(WithIdentity(configured, directory_).ca, "/etc/ca.pem");
  configured.certificate = "/etc/agent.pem";
  EXPECT_EQ(WithIdentity(configured, directory_).certificate, "/etc/agent.pem");
  EXPECT_EQ(WithIdentity({}, temp_ / "nowhere").certificate, "");
  EXPECT_EQ(WithIdentity({}, "").certificate, "");
}

// Killed after the request was sent: the same key asks again.
TEST_F(IdentityTest, AKeyWithoutAnAnswerIsUsedAgain) {
  const std::string first = KeyOf(*Begin()->Der());
  EXPECT_EQ(KeyOf(*Begin()->Der()), first);
  ASSERT_TRUE(Install(good_).ok());
  EXPECT_NE(KeyOf(*Begin()->Der()), first) << "a renewal has a new one";
  testing::WriteFile(directory_ + "/next.key", "-----BEGIN PRI");
  EXPECT_NE(KeyOf(*Begin()->Der()), first) << "damaged: another one is made";
}

TEST_F(IdentityTest, OneProcessAtATime) {
  const auto first = Begin();
  EXPECT_EQ(IdentityRequest::Begin(directory_).status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(IdentityTest, RefusesADirectoryThatOthersMayEnter) {
  ASSERT_EQ(mkdir(directory_.c_str(), 0755), 0);
  chmod(directory_.c_str(), 0755);
  EXPECT_EQ(ReasonOf(IdentityRequest::Begin(directory_).status()),
            v1::ERROR_REASON_BAD_CONFIGURATION);
}

TEST_F(IdentityTest, AnAnswerThatCannotBeUsedLeavesTheOldPair) {
  ASSERT_TRUE(Install(good_).ok());
  const std::string before = Pair();
  const struct {
    const char* name;
    testing::CertificateWish wish;
    const char* sentence;
  } table[] = {
      {"another agent's", {.name = "x", .uri = "agents/pc2"}, "does not name agents/pc1"},
      {"a DNS name alone", {.name = "agents/pc1"}, "does not name agents/pc1"},
      {"expired", {.name = "x", .uri = "agents/pc1", .valid_until = -1}, "clock"},
      {"not yet valid", {.name = "x", .uri = "agents/pc1", .valid_from = 60}, "clock"},
  };
  for (const auto& [name, wish, sentence] : table) {
    const absl::Status status = Install(wish);
    EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_BAD_CERTIFICATE_REQUEST) << name;
    EXPECT_THAT(std::string(status.message()), HasSubstr(sentence)) << name;
  }
  const auto request = Begin();
  const auto refused = [&](const CertificateAnswer& answer) {
    return ReasonOf(request->Install(answer, "agents/pc1", absl::Now())) ==
           v1::ERROR_REASON_BAD_CERTIFICATE_REQUEST;
  };
  CertificateAnswer answer = Answer(*request->Der(), good_);
  EXPECT_TRUE(refused({}));
  EXPECT_TRUE(refused({{"garbage"}, {}}));
  EXPECT_TRUE(refused({answer.chain, {"garbage"}}));
  EXPECT_TRUE(refused({{std::string(20'000, 'x')}, {}}));
  EXPECT_TRUE(refused({std::vector<std::string>(9, answer.chain[0]), {}}));
  testing::WriteFile(temp_ / "foreign.pem",
                     ca_.Issue({.name = "x", .uri = "agents/pc1"}).certificate_pem);
  EXPECT_TRUE(refused({*ReadCertificates(temp_ / "foreign.pem"), {}})) << "another key's";
  EXPECT_EQ(Pair(), before);
  EXPECT_TRUE(request->Install(answer, "agents/pc1", absl::Now()).ok());
  EXPECT_NE(Pair(), before);
}

TEST_F(IdentityTest, ADamagedFileIsSaid) {
  ASSERT_TRUE(Install(good_).ok());
  EXPECT_TRUE(absl::IsNotFound(LifeOf(temp_ / "nothing").status()));
  testing::WriteFile(IdentityFile(directory_), "damaged");
  EXPECT_EQ(ReasonOf(LifeOf(IdentityFile(directory_)).status()),
            v1::ERROR_REASON_BAD_CONFIGURATION);
}

// -- Join tokens --

TEST_F(IdentityTest, ReadsATokenFromAFileThatOnlyItsOwnerCanRead) {
  const std::string file = temp_ / "token";
  testing::WriteFile(file, "  ilkimza-join-abc\r\n\n");
  chmod(file.c_str(), 0600);
  const auto token = ReadJoinToken(file);
  ASSERT_TRUE(token.ok()) << token.status();
  EXPECT_EQ(token->view(), "ilkimza-join-abc");
  chmod(file.c_str(), 0640);
  EXPECT_THAT(std::string(ReadJoinToken(file).status().message()), HasSubstr("chmod 600"));
  chmod(file.c_str(), 0600);
  testing::WriteFile(file, " \n");
  EXPECT_THAT(std::string(ReadJoinToken(file).status().message()), HasSubstr("no join token"));
  testing::WriteFile(file, std::string(2000, 'x'));
  const absl::Status too_long = ReadJoinToken(file).status();
  EXPECT_EQ(ReasonOf(too_long), v1::ERROR_REASON_BAD_FIELD);
  EXPECT_THAT(std::string(too_long.message()), Not(HasSubstr("xxxx")));
  EXPECT_FALSE(ReadJoinToken(temp_ / "nothing").ok());
}

TEST_F(IdentityTest, NoTokenIsSentInPlainText) {
  const ServerEndpoint door{.address = "127.0.0.1:1"};
  EXPECT_EQ(ReasonOf(Enrol(door, "agents/pc1", Secret(std::string_view("x")), directory_).status()),
            v1::ERROR_REASON_BAD_CONFIGURATION);
}

}  // namespace
}  // namespace ilkimza::agent
