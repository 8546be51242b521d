// A card whose answers are the input, one block after the other.
#ifndef ILKIMZA_TESTS_FUZZ_SCRIPTED_CARD_H_
#define ILKIMZA_TESTS_FUZZ_SCRIPTED_CARD_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/card/apdu.h"
#include "tests/fuzz/bytes.h"

namespace ilkimza::fuzz {

// Keeps what it was sent. Its last answer is a removal.
class ScriptedCard final : public agent::CardChannel {
 public:
  explicit ScriptedCard(Bytes& answers, agent::Protocol protocol = agent::Protocol::kT1)
      : answers_(answers), protocol_(protocol) {}

  absl::StatusOr<agent::ResponseApdu> Send(const agent::CommandApdu& command) override {
    return agent::Exchange(command, protocol_, [this](std::string_view bytes) {
      sent_.emplace_back(bytes);
      return Answer();
    });
  }

  [[nodiscard]] const std::vector<std::string>& sent() const { return sent_; }

 private:
  absl::StatusOr<std::string> Answer() {
    if (answers_.empty()) return absl::UnavailableError("removed");
    return std::string(answers_.Block());
  }

  Bytes& answers_;
  const agent::Protocol protocol_;
  std::vector<std::string> sent_;
};

}  // namespace ilkimza::fuzz

#endif  // ILKIMZA_TESTS_FUZZ_SCRIPTED_CARD_H_
