#include "server/journey/plan.h"

#include <array>
#include <cstdlib>

namespace ilkimza::server {
namespace {

const std::array<v1::StepKind, 4> kResetSteps = {
    v1::STEP_KIND_OPEN_WORD_RESET, v1::STEP_KIND_REQUEST_WORD_RESET, v1::STEP_KIND_OPEN_MAIL_LINK,
    v1::STEP_KIND_SET_SECURITY_WORD};

const std::array<v1::StepKind, 2> kChipSteps = {v1::STEP_KIND_PREPARE_CHIP,
                                                v1::STEP_KIND_INSERT_CARD};

const std::array<v1::StepKind, 4> kLoginSteps = {v1::STEP_KIND_OPEN_LOGIN, v1::STEP_KIND_LOG_IN,
                                                 v1::STEP_KIND_CONFIRM_PHONE,
                                                 v1::STEP_KIND_ENTER_SMS_CODE};

// What each goal is about, between the login and the farewell.
const std::array<v1::StepKind, 7> kPinSteps = {
    v1::STEP_KIND_OPEN_PIN_PAGE, v1::STEP_KIND_READ_PIN,    v1::STEP_KIND_MATCH_CARD,
    v1::STEP_KIND_PROVE_PIN,     v1::STEP_KIND_SET_OWN_PIN, v1::STEP_KIND_DELETE_PORTAL_COPY,
    v1::STEP_KIND_TEST_SIGNATURE};
const std::array<v1::StepKind, 1> kListSteps = {v1::STEP_KIND_LIST_CERTIFICATES};
const std::array<v1::StepKind, 2> kActivateSteps = {v1::STEP_KIND_ACTIVATE_CERTIFICATE,
                                                    v1::STEP_KIND_LIST_CERTIFICATES};
const std::array<v1::StepKind, 1> kInfoSteps = {v1::STEP_KIND_UPDATE_INFO};
const std::array<v1::StepKind, 7> kUnblockSteps = {
    v1::STEP_KIND_OPEN_PIN_PAGE, v1::STEP_KIND_REQUEST_UNBLOCK, v1::STEP_KIND_ENTER_UNBLOCK_CODE,
    v1::STEP_KIND_READ_PIN,      v1::STEP_KIND_MATCH_CARD,      v1::STEP_KIND_UNBLOCK_PIN,
    v1::STEP_KIND_TEST_SIGNATURE};
const std::array<v1::StepKind, 1> kRevokeSteps = {v1::STEP_KIND_REVOKE_CERTIFICATE};
const std::array<v1::StepKind, 1> kFarewell = {v1::STEP_KIND_LOG_OUT};

constexpr bool kPortal = true, kCard = false;
constexpr bool kSkippable = true, kNever = false;

// In the order of the enum.
const std::vector<StepSpec>& Specs() {
  using P = Policy;
  static const std::vector<StepSpec> specs = {
      {v1::STEP_KIND_PREPARE_CHIP,
       kCard,
       v1::ACTOR_HOLDER,
       Needs::kNothing,
       &P::other_attempts,
       nullptr,
       kSkippable,
       {1},
       "Snap the chip out of its card",
       "Çipi karttan ayırın"},
      {v1::STEP_KIND_INSERT_CARD,
       kCard,
       v1::ACTOR_HOLDER,
       Needs::kNothing,
       &P::other_attempts,
       nullptr,
       kSkippable,
       {2},
       "Put the chip into the reader",
       "Çipi okuyucuya takın"},
      {v1::STEP_KIND_OPEN_WORD_RESET,
       kPortal,
       v1::ACTOR_PORTAL,
       Needs::kNothing,
       &P::other_attempts,
       &P::portal_deadline,
       kNever,
       {3, 4, 5},
       "Open the form for a forgotten word",
       "Sözcüğümü unuttum formunu aç"},
      {v1::STEP_KIND_REQUEST_WORD_RESET,
       kPortal,
       v1::ACTOR_HOLDER,
       Needs::kResetConversation,
       &P::wrong_id_or_email,
       &P::holder_deadline,
       kNever,
       {6},
       "Ask for the reset mail",
       "Sıfırlama e-postası isteyin"},
      {v1::STEP_KIND_OPEN_MAIL_LINK,
       kPortal,
       v1::ACTOR_HOLDER,
       Needs::kNothing,
       &P::wrong_mail_links,
       &P::mail_deadline,
       kNever,
       {7},
       "Pass on the link from the mail",
       "E-postadaki bağlantıyı verin"},
      {v1::STEP_KIND_SET_SECURITY_WORD,
       kPortal,
       v1::ACTOR_HOLDER,
       Needs::kResetConversation,
       &P::other_attempts,
       &P::holder_deadline,
       kNever,
       {8, 9},
       "Choose a new security word",
       "Yeni güvenlik sözcüğü seçin"},
      {v1::STEP_KIND_OPEN_LOGIN,
       kPortal,
       v1::ACTOR_PORTAL,
       Needs::kNothing,
       &P::other_attempts,
       &P::portal_deadline,
       kNever,
       {10, 11},
       "Open the login form",
       "Giriş formunu aç"},
      {v1::STEP_KIND_LOG_IN,
       kPortal,
       v1::ACTOR_HOLDER,
       Needs::kLoginConversation,
       &P::wrong_credentials,
       &P::holder_deadline,
       kNever,
       {12},
       "Log in",
       "Giriş yapın"},
      {v1::STEP_KIND_CONFIRM_PHONE,
       kPortal,
       v1::ACTOR_HOLDER,
       Needs::kLoginConversation,
       &P::other_attempts,
       &P::holder_deadline,
       kNever,
       {13},
       "Confirm the phone number",
       "Telefon numarasını onaylayın"},
      {v1::STEP_KIND_ENTER_SMS_CODE,
       kPortal,
       v1::ACTOR_HOLDER,
       Needs::kLoginConversation,
       &P::wrong_sms_codes,
       &P::holder_deadline,
       kNever,
       {14},
       "Enter the SMS code",
       "SMS kodunu girin"},
      {v1::STEP_KIND_OPEN_PIN_PAGE,
       kPortal,
       v1::ACTOR_PORTAL,
       Needs::kLogin,
       &P::other_attempts,
       &P::portal_deadline,
       kSkippable,
       {15},
       "Open the PIN page",
       "PIN sayfasını aç"},
      {v1::STEP_KIND_READ_PIN,
       kPortal,
       v1::ACTOR_HOLDER,
       Needs::kLogin,
       &P::other_attempts,
       &P::holder_deadline,
       kNever,
       {16},
       "Read the PIN",
       "PIN'i okuyun"},
      {v1::STEP_KIND_MATCH_CARD,
       kCard,
       v1::ACTOR_AGENT,
       Needs::kPinPage,
       nullptr,
       &P::card_deadline,
       kNever,
       {},
       "Same serial on portal and chip?",
       "Portal ve çip aynı seri no mu?"},
      {v1::STEP_KIND_PROVE_PIN,
       kCard,
       v1::ACTOR_HOLDER,
       Needs::kPinPage,
       nullptr,
       &P::card_deadline,
       kNever,
       {},
       "Prove the PIN on the card",
       "PIN'i kartta doğrulayın"},
      {v1::STEP_KIND_SET_OWN_PIN,
       kCard,
       v1::ACTOR_HOLDER,
       Needs::kPinPage,
       nullptr,
       &P::card_deadline,
       kNever,
       {},
       "Set a PIN of your own",
       "Kendi PIN'inizi belirleyin"},
      {v1::STEP_KIND_DELETE_PORTAL_COPY,
       kPortal,
       v1::ACTOR_HOLDER,
       Needs::kLogin,
       &P::other_attempts,
       &P::holder_deadline,
       kSkippable,
       {},
       "Delete the portal's copy?",
       "Portaldaki kopya silinsin mi?"},
      {v1::STEP_KIND_TEST_SIGNATURE,
       kCard,
       v1::ACTOR_HOLDER,
       Needs::kNothing,
       nullptr,
       &P::card_deadline,
       kNever,
       {},
       "Make a test signature",
       "Deneme imzası atın"},
      {v1::STEP_KIND_LOG_OUT,
       kPortal,
       v1::ACTOR_PORTAL,
       Needs::kNothingWithoutLogin,
       &P::other_attempts,
       &P::portal_deadline,
       kSkippable,
       {},
       "Log out",
       "Oturumu kapat"},
      {v1::STEP_KIND_LIST_CERTIFICATES,
       kPortal,
       v1::ACTOR_HOLDER,
       Needs::kLogin,
       &P::other_attempts,
       &P::holder_deadline,
       kNever,
       {},
       "See the certificates",
       "Sertifikalara bakın"},
      {v1::STEP_KIND_ACTIVATE_CERTIFICATE,
       kPortal,
       v1::ACTOR_HOLDER,
       Needs::kLogin,
       &P::other_attempts,
       &P::holder_deadline,
       kSkippable,
       {},
       "Activate the certificate?",
       "Sertifika kullanıma açılsın mı?"},
      {v1::STEP_KIND_UPDATE_INFO,
       kPortal,
       v1::ACTOR_HOLDER,
       Needs::kLogin,
       &P::other_attempts,
       &P::holder_deadline,
       kSkippable,
       {},
       "Change phone and mail address",
       "Telefon ve e-postayı değiştirin"},
      {v1::STEP_KIND_REQUEST_UNBLOCK,
       kPortal,
       v1::ACTOR_HOLDER,
       Needs::kLogin,
       &P::other_attempts,
       &P::holder_deadline,
       kNever,
       {},
       "Ask for the unblocking code?",
       "Kilit çözme kodu istensin mi?"},
      {v1::STEP_KIND_ENTER_UNBLOCK_CODE,
       kPortal,
       v1::ACTOR_HOLDER,
       Needs::kLogin,
       &P::wrong_sms_codes,
       &P::holder_deadline,
       kNever,
       {},
       "Enter the unblocking code",
       "Kilit çözme kodunu girin"},
      {v1::STEP_KIND_UNBLOCK_PIN,
       kCard,
       v1::ACTOR_HOLDER,
       Needs::kPinPage,
       nullptr,
       &P::card_deadline,
       kNever,
       {},
       "Unblock with the PUK",
       "PUK ile kilidi çözün"},
      {v1::STEP_KIND_REVOKE_CERTIFICATE,
       kPortal,
       v1::ACTOR_HOLDER,
       Needs::kLogin,
       &P::other_attempts,
       &P::holder_deadline,
       kSkippable,
       {},
       "Revoke the certificate for ever?",
       "Sertifika iptal edilsin mi?"},
  };
  return specs;
}

}  // namespace

const StepSpec& SpecOf(v1::StepKind kind) {
  const std::size_t index = static_cast<std::size_t>(kind) - 1;
  if (index >= Specs().size()) std::abort();
  return Specs()[index];
}

std::string StepName(v1::StepKind kind) {
  constexpr std::string_view kPrefix = "STEP_KIND_";
  const std::string& name = v1::StepKind_Name(kind);
  return name.empty() ? std::to_string(kind) : name.substr(kPrefix.size());
}

std::span<const v1::StepKind> ResetSteps() { return kResetSteps; }

std::vector<v1::StepKind> PlanOf(v1::Goal goal, bool security_word_forgotten) {
  std::vector<v1::StepKind> plan;
  const auto add = [&plan](std::span<const v1::StepKind> steps) {
    plan.insert(plan.end(), steps.begin(), steps.end());
  };
  const auto add_login = [&](std::span<const v1::StepKind> steps) {
    if (security_word_forgotten) add(kResetSteps);
    add(kLoginSteps);
    add(steps);
    add(kFarewell);
  };
  switch (goal) {
    case v1::GOAL_RESET_SECURITY_WORD:
      add(kResetSteps);
      break;
    case v1::GOAL_GET_PIN:
      add(kChipSteps);
      add_login(kPinSteps);
      break;
    case v1::GOAL_LIST_CERTIFICATES:
      add_login(kListSteps);
      break;
    case v1::GOAL_ACTIVATE_CERTIFICATE:
      add_login(kActivateSteps);
      break;
    case v1::GOAL_UPDATE_INFO:
      add_login(kInfoSteps);
      break;
    case v1::GOAL_UNBLOCK_PIN:
      add(kChipSteps);
      add_login(kUnblockSteps);
      break;
    case v1::GOAL_REVOKE_CERTIFICATE:
      add_login(kRevokeSteps);
      break;
    default:
      break;
  }
  return plan;
}

v1::Step MakeStep(v1::StepKind kind, const Policy& policy) {
  const StepSpec& spec = SpecOf(kind);
  v1::Step step;
  step.set_kind(kind);
  step.set_state(v1::STEP_STATE_PENDING);
  step.set_attempt_limit(spec.attempt_limit == nullptr ? 0 : policy.*spec.attempt_limit);
  step.mutable_guide_steps()->Assign(spec.guide_steps.begin(), spec.guide_steps.end());
  return step;
}

bool NeedsLogin(v1::StepKind kind, const v1::Facts& facts) {
  const Needs needs = SpecOf(kind).needs;
  return needs == Needs::kLogin || (needs == Needs::kPinPage && !facts.own_pin_set());
}

bool Holds(v1::StepKind kind, const v1::Facts& facts) {
  switch (kind) {
    case v1::STEP_KIND_READ_PIN:
    case v1::STEP_KIND_SET_OWN_PIN:
    case v1::STEP_KIND_REQUEST_UNBLOCK:
    case v1::STEP_KIND_ENTER_UNBLOCK_CODE:
    case v1::STEP_KIND_UNBLOCK_PIN:
      return facts.own_pin_set();
    case v1::STEP_KIND_MATCH_CARD:
      return !facts.card_serial().empty();
    case v1::STEP_KIND_PROVE_PIN:
      return facts.pin_proven();
    case v1::STEP_KIND_DELETE_PORTAL_COPY:
      return facts.portal_copy_deleted() || facts.portal_copy_kept();
    case v1::STEP_KIND_ACTIVATE_CERTIFICATE:
      return facts.certificate_activated();
    case v1::STEP_KIND_UPDATE_INFO:
      return facts.info_updated();
    case v1::STEP_KIND_REVOKE_CERTIFICATE:
      return facts.certificate_revoked();
    default:
      return false;
  }
}

bool IsDecision(v1::StepKind kind) {
  return kind == v1::STEP_KIND_ACTIVATE_CERTIFICATE || kind == v1::STEP_KIND_UPDATE_INFO ||
         kind == v1::STEP_KIND_REVOKE_CERTIFICATE;
}

v1::StepKind SafeStep(v1::StepKind kind, const v1::Facts& facts) {
  switch (SpecOf(kind).needs) {
    case Needs::kNothing:
    case Needs::kNothingWithoutLogin:
      return kind;
    case Needs::kResetConversation:
      return v1::STEP_KIND_OPEN_WORD_RESET;
    case Needs::kLoginConversation:
    case Needs::kLogin:
      return v1::STEP_KIND_OPEN_LOGIN;
    case Needs::kPinPage:
      return facts.own_pin_set() ? kind : v1::STEP_KIND_OPEN_LOGIN;
  }
  return kind;
}

v1::StepKind RewindTarget(v1::StepKind kind, v1::ErrorReason reason, const v1::Facts& facts) {
  if (kind == v1::STEP_KIND_LOG_IN && reason == v1::ERROR_REASON_WORD_FORGOTTEN) {
    return v1::STEP_KIND_OPEN_WORD_RESET;
  }
  const bool needs_another_mail =
      reason == v1::ERROR_REASON_MAIL_LINK_USED || reason == v1::ERROR_REASON_MAIL_LINK_EXPIRED ||
      reason == v1::ERROR_REASON_MAIL_NOT_RECEIVED || reason == v1::ERROR_REASON_WRONG_EMAIL;
  if (kind == v1::STEP_KIND_OPEN_MAIL_LINK && needs_another_mail) {
    return v1::STEP_KIND_OPEN_WORD_RESET;
  }
  const bool code_is_gone =
      reason == v1::ERROR_REASON_SMS_CODE_EXPIRED || reason == v1::ERROR_REASON_SMS_NOT_RECEIVED;
  if (kind == v1::STEP_KIND_ENTER_UNBLOCK_CODE && code_is_gone) {
    return v1::STEP_KIND_REQUEST_UNBLOCK;
  }
  return SafeStep(kind, facts);
}

v1::StepKind RetryTarget(v1::StepKind kind, v1::ErrorReason reason, const v1::Facts& facts) {
  if (kind == v1::STEP_KIND_OPEN_MAIL_LINK) return RewindTarget(kind, reason, facts);
  return SafeStep(kind, facts);
}

bool IsSettled(const v1::Step& step) {
  return step.state() == v1::STEP_STATE_DONE || step.state() == v1::STEP_STATE_SKIPPED;
}

bool IsClaimed(const v1::Step& step) {
  if (step.state() != v1::STEP_STATE_DONE || !step.guided()) return false;
  switch (step.kind()) {
    case v1::STEP_KIND_DELETE_PORTAL_COPY:
    case v1::STEP_KIND_ACTIVATE_CERTIFICATE:
    case v1::STEP_KIND_UPDATE_INFO:
    case v1::STEP_KIND_REVOKE_CERTIFICATE:
      return true;
    default:
      return false;
  }
}

bool IsHoldersRewind(v1::ErrorReason reason) {
  switch (reason) {
    case v1::ERROR_REASON_MAIL_LINK_USED:
    case v1::ERROR_REASON_MAIL_LINK_EXPIRED:
    case v1::ERROR_REASON_MAIL_NOT_RECEIVED:
    case v1::ERROR_REASON_SMS_CODE_EXPIRED:
    case v1::ERROR_REASON_SMS_NOT_RECEIVED:
    case v1::ERROR_REASON_WORD_FORGOTTEN:
    case v1::ERROR_REASON_PIN_NEEDED_AGAIN:
      return true;
    default:
      return false;
  }
}

}  // namespace ilkimza::server
