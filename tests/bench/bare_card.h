// A program that holds its connection to the practice card, sends commands, and does nothing
// else with the answers: nobody can ask a card this and be quicker.
#ifndef ILKIMZA_TESTS_BENCH_BARE_CARD_H_
#define ILKIMZA_TESTS_BENCH_BARE_CARD_H_

#include <winscard.h>

#include <string>
#include <vector>

#include "sandbox/card/simulator.h"

namespace ilkimza::bench {

// The one virtual reader, as the smart-card service names it, and where a card connects.
inline constexpr char kReader[] = "Virtual PCD 0 00 00";
inline constexpr int kReaderPort = 35963;

// Commands that have reached `card` since they were last counted anew.
int CommandCount(const sandbox::CardSimulator& card);

// What this program has sent to cards since it was last taken, on any thread, a BareCard's
// left out: the linker puts it in the place of SCardTransmit.
std::vector<std::string> TakeCommands();

// Dies where the card cannot be had. Not thread-safe.
class BareCard {
 public:
  BareCard();
  BareCard(const BareCard&) = delete;
  BareCard& operator=(const BareCard&) = delete;
  ~BareCard();

  // How long these commands take.
  [[nodiscard]] double Milliseconds(const std::vector<std::string>& commands) const;
  // The same in a transaction, with its beginning, and until OpenSSL has read these
  // certificates.
  [[nodiscard]] double MillisecondsInTransaction(
      const std::vector<std::string>& commands, const std::vector<std::string>& certificates) const;

 private:
  // Others reset the card after use, as they should.
  void ConnectAgain() const;
  void SendAll(const std::vector<std::string>& commands) const;

  SCARDCONTEXT context_ = 0;
  SCARDHANDLE card_ = 0;
};

}  // namespace ilkimza::bench

#endif  // ILKIMZA_TESTS_BENCH_BARE_CARD_H_
