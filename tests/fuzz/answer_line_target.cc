// What another program writes to `ilkimza start --events`: lines are cut the same way
// however the bytes arrive, and what is wrong with one is said in one line of JSON.
#include "absl/time/time.h"
#include "base/error.h"
#include "clients/cli/answer_line.h"
#include "clients/cli/json.h"
#include "tests/fuzz/target.h"

namespace ilkimza::fuzz {
namespace {

using client::LineCutter;

std::vector<LineCutter::Cut> CutAll(std::string_view bytes, std::size_t piece) {
  LineCutter cutter;
  std::vector<LineCutter::Cut> lines;
  const auto add = [&lines](std::vector<LineCutter::Cut> more) {
    for (auto& cut : more) lines.push_back(std::move(cut));
  };
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
    add(cutter.Take(bytes.substr(0, piece)));
  }
  add(cutter.TakeRest());
  return lines;
}

void CheckRefusal(const client::BadLine& bad) {
  FUZZ_CHECK(ReasonOf(bad.status) == v1::ERROR_REASON_BAD_FIELD);
  static const client::Texts texts(client::Language::kEnglish);
  const std::string line = client::Line(client::EventToJson(
      texts, client::Refused{bad.id, bad.status}, absl::UnixEpoch(), /*exit_code=*/0));
  FUZZ_CHECK(line.find('\n') == std::string::npos);
  const client::Json read = client::Json::parse(line, nullptr, /*allow_exceptions=*/false);
  FUZZ_CHECK(read.is_object());
  // A program finds its prompt by the id that it gave.
  if (!bad.id.empty()) FUZZ_CHECK(line.find("\xEF\xBF\xBD") == std::string::npos);
}

// Every prompt that could be open, with its forms.
bool CheckAnswers(const client::Answer& answer) {
  static const std::vector<std::vector<std::string_view>> forms = {
      {"national_id", "captcha", "security_word"},
      {"link"},
      {"pin"},
      {"new_captcha"},
      {"pin", "new_pin", "new_pin_again"}};
  bool fits = false;
  for (const auto& fields : forms) {
    client::Prompt prompt;
    prompt.id = "p1";
    prompt.kind = client::PromptKind::kProvePin;
    prompt.pin_state.set_tries_left(v1::TRIES_LEFT_ONE);
    prompt.forms = {{.fields = fields, .spends_try = fields[0] == "pin"}};
    client::Answer copy;
    copy.prompt_id = answer.prompt_id;
    copy.flags = answer.flags;
    for (const auto& [name, text] : answer.texts) copy.texts[name] = Secret(text.view());
    const absl::Status status = client::CheckAnswer(prompt, copy);
    if (status.ok() && prompt.forms[0].spends_try) FUZZ_CHECK(copy.Flag("allow_last_try"));
    fits = fits || status.ok();
  }
  return fits;
}

}  // namespace

bool TakeInput(std::string_view input) {
  const auto lines = CutAll(input, input.size() + 1);
  const auto slowly = CutAll(input, 3);
  FUZZ_CHECK(lines.size() == slowly.size());
  bool understood = false;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    FUZZ_CHECK(lines[i].line == slowly[i].line && lines[i].too_long == slowly[i].too_long);
    FUZZ_CHECK(lines[i].line.size() <= LineCutter::kMaxLine);
    FUZZ_CHECK(lines[i].line.find('\n') == std::string::npos);
    const auto read = client::ReadAnswerLine(lines[i].line);
    if (const auto* bad = std::get_if<client::BadLine>(&read)) CheckRefusal(*bad);
    if (std::holds_alternative<client::Command>(read)) understood = true;
    if (const auto* answer = std::get_if<client::Answer>(&read)) {
      understood = CheckAnswers(*answer) || understood;
    }
  }
  return understood;
}

std::vector<std::string> Seeds() {
  return {
      "{\"command\": \"cancel\"}\n{\"command\": \"leave\"}\n",
      "{\"id\": \"p1\", \"national_id\": \"10000000146\", \"captcha\": \"k7x2p\", "
      "\"security_word\": \"Mavi7Deniz\"}\n",
      "{\"id\": \"p1\", \"new_captcha\": true}\n\n",
      "{\"id\":\"p2\",\"link\":\"https://portal.example/onay?k=0123456789\"}",
      "{\"id\":\"p3\",\"pin\":\"123456\",\"allow_last_try\":true}\r\n",
      "{\"id\":\"p4\",\"pin\":\"123456\",\"new_pin\":\"654321\",\"new_pin_again\":\"654321\","
      "\"allow_last_try\":true}\n",
  };
}

std::vector<std::string> Words() {
  return {"\"id\":",       "\"pin\":", "\"new_pin\":", "\"allow_last_try\":true",
          "\"seen\":true", "\\n",      "\\u0000",      "\\ud800",
          "\\u0131",       "\xC4\xB1", "\xFF",         "\n",
          "[[[[[[",        "{\"a\":",  "1e999",        std::string(60, 'x'),
          "Ğüşiöç"};
}

}  // namespace ilkimza::fuzz
