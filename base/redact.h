// Printing and wiping of messages that may hold secrets.
//
// Protocol Buffers' own DebugString, ShortDebugString, JSON and stream output
// print everything; tests/lint refuses them outside base/redact.cc. Use
// `Redacted` instead.
#ifndef ILKIMZA_BASE_REDACT_H_
#define ILKIMZA_BASE_REDACT_H_

#include <google/protobuf/message.h>

#include <string>

namespace ilkimza {

// One line of text format; each secret or credential that is set reads [secret].
std::string Redacted(const google::protobuf::Message& message);

// Overwrites the bytes of every secret or credential in `message`, at any depth, and
// clears it. Call it as soon as a message with secrets has done its work.
void WipeSecrets(google::protobuf::Message& message);

// Wipes a message when the scope ends.
class WipeSecretsGuard {
 public:
  explicit WipeSecretsGuard(google::protobuf::Message& message) : message_(message) {}
  WipeSecretsGuard(const WipeSecretsGuard&) = delete;
  WipeSecretsGuard& operator=(const WipeSecretsGuard&) = delete;
  ~WipeSecretsGuard() { WipeSecrets(message_); }

 private:
  google::protobuf::Message& message_;
};

}  // namespace ilkimza

#endif  // ILKIMZA_BASE_REDACT_H_
