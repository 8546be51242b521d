// What a profile must be, and what is said where it is not.
#include "portal/profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "base/error.h"
#include "portal/conversation.h"

namespace ilkimza::portal {
namespace {

using testing::HasSubstr;

std::string KamuSmText() {
  std::ifstream file(KAMUSM_PROFILE, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

Profile KamuSm() { return *Profile::Named("kamusm"); }

TEST(ProfileTest, TheBuiltInOneLoads) {
  const auto profile = Profile::Named("kamusm");
  ASSERT_TRUE(profile.ok()) << profile.status();
  EXPECT_EQ(profile->name(), "kamusm");
  EXPECT_EQ(profile->entrance(), "https://www.kamusm.gov.tr/");
  EXPECT_EQ(profile->hotline(), "0262 648 18 18");
  EXPECT_EQ(profile->charset(), Charset::kUtf8);
}

// What revokes is one step's own: by its name, and where it bears a common one, by
// the screen it is confirmed on.
TEST(ProfileTest, NoOtherStepOfTheBuiltInOneMayRevoke) {
  const Profile profile = KamuSm();
  constexpr auto kRevoke = v1::STEP_KIND_REVOKE_CERTIFICATE;
  for (const char* name : {"sertifikami iptal et", "iptal et"}) {
    EXPECT_EQ(profile.ReservedFor(name), kRevoke) << name;
  }
  std::set<profile_v1::ScreenKind> fatal;
  for (const auto& move : profile.step(kRevoke)->moves) {
    if (move.submits) fatal.insert(move.on.begin(), move.on.end());
  }
  EXPECT_EQ(fatal.size(), 2U);
  for (int value = 1; value < v1::StepKind_ARRAYSIZE; ++value) {
    const auto kind = static_cast<v1::StepKind>(value);
    if (kind == kRevoke || profile.step(kind) == nullptr) continue;
    for (const auto& move : profile.step(kind)->moves) {
      for (const std::string& name : move.press->names) {
        const v1::StepKind owner = profile.ReservedFor(name);
        EXPECT_TRUE(owner == v1::STEP_KIND_UNSPECIFIED || owner == kind) << name;
      }
      for (const auto screen : move.on) {
        EXPECT_TRUE(fatal.count(screen) == 0 || move.press->id == "log_out")
            << v1::StepKind_Name(kind);
      }
    }
  }
}

TEST(ProfileTest, AProfileMayNotLendTheRevokingButtons) {
  const std::string text = KamuSmText();
  const auto broken = [&text](std::string_view from, std::string_view to) {
    std::string changed = text;
    const std::size_t at = changed.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    changed.replace(at, from.size(), to);
    return std::string(Profile::FromText(changed, "changed").status().message());
  };
  // Another step presses what leads there.
  EXPECT_THAT((broken("moves { on: SCREEN_KIND_MENU press: \"certificates\" }",
                      "moves { on: SCREEN_KIND_MENU press: \"revoke\" }")),
              HasSubstr("reserved for another step"));
  // It is not reserved any more.
  EXPECT_THAT((broken("reserved { step: STEP_KIND_REVOKE_CERTIFICATE names: "
                      "\"Sertifikamı İptal Et\"",
                      "reserved { step: STEP_KIND_REVOKE_CERTIFICATE")),
              HasSubstr("has to be reserved"));
  // Another step confirms it.
  EXPECT_THAT((broken("moves { on: SCREEN_KIND_ACTIVATION press: \"yes\"",
                      "moves { on: SCREEN_KIND_ACTIVATION on: SCREEN_KIND_REVOCATION "
                      "press: \"yes\"")),
              HasSubstr("presses a button that revokes"));
}

TEST(ProfileTest, TheHotlineIsOneLineAndTheVersionANumber) {
  const std::string rest = KamuSmText();
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = rest;
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
    return Profile::FromText(text, "changed");
  };
  const std::string hotline = "hotline: \"0262 648 18 18\"";
  EXPECT_THAT(std::string(with(hotline, "hotline: \"0262\\n648\"").status().message()),
              HasSubstr("hotline has to be one line"));
  const std::string longest(64, '1');
  EXPECT_TRUE(with(hotline, "hotline: \"" + longest + "\"").ok());
  EXPECT_FALSE(with(hotline, "hotline: \"" + longest + "1\"").ok());
  EXPECT_TRUE(with(hotline, "").ok()) << "nobody has to have one";
  EXPECT_THAT(std::string(with("version: 1", "version: -1").status().message()),
              HasSubstr("version has to be"));
  EXPECT_EQ(with("version: 1", "version: 7")->version(), 7);
  EXPECT_EQ(with("version: 1", "")->version(), 0);
}

// Ids are the profile's own: none of them means anything to the code.
TEST(ProfileTest, AButtonMayHaveAnyId) {
  std::string text = KamuSmText();
  const Profile built_in = KamuSm();
  for (const auto& button : built_in.buttons()) {
    const std::string id = '"' + button.id + '"';
    for (std::size_t at = text.find(id); at != std::string::npos; at = text.find(id, at + 1)) {
      text.replace(at, id.size(), "\"x_" + button.id + '"');
    }
  }
  const auto profile = Profile::FromText(text, "renamed");
  ASSERT_TRUE(profile.ok()) << profile.status();
  EXPECT_EQ(profile->button("menu"), nullptr);
  EXPECT_NE(profile->button("x_menu"), nullptr);
}

// What another portal does not have is left out of its profile.
TEST(ProfileTest, StepsOfTheMenuMayBeLeftOut) {
  const auto profile = Profile::Named("ornek");
  ASSERT_TRUE(profile.ok()) << profile.status();
  EXPECT_EQ(profile->step(v1::STEP_KIND_LIST_CERTIFICATES), nullptr);
  const auto lacking = LeftOut(*profile, v1::STEP_KIND_LIST_CERTIFICATES);
  ASSERT_TRUE(lacking);
  EXPECT_EQ(lacking->outcome, v1::STEP_OUTCOME_STOPPED);
  EXPECT_THAT(lacking->sentence,
              testing::AllOf(HasSubstr("ornek"), HasSubstr("LIST_CERTIFICATES")));
  const auto absent = LeftOut(*profile, v1::STEP_KIND_CONFIRM_PHONE);
  ASSERT_TRUE(absent);
  EXPECT_EQ(absent->outcome, v1::STEP_OUTCOME_DONE);
  EXPECT_FALSE(LeftOut(*profile, v1::STEP_KIND_LOG_IN));
}

TEST(ProfileTest, AnotherEntranceReplacesTheHosts) {
  const auto profile = KamuSm().WithEntrance("https://localhost:8443/");
  ASSERT_TRUE(profile.ok()) << profile.status();
  EXPECT_EQ(profile->entrance(), "https://localhost:8443/");
  EXPECT_TRUE(profile->origins().Allows(*ParseAddress("", "https://LOCALHOST:8443/x?y")));
  EXPECT_FALSE(profile->origins().Allows(*ParseAddress("", "https://localhost/")));
  EXPECT_FALSE(profile->origins().Allows(*ParseAddress("", "https://www.kamusm.gov.tr/")));
  EXPECT_NE(profile->step(v1::STEP_KIND_LOG_IN), nullptr);
}

TEST(ProfileTest, AnEntranceIsHttps) {
  for (const char* entrance : {"http://localhost:8443/", "localhost", "", "https://a:b@c/"}) {
    const auto profile = KamuSm().WithEntrance(entrance);
    EXPECT_EQ(ReasonOf(profile.status()), v1::ERROR_REASON_BAD_CONFIGURATION) << entrance;
  }
}

TEST(ProfileTest, AnUnknownNameSaysWhichThereAre) {
  const auto profile = Profile::Named("tubitak");
  EXPECT_EQ(ReasonOf(profile.status()), v1::ERROR_REASON_BAD_CONFIGURATION);
  EXPECT_THAT(std::string(profile.status().message()),
              testing::AllOf(HasSubstr("\"kamusm\""), HasSubstr("\"ornek\"")));
  EXPECT_EQ(ReasonOf(Profile::Named("/nowhere/x.textproto").status()),
            v1::ERROR_REASON_BAD_CONFIGURATION);
}

constexpr char kHead[] = R"(
  name: "small" entrance: "https://a.example/" hosts: "a.example" charset: "utf-8"
  fields { kind: FIELD_KIND_CAPTCHA names: "Resimdeki Yazı" }
  buttons { id: "go" names: "Git" }
  buttons { id: "revoke" names: "İptal Et" }
  never_press: "iptal et"
  screens { kind: SCREEN_KIND_ENTRANCE buttons: "go" }
)";

struct Wrong {
  std::string text;
  std::string says;
};

class WrongProfileTest : public testing::TestWithParam<Wrong> {};

TEST_P(WrongProfileTest, IsRefusedWithItsReason) {
  const auto profile = Profile::FromText(GetParam().text, "small");
  EXPECT_EQ(ReasonOf(profile.status()), v1::ERROR_REASON_BAD_CONFIGURATION);
  EXPECT_THAT(std::string(profile.status().message()), HasSubstr(GetParam().says));
}

std::string With(const std::string& more) { return kHead + more; }

INSTANTIATE_TEST_SUITE_P(
    Table, WrongProfileTest,
    testing::Values(
        Wrong{"name: \"x\"\ncolour: 1", "line 2"}, Wrong{"name: \"X y\"", "name has to be"},
        Wrong{R"(name: "x" hosts: "a/b")", "no host"}, Wrong{R"(name: "x")", "names no host"},
        Wrong{R"(name: "x" hosts: "a" entrance: "https://b/")", "entrance"},
        Wrong{R"(name: "x" hosts: "a" entrance: "http://a/")", "entrance"},
        Wrong{R"(name: "x" hosts: "a" entrance: "https://a/" charset: "koi8-r")", "charset"},
        Wrong{With("fields { kind: FIELD_KIND_CAPTCHA names: 'x' }"), "given twice"},
        Wrong{With("fields { kind: FIELD_KIND_EMAIL }"), "has no name"},
        Wrong{With("buttons { id: 'go' names: 'x' }"), "given twice"},
        Wrong{With("values { kind: VALUE_KIND_PIN labels: 'PIN' min_digits: 5 max_digits: 4 }"),
              "min_digits"},
        // Nine digits and more do not fit a number of seconds.
        Wrong{With("values { kind: VALUE_KIND_SECONDS_LEFT labels: 'x' min_digits: 1 "
                   "max_digits: 12 }"),
              "1 to 6 digits"},
        Wrong{With("values { kind: VALUE_KIND_SECONDS_LEFT labels: 'x' max_digits: 6 }"),
              "1 to 6 digits"},
        Wrong{With("values { kind: VALUE_KIND_SECONDS_LEFT labels: 'x' }"), "1 to 6 digits"},
        Wrong{With("screens { kind: SCREEN_KIND_MENU }"), "fits any page"},
        Wrong{With("screens { kind: SCREEN_KIND_ENTRANCE buttons: 'go' }"), "given twice"},
        Wrong{With("screens { kind: SCREEN_KIND_MENU buttons: 'stay' }"), "names a button"},
        Wrong{With("screens { kind: SCREEN_KIND_MENU fields: FIELD_KIND_EMAIL }"), "needs a field"},
        Wrong{With("messages { reason: ERROR_REASON_WRONG_CAPTCHA }"), "empty sentence"},
        Wrong{With("steps { kind: STEP_KIND_PROVE_PIN }"), "no step of a portal"},
        Wrong{With("steps { kind: STEP_KIND_OPEN_LOGIN moves { on: SCREEN_KIND_ENTRANCE press: "
                   "'revoke' } }"),
              "never_press forbids"},
        Wrong{
            With("steps { kind: STEP_KIND_OPEN_LOGIN moves { on: SCREEN_KIND_MENU press: 'go' } }"),
            "lacks"},
        Wrong{With("steps { kind: STEP_KIND_LOG_IN moves { on: SCREEN_KIND_ENTRANCE press: 'go' "
                   "fill: FIELD_KIND_CAPTCHA } }"),
              "without submitting"},
        Wrong{With("buttons { id: 'either' names: 'x' any: true } steps { kind: STEP_KIND_LOG_IN "
                   "moves { on: SCREEN_KIND_ENTRANCE press: 'either' submits: true } }"),
              "submits by \"either\", which is `any`"},
        Wrong{With("buttons { id: 'either' names: 'x' any: true } steps { kind: STEP_KIND_LOG_IN "
                   "new_captcha: 'either' }"),
              "new_captcha \"either\", which is `any`"},
        Wrong{With("steps { kind: STEP_KIND_LOG_IN ends: SCREEN_KIND_MENU }"), "lacks"},
        Wrong{With("steps { kind: STEP_KIND_LOG_IN absent: true }"), "cannot be absent"},
        Wrong{With("steps { kind: STEP_KIND_CONFIRM_PHONE absent: true fresh: true }"),
              "does something all the same"},
        Wrong{With("steps { kind: STEP_KIND_CONFIRM_PHONE absent: true "
                   "moves { on: SCREEN_KIND_ENTRANCE press: 'go' } }"),
              "does something all the same"},
        Wrong{With("fields { kind: FIELD_KIND_SMS_CODE names: 'x' } "
                   "steps { kind: STEP_KIND_LOG_IN moves { on: SCREEN_KIND_ENTRANCE press: 'go' "
                   "fill: FIELD_KIND_SMS_CODE submits: true } }"),
              "FIELD_KIND_SMS_CODE, which is not asked for"},
        Wrong{With("steps { kind: STEP_KIND_LOG_OUT }"), "is missing"}));

}  // namespace
}  // namespace ilkimza::portal
