// What the configuration file may not say.
#include "server/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/certificates.h"
#include "tests/support/process.h"

namespace ilkimza::server {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class SettingsTest : public ::testing::Test {
 protected:
  SettingsTest() {
    testing::WriteFile(folder_ / "ca.pem", ca_.pem());
    ca_.Issue({.name = "localhost"}).WriteTo(folder_.path(), "server");
  }
  // What keeps such a file from being used; empty where nothing does.
  std::string Refusal(const std::string& listen, const std::string& more) {
    testing::WriteFile(folder_ / "server.toml",
                       "listen = [\"" + listen + "\"]\n[store]\npath = \"s.db\"\n[tls]\n" +
                           "certificate_file = \"server.pem\"\nkey_file = \"server.key\"\n" + more);
    const auto settings = ReadSettings(folder_ / "server.toml");
    return std::string(settings.status().message());
  }

  testing::TempDir folder_;
  testing::TestCa ca_{"Test CA"};
};

// With TLS alone whoever calls would be an operator.
TEST_F(SettingsTest, ANetworkAddressNeedsCallersThatSayWhoTheyAre) {
  for (const char* address : {"0.0.0.0:7450", "[::]:7450", "ilkimza.example.org:7450",
                              "ipv6:[::1]:80,[2001:db8::1]:80"}) {
    EXPECT_THAT(Refusal(address, ""), AllOf(HasSubstr("server.toml:1: "), HasSubstr("'listen'"),
                                            HasSubstr(address), HasSubstr("tls.client_ca_file")));
    EXPECT_EQ(Refusal(address, "client_ca_file = \"ca.pem\"\n"), "") << address;
    EXPECT_EQ(Refusal(address, "[enrolment]\nlisten = [\"0.0.0.0:7451\"]\n"), "") << address;
  }
  for (const char* address : {"127.0.0.1:7450", "localhost:7450", "[::1]:7450"}) {
    EXPECT_EQ(Refusal(address, ""), "") << address;
  }
}

}  // namespace
}  // namespace ilkimza::server
