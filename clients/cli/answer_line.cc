#include "clients/cli/answer_line.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/error.h"
#include "base/secret.h"

namespace ilkimza::client {
namespace {

using Parsed = nlohmann::json;

// At most 64 bytes. Whole characters: half of one would make an error that holds it
// unreadable.
std::string Shortened(std::string_view utf8) {
  std::size_t end = 64;
  if (utf8.size() <= end) return std::string(utf8);
  while (end > 0 && (utf8[end] & 0xC0) == 0x80) --end;
  return std::string(utf8.substr(0, end));
}

BadLine Bad(std::string id, const std::string& message, std::string_view field = {}) {
  ErrorMetadata metadata;
  if (!field.empty()) metadata["field"] = Shortened(field);
  return {std::move(id), MakeError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_BAD_FIELD,
                                   message, metadata)};
}

// Takes the value of one field over into `answer`; what is wrong with it otherwise.
std::string TakeField(const std::string& name, Parsed& value, Answer& answer) {
  const FieldSpec* spec = FindField(name);
  if (spec == nullptr) return "is not a field of any answer; EVENTS.md lists them";
  if (spec->flag) {
    if (!value.is_boolean()) return "has to be true or false";
    answer.flags[name] = value.get<bool>();
    return {};
  }
  if (!value.is_string()) return "has to be a string";
  answer.texts[name] = Secret(std::move(value.get_ref<std::string&>()));
  return {};
}

void WipeStrings(Parsed& parsed) {
  if (!parsed.is_object()) return;
  for (auto& [name, value] : parsed.items()) {
    if (value.is_string()) Wipe(value.get_ref<std::string&>());
  }
}

std::variant<Answer, Command, BadLine> Read(Parsed& parsed) {
  if (!parsed.is_object()) return Bad("", "the line is not a JSON object");
  if (const auto command = parsed.find("command"); command != parsed.end()) {
    if (parsed.size() == 1 && *command == "cancel") return Command::kCancel;
    if (parsed.size() == 1 && *command == "leave") return Command::kLeave;
    return Bad("", "a command is {\"command\": \"cancel\"} or {\"command\": \"leave\"}", "command");
  }
  const auto id = parsed.find("id");
  if (id == parsed.end() || !id->is_string()) {
    return Bad("", "the answer does not name its prompt: \"id\" has to be a string", "id");
  }
  Answer answer;
  answer.prompt_id = Shortened(id->get_ref<const std::string&>());
  parsed.erase(id);
  for (auto& [name, value] : parsed.items()) {
    if (const std::string wrong = TakeField(name, value, answer); !wrong.empty()) {
      return Bad(answer.prompt_id, "the field '" + Shortened(name) + "' of the answer " + wrong,
                 name);
    }
  }
  return answer;
}

}  // namespace

std::variant<Answer, Command, BadLine> ReadAnswerLine(std::string_view line) {
  // The parser's own words about an error would quote the line.
  Parsed parsed = Parsed::parse(line.begin(), line.end(), nullptr, /*allow_exceptions=*/false);
  if (parsed.is_discarded()) return Bad("", "the line is not JSON; write one object a line");
  auto result = Read(parsed);
  WipeStrings(parsed);
  return result;
}

LineCutter::~LineCutter() { Wipe(rest_); }

std::vector<LineCutter::Cut> LineCutter::Take(std::string_view bytes) {
  std::vector<Cut> lines;
  while (!bytes.empty()) {
    const size_t end = bytes.find('\n');
    const std::string_view part = bytes.substr(0, end);
    if (!too_long_ && rest_.size() + part.size() > kMaxLine) {
      too_long_ = true;
      Wipe(rest_);
    }
    if (!too_long_) rest_ += part;
    if (end == std::string_view::npos) break;
    lines.push_back({std::exchange(rest_, {}), std::exchange(too_long_, false)});
    bytes.remove_prefix(end + 1);
  }
  return lines;
}

std::vector<LineCutter::Cut> LineCutter::TakeRest() {
  std::vector<Cut> lines;
  if (!rest_.empty() || too_long_) {
    lines.push_back({std::exchange(rest_, {}), std::exchange(too_long_, false)});
  }
  return lines;
}

}  // namespace ilkimza::client
