// What the card commands that take a PIN or PUK have in common.
#ifndef ILKIMZA_CLIENTS_CLI_PIN_COMMAND_H_
#define ILKIMZA_CLIENTS_CLI_PIN_COMMAND_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/secret.h"
#include "clients/cli/interview.h"
#include "clients/cli/keyboard.h"
#include "clients/cli/program.h"
#include "clients/cli/signals.h"
#include "clients/sdk/guide_session.h"
#include "ilkimza/v1/card_service.pb.h"

namespace ilkimza::client {

// The card meant, by name or serial; the only one where none was named.
absl::StatusOr<v1::Card> FindCard(AgentClient& agent, const std::string& wanted);

// False where the card says that it cannot do `operation`. A card that says nothing is
// taken to be able to: the agent refuses what it cannot do.
bool CanDo(const v1::Card& card, v1::CardOperation operation);

// Copies into a request's field; the request is wiped by its owner.
void SetSecret(std::string* field, const Secret& secret);

// Writes `json`, or the sentence of a success; the exit code.
int Succeed(Program& program, const char* sentence, const Json& json);

// A command that takes a PIN: finds the card, tells the tries left, asks, sends once.
//
//   PinCommand command(program, options);
//   int code = kExitOk;
//   Secret pin;
//   if (!command.Prepare(v1::CARD_OPERATION_VERIFY_PIN, code) ||
//       !command.Ask("pin", pin, code)) {
//     return code;
//   }
//
// Each step is false where the command ends; `code` is its exit code then. Nothing
// has been sent to the card by any of them.
class PinCommand {
 public:
  PinCommand(Program& program, const CommandOptions& options)
      : program_(program),
        options_(options),
        keyboard_(program.screen, signals_),
        interview_(program.settings.texts, program.screen, keyboard_) {}

  // Finds the card, and has the last try of its PIN allowed where it is the last.
  bool Prepare(v1::CardOperation operation, int& code);
  // Finds the card, says what a wrong PUK costs, and has this one try allowed.
  bool PreparePuk(int& code);

  // Asks for one PIN or PUK. Nothing is asked where it is typed on the reader.
  bool Ask(const char* field, Secret& pin, int& code);
  // Asks for a new PIN, twice.
  bool AskNew(Secret& pin, int& code);
  // Says where to type, where that is the reader.
  void TellPinpad();

  template <typename Request>
  void Fill(Request& request) const {
    request.set_name(card_.name());
    request.set_request_id(NewRequestId());
  }
  [[nodiscard]] bool allow_last_try() const { return allow_last_try_; }
  [[nodiscard]] bool on_reader() const { return options_.on_reader; }

  bool Fails(const absl::Status& status, int& code);
  // Tells why the card, or the agent before it, did not take what was sent; the exit code.
  int Refused(const absl::Status& status);

 private:
  bool Find(v1::CardOperation operation, int& code);
  bool AllowLastTry(int& code);
  bool AllowPukTry(int& code);
  bool Ended(int& code);
  // A person looks on, and can be asked.
  [[nodiscard]] bool talks() const { return !program_.settings.json && keyboard_.is_terminal(); }

  Program& program_;
  const CommandOptions& options_;
  Signals signals_;
  Keyboard keyboard_;
  Interview interview_;
  v1::Card card_;
  v1::PinState state_;
  bool allow_last_try_ = false;
};

}  // namespace ilkimza::client

#endif  // ILKIMZA_CLIENTS_CLI_PIN_COMMAND_H_
