// The link from the mail, as it is pasted, and references on a page: only https
// addresses of the portal's own hosts are let through, and what is checked is what is
// asked. The first byte says whether a page stands behind it.
#include "absl/strings/ascii.h"
#include "base/error.h"
#include "portal/origin.h"
#include "portal/profile.h"
#include "portal/text.h"
#include "tests/fuzz/target.h"

namespace ilkimza::fuzz {
namespace {

// The least that an allowed address has to be, without any parser: the portal's host
// and a path, in characters that mean one thing to everybody.
bool IsPortals(const std::string& url) {
  for (const char* const host :
       {"www.kamusm.gov.tr", "kamusm.gov.tr", "nesbireysel.kamusm.gov.tr"}) {
    const std::string start = std::string("https://") + host + "/";
    if (url.compare(0, start.size(), start) == 0) return true;
  }
  return false;
}

}  // namespace

bool TakeInput(std::string_view input) {
  static const portal::Profile profile = *portal::Profile::Named("kamusm");
  if (input.empty()) return false;
  const bool on_page = (input[0] & 1) != 0;
  const std::string typed = portal::Tidy(input.substr(1));
  const auto address =
      portal::ParseAddress(on_page ? "https://kamusm.gov.tr/a/b.aspx?c=d" : "", typed);
  if (!address.ok()) {
    FUZZ_CHECK(ReasonOf(address.status()) == v1::ERROR_REASON_BAD_FIELD);
    return false;
  }
  for (const char c : address->url) FUZZ_CHECK(c > 0x20 && c < 0x7F);
  FUZZ_CHECK(address->url.compare(0, address->origin.size(), address->origin) == 0);
  FUZZ_CHECK(address->url.find('#') == std::string::npos);
  // Read again, it is the same address: nothing is left to be understood otherwise.
  const auto again = portal::ParseAddress("", address->url);
  FUZZ_CHECK(again.ok() && again->url == address->url && again->origin == address->origin);
  const bool allowed = profile.origins().Allows(*address);
  if (allowed) FUZZ_CHECK(IsPortals(address->url));
  const absl::Status check = profile.origins().Check("The link", *address);
  FUZZ_CHECK(check.ok() == allowed);
  return allowed;
}

std::vector<std::string> Seeds() {
  using namespace std::string_literals;
  return {"\0https://nesbireysel.kamusm.gov.tr/onay.go?k=0123456789abcdef"s,
          "\0 HTTPS://KAMUSM.GOV.TR:443/guncelle?kod=a%20b&x=1#son \n"s,
          "\1onay?k=1"s,
          "\1/kok/../onay;s=1?k=%C4%B1"s,
          "\1//www.kamusm.gov.tr/x"s,
          "\1?k=2"s};
}

std::vector<std::string> Words() {
  return {"https://",
          "http://",
          "@",
          "\\",
          "//",
          ":443",
          ":",
          "#",
          "?",
          "..",
          "%00",
          "%2F",
          "[::1]",
          "kamusm.gov.tr",
          ".",
          "\xC4\xB0",
          "\xE3\x80\x82",
          "xn--",
          "\t",
          "\xE2\x80\xAE",
          "javascript:",
          "user:pass@",
          "0x7f.1",
          "file:///"};
}

}  // namespace ilkimza::fuzz
