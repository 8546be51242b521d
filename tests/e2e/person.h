// Plays the holder: answers the prompts of `ilkimza start --events` the way a
// person would, with the captcha's answer from the sandbox that drew it and the
// SMS and mails from the sandbox's phone and mailbox.
#ifndef ILKIMZA_TESTS_E2E_PERSON_H_
#define ILKIMZA_TESTS_E2E_PERSON_H_

#include <chrono>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/http.h"
#include "tests/support/process.h"

namespace ilkimza::testing {

struct Holder {
  std::string national_id;
  std::string email;
  std::string phone;
  std::string security_word;
  std::string own_pin = "839201";
  // Types the PIN by hand where this is set; uses the portal's otherwise.
  std::string typed_pin;
  bool word_forgotten = false;
  bool delete_copy = true;
  // Goes on where the journey stops and asks; leaves it there otherwise.
  bool retries = false;
};

class Person {
 public:
  using Json = nlohmann::json;

  // Both may be left out. `answer` may give another answer than the person's own;
  // null means "the person's own". `see` is shown each line before it is answered.
  struct Hooks {
    std::function<Json(const Json& prompt)> answer;
    std::function<void(const Json& line)> see;
  };

  Person(Holder holder, HttpClient phone) : holder_(std::move(holder)), phone_(std::move(phone)) {}

  // Until the result line, the end of output, or `limit` without any line.
  // Returns the result line; an empty object where none came.
  Json Play(Process& cli, const Hooks& hooks = {},
            std::chrono::seconds limit = std::chrono::seconds(60));

  // All lines of all plays, in order.
  [[nodiscard]] const std::vector<Json>& lines() const { return lines_; }
  // How often each kind of prompt was shown.
  [[nodiscard]] int Prompts(const std::string& kind) const;
  // The reasons that prompts and errors bore, in order.
  [[nodiscard]] std::vector<std::string> Reasons() const;
  // Every secret the person typed.
  [[nodiscard]] const std::vector<std::string>& typed() const { return typed_; }
  Holder& holder() { return holder_; }

  // The sandbox's answer for a captcha as the prompt bears it.
  std::string ReadCaptcha(const Json& prompt) const;
  // The code of the newest SMS, the link of the newest mail: one that was not there
  // before if it comes within two seconds, else the last one; empty without any.
  std::string AwaitSms();
  std::string AwaitMailLink();

 private:
  Json OwnAnswer(const Json& prompt);
  [[nodiscard]] Json FormOf(const Json& prompt) const;
  std::string AwaitMessage(const std::string& inbox, const std::string& field);

  Holder holder_;
  HttpClient phone_;
  std::vector<Json> lines_;
  std::vector<std::string> typed_;
  std::map<std::string, std::size_t> messages_seen_;
};

}  // namespace ilkimza::testing

#endif  // ILKIMZA_TESTS_E2E_PERSON_H_
