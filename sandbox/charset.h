// Charsets of the practice portal's pages: UTF-8 inside, the page's own charset on
// the wire, in both directions. Stateless and thread-safe.
#ifndef ILKIMZA_SANDBOX_CHARSET_H_
#define ILKIMZA_SANDBOX_CHARSET_H_

#include <optional>
#include <string>
#include <string_view>

namespace ilkimza::sandbox {

// kLatin5 is ISO-8859-9.
enum class Charset { kUtf8, kLatin5 };
// Where a page says its charset.
enum class CharsetDeclared { kBoth, kHeader, kMeta, kNowhere };

std::string_view NameOf(Charset charset);
std::optional<Charset> CharsetNamed(std::string_view name);
std::optional<CharsetDeclared> CharsetDeclaredNamed(std::string_view name);

// What the charset cannot write becomes a numeric character reference, as in
// browsers.
std::string Encoded(std::string_view utf8, Charset charset);
// What is not valid becomes U+FFFD.
std::string Decoded(std::string_view bytes, Charset charset);

}  // namespace ilkimza::sandbox

#endif  // ILKIMZA_SANDBOX_CHARSET_H_
