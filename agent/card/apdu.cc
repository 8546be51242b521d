#include "agent/card/apdu.h"

#include <sodium.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/error.h"

namespace ilkimza::agent {
namespace {

constexpr uint8_t kChained = 0x10;
constexpr uint8_t kGetResponse = 0xC0;
// A card that keeps saying "more" or "wrong length" is not one we know.
constexpr int kMaxRounds = 64;
constexpr std::size_t kMaxResponse = 32 * 1024;

absl::Status ProtocolError(std::string_view what) {
  return MakeError(absl::StatusCode::kInternal, v1::ERROR_REASON_CARD_PROTOCOL,
                   absl::StrFormat("The card %s. Take it out, put it in again and try once more.",
                                   absl::string_view(what.data(), what.size())));
}

absl::StatusOr<ResponseApdu> Once(const CommandApdu& command, uint8_t cla, std::optional<int> le,
                                  const RawExchange& raw) {
  const EncodedApdu encoded(command, cla, le);
  ILKIMZA_ASSIGN_OR_RETURN(std::string answer, raw(encoded.view()));
  if (answer.size() < 2) return ProtocolError("answered with less than a status word");
  const auto high = static_cast<uint8_t>(answer[answer.size() - 2]);
  const auto low = static_cast<uint8_t>(answer[answer.size() - 1]);
  answer.resize(answer.size() - 2);
  return ResponseApdu{std::move(answer), StatusWord(high, low)};
}

// T=0 cannot carry data in both directions: a case 4 command goes without its Le and
// the answer is fetched.
std::optional<int> LeOnTheWire(const CommandApdu& command, Protocol protocol) {
  if (protocol == Protocol::kT0 && !command.data.empty()) return std::nullopt;
  return command.le;
}

absl::StatusOr<ResponseApdu> Follow(const CommandApdu& command, uint8_t cla, ResponseApdu response,
                                    std::optional<int> le, const RawExchange& raw) {
  std::string data = std::move(response.data);
  StatusWord status = response.status;
  // What 6Cxx corrects: the command itself first, GET RESPONSE later.
  CommandApdu current = command;
  bool fetching = false;
  for (int round = 0; status.MoreData() || status.WrongLe(); ++round) {
    if (round == kMaxRounds || data.size() > kMaxResponse) {
      return ProtocolError("does not come to an end with its answer");
    }
    const int size = status.low() == 0 ? kLeAll : status.low();
    if (status.MoreData()) {
      fetching = true;
      current = {.cla = cla, .ins = kGetResponse};
      le = size;
    } else {
      // A case 4 command that is told the right length (T=1) is repeated with it; one
      // that had no Le on the wire did not ask for data, and is left alone.
      if (!le && !fetching) break;
      if (le == size) return ProtocolError("refuses the length it asked for");
      le = size;
    }
    ILKIMZA_ASSIGN_OR_RETURN(ResponseApdu more, Once(current, current.cla, le, raw));
    data += more.data;
    status = more.status;
  }
  if (data.size() > kMaxResponse) return ProtocolError("answers with more than it can hold");
  return ResponseApdu{std::move(data), status};
}

}  // namespace

EncodedApdu::EncodedApdu(const CommandApdu& command, uint8_t cla, std::optional<int> le) {
  bytes_[0] = cla;
  bytes_[1] = command.ins;
  bytes_[2] = command.p1;
  bytes_[3] = command.p2;
  size_ = 4;
  const std::size_t length = std::min(command.data.size(), kMaxCommandData);
  if (length > 0) {
    bytes_[size_++] = static_cast<uint8_t>(length);
    std::copy_n(command.data.begin(), length, bytes_.begin() + size_);
    size_ += length;
  }
  if (le) bytes_[size_++] = static_cast<uint8_t>(*le == kLeAll ? 0 : *le);
}

EncodedApdu::~EncodedApdu() { sodium_memzero(bytes_.data(), bytes_.size()); }

absl::StatusOr<ResponseApdu> Exchange(const CommandApdu& command, Protocol protocol,
                                      const RawExchange& raw) {
  if (command.attempt) {
    if (command.data.size() > kMaxCommandData) return ProtocolError("cannot take a PIN this long");
    return Once(command, command.cla, LeOnTheWire(command, protocol), raw);
  }
  CommandApdu part = command;
  std::string_view rest = command.data;
  while (rest.size() > kMaxCommandData) {
    part.data = rest.substr(0, kMaxCommandData);
    rest.remove_prefix(kMaxCommandData);
    ILKIMZA_ASSIGN_OR_RETURN(ResponseApdu taken,
                             Once(part, command.cla | kChained, std::nullopt, raw));
    if (!taken.status.Success()) return taken;
  }
  part.data = rest;
  const std::optional<int> le = LeOnTheWire(part, protocol);
  ILKIMZA_ASSIGN_OR_RETURN(ResponseApdu response, Once(part, command.cla, le, raw));
  return Follow(part, command.cla, std::move(response), le, raw);
}

absl::Status KeysUnusable() {
  return MakeError(absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_NO_PINPAD,
                   "The PIN cannot be typed on this reader. Nothing was sent to the card; type it "
                   "here instead.");
}

absl::StatusOr<ResponseApdu> CardChannel::SendFromKeys(const KeysCommand&) {
  return KeysUnusable();
}

}  // namespace ilkimza::agent
