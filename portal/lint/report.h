// What ilkimza-portal-lint found, for people and for programs, and whether it is as
// expected. ilkimza-portal-lint(1) describes both forms. Thread-safe.
#ifndef ILKIMZA_PORTAL_LINT_REPORT_H_
#define ILKIMZA_PORTAL_LINT_REPORT_H_

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "portal/lint/inspection.h"
#include "portal/lint/source.h"

namespace ilkimza::portal {

// What an earlier report says of a page.
struct Known {
  std::string screen;
  std::string fingerprint;
};
// By the name of the source.
using Baseline = std::map<std::string, Known>;

// Of a report in JSON. InvalidArgument where `text` is none.
absl::StatusOr<Baseline> BaselineOf(const std::string& text);

struct Finding {
  Source source;
  // Either what the page is, or why it could not be read.
  Inspection page;
  absl::Status error;
  // What the baseline says of it.
  std::optional<Known> before;

  // The screen's name, "NONE" where it is not sure.
  [[nodiscard]] std::string screen() const;
  // It was read, is what is expected of it (some screen, where nothing is), and is
  // what it was before.
  [[nodiscard]] bool as_expected() const;
};

// `all_screens`: with each page also what every other screen of the profile lacks.
std::string TextReport(const Profile& profile, const std::vector<Finding>& findings,
                       bool all_screens);
nlohmann::ordered_json JsonReport(const Profile& profile, const std::vector<Finding>& findings);

}  // namespace ilkimza::portal

#endif  // ILKIMZA_PORTAL_LINT_REPORT_H_
