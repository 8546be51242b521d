// Bytes of a page to UTF-8, and text of a form back to the page's charset.
//
// Which charset: byte order mark, then the Content-Type header, then the page's
// own <meta>, then the profile. As in browsers, iso-8859-9 means windows-1254,
// which holds it, and iso-8859-1 means windows-1252.
//
// Nothing is guessed and nothing is patched: bytes that do not fit the charset
// make the page unreadable, since a replaced letter could sit in a label or a PIN.
//
// Thread-safe.
#ifndef ILKIMZA_PORTAL_CHARSET_H_
#define ILKIMZA_PORTAL_CHARSET_H_

#include <optional>
#include <string_view>

#include "absl/status/statusor.h"
#include "portal/wiped.h"

namespace ilkimza::portal {

enum class Charset { kUtf8, kWindows1254, kWindows1252 };

// By any of its common labels, in any ASCII case: "latin5", "ISO-8859-9", "utf8".
std::optional<Charset> CharsetByName(std::string_view label);
std::string_view CharsetName(Charset charset);

// PAGE_UNREADABLE when header or page name a charset that is none of ours.
absl::StatusOr<Charset> DetectCharset(std::string_view content_type, std::string_view bytes,
                                      Charset fallback);

// PAGE_UNREADABLE when the bytes do not fit, or hold control characters.
absl::StatusOr<WipedString> ToUtf8(std::string_view bytes, Charset charset);

// A character the charset lacks becomes `&#8364;`, as browsers send it.
WipedString FromUtf8(std::string_view text, Charset charset);

}  // namespace ilkimza::portal

#endif  // ILKIMZA_PORTAL_CHARSET_H_
