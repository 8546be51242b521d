// The practice portal as the portal's tests use it: one process for a whole test
// program, put back to its start before each test.
#ifndef ILKIMZA_TESTS_PORTAL_SANDBOX_PORTAL_H_
#define ILKIMZA_TESTS_PORTAL_SANDBOX_PORTAL_H_

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "portal/browser.h"
#include "portal/profile.h"
#include "tests/support/http.h"
#include "tests/support/process.h"

namespace ilkimza::portal {

// Of the world file that the tests use.
struct Holder {
  std::string national_id;
  std::string email;
  std::string phone;
  std::string word;
  std::vector<std::string> serials;
  std::vector<std::string> pins;
};
const Holder& Ayse();   // one card
const Holder& Cagri();  // two cards

class SandboxPortal {
 public:
  // Starts it when first asked for; ends with the program.
  static SandboxPortal& Get();

  // World, rules, counters and faults as at the start, then this style and charset.
  void Reset(const std::string& style = "html5", const std::string& charset = "utf-8",
             const std::string& portal = "kamusm");

  // Of the portal it shows.
  [[nodiscard]] Profile profile() const;
  [[nodiscard]] BrowserOptions browser() const;
  [[nodiscard]] const std::string& url() const { return url_; }

  nlohmann::json Control(const std::string& what, const nlohmann::json& body);
  nlohmann::json State();
  // How often the portal processed a press such as "pin:delete:1", and all presses.
  int Presses(const std::string& control);
  nlohmann::json AllPresses() { return State()["presses"]; }
  // How often it was asked, such as "POST login".
  int Requests(const std::string& request);

  // What a person would read in the picture; "?" if it is none of the portal's.
  std::string ReadCaptcha(std::string_view image);
  std::string LastSmsCode(const std::string& phone);
  std::string LastMailLink(const std::string& email);

 private:
  SandboxPortal();

  testing::TempDir folder_;
  std::unique_ptr<testing::Process> process_;
  std::unique_ptr<testing::HttpClient> client_;
  std::string url_;
  std::string ca_file_;
  std::string portal_ = "kamusm";
};

// The kinds of pages that all behave the same.
struct Markup {
  std::string style;
  std::string charset;
};
inline const Markup kMarkups[] = {{"html5", "utf-8"},    {"html5", "iso-8859-9"},
                                  {"tables", "utf-8"},   {"tables", "iso-8859-9"},
                                  {"postback", "utf-8"}, {"postback", "iso-8859-9"}};
std::string MarkupName(const Markup& markup);

}  // namespace ilkimza::portal

#endif  // ILKIMZA_TESTS_PORTAL_SANDBOX_PORTAL_H_
