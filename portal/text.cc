#include "portal/text.h"

#include <unicode/normalizer2.h>
#include <unicode/unistr.h>

#include <cstring>

#include "base/utf8.h"

namespace ilkimza::portal {
namespace {

using Byte = unsigned char;

bool IsAsciiSpace(Byte c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// Joins words by single spaces, none at the ends.
class Words {
 public:
  explicit Words(std::pmr::string& out) : out_(out), start_(out.size()) {}
  void Space() { space_ = true; }
  void Put(char c) {
    Separate();
    out_.push_back(c);
  }
  void Put(std::string_view bytes) {
    Separate();
    out_.append(bytes.data(), bytes.size());
  }
  // The last character put was a plain "i", and nothing came since.
  [[nodiscard]] bool AfterDottedI() const {
    return !space_ && out_.size() > start_ && out_.back() == 'i';
  }

 private:
  void Separate() {
    if (space_ && out_.size() > start_) out_.push_back(' ');
    space_ = false;
  }

  std::pmr::string& out_;
  const std::size_t start_;
  bool space_ = false;
};

// What one character becomes.
struct Piece {
  enum Kind { kKeep, kSpace, kDrop, kReplace, kUnknown };
  Kind kind;
  std::size_t length;  // bytes read
  char bytes[2] = {0, 0};
  std::size_t size = 0;  // bytes of a replacement
};

Piece Replace(std::size_t length, Byte a, Byte b = 0) {
  return {Piece::kReplace, length, {static_cast<char>(a), static_cast<char>(b)}, b == 0 ? 1u : 2u};
}

// General punctuation, E2 80 xx: the white and invisible ones, and the quotes
// and dashes that stay what they are under compatibility composition.
Piece FoldPunctuation(Byte third) {
  if (third <= 0x8A || third == 0xAF) return {Piece::kSpace, 3};
  if (third <= 0x8F) return {Piece::kDrop, 3};
  if (third == 0x93 || third == 0x94 || (third >= 0x98 && third <= 0x9F) || third == 0xA2) {
    return {Piece::kKeep, 3};
  }
  return {Piece::kUnknown, 3};
}

// Two bytes from C2 to C5: Latin-1 and the Turkish letters.
Piece FoldTwo(Byte a, Byte b) {
  switch (a) {
    case 0xC2:
      if (b == 0xA0) return {Piece::kSpace, 2};
      if (b == 0xAD) return {Piece::kDrop, 2};
      if ((b >= 0xA1 && b <= 0xA7) || b == 0xA9 || b == 0xAB || b == 0xAC || b == 0xAE ||
          b == 0xB0 || b == 0xB1 || b == 0xB6 || b == 0xB7 || b == 0xBB || b == 0xBF) {
        return {Piece::kKeep, 2};
      }
      return {Piece::kUnknown, 2};
    case 0xC3:
      if (b == 0x9F) return {Piece::kUnknown, 2};
      if (b < 0xA0 && b != 0x97) return Replace(2, 0xC3, b + 0x20);
      return {Piece::kKeep, 2};
    case 0xC4:
      if (b == 0x9E) return Replace(2, 0xC4, 0x9F);
      if (b == 0x9F) return {Piece::kKeep, 2};
      if (b == 0xB0 || b == 0xB1) return Replace(2, 'i');
      return {Piece::kUnknown, 2};
    case 0xC5:
      if (b == 0x9E) return Replace(2, 0xC5, 0x9F);
      if (b == 0x9F) return {Piece::kKeep, 2};
      return {Piece::kUnknown, 2};
    default:
      return {Piece::kUnknown, 2};
  }
}

Piece FoldOne(const Byte* p, std::size_t left) {
  const Byte c = *p;
  if (c < 0x80) {
    if (IsAsciiSpace(c)) return {Piece::kSpace, 1};
    if (c >= 'A' && c <= 'Z') return Replace(1, c + ('a' - 'A'));
    return {Piece::kKeep, 1};
  }
  if (c >= 0xC2 && c <= 0xC5 && left >= 2 && IsContinuation(p[1])) return FoldTwo(c, p[1]);
  if (c == 0xE2 && left >= 3 && p[1] == 0x80 && IsContinuation(p[2])) return FoldPunctuation(p[2]);
  if (c == 0xEF && left >= 3 && p[1] == 0xBB && p[2] == 0xBF) return {Piece::kDrop, 3};
  return {Piece::kUnknown, 1};
}

// False, with `out` in an unfinished state, at the first character it leaves to ICU.
bool FoldFast(std::string_view text, std::pmr::string& out) {
  Words words(out);
  const auto* p = reinterpret_cast<const Byte*>(text.data());
  for (std::size_t i = 0; i < text.size();) {
    const Piece piece = FoldOne(p + i, text.size() - i);
    switch (piece.kind) {
      case Piece::kKeep:
        words.Put(text.substr(i, piece.length));
        break;
      case Piece::kSpace:
        words.Space();
        break;
      case Piece::kDrop:
        break;
      case Piece::kReplace:
        words.Put({piece.bytes, piece.size});
        break;
      case Piece::kUnknown:
        return false;
    }
    i += piece.length;
  }
  return true;
}

// ICU composes, folds case and drops the invisible; what is left is white space
// and the four letters i.
void FoldSlow(std::string_view text, std::pmr::string& out) {
  UErrorCode error = U_ZERO_ERROR;
  const icu::Normalizer2* folding = icu::Normalizer2::getNFKCCasefoldInstance(error);
  const auto read = icu::UnicodeString::fromUTF8({text.data(), static_cast<int32_t>(text.size())});
  icu::UnicodeString folded = U_SUCCESS(error) ? folding->normalize(read, error) : read;
  std::string utf8;
  (U_SUCCESS(error) ? folded : read).toUTF8String(utf8);
  Words words(out);
  for (std::size_t i = 0; i < utf8.size();) {
    const std::string_view rest = std::string_view(utf8).substr(i);
    if (rest.substr(0, 2) == "\xCC\x87" && words.AfterDottedI()) {
      i += 2;  // İ folds to i and a dot above
      continue;
    }
    const Piece piece = FoldOne(reinterpret_cast<const Byte*>(rest.data()), rest.size());
    switch (piece.kind) {
      case Piece::kKeep:
        words.Put(rest.substr(0, piece.length));
        break;
      case Piece::kSpace:
        words.Space();
        break;
      case Piece::kDrop:
        break;
      case Piece::kReplace:
        words.Put({piece.bytes, piece.size});
        break;
      case Piece::kUnknown:
        words.Put(rest[0]);
        i += 1;
        continue;
    }
    i += piece.length;
  }
  explicit_bzero(utf8.data(), utf8.size());
}

constexpr std::string_view kOrnaments[] = {" ", ":", "*", "|", "<", ">", "[", "]", ".", "-", "»",
                                           "«", "›", "‹", "•", "·", "–", "—", "→", "←", "▸", "►"};

bool DropOrnament(std::string_view& text) {
  for (const std::string_view ornament : kOrnaments) {
    if (text.substr(0, ornament.size()) == ornament) {
      text.remove_prefix(ornament.size());
      return true;
    }
    if (text.size() >= ornament.size() && text.substr(text.size() - ornament.size()) == ornament) {
      text.remove_suffix(ornament.size());
      return true;
    }
  }
  return false;
}

// Ornaments are ASCII punctuation or start with C2 or E2; letters and digits,
// the usual ends of a label, need no search.
bool MayBeOrnament(Byte first, Byte last) {
  const auto plain = [](Byte c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '?' || c == '!';
  };
  return !plain(first) || !plain(last);
}

}  // namespace

void AppendFolded(std::string_view text, std::pmr::string& out) {
  const std::size_t start = out.size();
  if (FoldFast(text, out)) return;
  out.resize(start);
  FoldSlow(text, out);
}

void AppendFoldedLabel(std::string_view text, std::pmr::string& out) {
  const std::size_t start = out.size();
  AppendFolded(text, out);
  std::string_view label = std::string_view(out).substr(start);
  while (!label.empty() &&
         MayBeOrnament(static_cast<Byte>(label.front()), static_cast<Byte>(label.back())) &&
         DropOrnament(label)) {
  }
  std::size_t to = start;
  const std::size_t from = static_cast<std::size_t>(label.data() - out.data());
  for (std::size_t i = 0; i < label.size(); ++i) {
    const char c = out[from + i];
    const char next = i + 1 < label.size() ? out[from + i + 1] : '\0';
    const bool beside_slash = c == ' ' && (next == '/' || (to > start && out[to - 1] == '/'));
    if (!beside_slash) out[to++] = c;
  }
  out.resize(to);
}

void AppendTidy(std::string_view text, std::pmr::string& out) {
  Words words(out);
  const auto* p = reinterpret_cast<const Byte*>(text.data());
  for (std::size_t i = 0; i < text.size();) {
    const Piece piece = FoldOne(p + i, text.size() - i);
    if (piece.kind == Piece::kSpace) {
      words.Space();
    } else if (piece.kind != Piece::kDrop) {
      words.Put(text.substr(i, piece.kind == Piece::kUnknown ? 1 : piece.length));
    }
    i += piece.kind == Piece::kUnknown ? 1 : piece.length;
  }
}

namespace {

std::string AsString(void (*append)(std::string_view, std::pmr::string&), std::string_view text) {
  std::pmr::string out;
  append(text, out);
  return std::string(out);
}

}  // namespace

std::string Fold(std::string_view text) { return AsString(AppendFolded, text); }
std::string FoldLabel(std::string_view text) { return AsString(AppendFoldedLabel, text); }
std::string Tidy(std::string_view text) { return AsString(AppendTidy, text); }

bool SameLabel(std::string_view a, std::string_view b) { return FoldLabel(a) == FoldLabel(b); }

}  // namespace ilkimza::portal
