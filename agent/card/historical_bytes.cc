#include "agent/card/historical_bytes.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace ilkimza::agent {
namespace {

// The versions met in the field; the commands of v1 are those of all of these.
constexpr std::array<std::string_view, 14> kKnownV1 = {"1112", "1212", "1213", "1221", "1252",
                                                       "1253", "1261", "1264", "1265", "1292",
                                                       "1293", "12A4", "12A5", "1312"};
constexpr std::array<std::string_view, 11> kKnownV2 = {"122100", "122107", "122108", "201413",
                                                       "202012", "532282", "D22108", "D32108",
                                                       "D32282", "D32302", "E42108"};

std::string Version(std::string_view bytes, std::size_t at, std::size_t size) {
  const std::string_view part = bytes.substr(std::min(at, bytes.size()), size);
  return absl::AsciiStrToUpper(absl::BytesToHexString(absl::string_view(part.data(), part.size())));
}

template <std::size_t kSize>
bool Known(const std::array<std::string_view, kSize>& versions, std::string_view version) {
  return std::find(versions.begin(), versions.end(), version) != versions.end();
}

}  // namespace

std::string_view HistoricalBytes(std::string_view atr) {
  if (atr.size() < 2) return {};
  const auto byte = [&](std::size_t i) { return static_cast<uint8_t>(atr[i]); };
  const std::size_t count = byte(1) & 0x0F;
  // T0 and each TD announce the interface bytes behind them, TD the last of them.
  std::size_t at = 1;
  while (true) {
    const uint8_t announced = byte(at) >> 4;
    for (const int bit : {1, 2, 4, 8}) at += (announced & bit) != 0 ? 1 : 0;
    if (at >= atr.size()) return {};
    if ((announced & 8) == 0) break;
  }
  ++at;
  if (atr.size() < at + count) return {};
  return atr.substr(at, count);
}

Recognition Recognise(std::string_view atr) {
  constexpr std::string_view kV1("\x80\x67UEKAE", 7);
  constexpr std::string_view kV10("UEKAE V1.0", 10);
  constexpr std::string_view kV2("\x80\x65TC", 4);
  const std::string_view bytes = HistoricalBytes(atr);
  if (bytes.substr(0, kV10.size()) == kV10) {
    return {v1::CARD_FAMILY_AKIS_V1, "AKİS v1.0 (UEKAE)", true};
  }
  if (bytes.substr(0, kV1.size()) == kV1) {
    const std::string version = Version(bytes, kV1.size(), 2);
    if (Known(kKnownV1, version)) {
      return {v1::CARD_FAMILY_AKIS_V1, absl::StrCat("AKİS v1 (UEKAE ", version, ")"), true};
    }
    return {v1::CARD_FAMILY_UNKNOWN,
            absl::StrCat("AKİS of an unknown version (UEKAE ", version, ")"), true};
  }
  if (bytes.substr(0, kV2.size()) == kV2) {
    // The national id card answers the same: only its applications tell it apart.
    const std::string version = Version(bytes, kV2.size(), 3);
    if (Known(kKnownV2, version)) {
      return {v1::CARD_FAMILY_AKIS_V2,
              absl::StrCat("AKİS v2 or national id card (TC ", version, ")"), true};
    }
    return {v1::CARD_FAMILY_UNKNOWN,
            absl::StrCat("AKİS or national id card of an unknown version (TC ", version, ")"),
            true};
  }
  return {v1::CARD_FAMILY_UNKNOWN, "Unknown card", false};
}

}  // namespace ilkimza::agent
