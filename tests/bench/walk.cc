#include "tests/bench/walk.h"

#include <memory>
#include <stop_token>
#include <utility>

#include "absl/strings/str_cat.h"
#include "portal/authorities.h"
#include "portal/conversation.h"
#include "portal/profile.h"
#include "tests/bench/measure.h"

namespace ilkimza::bench {
namespace {

using portal::Ending;
using portal::profile_v1::FieldKind;

// Those of one host, which reads them once for all its conversations.
std::shared_ptr<portal::Authorities> Trusted(const std::string& ca_file) {
  static const auto trusted = std::make_shared<portal::Authorities>(ca_file);
  return trusted;
}

class Walk {
 public:
  // `recording` may be null.
  Walk(const Stage& stage, Recording* recording)
      : stage_(stage),
        recording_(recording),
        profile_(Take(
            Take(portal::Profile::Named("kamusm"), "the profile").WithEntrance(stage.portal_url()),
            "the entrance")) {
    options_.ca_file = stage.ca_file();
    options_.authorities = Trusted(stage.ca_file());
  }

  Spent Run() {
    meter_.Start();
    conversation_ = Take(portal::Conversation::Create(profile_, options_), "a conversation");
    ResetWord();
    LogIn();
    PinPage();
    conversation_.reset();
    meter_.Stop();
    return meter_.spent();
  }

 private:
  using Values = std::vector<std::pair<FieldKind, std::string>>;

  void ResetWord() {
    Finish(v1::STEP_KIND_OPEN_WORD_RESET);
    Begin(v1::STEP_KIND_REQUEST_WORD_RESET);
    Finish(v1::STEP_KIND_REQUEST_WORD_RESET,
           {{portal::profile_v1::FIELD_KIND_NATIONAL_ID, Person::kId},
            {portal::profile_v1::FIELD_KIND_EMAIL, Person::kEmail},
            {portal::profile_v1::FIELD_KIND_CAPTCHA, ReadCaptcha()}});
    const std::string link = Away([this] { return stage_.LastMailLink(); });
    if (recording_ != nullptr) recording_->mail_link = link;
    Expect(v1::STEP_KIND_OPEN_MAIL_LINK, conversation_->OpenLink(Secret(link), never_));
    Begin(v1::STEP_KIND_SET_SECURITY_WORD);
    Finish(v1::STEP_KIND_SET_SECURITY_WORD,
           {{portal::profile_v1::FIELD_KIND_SECURITY_WORD, Person::kNewWord},
            {portal::profile_v1::FIELD_KIND_SECURITY_WORD_AGAIN, Person::kNewWord}});
  }

  void LogIn() {
    Finish(v1::STEP_KIND_OPEN_LOGIN);
    Begin(v1::STEP_KIND_LOG_IN);
    Finish(v1::STEP_KIND_LOG_IN,
           {{portal::profile_v1::FIELD_KIND_NATIONAL_ID, Person::kId},
            {portal::profile_v1::FIELD_KIND_CAPTCHA, ReadCaptcha()},
            {portal::profile_v1::FIELD_KIND_SECURITY_WORD, Person::kNewWord}});
    Begin(v1::STEP_KIND_CONFIRM_PHONE);
    Finish(v1::STEP_KIND_CONFIRM_PHONE);
    Begin(v1::STEP_KIND_ENTER_SMS_CODE);
    const std::string code = Away([this] { return stage_.LastSmsCode(); });
    if (recording_ != nullptr) recording_->sms_code = code;
    Finish(v1::STEP_KIND_ENTER_SMS_CODE, {{portal::profile_v1::FIELD_KIND_SMS_CODE, code}});
  }

  void PinPage() {
    Finish(v1::STEP_KIND_OPEN_PIN_PAGE);
    Begin(v1::STEP_KIND_READ_PIN);
    Finish(v1::STEP_KIND_READ_PIN);
    Finish(v1::STEP_KIND_DELETE_PORTAL_COPY);
    Finish(v1::STEP_KIND_LOG_OUT);
  }

  void Begin(v1::StepKind step) {
    view_ = {};
    if (const auto ending = conversation_->Begin(step, never_, view_)) Expect(step, *ending);
  }

  void Finish(v1::StepKind step, const Values& values = {}) {
    portal::Typed typed;
    for (const auto& [kind, value] : values) typed.emplace(kind, Secret(value));
    Expect(step, conversation_->Finish(step, typed, Person::kSerial, never_));
  }

  static void Expect(v1::StepKind step, const Ending& ending) {
    if (ending.outcome == v1::STEP_OUTCOME_DONE) return;
    Die(absl::StrCat("the walk ends at ", v1::StepKind_Name(step), ": ",
                     v1::ErrorReason_Name(ending.reason), " ", ending.sentence));
  }

  std::string ReadCaptcha() {
    std::string answer = Away([this] {
      return stage_.ReadCaptcha({view_.captcha.data(), view_.captcha.size()});
    });
    if (recording_ != nullptr) recording_->captchas.push_back(answer);
    return answer;
  }

  // What the holder would do; not measured, not recorded.
  template <typename Do>
  std::string Away(Do action) {
    meter_.Stop();
    if (recording_ != nullptr) CurlTap::Pause();
    std::string result = action();
    if (recording_ != nullptr) CurlTap::Resume();
    meter_.Start();
    return result;
  }

  const Stage& stage_;
  Recording* const recording_;
  const portal::Profile profile_;
  portal::BrowserOptions options_;
  const std::stop_token never_;
  Meter meter_;
  std::unique_ptr<portal::Conversation> conversation_;
  portal::View view_;
};

}  // namespace

Spent WalkMainPath(const Stage& stage) { return Walk(stage, nullptr).Run(); }

Recording RecordMainPath(const Stage& stage) {
  Recording recording;
  CurlTap tap;
  Walk(stage, &recording).Run();
  recording.exchanges = tap.Taken();
  return recording;
}

}  // namespace ilkimza::bench
