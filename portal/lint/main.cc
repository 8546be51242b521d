// ilkimza-portal-lint: holds pages against a portal's profile. See
// ilkimza-portal-lint(1), and portal/profiles/README.md for the profile.
#include <sysexits.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "base/error.h"
#include "base/secret.h"
#include "portal/default_profile.h"
#include "portal/lint/report.h"
#include "portal/lint/source.h"

namespace ilkimza::portal {
namespace {

constexpr char kProgram[] = "ilkimza-portal-lint";
constexpr int kNotAsExpected = 1;

struct Flags {
  std::vector<std::string> pages;
  std::string profile = kDefaultProfile;
  std::string entrance;
  std::string ca_file;
  std::string charset;
  std::string baseline;
  std::string output = "text";
  bool by_name = false;
  bool all_screens = false;
};

void Declare(CLI::App& app, Flags& flags) {
  app.set_version_flag("--version", kProgram + std::string(" ") + ILKIMZA_VERSION);
  app.add_option("page", flags.pages, "[SCREEN=]FILE, FOLDER or https address; several may follow")
      ->required();
  app.add_option("--profile", flags.profile, "A built-in profile, or the path of one")
      ->type_name("NAME|FILE");
  app.add_option("--entrance", flags.entrance, "Replaces the profile's address and hosts")
      ->type_name("URL");
  app.add_option("--ca-file", flags.ca_file, "Authorities to trust, instead of the system's")
      ->type_name("PEM");
  app.add_option("--charset", flags.charset, "Of saved pages, whatever they say themselves")
      ->type_name("NAME");
  app.add_option("--baseline", flags.baseline, "An earlier JSON report, to compare with")
      ->type_name("FILE");
  app.add_option("--output", flags.output, "text or json")->check(CLI::IsMember({"text", "json"}));
  app.add_flag("--by-name", flags.by_name, "Expect of LOGIN.html that it is LOGIN, and so on");
  app.add_flag("--all-screens", flags.all_screens, "Say of every screen what a page lacks");
}

int Fail(int code, std::string_view sentence) {
  std::cerr << kProgram << ": " << sentence << "\n";
  return code;
}

int InputCode(const absl::Status& status) {
  return absl::IsNotFound(status) ? EX_NOINPUT : EX_DATAERR;
}

absl::StatusOr<Profile> ProfileOf(const Flags& flags) {
  std::string name = flags.profile;
  // A built-in one has no dot in its name.
  if (name.find('/') == std::string::npos && name.find('.') != std::string::npos) {
    name.insert(0, "./");
  }
  if (name.find('/') != std::string::npos && !std::ifstream(name)) {
    return absl::NotFoundError("The profile " + name + " cannot be read.");
  }
  ILKIMZA_ASSIGN_OR_RETURN(Profile profile, Profile::Named(name));
  return flags.entrance.empty() ? profile : profile.WithEntrance(flags.entrance);
}

// EX_NOINPUT, EX_DATAERR or EX_UNAVAILABLE for a page that could not be read.
int CodeOf(const Finding& finding) {
  if (finding.error.ok()) return finding.as_expected() ? EX_OK : kNotAsExpected;
  if (absl::IsNotFound(finding.error)) return EX_NOINPUT;
  switch (ReasonOf(finding.error)) {
    case v1::ERROR_REASON_PORTAL_UNREACHABLE:
    case v1::ERROR_REASON_PORTAL_UNTRUSTED:
    case v1::ERROR_REASON_OFF_SITE:
    case v1::ERROR_REASON_TOO_MANY_REDIRECTS:
      return EX_UNAVAILABLE;
    default:
      return finding.source.live() ? EX_UNAVAILABLE : EX_DATAERR;
  }
}

absl::StatusOr<Baseline> ReadBaseline(const std::string& file) {
  if (file.empty()) return Baseline();
  std::ifstream stream(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  if (!stream) return absl::NotFoundError("The baseline " + file + " cannot be read.");
  auto baseline = BaselineOf(text);
  if (baseline.ok()) return baseline;
  return absl::InvalidArgumentError("The baseline " + file +
                                    " is wrong: " + std::string(baseline.status().message()));
}

std::vector<Finding> Look(const std::vector<Source>& sources, const Baseline& baseline,
                          const Profile& profile, Reader& reader) {
  std::vector<Finding> findings;
  for (const Source& source : sources) {
    Finding& finding = findings.emplace_back();
    finding.source = source;
    const auto page = reader.Read(source);
    if (page.ok()) {
      finding.page = Inspect(*page, profile);
    } else {
      finding.error = page.status();
    }
    const auto before = baseline.find(source.name());
    if (before != baseline.end()) finding.before = before->second;
  }
  return findings;
}

int Run(const Flags& flags) {
  const auto profile = ProfileOf(flags);
  if (!profile.ok())
    return Fail(InputCode(profile.status()), std::string(profile.status().message()));
  if (!flags.charset.empty() && !CharsetByName(flags.charset)) {
    return Fail(EX_USAGE, "--charset is none that is known: " + flags.charset);
  }
  const auto baseline = ReadBaseline(flags.baseline);
  if (!baseline.ok()) {
    return Fail(InputCode(baseline.status()), std::string(baseline.status().message()));
  }
  std::vector<Source> sources;
  for (const std::string& argument : flags.pages) {
    auto some = SourcesOf(argument, flags.by_name);
    if (!some.ok()) return Fail(EX_NOINPUT, std::string(some.status().message()));
    sources.insert(sources.end(), some->begin(), some->end());
  }
  Reader::Options options{.charset = flags.charset};
  options.browser.ca_file = flags.ca_file;
  Reader reader(*profile, options);
  const std::vector<Finding> findings = Look(sources, *baseline, *profile, reader);
  if (flags.output == "json") {
    using Json = nlohmann::ordered_json;
    std::cout << JsonReport(*profile, findings).dump(2, ' ', false, Json::error_handler_t::replace)
              << "\n";
  } else {
    std::cout << TextReport(*profile, findings, flags.all_screens);
  }
  std::cout.flush();
  if (!std::cout) return EX_IOERR;
  // What could not be looked at weighs more than what was, and was not as expected.
  int code = EX_OK;
  for (const Finding& finding : findings) code = std::max(code, CodeOf(finding));
  return code;
}

}  // namespace
}  // namespace ilkimza::portal

int main(int argc, char** argv) {
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  // Saved pages may show what only their holder may see.
  ilkimza::ProtectProcessMemory();
  CLI::App app("Holds saved pages, or a portal's own, against the portal's profile.",
               ilkimza::portal::kProgram);
  ilkimza::portal::Flags flags;
  ilkimza::portal::Declare(app, flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? EX_OK : EX_USAGE;
  }
  return ilkimza::portal::Run(flags);
}
