// Plays the holder for a program that speaks clients/cli/EVENTS.md: hears its
// lines, looks at phone, mailbox and captchas, and answers as a careful person
// would. Says aloud what it does; secrets are masked. Not thread-safe.
//
// The person never spends a last try: where the program asks for one, it leaves. The
// PUK is tried once, and only as the portal's page has it.
#ifndef ILKIMZA_SANDBOX_PERSON_PERSON_H_
#define ILKIMZA_SANDBOX_PERSON_PERSON_H_

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "sandbox/person/web.h"

namespace ilkimza::sandbox {

enum class Tongue { kTurkish, kEnglish };

struct PersonOptions {
  // Which holder of the sandbox's world, 1-based.
  std::size_t holder = 1;
  Tongue tongue = Tongue::kTurkish;
  // The answer to "do you know your security word?".
  bool forgot_word = false;
  // Agrees to delete the portal's copy.
  bool deletes_copy = true;
  // Mistakes to make, once each: "captcha", "word", "words", "mail", "link", "sms",
  // "pin", "serial".
  std::set<std::string> mistakes;
  // How often a stopped journey is tried again before leaving.
  int retries = 0;
  // The slot of the sandbox that the person's card goes into; 0: leaves it to others.
  int slot = 1;
  // Draws captchas.
  bool draws = true;
  // How long to wait for an SMS or a mail.
  std::chrono::milliseconds patience{10'000};
};

class Person {
 public:
  using Say = std::function<void(const std::string& line)>;
  using Json = nlohmann::json;

  // Both outlive the person.
  Person(PersonOptions options, const Web& web, Say say);

  // Learns from the sandbox who it is. To be called first.
  absl::Status WakeUp();
  // One line of the program; returns what to write back, in order.
  std::vector<Json> Hear(const Json& line);

  // The program's last line; null until it came.
  [[nodiscard]] const Json& result() const { return result_; }

 private:
  using Answers = std::vector<Json>;

  Answers HearPrompt(const Json& prompt);
  Answers HearError(const Json& error);
  Answers HearSecret(const Json& secret);
  void HearWait(const Json& wait);

  // One answer each, without its id.
  Json AnswerPrompt(const Json& prompt);
  Json WordReset(const Json& prompt);
  Json MailLink();
  Json NewWord();
  Json LogIn(const Json& prompt);
  Json FillIn(const Json& prompt, const Json& known);
  Json Phone(const Json& prompt);
  Json SmsCode();
  Json ProvePin(const Json& prompt);
  Json OwnPin(const Json& prompt);
  Json TestSignature(const Json& prompt);
  Json Stopped(const Json& prompt);
  // The portal's menu.
  Json Menu(const Json& prompt);
  Json Certificates(const Json& prompt);
  Json Info();
  Json UnblockPin(const Json& prompt);
  Json Revocation();

  // True once for each mistake of the options.
  bool Mistake(const std::string& name);
  // What the picture says: the sandbox's answer stands in for a pair of eyes.
  std::string ReadCaptcha(const Json& prompt);
  // The newest message after the last one that was used; empty: none came.
  std::string Await(const std::string& path, const char* field, int64_t& last_id);
  // What the holder remembers the card's PIN to be.
  std::string RememberedPin(const std::string& serial);
  void Refresh();
  void InsertCard();

  void Tell(std::string_view turkish, std::string_view english);
  void Types(std::string_view what, const std::string& secret);

  PersonOptions options_;
  const Web& web_;
  Say say_;

  Json holder_;
  Json open_prompt_;
  int errors_at_prompt_ = 0;
  bool revealed_ = false;
  int64_t last_sms_ = 0;
  int64_t last_mail_ = 0;
  std::string new_pin_;
  std::map<std::string, std::string> portal_pins_;
  Json result_;
};

}  // namespace ilkimza::sandbox

#endif  // ILKIMZA_SANDBOX_PERSON_PERSON_H_
