// Who lives in the sandbox: holders, their cards, and what the portal knows of
// them. Read from a JSON file (sandbox/world.json documents it by example) or
// made up. Not thread-safe; see state.h.
#ifndef ILKIMZA_SANDBOX_WORLD_H_
#define ILKIMZA_SANDBOX_WORLD_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace ilkimza::sandbox {

enum class CertificateState { kNotActivated, kActive, kRevoked, kExpired, kNotYetValid };
std::string_view NameOf(CertificateState state);
std::optional<CertificateState> CertificateStateNamed(std::string_view name);

struct CardRecord {
  // Twenty digits, as the portal's table shows it.
  std::string serial;
  std::string pin;
  std::string puk;
  // The portal still has PIN and PUK.
  bool pin_info = true;
  // As the holder and the portal left it; its dates decide first, see StateOf.
  CertificateState certificate = CertificateState::kNotActivated;
  // Of the qualified certificate, on the chip as well: hex digits in upper case.
  std::string certificate_number;
  // "2026-01-31"; the chip's certificate has the same dates.
  std::string valid_from;
  std::string valid_until;
  // `Kilit Çözme` was asked for, so often.
  int unblock_requests = 0;
};

struct Holder {
  std::string national_id;
  std::string name;
  std::string email;
  // Ten digits, starting with 5.
  std::string phone;
  std::string security_word;
  std::vector<CardRecord> cards;
  int wrong_words = 0;
  // Five wrong words; a new security word opens the account again.
  bool locked = false;
};

struct World {
  std::vector<Holder> holders;

  // nullptr: nobody has this id.
  Holder* Find(std::string_view national_id);
};

// The file's shape:
//   {"holders": [{"national_id", "name", "email", "phone", "security_word",
//                 "cards": [{"serial", "pin", "puk"}]}]}
// A card may also say "certificate" (a state's name), "valid_from" and "valid_until";
// otherwise it came yesterday, for three years, and is not activated yet.
// Everything is checked: an unknown key, a wrong check digit or an id that comes
// twice is an error that names the file and the place.
absl::StatusOr<World> LoadWorld(const std::string& file);
absl::StatusOr<World> ParseWorld(std::string_view json, std::string_view name);

// `count` made-up holders with one card each. The same count makes the same
// world, so a test knows it without asking.
World MadeUpWorld(int count);

// What the portal says of the card's certificate on this day ("2026-01-31").
CertificateState StateOf(const CardRecord& card, std::string_view today);
// Days from now, in Turkey: "2026-01-31".
std::string Day(int days_from_now);
bool IsDay(std::string_view text);
// The number of the card's certificate follows from its serial.
std::string CertificateNumberOf(std::string_view serial);

// Eleven digits whose last two check the first nine.
bool IsNationalId(std::string_view id);
// The id whose first nine digits are `nine_digits`, which does not start with 0.
std::string NationalIdFrom(uint32_t nine_digits);
// "5321234525" -> "53* *** ** 25".
std::string MaskedPhone(std::string_view phone);
// "0532 123 45 25", "+90532..." -> "5321234525"; empty where it is none.
std::string NormalPhone(std::string_view phone);

}  // namespace ilkimza::sandbox

#endif  // ILKIMZA_SANDBOX_WORLD_H_
