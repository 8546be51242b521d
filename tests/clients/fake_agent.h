// An agent for the tests of the clients: JourneyService, PortalService and
// CardService on a unix socket, with one holder, one portal and one card behind
// them, all of them made up. It keeps count of what reached it.
//
// Thread-safe.
#ifndef ILKIMZA_TESTS_CLIENTS_FAKE_AGENT_H_
#define ILKIMZA_TESTS_CLIENTS_FAKE_AGENT_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "ilkimza/v1/card_service.pb.h"
#include "ilkimza/v1/diagnosis_service.pb.h"
#include "ilkimza/v1/error_reason.pb.h"
#include "ilkimza/v1/journey.pb.h"

namespace ilkimza::testing {

class FakeAgent {
 public:
  // What is true in its world.
  struct World {
    std::string national_id = "10000000146";
    std::string email = "ayse@example.org";
    std::string captcha = "k7pw";
    std::string word = "Gizli-Sozcuk-42";
    std::string link = "https://portal.example/reset?t=bearer-token";
    std::string sms_code = "493817";
    std::string serial = "87211470000000000001";
    std::string pin = "271828";
    std::string puk = "31415926";
    int tries = 3;
    int puk_tries = 3;
    // What the card tells of its PUK and of itself; an empty list is an older agent's.
    bool puk_state_known = true;
    std::vector<v1::CardOperation> operations = {
        v1::CARD_OPERATION_LIST_CERTIFICATES, v1::CARD_OPERATION_GET_PIN_STATE,
        v1::CARD_OPERATION_VERIFY_PIN,        v1::CARD_OPERATION_CHANGE_PIN,
        v1::CARD_OPERATION_UNBLOCK_PIN,       v1::CARD_OPERATION_TEST_SIGN};
    bool has_pinpad = false;
    // What the organisation's rules make of the card's 4 to 12 digits; 0 is an older agent's.
    int new_min_length = 6;
    int new_max_length = 12;
    bool card_present = true;
    bool delete_supported = true;
    // What the portal has of the holder; changed and used by the menu's operations.
    std::string phone = "5421234525";
    bool portal_copy = true;
    // The portal's PIN page has a PIN, but no PUK.
    bool portal_puk = true;
    bool certificate_active = false;
    bool certificate_revoked = false;
    // Goals that the server has switched off.
    std::vector<v1::Goal> goals_off;
    // What its DiagnosisService finds; an older agent has no such service.
    v1::DiagnoseResponse diagnosis;
    bool knows_diagnosis = true;
  };

  // Everything a client handed over, in order: "login", "verify_pin", ...
  using Log = std::vector<std::string>;

  FakeAgent(std::string socket, World world);
  ~FakeAgent();
  FakeAgent(const FakeAgent&) = delete;
  FakeAgent& operator=(const FakeAgent&) = delete;

  // The agent dies; its portal conversation is lost, its journey is not.
  void Kill();
  void Start();

  void InsertCard(bool present);
  // The only reader, plugged in or not.
  void PlugReader(bool plugged);
  // `trouble`: why it does not run.
  void RunService(bool running,
                  v1::ErrorReason trouble = v1::ERROR_REASON_SMART_CARD_SERVICE_STOPPED);
  // Another program holds the card; `programs` are those it may be.
  void HoldCard(const std::vector<std::string>& programs);
  // The server behind the agent: while away, JourneyService fails and watches break.
  void SetServerAway(bool away);
  // The next AnswerScreen fails so, before anything is made of it.
  void FailNextAnswer(const absl::Status& status);
  // The next card call fails so: `spent` tells whether the card saw the PIN.
  void FailNextCardCall(const absl::Status& status);
  void Stop(v1::ErrorReason reason);
  void Wait(v1::ErrorReason reason, int seconds);
  void GoOn();
  // Shows an unknown page at the current step and stops.
  void ShowUnknownPage();

  [[nodiscard]] Log log() const;
  [[nodiscard]] int tries() const;
  [[nodiscard]] int puk_tries() const;
  [[nodiscard]] std::string pin() const;
  [[nodiscard]] v1::Journey journey() const;
  // "" or the reason of a promise that was broken, such as an answer that came twice.
  [[nodiscard]] std::string complaint() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// A small PNG, dark letters' worth of blocks on a light ground.
std::string CaptchaPng();

}  // namespace ilkimza::testing

#endif  // ILKIMZA_TESTS_CLIENTS_FAKE_AGENT_H_
