// The operations of the portal's menu, over the practice portal, in every markup and
// charset.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "portal/conversation.h"
#include "tests/portal/ending_matchers.h"
#include "tests/portal/sandbox_portal.h"
#include "tests/portal/walk.h"

namespace ilkimza::portal {
namespace {

using ::testing::ElementsAreArray;
using Json = nlohmann::json;

class MenuTest : public ::testing::TestWithParam<Markup> {
 protected:
  void SetUp() override { portal_.Reset(GetParam().style, GetParam().charset); }

  Ending SignIn(Walk& walk) {
    return walk.Through(v1::STEP_KIND_OPEN_LOGIN, v1::STEP_KIND_ENTER_SMS_CODE);
  }
  void SetCertificate(const std::string& serial, Json with) {
    with["serial"] = serial;
    portal_.Control("certificate", with);
  }
  std::string CertificateOf(const Holder& holder, const std::string& serial) {
    return portal_.State()["holders"][holder.national_id]["cards"][serial]["certificate"];
  }

  SandboxPortal& portal_ = SandboxPortal::Get();
};

INSTANTIATE_TEST_SUITE_P(Markups, MenuTest, ::testing::ValuesIn(kMarkups),
                         [](const auto& markup) { return MarkupName(markup.param); });

TEST_P(MenuTest, ListsTheCertificatesOfAllCards) {
  SetCertificate(Cagri().serials[0], {{"state", "revoked"}});
  SetCertificate(Cagri().serials[1], {{"valid_from", "2020-01-31"}, {"valid_until", "2021-12-01"}});
  Walk walk(portal_, Cagri());
  ASSERT_DONE(SignIn(walk));
  ASSERT_DONE(walk.Do(v1::STEP_KIND_LIST_CERTIFICATES));
  ASSERT_EQ(walk.view.certificates.size(), 2U);
  const v1::PortalCertificate& revoked = walk.view.certificates[0];
  EXPECT_EQ(revoked.card_serial(), Cagri().serials[0]);
  EXPECT_EQ(revoked.state(), v1::PORTAL_CERTIFICATE_STATE_REVOKED);
  EXPECT_EQ(revoked.state_display_name(), "İptal Edildi");
  EXPECT_EQ(revoked.type(), "Nitelikli Elektronik Sertifika");
  EXPECT_EQ(revoked.serial_number().size(), 16U);
  const v1::PortalCertificate& expired = walk.view.certificates[1];
  EXPECT_EQ(expired.card_serial(), Cagri().serials[1]);
  EXPECT_EQ(expired.state(), v1::PORTAL_CERTIFICATE_STATE_EXPIRED);
  // Midnight in Turkey.
  EXPECT_EQ(expired.start_time().seconds(), 1580418000);
  EXPECT_EQ(expired.end_time().seconds(), 1638306000);
  ASSERT_DONE(walk.Do(v1::STEP_KIND_LOG_OUT));
  EXPECT_EQ(portal_.Requests("GET logged_out"), 1);
}

TEST_P(MenuTest, ActivatesAndListsAfterwards) {
  Walk walk(portal_);
  ASSERT_DONE(SignIn(walk));
  ASSERT_DONE(walk.Do(v1::STEP_KIND_ACTIVATE_CERTIFICATE));
  EXPECT_THAT(walk.view.serials, ElementsAreArray(Ayse().serials));
  EXPECT_EQ(CertificateOf(Ayse(), Ayse().serials[0]), "active");
  ASSERT_DONE(walk.Do(v1::STEP_KIND_LIST_CERTIFICATES));
  ASSERT_EQ(walk.view.certificates.size(), 1U);
  EXPECT_EQ(walk.view.certificates[0].state(), v1::PORTAL_CERTIFICATE_STATE_ACTIVE);
}

TEST_P(MenuTest, NothingToActivateEndsWell) {
  SetCertificate(Ayse().serials[0], {{"state", "active"}});
  Walk walk(portal_);
  ASSERT_DONE(SignIn(walk));
  EXPECT_ENDS(walk.Do(v1::STEP_KIND_ACTIVATE_CERTIFICATE), v1::STEP_OUTCOME_SKIPPED,
              v1::ERROR_REASON_NOTHING_TO_ACTIVATE);
  ASSERT_DONE(walk.Do(v1::STEP_KIND_LIST_CERTIFICATES));
  EXPECT_EQ(portal_.Presses("activate:submit"), 0);
}

TEST_P(MenuTest, ShowsAndChangesContactInformation) {
  Walk walk(portal_);
  ASSERT_DONE(SignIn(walk));
  walk.phone = "123 45 67";
  EXPECT_ENDS(walk.Do(v1::STEP_KIND_UPDATE_INFO), v1::STEP_OUTCOME_REJECTED,
              v1::ERROR_REASON_BAD_CONTACT_INFO);
  EXPECT_EQ(walk.view.phone.view(), Ayse().phone);
  EXPECT_EQ(walk.view.email.view(), Ayse().email);
  // The form that comes back holds what was typed. What is kept is what the portal has.
  walk.phone = "12";
  walk.email = "other@ornek.example";
  EXPECT_ENDS(walk.Do(v1::STEP_KIND_UPDATE_INFO), v1::STEP_OUTCOME_REJECTED,
              v1::ERROR_REASON_BAD_CONTACT_INFO);
  EXPECT_EQ(walk.view.phone.view(), Ayse().phone);
  View again;
  ASSERT_FALSE(walk.conversation().Begin(v1::STEP_KIND_UPDATE_INFO, {}, again));
  EXPECT_EQ(again.phone.view(), Ayse().phone);
  EXPECT_EQ(again.email.view(), Ayse().email);
  walk.phone = "0537 111 22 33";
  walk.email = "yeni@ornek.example";
  ASSERT_DONE(walk.Do(v1::STEP_KIND_UPDATE_INFO));
  const Json holder = portal_.State()["holders"][Ayse().national_id];
  EXPECT_EQ(holder["phone"], "5371112233");
  EXPECT_EQ(holder["email"], "yeni@ornek.example");
}

TEST_P(MenuTest, ThePukComesByCodeWhereThePinInformationIsDeleted) {
  portal_.Control("holder", {{"national_id", Cagri().national_id}, {"pin_info", false}});
  Walk walk(portal_, Cagri());
  ASSERT_DONE(SignIn(walk));
  const Ending opened = walk.Do(v1::STEP_KIND_OPEN_PIN_PAGE);
  EXPECT_EQ(opened.reason, v1::ERROR_REASON_PIN_INFO_DELETED);
  ASSERT_DONE(walk.Do(v1::STEP_KIND_REQUEST_UNBLOCK));
  walk.code = "000000";
  EXPECT_ENDS(walk.Do(v1::STEP_KIND_ENTER_UNBLOCK_CODE), v1::STEP_OUTCOME_REJECTED,
              v1::ERROR_REASON_WRONG_SMS_CODE);
  walk.code.reset();
  const Ending entered = walk.Do(v1::STEP_KIND_ENTER_UNBLOCK_CODE);
  ASSERT_DONE(entered);
  EXPECT_THAT(entered.serials, ElementsAreArray(Cagri().serials));
  const Ending read = walk.Do(v1::STEP_KIND_READ_PIN);
  ASSERT_DONE(read);
  EXPECT_THAT(read.serials, ElementsAreArray(Cagri().serials));
  ASSERT_EQ(walk.view.cards.size(), 2U);
  EXPECT_EQ(walk.view.cards[0].puk.view(), "31580642");
  EXPECT_TRUE(walk.view.cards[0].pin.empty());
  ASSERT_DONE(walk.Do(v1::STEP_KIND_LOG_OUT));
}

TEST_P(MenuTest, AnExpiredUnblockingCodeIsAskedForOnceMore) {
  portal_.Control("holder", {{"national_id", Ayse().national_id}, {"pin_info", false}});
  Walk walk(portal_);
  ASSERT_DONE(SignIn(walk));
  ASSERT_DONE(walk.Do(v1::STEP_KIND_REQUEST_UNBLOCK));
  portal_.Control("expire", {{"what", "sms"}});
  EXPECT_ENDS(walk.Do(v1::STEP_KIND_ENTER_UNBLOCK_CODE), v1::STEP_OUTCOME_REWIND,
              v1::ERROR_REASON_SMS_CODE_EXPIRED);
  ASSERT_DONE(walk.Do(v1::STEP_KIND_REQUEST_UNBLOCK));
  // No SMS has come: the page for the code stands there, and another one is asked for.
  ASSERT_DONE(walk.Do(v1::STEP_KIND_REQUEST_UNBLOCK));
  ASSERT_DONE(walk.Do(v1::STEP_KIND_ENTER_UNBLOCK_CODE));
}

TEST_P(MenuTest, TooManyWrongUnblockingCodesEndTheSession) {
  portal_.Control("rules", {{"sms_tries", 2}});
  Walk walk(portal_);
  ASSERT_DONE(SignIn(walk));
  ASSERT_DONE(walk.Do(v1::STEP_KIND_REQUEST_UNBLOCK));
  walk.code = "000000";
  EXPECT_ENDS(walk.Do(v1::STEP_KIND_ENTER_UNBLOCK_CODE), v1::STEP_OUTCOME_REJECTED,
              v1::ERROR_REASON_WRONG_SMS_CODE);
  EXPECT_ENDS(walk.Do(v1::STEP_KIND_ENTER_UNBLOCK_CODE), v1::STEP_OUTCOME_REWIND,
              v1::ERROR_REASON_SESSION_EXPIRED);
}

constexpr v1::StepKind kFromTheMenu[] = {
    v1::STEP_KIND_LIST_CERTIFICATES, v1::STEP_KIND_ACTIVATE_CERTIFICATE, v1::STEP_KIND_UPDATE_INFO,
    v1::STEP_KIND_REQUEST_UNBLOCK, v1::STEP_KIND_REVOKE_CERTIFICATE};

TEST_P(MenuTest, TheSessionExpiresAtTheMenu) {
  for (const v1::StepKind step : kFromTheMenu) {
    SCOPED_TRACE(v1::StepKind_Name(step));
    Walk walk(portal_);
    ASSERT_DONE(SignIn(walk));
    portal_.Control("expire", {{"what", "session"}});
    EXPECT_ENDS(walk.Do(step), v1::STEP_OUTCOME_REWIND, v1::ERROR_REASON_SESSION_EXPIRED);
    ASSERT_DONE(walk.Do(v1::STEP_KIND_LOG_OUT));
  }
}

// While the holder reads what they are asked: their answer reaches nobody.
TEST_P(MenuTest, TheSessionExpiresOnThePageThatAsks) {
  const Json before = portal_.State()["holders"];
  for (const v1::StepKind step :
       {v1::STEP_KIND_ACTIVATE_CERTIFICATE, v1::STEP_KIND_UPDATE_INFO,
        v1::STEP_KIND_REQUEST_UNBLOCK, v1::STEP_KIND_REVOKE_CERTIFICATE}) {
    SCOPED_TRACE(v1::StepKind_Name(step));
    Walk walk(portal_);
    ASSERT_DONE(SignIn(walk));
    ASSERT_FALSE(walk.conversation().Begin(step, {}, walk.view).has_value());
    portal_.Control("expire", {{"what", "session"}});
    walk.phone = "0537 111 22 33";
    EXPECT_ENDS(walk.Do(step), v1::STEP_OUTCOME_REWIND, v1::ERROR_REASON_SESSION_EXPIRED);
    ASSERT_DONE(walk.Do(v1::STEP_KIND_LOG_OUT));
  }
  EXPECT_EQ(portal_.State()["holders"], before);
}

TEST_P(MenuTest, TheSessionExpiresBeforeTheUnblockingCodeIsTyped) {
  Walk walk(portal_);
  ASSERT_DONE(SignIn(walk));
  ASSERT_DONE(walk.Do(v1::STEP_KIND_REQUEST_UNBLOCK));
  portal_.Control("expire", {{"what", "session"}});
  EXPECT_ENDS(walk.Do(v1::STEP_KIND_ENTER_UNBLOCK_CODE), v1::STEP_OUTCOME_REWIND,
              v1::ERROR_REASON_SESSION_EXPIRED);
  ASSERT_DONE(walk.Do(v1::STEP_KIND_LOG_OUT));
}

TEST_P(MenuTest, RevokesTheChosenCardAndNoOther) {
  Walk walk(portal_, Cagri());
  ASSERT_DONE(SignIn(walk));
  walk.card = Cagri().serials[1];
  ASSERT_DONE(walk.Do(v1::STEP_KIND_REVOKE_CERTIFICATE));
  EXPECT_THAT(walk.view.serials, ElementsAreArray(Cagri().serials));
  EXPECT_EQ(CertificateOf(Cagri(), Cagri().serials[0]), "not_activated");
  EXPECT_EQ(CertificateOf(Cagri(), Cagri().serials[1]), "revoked");
}

TEST_P(MenuTest, AButtonThatRevokesMoreIsNotPressed) {
  portal_.Control("rules", {{"one_revoke_for_all", true}});
  Walk walk(portal_, Cagri());
  ASSERT_DONE(SignIn(walk));
  EXPECT_ENDS(walk.Do(v1::STEP_KIND_REVOKE_CERTIFICATE), v1::STEP_OUTCOME_STOPPED,
              v1::ERROR_REASON_REVOKE_COVERS_OTHER_CARDS);
  EXPECT_EQ(portal_.Presses("revoke:delete:0"), 0);
  EXPECT_EQ(portal_.Presses("revoke_confirm:submit"), 0);
}

TEST_P(MenuTest, ASerialThatThePageDoesNotNameRevokesNothing) {
  Walk walk(portal_, Cagri());
  ASSERT_DONE(SignIn(walk));
  walk.card = Ayse().serials[0];
  EXPECT_ENDS(walk.Do(v1::STEP_KIND_REVOKE_CERTIFICATE), v1::STEP_OUTCOME_STOPPED,
              v1::ERROR_REASON_REVOKE_COVERS_OTHER_CARDS);
  EXPECT_EQ(portal_.Presses("revoke_confirm:submit"), 0);
}

TEST_P(MenuTest, NothingIsLeftToRevoke) {
  SetCertificate(Ayse().serials[0], {{"state", "revoked"}});
  Walk walk(portal_);
  ASSERT_DONE(SignIn(walk));
  EXPECT_ENDS(walk.Do(v1::STEP_KIND_REVOKE_CERTIFICATE), v1::STEP_OUTCOME_STOPPED,
              v1::ERROR_REASON_NOTHING_TO_REVOKE);
  ASSERT_DONE(walk.Do(v1::STEP_KIND_LOG_OUT));
}

}  // namespace
}  // namespace ilkimza::portal
