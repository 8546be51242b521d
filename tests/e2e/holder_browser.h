// The holder's own browser, for guided steps: does at the practice portal what a
// prompt's labels say, in their order, and nothing else.
//
// Not thread-safe.
#ifndef ILKIMZA_TESTS_E2E_HOLDER_BROWSER_H_
#define ILKIMZA_TESTS_E2E_HOLDER_BROWSER_H_

#include <nlohmann/json.hpp>
#include <string>

#include "tests/e2e/person.h"
#include "tests/sandbox/browser.h"

namespace ilkimza::testing {

class HolderBrowser {
 public:
  using Json = nlohmann::json;

  // `person` outlives this; it knows the holder, their phone and their mailbox.
  HolderBrowser(Person& person, std::string ca_pem, HttpClient phone)
      : person_(person), browser_(std::move(ca_pem)), phone_(std::move(phone)) {}

  // Carries out what a `guided` prompt says, and answers that it is done.
  Json Follow(const Json& prompt);

  // Logs in by e-Devlet, which the portal's choice of entrances leads to, and answers that
  // it is done.
  Json LogInByEDevlet(const Json& prompt);

  // Off the PIN page, once it was shown.
  [[nodiscard]] const std::string& serial() const { return serial_; }
  [[nodiscard]] const std::string& pin() const { return pin_; }
  sandbox::Browser& browser() { return browser_; }

 private:
  // What the holder types into the field of this label; empty: it is no field.
  std::string ValueFor(const std::string& label);
  std::string ReadCaptcha();
  void ReadPinPage();

  Person& person_;
  sandbox::Browser browser_;
  HttpClient phone_;
  std::string serial_;
  std::string pin_;
};

}  // namespace ilkimza::testing

#endif  // ILKIMZA_TESTS_E2E_HOLDER_BROWSER_H_
