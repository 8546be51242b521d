// `ilkimza start` at a terminal: tells what happens, asks, shows.
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <deque>
#include <optional>
#include <utility>

#include "absl/strings/substitute.h"
#include "base/clock.h"
#include "base/error.h"
#include "clients/cli/captcha.h"
#include "clients/cli/card_questions.h"
#include "clients/cli/choices.h"
#include "clients/cli/interview.h"
#include "clients/cli/journey_view.h"
#include "clients/cli/menu_questions.h"
#include "clients/cli/portal_questions.h"
#include "clients/cli/program.h"
#include "clients/cli/signals.h"
#include "clients/sdk/guide_session.h"
#include "clients/sdk/outcome.h"
#include "clients/sdk/sentences.h"

namespace ilkimza::client {
namespace {

using End = Keyboard::End;

// How long PIN and PUK stay on the screen.
constexpr int kShownSeconds = 20;

class GuidedProgram {
 public:
  GuidedProgram(Program& program, GuideOptions options, PageOpener* opener)
      : program_(program),
        texts_(program.settings.texts),
        screen_(program.screen),
        keyboard_(screen_, signals_),
        interview_(texts_, screen_, keyboard_),
        choices_(texts_, screen_, interview_, opener),
        menu_(texts_, screen_, interview_),
        portal_(texts_, screen_, keyboard_, interview_, menu_),
        card_(texts_, screen_, interview_, menu_),
        session_(program.agent, std::move(options)) {
    interview_.WatchFor(session_.event_fd(), [this] { return PromptIsOver(); });
  }

  int Run() {
    while (!exit_code_) {
      Collect();
      if (!screen_.healthy()) return kExitInputOutput;
      if (!events_.empty()) {
        GuideEvent event = std::move(events_.front());
        events_.pop_front();
        std::visit([this](auto& happened) { On(happened); }, event);
      } else if (prompt_ && ask_) {
        AskPrompt();
      } else {
        Wait();
      }
    }
    return *exit_code_;
  }

 private:
  [[nodiscard]] std::string Say(const char* text) const { return texts_.Say(text); }

  void Collect() {
    while (auto event = session_.NextEvent()) events_.push_back(*std::move(event));
  }

  // True where the question on the screen need not be answered any more.
  bool PromptIsOver() {
    Collect();
    for (const GuideEvent& event : events_) {
      const auto* closed = std::get_if<PromptClosed>(&event);
      if (closed != nullptr && prompt_ && closed->id == prompt_->id) return true;
      if (std::holds_alternative<Finished>(event)) return true;
    }
    return false;
  }

  void Wait() {
    std::array<pollfd, 2> polled = {
        {{session_.event_fd(), POLLIN, 0}, {left_ ? -1 : signals_.fd(), POLLIN, 0}}};
    if (poll(polled.data(), polled.size(), -1) < 0 && errno != EINTR) return;
    if (signals_.TakeSuspend()) keyboard_.Suspend();
    if (signals_.received() != 0 && !left_) Leave();
  }

  void Leave() {
    left_ = true;
    ask_ = false;
    session_.Leave();
  }

  void Tell(const Sentence& sentence, Style style) {
    screen_.WriteText(sentence.happened, 2, style);
    screen_.WriteText(sentence.next, 2);
  }

  // -- What happens --

  void On(const JourneySeen& seen) {
    if (journey_told_) return;
    journey_told_ = true;
    WriteHeading(screen_, texts_, seen.journey, seen.resumed);
  }

  void On(const StepChanged& changed) { WriteStepLine(screen_, texts_, changed); }

  void On(Prompted& prompted) {
    prompt_ = std::move(prompted.prompt);
    ask_ = true;
    first_time_ = true;
  }

  void On(const AnswerTaken& /*taken*/) { prompt_.reset(); }

  void On(const PromptClosed& closed) {
    if (!prompt_ || prompt_->id != closed.id) return;
    if (interrupted_) {
      screen_.WriteText(Say("This question is over: the journey is elsewhere now."), 2,
                        Style::kDim);
    }
    interrupted_ = false;
    prompt_.reset();
  }

  void On(const Revealed& revealed) { ShowSecrets(revealed); }

  void On(const Refused& refused) {
    Tell(StatusSentence(texts_, refused.status, refused.hotline), Style::kWarning);
    if (prompt_) {
      const std::string length = PinLengthAfter(texts_, refused.status, prompt_->pin_state);
      if (!length.empty()) screen_.WriteText(length, 2);
    }
    refused_ = ReasonOf(refused.status);
    ask_ = true;
    first_time_ = false;
  }

  void On(const Waiting& waiting) {
    screen_.WriteLine();
    Tell(WaitSentence(texts_, waiting), Style::kAccent);
    if (waiting.resume_time < absl::InfiniteFuture()) {
      const std::string time =
          absl::FormatTime("%H:%M:%S", waiting.resume_time, absl::LocalTimeZone());
      screen_.WriteText(absl::Substitute(Say("Next try at $0."), time), 2, Style::kDim);
    }
  }

  void On(const UnknownPage& unknown) {
    Tell(UnknownPageSentence(texts_), Style::kWarning);
    screen_.WriteText(absl::Substitute(Say("For your IT department: page $0, nearest screen $1."),
                                       Printable(unknown.page.page_fingerprint()),
                                       Printable(unknown.page.nearest_screen())),
                      2, Style::kDim);
  }

  void On(const Finished& finished) {
    exit_code_ = ExitCodeOf(finished, signals_.received());
    screen_.WriteLine();
    if (finished.outcome == Outcome::kError) {
      exit_code_ = Fail(screen_, program_.settings, finished.error);
      return;
    }
    if (finished.journey && finished.outcome == Outcome::kSucceeded) {
      WriteSteps(screen_, texts_, *finished.journey);
      screen_.WriteLine();
    }
    const bool good = finished.outcome == Outcome::kSucceeded;
    const bool calm = finished.outcome == Outcome::kLeft || finished.outcome == Outcome::kCancelled;
    const bool wholly_good = good && finished.journey && IsWhollyGood(*finished.journey);
    Tell(OutcomeSentence(texts_, finished), wholly_good ? Style::kGood
                                            : calm      ? Style::kAccent
                                                        : Style::kWarning);
    if (finished.outcome == Outcome::kStopped && finished.journey) {
      screen_.WriteText(HowToGoOn(texts_, finished.journey->goal()), 2);
    }
  }

  // -- Questions --

  void AskPrompt() {
    ask_ = false;
    keyboard_.Flush();
    if (first_time_) {
      screen_.WriteLine();
      if (prompt_->step != v1::STEP_KIND_UNSPECIFIED) {
        screen_.WriteLine(screen_.Paint(Style::kBold, StepTitle(texts_, prompt_->step)));
      }
      const bool plain = prompt_->reason == v1::ERROR_REASON_UNSPECIFIED ||
                         prompt_->kind == PromptKind::kGuided ||
                         prompt_->kind == PromptKind::kGuidedRevocation;
      // What a refusal said just now need not be said again.
      if (plain || prompt_->reason != refused_) {
        Tell(PromptSentence(texts_, *prompt_), plain ? Style::kPlain : Style::kWarning);
      }
      refused_ = v1::ERROR_REASON_UNSPECIFIED;
      if (prompt_->attempts_left > 0 && prompt_->reason != v1::ERROR_REASON_UNSPECIFIED) {
        screen_.WriteText(absl::Substitute(Say("Attempts left: $0."), prompt_->attempts_left), 2);
      }
      choices_.ShowStep(*prompt_);
      menu_.Show(*prompt_);
      choices_.ShowAdvice(*prompt_);
    }
    const auto picture = ShowCaptcha();
    Answer answer;
    answer.prompt_id = prompt_->id;
    if (AskFor(answer)) {
      session_.OnAnswer(std::move(answer));
      return;
    }
    switch (interview_.end()) {
      case End::kSignal:
        return Leave();
      case End::kInputEnded:
        return session_.OnInputEnded();
      case End::kOver:
        interrupted_ = true;
        return;
      default:
        // The question was put off: ask it again.
        ask_ = true;
        first_time_ = false;
    }
  }

  std::optional<PictureFile> ShowCaptcha() {
    if (prompt_->captcha_image.empty()) return std::nullopt;
    if (screen_.is_terminal()) {
      if (const auto picture = DecodePng(prompt_->captcha_image); picture.ok()) {
        for (const std::string& line :
             DrawPicture(*picture, screen_.width() - 2, screen_.colours())) {
          screen_.WriteLine("  " + line);
        }
      }
    }
    auto file = PictureFile::Save(prompt_->captcha_image, prompt_->captcha_media_type);
    if (!file.ok()) {
      screen_.WriteText(Say("The picture could not be saved as a file."), 2, Style::kDim);
      return std::nullopt;
    }
    // Not wrapped: a path has to be copied in one piece.
    screen_.WriteLine("  " + screen_.Paint(Style::kDim, Say("As a file:") + " " + file->path()));
    return *std::move(file);
  }

  // Fills `answer`; false where the question ended without one.
  bool AskFor(Answer& answer) {
    switch (prompt_->kind) {
      case PromptKind::kWordKnown:
      case PromptKind::kWordReset:
      case PromptKind::kMailLink:
      case PromptKind::kNewSecurityWord:
      case PromptKind::kLogin:
      case PromptKind::kPhone:
      case PromptKind::kSmsCode:
      case PromptKind::kPinPage:
      case PromptKind::kDeletion:
        return portal_.Ask(*prompt_, answer);
      case PromptKind::kProvePin:
      case PromptKind::kSetOwnPin:
      case PromptKind::kTestSignature:
      case PromptKind::kUnblockPin:
        if (card_.Ask(*prompt_, answer)) return true;
        if (card_.declined()) Leave();
        return false;
      case PromptKind::kStopped:
        return choices_.AskStopped(*prompt_, answer);
      case PromptKind::kGuided:
        return choices_.AskStep(*prompt_, answer);
      case PromptKind::kGuidedRevocation:
        return choices_.AskRevocation(*prompt_, answer);
      case PromptKind::kOtherChip:
        return choices_.AskOtherChip(*prompt_, answer);
      default:
        return menu_.Ask(*prompt_, answer);
    }
  }

  // One line, or one for each secret where the window is narrow.
  void WriteSecrets(const std::string& head,
                    const std::vector<std::pair<std::string, const Secret*>>& secrets) {
    size_t columns = Columns(head);
    for (const auto& [label, secret] : secrets) {
      columns += 3 + Columns(label) + 1 + Columns(secret->view());
    }
    const char* const before = columns < screen_.width() ? "   " : "\n    ";
    std::string text;
    const WipeGuard wipe(text);
    text.reserve(1024);
    text += head;
    for (const auto& [label, secret] : secrets) {
      if (secret->empty()) continue;
      text += before + label + " ";
      text += secret->view();
    }
    text += "\n";
    screen_.Write(text);
  }

  // Shows secrets until a key is pressed, the time is over, or the program is suspended
  // or ended. All of it stands on a page of its own, which leaves nothing behind.
  void ShowSecrets(const Revealed& revealed) {
    ask_ = true;
    first_time_ = false;
    if (!screen_.can_redraw()) return screen_.WriteText(NotShownHere(texts_), 2);
    screen_.OpenPage();
    for (const RevealedCard& card : revealed.cards) {
      WriteSecrets("  " + Printable(card.card_serial), {{"PIN", &card.pin}, {"PUK", &card.puk}});
    }
    if (revealed.cards.empty()) {
      WriteSecrets("", {{FieldTitle(texts_, "phone"), &revealed.phone},
                        {FieldTitle(texts_, "email"), &revealed.email}});
    }
    screen_.WriteLine();
    const absl::Time end = SystemClock().Now() + absl::Seconds(kShownSeconds);
    const auto label = [&] {
      const int64_t left = std::max<int64_t>(0, absl::ToInt64Seconds(end - SystemClock().Now()));
      return "  " + absl::Substitute(Say("Hidden again in $0 s, or with any key."), left + 1) + " ";
    };
    keyboard_.Flush();
    interview_.AskKeyBesideSecrets(label, std::chrono::seconds(kShownSeconds));
    screen_.ClosePage();
    screen_.WriteText(Say("Hidden again."), 2, Style::kDim);
    if (interview_.end() == End::kSignal) Leave();
  }

  Program& program_;
  const Texts& texts_;
  Screen& screen_;
  Signals signals_;
  Keyboard keyboard_;
  Interview interview_;
  Choices choices_;
  MenuQuestions menu_;
  PortalQuestions portal_;
  CardQuestions card_;
  GuideSession session_;
  std::deque<GuideEvent> events_;
  std::optional<Prompt> prompt_;
  // The prompt waits to be asked, and it is the first time.
  bool ask_ = false;
  // The reason of a refusal that was told and not asked about yet.
  v1::ErrorReason refused_ = v1::ERROR_REASON_UNSPECIFIED;
  bool first_time_ = true;
  // The question was on the screen when its prompt was closed.
  bool interrupted_ = false;
  bool left_ = false;
  bool journey_told_ = false;
  std::optional<int> exit_code_;
};

}  // namespace

int StartGuided(Program& program, GuideOptions options, PageOpener* opener) {
  return GuidedProgram(program, std::move(options), opener).Run();
}

}  // namespace ilkimza::client
