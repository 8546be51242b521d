#include "agent/card/pinpad.h"

#include <reader.h>

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/ascii.h"
#include "agent/card/worker.h"
#include "base/error.h"

namespace ilkimza::agent {
namespace {

constexpr std::size_t kFeatureSize = 6;
// Parts of names, the model wherever it stands. They announce keys they do not have.
constexpr std::string_view kLyingMaker = "OMNIKEY";
constexpr std::array<std::string_view, 4> kLyingModels = {"3X21", "3021", "3121", "6121"};

// ASCII digits, whole bytes, left-justified, right behind the header.
constexpr uint8_t kAsciiDigits = 0x82;
constexpr uint8_t kOnConfirmationKey = 0x02;
constexpr uint16_t kTurkish = 0x041F;
constexpr std::size_t kMaxBlock = 15;  // what four bits tell
// Ask for the old PIN, and for the new one twice.
constexpr uint8_t kConfirmAndAskOld = 0x03;

class BlockWriter {
 public:
  BlockWriter& Byte(std::size_t value) {
    bytes_ += static_cast<char>(value & 0xFF);
    return *this;
  }
  // Little-endian, as the structures lie in a PC's memory.
  BlockWriter& Word(std::size_t value) { return Byte(value).Byte(value >> 8); }
  BlockWriter& DoubleWord(std::size_t value) { return Word(value).Word(value >> 16); }
  BlockWriter& Bytes(std::string_view bytes) {
    bytes_ += bytes;
    return *this;
  }
  std::string Take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

// The command with room for the PINs.
std::string Template(const KeysCommand& command) {
  const std::size_t pins = command.modify ? 2 : 1;
  const std::size_t length = command.padded_length * pins;
  BlockWriter apdu;
  apdu.Byte(command.cla).Byte(command.ins).Byte(command.p1).Byte(command.p2).Byte(length);
  apdu.Bytes(std::string(length, static_cast<char>(command.filler)));
  return apdu.Take();
}

bool FitsKeys(const KeysCommand& command) {
  if (command.limits.charset != PinCharset::kDigits) return false;
  if (command.limits.min_length < 0 || command.limits.max_length > 255) return false;
  if (command.padded_length > kMaxBlock) return false;
  return !command.modify || command.padded_length > 0;
}

}  // namespace

PinpadFeatures ParsePinpadFeatures(std::string_view list) {
  PinpadFeatures features;
  if (list.size() % kFeatureSize != 0) return features;
  for (; !list.empty(); list.remove_prefix(kFeatureSize)) {
    if (list[1] != 4) return {};
    DWORD control = 0;
    for (const char c : list.substr(2, 4)) control = control << 8 | static_cast<uint8_t>(c);
    if (list[0] == FEATURE_VERIFY_PIN_DIRECT) features.verify = control;
    if (list[0] == FEATURE_MODIFY_PIN_DIRECT) features.modify = control;
  }
  return features;
}

bool TrustedPinpad(std::string_view reader) {
  const std::string name = absl::AsciiStrToUpper(absl::string_view(reader.data(), reader.size()));
  const auto in_name = [&name](std::string_view part) {
    return name.find(part) != std::string::npos;
  };
  return !in_name(kLyingMaker) || std::none_of(kLyingModels.begin(), kLyingModels.end(), in_name);
}

absl::StatusOr<PinpadFeatures> AskPinpadFeatures(CardEnvironment& environment) {
  auto& [pcsc, context, control, timeouts, reader, connection] = environment;
  if (!TrustedPinpad(reader)) return PinpadFeatures{};
  if (!control.Enter(JobControl::Stage::kWaiting, timeouts.busy)) {
    return absl::CancelledError("the job has been ended");
  }
  std::string list;
  LONG code = context.Establish();
  if (code == SCARD_S_SUCCESS) {
    SCARDHANDLE handle = 0;
    DWORD protocol = 0;
    code = pcsc.Connect(context.get(), reader, SCARD_SHARE_DIRECT, handle, protocol);
    if (code == SCARD_S_SUCCESS) {
      // Most readers have no keys, and say in one way or another that they do not know
      // the question.
      if (pcsc.Control(handle, CM_IOCTL_GET_FEATURE_REQUEST, "", list) != SCARD_S_SUCCESS) {
        list.clear();
      }
      pcsc.Disconnect(handle, SCARD_LEAVE_CARD);
    }
  }
  if (MeansServiceGone(code) || MeansRefused(code)) context.Release();
  if (!control.Leave()) return absl::CancelledError("the job has been ended");
  if (code != SCARD_S_SUCCESS) return PcscError(code, reader);
  return ParsePinpadFeatures(list);
}

absl::StatusOr<std::string> EncodeKeysBlock(const KeysCommand& command, absl::Duration typing) {
  if (!FitsKeys(command)) return KeysUnusable();
  const auto seconds = std::clamp<int64_t>(absl::ToInt64Seconds(typing), 1, 255);
  const std::string apdu = Template(command);
  BlockWriter block;
  block.Byte(seconds).Byte(seconds).Byte(kAsciiDigits).Byte(command.padded_length).Byte(0);
  if (command.modify) block.Byte(0).Byte(command.padded_length);
  block.Word(command.limits.min_length << 8 | command.limits.max_length);
  if (command.modify) block.Byte(kConfirmAndAskOld);
  block.Byte(kOnConfirmationKey);
  block.Byte(command.modify ? 3 : 1).Word(kTurkish).Byte(0);
  if (command.modify) block.Byte(1).Byte(2);
  block.Byte(0).Byte(0).Byte(0).DoubleWord(apdu.size()).Bytes(apdu);
  return block.Take();
}

absl::Status JudgeKeysAnswer(StatusWord status) {
  switch (status.value()) {
    case 0x6400:
      return MakeError(absl::StatusCode::kDeadlineExceeded, v1::ERROR_REASON_PINPAD_TIMEOUT,
                       "Nobody typed the PIN on the reader's keys in time. Nothing was sent to "
                       "the card; try once more.");
    case 0x6401:
      return MakeError(absl::StatusCode::kCancelled, v1::ERROR_REASON_PINPAD_CANCELLED,
                       "Cancel was pressed on the reader's keys. Nothing was sent to the card.");
    case 0x6402:
      return MakeError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_PIN_FORMAT,
                       "The new PIN was not typed the same way twice on the reader's keys. Nothing "
                       "was sent to the card; try once more.",
                       {{"field", "new_pin"}});
    case 0x6403:
      return MakeError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_PIN_FORMAT,
                       "The PIN typed on the reader's keys is too short or too long. Nothing was "
                       "sent to the card; try once more.",
                       {{"field", "pin"}});
    case 0x6B80:
      return KeysUnusable();
    default:
      return absl::OkStatus();
  }
}

bool KeysSentNothing(const absl::Status& status) {
  switch (ReasonOf(status)) {
    case v1::ERROR_REASON_PINPAD_TIMEOUT:
    case v1::ERROR_REASON_PINPAD_CANCELLED:
    case v1::ERROR_REASON_PIN_FORMAT:
    case v1::ERROR_REASON_NO_PINPAD:
    case v1::ERROR_REASON_OPERATION_UNSUPPORTED:
      return true;
    default:
      return false;
  }
}

}  // namespace ilkimza::agent
