#include "sandbox/card/console.h"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"

namespace ilkimza::sandbox {
namespace {

absl::Status Usage(std::string_view form) {
  return absl::InvalidArgumentError(absl::StrCat("say: ", std::string(form)));
}

}  // namespace

CardConsole::CardConsole(std::unique_ptr<CardSimulator> card, std::string host, int port)
    : card_(std::move(card)), host_(std::move(host)), port_(port) {}

std::string CardConsole::Execute(std::string_view line) {
  const Words words = absl::StrSplit(absl::string_view(line.data(), line.size()),
                                     absl::ByAnyChar(" \t\r"), absl::SkipEmpty());
  if (words.empty()) return "error say a command, such as: state";
  const absl::StatusOr<std::string> result = Run(words);
  if (!result.ok()) return absl::StrCat("error ", result.status().message());
  return result->empty() ? "ok" : absl::StrCat("ok ", *result);
}

absl::StatusOr<std::string> CardConsole::Run(const Words& words) {
  const std::string& verb = words[0];
  absl::Status status;
  if (verb == "insert") {
    status = card_->Insert(host_, port_);
  } else if (verb == "remove") {
    card_->Remove();
  } else if (verb == "mute") {
    status = RunMute(words);
  } else if (verb == "die-before" || verb == "die-after" || verb == "stall") {
    status = RunInstruction(words);
  } else if (verb == "resume") {
    card_->Resume();
  } else if (verb == "latency") {
    status = RunLatency(words);
  } else if (verb == "tries") {
    status = RunTries(words);
  } else if (verb == "set") {
    status = RunSet(words);
  } else if (verb == "swap") {
    status = RunSwap(words);
  } else if (verb == "state") {
    return State();
  } else if (verb == "count") {
    return RunCount(words);
  } else if (verb == "counts") {
    return Counts();
  } else if (verb == "reset-counts") {
    card_->ResetCommandCounts();
  } else if (verb == "quit") {
    done_ = true;
  } else {
    status = absl::InvalidArgumentError(absl::StrCat("'", verb, "' is no command of a card"));
  }
  if (!status.ok()) return status;
  return "";
}

absl::Status CardConsole::RunInstruction(const Words& words) {
  const auto instruction =
      words.size() == 2 ? InstructionNamed(words[1]) : std::optional<std::uint8_t>();
  if (!instruction) return Usage(words[0] + " select|read|verify|change|unblock|mse|sign|HEX");
  if (words[0] == "die-before") {
    card_->DieBefore(*instruction);
  } else if (words[0] == "die-after") {
    card_->DieAfter(*instruction);
  } else {
    card_->Stall(*instruction);
  }
  return absl::OkStatus();
}

absl::Status CardConsole::RunMute(const Words& words) {
  if (words.size() != 2 || (words[1] != "on" && words[1] != "off")) return Usage("mute on|off");
  card_->SetMute(words[1] == "on");
  return absl::OkStatus();
}

absl::Status CardConsole::RunLatency(const Words& words) {
  int milliseconds = 0;
  if (words.size() != 2 || !absl::SimpleAtoi(words[1], &milliseconds) || milliseconds < 0) {
    return Usage("latency MILLISECONDS");
  }
  card_->SetLatency(absl::Milliseconds(milliseconds));
  return absl::OkStatus();
}

absl::Status CardConsole::RunTries(const Words& words) {
  int tries = 0;
  if (words.size() != 3 || !absl::SimpleAtoi(words[2], &tries)) return Usage("tries pin|puk N");
  if (words[1] == "pin") return card_->SetPinTriesLeft(tries);
  if (words[1] == "puk") return card_->SetPukTriesLeft(tries);
  return Usage("tries pin|puk N");
}

absl::Status CardConsole::RunSet(const Words& words) {
  if (words.size() == 3 && words[1] == "pin") return card_->SetPin(words[2]);
  if (words.size() == 3 && words[1] == "puk") return card_->SetPuk(words[2]);
  return Usage("set pin|puk VALUE");
}

absl::Status CardConsole::RunSwap(const Words& words) {
  if (words.size() != 2) return Usage("swap SERIAL");
  CardOptions options = card_->options();
  options.serial = words[1];
  auto other = CardSimulator::Create(std::move(options));
  if (!other.ok()) return other.status();
  const bool in = card_->inserted();
  card_ = *std::move(other);
  return in ? card_->Insert(host_, port_) : absl::OkStatus();
}

absl::StatusOr<std::string> CardConsole::RunCount(const Words& words) {
  const auto instruction =
      words.size() == 2 ? InstructionNamed(words[1]) : std::optional<std::uint8_t>();
  if (!instruction) return Usage("count select|read|verify|change|unblock|mse|sign|HEX");
  return absl::StrCat(card_->CommandCount(*instruction));
}

std::string CardConsole::Counts() const {
  nlohmann::ordered_json counts = nlohmann::ordered_json::object();
  for (const auto& [instruction, count] : card_->CommandCounts()) {
    counts[absl::StrFormat("%02X", instruction)] = count;
  }
  return counts.dump();
}

std::string CardConsole::State() const {
  const PinTries tries = card_->tries_left();
  const nlohmann::ordered_json state = {{"inserted", card_->inserted()},
                                        {"serial", card_->options().serial},
                                        {"pin_tries", tries.pin},
                                        {"puk_tries", tries.puk},
                                        {"pin_verified", card_->pin_verified()}};
  return state.dump();
}

}  // namespace ilkimza::sandbox
