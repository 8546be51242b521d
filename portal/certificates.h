// The portal's table of certificates, read by the heads of its columns.
//
// Nothing is guessed: a row that has a card's place but no serial in it, or two
// tables of certificates, make the whole of it unsure.
//
// Pure. Thread-safe.
#ifndef ILKIMZA_PORTAL_CERTIFICATES_H_
#define ILKIMZA_PORTAL_CERTIFICATES_H_

#include <optional>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "ilkimza/v1/portal_service.pb.h"
#include "portal/page.h"
#include "portal/profile.h"

namespace ilkimza::portal {

// The rows in the page's order; empty where the table has none. nullopt: not sure,
// or no such table. A state whose words the profile does not have is UNSPECIFIED.
std::optional<std::vector<v1::PortalCertificate>> ReadCertificates(const Page& page,
                                                                   const Profile& profile);

// "31.12.2026", "31/12/2026" or "2026-12-31", with or without "13:45" or "13:45:10"
// behind it: Turkish time. nullopt where it is none of these.
std::optional<absl::Time> ReadTime(std::string_view text);

}  // namespace ilkimza::portal

#endif  // ILKIMZA_PORTAL_CERTIFICATES_H_
