#include "clients/sdk/language.h"

#include <libintl.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <clocale>
#include <cstdlib>
#include <filesystem>

#include "clients/sdk/surroundings.h"

namespace ilkimza::client {
namespace {

constexpr char kDomain[] = "ilkimza";

}  // namespace

std::string_view LanguageCode(Language language) {
  return language == Language::kTurkish ? "tr" : "en";
}

std::optional<Language> LanguageOf(std::string_view code) {
  const std::string_view language = code.substr(0, code.find_first_of("_.@-"));
  if (language == "tr") return Language::kTurkish;
  if (language == "en") return Language::kEnglish;
  return std::nullopt;
}

Language LanguageOfEnvironment() {
  std::string_view locale;
  for (const char* name : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
    locale = Environment(name);
    if (!locale.empty()) break;
  }
  if (locale.empty() || locale == "C" || locale == "POSIX") return Language::kEnglish;
  for (std::string_view list = Environment("LANGUAGE"); !list.empty();) {
    const size_t end = list.find(':');
    if (const auto language = LanguageOf(list.substr(0, end))) return *language;
    list = end == std::string_view::npos ? std::string_view() : list.substr(end + 1);
  }
  return LanguageOf(locale).value_or(Language::kEnglish);
}

bool InitTexts() {
  std::array<char, PATH_MAX> path{};
  const ssize_t length = readlink("/proc/self/exe", path.data(), path.size());
  if (length <= 0 || static_cast<size_t>(length) >= path.size()) return false;
  const std::filesystem::path program(std::string(path.data(), static_cast<size_t>(length)));
  return InitTexts((program.parent_path().parent_path() / "share" / "locale").string());
}

bool InitTexts(const std::string& locale_directory) {
  // gettext translates nothing in the locale "C", and takes LANGUAGE in every other
  // one. C.UTF-8 is part of the C library's own package, so it is always there.
  const char* taken = nullptr;
  for (const char* locale : {"C.UTF-8", "C.utf8", "en_US.UTF-8", "tr_TR.UTF-8"}) {
    taken = std::setlocale(LC_MESSAGES, locale);
    if (taken != nullptr) break;
  }
  KeepEnvironmentForOthers();
  if (taken == nullptr || setenv("LANGUAGE", "tr", 1) != 0) return false;
  bindtextdomain(kDomain, locale_directory.c_str());
  bind_textdomain_codeset(kDomain, "UTF-8");
  std::error_code ignored;
  return std::filesystem::exists(
      std::filesystem::path(locale_directory) / "tr" / "LC_MESSAGES" / "ilkimza.mo", ignored);
}

std::string Texts::Say(const char* text) const {
  if (language_ == Language::kEnglish || *text == '\0') return text;
  return dgettext(kDomain, text);
}

}  // namespace ilkimza::client
