// The practice portal misbehaves. What must hold each time: the right reason,
// nothing pressed that must not be, nobody led off the portal, nothing sent twice.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "portal/conversation.h"
#include "tests/portal/ending_matchers.h"
#include "tests/portal/sandbox_portal.h"
#include "tests/portal/walk.h"

namespace ilkimza::portal {
namespace {

using ::testing::IsEmpty;
using ::testing::Not;
using Json = nlohmann::json;

constexpr auto kUnavailable = v1::STEP_OUTCOME_UNAVAILABLE;
constexpr auto kStopped = v1::STEP_OUTCOME_STOPPED;
constexpr auto kUnknown = v1::STEP_OUTCOME_UNKNOWN;

class FaultTest : public ::testing::TestWithParam<Markup> {
 protected:
  void SetUp() override { portal_.Reset(GetParam().style, GetParam().charset); }
  void TearDown() override {
    EXPECT_EQ(portal_.State()["offsite_visits"], 0);
    EXPECT_EQ(portal_.Presses("revoke:submit"), 0);
    portal_.Control("faults/clear", Json::object());
  }
  void Arm(const Json& fault) {
    EXPECT_FALSE(portal_.Control("faults", fault).contains("error")) << fault;
  }

  SandboxPortal& portal_ = SandboxPortal::Get();
};
// Each style once, each charset at least once; ConversationTest has them all.
INSTANTIATE_TEST_SUITE_P(Markups, FaultTest,
                         ::testing::Values(kMarkups[0], kMarkups[3], kMarkups[5]),
                         [](const auto& markup) { return MarkupName(markup.param); });

// ---- On the way to a page ----

struct PageFault {
  Json fault;
  v1::StepOutcome outcome;
  v1::ErrorReason reason;
};

const std::vector<PageFault>& PageFaults() {
  static const std::vector<PageFault> faults = {
      {{{"kind", "reset"}, {"times", 0}}, kUnavailable, v1::ERROR_REASON_PORTAL_UNREACHABLE},
      {{{"kind", "500"}}, kUnavailable, v1::ERROR_REASON_PORTAL_UNREACHABLE},
      {{{"kind", "503"}}, kUnavailable, v1::ERROR_REASON_PORTAL_MAINTENANCE},
      {{{"kind", "redirect_loop"}, {"times", 0}}, kStopped, v1::ERROR_REASON_TOO_MANY_REDIRECTS},
      {{{"kind", "offsite"}}, kStopped, v1::ERROR_REASON_OFF_SITE},
      {{{"kind", "offsite"}, {"to", "http"}}, kStopped, v1::ERROR_REASON_OFF_SITE},
      {{{"kind", "offsite"}, {"to", "https://evil.example/"}}, kStopped, v1::ERROR_REASON_OFF_SITE},
      {{{"kind", "bad_bytes"}}, kStopped, v1::ERROR_REASON_PAGE_UNREADABLE},
      {{{"kind", "wrong_type"}}, kStopped, v1::ERROR_REASON_PAGE_UNREADABLE},
      {{{"kind", "huge"}}, kStopped, v1::ERROR_REASON_PAGE_TOO_LARGE},
      {{{"kind", "gzip_bomb"}}, kStopped, v1::ERROR_REASON_PAGE_TOO_LARGE},
      {{{"kind", "truncated"}}, kUnavailable, v1::ERROR_REASON_PORTAL_UNREACHABLE},
      {{{"kind", "lost"}, {"times", 0}}, kUnavailable, v1::ERROR_REASON_PORTAL_UNREACHABLE},
      {{{"kind", "heading"}, {"text", "Başka Bir Ekran"}},
       kStopped,
       v1::ERROR_REASON_SCREEN_UNRECOGNISED},
  };
  return faults;
}

// A page that is only looked at may be asked for twice where a kept connection turns
// out to be dead, so those faults strike each time.
//
// Opening a page submits nothing, so whatever happens costs nothing, and the next
// try starts from the entrance.
TEST_P(FaultTest, OnTheWayToThePageOfChoices) {
  for (const PageFault& one : PageFaults()) {
    SCOPED_TRACE(one.fault.dump());
    portal_.Reset(GetParam().style, GetParam().charset);
    Json fault = one.fault;
    fault["screen"] = "verify";
    Arm(fault);
    Walk walk(portal_);
    EXPECT_ENDS(walk.Do(v1::STEP_KIND_OPEN_LOGIN), one.outcome, one.reason);
    portal_.Control("faults/clear", Json::object());
    ASSERT_DONE(walk.Do(v1::STEP_KIND_OPEN_LOGIN));
  }
}

TEST_P(FaultTest, OnTheWayToThePinPage) {
  for (const PageFault& one : PageFaults()) {
    SCOPED_TRACE(one.fault.dump());
    portal_.Reset(GetParam().style, GetParam().charset);
    Walk walk(portal_);
    ASSERT_DONE(walk.Through(v1::STEP_KIND_OPEN_LOGIN, v1::STEP_KIND_ENTER_SMS_CODE));
    Json fault = one.fault;
    fault["screen"] = "pin";
    Arm(fault);
    EXPECT_ENDS(walk.Do(v1::STEP_KIND_OPEN_PIN_PAGE), one.outcome, one.reason);
    EXPECT_EQ(portal_.AllPresses().value("pin:delete:1", 0), 0);
  }
}

// ---- On the way of a form ----

const std::vector<PageFault>& FormFaults() {
  static const std::vector<PageFault> faults = {
      {{{"kind", "reset"}}, kUnknown, v1::ERROR_REASON_SUBMISSION_UNKNOWN},
      {{{"kind", "500"}}, kUnknown, v1::ERROR_REASON_SUBMISSION_UNKNOWN},
      {{{"kind", "503"}}, kUnavailable, v1::ERROR_REASON_PORTAL_MAINTENANCE},
      {{{"kind", "lost"}}, kUnknown, v1::ERROR_REASON_SUBMISSION_UNKNOWN},
      {{{"kind", "redirect_loop"}, {"times", 0}}, kStopped, v1::ERROR_REASON_TOO_MANY_REDIRECTS},
      {{{"kind", "offsite"}}, kStopped, v1::ERROR_REASON_OFF_SITE},
      {{{"kind", "offsite"}, {"to", "http"}}, kStopped, v1::ERROR_REASON_OFF_SITE},
  };
  return faults;
}

TEST_P(FaultTest, OnTheWayOfTheLoginForm) {
  for (const PageFault& one : FormFaults()) {
    SCOPED_TRACE(one.fault.dump());
    portal_.Reset(GetParam().style, GetParam().charset);
    Walk walk(portal_);
    ASSERT_DONE(walk.Do(v1::STEP_KIND_OPEN_LOGIN));
    Json fault = one.fault;
    fault["screen"] = "login";
    fault["method"] = "POST";
    Arm(fault);
    EXPECT_ENDS(walk.Do(v1::STEP_KIND_LOG_IN), one.outcome, one.reason);
    // Not even the browser's own library sends it again.
    EXPECT_LE(portal_.Requests("POST login"), 1);
    EXPECT_LE(portal_.Presses("login:submit"), 1);
  }
}

TEST_P(FaultTest, OnTheWayOfTheDeletion) {
  for (const char* kind : {"reset", "500", "lost"}) {
    SCOPED_TRACE(kind);
    portal_.Reset(GetParam().style, GetParam().charset);
    Walk walk(portal_);
    ASSERT_DONE(walk.Through(v1::STEP_KIND_OPEN_LOGIN, v1::STEP_KIND_READ_PIN));
    Arm({{"kind", kind}, {"screen", "pin_delete"}, {"method", "POST"}});
    EXPECT_ENDS(walk.Do(v1::STEP_KIND_DELETE_PORTAL_COPY), kUnknown,
                v1::ERROR_REASON_SUBMISSION_UNKNOWN);
  }
}

// What the menu leads to: the screen that asks, its step, and the step that comes before.
struct MenuForm {
  const char* screen;
  v1::StepKind step;
  v1::StepKind before = v1::STEP_KIND_UNSPECIFIED;
};
constexpr MenuForm kMenuForms[] = {
    {"activate", v1::STEP_KIND_ACTIVATE_CERTIFICATE},
    {"contact", v1::STEP_KIND_UPDATE_INFO},
    {"unblock", v1::STEP_KIND_REQUEST_UNBLOCK},
    {"unblock_code", v1::STEP_KIND_ENTER_UNBLOCK_CODE, v1::STEP_KIND_REQUEST_UNBLOCK},
};

// Whether the portal took the form is not known. The page it stood on has been used up, so
// that the form cannot be sent again.
TEST_P(FaultTest, OnTheWayOfTheFormsBehindTheMenu) {
  for (const MenuForm& form : kMenuForms) {
    for (const char* kind : {"reset", "500", "lost"}) {
      SCOPED_TRACE(std::string(form.screen) + " " + kind);
      portal_.Reset(GetParam().style, GetParam().charset);
      Walk walk(portal_);
      ASSERT_DONE(walk.Through(v1::STEP_KIND_OPEN_LOGIN, v1::STEP_KIND_ENTER_SMS_CODE));
      if (form.before != v1::STEP_KIND_UNSPECIFIED) ASSERT_DONE(walk.Do(form.before));
      Arm({{"kind", kind}, {"screen", form.screen}, {"method", "POST"}});
      EXPECT_ENDS(walk.Do(form.step), kUnknown, v1::ERROR_REASON_SUBMISSION_UNKNOWN);
      const bool taken = std::string(kind) == "lost";
      const std::string press = std::string(form.screen) + ":submit";
      EXPECT_EQ(portal_.AllPresses().value(press, 0), taken ? 1 : 0);
      const Json before = portal_.State()["requests"];
      EXPECT_ENDS(walk.Do(form.step), v1::STEP_OUTCOME_REWIND, v1::ERROR_REASON_CONVERSATION_LOST);
      EXPECT_EQ(portal_.State()["requests"], before);
    }
  }
}

TEST_P(FaultTest, OnTheWayFromTheMenuToAPage) {
  for (const MenuForm& form : kMenuForms) {
    if (form.before != v1::STEP_KIND_UNSPECIFIED) continue;  // its page is behind a form
    for (const char* kind : {"500", "lost"}) {
      SCOPED_TRACE(std::string(form.screen) + " " + kind);
      portal_.Reset(GetParam().style, GetParam().charset);
      Walk walk(portal_);
      ASSERT_DONE(walk.Through(v1::STEP_KIND_OPEN_LOGIN, v1::STEP_KIND_ENTER_SMS_CODE));
      Arm({{"kind", kind}, {"screen", form.screen}, {"times", 0}});
      EXPECT_ENDS(walk.Do(form.step), kUnavailable, v1::ERROR_REASON_PORTAL_UNREACHABLE);
      portal_.Control("faults/clear", Json::object());
      // The menu's own form has been used up; nothing was asked, and nothing sent.
      EXPECT_ENDS(walk.Do(form.step), v1::STEP_OUTCOME_REWIND, v1::ERROR_REASON_CONVERSATION_LOST);
      EXPECT_EQ(portal_.AllPresses().value(std::string(form.screen) + ":submit", 0), 0);
    }
  }
}

// The page behind a form's redirect is a GET: it is asked for once more, and only
// then is the form's fate unknown.
TEST_P(FaultTest, ThePageBehindTheForm) {
  for (const int times : {1, 0}) {
    portal_.Reset(GetParam().style, GetParam().charset);
    Walk walk(portal_);
    ASSERT_DONE(walk.Do(v1::STEP_KIND_OPEN_LOGIN));
    Arm({{"kind", "reset"}, {"screen", "sms_confirm"}, {"times", times}});
    if (times == 1) {
      ASSERT_DONE(walk.Do(v1::STEP_KIND_LOG_IN));
    } else {
      EXPECT_ENDS(walk.Do(v1::STEP_KIND_LOG_IN), kUnknown, v1::ERROR_REASON_SUBMISSION_UNKNOWN);
    }
    EXPECT_EQ(portal_.Requests("POST login"), 1);
    portal_.Control("faults/clear", Json::object());
  }
}

TEST_P(FaultTest, AFormThatLeadsElsewhereIsNotSent) {
  for (const char* to : {"", "http", "https://evil.example/"}) {
    portal_.Reset(GetParam().style, GetParam().charset);
    Json fault = {{"kind", "offsite_form"}, {"screen", "login"}};
    if (*to != '\0') fault["to"] = to;
    Arm(fault);
    Walk walk(portal_);
    ASSERT_DONE(walk.Do(v1::STEP_KIND_OPEN_LOGIN));
    EXPECT_ENDS(walk.Do(v1::STEP_KIND_LOG_IN), kStopped, v1::ERROR_REASON_OFF_SITE);
    EXPECT_EQ(portal_.Requests("POST login"), 0);
  }
}

TEST_P(FaultTest, ACaptchaThatIsNone) {
  for (const char* kind : {"reset", "truncated", "500", "offsite"}) {
    SCOPED_TRACE(kind);
    portal_.Reset(GetParam().style, GetParam().charset);
    Walk walk(portal_);
    ASSERT_DONE(walk.Do(v1::STEP_KIND_OPEN_LOGIN));
    Arm({{"kind", kind}, {"captcha", true}, {"times", 0}});
    View view;
    const auto ending = walk.conversation().Begin(v1::STEP_KIND_LOG_IN, {}, view);
    ASSERT_TRUE(ending.has_value());
    EXPECT_NE(ending->outcome, v1::STEP_OUTCOME_DONE);
    EXPECT_TRUE(view.captcha.empty());
    portal_.Control("faults/clear", Json::object());
  }
}

// ---- Pages that are not what they were ----

struct ScreenOfStep {
  const char* screen;
  v1::StepKind before;  // the last step that is still done
  v1::StepKind step;    // the one that meets the changed page
};

// A changed heading makes every screen that is known by it unsure; nothing on it is
// touched, by the step that meets it or by the next.
TEST_P(FaultTest, AChangedHeadingLeavesThePageUntouched) {
  const ScreenOfStep screens[] = {
      {"sms_confirm", v1::STEP_KIND_OPEN_LOGIN, v1::STEP_KIND_LOG_IN},
      {"sms_code", v1::STEP_KIND_LOG_IN, v1::STEP_KIND_CONFIRM_PHONE},
      {"menu", v1::STEP_KIND_CONFIRM_PHONE, v1::STEP_KIND_ENTER_SMS_CODE},
      {"pin", v1::STEP_KIND_ENTER_SMS_CODE, v1::STEP_KIND_OPEN_PIN_PAGE},
  };
  for (const ScreenOfStep& one : screens) {
    SCOPED_TRACE(one.screen);
    portal_.Reset(GetParam().style, GetParam().charset);
    Walk walk(portal_);
    ASSERT_DONE(walk.Through(v1::STEP_KIND_OPEN_LOGIN, one.before));
    Arm({{"kind", "heading"}, {"screen", one.screen}, {"times", 0}, {"text", "Duyuru"}});
    const Ending ending = walk.Do(one.step);
    EXPECT_ENDS(ending, kStopped, v1::ERROR_REASON_SCREEN_UNRECOGNISED);
    EXPECT_EQ(ending.fingerprint.size(), 16u);
    EXPECT_THAT(ending.missing, Not(IsEmpty()));
    const Json before = portal_.State()["requests"];
    EXPECT_ENDS(walk.Do(v1::STEP_KIND_OPEN_PIN_PAGE), kStopped,
                v1::ERROR_REASON_SCREEN_UNRECOGNISED);
    EXPECT_ENDS(walk.Do(v1::STEP_KIND_LOG_OUT), kStopped, v1::ERROR_REASON_SCREEN_UNRECOGNISED);
    EXPECT_EQ(portal_.State()["requests"], before);
  }
}

TEST_P(FaultTest, TheSameStructureHasTheSameFingerprint) {
  std::string fingerprints[2];
  for (std::string& fingerprint : fingerprints) {
    portal_.Reset(GetParam().style, GetParam().charset);
    const bool first = &fingerprint == fingerprints;
    Walk walk(portal_, first ? Ayse() : Cagri());
    ASSERT_DONE(walk.Through(v1::STEP_KIND_OPEN_LOGIN, v1::STEP_KIND_CONFIRM_PHONE));
    Arm({{"kind", "heading"}, {"screen", "menu"}, {"text", first ? "Bir" : "İki"}});
    fingerprint = walk.Do(v1::STEP_KIND_ENTER_SMS_CODE).fingerprint;
  }
  EXPECT_NE(fingerprints[0], "");
  EXPECT_EQ(fingerprints[0], fingerprints[1]);
}

// Buttons are pressed by their names, wherever they stand.
TEST_P(FaultTest, ButtonsThatChangedPlaces) {
  Arm({{"kind", "swap_buttons"},
       {"screen", "menu"},
       {"times", 0},
       {"from", "PIN / PUK Bilgisi"},
       {"to", "Sertifikamı İptal Et"}});
  Arm({{"kind", "swap_buttons"},
       {"screen", "pin_delete"},
       {"times", 0},
       {"from", "Onay"},
       {"to", "Vazgeç"}});
  Walk walk(portal_);
  ASSERT_DONE(walk.Through(v1::STEP_KIND_OPEN_LOGIN, v1::STEP_KIND_DELETE_PORTAL_COPY));
  EXPECT_EQ(portal_.Presses("menu:go:revoke"), 0);
  EXPECT_FALSE(
      portal_.State()["holders"][Ayse().national_id]["cards"][Ayse().serials[0]]["pin_info"]
          .get<bool>());
}

// Where the label lies, the click goes wrong as a person's would; the page behind it
// is not the one that is expected, and nothing on it is pressed.
TEST_P(FaultTest, LabelsThatLie) {
  Arm({{"kind", "swap_labels"},
       {"screen", "menu"},
       {"from", "PIN / PUK Bilgisi"},
       {"to", "Sertifikamı İptal Et"}});
  Walk walk(portal_);
  ASSERT_DONE(walk.Through(v1::STEP_KIND_OPEN_LOGIN, v1::STEP_KIND_ENTER_SMS_CODE));
  EXPECT_EQ(walk.Do(v1::STEP_KIND_OPEN_PIN_PAGE).outcome, kStopped);
  EXPECT_EQ(portal_.Presses("revoke:submit"), 0);
  EXPECT_EQ(
      portal_.State()["holders"][Ayse().national_id]["cards"][Ayse().serials[0]]["certificate"],
      "not_activated");
  // The page of the revocation is known: it is left by its own way out.
  ASSERT_DONE(walk.Do(v1::STEP_KIND_LOG_OUT));
  EXPECT_EQ(portal_.Presses("revoke:submit"), 0);
}

TEST_P(FaultTest, LabelsThatLieOnTheDeletionPage) {
  Arm({{"kind", "swap_labels"}, {"screen", "pin_delete"}, {"from", "Onay"}, {"to", "Vazgeç"}});
  Walk walk(portal_);
  ASSERT_DONE(walk.Through(v1::STEP_KIND_OPEN_LOGIN, v1::STEP_KIND_READ_PIN));
  EXPECT_ENDS(walk.Do(v1::STEP_KIND_DELETE_PORTAL_COPY), kStopped,
              v1::ERROR_REASON_SCREEN_UNEXPECTED);
}

TEST_P(FaultTest, NoCharsetIsDeclared) {
  portal_.Control("rules", {{"charset_declared", "nowhere"}});
  Walk walk(portal_);
  const Ending ending = walk.Through(v1::STEP_KIND_OPEN_LOGIN, v1::STEP_KIND_READ_PIN);
  if (GetParam().charset == "utf-8") {  // as the profile says
    ASSERT_DONE(ending);
  } else {
    EXPECT_ENDS(ending, kStopped, v1::ERROR_REASON_PAGE_UNREADABLE);
  }
}

TEST_P(FaultTest, TheCharsetIsDeclaredInOnePlaceOnly) {
  for (const char* where : {"header", "meta"}) {
    portal_.Control("rules", {{"charset_declared", where}});
    Walk walk(portal_);
    ASSERT_DONE(walk.Through(v1::STEP_KIND_OPEN_LOGIN, v1::STEP_KIND_READ_PIN));
  }
}

// ---- Slowness ----

class SlownessTest : public FaultTest {};
INSTANTIATE_TEST_SUITE_P(Html5, SlownessTest, ::testing::Values(kMarkups[0]),
                         [](const auto& markup) { return MarkupName(markup.param); });

TEST_P(SlownessTest, APageThatDoesNotCome) {
  BrowserOptions options = portal_.browser();
  options.total_timeout = absl::Milliseconds(700);
  Walk walk(portal_, Ayse(), options);
  Arm({{"kind", "slow"}, {"screen", "verify"}, {"ms", 3000}});
  EXPECT_ENDS(walk.Do(v1::STEP_KIND_OPEN_LOGIN), kUnavailable, v1::ERROR_REASON_PORTAL_UNREACHABLE);
  Arm({{"kind", "drip"}, {"screen", "verify"}, {"ms", 50}});
  EXPECT_ENDS(walk.Do(v1::STEP_KIND_OPEN_LOGIN), kUnavailable, v1::ERROR_REASON_PORTAL_UNREACHABLE);
}

TEST_P(SlownessTest, AnAnswerThatDoesNotCome) {
  Walk patient(portal_);
  BrowserOptions options = portal_.browser();
  options.total_timeout = absl::Milliseconds(1500);
  Walk walk(portal_, Ayse(), options);
  ASSERT_DONE(walk.Do(v1::STEP_KIND_OPEN_LOGIN));
  Arm({{"kind", "slow"}, {"screen", "login"}, {"method", "POST"}, {"ms", 4000}});
  EXPECT_ENDS(walk.Do(v1::STEP_KIND_LOG_IN), kUnknown, v1::ERROR_REASON_SUBMISSION_UNKNOWN);
  EXPECT_EQ(portal_.Requests("POST login"), 1);
}

}  // namespace
}  // namespace ilkimza::portal
