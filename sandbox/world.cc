#include "sandbox/world.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "absl/time/civil_time.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "sandbox/random.h"
#include "sandbox/text.h"

namespace ilkimza::sandbox {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 5> kStateNames = {"not_activated", "active", "revoked",
                                                         "expired", "not_yet_valid"};

bool IsDigits(std::string_view text, std::size_t low, std::size_t high) {
  return text.size() >= low && text.size() <= high &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// Reads the members of one JSON object; the first mistake is kept.
class Reader {
 public:
  Reader(const json& object, std::string where) : object_(object), where_(std::move(where)) {
    if (!object_.is_object()) Fail("is not an object");
  }

  std::string Text(const char* key, std::size_t longest) {
    keys_.insert(key);
    if (!status_.ok()) return "";
    const auto found = object_.find(key);
    if (found == object_.end() || !found->is_string()) {
      Fail(Cat("needs a text '", key, "'"));
      return "";
    }
    auto text = found->get<std::string>();
    if (text.empty() || text.size() > longest) {
      Fail(Cat("has a '", key, "' that is empty or longer than ", longest, " bytes"));
    }
    return text;
  }

  // `otherwise` where the object has no such key.
  std::string TextOr(const char* key, std::string_view otherwise) {
    keys_.insert(key);
    if (!status_.ok() || !object_.contains(key)) return std::string(otherwise);
    return Text(key, 64);
  }

  const json& List(const char* key) {
    static const json kEmpty = json::array();
    keys_.insert(key);
    if (!status_.ok()) return kEmpty;
    const auto found = object_.find(key);
    if (found == object_.end() || !found->is_array()) {
      Fail(Cat("needs a list '", key, "'"));
      return kEmpty;
    }
    return *found;
  }

  void Check(bool holds, std::string_view complaint) {
    if (status_.ok() && !holds) Fail(complaint);
  }

  // To be called last: refuses keys that nobody read.
  absl::Status Finish() {
    if (!status_.ok()) return status_;
    for (const auto& [key, value] : object_.items()) {
      if (!keys_.contains(key)) Fail(Cat("has the unknown key '", key, "'"));
    }
    return status_;
  }

 private:
  void Fail(std::string_view complaint) {
    status_ = absl::InvalidArgumentError(Cat(where_, " ", complaint, "."));
  }

  const json& object_;
  std::string where_;
  std::set<std::string> keys_;
  absl::Status status_;
};

// What a card has that the world file need not say.
void Complete(CardRecord& card) {
  if (card.valid_from.empty()) card.valid_from = Day(-1);
  if (card.valid_until.empty()) card.valid_until = Day(3 * 365);
  card.certificate_number = CertificateNumberOf(card.serial);
}

absl::StatusOr<CardRecord> ReadCard(const json& object, const std::string& where) {
  Reader reader(object, where);
  CardRecord card;
  card.serial = reader.Text("serial", 20);
  card.pin = reader.Text("pin", 16);
  card.puk = reader.Text("puk", 16);
  reader.Check(IsDigits(card.serial, 20, 20), "needs a serial of 20 digits");
  reader.Check(IsDigits(card.pin, 4, 16), "needs a PIN of 4 to 16 digits");
  reader.Check(IsDigits(card.puk, 4, 16), "needs a PUK of 4 to 16 digits");
  const auto state = CertificateStateNamed(reader.TextOr("certificate", "not_activated"));
  reader.Check(state.has_value(), "has a 'certificate' that is no state of one");
  card.certificate = state.value_or(CertificateState::kNotActivated);
  card.valid_from = reader.TextOr("valid_from", "");
  card.valid_until = reader.TextOr("valid_until", "");
  for (const std::string& day : {card.valid_from, card.valid_until}) {
    reader.Check(day.empty() || IsDay(day), "has a date that is not written like 2026-01-31");
  }
  if (absl::Status status = reader.Finish(); !status.ok()) return status;
  Complete(card);
  return card;
}

absl::StatusOr<Holder> ReadHolder(const json& object, const std::string& where) {
  Reader reader(object, where);
  Holder holder;
  holder.national_id = reader.Text("national_id", 11);
  holder.name = reader.Text("name", 64);
  holder.email = reader.Text("email", 80);
  const std::string phone = reader.Text("phone", 20);
  holder.security_word = reader.Text("security_word", 64);
  reader.Check(IsNationalId(holder.national_id), "has a national_id whose check digits do not fit");
  holder.phone = NormalPhone(phone);
  reader.Check(!holder.phone.empty(), "needs a Turkish mobile number as phone");
  reader.Check(holder.email.find('@') != std::string::npos, "needs a mail address with an @");
  const json& cards = reader.List("cards");
  if (absl::Status status = reader.Finish(); !status.ok()) return status;
  for (std::size_t i = 0; i < cards.size(); ++i) {
    absl::StatusOr<CardRecord> card = ReadCard(cards[i], Cat(where, ".cards[", i, "]"));
    if (!card.ok()) return card.status();
    holder.cards.push_back(*std::move(card));
  }
  return holder;
}

}  // namespace

Holder* World::Find(std::string_view national_id) {
  const auto found = std::find_if(holders.begin(), holders.end(), [&](const Holder& holder) {
    return holder.national_id == national_id;
  });
  return found == holders.end() ? nullptr : &*found;
}

absl::StatusOr<World> LoadWorld(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) {
    return absl::NotFoundError(Cat("The world file ", file, " cannot be read."));
  }
  const std::string text((std::istreambuf_iterator<char>(stream)),
                         std::istreambuf_iterator<char>());
  return ParseWorld(text, file);
}

absl::StatusOr<World> ParseWorld(std::string_view text, std::string_view name) {
  const json document = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (document.is_discarded()) {
    return absl::InvalidArgumentError(Cat(name, " is not JSON."));
  }
  Reader reader(document, std::string(name));
  const json& holders = reader.List("holders");
  if (absl::Status status = reader.Finish(); !status.ok()) return status;
  World world;
  std::set<std::string> seen;
  for (std::size_t i = 0; i < holders.size(); ++i) {
    const std::string where = Cat(name, ": holders[", i, "]");
    absl::StatusOr<Holder> holder = ReadHolder(holders[i], where);
    if (!holder.ok()) return holder.status();
    if (!seen.insert(holder->national_id).second) {
      return absl::InvalidArgumentError(Cat(where, " has a national_id that came before."));
    }
    world.holders.push_back(*std::move(holder));
  }
  return world;
}

World MadeUpWorld(int count) {
  constexpr std::array<std::string_view, 8> kFirst = {"Ayşe", "Çağrı", "İpek",  "Oğuz",
                                                      "Şule", "Ümit",  "Yiğit", "Zeynep"};
  constexpr std::array<std::string_view, 7> kLast = {"Ağaoğlu", "Çınar", "Işık",  "Kılıç",
                                                     "Öztürk",  "Şahin", "Yıldız"};
  World world;
  for (int i = 0; i < count; ++i) {
    const auto n = static_cast<std::size_t>(i);
    // Steps that share no factor with the ranges, so that nothing repeats.
    const auto scattered = static_cast<uint32_t>(i);
    Holder holder;
    holder.national_id = NationalIdFrom(200'000'000U + scattered * 7'919U % 700'000'000U);
    holder.name = Cat(kFirst[n % kFirst.size()], " ", kLast[n % kLast.size()]);
    holder.email = absl::StrFormat("holder%05d@ornek.example", i);
    holder.phone = absl::StrFormat("53%08d", scattered * 104'729U % 100'000'000U);
    holder.security_word = absl::StrFormat("Sozcuk%05d", (scattered * 48'271U + 11U) % 100'000U);
    holder.cards.push_back(
        {.serial = absl::StrFormat("8721147%013d", 5'000'000'000'000LL + i),
         .pin = absl::StrFormat("%06d", 100'000U + scattered * 54'979U % 900'000U),
         .puk = absl::StrFormat("%08d", 10'000'000U + scattered * 15'485'863U % 90'000'000U)});
    Complete(holder.cards.back());
    world.holders.push_back(std::move(holder));
  }
  return world;
}

std::string_view NameOf(CertificateState state) {
  return kStateNames[static_cast<std::size_t>(state)];
}

std::optional<CertificateState> CertificateStateNamed(std::string_view name) {
  const auto found = std::find(kStateNames.begin(), kStateNames.end(), name);
  if (found == kStateNames.end()) return std::nullopt;
  return static_cast<CertificateState>(found - kStateNames.begin());
}

CertificateState StateOf(const CardRecord& card, std::string_view today) {
  const bool stands = card.certificate == CertificateState::kNotActivated ||
                      card.certificate == CertificateState::kActive;
  if (stands && card.valid_until < today) return CertificateState::kExpired;
  if (stands && card.valid_from > today) return CertificateState::kNotYetValid;
  return card.certificate;
}

std::string Day(int days_from_now) {
  const absl::Time day = absl::Now() + absl::Hours(24) * days_from_now;
  return absl::FormatTime("%Y-%m-%d", day, absl::FixedTimeZone(3 * 60 * 60));
}

bool IsDay(std::string_view text) {
  absl::CivilDay day;
  return text.size() == 10 && absl::ParseCivilTime(absl::string_view(text.data(), 10), &day);
}

std::string CertificateNumberOf(std::string_view serial) {
  std::string number = Sha256(serial).substr(0, 16);
  // Positive and without a leading zero, so that everybody writes it alike.
  number[0] = '4';
  for (char& c : number) c = absl::ascii_toupper(static_cast<unsigned char>(c));
  return number;
}

bool IsNationalId(std::string_view id) {
  if (!IsDigits(id, 11, 11) || id[0] == '0') return false;
  uint32_t nine_digits = 0;
  for (const char c : id.substr(0, 9))
    nine_digits = nine_digits * 10 + static_cast<uint32_t>(c - '0');
  return NationalIdFrom(nine_digits) == id;
}

std::string NationalIdFrom(uint32_t nine_digits) {
  std::string id = absl::StrFormat("%09d", nine_digits);
  int odd = 0;
  int even = 0;
  for (std::size_t i = 0; i < id.size(); ++i) (i % 2 == 0 ? odd : even) += id[i] - '0';
  const int tenth = ((7 * odd - even) % 10 + 10) % 10;
  const int eleventh = (odd + even + tenth) % 10;
  AddTo(id, tenth, eleventh);
  return id;
}

std::string MaskedPhone(std::string_view phone) {
  if (phone.size() != 10) return "";
  return Cat(phone.substr(0, 2), "* *** ** ", phone.substr(8));
}

std::string NormalPhone(std::string_view phone) {
  std::string digits;
  for (const char c : phone) {
    if (c >= '0' && c <= '9') digits += c;
  }
  std::string_view number = digits;
  if (number.size() == 12 && number.starts_with("90")) number.remove_prefix(2);
  if (number.size() == 11 && number.starts_with("0")) number.remove_prefix(1);
  if (number.size() != 10 || number[0] != '5') return "";
  return std::string(number);
}

}  // namespace ilkimza::sandbox
