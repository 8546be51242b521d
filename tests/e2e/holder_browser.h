// The holder's own browser, for guided steps: does at the practice portal what a
// prompt's labels say, in their order, and nothing else; and comes to the page that it names.
//
// Not thread-safe.
#ifndef ILKIMZA_TESTS_E2E_HOLDER_BROWSER_H_
#define ILKIMZA_TESTS_E2E_HOLDER_BROWSER_H_

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/e2e/person.h"
#include "tests/sandbox/browser.h"

namespace ilkimza::testing {

class HolderBrowser {
 public:
  using Json = nlohmann::json;

  // `person` outlives this; it knows the holder, their phone and their mailbox.
  HolderBrowser(Person& person, std::string ca_pem, HttpClient phone)
      : person_(person), browser_(std::move(ca_pem)), phone_(std::move(phone)) {}

  // Carries out what a `guided` prompt says, and answers that it is done; or that the
  // portal has deleted PIN and PUK, where the page says so.
  Json Follow(const Json& prompt);

  // Headings need not be those that the prompts name any more.
  void ExpectChangedPages() { has_changed_pages_ = true; }

  // Logs in by e-Devlet, which the portal's choice of entrances leads to, and answers that
  // it is done.
  Json LogInByEDevlet(const Json& prompt);

  // Off the page that showed them; empty before.
  [[nodiscard]] const std::string& serial() const { return serial_; }
  [[nodiscard]] const std::string& pin() const { return pin_; }
  [[nodiscard]] const std::string& puk() const { return puk_; }
  // What could be read where each instruction ended, in order.
  [[nodiscard]] const std::vector<std::string>& pages() const { return pages_; }
  sandbox::Browser& browser() { return browser_; }

 private:
  // What the holder types into the field of this label; empty: it is no field.
  std::string ValueFor(const std::string& label);
  std::string ReadCaptcha();
  void ReadCard();

  Person& person_;
  sandbox::Browser browser_;
  HttpClient phone_;
  std::string serial_;
  std::string pin_;
  std::string puk_;
  std::vector<std::string> pages_;
  bool has_changed_pages_ = false;
};

}  // namespace ilkimza::testing

#endif  // ILKIMZA_TESTS_E2E_HOLDER_BROWSER_H_
