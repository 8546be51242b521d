// Pages from HTML, for tests.
#ifndef ILKIMZA_TESTS_PORTAL_PAGE_OF_H_
#define ILKIMZA_TESTS_PORTAL_PAGE_OF_H_

#include <string_view>

#include "portal/page.h"
#include "portal/profile.h"

namespace ilkimza::portal {

inline constexpr char kPageUrl[] = "https://portal.example/dir/page?old=1";

inline absl::StatusOr<Page> TryPageOf(std::string_view html,
                                      std::string_view content_type = "text/html; charset=utf-8") {
  Response response;
  response.address = *ParseAddress("", kPageUrl);
  response.status = 200;
  response.content_type = std::string(content_type);
  response.body = WipedString(html);
  return Page::Parse(response, Charset::kUtf8);
}

inline Page PageOf(std::string_view html,
                   std::string_view content_type = "text/html; charset=utf-8") {
  return *TryPageOf(html, content_type);
}

inline const Profile& KamuSm() {
  static const Profile profile = *Profile::Named("kamusm");
  return profile;
}

}  // namespace ilkimza::portal

#endif  // ILKIMZA_TESTS_PORTAL_PAGE_OF_H_
