// `ilkimza card watch`: what comes and goes, also the service and the agent.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/clients/program_fixture.h"
#include "tests/clients/terminal.h"

namespace ilkimza::testing {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

constexpr std::chrono::milliseconds kLimit{20000};

class CardWatchTest : public ProgramTest {
 protected:
  Process Begin(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"card", "watch"});
    return Process({.command = Command(arguments),
                    .environment = Environment(),
                    .stderr_file = temp_ / "stderr"});
  }
  static Json NextJson(Process& process) {
    return Json::parse(process.ReadLine(kLimit).value_or(""), nullptr, false);
  }
  FakeAgent::World world_;
};

TEST_F(CardWatchTest, OneLineForEachChange) {
  FakeAgent& agent = StartAgent();
  Process watch = Begin({"--lang", "tr"});
  const auto next = [&] { return watch.ReadLine(kLimit).value_or("(nothing)"); };
  const std::string first = next();
  EXPECT_THAT(first, HasSubstr("Made-up reader 00 00: kart takılı"));
  EXPECT_THAT(first, HasSubstr(world_.serial));
  agent.InsertCard(false);
  EXPECT_THAT(next(), HasSubstr("boş"));
  agent.PlugReader(false);
  EXPECT_THAT(next(), HasSubstr("çıkarıldı"));
  EXPECT_THAT(next(), HasSubstr("okuyucu"));
  agent.RunService(false);
  EXPECT_THAT(next(), HasSubstr("hizmeti çalışmıyor"));
  agent.RunService(false, v1::ERROR_REASON_SMART_CARD_NOT_PERMITTED);
  EXPECT_THAT(next(), HasSubstr("izin"));
  agent.RunService(true);
  EXPECT_THAT(next(), HasSubstr("yeniden çalışıyor"));
  agent.PlugReader(true);
  EXPECT_THAT(next(), HasSubstr("Made-up reader 00 00: boş"));
  watch.Signal(SIGINT);
  EXPECT_EQ(watch.Wait(std::chrono::seconds(20)), 130);
}

TEST_F(CardWatchTest, WhoMayHoldTheCardIsNamed) {
  FakeAgent& agent = StartAgent();
  Process watch = Begin({"--lang", "en"});
  const auto next = [&] { return watch.ReadLine(kLimit).value_or("(nothing)"); };
  EXPECT_THAT(next(), HasSubstr("card present"));
  agent.HoldCard({"firefox"});
  EXPECT_THAT(next(), HasSubstr("(firefox)"));
  // One more has come, and nothing else has changed.
  agent.HoldCard({"firefox", "imzager\x1b[2J"});
  const std::string both = next();
  EXPECT_THAT(both, HasSubstr("(firefox, imzager"));
  EXPECT_EQ(both.find('\x1b'), std::string::npos);
  agent.HoldCard({});
  EXPECT_THAT(next(), HasSubstr("card present"));
  watch.Signal(SIGINT);
  EXPECT_EQ(watch.Wait(std::chrono::seconds(20)), 130);
}

TEST_F(CardWatchTest, JsonSaysWhyTheServiceDoesNotRun) {
  FakeAgent& agent = StartAgent();
  agent.RunService(false, v1::ERROR_REASON_SMART_CARD_SERVICE_MISSING);
  Process watch = Begin({"--output", "json"});
  EXPECT_EQ(NextJson(watch)["connected"], true);
  Json service = NextJson(watch);
  EXPECT_EQ(service["running"], false);
  EXPECT_EQ(service["reason"], "SMART_CARD_SERVICE_MISSING");
  // Installed meanwhile, and not started.
  agent.RunService(false);
  service = NextJson(watch);
  EXPECT_EQ(service["running"], false);
  EXPECT_EQ(service["reason"], "SMART_CARD_SERVICE_STOPPED");
  agent.RunService(true);
  service = NextJson(watch);
  EXPECT_EQ(service["running"], true);
  EXPECT_FALSE(service.contains("reason"));
  agent.HoldCard({"firefox"});
  EXPECT_EQ(NextJson(watch)["change"], "ADDED");
  const Json reader = NextJson(watch);
  EXPECT_EQ(reader["change"], "CHANGED");
  EXPECT_EQ(reader["reader"]["programs"], Json({"firefox"}));
  watch.Signal(SIGTERM);
  EXPECT_EQ(watch.Wait(std::chrono::seconds(20)), 143);
}

TEST_F(CardWatchTest, JsonGoesOnWhenTheAgentStartsAnew) {
  FakeAgent& agent = StartAgent();
  Process watch = Begin({"--output", "json"});
  EXPECT_EQ(NextJson(watch)["connected"], true);
  EXPECT_EQ(NextJson(watch)["running"], true);
  Json reader = NextJson(watch);
  EXPECT_EQ(reader["type"], "reader");
  EXPECT_EQ(reader["change"], "ADDED");
  EXPECT_EQ(reader["card"]["serial"], world_.serial);
  EXPECT_EQ(reader["card"]["family"], "AKIS_V1");
  agent.Kill();
  Json gone = NextJson(watch);
  EXPECT_EQ(gone["type"], "agent");
  EXPECT_EQ(gone["connected"], false);
  EXPECT_EQ(NextJson(watch)["change"], "REMOVED");
  agent.InsertCard(false);
  agent.Start();
  EXPECT_EQ(NextJson(watch)["connected"], true);
  EXPECT_EQ(NextJson(watch)["running"], true);
  reader = NextJson(watch);
  EXPECT_EQ(reader["change"], "ADDED");
  EXPECT_EQ(reader["reader"]["state"], "EMPTY");
  watch.Signal(SIGTERM);
  EXPECT_EQ(watch.Wait(std::chrono::seconds(20)), 143);
}

TEST_F(CardWatchTest, WaitsForAnAgentThatIsNotThereYet) {
  Process watch = Begin({"--lang", "en"});
  EXPECT_THAT(watch.ReadLine(kLimit).value_or(""), HasSubstr("does not answer"));
  StartAgent();
  EXPECT_THAT(watch.ReadLine(kLimit).value_or(""), HasSubstr("answers again"));
  EXPECT_THAT(watch.ReadLine(kLimit).value_or(""), HasSubstr("card present"));
  watch.Signal(SIGINT);
  EXPECT_EQ(watch.Wait(std::chrono::seconds(20)), 130);
}

TEST_F(CardWatchTest, AtATerminalTheTableIsDrawnInItsPlace) {
  FakeAgent& agent = StartAgent();
  auto environment = Environment();
  environment["TERM"] = "xterm-256color";
  Terminal terminal(Command({"--lang", "en", "card", "watch"}), environment);
  terminal.See("card present");
  terminal.See("Ctrl-C ends this.");
  agent.InsertCard(false);
  terminal.See("\x1b[");
  terminal.See("A\r\x1b[J");
  terminal.See("empty");
  terminal.See("There is no card in the reader.");
  terminal.Send("\x03");
  EXPECT_EQ(terminal.Exit(), 130);
}

}  // namespace
}  // namespace ilkimza::testing
