// Where pages come from: files that somebody saved, or the portal itself. Of the
// portal an address is asked once, by GET, with redirects and limits as the browser
// has them; nothing is pressed and no cookie is brought along.
//
// Not thread-safe.
#ifndef ILKIMZA_PORTAL_LINT_SOURCE_H_
#define ILKIMZA_PORTAL_LINT_SOURCE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "portal/browser.h"
#include "portal/page.h"
#include "portal/profile.h"

namespace ilkimza::portal {

// One thing to look at: a file, or an https address.
struct Source {
  std::string place;
  // A screen's name without its prefix, "NONE" for a page that must not be
  // recognised, or empty where nothing is said.
  std::string expected;

  [[nodiscard]] bool live() const;
  // For people and files, in UTF-8: an address without its query, which may be a secret.
  [[nodiscard]] std::string name() const;
};

// "LOGIN=saved/login.html", "saved/login.html", "https://..." or a folder, which
// stands for the *.html and *.htm files below it, in the order of their names.
// `by_name`: of a file that bears a screen's name ("login.html", "LOGIN-2.html"), that
// screen is expected. NotFound where there is no such file or folder, or no page in
// it; ResourceExhausted above `kMostPages`.
absl::StatusOr<std::vector<Source>> SourcesOf(const std::string& argument, bool by_name);
inline constexpr std::size_t kMostPages = 2000;

class Reader {
 public:
  struct Options {
    // Of saved pages, as the portal's header would say; empty: as the page or the
    // profile says.
    std::string charset;
    BrowserOptions browser;
  };
  // Holds a copy of `profile`.
  Reader(const Profile& profile, Options options)
      : profile_(profile), options_(std::move(options)) {}

  // As Page::Parse and Browser::Load; NotFound where the file cannot be read, or is a
  // pipe or a device.
  absl::StatusOr<Page> Read(const Source& source);

 private:
  absl::StatusOr<Response> Open(const Source& source) const;
  absl::StatusOr<Response> Ask(const std::string& address);

  const Profile profile_;
  const Options options_;
};

}  // namespace ilkimza::portal

#endif  // ILKIMZA_PORTAL_LINT_SOURCE_H_
