#include "agent/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/error.h"
#include "tests/support/process.h"

namespace ilkimza::agent {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

const Machine kMachine{.user = "ayse",
                       .host = "PC7",
                       .runtime_directory = "/run/user/1000",
                       .state_home = "/home/ayse/.local/state"};

absl::StatusOr<AgentConfig> Parse(std::string_view text, const Machine& machine = kMachine) {
  return ParseConfig(text, "agent.toml", machine);
}

std::string ErrorOf(std::string_view text, const Machine& machine = kMachine) {
  const absl::Status status = Parse(text, machine).status();
  EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_BAD_CONFIGURATION);
  return std::string(status.message());
}

constexpr std::string_view kLeast = "server.address = 'localhost:7443'\n";

TEST(AgentConfigTest, DefaultsFollowFromPersonAndMachine) {
  const auto config = Parse(kLeast);
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->name, "agents/ayse-pc7");
  EXPECT_EQ(config->socket, "/run/user/1000/ilkimza/agent.sock");
  EXPECT_EQ(config->state_directory, "/home/ayse/.local/state/ilkimza");
  EXPECT_EQ(config->log_level, "info");
  EXPECT_EQ(config->portal.profile, "kamusm");
  EXPECT_EQ(config->portal.entrance, "");
  EXPECT_EQ(config->server.keepalive, absl::Seconds(60));
  EXPECT_EQ(config->pin_policy.min_length, 6);
  EXPECT_FALSE(config->pkcs11.modules);
}

TEST(AgentConfigTest, EveryKeyIsTakenUp) {
  const auto config = Parse(R"(
[server]
address = "127.0.0.1:7000"
proxy = "http://proxy:3128"
keepalive = "30s"
[agent]
id = "Ayse.Yilmaz@pc-7"
socket = "/tmp/x/agent.sock"
state_directory = "/tmp/x/state"
log_level = "debug"
[portal]
profile = "./other.textproto"
entrance = "https://localhost:8443/"
ca_file = "ca.pem"
proxy = "http://portal-proxy:3128"
[pin]
min_length = 5
max_length = 8
refuse_sequences = false
refuse_repeats = false
refuse_serial_part = false
[pkcs11]
modules = ["/usr/lib/libakisp11.so", "/opt/vendor/p11.so"]
so_pin_is_puk = ["p11.so"]
)");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->server.address, "127.0.0.1:7000");
  EXPECT_EQ(config->server.proxy, "http://proxy:3128");
  EXPECT_EQ(config->server.keepalive, absl::Seconds(30));
  EXPECT_EQ(config->name, "agents/Ayse.Yilmaz@pc-7");
  EXPECT_EQ(config->socket, "/tmp/x/agent.sock");
  EXPECT_EQ(config->state_directory, "/tmp/x/state");
  EXPECT_EQ(config->log_level, "debug");
  EXPECT_EQ(config->portal.profile, "./other.textproto");
  EXPECT_EQ(config->portal.entrance, "https://localhost:8443/");
  EXPECT_THAT(config->portal.ca_file, ::testing::EndsWith("ca.pem"));
  EXPECT_EQ(config->portal.proxy, "http://portal-proxy:3128");
  EXPECT_EQ(config->pin_policy.min_length, 5);
  EXPECT_EQ(config->pin_policy.max_length, 8);
  EXPECT_FALSE(config->pin_policy.refuse_sequences);
  EXPECT_FALSE(config->pin_policy.refuse_repeats);
  EXPECT_FALSE(config->pin_policy.refuse_serial_part);
  ASSERT_TRUE(config->pkcs11.modules);
  EXPECT_THAT(*config->pkcs11.modules,
              ::testing::ElementsAre("/usr/lib/libakisp11.so", "/opt/vendor/p11.so"));
  EXPECT_THAT(config->pkcs11.so_pin_is_puk, ::testing::ElementsAre("p11.so"));
}

TEST(AgentConfigTest, MistakesNameFileLineAndKey) {
  const std::string least(kLeast);
  EXPECT_THAT(ErrorOf(least + "agnet.id = 'x'\n"),
              AllOf(HasSubstr("agent.toml:2"), HasSubstr("agnet")));
  EXPECT_THAT(ErrorOf(least + "agent.id = 'two words'\n"),
              AllOf(HasSubstr("agent.toml:2"), HasSubstr("'agent.id'")));
  EXPECT_THAT(ErrorOf(least + "agent.log_level = 'loud'\n"), HasSubstr("agent.toml:2"));
  EXPECT_THAT(ErrorOf(least + "pin.min_length = 3\n"), HasSubstr("agent.toml:2"));
  EXPECT_THAT(ErrorOf(least + "pin.min_length = 9\npin.max_length = 8\n"),
              HasSubstr("'pin.min_length'"));
  EXPECT_THAT(ErrorOf(least + "pkcs11.modules = ['libakisp11.so']\n"),
              AllOf(HasSubstr("agent.toml:2"), HasSubstr("'libakisp11.so'"),
                    HasSubstr("no absolute path")));
  EXPECT_THAT(ErrorOf("agent.id = 'x'\n"), HasSubstr("server.address"));
}

TEST(AgentConfigTest, PlainTextToAnotherMachineIsRefused) {
  EXPECT_THAT(ErrorOf("server.address = 'localhost:7443 # the server'\n"),
              AllOf(HasSubstr("agent.toml:1: 'server.address'"), HasSubstr("host:port")));
  EXPECT_THAT(ErrorOf("server.address = 'server.example.org:7443'\n"
                      "server.certificate_file = 'missing.pem'\n"
                      "server.key_file = 'missing.key'\n"),
              AllOf(HasSubstr("agent.toml:1"), HasSubstr("missing")));
}

TEST(AgentConfigTest, BareMachineNeedsToBeToldWhere) {
  Machine machine = kMachine;
  machine.runtime_directory.clear();
  EXPECT_THAT(ErrorOf(kLeast, machine), HasSubstr("'agent.socket'"));
  machine = kMachine;
  machine.state_home.clear();
  EXPECT_THAT(ErrorOf(kLeast, machine), HasSubstr("'agent.state_directory'"));
}

TEST(AgentConfigTest, ReferenceIsAConfigurationAndNamesOnlyKnownKeys) {
  const std::string text = testing::ReadFile(ILKIMZA_SOURCE_DIR "/deploy/agent.toml");
  ASSERT_TRUE(Parse(text).ok()) << Parse(text).status();
  int keys = 0;
  const std::vector<std::string> lines = absl::StrSplit(text, '\n');
  for (size_t i = 0; i < lines.size(); ++i) {
    // "#key = value", and no sentence.
    if (lines[i].size() < 2 || lines[i][0] != '#' || lines[i][1] == ' ') continue;
    ++keys;
    std::vector<std::string> changed = lines;
    changed[i] = lines[i].substr(1);
    EXPECT_THAT(std::string(Parse(absl::StrJoin(changed, "\n")).status().message()),
                Not(HasSubstr("known")))
        << lines[i];
  }
  EXPECT_EQ(keys, 23);
}

TEST(AgentConfigTest, DefaultIdsAreStableValidAndTellApart) {
  EXPECT_EQ(DefaultAgentId("ayse", "pc7"), "ayse-pc7");
  EXPECT_EQ(DefaultAgentId("AYSE", "PC7"), "ayse-pc7");
  const std::pair<std::string, std::string> people[] = {{"ayşe", "pc7"},
                                                        {"ayse", "pc7.example.org"},
                                                        {"ayse", "pc7-example-org"},
                                                        {"1", "2"},
                                                        {"", ""},
                                                        {"_", "_"},
                                                        {"ay se", "pc7"},
                                                        {"ay.se", "pc7"},
                                                        {std::string(100, 'a'), "pc7"},
                                                        {std::string(100, 'a'), "pc8"},
                                                        {"ışık", "İSTANBUL"},
                                                        {"DOMAIN\\ayse", "pc7"}};
  std::set<std::string> ids;
  for (const auto& [user, host] : people) {
    const std::string id = DefaultAgentId(user, host);
    EXPECT_TRUE(IsAgentId(id)) << id;
    EXPECT_LE(id.size(), 63u) << id;
    EXPECT_EQ(id, DefaultAgentId(user, host));
    EXPECT_TRUE(ids.insert(id).second) << id << " is not the only one";
  }
  EXPECT_THAT(DefaultAgentId("ayşe", "pc7.example.org"), StartsWith("ay-e-pc7-example-org-"));
}

TEST(AgentConfigTest, AgentIds) {
  for (const char* good : {"a", "7", "ayse-pc7", "a.b_c@d", "Ayse"}) EXPECT_TRUE(IsAgentId(good));
  for (const char* bad : {"", "-a", ".a", "a b", "a/b", "ayşe", "a\n"})
    EXPECT_FALSE(IsAgentId(bad));
  EXPECT_TRUE(IsAgentId(std::string(128, 'a')));
  EXPECT_FALSE(IsAgentId(std::string(129, 'a')));
}

}  // namespace
}  // namespace ilkimza::agent
