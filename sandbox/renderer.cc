#include "sandbox/renderer.h"

#include <algorithm>

namespace ilkimza::sandbox {

std::string_view NameOf(Style style) {
  switch (style) {
    case Style::kHtml5:
      return "html5";
    case Style::kTables:
      return "tables";
    case Style::kPostback:
      return "postback";
  }
  return "";
}

std::optional<Style> StyleNamed(std::string_view name) {
  for (const Style style : kStyles) {
    if (NameOf(style) == name) return style;
  }
  return std::nullopt;
}

const Renderer& RendererOf(Style style) {
  switch (style) {
    case Style::kTables:
      return TablesRenderer();
    case Style::kPostback:
      return PostbackRenderer();
    case Style::kHtml5:
      break;
  }
  return Html5Renderer();
}

std::optional<Place> PlaceOf(std::string_view path, Style default_style) {
  if (path == "/") return Place{default_style, Screen::kEntrance};
  for (const Style style : kStyles) {
    const Renderer& renderer = RendererOf(style);
    if (path == renderer.captcha_path()) return Place{style, Screen::kLogin, true};
    for (int i = 0; i < kScreenCount; ++i) {
      const auto screen = static_cast<Screen>(i);
      if (path == renderer.PathOf(screen)) return Place{style, screen};
    }
  }
  return std::nullopt;
}

const std::string& Submission::value(Field field) const {
  static const std::string kEmpty;
  const auto found = values.find(field);
  return found == values.end() ? kEmpty : found->second;
}

std::string Escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 16);
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string PercentEncoded(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == '~';
    if (plain) {
      out += c;
    } else {
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  return out;
}

std::optional<int> SmallNumber(std::string_view text) {
  if (text.empty() || text.size() > 4) return std::nullopt;
  int number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + (c - '0');
  }
  return number;
}

std::string TextImagePath(std::string_view text) {
  return std::string(kTextImagePath) + "?t=" + PercentEncoded(text);
}

}  // namespace ilkimza::sandbox
