// What reached phones and mailboxes. Not thread-safe; see state.h.
#ifndef ILKIMZA_SANDBOX_MAILBOX_H_
#define ILKIMZA_SANDBOX_MAILBOX_H_

#include <chrono>
#include <cstdint>
#include <deque>
#include <string>

namespace ilkimza::sandbox {

struct Sms {
  int64_t id = 0;
  std::chrono::system_clock::time_point time;
  std::string phone;
  std::string text;
  std::string code;
};

struct Mail {
  int64_t id = 0;
  std::chrono::system_clock::time_point time;
  std::string email;
  std::string subject;
  std::string text;
  std::string link;
};

// Keeps the latest messages; ids grow.
class Mailbox {
 public:
  void Send(Sms sms) { Keep(sms_, std::move(sms)); }
  void Send(Mail mail) { Keep(mail_, std::move(mail)); }
  // Oldest first.
  [[nodiscard]] const std::deque<Sms>& sms() const { return sms_; }
  [[nodiscard]] const std::deque<Mail>& mail() const { return mail_; }

 private:
  static constexpr std::size_t kKept = 20'000;

  template <typename Message>
  void Keep(std::deque<Message>& messages, Message message) {
    message.id = ++last_id_;
    message.time = std::chrono::system_clock::now();
    messages.push_back(std::move(message));
    if (messages.size() > kKept) messages.pop_front();
  }

  std::deque<Sms> sms_;
  std::deque<Mail> mail_;
  int64_t last_id_ = 0;
};

}  // namespace ilkimza::sandbox

#endif  // ILKIMZA_SANDBOX_MAILBOX_H_
