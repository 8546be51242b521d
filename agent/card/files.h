// Reading the files of a card: what every family that knows files has in common.
//
// All functions send on the channel they are given, inside its owner's transaction,
// and pass its errors on. Status words that do not fit are CARD_PROTOCOL.
#ifndef ILKIMZA_AGENT_CARD_FILES_H_
#define ILKIMZA_AGENT_CARD_FILES_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agent/card/apdu.h"

namespace ilkimza::agent {

inline constexpr std::size_t kMaxFile = 16 * 1024;
// One READ BINARY: what AKİS takes, and every other card too.
inline constexpr std::size_t kMaxRead = 0xF4;
inline constexpr uint8_t kReadBinary = 0xB0;  // the instruction

// CARD_PROTOCOL: `command` was answered with a status word that does not fit.
absl::Status UnexpectedAnswer(std::string_view command, StatusWord status);

// How much of a file is wanted.
enum class Extent {
  // The BER-TLV object at its start, such as a certificate.
  kFirstObject,
  // All objects up to the filling at the end.
  kAllObjects,
};

// The size that the control information of a file tells, at most kMaxFile.
std::size_t FileSize(std::string_view control_information);

// What was read before, perhaps from another card: the one content of that size with that
// beginning, if there is one.
using KnownContents =
    std::function<std::optional<std::string>(std::string_view beginning, std::size_t size)>;

// The selected file from `offset` on, at most `size` bytes, and no more commands than
// `extent` needs. With kFirstObject, of a long object that is among `known` only the first and
// the last command's worth of bytes is read: where both are the same, it is that one.
absl::StatusOr<std::string> ReadSelected(CardChannel& channel, std::size_t offset, std::size_t size,
                                         Extent extent, const KnownContents& known = {});

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_CARD_FILES_H_
