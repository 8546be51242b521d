// A small browser that finds things as a person does, by what can be read on the
// page: to use the practice portal in each of its markups. Not thread-safe.
#ifndef ILKIMZA_TESTS_SANDBOX_BROWSER_H_
#define ILKIMZA_TESTS_SANDBOX_BROWSER_H_

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct GumboInternalNode;

namespace ilkimza::sandbox {

class Browser {
 public:
  // Trusts the CA with this certificate (PEM), and nobody else.
  explicit Browser(std::string ca_pem);
  Browser(const Browser&) = delete;
  Browser& operator=(const Browser&) = delete;
  ~Browser();

  // What came back, after redirects.
  struct Response {
    // A CURLcode; 0 where an answer came.
    int error = 0;
    int status = 0;
    std::string url;
    std::string content_type;
    // As it came, unpacked.
    std::string bytes;
    // In UTF-8.
    std::string body;
    // Status and place of each redirect.
    std::vector<std::pair<int, std::string>> redirects;
    std::vector<std::string> cookies_set;
  };

  const Response& Open(const std::string& url);
  // Fills the field that is labelled so; fails the test where there is not one.
  void Type(std::string_view label, std::string value);
  // Follows or presses what is labelled so; the nth of them, 1-based.
  const Response& Press(std::string_view label, int nth = 1);
  // Posts this to the page's form, whatever the page offers.
  const Response& PostRaw(const std::string& url, const std::string& form);
  // Sends the last form again, byte by byte.
  const Response& Resend();
  // The image beside the captcha field.
  std::string Captcha();

  const Response& last() const { return last_; }
  // All that can be read on the page, blanks joined.
  std::string text() const;
  std::string heading() const;
  bool Shows(std::string_view words) const { return text().find(words) != std::string::npos; }
  std::vector<std::string> fields() const;
  std::vector<std::string> controls() const;
  std::map<std::string, std::string> hidden() const;
  void ForgetCookies();
  void set_timeout_ms(long ms) { timeout_ms_ = ms; }
  // How many redirects are followed.
  void set_redirect_limit(int limit) { redirect_limit_ = limit; }

 private:
  struct Parsed;

  const Response& Send(const std::string& url, const std::string* form);

  std::string FormBody(const GumboInternalNode* control, const std::string& target,
                       const std::string& argument) const;
  std::string Absolute(const std::string& reference) const;

  void* curl_ = nullptr;
  std::string ca_pem_;
  long timeout_ms_ = 20'000;
  int redirect_limit_ = 10;
  Response last_;
  std::string last_form_;
  std::string last_form_url_;
  std::unique_ptr<Parsed> page_;
};

}  // namespace ilkimza::sandbox

#endif  // ILKIMZA_TESTS_SANDBOX_BROWSER_H_
