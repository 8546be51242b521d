// `ilkimza start --events`: lines out, lines in. EVENTS.md is the contract.
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/error.h"
#include "base/secret.h"
#include "clients/cli/answer_line.h"
#include "clients/cli/program.h"
#include "clients/cli/signals.h"
#include "clients/sdk/guide_session.h"
#include "clients/sdk/outcome.h"
#include "clients/sdk/sentences.h"

namespace ilkimza::client {
namespace {

constexpr int kSchema = 1;

class EventProgram {
 public:
  EventProgram(Program& program, GuideOptions options)
      : program_(program), session_(program.agent, std::move(options)) {}

  int Run() {
    Json hello;
    hello["type"] = "hello";
    hello["version"] = kVersion;
    hello["lang"] = LanguageCode(program_.settings.texts.language());
    hello["pid"] = getpid();
    Write(std::move(hello));
    while (!exit_code_) {
      Wait();
      while (auto event = session_.NextEvent()) Tell(*event);
      if (!program_.screen.healthy()) return kExitInputOutput;
    }
    return *exit_code_;
  }

 private:
  void Wait() {
    std::array<pollfd, 3> polled = {{{session_.event_fd(), POLLIN, 0},
                                     {signalled_ ? -1 : signals_.fd(), POLLIN, 0},
                                     {input_ended_ ? -1 : STDIN_FILENO, POLLIN, 0}}};
    if (poll(polled.data(), polled.size(), -1) < 0) return;
    if (polled[1].revents != 0) OnSignal();
    if (polled[2].revents != 0) OnInput();
  }

  void OnSignal() {
    // There is no terminal to put right: suspending is left to whoever asked for it.
    if (signals_.TakeSuspend()) raise(SIGSTOP);
    if (signals_.received() == 0) return;
    signalled_ = true;
    session_.Leave();
  }

  void OnInput() {
    std::array<char, 4096> bytes{};
    const ssize_t count = read(STDIN_FILENO, bytes.data(), bytes.size());
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (count > 0) {
      for (auto& cut : lines_.Take({bytes.data(), static_cast<size_t>(count)})) OnLine(cut);
      explicit_bzero(bytes.data(), bytes.size());
      return;
    }
    for (auto& cut : lines_.TakeRest()) OnLine(cut);
    input_ended_ = true;
    session_.OnInputEnded();
  }

  void OnLine(LineCutter::Cut& cut) {
    const WipeGuard wipe(cut.line);
    if (cut.too_long) {
      return Tell(
          Refused{"", MakeError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_BAD_FIELD,
                                "the line is longer than 65536 bytes; it was not read")});
    }
    if (cut.line.find_first_not_of(" \t\r") == std::string::npos) return;
    auto read = ReadAnswerLine(cut.line);
    if (auto* answer = std::get_if<Answer>(&read)) {
      session_.OnAnswer(std::move(*answer));
    } else if (const auto* bad = std::get_if<BadLine>(&read)) {
      Tell(Refused{bad->id, bad->status});
    } else if (std::get<Command>(read) == Command::kCancel) {
      session_.Cancel();
    } else {
      session_.Leave();
    }
  }

  void Tell(const GuideEvent& event) {
    int exit_code = kExitOk;
    if (const auto* finished = std::get_if<Finished>(&event)) {
      exit_code = ExitCodeOf(*finished, signals_.received());
      exit_code_ = exit_code;
    }
    Write(EventToJson(program_.settings.texts, event, SystemClock().Now(), exit_code));
  }

  void Write(Json fields) {
    Json line;
    line["schema"] = kSchema;
    line["seq"] = ++seq_;
    for (auto& [name, value] : fields.items()) line[name] = std::move(value);
    std::string text = Line(line);
    const WipeGuard wipe(text);
    text += '\n';
    program_.screen.Write(text);
  }

  Program& program_;
  Signals signals_;
  GuideSession session_;
  LineCutter lines_;
  int64_t seq_ = 0;
  bool input_ended_ = false;
  bool signalled_ = false;
  std::optional<int> exit_code_;
};

}  // namespace

int StartEvents(Program& program, GuideOptions options) {
  return EventProgram(program, std::move(options)).Run();
}

int ExitCodeOf(const Finished& finished, int signal) {
  switch (finished.outcome) {
    case Outcome::kSucceeded:
      // A script that goes on by 0 must not take the card for one that can sign.
      return finished.journey && SignerTrouble(*finished.journey) != v1::ERROR_REASON_UNSPECIFIED
                 ? kExitSignature
                 : kExitOk;
    case Outcome::kCancelled:
      return kExitJourneyCancelled;
    case Outcome::kFailed:
      return kExitJourneyFailed;
    case Outcome::kError:
      return ExitCodeOf(finished.error);
    case Outcome::kStopped:
      return signal == 0 ? kExitJourneyStopped : 128 + signal;
    case Outcome::kLeft:
      break;
  }
  return signal == 0 ? kExitLeft : 128 + signal;
}

}  // namespace ilkimza::client
