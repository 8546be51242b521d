// The operations of the made-up portal's menu.
#include "base/error.h"
#include "tests/clients/fake_world.h"

namespace ilkimza::testing {
namespace {

// Of another card, whose chip is in no reader.
constexpr char kOtherCard[] = "87211470000000000077";

v1::PortalCertificate Row(const std::string& card, const char* number,
                          v1::PortalCertificateState state, const char* words) {
  v1::PortalCertificate row;
  row.set_card_serial(card);
  row.set_serial_number(number);
  row.set_type("Nitelikli Elektronik Sertifika");
  row.set_state(state);
  row.set_state_display_name(words);
  return row;
}

}  // namespace

std::vector<v1::PortalCertificate> FakeWorld::PortalCertificates() const {
  const auto state = facts_.certificate_revoked  ? v1::PORTAL_CERTIFICATE_STATE_REVOKED
                     : facts_.certificate_active ? v1::PORTAL_CERTIFICATE_STATE_ACTIVE
                                                 : v1::PORTAL_CERTIFICATE_STATE_NOT_ACTIVATED;
  return {
      Row(facts_.serial, "A1B", state, "portal's word"),
      Row(facts_.serial, "A1E", v1::PORTAL_CERTIFICATE_STATE_REVOKED, "İptal Edildi"),
      Row(kOtherCard, "F00", v1::PORTAL_CERTIFICATE_STATE_NOT_YET_VALID, "Geçerliliği Başlamadı")};
}

bool FakeWorld::ShowMenu(v1::Screen& screen) const {
  switch (screen.step()) {
    case v1::STEP_KIND_LIST_CERTIFICATES:
      for (const v1::PortalCertificate& row : PortalCertificates()) {
        *screen.mutable_certificate_table()->add_certificates() = row;
      }
      return true;
    case v1::STEP_KIND_ACTIVATE_CERTIFICATE:
      screen.mutable_activation()->add_card_serials(facts_.serial);
      return true;
    case v1::STEP_KIND_UPDATE_INFO:
      screen.mutable_info()->set_phone(facts_.phone);
      screen.mutable_info()->set_email(facts_.email);
      return true;
    case v1::STEP_KIND_REQUEST_UNBLOCK:
      screen.mutable_unblock_request();
      return true;
    case v1::STEP_KIND_ENTER_UNBLOCK_CODE:
      screen.mutable_sms_code();
      return true;
    case v1::STEP_KIND_REVOKE_CERTIFICATE:
      screen.mutable_revocation()->add_card_serials(facts_.serial);
      screen.mutable_revocation()->add_card_serials(kOtherCard);
      return true;
    default:
      return false;
  }
}

void FakeWorld::LeaveAsItWas() {
  log_.emplace_back("left");
  StepOf(journey_->current_step()).set_reason(v1::ERROR_REASON_LEFT_AS_IT_WAS);
  Done(v1::STEP_STATE_SKIPPED);
}

absl::Status FakeWorld::AnswerInfo(const v1::InfoAnswer& answer) {
  if (answer.keep()) {
    LeaveAsItWas();
    return absl::OkStatus();
  }
  log_.emplace_back("info");
  if (answer.email().find('@') == std::string::npos) {
    Reject(v1::ERROR_REASON_BAD_CONTACT_INFO);
    return absl::OkStatus();
  }
  facts_.phone = answer.phone();
  facts_.email = answer.email();
  journey_->mutable_facts()->set_info_updated(true);
  Done();
  return absl::OkStatus();
}

absl::Status FakeWorld::AnswerRevocation(const v1::RevocationAnswer& answer) {
  if (answer.keep()) {
    LeaveAsItWas();
    return absl::OkStatus();
  }
  log_.emplace_back("revoke " + answer.card_serial());
  if (!answer.consequences_understood()) complaint_ = "revoked without being told what follows";
  if (journey_->goal() != v1::GOAL_REVOKE_CERTIFICATE) complaint_ = "revoked by another goal";
  facts_.certificate_revoked = answer.card_serial() == facts_.serial;
  journey_->mutable_facts()->set_certificate_revoked(true);
  Done();
  return absl::OkStatus();
}

void FakeWorld::GuideRevocation(v1::GuidedStep& guided) const {
  guided.clear_choices();
  guided.add_choices(confirmed_serial_.empty() ? v1::GUIDED_OUTCOME_CONFIRMED
                                               : v1::GUIDED_OUTCOME_DONE);
  guided.add_choices(v1::GUIDED_OUTCOME_SKIPPED);
  if (confirmed_serial_.empty()) {
    guided.set_asks_confirmation(true);
    guided.add_labels("Sertifikamı İptal Et");
  } else {
    guided.set_card_serial(confirmed_serial_);
    guided.add_labels("İptal Et");
  }
}

absl::Status FakeWorld::AnswerMenu(const v1::AnswerScreenRequest& answer) {
  switch (answer.answer_case()) {
    case v1::AnswerScreenRequest::kCertificateTable:
      log_.emplace_back("seen");
      Done();
      return absl::OkStatus();
    case v1::AnswerScreenRequest::kActivation:
      if (!answer.activation().activate()) {
        LeaveAsItWas();
        return absl::OkStatus();
      }
      log_.emplace_back("activate");
      facts_.certificate_active = true;
      journey_->mutable_facts()->set_certificate_activated(true);
      Done();
      return absl::OkStatus();
    case v1::AnswerScreenRequest::kInfo:
      return AnswerInfo(answer.info());
    case v1::AnswerScreenRequest::kUnblockRequest:
      log_.emplace_back(answer.unblock_request().send() ? "send" : "left");
      answer.unblock_request().send() ? Done() : StopAt(v1::ERROR_REASON_LEFT_AS_IT_WAS);
      return absl::OkStatus();
    case v1::AnswerScreenRequest::kRevocation:
      return AnswerRevocation(answer.revocation());
    default:
      return MakeError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_WRONG_ANSWER_KIND,
                       "no answer");
  }
}

}  // namespace ilkimza::testing
