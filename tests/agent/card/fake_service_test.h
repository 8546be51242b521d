// What tests on the scripted smart-card service share.
#ifndef ILKIMZA_TESTS_AGENT_CARD_FAKE_SERVICE_TEST_H_
#define ILKIMZA_TESTS_AGENT_CARD_FAKE_SERVICE_TEST_H_

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "sandbox/card/simulator.h"
#include "tests/agent/card/fake_pcsc.h"
#include "tests/agent/card/harness.h"

namespace ilkimza::agent {

inline constexpr uint8_t kVerify = 0x20, kChange = 0x24, kSelect = 0xA4, kRead = 0xB0,
                         kGetData = 0xCA, kSign = 0x2A;
inline constexpr char kReader[] = "ACME Reader 00 00";
inline constexpr char kVerifyRight[] = "002000800431323334";

inline CardHostOptions ShortTimes() {
  CardHostOptions options;
  options.command_timeout = absl::Milliseconds(400);
  options.busy_timeout = absl::Milliseconds(400);
  return options;
}

// A practice card in a reader of a service that can be told to be rude.
class FakeServiceTest : public ::testing::Test {
 protected:
  FakeServiceTest() { pcsc_->AddReader(kReader); }

  // Connections are closed after each use unless the test says otherwise.
  void Start(CardHostOptions options = {}) {
    if (!keep_connection_) options.keep_connection = absl::ZeroDuration();
    harness_ = std::make_unique<Harness>(pcsc_, std::move(options));
  }
  void Insert(DWORD protocol = SCARD_PROTOCOL_T1) {
    pcsc_->Insert(
        kReader, card_->answer_to_reset(),
        [this](std::string_view apdu) { return card_->Process(apdu).value_or(""); },
        [this] { card_->Reset(); }, protocol);
  }
  // A host that knows the card, with nothing in the log.
  void StartWithCard(CardHostOptions options = {}) {
    Insert();
    Start(std::move(options));
    ASSERT_TRUE(harness_->observer().WaitForSerial(card_->options().serial));
    ASSERT_TRUE(harness_->PinState(Name()).ok());
    WaitUntilGivenBack();
    pcsc_->ClearLog();
  }

  // An answer comes before the card has been given back.
  void WaitUntilGivenBack() {
    EXPECT_TRUE(pcsc_->WaitUntilAtRest());
    while (!keep_connection_ && pcsc_->OpenHandles() > 0) std::this_thread::yield();
  }

  std::string Name() { return NameOf(*card_); }
  v1::VerifyPinRequest VerifyRequest(const std::string& pin = "1234") {
    v1::VerifyPinRequest request;
    request.set_name(Name());
    request.set_pin(pin);
    return request;
  }
  absl::Status Verify(const std::string& pin = "1234") {
    return harness_->Verify(VerifyRequest(pin));
  }
  absl::Status Change(const std::string& new_pin = "295174") {
    v1::ChangePinRequest request;
    request.set_name(Name());
    request.set_old_pin("1234");
    request.set_new_pin(new_pin);
    return harness_->Change(request);
  }
  absl::Status TestSign() {
    v1::TestSignRequest request;
    request.set_name(Name());
    request.set_pin("1234");
    return harness_->TestSign(request);
  }
  // Verify in the journey, whose PROVE_PIN step `directive` is opened first.
  absl::Status VerifyInJourney(int64_t directive, const std::string& pin = "1234") {
    harness_->host().RunStep(
        Directive(directive, v1::STEP_KIND_PROVE_PIN, {card_->options().serial}));
    v1::VerifyPinRequest request = VerifyRequest(pin);
    request.set_journey(kJourney);
    return harness_->Verify(request);
  }

  bool keep_connection_ = false;
  std::shared_ptr<FakePcsc> pcsc_ = std::make_shared<FakePcsc>();
  std::unique_ptr<sandbox::CardSimulator> card_ = MakeCard();
  std::unique_ptr<Harness> harness_;
};

}  // namespace ilkimza::agent

#endif  // ILKIMZA_TESTS_AGENT_CARD_FAKE_SERVICE_TEST_H_
