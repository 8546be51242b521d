#include "clients/sdk/redaction.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "clients/sdk/surroundings.h"

namespace ilkimza::client {
namespace {

constexpr char kGone[] = "[...]";
// Shorter ones are parts of other words.
constexpr size_t kShortestName = 3;
constexpr size_t kShortestNumber = 9;
constexpr size_t kNationalId = 11;
constexpr size_t kLeft = 4;
constexpr size_t kShortestSerial = 6;

// Bytes of words in any script count as letters.
bool IsWord(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

void AddName(Person& person, std::string_view name) {
  if (name.size() < kShortestName) return;
  person.names.emplace_back(name);
}

std::string WithoutWord(std::string_view text, std::string_view word) {
  std::string result;
  for (size_t i = 0; i < text.size();) {
    const bool begins = i == 0 || !IsWord(text[i - 1]);
    const size_t end = i + word.size();
    const bool ends = end >= text.size() || !IsWord(text[end]);
    if (begins && ends && end <= text.size() &&
        absl::EqualsIgnoreCase({text.data() + i, word.size()}, {word.data(), word.size()})) {
      result += kGone;
      i = end;
    } else {
      result += text[i++];
    }
  }
  return result;
}

// The part of a path that names a person: what follows "/home/" and the like.
std::string WithoutOwners(std::string text) {
  for (const std::string& parent : {std::string("/home/"), std::string("/run/user/")}) {
    for (size_t at = text.find(parent); at != std::string::npos;
         at = text.find(parent, at + parent.size())) {
      const size_t begin = at + parent.size();
      const size_t end = std::min(text.find_first_of("/ \t\"'", begin), text.size());
      text.replace(begin, end - begin, kGone);
    }
  }
  return text;
}

std::string WithoutMails(const std::string& text) {
  std::vector<std::string> words = absl::StrSplit(text, ' ');
  for (std::string& word : words) {
    if (absl::StrContains(word, '@')) word = kGone;
  }
  std::string result;
  for (const std::string& word : words) result += (&word == &words.front() ? "" : " ") + word;
  return result;
}

std::string WithoutNumbers(std::string_view text) {
  std::string result;
  for (size_t i = 0; i < text.size();) {
    size_t end = i;
    while (end < text.size() && IsDigit(text[end])) ++end;
    const size_t length = end - i;
    if (length == 0) {
      result += text[i++];
      continue;
    }
    if (length < kShortestNumber) {
      result += text.substr(i, length);
    } else if (length == kNationalId) {
      result += kGone;
    } else {
      result.append("...").append(text.substr(end - kLeft, kLeft));
    }
    i = end;
  }
  return result;
}

// "(0A1B2C3D)" behind a reader's name is the serial of that one reader.
std::string WithoutSerials(std::string text) {
  for (size_t open = text.find('('); open != std::string::npos; open = text.find('(', open + 1)) {
    const size_t close = text.find(')', open);
    if (close == std::string::npos) break;
    const std::string inside = text.substr(open + 1, close - open - 1);
    const bool plain = std::all_of(inside.begin(), inside.end(), IsWord);
    const bool numbered = std::any_of(inside.begin(), inside.end(), IsDigit);
    if (inside.size() >= kShortestSerial && plain && numbered) {
      text.replace(open + 1, inside.size(), "...");
    }
  }
  return text;
}

}  // namespace

Person ThisPerson() {
  Person person;
  if (const passwd* entry = getpwuid(getuid()); entry != nullptr) {
    AddName(person, entry->pw_name);
    person.home = entry->pw_dir;
    const std::string_view full = entry->pw_gecos;
    for (const auto& part :
         absl::StrSplit(absl::string_view(full.data(), full.size()), absl::ByAnyChar(" ,."))) {
      AddName(person, {part.data(), part.size()});
    }
  }
  AddName(person, Environment("USER"));
  AddName(person, Environment("LOGNAME"));
  if (const std::string_view home = Environment("HOME"); !home.empty()) person.home = home;
  std::array<char, HOST_NAME_MAX + 1> host{};
  if (gethostname(host.data(), host.size() - 1) == 0) AddName(person, host.data());
  // "localhost" names no computer.
  person.names.erase(std::remove(person.names.begin(), person.names.end(), "localhost"),
                     person.names.end());
  return person;
}

std::string Redacted(std::string_view text, const Person& person) {
  std::string result(text);
  if (person.home.size() > 1) result = absl::StrReplaceAll(result, {{person.home, "~"}});
  result = WithoutOwners(std::move(result));
  result = WithoutMails(result);
  for (const std::string& name : person.names) result = WithoutWord(result, name);
  result = WithoutNumbers(result);
  return WithoutSerials(std::move(result));
}

v1::Finding Redacted(v1::Finding finding, const Person& person) {
  finding.set_reader(Redacted(finding.reader(), person));
  finding.set_device(Redacted(finding.device(), person));
  finding.set_card_kind(Redacted(finding.card_kind(), person));
  finding.set_module(Redacted(finding.module(), person));
  finding.set_host(Redacted(finding.host(), person));
  finding.set_version(Redacted(finding.version(), person));
  for (std::string& program : *finding.mutable_programs()) program = Redacted(program, person);
  const std::string& serial = finding.card_serial();
  if (serial.size() > kLeft) {
    finding.set_card_serial("..." + serial.substr(serial.size() - kLeft));
  }
  return finding;
}

}  // namespace ilkimza::client
