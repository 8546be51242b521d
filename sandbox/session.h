// Conversations of browsers with the practice portal. Not thread-safe; see
// state.h.
#ifndef ILKIMZA_SANDBOX_SESSION_H_
#define ILKIMZA_SANDBOX_SESSION_H_

#include <chrono>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sandbox/charset.h"
#include "sandbox/page.h"

namespace ilkimza::sandbox {

using SteadyTime = std::chrono::steady_clock::time_point;

struct Session {
  enum class Stage { kVisitor, kPhone, kCode, kMember };

  std::string id;
  Stage stage = Stage::kVisitor;
  // Of whom, from kPhone on.
  std::string national_id;
  SteadyTime last_use;

  // The captcha of the latest showing; it holds for one try.
  std::string captcha_id;
  std::string captcha_answer;
  std::string captcha_png;

  std::string sms_code;
  SteadyTime sms_deadline;
  int sms_tries_left = 0;

  // The mail link by which this session may set a new word.
  std::string link;

  // Said once, on the next page.
  std::vector<Note> notes;
  // What `Sonuç` says, and whether the visitor is logged in there.
  std::string result;
  // What was typed into contact fields, for showing it again.
  std::string typed_phone;
  std::string typed_email;
  // Serials that the confirmations of deleting and revoking are about.
  std::vector<std::string> to_delete;
  std::vector<std::string> to_revoke;

  // Of `Kilit Çözme`; empty: none was sent, or it was used up.
  std::string unblock_code;
  SteadyTime unblock_deadline;
  int unblock_tries_left = 0;
  // The code was right: the PUKs may be shown.
  bool may_see_puk = false;

  // The charset of the page shown last: its form comes back in it.
  Charset charset = Charset::kUtf8;

  // Anti-CSRF tokens: one for each page shown, good for one submission.
  std::string IssueToken(Screen screen);
  // True once for each token that was issued for `screen`.
  bool TakeToken(std::string_view token, Screen screen);

 private:
  struct Token {
    std::string text;
    Screen screen;
  };
  std::deque<Token> tokens_;
};

class Sessions {
 public:
  explicit Sessions(std::chrono::milliseconds idle_limit) : idle_limit_(idle_limit) {}

  // The session with this id, if it is still alive; uses it.
  Session* Find(std::string_view id, SteadyTime now);
  Session& New(SteadyTime now);
  // Gives the session another id and returns it; the old id is dead at once.
  Session& Rotate(Session& session);
  void End(const std::string& id) { sessions_.erase(id); }
  void EndAll() { sessions_.clear(); }
  void EndOf(std::string_view national_id);
  // Lets the running SMS codes of this holder expire; empty: of everybody.
  void ExpireCodes(std::string_view national_id, SteadyTime now);
  [[nodiscard]] std::size_t size() const { return sessions_.size(); }

 private:
  static constexpr std::size_t kMost = 50'000;

  std::chrono::milliseconds idle_limit_;
  std::unordered_map<std::string, Session> sessions_;
};

}  // namespace ilkimza::sandbox

#endif  // ILKIMZA_SANDBOX_SESSION_H_
