#include "portal/lint/report.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/error.h"

namespace ilkimza::portal {
namespace {

using Json = nlohmann::ordered_json;

std::string NameOf(profile_v1::ScreenKind kind) {
  return profile_v1::ScreenKind_Name(kind).substr(sizeof("SCREEN_KIND"));
}

std::string NameOf(profile_v1::ValueKind kind) {
  return profile_v1::ValueKind_Name(kind).substr(sizeof("VALUE_KIND"));
}

template <typename All, typename Name>
std::vector<std::string> NamesOf(const All& all, const Name& name) {
  std::vector<std::string> names;
  for (const auto& one : all) names.push_back(name(one));
  return names;
}

std::vector<std::string> MessagesOf(const Inspection& page) {
  return NamesOf(page.messages, [](v1::ErrorReason reason) { return ReasonName(reason); });
}

std::vector<std::string> ValuesOf(const Inspection& page) {
  return NamesOf(page.values, [](profile_v1::ValueKind kind) { return NameOf(kind); });
}

// The profile's screens that no page is.
std::vector<std::string> NotSeen(const Profile& profile, const std::vector<Finding>& findings) {
  std::set<profile_v1::ScreenKind> seen;
  for (const Finding& finding : findings) seen.insert(finding.page.screen);
  std::vector<std::string> missing;
  for (const Profile::Screen& screen : profile.screens()) {
    if (seen.count(screen.kind) == 0) missing.push_back(NameOf(screen.kind));
  }
  return missing;
}

std::size_t CountAsExpected(const std::vector<Finding>& findings) {
  return static_cast<std::size_t>(
      std::count_if(findings.begin(), findings.end(),
                    [](const Finding& finding) { return finding.as_expected(); }));
}

// ---- For people ----

void AppendVerdict(const Finding& finding, std::string& out) {
  const Inspection& page = finding.page;
  absl::StrAppend(&out, finding.source.name(), ": ");
  if (!finding.error.ok()) {
    const v1::ErrorReason reason = ReasonOf(finding.error);
    if (reason != v1::ERROR_REASON_UNSPECIFIED) absl::StrAppend(&out, ReasonName(reason), ": ");
    absl::StrAppend(&out, std::string(finding.error.message()), "\n");
    return;
  }
  if (page.screen != profile_v1::SCREEN_KIND_UNSPECIFIED) {
    absl::StrAppend(&out, NameOf(page.screen),
                    page.least ? " (for steps that start there; any other stops)" : "");
  } else {
    absl::StrAppend(&out, "not recognised: ", ReasonName(page.reason));
  }
  const std::string& expected = finding.source.expected;
  if (!expected.empty() && expected != finding.screen()) {
    absl::StrAppend(&out, ", expected ", expected);
  }
  out += "\n";
  if (page.screen == profile_v1::SCREEN_KIND_UNSPECIFIED) {
    absl::StrAppend(&out, "  nearest ", NameOf(page.nearest), ", which lacks ",
                    absl::StrJoin(page.missing, ", "), "\n");
  }
}

void AppendChange(const Finding& finding, std::string& out) {
  if (!finding.before) return;
  if (finding.before->screen != finding.screen()) {
    absl::StrAppend(&out, "  changed: was ", finding.before->screen, "\n");
  } else if (finding.before->fingerprint != finding.page.fingerprint) {
    absl::StrAppend(&out, "  changed: was fingerprint ", finding.before->fingerprint, "\n");
  }
}

void AppendControls(const Inspection& page, std::string& out) {
  for (const InspectedControl& control : page.controls) {
    absl::StrAppend(&out, "  ", std::string(control.kind), " \"", control.name, "\"");
    if (!control.called.empty()) absl::StrAppend(&out, " = ", absl::StrJoin(control.called, ", "));
    if (control.never_pressed) out += " (never pressed)";
    if (!control.enabled) out += " (disabled)";
    if (!control.usable && control.kind != "choice") out += " (an unknown script)";
    out += "\n";
  }
}

void AppendPage(const Finding& finding, bool all_screens, std::string& out) {
  AppendVerdict(finding, out);
  if (!finding.error.ok()) return;
  AppendChange(finding, out);
  const Inspection& page = finding.page;
  absl::StrAppend(&out, "  fingerprint ", page.fingerprint, ", ", std::string(page.charset), "\n");
  if (const auto said = MessagesOf(page); !said.empty()) {
    absl::StrAppend(&out, "  says ", absl::StrJoin(said, ", "), "\n");
  }
  if (const auto read = ValuesOf(page); !read.empty()) {
    absl::StrAppend(&out, "  can be read: ", absl::StrJoin(read, ", "), "\n");
  }
  AppendControls(page, out);
  if (!all_screens) return;
  for (const ScreenCheck& check : page.screens) {
    absl::StrAppend(&out, "  ", check.missing.empty() ? "is " : "is not ", NameOf(check.kind),
                    check.missing.empty() ? "" : ", which lacks ",
                    absl::StrJoin(check.missing, ", "), "\n");
  }
}

// ---- For programs ----

Json JsonOf(const InspectedControl& control) {
  return {{"kind", control.kind},     {"name", control.name},
          {"called", control.called}, {"enabled", control.enabled},
          {"usable", control.usable}, {"never_pressed", control.never_pressed}};
}

Json JsonOf(const Finding& finding) {
  const Inspection& page = finding.page;
  Json json = {{"source", finding.source.name()}, {"as_expected", finding.as_expected()}};
  if (!finding.source.expected.empty()) json["expected"] = finding.source.expected;
  if (!finding.error.ok()) {
    json["reason"] = ReasonName(ReasonOf(finding.error));
    json["error"] = std::string(finding.error.message());
    return json;
  }
  json["screen"] = finding.screen();
  json["least"] = page.least;
  if (page.screen == profile_v1::SCREEN_KIND_UNSPECIFIED) {
    json["reason"] = ReasonName(page.reason);
    json["nearest"] = NameOf(page.nearest);
    json["missing"] = page.missing;
  }
  json["fingerprint"] = page.fingerprint;
  json["charset"] = page.charset;
  json["messages"] = MessagesOf(page);
  json["values"] = ValuesOf(page);
  json["controls"] = Json::array();
  for (const InspectedControl& control : page.controls) json["controls"].push_back(JsonOf(control));
  json["screens"] = Json::array();
  for (const ScreenCheck& check : page.screens) {
    json["screens"].push_back({{"screen", NameOf(check.kind)},
                               {"fits", check.missing.empty()},
                               {"missing", check.missing}});
  }
  if (finding.before) {
    json["before"] = {{"screen", finding.before->screen},
                      {"fingerprint", finding.before->fingerprint}};
  }
  return json;
}

}  // namespace

absl::StatusOr<Baseline> BaselineOf(const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("pages") || !json["pages"].is_array()) {
    return absl::InvalidArgumentError("it is no report of this program in JSON.");
  }
  const auto text_of = [](const Json& page, const char* key) {
    return page.contains(key) && page[key].is_string() ? page[key].get<std::string>() : "";
  };
  Baseline baseline;
  for (const Json& page : json["pages"]) {
    if (!page.is_object()) return absl::InvalidArgumentError("one of its pages is no object.");
    const std::string source = text_of(page, "source");
    const Known known{text_of(page, "screen"), text_of(page, "fingerprint")};
    if (!source.empty() && !known.fingerprint.empty()) baseline[source] = known;
  }
  return baseline;
}

std::string Finding::screen() const {
  return page.screen == profile_v1::SCREEN_KIND_UNSPECIFIED ? "NONE" : NameOf(page.screen);
}

bool Finding::as_expected() const {
  if (!error.ok()) return false;
  const bool right = source.expected.empty() ? screen() != "NONE" : screen() == source.expected;
  return right &&
         (!before || (before->screen == screen() && before->fingerprint == page.fingerprint));
}

std::string TextReport(const Profile& profile, const std::vector<Finding>& findings,
                       bool all_screens) {
  std::string out;
  for (const Finding& finding : findings) {
    AppendPage(finding, all_screens, out);
    out += "\n";
  }
  absl::StrAppend(&out, "profile ", profile.name(), ": ", CountAsExpected(findings), " of ",
                  findings.size(), " as expected\n");
  if (const auto missing = NotSeen(profile, findings); !missing.empty()) {
    absl::StrAppend(&out, "no page for: ", absl::StrJoin(missing, ", "), "\n");
  }
  return out;
}

Json JsonReport(const Profile& profile, const std::vector<Finding>& findings) {
  Json json = {{"profile", profile.name()},
               {"as_expected", CountAsExpected(findings)},
               {"not_as_expected", findings.size() - CountAsExpected(findings)},
               {"screens_without_page", NotSeen(profile, findings)},
               {"pages", Json::array()}};
  for (const Finding& finding : findings) json["pages"].push_back(JsonOf(finding));
  return json;
}

}  // namespace ilkimza::portal
