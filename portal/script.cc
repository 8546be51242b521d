#include "portal/script.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

namespace ilkimza::portal {
namespace {

constexpr std::string_view kScheme = "javascript:";

void SkipSpace(std::string_view& text) {
  while (!text.empty() && absl::ascii_isspace(text.front())) text.remove_prefix(1);
}

bool Take(std::string_view& text, char c) {
  SkipSpace(text);
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

// A quoted string without escapes.
bool TakeQuoted(std::string_view& text, std::string_view& value) {
  SkipSpace(text);
  if (text.empty() || (text.front() != '\'' && text.front() != '"')) return false;
  const std::size_t end = text.find(text.front(), 1);
  if (end == std::string_view::npos) return false;
  value = text.substr(1, end - 1);
  text.remove_prefix(end + 1);
  return value.find('\\') == std::string_view::npos;
}

bool ReadCall(std::string_view text, std::string_view name, Script& script) {
  const std::size_t at = text.find(name);
  if (at == std::string_view::npos) return false;
  std::string_view rest = text.substr(at + name.size());
  script.kind = Script::kUnknown;
  if (Take(rest, '(') && TakeQuoted(rest, script.first)) {
    script.kind = Script::kPostback;
    if (Take(rest, ',') && !TakeQuoted(rest, script.second)) script.kind = Script::kUnknown;
  }
  return true;
}

bool ReadLocation(std::string_view text, Script& script) {
  const std::size_t at = text.find("location");
  if (at == std::string_view::npos) return false;
  std::string_view rest = text.substr(at + 8);
  if (rest.substr(0, 5) == ".href") rest.remove_prefix(5);
  if (!Take(rest, '=') || !TakeQuoted(rest, script.first)) return false;
  script.kind = Script::kGo;
  return true;
}

}  // namespace

bool IsScriptAddress(std::string_view address) {
  SkipSpace(address);
  return absl::StartsWithIgnoreCase({address.data(), address.size()},
                                    {kScheme.data(), kScheme.size()});
}

Script ReadScript(std::string_view text) {
  Script script;
  SkipSpace(text);
  if (IsScriptAddress(text)) text.remove_prefix(kScheme.size());
  SkipSpace(text);
  if (text.empty()) return script;
  if (ReadCall(text, "__doPostBack", script)) return script;
  if (ReadCall(text, "WebForm_PostBackOptions", script)) return script;
  if (ReadLocation(text, script)) return script;
  script.kind =
      text.find(".submit()") != std::string_view::npos ? Script::kSubmit : Script::kUnknown;
  return script;
}

}  // namespace ilkimza::portal
