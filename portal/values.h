// What is read from a page: the masked phone, the countdown, the blocks of the PIN
// page. A value stands after its label on the same line, in the next cell of its
// row, or on the next line; so tables, lists and plain paragraphs read the same.
//
// Nothing is guessed: where two different values fit, or one has the wrong number
// of digits, there is none.
//
// Pure functions. Thread-safe.
#ifndef ILKIMZA_PORTAL_VALUES_H_
#define ILKIMZA_PORTAL_VALUES_H_

#include <optional>
#include <string>
#include <vector>

#include "base/secret.h"
#include "portal/page.h"
#include "portal/profile.h"

namespace ilkimza::portal {

// White space collapsed.
std::optional<std::string> ReadValue(const Page& page, const Profile::Value& value);

// One block of the PIN page.
struct CardBlock {
  std::string serial;
  Secret pin;
  // Empty where the page has none.
  Secret puk;
  // Its part of the page, by `Line::order`: from the first up to the second.
  int from = 0;
  int to = 0;
};

// What the blocks of a page hold beside their serials.
enum class Blocks {
  // A PIN, and perhaps a PUK.
  kPins,
  // A PUK and no PIN.
  kPuks,
  // Neither of them.
  kSerials
};

// In the page's order; empty where any block is unsure: a serial without what
// `blocks` hold, that without a serial, a value in a form that it cannot have, one
// serial twice.
std::vector<CardBlock> ReadCards(const Page& page, const Profile& profile,
                                 Blocks blocks = Blocks::kPins);

// The serials of those blocks; no secret is read.
std::vector<std::string> CardSerials(const Page& page, const Profile& profile,
                                     Blocks blocks = Blocks::kPins);

// Every serial that the page names, whatever else is on it.
std::vector<std::string> ReadSerials(const Page& page, const Profile& profile);

}  // namespace ilkimza::portal

#endif  // ILKIMZA_PORTAL_VALUES_H_
