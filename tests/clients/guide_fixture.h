// The guide with its watches and calls in the test's hand.
#ifndef ILKIMZA_TESTS_CLIENTS_GUIDE_FIXTURE_H_
#define ILKIMZA_TESTS_CLIENTS_GUIDE_FIXTURE_H_

#include <gtest/gtest.h>

#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "base/error.h"
#include "clients/sdk/guide.h"

namespace ilkimza::client {

inline constexpr char kSerial[] = "87211470000000000001";

class GuideTest : public ::testing::Test {
 protected:
  // Moves what the guide wants into lists of events and calls.
  void Collect() {
    for (GuideAction& action : guide_.TakeActions()) {
      if (auto* emit = std::get_if<EmitEvent>(&action)) events_.push_back(std::move(emit->event));
      if (auto* call = std::get_if<MakeCall>(&action)) calls_.push_back(std::move(*call));
      if (std::holds_alternative<RestartWatch>(action)) ++restarts_;
      if (std::holds_alternative<WakeAfter>(action)) ++wakes_;
    }
  }

  template <typename Request>
  MakeCall Call() {
    Collect();
    if (calls_.empty() || !std::holds_alternative<Request>(calls_.front().request)) {
      ADD_FAILURE() << "another call was expected; " << calls_.size() << " wait";
      return {};
    }
    MakeCall call = std::move(calls_.front());
    calls_.pop_front();
    return call;
  }
  bool NoCall() {
    Collect();
    return calls_.empty();
  }

  // The next event of this kind; others before it are dropped.
  template <typename Event>
  std::optional<Event> Next() {
    Collect();
    while (!events_.empty()) {
      GuideEvent event = std::move(events_.front());
      events_.pop_front();
      if (auto* found = std::get_if<Event>(&event)) return std::move(*found);
    }
    return std::nullopt;
  }

  // What is waited for now.
  std::optional<Waiting> LastWaiting() {
    std::optional<Waiting> last;
    while (const auto waiting = Next<Waiting>()) last = waiting;
    return last;
  }

  // No chip that could be looked at is in any reader.
  void AnswerNoChips() {
    while (!NoCall()) {
      const MakeCall call = std::move(calls_.front());
      calls_.pop_front();
      ASSERT_TRUE(std::holds_alternative<ListCardsCall>(call.request));
      guide_.OnResult(call.id, GuideResponse(v1::ListCardsResponse()));
    }
  }

  static v1::Journey Journey(v1::StepKind step, int64_t directive = 1) {
    v1::Journey journey;
    journey.set_name("journeys/1");
    journey.set_goal(v1::GOAL_GET_PIN);
    journey.set_state(v1::JOURNEY_STATE_ACTIVE);
    journey.set_current_step(step);
    journey.set_directive_id(directive);
    journey.mutable_facts()->set_card_serial(kSerial);
    return journey;
  }
  void Tell(v1::Journey journey) {
    journey.set_revision(++revision_);
    guide_.OnJourney(std::move(journey));
  }

  static v1::Screen Screen(v1::StepKind step, int64_t id) {
    v1::Screen screen;
    screen.set_journey("journeys/1");
    screen.set_step(step);
    screen.set_screen_id(id);
    if (step == v1::STEP_KIND_LOG_IN) screen.mutable_login()->mutable_captcha()->set_image("png");
    if (step == v1::STEP_KIND_READ_PIN) {
      v1::CardCredentials& card = *screen.mutable_pin_page()->add_cards();
      card.set_card_serial(kSerial);
      card.set_pin("271828");
      card.set_puk("31415926");
    }
    return screen;
  }

  static Answer To(const Prompt& prompt) {
    Answer answer;
    answer.prompt_id = prompt.id;
    return answer;
  }
  static Answer Login(const Prompt& prompt) {
    Answer answer = To(prompt);
    answer.texts["national_id"] = Secret(std::string_view("10000000146"));
    answer.texts["captcha"] = Secret(std::string_view("k7pw"));
    answer.texts["security_word"] = Secret(std::string_view("Gizli-42"));
    return answer;
  }
  static Answer Pin(const Prompt& prompt, std::string_view pin) {
    Answer answer = To(prompt);
    answer.texts["pin"] = Secret(pin);
    return answer;
  }

  // Finds a journey that is at `step`.
  void Resume(v1::StepKind step) {
    guide_.Begin();
    const MakeCall find = Call<v1::ListJourneysRequest>();
    v1::ListJourneysResponse list;
    *list.add_journeys() = Journey(step);
    list.mutable_journeys(0)->set_revision(++revision_);
    guide_.OnResult(find.id, GuideResponse(list));
    if (awaited_screen_comes_) return;
    // No screen comes; it is not waited for any longer.
    guide_.OnWake();
    Collect();
    wakes_ = 0;
  }

  void AnswerCards(v1::TriesLeft tries = v1::TRIES_LEFT_ALL) {
    const MakeCall cards = Call<ListCardsCall>();
    v1::ListCardsResponse list;
    list.add_cards()->set_name("cards/1");
    list.mutable_cards(0)->set_serial(kSerial);
    guide_.OnResult(cards.id, GuideResponse(list));
    const MakeCall state = Call<v1::GetPinStateRequest>();
    v1::PinState pin_state;
    pin_state.set_tries_left(tries);
    pin_state.set_tries_left_count(-1);
    guide_.OnResult(state.id, GuideResponse(pin_state));
  }

  static v1::WatchReadersResponse Readers(bool card) {
    v1::WatchReadersResponse readers;
    readers.set_service_running(true);
    readers.add_readers()->set_state(card ? v1::READER_STATE_CARD_PRESENT : v1::READER_STATE_EMPTY);
    return readers;
  }

  Guide guide_{GuideOptions{.new_request_id = [this] { return "id-" + std::to_string(++ids_); }}};
  std::deque<GuideEvent> events_;
  std::deque<MakeCall> calls_;
  bool awaited_screen_comes_ = false;
  int restarts_ = 0;
  int wakes_ = 0;
  int ids_ = 0;
  int64_t revision_ = 0;
};

inline absl::Status Failure(absl::StatusCode code, v1::ErrorReason reason) {
  return MakeError(code, reason, "made up");
}

}  // namespace ilkimza::client

#endif  // ILKIMZA_TESTS_CLIENTS_GUIDE_FIXTURE_H_
