#include "tests/server/fake_agent.h"

#include <chrono>
#include <utility>

namespace ilkimza::server {

v1::StepReport MakeReport(const v1::RunStep& run, v1::StepOutcome outcome, v1::ErrorReason reason) {
  v1::StepReport report;
  report.set_journey(run.journey());
  report.set_directive_id(run.directive_id());
  report.set_step(run.step());
  report.set_outcome(outcome);
  report.set_reason(reason);
  report.set_tries_left(-1);
  return report;
}

v1::StepReport DoneReport(const v1::RunStep& run) {
  v1::StepReport report = MakeReport(run, v1::STEP_OUTCOME_DONE, v1::ERROR_REASON_UNSPECIFIED);
  switch (run.step()) {
    case v1::STEP_KIND_OPEN_PIN_PAGE:
    case v1::STEP_KIND_READ_PIN:
      report.add_portal_serials(kSerial);
      break;
    case v1::STEP_KIND_INSERT_CARD:
    case v1::STEP_KIND_MATCH_CARD:
    case v1::STEP_KIND_PROVE_PIN:
      report.set_card_serial(kSerial);
      break;
    default:
      break;
  }
  return report;
}

FakeAgent::FakeAgent(const std::shared_ptr<grpc::Channel>& channel, std::string name, Script script)
    : stub_(v1::FleetService::NewStub(channel)),
      name_(std::move(name)),
      script_(std::move(script)) {}

FakeAgent::~FakeAgent() { Drop(); }

void FakeAgent::Attach(const std::vector<std::string>& conversations) {
  Drop();
  {
    const std::lock_guard lock(mutex_);
    has_ended_ = false;
    seen_at_attach_ = received_.size();
  }
  context_ = std::make_unique<grpc::ClientContext>();
  context_->AddMetadata("ilkimza-agent", name_);
  context_->set_wait_for_ready(true);
  context_->set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(2));
  stream_ = stub_->AttachAgent(context_.get());
  v1::AttachAgentRequest request;
  auto* hello = request.mutable_hello();
  hello->set_agent(name_);
  hello->set_version("test");
  for (const std::string& journey : conversations) {
    hello->add_conversations()->set_journey(journey);
  }
  Send(request);
  reader_ = std::thread([this] { Read(); });
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return has_ended_ || received_.size() > seen_at_attach_; });
}

void FakeAgent::Read() {
  v1::AttachAgentResponse response;
  while (stream_->Read(&response)) {
    std::optional<v1::StepReport> report;
    {
      const std::lock_guard lock(mutex_);
      received_.push_back(response);
      if (response.has_run_step() && script_) report = script_(response.run_step());
    }
    changed_.notify_all();
    if (report) Report(*report);
  }
  const grpc::Status end = stream_->Finish();
  {
    const std::lock_guard lock(mutex_);
    has_ended_ = true;
    end_ = end;
  }
  changed_.notify_all();
}

void FakeAgent::Send(const v1::AttachAgentRequest& request) {
  const std::lock_guard lock(write_mutex_);
  stream_->Write(request);
}

void FakeAgent::Report(const v1::StepReport& report) {
  v1::AttachAgentRequest request;
  *request.mutable_step_report() = report;
  Send(request);
}

void FakeAgent::Drop() {
  if (context_ != nullptr) context_->TryCancel();
  if (reader_.joinable()) reader_.join();
}

grpc::Status FakeAgent::End() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return has_ended_; });
  return end_;
}

std::vector<v1::AttachAgentResponse> FakeAgent::Received() const {
  const std::lock_guard lock(mutex_);
  return received_;
}

std::vector<v1::RunStep> FakeAgent::Runs() const {
  std::vector<v1::RunStep> runs;
  for (const auto& response : Received()) {
    if (response.has_run_step()) runs.push_back(response.run_step());
  }
  return runs;
}

bool FakeAgent::WaitFor(
    const std::function<bool(const std::vector<v1::AttachAgentResponse>&)>& condition) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::seconds(30), [&] { return condition(received_); });
}

std::optional<v1::RunStep> FakeAgent::WaitForRun(v1::StepKind kind, std::size_t from) {
  std::optional<v1::RunStep> run;
  WaitFor([&](const std::vector<v1::AttachAgentResponse>& received) {
    for (std::size_t i = from; i < received.size(); ++i) {
      if (received[i].run_step().step() != kind) continue;
      run = received[i].run_step();
      return true;
    }
    return false;
  });
  return run;
}

void FakeAgent::SetScript(Script script) {
  const std::lock_guard lock(mutex_);
  script_ = std::move(script);
}

}  // namespace ilkimza::server
