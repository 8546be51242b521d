#include "tests/bench/stage.h"

#include <chrono>
#include <nlohmann/json.hpp>

#include "sandbox/random.h"
#include "tests/bench/measure.h"

namespace ilkimza::bench {

using nlohmann::json;

Stage::Stage(int connections) : ca_file_(folder_ / "ca.pem") {
  sandbox_ = std::make_unique<testing::Process>(testing::Process::Options{
      .command = {ILKIMZA_SANDBOX_PROGRAM, "--world", ILKIMZA_SOURCE_DIR "/sandbox/world.json",
                  "--no-card", "--connections", std::to_string(connections), "--log-level", "off",
                  "--ca-out", ca_file_}});
  const auto line = sandbox_->ReadLine(std::chrono::seconds(20));
  DieUnless(line.has_value(), "the sandbox does not start");
  const json ready = json::parse(*line, nullptr, false);
  DieUnless(ready.is_object(), "the sandbox does not say where it is");
  portal_url_ = ready.value("portal_url", "");
  phone_url_ = ready.value("phone_url", "");
  phone_ = std::make_unique<testing::HttpClient>(phone_url_, ca_file_);
}

void Stage::Reset(std::string_view style, std::string_view charset) const {
  DieUnless(phone_->Post("control/reset", json::object()).contains("ok"), "no reset");
  const json rules = {{"style", style}, {"charset", charset}};
  DieUnless(phone_->Post("control/rules", rules).contains("ok"), "no such style or charset");
}

std::string Stage::Requests() const { return phone_->Get("control/state")["requests"].dump(); }

std::string Stage::ReadCaptcha(std::string_view image) const {
  const std::string hash = sandbox::Sha256(image);
  for (const json& captcha : phone_->Get("control/captchas")) {
    if (captcha["sha256"] == hash) return captcha["answer"];
  }
  Die("the sandbox does not know this captcha");
}

std::string Stage::LastSmsCode() const {
  const json list = phone_->Get(std::string("api/sms?phone=") + Person::kPhone);
  DieUnless(list.is_array() && !list.empty(), "no SMS has come");
  return list.back().value("code", "");
}

std::string Stage::LastMailLink() const {
  const json list = phone_->Get(std::string("api/mail?email=") + Person::kEmail);
  DieUnless(list.is_array() && !list.empty(), "no mail has come");
  return list.back().value("link", "");
}

}  // namespace ilkimza::bench
