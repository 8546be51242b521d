// JSON over HTTPS from and to the sandbox's phone. Thread-safe.
#ifndef ILKIMZA_SANDBOX_PERSON_WEB_H_
#define ILKIMZA_SANDBOX_PERSON_WEB_H_

#include <nlohmann/json.hpp>
#include <string>

#include "absl/status/statusor.h"

namespace ilkimza::sandbox {

class Web {
 public:
  // `base` as in "https://localhost:4711/"; `ca_file` is all it trusts.
  Web(std::string base, std::string ca_file)
      : base_(std::move(base)), ca_file_(std::move(ca_file)) {}

  // `path` without a leading slash. Unavailable where nobody answers within ten
  // seconds; InvalidArgument with the sandbox's own words where it refuses.
  [[nodiscard]] absl::StatusOr<nlohmann::json> Get(const std::string& path) const;
  [[nodiscard]] absl::StatusOr<nlohmann::json> Post(const std::string& path,
                                                    const nlohmann::json& body) const;

 private:
  [[nodiscard]] absl::StatusOr<nlohmann::json> Send(const std::string& path,
                                                    const std::string* body) const;

  std::string base_;
  std::string ca_file_;
};

}  // namespace ilkimza::sandbox

#endif  // ILKIMZA_SANDBOX_PERSON_WEB_H_
