// The line protocol of `ilkimza-sandbox-card`: one command a line in, one line out.
//
//   insert                 into the reader; answers once the reader has noticed
//   remove
//   mute on|off            present without an answer to reset (as the wrong way round)
//   die-before COMMAND     the next COMMAND kills the card before it is carried out,
//   die-after COMMAND      or after that, but before the answer; `insert` revives
//   stall COMMAND          the next COMMAND is carried out, its answer withheld ...
//   resume                 ... until now
//   latency MS             each command takes that much longer
//   tries pin|puk N        sets the tries left; 0 blocks
//   set pin|puk VALUE      gives the card another PIN or PUK
//   swap SERIAL            a new card with that serial, otherwise as at the start,
//                          takes the place of this one, in the reader or out of it
//   state                  {"inserted":true,"serial":"...","pin_tries":3,"puk_tries":3,
//                          "pin_verified":false}
//   count COMMAND          how many of that command the card has received
//   counts                 all of them, by instruction number: {"20":1,"A4":7}
//   reset-counts
//   quit
//
// COMMAND is select, read, verify, change, unblock, mse, sign, get-data, list,
// logout, or an instruction number of two hex digits.
//
// The answer is "ok", "ok VALUE" or "error SENTENCE".
#ifndef ILKIMZA_SANDBOX_CARD_CONSOLE_H_
#define ILKIMZA_SANDBOX_CARD_CONSOLE_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "sandbox/card/simulator.h"

namespace ilkimza::sandbox {

// Not thread-safe.
class CardConsole {
 public:
  // `card` goes into the reader at that address when told so.
  CardConsole(std::unique_ptr<CardSimulator> card, std::string host, int port);

  // The answer to one line, without a line end.
  std::string Execute(std::string_view line);
  // After "quit".
  [[nodiscard]] bool done() const { return done_; }
  CardSimulator& card() { return *card_; }

 private:
  // A line's words, the first of which names the command.
  using Words = std::vector<std::string>;

  // The VALUE of an answer, empty for none.
  absl::StatusOr<std::string> Run(const Words& words);
  absl::Status RunInstruction(const Words& words);
  absl::Status RunTries(const Words& words);
  absl::Status RunSet(const Words& words);
  absl::Status RunSwap(const Words& words);
  absl::Status RunMute(const Words& words);
  absl::Status RunLatency(const Words& words);
  absl::StatusOr<std::string> RunCount(const Words& words);
  std::string Counts() const;
  std::string State() const;

  std::unique_ptr<CardSimulator> card_;
  const std::string host_;
  const int port_;
  bool done_ = false;
};

}  // namespace ilkimza::sandbox

#endif  // ILKIMZA_SANDBOX_CARD_CONSOLE_H_
