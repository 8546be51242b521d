// The holder's phone and mailbox: a page for people, JSON for programs, and the
// sandbox's controls for tests. Thread-safe.
#ifndef ILKIMZA_SANDBOX_PHONE_H_
#define ILKIMZA_SANDBOX_PHONE_H_

#include <string>

#include "sandbox/control.h"
#include "sandbox/state.h"

namespace httplib {
struct Request;
struct Response;
}  // namespace httplib

namespace ilkimza::sandbox {

class Phone {
 public:
  // Both outlive the phone.
  Phone(State& state, Control& control) : state_(state), control_(control) {}
  void Handle(const httplib::Request& request, httplib::Response& response);

 private:
  std::string Html();
  std::string SmsJson(const std::string& phone);
  std::string MailJson(const std::string& email);

  State& state_;
  Control& control_;
};

}  // namespace ilkimza::sandbox

#endif  // ILKIMZA_SANDBOX_PHONE_H_
