#include "portal/charset.h"

#include <unicode/ucnv.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/utf8.h"

namespace ilkimza::portal {
namespace {

// Where browsers stop looking for a <meta> as well.
constexpr std::size_t kMetaWithin = 1024;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

struct Label {
  std::string_view name;
  Charset charset;
};
constexpr Label kLabels[] = {
    {"utf-8", Charset::kUtf8},
    {"utf8", Charset::kUtf8},
    {"unicode-1-1-utf-8", Charset::kUtf8},
    {"iso-8859-9", Charset::kWindows1254},
    {"iso8859-9", Charset::kWindows1254},
    {"iso88599", Charset::kWindows1254},
    {"iso_8859-9", Charset::kWindows1254},
    {"latin5", Charset::kWindows1254},
    {"l5", Charset::kWindows1254},
    {"iso-ir-148", Charset::kWindows1254},
    {"csisolatin5", Charset::kWindows1254},
    {"windows-1254", Charset::kWindows1254},
    {"cp1254", Charset::kWindows1254},
    {"x-cp1254", Charset::kWindows1254},
    {"iso-8859-1", Charset::kWindows1252},
    {"iso8859-1", Charset::kWindows1252},
    {"latin1", Charset::kWindows1252},
    {"us-ascii", Charset::kWindows1252},
    {"ascii", Charset::kWindows1252},
    {"windows-1252", Charset::kWindows1252},
    {"cp1252", Charset::kWindows1252},
};

absl::Status Unreadable(std::string_view why) {
  return MakeError(
      absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_PAGE_UNREADABLE,
      absl::StrCat("The portal's page cannot be read: ", absl::string_view(why.data(), why.size()),
                   ". Try again later, or go on in the browser."));
}

absl::string_view Absl(std::string_view text) { return {text.data(), text.size()}; }

char32_t DecodeOne(const char*& p) {
  const auto byte = [&p](int i) { return static_cast<unsigned char>(p[i]); };
  const unsigned char c = byte(0);
  const int size = c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
  char32_t point = size == 1 ? c : c & (0xFF >> (size + 1));
  for (int i = 1; i < size; ++i) point = (point << 6) | (byte(i) & 0x3F);
  p += size;
  return point;
}

void EncodeOne(char32_t point, std::string& out) {
  if (point < 0x80) {
    out.push_back(static_cast<char>(point));
  } else if (point < 0x800) {
    out.push_back(static_cast<char>(0xC0 | (point >> 6)));
    out.push_back(static_cast<char>(0x80 | (point & 0x3F)));
  } else {
    out.push_back(static_cast<char>(0xE0 | (point >> 12)));
    out.push_back(static_cast<char>(0x80 | ((point >> 6) & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (point & 0x3F)));
  }
}

// One row for each byte of a single-byte charset, made by ICU once.
class SingleByteTable {
 public:
  explicit SingleByteTable(const char* icu_name) {
    UErrorCode error = U_ZERO_ERROR;
    UConverter* converter = ucnv_open(icu_name, &error);
    for (int byte = 0; byte < 256; ++byte) {
      const char in = static_cast<char>(byte);
      UChar wide[4] = {0};
      error = U_ZERO_ERROR;
      const int32_t size = ucnv_toUChars(converter, wide, 4, &in, 1, &error);
      const bool control = byte >= 0x80 && wide[0] < 0xA0;
      if (U_FAILURE(error) || size != 1 || wide[0] == 0xFFFD || control) continue;
      points_[byte] = wide[0];
      EncodeOne(wide[0], utf8_[byte]);
    }
    ucnv_close(converter);
  }

  // Empty where the charset has nothing at this byte.
  [[nodiscard]] const std::string& utf8(unsigned char byte) const { return utf8_[byte]; }
  [[nodiscard]] std::optional<unsigned char> byte(char32_t point) const {
    if (point < 0x80) return static_cast<unsigned char>(point);
    for (int i = 0x80; i < 256; ++i) {
      if (points_[i] == point) return static_cast<unsigned char>(i);
    }
    return std::nullopt;
  }

 private:
  std::array<std::string, 256> utf8_;
  std::array<char32_t, 256> points_{};
};

const SingleByteTable& TableOf(Charset charset) {
  static const SingleByteTable turkish("windows-1254");
  static const SingleByteTable western("windows-1252");
  return charset == Charset::kWindows1254 ? turkish : western;
}

// C0 controls other than white space have no place in a page.
bool HasControls(std::string_view bytes) {
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r' && byte != '\f') return true;
  }
  return false;
}

// The value after "charset=" in a header or a tag; empty if there is none.
std::string_view CharsetParameter(std::string_view text) {
  constexpr std::string_view kKey = "charset";
  for (std::size_t at = 0; at + kKey.size() < text.size(); ++at) {
    if (!absl::EqualsIgnoreCase(Absl(text.substr(at, kKey.size())), Absl(kKey))) continue;
    std::size_t i = at + kKey.size();
    while (i < text.size() && absl::ascii_isspace(text[i])) ++i;
    if (i >= text.size() || text[i] != '=') continue;
    ++i;
    while (i < text.size() && (absl::ascii_isspace(text[i]) || text[i] == '"' || text[i] == '\'')) {
      ++i;
    }
    const std::size_t end = text.find_first_of("\"'>; \t\r\n/", i);
    return text.substr(i, end == std::string_view::npos ? end : end - i);
  }
  return {};
}

// The charset that a <meta> within the first bytes names.
std::string_view MetaCharset(std::string_view bytes) {
  const std::string_view head = bytes.substr(0, kMetaWithin);
  for (std::size_t at = head.find('<'); at != std::string_view::npos; at = head.find('<', at + 1)) {
    if (head.substr(at, 4) == "<!--") {
      const std::size_t end = head.find("-->", at + 4);
      if (end == std::string_view::npos) return {};
      at = end;
      continue;
    }
    if (!absl::EqualsIgnoreCase(Absl(head.substr(at, 5)), "<meta")) continue;
    const std::string_view tag = head.substr(at, head.find('>', at) - at);
    if (const std::string_view name = CharsetParameter(tag); !name.empty()) return name;
  }
  return {};
}

}  // namespace

std::optional<Charset> CharsetByName(std::string_view label) {
  const absl::string_view name = absl::StripAsciiWhitespace(Absl(label));
  for (const Label& known : kLabels) {
    if (absl::EqualsIgnoreCase(name, Absl(known.name))) return known.charset;
  }
  return std::nullopt;
}

std::string_view CharsetName(Charset charset) {
  switch (charset) {
    case Charset::kUtf8:
      return "utf-8";
    case Charset::kWindows1254:
      return "windows-1254";
    case Charset::kWindows1252:
      return "windows-1252";
  }
  return "utf-8";
}

absl::StatusOr<Charset> DetectCharset(std::string_view content_type, std::string_view bytes,
                                      Charset fallback) {
  if (bytes.substr(0, kByteOrderMark.size()) == kByteOrderMark) return Charset::kUtf8;
  for (const std::string_view name : {CharsetParameter(content_type), MetaCharset(bytes)}) {
    if (name.empty()) continue;
    if (const auto charset = CharsetByName(name)) return *charset;
    return Unreadable("it names a charset that is neither UTF-8 nor a Turkish one");
  }
  return fallback;
}

absl::StatusOr<WipedString> ToUtf8(std::string_view bytes, Charset charset) {
  if (HasControls(bytes)) return Unreadable("it holds control characters");
  if (charset == Charset::kUtf8) {
    if (bytes.substr(0, kByteOrderMark.size()) == kByteOrderMark) {
      bytes.remove_prefix(kByteOrderMark.size());
    }
    if (!IsUtf8(bytes)) return Unreadable("its bytes are not the UTF-8 they are said to be");
    return WipedString(bytes);
  }
  const SingleByteTable& table = TableOf(charset);
  WipedString out;
  out.reserve(bytes.size() + bytes.size() / 4);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      out.push_back(c);
      continue;
    }
    const std::string& utf8 = table.utf8(byte);
    if (utf8.empty()) {
      return Unreadable(std::string("it holds bytes that ") + std::string(CharsetName(charset)) +
                        " does not have");
    }
    out.append(utf8.data(), utf8.size());
  }
  return out;
}

WipedString FromUtf8(std::string_view text, Charset charset) {
  if (charset == Charset::kUtf8 || !IsUtf8(text)) return WipedString(text);
  const SingleByteTable& table = TableOf(charset);
  WipedString out;
  out.reserve(text.size());
  for (const char* p = text.data(); p < text.data() + text.size();) {
    const char32_t point = DecodeOne(p);
    if (const auto byte = table.byte(point)) {
      out.push_back(static_cast<char>(*byte));
    } else {
      char entity[16];
      const int size = std::snprintf(entity, sizeof(entity), "&#%u;", static_cast<unsigned>(point));
      out.append(entity, static_cast<std::size_t>(size));
    }
  }
  return out;
}

}  // namespace ilkimza::portal
