#include "sandbox/charset.h"

#include <unicode/ucnv.h>
#include <unicode/ucnv_err.h>
#include <unicode/unistr.h>

#include <memory>

namespace ilkimza::sandbox {
namespace {

struct Close {
  void operator()(UConverter* converter) const { ucnv_close(converter); }
};

}  // namespace

std::string_view NameOf(Charset charset) {
  return charset == Charset::kUtf8 ? "utf-8" : "iso-8859-9";
}

std::optional<Charset> CharsetNamed(std::string_view name) {
  if (name == "utf-8") return Charset::kUtf8;
  if (name == "iso-8859-9") return Charset::kLatin5;
  return std::nullopt;
}

std::optional<CharsetDeclared> CharsetDeclaredNamed(std::string_view name) {
  if (name == "both") return CharsetDeclared::kBoth;
  if (name == "header") return CharsetDeclared::kHeader;
  if (name == "meta") return CharsetDeclared::kMeta;
  if (name == "nowhere") return CharsetDeclared::kNowhere;
  return std::nullopt;
}

std::string Encoded(std::string_view utf8, Charset charset) {
  if (charset == Charset::kUtf8) return std::string(utf8);
  UErrorCode error = U_ZERO_ERROR;
  const std::unique_ptr<UConverter, Close> converter(ucnv_open("ISO-8859-9", &error));
  ucnv_setFromUCallBack(converter.get(), UCNV_FROM_U_CALLBACK_ESCAPE, UCNV_ESCAPE_XML_DEC, nullptr,
                        nullptr, &error);
  if (U_FAILURE(error)) return std::string(utf8);
  const auto text = icu::UnicodeString::fromUTF8({utf8.data(), static_cast<int32_t>(utf8.size())});
  // A character reference takes up to ten bytes.
  std::string out(static_cast<std::size_t>(text.length()) * 10 + 16, '\0');
  const int32_t size =
      ucnv_fromUChars(converter.get(), out.data(), static_cast<int32_t>(out.size()),
                      text.getBuffer(), text.length(), &error);
  out.resize(U_FAILURE(error) ? 0 : static_cast<std::size_t>(size));
  return out;
}

std::string Decoded(std::string_view bytes, Charset charset) {
  const icu::UnicodeString text(bytes.data(), static_cast<int32_t>(bytes.size()),
                                charset == Charset::kUtf8 ? "UTF-8" : "ISO-8859-9");
  std::string out;
  text.toUTF8String(out);
  return out;
}

}  // namespace ilkimza::sandbox
