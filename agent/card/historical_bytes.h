// What a card's answer to reset says of it. Nothing is sent.
//
// Only the historical bytes count: the same card answers differently in another reader
// or at another speed. They name AKİS cards of every known version; for all others
// they give no more than a name for "unknown".
//
// Pure and thread-safe.
#ifndef ILKIMZA_AGENT_CARD_HISTORICAL_BYTES_H_
#define ILKIMZA_AGENT_CARD_HISTORICAL_BYTES_H_

#include <string>
#include <string_view>

#include "ilkimza/v1/card_service.pb.h"

namespace ilkimza::agent {

struct Recognition {
  // AKIS_V1 only where the version is one whose commands are known; AKIS_V2; else
  // UNKNOWN.
  v1::CardFamily family = v1::CARD_FAMILY_UNKNOWN;
  // "AKİS v1 (UEKAE 1292)".
  std::string display_name;
  // The chip says that it is an AKİS, of any version.
  bool akis = false;

  friend bool operator==(const Recognition&, const Recognition&) = default;
};

// By the answer to reset. Never fails: a card may be unknown.
Recognition Recognise(std::string_view atr);

// Empty where `atr` is not well formed.
std::string_view HistoricalBytes(std::string_view atr);

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_CARD_HISTORICAL_BYTES_H_
