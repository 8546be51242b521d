// Text as people read it, and when two texts are the same to them.
//
// A page may write one label as "Güvenlik Sözcüğü:", "GÜVENLİK  SÖZCÜĞÜ *" or with
// its accents as separate characters. Folding brings all of them to one form:
// Unicode compatibility composition, lower case, one space for any run of white
// space, no invisible characters.
//
// `İ`, `I`, `ı` and `i` fold to one letter: portals mix Turkish and English
// capitals ("PIN", "GİRİŞ", "Giriş"), and no two labels differ by that dot alone.
//
// Pure functions of their input: the locale has no part in them. Thread-safe.
//
//   SameLabel("GİRİŞ »", "Giriş")   // true
//   Fold("  PIN ve\nPUK ")          // "pin ve puk"
#ifndef ILKIMZA_PORTAL_TEXT_H_
#define ILKIMZA_PORTAL_TEXT_H_

#include <memory_resource>
#include <string>
#include <string_view>

namespace ilkimza::portal {

// `text` is UTF-8; bytes that are not are replaced.
std::string Fold(std::string_view text);

// Fold, then without the ornaments around a label ("* Kimlik No :" is
// "kimlik no") and without the spaces around a slash ("PIN / PUK" is "pin/puk").
std::string FoldLabel(std::string_view text);

bool SameLabel(std::string_view a, std::string_view b);

// White space collapsed and trimmed, invisible characters dropped; else as it is.
// For values: a masked phone, a serial.
std::string Tidy(std::string_view text);

// The same, appended to `out`: for the pages, whose memory is wiped.
void AppendFolded(std::string_view text, std::pmr::string& out);
void AppendFoldedLabel(std::string_view text, std::pmr::string& out);
void AppendTidy(std::string_view text, std::pmr::string& out);

}  // namespace ilkimza::portal

#endif  // ILKIMZA_PORTAL_TEXT_H_
