// JSON over HTTPS, as tests speak to the sandbox's phone, mailbox and control.
#ifndef ILKIMZA_TESTS_SUPPORT_HTTP_H_
#define ILKIMZA_TESTS_SUPPORT_HTTP_H_

#include <nlohmann/json.hpp>
#include <string>

namespace ilkimza::testing {

// Thread-safe. A call that fails gives {"error": ...}, so that a test shows what
// happened instead of stopping somewhere else.
class HttpClient {
 public:
  // `base` such as "https://localhost:4711/"; `ca_file` is what it trusts.
  HttpClient(std::string base, std::string ca_file)
      : base_(std::move(base)), ca_file_(std::move(ca_file)) {}

  [[nodiscard]] nlohmann::json Get(const std::string& path) const;
  nlohmann::json Post(const std::string& path, const nlohmann::json& body) const;

 private:
  [[nodiscard]] nlohmann::json Send(const std::string& path, const std::string* body) const;

  std::string base_;
  std::string ca_file_;
};

}  // namespace ilkimza::testing

#endif  // ILKIMZA_TESTS_SUPPORT_HTTP_H_
