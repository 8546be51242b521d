// The browser against real HTTPS servers.
#include "portal/browser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/error.h"
#include "portal/authorities.h"
#include "portal/connections.h"
#include "tests/portal/tls_server.h"

namespace ilkimza::portal {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kHtml[] = "text/html; charset=utf-8";
constexpr char kPng[] = "\x89PNG\r\n\x1A\nrest";

std::string Gzipped(std::size_t zeros) {
  std::string packed(1 << 20, '\0');
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY);
  std::string block(1 << 16, '\0');
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  for (std::size_t done = 0; done < zeros; done += block.size()) {
    stream.next_in = reinterpret_cast<Bytef*>(block.data());
    stream.avail_in = static_cast<uInt>(block.size());
    deflate(&stream, done + block.size() >= zeros ? Z_FINISH : Z_NO_FLUSH);
  }
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

class BrowserTest : public ::testing::Test {
 protected:
  BrowserTest() : ca_("Test CA"), server_(ca_), other_(ca_) {
    testing::WriteFile(ca_file_, ca_.pem());
    server_.http().Get(
        "/page", [](const auto&, auto& answer) { answer.set_content("<p>Merhaba</p>", kHtml); });
    server_.http().Post("/form", [this](const auto& request, auto& answer) {
      ++posts_;
      answer.set_content("<p>" + request.body + "</p>", kHtml);
    });
    other_.http().Get(".*", [this](const auto&, auto& answer) {
      ++visits_elsewhere_;
      answer.set_content("<p>Başka</p>", kHtml);
    });
  }

  void Start() {
    server_.Start();
    other_.Start();
  }

  BrowserOptions Options() {
    BrowserOptions options;
    options.ca_file = ca_file_;
    options.total_timeout = absl::Seconds(20);
    return options;
  }

  std::unique_ptr<Browser> Open(const BrowserOptions& options) {
    return *Browser::Create(options, *Origins::Of({server_.host()}));
  }
  std::unique_ptr<Browser> Open() { return Open(Options()); }

  Request To(const std::string& path) {
    Request request;
    request.address =
        *ParseAddress("", path.find("://") == std::string::npos ? server_.url(path) : path);
    return request;
  }

  v1::ErrorReason ReasonFor(Browser& browser, const std::string& path) {
    if (path.find("://") != std::string::npos) {
      const auto address = ParseAddress("", path);
      if (!address.ok()) return ReasonOf(address.status());
    }
    return ReasonOf(browser.Load(To(path), {}).status());
  }

  // Handlers may outlive the test's body, so what they look at stands before the
  // servers.
  std::atomic<bool> asked_ = false;
  std::atomic<bool> go_ = false;
  std::atomic<int> posts_ = 0;
  std::atomic<int> visits_elsewhere_ = 0;
  testing::TempDir folder_;
  const std::string ca_file_ = folder_ / "ca.pem";
  testing::TestCa ca_;
  TlsServer server_;
  TlsServer other_;
};

TEST_F(BrowserTest, LoadsAPage) {
  Start();
  const auto response = Open()->Load(To("/page#part"), {});
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(std::string_view(response->body), "<p>Merhaba</p>");
  EXPECT_EQ(response->address.url, server_.url("/page"));
  EXPECT_EQ(response->address.origin, "https://" + server_.host());
}

// ---- Where it goes ----

TEST_F(BrowserTest, OnlyItsOwnOrigin) {
  Start();
  const auto browser = Open();
  for (const std::string& url : {other_.url("/"), "http://" + server_.host() + "/page",
                                 std::string("https://localhost/page"),
                                 "https://127.0.0.1:" + std::to_string(server_.port()) + "/page",
                                 "https://" + server_.host() + ".evil.example/"}) {
    const v1::ErrorReason reason = ReasonFor(*browser, url);
    EXPECT_TRUE(reason == v1::ERROR_REASON_OFF_SITE || reason == v1::ERROR_REASON_BAD_FIELD) << url;
  }
  EXPECT_EQ(ReasonFor(*browser, other_.url("/")), v1::ERROR_REASON_OFF_SITE);
  EXPECT_EQ(ReasonFor(*browser, "https://user:word@" + server_.host() + "/page"),
            v1::ERROR_REASON_BAD_FIELD);
  EXPECT_EQ(visits_elsewhere_, 0);
}

TEST_F(BrowserTest, RedirectsStayOnSite) {
  std::string target;
  server_.http().Get("/away", [&target](const auto&, auto& answer) {
    answer.status = 302;
    answer.set_header("Location", target);
  });
  Start();
  const auto browser = Open();
  for (const std::string& away :
       {other_.url("/x"), std::string("//") + other_.host() + "/x",
        "http://" + server_.host() + "/", std::string("https://localhost:1/")}) {
    target = away;
    EXPECT_EQ(ReasonFor(*browser, "/away"), v1::ERROR_REASON_OFF_SITE) << away;
  }
  for (const char* nonsense : {"javascript:alert(1)", "file:///etc/passwd", "https://", ""}) {
    target = nonsense;
    const v1::ErrorReason reason = ReasonFor(*browser, "/away");
    EXPECT_TRUE(reason == v1::ERROR_REASON_OFF_SITE || reason == v1::ERROR_REASON_PAGE_UNREADABLE)
        << nonsense;
  }
  target = "/page";
  EXPECT_EQ(browser->Load(To("/away"), {})->address.url, server_.url("/page"));
  EXPECT_EQ(visits_elsewhere_, 0);
}

TEST_F(BrowserTest, MessagesDoNotHoldTheAddress) {
  server_.http().Get("/away", [this](const auto&, auto& answer) {
    answer.set_redirect(other_.url("/token-s3cret?k=s3cret"));
  });
  Start();
  const auto away = Open()->Load(To("/away?token=s3cret"), {});
  EXPECT_THAT(std::string(away.status().message()), Not(HasSubstr("s3cret")));
  EXPECT_THAT(std::string(away.status().message()), HasSubstr(other_.host()));
}

TEST_F(BrowserTest, RedirectsAreCounted) {
  server_.http().Get("/loop", [](const auto&, auto& answer) { answer.set_redirect("/loop"); });
  server_.http().Get(R"(/down/(\d+))", [](const auto& request, auto& answer) {
    const int left = std::stoi(request.matches[1].str());
    answer.set_redirect(left == 0 ? "/page" : "/down/" + std::to_string(left - 1));
  });
  Start();
  const auto browser = Open();
  EXPECT_EQ(ReasonFor(*browser, "/loop"), v1::ERROR_REASON_TOO_MANY_REDIRECTS);
  EXPECT_TRUE(browser->Load(To("/down/9"), {}).ok());
  EXPECT_EQ(ReasonFor(*browser, "/down/10"), v1::ERROR_REASON_TOO_MANY_REDIRECTS);
}

TEST_F(BrowserTest, PostsBecomeGetsBehindARedirect) {
  for (const int status : {301, 302, 303, 307, 308}) {
    server_.http().Post("/moved" + std::to_string(status), [status](const auto&, auto& answer) {
      answer.status = status;
      answer.set_header("Location", "/seen");
    });
  }
  server_.http().Get("/seen", [](const auto&, auto& answer) { answer.set_content("GET", kHtml); });
  server_.http().Post("/seen", [](const auto& request, auto& answer) {
    answer.set_content("POST " + request.body, kHtml);
  });
  Start();
  const auto browser = Open();
  for (const int status : {301, 302, 303, 307, 308}) {
    Request request = To("/moved" + std::to_string(status));
    request.method = Request::kPost;
    request.body = "a=1";
    const auto response = browser->Load(request, {});
    ASSERT_TRUE(response.ok()) << response.status();
    EXPECT_EQ(std::string_view(response->body), status < 307 ? "GET" : "POST a=1") << status;
  }
}

// ---- What it sends ----

TEST_F(BrowserTest, CookiesAreItsOwn) {
  server_.http().Get("/set", [](const auto&, auto& answer) {
    answer.set_header("Set-Cookie", "session=abc; Secure; HttpOnly; Path=/");
    answer.set_content("", kHtml);
  });
  server_.http().Get("/get", [](const auto& request, auto& answer) {
    answer.set_content("[" + request.get_header_value("Cookie") + "]", kHtml);
  });
  Start();
  const auto browser = Open();
  ASSERT_TRUE(browser->Load(To("/set"), {}).ok());
  EXPECT_EQ(std::string_view(browser->Load(To("/get"), {})->body), "[session=abc]");
  EXPECT_EQ(std::string_view(Open()->Load(To("/get"), {})->body), "[]");
}

TEST_F(BrowserTest, TheRefererStaysAtHome) {
  server_.http().Get("/get", [](const auto& request, auto& answer) {
    answer.set_content("[" + request.get_header_value("Referer") + "]", kHtml);
  });
  Start();
  const auto browser = Open();
  Request request = To("/get");
  request.referer = *ParseAddress("", server_.url("/page?x=1"));
  EXPECT_EQ(std::string_view(browser->Load(request, {})->body), "[" + request.referer.url + "]");
  request.referer = *ParseAddress("", other_.url("/page?x=1"));
  EXPECT_EQ(std::string_view(browser->Load(request, {})->body), "[]");
}

TEST_F(BrowserTest, TheEnvironmentsProxyHasNoSay) {
  Start();
  for (const char* name : {"https_proxy", "HTTPS_PROXY", "all_proxy"}) {
    setenv(name, "http://127.0.0.1:1", 1);
  }
  EXPECT_TRUE(Open()->Load(To("/page"), {}).ok());
  for (const char* name : {"https_proxy", "HTTPS_PROXY", "all_proxy"}) unsetenv(name);
  BrowserOptions options = Options();
  options.proxy = "http://127.0.0.1:1";
  EXPECT_EQ(ReasonFor(*Open(options), "/page"), v1::ERROR_REASON_PORTAL_UNREACHABLE);
}

// ---- Whom it trusts ----

class TrustTest : public BrowserTest {
 protected:
  v1::ErrorReason ReasonOfServer(const testing::TestCa& ca, const testing::CertificateWish& wish) {
    TlsServer server(ca, wish);
    std::atomic<int> seen = 0;
    server.http().Get(".*", [&seen](const auto&, auto& answer) {
      ++seen;
      answer.set_content("", kHtml);
    });
    server.Start();
    const auto browser = *Browser::Create(Options(), *Origins::Of({server.host()}));
    Request request;
    request.address = *ParseAddress("", server.url("/"));
    const auto reason = ReasonOf(browser->Load(request, {}).status());
    EXPECT_EQ(seen, reason == v1::ERROR_REASON_UNSPECIFIED ? 1 : 0);
    return reason;
  }
};

TEST_F(TrustTest, Certificates) {
  const testing::TestCa stranger("Stranger");
  EXPECT_EQ(ReasonOfServer(ca_, {.name = "localhost"}), v1::ERROR_REASON_UNSPECIFIED);
  EXPECT_EQ(ReasonOfServer(stranger, {.name = "localhost"}), v1::ERROR_REASON_PORTAL_UNTRUSTED);
  EXPECT_EQ(ReasonOfServer(ca_, {.name = "other.example"}), v1::ERROR_REASON_PORTAL_UNTRUSTED);
  EXPECT_EQ(ReasonOfServer(ca_, {.name = "localhost", .valid_from = -7200, .valid_until = -3600}),
            v1::ERROR_REASON_PORTAL_UNTRUSTED);
}

TEST_F(TrustTest, OldTlsIsRefused) {
  TlsServer server(ca_);
  SSL_CTX_set_security_level(server.http().ssl_context(), 0);
  SSL_CTX_set_min_proto_version(server.http().ssl_context(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(server.http().ssl_context(), TLS1_1_VERSION);
  server.http().Get(".*", [](const auto&, auto& answer) { answer.set_content("", kHtml); });
  server.Start();
  const auto browser = *Browser::Create(Options(), *Origins::Of({server.host()}));
  Request request;
  request.address = *ParseAddress("", server.url("/"));
  EXPECT_FALSE(browser->Load(request, {}).ok());
}

TEST_F(TrustTest, AMissingCaFile) {
  BrowserOptions options = Options();
  options.ca_file = folder_ / "none.pem";
  EXPECT_EQ(ReasonOf(Browser::Create(options, *Origins::Of({"localhost"})).status()),
            v1::ERROR_REASON_BAD_CONFIGURATION);
}

TEST_F(TrustTest, AFileWithoutCertificates) {
  testing::WriteFile(ca_file_, "not a certificate\n");
  EXPECT_EQ(ReasonOf(Browser::Create(Options(), *Origins::Of({"localhost"})).status()),
            v1::ERROR_REASON_BAD_CONFIGURATION);
}

TEST_F(TrustTest, BrowsersShareAuthoritiesUntilTheirFileChanges) {
  const testing::TestCa next("Next CA");
  TlsServer server(next);
  server.http().Get(".*", [](const auto&, auto& answer) { answer.set_content("", kHtml); });
  server.Start();
  Start();
  BrowserOptions options = Options();
  options.authorities = std::make_shared<Authorities>(ca_file_);
  const Origins origins = *Origins::Of({server_.host(), server.host()});
  const auto before = *Browser::Create(options, origins);
  EXPECT_EQ(*options.authorities->Get(), *options.authorities->Get());
  EXPECT_EQ(ReasonFor(*before, "/page"), v1::ERROR_REASON_UNSPECIFIED);
  EXPECT_EQ(ReasonFor(*before, server.url("/")), v1::ERROR_REASON_PORTAL_UNTRUSTED);
  testing::WriteFile(folder_ / "next.pem", next.pem() + "\n");
  ASSERT_EQ(rename((folder_ / "next.pem").c_str(), ca_file_.c_str()), 0);
  const auto after = *Browser::Create(options, origins);
  EXPECT_EQ(ReasonFor(*after, server.url("/")), v1::ERROR_REASON_UNSPECIFIED);
  EXPECT_EQ(ReasonFor(*after, "/page"), v1::ERROR_REASON_PORTAL_UNTRUSTED);
}

TEST_F(TrustTest, OnlyTheBrowsersOfOneConversationShareConnectionsAndTlsSessions) {
  std::atomic<bool> hangs_up = false;
  server_.http().Get("/session", [&](const auto& request, auto& answer) {
    answer.set_header("Set-Cookie", "seen=1");
    if (hangs_up) answer.set_header("Connection", "close");
    answer.set_content(
        absl::StrCat(SSL_session_reused(const_cast<SSL*>(request.ssl)) == 1 ? "resumed " : "new ",
                     request.remote_port, " ", request.get_header_value("Cookie")),
        kHtml);
  });
  Start();
  // Whether a session was resumed, the connection, the cookies.
  using Asked = std::vector<std::string>;
  const auto ask = [&](Browser& browser) {
    const auto response = browser.Load(To("/session"), {});
    return response.ok() ? Asked(absl::StrSplit(absl::string_view(response->body), ' '))
                         : Asked{response.status().ToString(), "", ""};
  };
  BrowserOptions one = Options();
  one.connections = std::make_shared<Connections>();
  auto browser = Open(one);
  const Asked first = ask(*browser);
  EXPECT_EQ(first, (Asked{"new", first[1], ""}));
  EXPECT_EQ(ask(*browser), (Asked{"new", first[1], "seen=1"}));
  browser = Open(one);
  hangs_up = true;
  EXPECT_EQ(ask(*browser), (Asked{"new", first[1], ""})) << "the connection, and no cookie";
  browser = Open(one);
  const Asked resumed = ask(*browser);
  EXPECT_NE(resumed[1], first[1]);
  EXPECT_EQ(resumed, (Asked{"resumed", resumed[1], ""}));
  BrowserOptions another = Options();
  another.connections = std::make_shared<Connections>();
  EXPECT_EQ(ask(*Open(another))[0], "new");
  EXPECT_EQ(ask(*Open())[0], "new");
}

// ---- What it takes ----

TEST_F(BrowserTest, SizesAreBounded) {
  const std::string bomb = Gzipped(64 << 20);
  ASSERT_LT(bomb.size(), 100'000u);
  server_.http().Get("/declared", [](const auto&, auto& answer) {
    answer.set_content(std::string(3 << 20, 'x'), kHtml);
  });
  server_.http().Get("/endless", [](const auto&, auto& answer) {
    answer.set_chunked_content_provider(kHtml, [](std::size_t, httplib::DataSink& sink) {
      const std::string block(1 << 16, 'x');
      return sink.write(block.data(), block.size());
    });
  });
  server_.http().Get("/bomb", [&bomb](const auto&, auto& answer) {
    answer.set_header("Content-Encoding", "gzip");
    answer.set_content_provider(bomb.size(), kHtml,
                                [&bomb](std::size_t at, std::size_t size, httplib::DataSink& sink) {
                                  return sink.write(bomb.data() + at, size);
                                });
  });
  Start();
  const auto browser = Open();
  for (const char* path : {"/declared", "/endless", "/bomb"}) {
    EXPECT_EQ(ReasonFor(*browser, path), v1::ERROR_REASON_PAGE_TOO_LARGE) << path;
  }
  EXPECT_TRUE(browser->Load(To("/page"), {}).ok());
}

TEST_F(BrowserTest, WhatIsNoPageIsRefused) {
  const struct {
    const char* path;
    const char* type;
    const char* encoding;
    v1::ErrorReason reason;
  } answers[] = {
      {"/pdf", "application/pdf", "", v1::ERROR_REASON_PAGE_UNREADABLE},
      {"/text", "text/plain", "", v1::ERROR_REASON_PAGE_UNREADABLE},
      {"/image", "image/png", "", v1::ERROR_REASON_PAGE_UNREADABLE},
      {"/broken", kHtml, "gzip", v1::ERROR_REASON_PAGE_UNREADABLE},
      {"/xhtml", "application/xhtml+xml", "", v1::ERROR_REASON_UNSPECIFIED},
  };
  for (const auto& one : answers) {
    server_.http().Get(one.path, [one](const auto&, auto& answer) {
      if (*one.encoding != '\0') answer.set_header("Content-Encoding", one.encoding);
      const std::string text = "this is not packed";
      answer.set_content_provider(
          text.size(), one.type, [text](std::size_t at, std::size_t size, httplib::DataSink& sink) {
            return sink.write(text.data() + at, size);
          });
    });
  }
  Start();
  const auto browser = Open();
  for (const auto& one : answers) EXPECT_EQ(ReasonFor(*browser, one.path), one.reason) << one.path;
}

TEST_F(BrowserTest, Images) {
  const auto serve = [this](const char* path, const std::string& bytes, const char* type) {
    server_.http().Get(
        path, [bytes, type](const auto&, auto& answer) { answer.set_content(bytes, type); });
  };
  serve("/png", kPng, "image/png");
  serve("/liar", kPng, "image/jpeg");
  serve("/html", "<p>x</p>", kHtml);
  serve("/svg", "<svg onload='x'/>", "image/svg+xml");
  serve("/typed-html", kPng, kHtml);
  serve("/large", kPng + std::string(1 << 20, 'x'), "image/png");
  Start();
  const auto browser = Open();
  const auto image = browser->LoadImage(To("/png"), {});
  ASSERT_TRUE(image.ok()) << image.status();
  EXPECT_EQ(image->content_type, "image/png");
  EXPECT_EQ(browser->LoadImage(To("/liar"), {})->content_type, "image/png");
  for (const char* path : {"/html", "/svg", "/typed-html", "/none"}) {
    EXPECT_EQ(ReasonOf(browser->LoadImage(To(path), {}).status()), v1::ERROR_REASON_PAGE_UNREADABLE)
        << path;
  }
  EXPECT_EQ(ReasonOf(browser->LoadImage(To("/large"), {}).status()),
            v1::ERROR_REASON_PAGE_TOO_LARGE);
  EXPECT_EQ(ReasonOf(browser->LoadImage(To(other_.url("/png")), {}).status()),
            v1::ERROR_REASON_OFF_SITE);
}

TEST(ImageTypeTest, KnowsItsKinds) {
  using std::string_literals::operator""s;
  EXPECT_EQ(ImageType("\xFF\xD8\xFFx"), "image/jpeg");
  EXPECT_EQ(ImageType("GIF89a.."), "image/gif");
  EXPECT_EQ(ImageType("BM.."), "image/bmp");
  EXPECT_EQ(ImageType("RIFF\1\0\0\0WEBPVP8 "s), "image/webp");
  EXPECT_EQ(ImageType("<svg"), "");
  EXPECT_EQ(ImageType(""), "");
}

// ---- Time, and not knowing ----

TEST_F(BrowserTest, NobodyThere) {
  Start();
  const auto browser = *Browser::Create(Options(), *Origins::Of({"localhost:1"}));
  Request request;
  request.address = *ParseAddress("", "https://localhost:1/");
  EXPECT_EQ(ReasonOf(browser->Load(request, {}).status()), v1::ERROR_REASON_PORTAL_UNREACHABLE);
  // Nothing was sent, so even a form may be sent again later.
  request.method = Request::kPost;
  request.submits = true;
  EXPECT_EQ(ReasonOf(browser->Load(request, {}).status()), v1::ERROR_REASON_PORTAL_UNREACHABLE);
}

TEST_F(BrowserTest, AFormWhoseAnswerDoesNotComeIsNotSentAgain) {
  server_.http().Post("/slow", [&](const auto&, auto& answer) {
    ++posts_;
    while (!go_) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    answer.set_content("", kHtml);
  });
  Start();
  BrowserOptions options = Options();
  options.total_timeout = absl::Milliseconds(600);
  const auto browser = Open(options);
  Request request = To("/slow");
  request.method = Request::kPost;
  request.body = "a=1";
  request.submits = true;
  EXPECT_EQ(ReasonOf(browser->Load(request, {}).status()), v1::ERROR_REASON_SUBMISSION_UNKNOWN);
  request.submits = false;
  EXPECT_EQ(ReasonOf(browser->Load(request, {}).status()), v1::ERROR_REASON_PORTAL_UNREACHABLE);
  go_ = true;
  EXPECT_EQ(posts_, 2);
}

// A portal that answers a form with "send it there" would have it twice.
TEST_F(BrowserTest, ASubmissionIsNotSentOn) {
  for (const int status : {307, 308}) {
    const std::string code = std::to_string(status);
    const auto answer_with = [this, status](const std::string& to) {
      return [this, status, to](const auto&, auto& answer) {
        ++posts_;
        answer.status = status;
        answer.set_header("Location", to);
      };
    };
    server_.http().Post("/again" + code, answer_with("/again" + code));
    server_.http().Post("/on" + code, answer_with("/form"));
    // An allowed host at which nobody is: what was sent before must not be denied.
    server_.http().Post("/dead" + code, answer_with("https://localhost:1/"));
  }
  Start();
  const auto browser = *Browser::Create(Options(), *Origins::Of({server_.host(), "localhost:1"}));
  for (const char* path : {"/again307", "/on307", "/dead307", "/again308", "/on308", "/dead308"}) {
    posts_ = 0;
    Request request = To(path);
    request.method = Request::kPost;
    request.body = "pin=1234";
    request.submits = true;
    const absl::Status status = browser->Load(request, {}).status();
    EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_SUBMISSION_UNKNOWN) << path;
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr("othing was submitted"))) << path;
    EXPECT_EQ(posts_, 1) << path;
  }
}

// Behind a submission every redirect is followed as ever.
TEST_F(BrowserTest, ThePageBehindASubmissionMayMove) {
  server_.http().Post("/sent", [this](const auto&, auto& answer) {
    ++posts_;
    answer.set_redirect("/moved", 303);
  });
  server_.http().Get("/moved",
                     [](const auto&, auto& answer) { answer.set_redirect("/page", 307); });
  Start();
  Request request = To("/sent");
  request.method = Request::kPost;
  request.submits = true;
  const auto response = Open()->Load(request, {});
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(std::string_view(response->body), "<p>Merhaba</p>");
  EXPECT_EQ(posts_, 1);
}

// A form sent by GET stands in its address: to be sent back to it is to submit again.
TEST_F(BrowserTest, AFormInAnAddressIsSentOnce) {
  std::atomic<int> gets = 0;
  server_.http().Get("/by-get", [&](const auto&, auto& answer) {
    ++gets;
    answer.set_redirect("/by-get?a=1");
  });
  Start();
  Request request = To("/by-get?a=1");
  request.submits = true;
  EXPECT_EQ(ReasonOf(Open()->Load(request, {}).status()), v1::ERROR_REASON_SUBMISSION_UNKNOWN);
  EXPECT_EQ(gets, 1);
}

TEST_F(BrowserTest, AStopEndsATransfer) {
  server_.http().Get("/slow", [&](const auto&, auto& answer) {
    asked_ = true;
    while (!go_) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    answer.set_content("", kHtml);
  });
  Start();
  std::stop_source stop;
  std::jthread stopper([&] {
    while (!asked_) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    stop.request_stop();
  });
  const auto browser = Open();
  EXPECT_EQ(ReasonOf(browser->Load(To("/slow"), stop.get_token()).status()),
            v1::ERROR_REASON_CANCELLED);
  EXPECT_EQ(ReasonOf(browser->Load(To("/page"), stop.get_token()).status()),
            v1::ERROR_REASON_CANCELLED);
  go_ = true;
  EXPECT_TRUE(browser->Load(To("/page"), {}).ok());
}

}  // namespace
}  // namespace ilkimza::portal
