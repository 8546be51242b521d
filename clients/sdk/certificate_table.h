// The portal's certificates beside those on the chips in the readers: which is where,
// and how it stands. Only a client sees both.
//
// Pure and thread-safe.
#ifndef ILKIMZA_CLIENTS_SDK_CERTIFICATE_TABLE_H_
#define ILKIMZA_CLIENTS_SDK_CERTIFICATE_TABLE_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "ilkimza/v1/card_service.pb.h"
#include "ilkimza/v1/portal_service.pb.h"

namespace ilkimza::client {

// A card in a reader, and what is on it.
struct Chip {
  std::string card_serial;
  std::vector<v1::Certificate> certificates;
  // They could not be read: nothing is known about them.
  bool unread = false;
};

// An old chip: it can sign no more, since each qualified certificate on it has ended by
// the clock of the agent that read it. False where nothing is known.
bool IsOld(const Chip& chip);

// Whose chip it is: the name on its qualified certificate. Empty where there is none, or
// its certificates could not be read.
std::string HolderOf(const Chip& chip);

enum class Place {
  // On the portal and on the chip: the same certificate.
  kSame,
  kPortalOnly,
  kChipOnly,
  // The portal's, of a card that is in no reader or could not be read.
  kNotCompared,
};

enum class Standing { kUnknown, kValid, kNotActivated, kNotYetValid, kExpired, kRevoked };

struct CertificateRow {
  std::string card_serial;
  // Hexadecimal digits in upper case without leading zeros; empty where it is not told.
  std::string serial_number;
  // As the portal writes it, else the label on the chip.
  std::string title;
  Place place = Place::kNotCompared;
  Standing standing = Standing::kUnknown;
  // The infinite past and future where they are not told.
  absl::Time start = absl::InfinitePast();
  absl::Time end = absl::InfiniteFuture();
  // The portal's own word for how it stands; empty with kChipOnly.
  std::string portal_words;
};

// The portal's rows in its order, then what is on the chips alone. Of a chip, only
// certificates that belong to a person count: qualified, or with their key on the card.
// The same certificate has the same number; where the portal tells none, it is the only
// one of the same card that ends on the same day.
std::vector<CertificateRow> CompareCertificates(std::span<const v1::PortalCertificate> portal,
                                                std::span<const Chip> chips, absl::Time now);

// "SAME", "VALID", ...: stable names.
std::string_view PlaceName(Place place);
std::string_view StandingName(Standing standing);

}  // namespace ilkimza::client

#endif  // ILKIMZA_CLIENTS_SDK_CERTIFICATE_TABLE_H_
