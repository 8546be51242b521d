// Every secret the sandbox ever issued or was given, so that a test can search for
// them where none may be; and the answers of its captchas, found by picture.
// Not thread-safe; see state.h.
#ifndef ILKIMZA_SANDBOX_LEDGER_H_
#define ILKIMZA_SANDBOX_LEDGER_H_

#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "sandbox/world.h"

namespace ilkimza::sandbox {

struct KnownCaptcha {
  // Of the PNG's bytes, hexadecimal.
  std::string sha256;
  std::string answer;
};

class Ledger {
 public:
  // Kinds: "pin", "puk", "security_word", "sms_code", "captcha", "link_token",
  // "national_id", "email", and "typed_word" for words that the portal refused.
  // Texts shorter than four bytes are left out: a search for them finds noise.
  void Record(std::string_view kind, std::string_view secret) {
    if (secret.size() >= 4) secrets_[std::string(kind)].insert(std::string(secret));
  }
  void Record(const World& world) {
    for (const Holder& holder : world.holders) {
      Record("national_id", holder.national_id);
      Record("email", holder.email);
      Record("security_word", holder.security_word);
      for (const CardRecord& card : holder.cards) {
        Record("pin", card.pin);
        Record("puk", card.puk);
      }
    }
  }
  void Record(KnownCaptcha captcha) {
    Record("captcha", captcha.answer);
    captchas_.push_back(std::move(captcha));
    if (captchas_.size() > kCaptchasKept) captchas_.pop_front();
  }

  [[nodiscard]] const std::map<std::string, std::set<std::string>>& secrets() const {
    return secrets_;
  }
  // The latest ones, oldest first.
  [[nodiscard]] const std::deque<KnownCaptcha>& captchas() const { return captchas_; }

 private:
  static constexpr std::size_t kCaptchasKept = 2'000;

  std::map<std::string, std::set<std::string>> secrets_;
  std::deque<KnownCaptcha> captchas_;
};

}  // namespace ilkimza::sandbox

#endif  // ILKIMZA_SANDBOX_LEDGER_H_
