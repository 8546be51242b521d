#include "base/tls.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>

#include "base/error.h"
#include "ilkimza/v1/journey_service.grpc.pb.h"
#include "tests/support/certificates.h"

namespace ilkimza {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

class TlsTest : public ::testing::Test {
 protected:
  TlsTest() : ca_("Test CA") {
    std::string pattern = ::testing::TempDir() + "tls_test_XXXXXX";
    folder_ = mkdtemp(pattern.data());
    std::ofstream(File("ca.pem")) << ca_.pem();
    ca_.Issue({.name = "localhost"}).WriteTo(folder_, "server");
    ca_.Issue({.name = "agent-1"}).WriteTo(folder_, "client");
    testing::TestCa("Another CA").Issue({.name = "agent-1"}).WriteTo(folder_, "stranger");
  }
  ~TlsTest() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::string File(const std::string& name) const { return folder_ + "/" + name; }
  [[nodiscard]] TlsFiles Files(const std::string& stem, const std::string& ca) const {
    return {stem.empty() ? "" : File(stem + ".pem"), stem.empty() ? "" : File(stem + ".key"),
            ca.empty() ? "" : File(ca)};
  }

  // How a call ends against a server that offers no method: UNIMPLEMENTED once
  // both sides trust each other, UNAVAILABLE where they do not.
  static grpc::StatusCode Call(const TlsFiles& server_files, const TlsFiles& client_files) {
    v1::JourneyService::Service service;
    auto server_credentials = MakeServerCredentials("localhost:0", server_files);
    EXPECT_TRUE(server_credentials.ok()) << server_credentials.status();
    int port = 0;
    grpc::ServerBuilder builder;
    builder.AddListeningPort("localhost:0", *server_credentials, &port);
    builder.RegisterService(&service);
    const auto server = builder.BuildAndStart();
    const std::string address = "localhost:" + std::to_string(port);
    auto credentials = MakeChannelCredentials(address, client_files);
    EXPECT_TRUE(credentials.ok()) << credentials.status();
    const auto stub = v1::JourneyService::NewStub(grpc::CreateChannel(address, *credentials));
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    v1::Journey journey;
    return stub->GetJourney(&context, v1::GetJourneyRequest(), &journey).error_code();
  }

  std::string Refusal(const TlsFiles& files) const {
    const auto credentials = MakeServerCredentials("0.0.0.0:443", files);
    EXPECT_EQ(ReasonOf(credentials.status()), v1::ERROR_REASON_BAD_CONFIGURATION);
    return std::string(credentials.status().message());
  }

  testing::TestCa ca_;
  std::string folder_;
};

TEST(IsLocalAddressTest, TakesOnlyLoopbackAndUnixSockets) {
  for (const char* local :
       {"unix:/run/x.sock", "unix:///run/x.sock", "unix-abstract:x", "127.0.0.1:80", "127.8.8.8:1",
        "localhost:5000", "localhost", "[::1]:80", "::1", "ipv4:127.0.0.1:80", "ipv6:[::1]:80",
        "dns:///localhost:80", "[::1]"}) {
    EXPECT_TRUE(IsLocalAddress(local)) << local;
  }
  for (const char* remote : {"0.0.0.0:80",
                             "[::]:80",
                             "10.0.0.1:80",
                             "128.0.0.1:80",
                             "example.org:443",
                             "localhost.example.org:80",
                             "127.0.0.1.example.org:80",
                             "[2001:db8::1]:80",
                             "dns:///example.org:80",
                             "dns://127.0.0.1/example.org:80",
                             "",
                             "::",
                             "127.1:80",
                             "ipv6:[::1]:80,[2001:db8::1]:80",
                             "ipv4:127.0.0.1:80,10.0.0.1:80",
                             "127.0.0.1:80,",
                             "[::1].evil.example:443",
                             "[::1",
                             "[::1]:",
                             "[::1]:80x",
                             "[::1]80",
                             "[::1]@evil.example:80",
                             "localhost:80.evil.example",
                             "127.0.0.1:80@evil.example",
                             "localhost:"}) {
    EXPECT_FALSE(IsLocalAddress(remote)) << remote;
  }
}

TEST_F(TlsTest, PlainTextIsForLocalAddressesOnly) {
  EXPECT_TRUE(MakeServerCredentials("127.0.0.1:0", {}).ok());
  EXPECT_TRUE(MakeServerCredentials("unix:/run/x.sock", {}).ok());
  EXPECT_EQ(Refusal({}),
            "0.0.0.0:443: Plain text is for loopback and unix sockets only; configure a "
            "certificate and its key for this address.");
  EXPECT_EQ(Call({}, {}), grpc::StatusCode::UNIMPLEMENTED);
}

TEST_F(TlsTest, EncryptsWithTheServersCertificate) {
  EXPECT_EQ(Call(Files("server", ""), Files("", "ca.pem")), grpc::StatusCode::UNIMPLEMENTED);
  EXPECT_EQ(Call(Files("stranger", ""), Files("", "ca.pem")), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(Call(Files("client", ""), Files("", "ca.pem")), grpc::StatusCode::UNAVAILABLE)
      << "a certificate for another name";
}

TEST_F(TlsTest, DemandsAClientCertificateWhereAClientCaIsConfigured) {
  const TlsFiles server = Files("server", "ca.pem");
  EXPECT_EQ(Call(server, Files("client", "ca.pem")), grpc::StatusCode::UNIMPLEMENTED);
  EXPECT_EQ(Call(server, Files("", "ca.pem")), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(Call(server, Files("stranger", "ca.pem")), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(TlsTest, SaysWhatIsWrongWithAFile) {
  const TlsFiles good = Files("server", "ca.pem");
  EXPECT_EQ(Refusal({good.certificate, "", ""}),
            good.certificate + ": The certificate needs its key file.");
  EXPECT_EQ(Refusal({"", good.key, ""}), good.key + ": The key needs its certificate file.");
  EXPECT_EQ(Refusal({"", "", good.ca}),
            good.ca + ": A client CA needs a server certificate and its key.");
  EXPECT_EQ(Refusal({File("none.pem"), good.key, ""}),
            File("none.pem") +
                ": The certificate cannot be read; check that it is there and its permissions.");
  EXPECT_EQ(
      Refusal({folder_, good.key, ""}),
      folder_ + ": The certificate cannot be read; check that it is there and its permissions.");
  EXPECT_EQ(Refusal({good.key, good.key, ""}),
            good.key + ": The file holds no certificate in PEM form.");
  std::ofstream(File("broken.key")) << "no key";
  chmod(File("broken.key").c_str(), 0600);
  EXPECT_EQ(Refusal({good.certificate, File("broken.key"), ""}),
            File("broken.key") +
                ": The private key is not one in PEM form, or it is encrypted; give it without a "
                "password.");
  EXPECT_EQ(Refusal({good.certificate, File("client.key"), ""}),
            File("client.key") + ": The private key is not the one of the certificate in " +
                good.certificate + ".");
  EXPECT_EQ(Refusal({good.certificate, good.key, good.key}),
            good.key + ": The CA file holds no certificate in PEM form.");
  chmod(good.key.c_str(), 0644);
  EXPECT_EQ(Refusal(good),
            good.key + ": The private key can be read or written by everybody: chmod 600 it.");
}

TEST_F(TlsTest, RefusesCertificatesOutsideTheirTime) {
  ca_.Issue({.name = "localhost", .valid_from = -7200, .valid_until = -3600})
      .WriteTo(folder_, "old");
  EXPECT_THAT(Refusal(Files("old", "")), HasSubstr("The certificate expired on "));
  ca_.Issue({.name = "localhost", .valid_from = 3600, .valid_until = 7200})
      .WriteTo(folder_, "young");
  EXPECT_THAT(Refusal(Files("young", "")), EndsWith("check the machine's clock."));
}

TEST_F(TlsTest, TellsWhenTheCertificateEnds) {
  const auto expiry = CertificateExpiry(Files("server", ""));
  ASSERT_TRUE(expiry.ok()) << expiry.status();
  EXPECT_GT(*expiry, absl::Now() + absl::Minutes(30));
  EXPECT_LT(*expiry, absl::Now() + absl::Hours(2));
  EXPECT_EQ(*CertificateExpiry({}), absl::InfiniteFuture());
}

}  // namespace
}  // namespace ilkimza
