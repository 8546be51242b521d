// The program with virtual readers of a real smart-card service beside it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <nlohmann/json.hpp>
#include <string>

#include "tests/support/http.h"
#include "tests/support/process.h"

namespace ilkimza::sandbox {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;

constexpr char kFirst[] = "87211470000000000000";
constexpr char kSecond[] = "87211470000000000017";

class CardsTest : public ::testing::Test {
 protected:
  CardsTest()
      : program_({.command = {ILKIMZA_SANDBOX_PROGRAM, "--world",
                              std::string(ILKIMZA_SOURCE_DIR) + "/sandbox/world.json", "--vpcd",
                              "localhost:35963", "--vpcd", "localhost:35964", "--card-keys",
                              ILKIMZA_TEST_KEY_DIRECTORY, "--ca-out", folder_ / "ca.pem"},
                  .environment = {},
                  .stderr_file = folder_ / "log"}),
        control_("", "") {
    const auto line = program_.ReadLine(seconds(60));
    EXPECT_TRUE(line.has_value()) << testing::ReadFile(folder_ / "log");
    const std::string url = nlohmann::json::parse(line.value_or("{}")).value("phone_url", "");
    control_ = testing::HttpClient(url, folder_ / "ca.pem");
  }

  nlohmann::json Work(const nlohmann::json& request) const {
    return control_.Post("control/cards", request);
  }
  bool Inserted(const std::string& serial) const {
    const nlohmann::json cards = control_.Get("control/cards");
    return cards.contains(serial) && cards[serial]["inserted"] == true;
  }
  testing::TempDir folder_;
  testing::Process program_;
  testing::HttpClient control_;
};

TEST_F(CardsTest, TheFirstCardIsInTheFirstReader) {
  EXPECT_TRUE(Inserted(kFirst)) << testing::ReadFile(folder_ / "log");
  EXPECT_FALSE(Inserted(kSecond));
  EXPECT_THAT(testing::Run({"opensc-tool", "--list-readers"}, seconds(20)).output,
              HasSubstr("0    Yes"));
}

TEST_F(CardsTest, AReaderHoldsOneCardAndACardOneReader) {
  EXPECT_EQ(Work({{"serial", kSecond}, {"action", "insert"}, {"slot", 1}}),
            (nlohmann::json{{"ok", true}}));
  EXPECT_TRUE(Inserted(kSecond));
  EXPECT_FALSE(Inserted(kFirst));
  EXPECT_EQ(Work({{"serial", kFirst}, {"action", "insert"}, {"slot", 2}}),
            (nlohmann::json{{"ok", true}}));
  EXPECT_TRUE(Inserted(kSecond));
  EXPECT_TRUE(Inserted(kFirst));
  Work({{"serial", kSecond}, {"action", "remove"}});
  EXPECT_FALSE(Inserted(kSecond));
  EXPECT_TRUE(Work({{"serial", kFirst}, {"action", "insert"}, {"slot", 3}}).contains("error"));
}

TEST_F(CardsTest, ResetTakesCardsOutAndEndsCleanly) {
  EXPECT_EQ(control_.Post("control/reset", nlohmann::json::object()),
            (nlohmann::json{{"ok", true}}));
  EXPECT_FALSE(Inserted(kFirst));
  Work({{"serial", kFirst}, {"action", "insert"}});
  EXPECT_TRUE(Inserted(kFirst));
  program_.Signal(SIGTERM);
  EXPECT_EQ(program_.Wait(seconds(30)), 0);
}

}  // namespace
}  // namespace ilkimza::sandbox
