// The report for the help desk.
#include <sys/utsname.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/cli/doctor_view.h"
#include "clients/cli/program.h"
#include "clients/sdk/doctor.h"

namespace ilkimza::client {
namespace {

// Of what a machine says of itself, at most.
constexpr size_t kMaxLine = 200;
constexpr const char* kPackages[] = {"ilkimza", "pcscd", "libpcsclite1", "libccid", "opensc"};

// The value of `key` in a file of KEY="value" lines.
std::string ValueIn(const char* path, std::string_view key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.compare(0, key.size(), key) != 0) continue;
    std::string value = line.substr(key.size(), kMaxLine);
    value.erase(0, value.find_first_not_of('"'));
    return value.substr(0, value.find('"'));
  }
  return "";
}

// Name and version of those of `kPackages` that are installed, by Debian's own list.
std::map<std::string, std::string> Packages() {
  std::map<std::string, std::string> found;
  std::ifstream file("/var/lib/dpkg/status");
  std::string package;
  bool installed = false;
  for (std::string line; std::getline(file, line);) {
    if (absl::StartsWith(line, "Package: ")) {
      package = line.substr(9);
      installed = false;
    } else if (absl::StartsWith(line, "Status: ")) {
      installed = absl::EndsWith(line, " installed");
    } else if (installed && absl::StartsWith(line, "Version: ")) {
      for (const std::string_view wanted : kPackages) {
        if (package == wanted) found[package] = line.substr(9, kMaxLine);
      }
    }
  }
  return found;
}

// Whether somebody sits at the computer decides what polkit allows.
std::string Session() {
  if (std::getenv("SSH_CONNECTION") != nullptr) return "ssh";
  const char* type = std::getenv("XDG_SESSION_TYPE");
  return type == nullptr ? "unknown" : std::string(type).substr(0, 20);
}

std::string System() {
  utsname name{};
  uname(&name);
  return absl::StrCat(ValueIn("/etc/os-release", "PRETTY_NAME="), ", ", name.sysname, " ",
                      name.release, ", ", name.machine);
}

void AddLine(std::string& report, std::string_view name, std::string_view value) {
  report.append(name).append(": ").append(value).append("\n");
}

}  // namespace

std::string Report(const Texts& texts, const v1::DiagnoseResponse& diagnosis, int exit_code,
                   const Person& person) {
  v1::DiagnoseResponse redacted = diagnosis;
  for (v1::Finding& finding : *redacted.mutable_findings()) {
    finding = Redacted(std::move(finding), person);
  }
  redacted.set_agent_version(Redacted(redacted.agent_version(), person));

  std::string report = texts.Say("İlkimza: report for the help desk") + "\n";
  report += texts.Say(
                "Names, national ids, mail addresses and home folders are taken out, serial "
                "numbers are shortened. A PIN or PUK was never in it.") +
            "\n\n";
  AddLine(report, "time", JsonTime(absl::Now()));
  AddLine(report, "ilkimza", kVersion);
  AddLine(report, "ilkimza-agent",
          redacted.agent_version().empty() ? "-" : redacted.agent_version());
  AddLine(report, "system", Redacted(System(), person));
  AddLine(report, "session", Redacted(Session(), person));
  for (const auto& [package, version] : Packages()) {
    AddLine(report, "package " + package, Redacted(version, person));
  }
  report += "\n";
  for (const v1::Finding& finding : redacted.findings()) {
    const Sentence sentence = FindingSentence(texts, finding);
    absl::StrAppend(&report, "[", VerdictTitle(texts, finding.verdict()), "] ",
                    CheckTitle(texts, finding.check()), ": ", Printable(sentence.happened), " (",
                    FindingName(finding.kind()), ")\n");
    if (!sentence.next.empty()) absl::StrAppend(&report, "    -> ", sentence.next, "\n");
  }
  return report + "\n" + Line(DiagnosisToJson(texts, redacted, exit_code)) + "\n";
}

}  // namespace ilkimza::client
