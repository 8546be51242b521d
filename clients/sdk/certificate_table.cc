#include "clients/sdk/certificate_table.h"

#include <algorithm>
#include <set>

#include "absl/strings/ascii.h"
#include "base/clock.h"

namespace ilkimza::client {
namespace {

// Both sides write numbers as they like: "0A:1b" is "A1B".
std::string NumberOf(std::string_view text) {
  std::string number;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (!absl::ascii_isxdigit(byte) || (number.empty() && c == '0')) continue;
    number.push_back(absl::ascii_toupper(byte));
  }
  return number;
}

bool IsAPersons(const v1::Certificate& certificate) {
  return certificate.qualified() || certificate.has_private_key();
}

// A portal tells days, in Turkish time; which part of the day it means is not known.
bool OnTheSameDay(absl::Time one, absl::Time other) {
  return absl::AbsDuration(one - other) <= absl::Hours(24);
}

Standing StandingOf(const v1::PortalCertificate& row, absl::Time now) {
  if (row.state() == v1::PORTAL_CERTIFICATE_STATE_REVOKED) return Standing::kRevoked;
  const bool has_ended = row.has_end_time() && FromProto(row.end_time()) + absl::Hours(24) < now;
  if (row.state() == v1::PORTAL_CERTIFICATE_STATE_EXPIRED || has_ended) return Standing::kExpired;
  const bool is_to_come = row.has_start_time() && now < FromProto(row.start_time());
  if (row.state() == v1::PORTAL_CERTIFICATE_STATE_NOT_YET_VALID || is_to_come) {
    return Standing::kNotYetValid;
  }
  if (row.state() == v1::PORTAL_CERTIFICATE_STATE_NOT_ACTIVATED) return Standing::kNotActivated;
  return row.state() == v1::PORTAL_CERTIFICATE_STATE_ACTIVE ? Standing::kValid : Standing::kUnknown;
}

Standing StandingOf(const v1::Certificate& certificate, absl::Time now) {
  if (certificate.has_not_after() && FromProto(certificate.not_after()) < now) {
    return Standing::kExpired;
  }
  if (certificate.has_not_before() && now < FromProto(certificate.not_before())) {
    return Standing::kNotYetValid;
  }
  // The chip does not know what was revoked, or is not activated.
  return certificate.has_not_after() ? Standing::kValid : Standing::kUnknown;
}

// The portal's row on the chip, or null.
const v1::Certificate* Find(const v1::PortalCertificate& row, const Chip& chip) {
  const std::string number = NumberOf(row.serial_number());
  const v1::Certificate* found = nullptr;
  for (const v1::Certificate& certificate : chip.certificates) {
    const bool same =
        number.empty()
            ? IsAPersons(certificate) && row.has_end_time() && certificate.has_not_after() &&
                  OnTheSameDay(FromProto(row.end_time()), FromProto(certificate.not_after()))
            : NumberOf(certificate.serial_number()) == number;
    if (!same) continue;
    if (found != nullptr) return nullptr;
    found = &certificate;
  }
  return found;
}

CertificateRow RowOf(const v1::PortalCertificate& from, absl::Time now) {
  CertificateRow row;
  row.card_serial = from.card_serial();
  row.serial_number = NumberOf(from.serial_number());
  row.title = from.type();
  row.standing = StandingOf(from, now);
  if (from.has_start_time()) row.start = FromProto(from.start_time());
  if (from.has_end_time()) row.end = FromProto(from.end_time());
  row.portal_words = from.state_display_name();
  return row;
}

CertificateRow RowOf(const v1::Certificate& from, const Chip& chip, absl::Time now) {
  CertificateRow row;
  row.card_serial = chip.card_serial;
  row.serial_number = NumberOf(from.serial_number());
  row.title = from.label();
  row.place = Place::kChipOnly;
  row.standing = StandingOf(from, now);
  if (from.has_not_before()) row.start = FromProto(from.not_before());
  if (from.has_not_after()) row.end = FromProto(from.not_after());
  return row;
}

}  // namespace

bool IsOld(const Chip& chip) {
  bool any = false;
  for (const v1::Certificate& certificate : chip.certificates) {
    if (!certificate.qualified()) continue;
    if (certificate.validity() != v1::CERTIFICATE_VALIDITY_EXPIRED) return false;
    any = true;
  }
  return any;
}

std::string HolderOf(const Chip& chip) {
  constexpr std::string_view kName = "CN=";
  for (const v1::Certificate& certificate : chip.certificates) {
    if (!certificate.qualified()) continue;
    const std::string& subject = certificate.subject();
    std::string name;
    bool in_name = subject.starts_with(kName);
    for (size_t i = in_name ? kName.size() : 0; i < subject.size(); ++i) {
      // A comma that belongs to a value has a backslash before it.
      const bool is_escaped = subject[i] == '\\' && i + 1 < subject.size();
      if (is_escaped) ++i;
      if (!is_escaped && subject[i] == ',') {
        if (in_name) break;
        in_name = subject.compare(i + 1, kName.size(), kName) == 0;
        if (in_name) i += kName.size();
      } else if (in_name && !absl::ascii_iscntrl(static_cast<unsigned char>(subject[i]))) {
        name += subject[i];
      }
    }
    if (!name.empty()) return name;
  }
  return {};
}

std::vector<CertificateRow> CompareCertificates(std::span<const v1::PortalCertificate> portal,
                                                std::span<const Chip> chips, absl::Time now) {
  std::vector<CertificateRow> rows;
  std::set<const v1::Certificate*> known;
  for (const v1::PortalCertificate& from : portal) {
    CertificateRow& row = rows.emplace_back(RowOf(from, now));
    const auto chip = std::find_if(chips.begin(), chips.end(), [&](const Chip& candidate) {
      return candidate.card_serial == from.card_serial();
    });
    if (chip == chips.end() || chip->unread) continue;
    const v1::Certificate* same = Find(from, *chip);
    row.place = same == nullptr ? Place::kPortalOnly : Place::kSame;
    if (same != nullptr) known.insert(same);
  }
  for (const Chip& chip : chips) {
    for (const v1::Certificate& certificate : chip.certificates) {
      if (!IsAPersons(certificate) || known.count(&certificate) > 0) continue;
      rows.push_back(RowOf(certificate, chip, now));
    }
  }
  return rows;
}

std::string_view PlaceName(Place place) {
  switch (place) {
    case Place::kSame:
      return "SAME";
    case Place::kPortalOnly:
      return "PORTAL_ONLY";
    case Place::kChipOnly:
      return "CHIP_ONLY";
    case Place::kNotCompared:
      return "NOT_COMPARED";
  }
  return "";
}

std::string_view StandingName(Standing standing) {
  switch (standing) {
    case Standing::kUnknown:
      return "UNKNOWN";
    case Standing::kValid:
      return "VALID";
    case Standing::kNotActivated:
      return "NOT_ACTIVATED";
    case Standing::kNotYetValid:
      return "NOT_YET_VALID";
    case Standing::kExpired:
      return "EXPIRED";
    case Standing::kRevoked:
      return "REVOKED";
  }
  return "";
}

}  // namespace ilkimza::client
