#include "agent/card/files.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/str_format.h"
#include "agent/card/tlv.h"
#include "base/error.h"

namespace ilkimza::agent {
namespace {

// A tag and a length that are not told by as many bytes are none.
constexpr std::size_t kLongestHeader = 8;

// Whether what was read holds the whole content already: the objects end in filling.
bool ReachedFilling(std::string_view content) {
  TlvReader reader(content);
  std::size_t read = 0;
  while (const auto next = reader.Next()) read += next->whole.size();
  return reader.status().ok() && read < content.size();
}

CommandApdu ReadCommand(std::size_t at, std::size_t size) {
  return {.ins = kReadBinary,
          .p1 = static_cast<uint8_t>(at >> 8),
          .p2 = static_cast<uint8_t>(at & 0xFF),
          .le = static_cast<int>(size)};
}

// The object of `size` bytes at `offset`, which begins so, if it is known and ends as the
// known one does. Its end is its signature, which nothing else has.
absl::StatusOr<std::optional<std::string>> ReadKnown(CardChannel& channel, std::size_t offset,
                                                     std::string_view beginning, std::size_t size,
                                                     const KnownContents& known) {
  const bool worth_it = size > 2 * kMaxRead && offset + size <= kMaxFile;
  if (!known || beginning.size() != kMaxRead || !worth_it) return std::nullopt;
  std::optional<std::string> content = known(beginning, size);
  if (!content) return std::nullopt;
  const std::size_t end = size - kMaxRead;
  ILKIMZA_ASSIGN_OR_RETURN(const ResponseApdu response,
                           channel.Send(ReadCommand(offset + end, kMaxRead)));
  const bool same =
      response.status.Success() && response.data == std::string_view(*content).substr(end);
  if (!same) content.reset();
  return content;
}

}  // namespace

absl::Status UnexpectedAnswer(std::string_view command, StatusWord status) {
  return MakeError(
      absl::StatusCode::kInternal, v1::ERROR_REASON_CARD_PROTOCOL,
      absl::StrFormat("The card answered %s with %s, which does not fit. Take it out, put it in "
                      "again and try once more.",
                      absl::string_view(command.data(), command.size()), status.Hex()),
      {{"status_word", status.Hex()}});
}

std::size_t FileSize(std::string_view control_information) {
  for (const uint32_t tag : {0x80U, 0x81U}) {
    const auto size = FindTlv(control_information, tag);
    if (!size || size->value.empty() || size->value.size() > 2) continue;
    std::size_t value = 0;
    for (const char c : size->value) value = (value << 8) | static_cast<uint8_t>(c);
    return std::min(value, kMaxFile);
  }
  // Untold: up to where the card says that the file ends.
  return kMaxFile;
}

absl::StatusOr<std::string> ReadSelected(CardChannel& channel, std::size_t offset, std::size_t size,
                                         Extent extent, const KnownContents& known) {
  std::string content;
  while (content.size() < size && offset + content.size() < kMaxFile) {
    const std::size_t wanted = std::min(kMaxRead, size - content.size());
    const std::size_t at = offset + content.size();
    ILKIMZA_ASSIGN_OR_RETURN(const ResponseApdu response, channel.Send(ReadCommand(at, wanted)));
    // Past the end: the card did not tell the size.
    if (!content.empty() && response.status.value() == 0x6B00) break;
    if (!response.status.Success() && !response.status.EndOfFile()) {
      return UnexpectedAnswer("READ BINARY", response.status);
    }
    if (response.data.empty()) break;
    content.append(response.data, 0, wanted);
    if (response.status.EndOfFile()) break;
    if (extent == Extent::kFirstObject) {
      const auto announced = AnnouncedSize(content);
      // Some cards read out a byte at a time.
      if (announced || content.size() >= kLongestHeader) {
        size = std::min(size, announced.value_or(content.size()));
      }
      ILKIMZA_ASSIGN_OR_RETURN(auto same, ReadKnown(channel, offset, content, size, known));
      if (same) return *std::move(same);
    } else if (ReachedFilling(content)) {
      break;
    }
  }
  if (content.size() > size) content.resize(size);
  return content;
}

}  // namespace ilkimza::agent
