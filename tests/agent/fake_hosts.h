// Hosts of tests: they carry nothing out, remember what they were told, and report
// what the test says.
#ifndef ILKIMZA_TESTS_AGENT_FAKE_HOSTS_H_
#define ILKIMZA_TESTS_AGENT_FAKE_HOSTS_H_

#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include "agent/card/card_host.h"
#include "ilkimza/v1/card_service.grpc.pb.h"
#include "portal/host.h"
#include "tests/agent/fake_server.h"

namespace ilkimza::agent {

// What a host was told, in words, in order.
class Diary {
 public:
  void Note(const std::string& line) {
    const std::lock_guard lock(mutex_);
    lines_.push_back(line);
    changed_.notify_all();
  }
  // All lines, once there are `count`.
  std::vector<std::string> Wait(size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kPatience, [&] { return lines_.size() >= count; });
    return lines_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
};

inline std::string InWords(const v1::RunStep& directive) {
  return "run " + directive.journey() + " " + std::to_string(directive.directive_id()) + " " +
         v1::StepKind_Name(directive.step());
}

class FakePortalHost final : public portal::Host {
 public:
  FakePortalHost(Diary& diary, std::vector<std::string> conversations)
      : diary_(diary), conversations_(std::move(conversations)) {}

  void RunStep(const v1::RunStep& directive) override { diary_.Note(InWords(directive)); }
  void StopStep(std::string_view journey, int64_t directive_id) override {
    diary_.Note("stop " + std::string(journey) + " " + std::to_string(directive_id));
  }
  void CloseConversation(std::string_view journey) override {
    diary_.Note("close " + std::string(journey));
  }
  std::vector<v1::AttachAgentRequest::Conversation> Conversations() const override {
    std::vector<v1::AttachAgentRequest::Conversation> all;
    for (const auto& journey : conversations_) all.emplace_back().set_journey(journey);
    return all;
  }
  void Shutdown(absl::Duration) override { diary_.Note("shutdown"); }
  v1::PortalService::CallbackService& service() override { return service_; }

 private:
  class Service : public v1::PortalService::CallbackService {
    grpc::ServerUnaryReactor* AnswerScreen(grpc::CallbackServerContext* context,
                                           const v1::AnswerScreenRequest*,
                                           v1::AnswerScreenResponse*) override {
      auto* reactor = context->DefaultReactor();
      reactor->Finish(grpc::Status::OK);
      return reactor;
    }
  };
  Diary& diary_;
  const std::vector<std::string> conversations_;
  Service service_;
};

class FakeCardHost final : public CardHost {
 public:
  FakeCardHost(Diary& diary, std::string serial) : diary_(diary), serial_(std::move(serial)) {}

  void RunStep(const v1::RunStep& directive) override { diary_.Note(InWords(directive)); }
  void StopStep(std::string_view journey, int64_t directive_id) override {
    diary_.Note("stop " + std::string(journey) + " " + std::to_string(directive_id));
  }
  void Forget(std::string_view journey) override { diary_.Note("forget " + std::string(journey)); }
  std::vector<v1::AttachAgentRequest::Conversation> OpenSteps() const override { return {}; }
  std::string CurrentSerial() const override { return serial_; }
  grpc::Service& service() override { return service_; }
  void Shutdown() override { diary_.Note("shutdown"); }

 private:
  class Service : public v1::CardService::CallbackService {
    grpc::ServerUnaryReactor* ListCards(grpc::CallbackServerContext* context,
                                        const v1::ListCardsRequest*,
                                        v1::ListCardsResponse* response) override {
      response->add_cards()->set_name("cards/1");
      auto* reactor = context->DefaultReactor();
      reactor->Finish(grpc::Status::OK);
      return reactor;
    }
  };
  Diary& diary_;
  const std::string serial_;
  Service service_;
};

}  // namespace ilkimza::agent

#endif  // ILKIMZA_TESTS_AGENT_FAKE_HOSTS_H_
