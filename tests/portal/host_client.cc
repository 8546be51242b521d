#include "tests/portal/host_client.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <utility>

namespace ilkimza::portal {
namespace {

template <typename Form>
bool Asks(const Form& form, v1::FormField wanted) {
  return std::any_of(form.fields().begin(), form.fields().end(),
                     [wanted](const v1::AskedField& one) { return one.field() == wanted; });
}

// Long enough for a busy machine; nothing waits for it where all is well.
constexpr auto kPatience = std::chrono::seconds(60);

bool AsksHolder(v1::StepKind step) {
  switch (step) {
    case v1::STEP_KIND_OPEN_WORD_RESET:
    case v1::STEP_KIND_OPEN_LOGIN:
    case v1::STEP_KIND_OPEN_PIN_PAGE:
    case v1::STEP_KIND_LOG_OUT:
      return false;
    default:
      return true;
  }
}

}  // namespace

void Reports::OnStepReport(const v1::StepReport& report) {
  const std::lock_guard lock(mutex_);
  reports_.push_back(report);
  changed_.notify_all();
}

void Reports::OnTurn(std::string_view, int64_t directive_id, v1::Actor turn) {
  const std::lock_guard lock(mutex_);
  turns_.emplace_back(directive_id, turn);
  changed_.notify_all();
}

int Reports::CountOf(int64_t directive_id) {
  const std::lock_guard lock(mutex_);
  int count = 0;
  for (const auto& report : reports_) count += report.directive_id() == directive_id ? 1 : 0;
  return count;
}

bool Reports::WaitForCount(int64_t directive_id, int count) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, kPatience, [&] {
    int seen = 0;
    for (const auto& report : reports_) seen += report.directive_id() == directive_id ? 1 : 0;
    return seen >= count;
  });
}

v1::StepReport Reports::Of(int64_t directive_id) {
  WaitForCount(directive_id, 1);
  const std::lock_guard lock(mutex_);
  for (const auto& report : reports_) {
    if (report.directive_id() == directive_id) return report;
  }
  return {};
}

std::vector<v1::Actor> Reports::TurnsOf(int64_t directive_id) {
  const std::lock_guard lock(mutex_);
  std::vector<v1::Actor> turns;
  for (const auto& [id, turn] : turns_) {
    if (id == directive_id) turns.push_back(turn);
  }
  return turns;
}

ScreenStream::ScreenStream(v1::PortalService::Stub& stub, const std::string& journey) {
  v1::WatchScreenRequest request;
  request.set_journey(journey);
  reader_ = stub.WatchScreen(&context_, request);
  thread_ = std::jthread([this] {
    v1::WatchScreenResponse response;
    while (reader_->Read(&response)) {
      const std::lock_guard lock(mutex_);
      latest_ = response.screen();
      changed_.notify_all();
    }
    const grpc::Status status = reader_->Finish();
    const std::lock_guard lock(mutex_);
    status_ = status;
    ended_ = true;
    changed_.notify_all();
  });
}

ScreenStream::~ScreenStream() { context_.TryCancel(); }

v1::Screen ScreenStream::WaitFor(const Wanted& wanted) {
  std::unique_lock lock(mutex_);
  const bool came = changed_.wait_for(lock, kPatience, [&] { return ended_ || wanted(latest_); });
  return came && wanted(latest_) ? latest_ : v1::Screen();
}

v1::Screen ScreenStream::Latest() {
  const std::lock_guard lock(mutex_);
  return latest_;
}

v1::Screen ScreenStream::WaitForKind(v1::Screen::KindCase kind, int64_t above_id) {
  return WaitFor([=](const v1::Screen& screen) {
    return screen.kind_case() == kind && screen.screen_id() > above_id;
  });
}

grpc::Status ScreenStream::End() {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, kPatience, [this] { return ended_; });
  return ended_ ? status_ : grpc::Status(grpc::StatusCode::DEADLINE_EXCEEDED, "still open");
}

HostClient::HostClient(SandboxPortal& portal, Clock* clock)
    : HostClient(HostOptions{portal.profile(), portal.browser(), 2, clock}) {
  portal_ = &portal;
}

HostClient::HostClient(HostOptions options) : profile_(options.profile) {
  auto host = Host::Create(std::move(options), reports_);
  if (!host.ok()) std::abort();
  host_ = *std::move(host);
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("localhost:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&host_->service());
  server_ = builder.BuildAndStart();
  stub_ = v1::PortalService::NewStub(
      grpc::CreateChannel("localhost:" + std::to_string(port), grpc::InsecureChannelCredentials()));
  stream_ = std::make_unique<ScreenStream>(*stub_, kJourney);
}

HostClient::~HostClient() {
  stream_.reset();
  server_->Shutdown(std::chrono::system_clock::now());
  server_->Wait();
  host_.reset();
}

int64_t HostClient::Direct(v1::StepKind step, const std::function<void(v1::RunStep&)>& change) {
  v1::RunStep directive;
  directive.set_journey(kJourney);
  directive.set_directive_id(++last_directive_);
  directive.set_step(step);
  directive.set_profile(profile_.name());
  directive.set_attempts_left(3);
  if (step == v1::STEP_KIND_DELETE_PORTAL_COPY) directive.add_card_serials(card);
  if (change) change(directive);
  host_->RunStep(directive);
  return last_directive_;
}

v1::StepReport HostClient::Run(v1::StepKind step) { return reports_.Of(Direct(step)); }

v1::StepReport HostClient::RunAnswered(
    v1::StepKind step, const std::function<void(v1::AnswerScreenRequest&)>& change) {
  const int64_t directive = Direct(step);
  const v1::Screen screen = stream_->WaitFor([&](const v1::Screen& shown) {
    return shown.step() == step && shown.screen_id() > last_answered_ && !shown.has_working();
  });
  last_answered_ = screen.screen_id();
  v1::AnswerScreenRequest request = AnswerTo(screen);
  if (change) change(request);
  const grpc::Status status = Send(request);
  if (!status.ok()) return {};
  return reports_.Of(directive);
}

v1::StepReport HostClient::Through(v1::StepKind last) {
  v1::StepReport report;
  for (const v1::StepKind step :
       {v1::STEP_KIND_OPEN_LOGIN, v1::STEP_KIND_LOG_IN, v1::STEP_KIND_CONFIRM_PHONE,
        v1::STEP_KIND_ENTER_SMS_CODE, v1::STEP_KIND_OPEN_PIN_PAGE, v1::STEP_KIND_READ_PIN}) {
    const bool asks = AsksHolder(step) && !profile_.step(step)->absent;
    report = asks ? RunAnswered(step) : Run(step);
    if (step == last || report.outcome() != v1::STEP_OUTCOME_DONE) break;
  }
  return report;
}

grpc::Status HostClient::Send(v1::AnswerScreenRequest& request) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kPatience);
  v1::AnswerScreenResponse response;
  return stub_->AnswerScreen(&context, request, &response);
}

std::string HostClient::Read(const v1::Captcha& captcha) {
  return portal_ == nullptr ? "a1b2c" : portal_->ReadCaptcha(captcha.image());
}

template <typename Form, typename Answer>
void HostClient::FillIn(const Form& form, Answer& answer) {
  if (Asks(form, v1::FORM_FIELD_NATIONAL_ID)) answer.set_national_id(holder.national_id);
  if (Asks(form, v1::FORM_FIELD_EMAIL)) answer.set_email(holder.email);
  if (Asks(form, v1::FORM_FIELD_CAPTCHA)) {
    answer.set_captcha(Read(form.captcha()));
  }
}

v1::AnswerScreenRequest HostClient::AnswerTo(const v1::Screen& screen) {
  v1::AnswerScreenRequest request;
  request.set_journey(kJourney);
  request.set_screen_id(screen.screen_id());
  switch (screen.kind_case()) {
    case v1::Screen::kWordReset:
      FillIn(screen.word_reset(), *request.mutable_word_reset());
      break;
    case v1::Screen::kMailLink:
      request.mutable_mail_link()->set_link(portal_->LastMailLink(holder.email));
      break;
    case v1::Screen::kNewSecurityWord:
      request.mutable_new_security_word()->set_security_word("Yeni1Sözcük");
      request.mutable_new_security_word()->set_security_word_again("Yeni1Sözcük");
      break;
    case v1::Screen::kLogin:
      FillIn(screen.login(), *request.mutable_login());
      if (Asks(screen.login(), v1::FORM_FIELD_SECURITY_WORD)) {
        request.mutable_login()->set_security_word(holder.word);
      }
      break;
    case v1::Screen::kPhone:
      request.mutable_phone()->set_correct(true);
      break;
    case v1::Screen::kSmsCode:
      request.mutable_sms_code()->set_code(portal_->LastSmsCode(holder.phone));
      break;
    case v1::Screen::kPinPage:
      request.mutable_pin_page()->set_seen(true);
      break;
    case v1::Screen::kDeletion:
      request.mutable_deletion()->set_delete_(true);
      break;
    default:
      break;
  }
  return request;
}

}  // namespace ilkimza::portal
