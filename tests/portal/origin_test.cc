// Addresses, and which of them a conversation may touch.
#include "portal/origin.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace ilkimza::portal {
namespace {

struct Case {
  std::string base;
  std::string reference;
  std::string url;  // empty: no address
};

class AddressTest : public ::testing::TestWithParam<Case> {};

TEST_P(AddressTest, IsReadAsAPageMeansIt) {
  const auto address = ParseAddress(GetParam().base, GetParam().reference);
  EXPECT_EQ(address.ok() ? address->url : "", GetParam().url);
}

constexpr char kBase[] = "https://a.example/b/c?d#e";

INSTANTIATE_TEST_SUITE_P(
    Table, AddressTest,
    ::testing::Values(
        Case{"", "https://a.example", "https://a.example/"},
        Case{"", "HTTPS://A.Example:443/x", "https://a.example/x"},
        Case{"", "https://a.example:8443/x?y#z", "https://a.example:8443/x?y"},
        Case{kBase, "", "https://a.example/b/c?d"}, Case{kBase, "#z", "https://a.example/b/c?d"},
        Case{kBase, "x", "https://a.example/b/x"}, Case{kBase, "../x", "https://a.example/x"},
        Case{kBase, "/x?y", "https://a.example/x?y"}, Case{kBase, "?y", "https://a.example/b/c?y"},
        Case{kBase, "//b.example/x", "https://b.example/x"},
        Case{kBase, "/../x#z", "https://a.example/x"}, Case{kBase, "/", "https://a.example/"},
        Case{kBase, "/@b.example/", "https://a.example/@b.example/"},
        Case{kBase, "/\\b.example", "https://a.example/\\b.example"},
        Case{"https://a.example:8443/b?c=/d", "/x", "https://a.example:8443/x"},
        Case{"https://a.example?b/c", "/x", "https://a.example/x"},
        Case{"http://a.example/b", "/x", "http://a.example:80/x"},
        Case{kBase, "şifre x", "https://a.example/b/%c5%9fifre%20x"},
        Case{kBase, "http://b.example/", "http://b.example:80/"}, Case{"", "a.example/x", ""},
        Case{"", "", ""}, Case{"", "https://", ""}, Case{kBase, "javascript:void(0)", ""},
        Case{kBase, "mailto:a@b.example", ""}, Case{kBase, "https://user@a.example/", ""},
        Case{kBase, "https://a.example:x/", ""}, Case{kBase, "https://ör.example/", ""},
        Case{kBase, std::string(9000, 'x'), ""}, Case{kBase, std::string("x\0y", 3), ""}));

TEST(OriginsTest, HostAndPortHaveToBeTheSame) {
  const Origins origins = *Origins::Of({"a.example", "b.example:8443"});
  const auto allows = [&origins](const char* url) {
    const auto address = ParseAddress("", url);
    return address.ok() && origins.Allows(*address);
  };
  EXPECT_TRUE(allows("https://a.example/x"));
  EXPECT_TRUE(allows("https://A.EXAMPLE:443/x"));
  EXPECT_TRUE(allows("https://b.example:8443/"));
  for (const char* url :
       {"http://a.example/", "https://a.example:444/", "https://b.example/",
        "https://a.example.b.example/", "https://x.a.example/", "https://a.example./",
        "https://a.example\\@b.example/", "https://a.example%2eb/", "ftp://a.example/"}) {
    EXPECT_FALSE(allows(url)) << url;
  }
}

TEST(OriginsTest, TheErrorSaysWhereToButNotWhat) {
  const Origins origins = *Origins::Of({"a.example"});
  const absl::Status status =
      origins.Check("A redirect", *ParseAddress("", "https://b.example/token?x=y"));
  EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_OFF_SITE);
  const std::string message(status.message());
  EXPECT_NE(message.find("b.example"), std::string::npos);
  EXPECT_EQ(message.find("token"), std::string::npos);
}

TEST(OriginsTest, HostsAreHosts) {
  for (const char* host : {"", "a.example/", "https://a.example", "a b", "user@a.example", "a?b"}) {
    EXPECT_EQ(ReasonOf(Origins::Of({host}).status()), v1::ERROR_REASON_BAD_CONFIGURATION) << host;
  }
  EXPECT_FALSE(Origins::Of({}).ok());
}

}  // namespace
}  // namespace ilkimza::portal
