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

bool TakeWord(std::string_view& text, std::string_view word) {
  SkipSpace(text);
  if (text.substr(0, word.size()) != word) return false;
  text.remove_prefix(word.size());
  return true;
}

bool IsNamePart(char c) {
  return absl::ascii_isalnum(c) || c == '_' || c == '$' || (c & 0x80) != 0;
}

bool TakeName(std::string_view& text, std::string_view& name) {
  std::size_t end = 0;
  while (end < text.size() && IsNamePart(text[end])) ++end;
  name = text.substr(0, end);
  text.remove_prefix(end);
  return !name.empty();
}

bool TakeNumber(std::string_view& text, std::string_view& number) {
  SkipSpace(text);
  std::size_t end = 0;
  while (end < text.size() && absl::ascii_isdigit(text[end])) ++end;
  number = text.substr(0, end);
  text.remove_prefix(end);
  return end > 0 && end < 4;
}

// What stands in the brackets of document.forms[...].
bool TakeIndex(std::string_view& text, Script& script) {
  if (TakeQuoted(text, script.first)) {
    script.form = Script::kListed;
  } else if (TakeNumber(text, script.first)) {
    script.form = Script::kNumber;
  } else {
    return false;
  }
  return Take(text, ']');
}

bool TakeForm(std::string_view& text, Script& script) {
  if (TakeWord(text, "this.form")) {
    script.form = Script::kOwn;
    return true;
  }
  TakeWord(text, "window.");
  if (!TakeWord(text, "document.")) return false;
  if (TakeWord(text, "getElementById")) {
    script.form = Script::kId;
    return Take(text, '(') && TakeQuoted(text, script.first) && Take(text, ')');
  }
  if (TakeWord(text, "forms[")) return TakeIndex(text, script);
  script.form = TakeWord(text, "forms.") ? Script::kListed : Script::kNamed;
  return TakeName(text, script.first);
}

// "; return false;" and the like up to the end; nothing else.
bool IsEnd(std::string_view text) {
  Take(text, ';');
  if (TakeWord(text, "return")) {
    if (!TakeWord(text, "false") && !TakeWord(text, "true")) return false;
    Take(text, ';');
  }
  SkipSpace(text);
  return text.empty();
}

bool EndsInReturnFalse(std::string_view text) {
  while (!text.empty() && (absl::ascii_isspace(text.back()) || text.back() == ';')) {
    text.remove_suffix(1);
  }
  return absl::EndsWith({text.data(), text.size()}, "return false");
}

// A script that sends a form and does nothing else. One that first writes into a field
// sends something that nobody can tell without running it.
void ReadSubmit(std::string_view text, Script& script) {
  script.kind = Script::kSubmit;
  const bool plain = TakeForm(text, script) && TakeWord(text, ".submit()") && IsEnd(text);
  if (!plain) script.form = Script::kUnclear;
}

// False where the options after the argument (validation, its group, an address) send the
// form to another address than its own.
bool KeepsAddress(std::string_view rest) {
  std::string_view ignored;
  if (!Take(rest, ',')) return true;
  if (!TakeWord(rest, "true") && !TakeWord(rest, "false")) return false;
  if (!Take(rest, ',')) return true;
  if (!TakeQuoted(rest, ignored)) return false;
  if (!Take(rest, ',')) return true;
  return TakeQuoted(rest, ignored) && ignored.empty();
}

bool ReadCall(std::string_view text, std::string_view name, Script& script) {
  const std::size_t at = text.find(name);
  if (at == std::string_view::npos) return false;
  std::string_view rest = text.substr(at + name.size());
  script.kind = Script::kUnknown;
  if (Take(rest, '(') && TakeQuoted(rest, script.first)) {
    script.kind = Script::kPostback;
    if (Take(rest, ',') && !TakeQuoted(rest, script.second)) script.kind = Script::kUnknown;
    if (!KeepsAddress(rest)) script.kind = Script::kUnknown;
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
  script.cancels = EndsInReturnFalse(text);
  if (ReadCall(text, "__doPostBack", script)) return script;
  if (ReadCall(text, "WebForm_PostBackOptions", script)) return script;
  if (ReadLocation(text, script)) return script;
  if (text.find("ubmit") != std::string_view::npos) {
    ReadSubmit(text, script);
    return script;
  }
  script.kind = IsEnd(text) && !script.cancels ? Script::kNone : Script::kUnknown;
  return script;
}

}  // namespace ilkimza::portal
