// Leads a holder through a journey: a state machine without clock, threads or
// calls of its own. It merges what WatchJourney, WatchScreen and WatchReaders
// tell into one stream of events, takes answers, and says which calls to make.
// `GuideSession` is the part with threads around it.
//
//   watches, call results, answers ──► Guide ──► events for the client
//                                            └─► calls to make
//
// Which prompt is open follows from the state alone; after each input the guide
// works out what should be asked now and opens or closes the prompt. So it makes
// no difference in which order the watches tell their parts, and a watch may
// break and come back at any time.
//
// Promises: an answer is handed over at most once; no call that may spend a try is
// made unless the holder answered for just this prompt; a call whose outcome is
// unknown is never repeated.
//
// Not thread-safe.
#ifndef ILKIMZA_CLIENTS_SDK_GUIDE_H_
#define ILKIMZA_CLIENTS_SDK_GUIDE_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "clients/sdk/guide_event.h"
#include "clients/sdk/prompt.h"
#include "ilkimza/v1/card_service.pb.h"
#include "ilkimza/v1/journey_service.pb.h"
#include "ilkimza/v1/portal_service.pb.h"

namespace ilkimza::client {

struct GuideOptions {
  // Goes on with a journey under way that has this goal; where it is unset, with any but
  // one that revokes. A new journey gets the PIN unless this says otherwise.
  v1::Goal goal = v1::GOAL_UNSPECIFIED;
  // Is the security word forgotten? The holder is asked where it is not said.
  std::optional<bool> forgotten;
  v1::PortalHost portal_host = v1::PORTAL_HOST_UNSPECIFIED;
  // The portal's steps in the holder's own browser, from the start. A journey under
  // way that is not guided turns to it where it stops.
  bool guided = false;
  // A fresh UUID for each call (AIP-155).
  std::function<std::string()> new_request_id;
};

struct ListCardsCall {};
using GuideRequest =
    std::variant<v1::ListJourneysRequest, v1::GetJourneyRequest, v1::CreateJourneyRequest,
                 v1::RetryJourneyRequest, v1::CancelJourneyRequest, v1::AnswerScreenRequest,
                 ListCardsCall, v1::GetPinStateRequest, v1::VerifyPinRequest, v1::ChangePinRequest,
                 v1::UnblockPinRequest, v1::TestSignRequest, v1::ListCertificatesRequest>;
// monostate: the call answers with nothing the guide wants.
using GuideResponse =
    std::variant<std::monostate, v1::ListJourneysResponse, v1::Journey, v1::ListCardsResponse,
                 v1::PinState, v1::ListCertificatesResponse>;

enum class Watch { kJourney, kScreen, kReaders };

// What the guide wants done, in order.
struct EmitEvent {
  GuideEvent event;
};
// Give the result to `OnResult` with this id. May hold secrets: wipe after use.
struct MakeCall {
  uint64_t id = 0;
  GuideRequest request;
};
// Open all watches of this journey, and open each again when it ends.
struct StartWatches {
  std::string journey;
};
// Open this watch anew, so that what is current is told again.
struct RestartWatch {
  Watch watch = Watch::kScreen;
};
// Call `OnWake` after this.
struct WakeAfter {
  absl::Duration delay;
};
using GuideAction = std::variant<EmitEvent, MakeCall, StartWatches, RestartWatch, WakeAfter>;

class Guide {
 public:
  explicit Guide(GuideOptions options);

  // First: looks for a journey under way.
  void Begin();

  void OnResult(uint64_t id, absl::StatusOr<GuideResponse> result);
  void OnJourney(v1::Journey journey);
  // Takes the secrets of a PIN page out of `screen`.
  void OnScreen(v1::Screen screen);
  void OnReaders(const v1::WatchReadersResponse& readers);
  // A watch broke, or could not be opened. It is opened again by whoever runs it.
  void OnWatchLost(Watch watch, const absl::Status& why);
  void OnWake();

  // Anything wrong with it is told by a Refused event.
  void OnAnswer(Answer answer);
  void Cancel();
  // Ends now; the journey stays as it is.
  void Leave();
  // Nobody will answer any more: ends at the next prompt.
  void OnInputEnded();

  // The actions since the last call.
  std::vector<GuideAction> TakeActions();
  [[nodiscard]] bool finished() const { return finished_; }

 private:
  // A call under way, and what it is for.
  enum class Purpose {
    kFind,
    kAdopt,
    kCreate,
    kRetry,
    kCancel,
    kAnswer,
    kCards,
    kPinState,
    kCardTry,
    kChips,
    kChipCertificates
  };
  struct Pending {
    uint64_t id = 0;
    Purpose purpose = Purpose::kFind;
    // The prompt that was answered; empty where it is no answer.
    std::string prompt_id;
    int64_t screen_id = 0;
    int64_t directive_id = 0;
    unsigned epoch = 0;
    unsigned lookup = 0;
    // Of kChipCertificates: its place among the chips.
    size_t chip = 0;
  };
  // What should be asked or waited for now.
  struct Wanted {
    // Prompts and waits with the same key are the same.
    std::string key;
    std::optional<Prompt> prompt;
    std::optional<Waiting> waiting;
  };
  struct PortalCard {
    std::string serial;
    Secret pin;
    Secret puk;
  };
  // The journey's card, once it was looked for.
  struct CardFound {
    v1::Card card;
    v1::PinState pin_state;
  };

  void Emit(GuideEvent event);
  void Send(Pending pending, GuideRequest request);
  void Finish(Outcome outcome, absl::Status error = absl::OkStatus());

  // Finding and creating.
  void OnFound(const v1::ListJourneysResponse& found);
  void CreateOrAsk();
  void Create(bool forgotten);
  void OnCreateFailed(const absl::Status& status);
  void Adopt(v1::Journey journey, bool resumed);
  void EmitStepChanges(const v1::Journey& before, const v1::Journey& after);

  // What is wanted now, and the change towards it.
  void Settle();
  [[nodiscard]] Wanted Want() const;
  [[nodiscard]] Wanted WantScreen() const;
  [[nodiscard]] Wanted WantCardStep() const;
  [[nodiscard]] Wanted WantCard(v1::ErrorReason reason) const;
  [[nodiscard]] Wanted WantOtherChip() const;
  [[nodiscard]] Wanted WantStopped() const;
  [[nodiscard]] Wanted WantWait() const;
  // Of the journey's portal.
  [[nodiscard]] std::string Hotline() const;
  void Open(Prompt prompt);
  // Forgets the prompt, so that the next `Settle` asks anew.
  void Close(v1::ErrorReason reason);
  void Take();
  [[nodiscard]] bool AnswerUnderWay() const;
  // The journey is being cancelled, or will be as soon as it is known.
  [[nodiscard]] bool CancelUnderWay() const;

  // Screens.
  void KeepPortalCards(v1::PinPage& page);
  void KeepInfo(v1::InfoForm& form);
  void AddToPrompt(Prompt& prompt) const;
  [[nodiscard]] const PortalCard* PortalCardFor(std::string_view serial) const;

  // Cards.
  [[nodiscard]] bool WantsCard() const;
  void LookForCard();
  void OnCards(absl::StatusOr<GuideResponse> result, unsigned lookup);
  void OnPinState(absl::StatusOr<GuideResponse> result, unsigned lookup);
  void ForgetCard();
  [[nodiscard]] v1::ErrorReason WhyNoCard() const;
  // No chip in a reader says which one it is; each says less of it than the portal.
  [[nodiscard]] bool NoCardTellsItsSerial() const;
  [[nodiscard]] bool SerialsAreTooShort() const;
  [[nodiscard]] Prompt CardPrompt() const;

  // The chips in the readers and their certificates, where a prompt or a wait is about
  // more than one card.
  [[nodiscard]] bool ScreenNeedsChips() const;
  [[nodiscard]] bool IsOtherChip() const;
  [[nodiscard]] bool WantsChips() const;
  void LookForChips();
  void ForgetChips();
  void OnChips(absl::StatusOr<GuideResponse> result, unsigned lookup);
  void OnChipCertificates(const Pending& pending, absl::StatusOr<GuideResponse> result);
  [[nodiscard]] std::vector<std::string> WantedSerials() const;
  [[nodiscard]] bool CodeWasLeftOut() const;
  [[nodiscard]] bool MayAskForCode() const;

  // Answers.
  void AnswerStopped(const Answer& answer);
  // Takes the journey up again; `way` unspecified: as it is.
  void Retry(v1::Way way);
  bool TurnsByItself();
  [[nodiscard]] bool MayTurn(v1::Way way) const;
  void SendCancel(std::string prompt_id);
  void AnswerScreen(const Answer& answer);
  [[nodiscard]] v1::InfoAnswer InfoFrom(const Answer& answer) const;
  void AnswerCard(const Answer& answer);
  void Reveal();
  void Refuse(std::string id, absl::Status status);
  void OnScreenAnswered(const Pending& pending, const absl::Status& status);
  void OnCardTryResult(const Pending& pending, const absl::Status& status);
  void OnDecisionResult(const Pending& pending, absl::StatusOr<GuideResponse> result);

  const GuideOptions options_;
  std::vector<GuideAction> actions_;
  std::vector<Pending> pending_;
  uint64_t last_call_ = 0;
  uint64_t last_prompt_ = 0;
  bool asking_word_ = false;
  bool input_ended_ = false;
  bool finished_ = false;
  std::string create_request_id_;
  bool create_repeated_ = false;
  bool created_forgotten_ = false;

  std::optional<v1::Journey> journey_;
  bool resumed_ = false;
  // To guided, without a prompt: was asked for once, and is under way.
  bool turned_ = false;
  bool turning_ = false;
  std::optional<v1::Screen> screen_;
  // Counts how often the screen watch was opened: ids of a host that started anew
  // may come again.
  unsigned screen_epoch_ = 0;
  // The screen that was answered last, with its epoch.
  std::optional<std::pair<unsigned, int64_t>> answered_screen_;
  // Going on with a journey: the PIN page may still stand, and what is asked on the
  // card depends on it. Over with the first screen, or soon without one.
  bool awaits_screen_ = false;
  std::optional<v1::WatchReadersResponse> readers_;
  // The journey comes from the server through the agent, the readers from the agent
  // itself: so the one tells whether the server is there, the other the agent.
  absl::Status journey_lost_;
  absl::Status readers_lost_;

  // Counts searches for the card; results of an older one are of the past.
  unsigned lookup_ = 0;
  bool looking_ = false;
  std::optional<CardFound> card_;
  absl::Status card_trouble_;
  // The card step of this directive was tried and told; the next one is awaited.
  int64_t tried_directive_ = 0;
  // Counts tries that failed: each is followed by a prompt of its own.
  unsigned failed_tries_ = 0;
  v1::ErrorReason last_try_reason_ = v1::ERROR_REASON_UNSPECIFIED;

  std::optional<Prompt> prompt_;
  std::string wanted_key_;
  std::vector<PortalCard> portal_cards_;
  // Of the screen that asks for changes of them.
  Secret portal_phone_;
  Secret portal_email_;

  // Counts searches for chips, as `lookup_` does.
  unsigned chips_lookup_ = 0;
  bool looking_for_chips_ = false;
  std::vector<Chip> chips_found_;
  size_t chips_unread_ = 0;
  std::optional<std::vector<Chip>> chips_;

  Secret proven_pin_;
  // The PIN of the call under way: becomes `proven_pin_` when the card takes it.
  Secret trying_pin_;
  // To be done once it is known which journey it is, and what became of it.
  bool cancel_wanted_ = false;
  bool leave_wanted_ = false;
};

}  // namespace ilkimza::client

#endif  // ILKIMZA_CLIENTS_SDK_GUIDE_H_
