// The host at portals that mean harm or are broken, over HTTPS servers of the test's
// own. What must hold each time: one clear outcome within the limits, by its reason;
// nothing sent to another address than the one the holder's page names; nothing pressed
// that the step does not say; and the host goes on with the next step.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <thread>

#include "base/error.h"
#include "tests/portal/host_client.h"
#include "tests/portal/tls_server.h"

namespace ilkimza::portal {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kHtml[] = "text/html; charset=utf-8";
constexpr char kPng[] = "\x89PNG\r\n\x1A\nrest";

constexpr char kEntrance[] = "<h1>Hoş geldiniz</h1><a href=/bireysel>Bireysel İşlemler</a>";
constexpr char kChoice[] = "<h1>Kullanıcı Doğrulama Ekranı</h1><a href=/giris>Şifreli Giriş</a>";
constexpr char kPhonePage[] =
    "<h1>SMS Onay Ekranı</h1><p>Telefon Numaranız : 54* *** ** 25</p>"
    "<form method=post action=/onay><button>Onay</button></form>";
constexpr char kFields[] =
    "<label>Kimlik No <input name=kimlik></label>"
    "<label>Güvenlik Sözcüğü <input type=password name=sozcuk></label>"
    "<img src=/resim.png alt=''><label>Resimdeki Yazı <input name=resim></label>";

// A login form that posts to `action` and ends with `buttons`.
std::string Login(const std::string& buttons = "<button name=tus value=giris>Giriş</button>",
                  const std::string& action = "/giris") {
  return "<h1>Giriş Ekranı</h1><form method=post action='" + action + "'>" + kFields + buttons +
         "</form>";
}

std::string With(std::string html, const std::string& from, const std::string& to) {
  const std::size_t at = html.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return html.replace(at, from.size(), to);
}

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

using Handler = std::function<void(const httplib::Request&, httplib::Response&)>;
Handler Page(std::string html) {
  return [html = std::move(html)](const auto&, auto& answer) { answer.set_content(html, kHtml); };
}

// A portal of three pages, whose login page is the test's, and two places where nobody
// may ever come: another HTTPS server that is trusted as well, and one in plain text.
class HostileTest : public ::testing::Test {
 protected:
  HostileTest() : ca_("Test CA"), portal_(ca_), elsewhere_(ca_) {
    testing::WriteFile(folder_ / "ca.pem", ca_.pem());
    portal_.http().set_pre_routing_handler([this](const auto& request, auto&) {
      const std::lock_guard lock(mutex_);
      requests_[request.method + " " + request.path] += 1;
      last_cookies_ = request.get_header_value("Cookie");
      return httplib::Server::HandlerResponse::Unhandled;
    });
    portal_.http().Get("/", Page(kEntrance));
    portal_.http().Get("/bireysel", Page(kChoice));
    portal_.http().Get("/resim.png",
                       [](const auto&, auto& answer) { answer.set_content(kPng, "image/png"); });
    portal_.http().Get("/giris", [this](const auto& request, auto& answer) {
      Handler login;
      {
        const std::lock_guard lock(mutex_);
        login = login_;
      }
      login(request, answer);
    });
    portal_.http().Get("/bombe.png", [](const auto&, auto& answer) {
      answer.set_header("Content-Encoding", "gzip");
      answer.set_content(Gzipped(100 << 20), "image/png");
    });
    portal_.http().Post("/giris", [this](const auto& request, auto& answer) {
      const std::lock_guard lock(mutex_);
      last_body_ = request.body;
      answer.set_content(kPhonePage, kHtml);
    });
    portal_.http().Get("/alt/resim.png",
                       [](const auto&, auto& answer) { answer.set_content(kPng, "image/png"); });
    portal_.http().Post("/devam", [](const auto&, auto& answer) {
      answer.status = 307;
      answer.set_header("Location", "/giris");
    });
    portal_.http().Post("/.*", Page("<h1>Tuzak</h1>"));
    for (httplib::Server* trap : {static_cast<httplib::Server*>(&elsewhere_.http()), &plain_}) {
      const auto count = [this](const auto&, auto& answer) {
        ++visits_elsewhere_;
        answer.set_content(Login(), kHtml);
      };
      trap->Get(".*", count);
      trap->Post(".*", count);
    }
    portal_.Start();
    elsewhere_.Start();
    plain_port_ = plain_.bind_to_any_port("localhost");
    plain_thread_ = std::thread([this] { plain_.listen_after_bind(); });
    while (!plain_.is_running()) std::this_thread::yield();
  }
  ~HostileTest() override {
    client_.reset();
    plain_.stop();
    plain_thread_.join();
  }
  void TearDown() override { EXPECT_EQ(visits_elsewhere_, 0); }

  void SetLogin(Handler login) {
    const std::lock_guard lock(mutex_);
    login_ = std::move(login);
  }
  void SetLogin(const std::string& html) { SetLogin(Page(html)); }

  HostClient& Client(const std::string& url = "") {
    const auto profile =
        Profile::Named("kamusm")->WithEntrance(url.empty() ? portal_.url("/") : url);
    EXPECT_TRUE(profile.ok()) << profile.status();
    HostOptions options{.profile = *profile, .workers = 2};
    options.browser.ca_file = folder_ / "ca.pem";
    options.browser.connect_timeout = absl::Seconds(10);
    options.browser.total_timeout = patience_;
    client_ = std::make_unique<HostClient>(std::move(options));
    return *client_;
  }

  // "STOPPED OFF_SITE", "DONE"
  static std::string Words(const v1::StepReport& report) {
    std::string words = v1::StepOutcome_Name(report.outcome()).substr(13);
    if (report.reason() != v1::ERROR_REASON_UNSPECIFIED) words += " " + ReasonName(report.reason());
    return words;
  }
  // How the step that meets the login page ends.
  std::string Opening() { return Words(Client().Run(v1::STEP_KIND_OPEN_LOGIN)); }
  // And the one that fills it in. A page that stops it before the holder is asked has
  // no answer.
  std::string LoggingIn() {
    HostClient& client = Client();
    const v1::StepReport opened = client.Run(v1::STEP_KIND_OPEN_LOGIN);
    if (opened.outcome() != v1::STEP_OUTCOME_DONE) return "opening: " + Words(opened);
    const int64_t directive = client.Direct(v1::STEP_KIND_LOG_IN);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (client.reports().CountOf(directive) == 0 &&
           std::chrono::steady_clock::now() < deadline) {
      const v1::Screen screen = client.stream().Latest();
      if (screen.step() != v1::STEP_KIND_LOG_IN || screen.has_working()) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        continue;
      }
      v1::AnswerScreenRequest answer = client.AnswerTo(screen);
      const grpc::Status sent = client.Send(answer);
      EXPECT_TRUE(sent.ok()) << sent.error_message();
      break;
    }
    return Words(client.reports().Of(directive));
  }

  int Requests(const std::string& request) {
    const std::lock_guard lock(mutex_);
    return requests_[request];
  }
  int Posts() {
    const std::lock_guard lock(mutex_);
    int posts = 0;
    for (const auto& [request, count] : requests_) {
      if (request.rfind("POST ", 0) == 0) posts += count;
    }
    return posts;
  }
  std::string Body() {
    const std::lock_guard lock(mutex_);
    return last_body_;
  }
  [[nodiscard]] std::string Plain(const std::string& path) const {
    return "http://localhost:" + std::to_string(plain_port_) + path;
  }

  testing::TestCa ca_;
  testing::TempDir folder_;
  TlsServer portal_;
  TlsServer elsewhere_;
  httplib::Server plain_;
  int plain_port_ = 0;
  std::thread plain_thread_;
  std::atomic<int> visits_elsewhere_ = 0;
  absl::Duration patience_ = absl::Seconds(20);

  std::mutex mutex_;
  Handler login_ = Page(Login());
  std::map<std::string, int> requests_;
  std::string last_body_;
  std::string last_cookies_;

  std::unique_ptr<HostClient> client_;
};

TEST_F(HostileTest, AnHonestPortalIsWalkedThrough) {
  EXPECT_EQ(LoggingIn(), "DONE");
  EXPECT_EQ(Posts(), 1);
  EXPECT_THAT(Body(), HasSubstr("tus=giris"));
}

// ---- Answers that are none ----

TEST_F(HostileTest, ASlowDrip) {
  patience_ = absl::Seconds(1);
  SetLogin([](const auto&, auto& answer) {
    answer.set_content_provider(100'000, kHtml, [](size_t, size_t, httplib::DataSink& sink) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      return sink.write("<", 1);
    });
  });
  EXPECT_EQ(Opening(), "UNAVAILABLE PORTAL_UNREACHABLE");
}

TEST_F(HostileTest, HalfAnAnswer) {
  SetLogin([](const auto&, auto& answer) {
    const std::string half = Login();
    answer.set_content_provider(2 * half.size(), kHtml,
                                [half](size_t offset, size_t, httplib::DataSink& sink) {
                                  return offset == 0 && sink.write(half.data(), half.size());
                                });
  });
  EXPECT_EQ(Opening(), "UNAVAILABLE PORTAL_UNREACHABLE");
}

// Half of the answer to a form: nobody knows what the portal made of it.
TEST_F(HostileTest, HalfAnAnswerToAForm) {
  TlsServer half(ca_);
  half.http().Get("/", Page(kEntrance));
  half.http().Get("/bireysel", Page(kChoice));
  half.http().Get("/giris", Page(Login()));
  half.http().Get("/resim.png",
                  [](const auto&, auto& answer) { answer.set_content(kPng, "image/png"); });
  std::atomic<int> posts = 0;
  half.http().Post("/giris", [&posts](const auto&, auto& answer) {
    ++posts;
    answer.set_content_provider(1000, kHtml, [](size_t offset, size_t, httplib::DataSink& sink) {
      return offset == 0 && sink.write("<h1>SMS", 7);
    });
  });
  half.Start();
  HostClient& client = Client(half.url("/"));
  ASSERT_EQ(Words(client.Run(v1::STEP_KIND_OPEN_LOGIN)), "DONE");
  EXPECT_EQ(Words(client.RunAnswered(v1::STEP_KIND_LOG_IN)), "UNKNOWN SUBMISSION_UNKNOWN");
  EXPECT_EQ(posts, 1) << "sent once";
}

TEST_F(HostileTest, AnswersThatAreNoPages) {
  const std::string invalid = Login() + "\xC4\x22";
  const struct {
    const char* name;
    std::string body;
    const char* type;
    const char* words;
  } table[] = {
      {"a download", Login(), "application/octet-stream", "STOPPED PAGE_UNREADABLE"},
      {"a picture", kPng, "image/png", "STOPPED PAGE_UNREADABLE"},
      {"JSON", "{}", "application/json", "STOPPED PAGE_UNREADABLE"},
      {"two types at once", Login(), "text/plain; text/html", "STOPPED PAGE_UNREADABLE"},
      {"bytes that UTF-8 has not", invalid, kHtml, "STOPPED PAGE_UNREADABLE"},
      {"a charset that nobody has", Login(), "text/html; charset=x-secret",
       "STOPPED PAGE_UNREADABLE"},
      // Where a "<" is not one: a filter and a browser would see two pages.
      {"UTF-7", Login(), "text/html; charset=utf-7", "STOPPED PAGE_UNREADABLE"},
      // Every letter beyond ASCII is another one then.
      {"another charset than said", Login(), "text/html; charset=iso-8859-9",
       "STOPPED SCREEN_UNRECOGNISED"},
      {"nothing at all", "", kHtml, "STOPPED SCREEN_UNRECOGNISED"},
      {"zeros", std::string(1000, '\0'), kHtml, "STOPPED PAGE_UNREADABLE"},
  };
  for (const auto& [name, body, type, words] : table) {
    SetLogin([body = body, type = std::string(type)](const auto&, auto& answer) {
      answer.set_content(body, type.c_str());
    });
    EXPECT_EQ(Opening(), words) << name;
  }
}

// ---- Answers that never end ----

TEST_F(HostileTest, FiftyMegabytes) {
  std::atomic<std::size_t> sent = 0;
  SetLogin([&sent](const auto&, auto& answer) {
    answer.set_content_provider(50 << 20, kHtml, [&sent](size_t, size_t, httplib::DataSink& sink) {
      const std::string part(1 << 16, 'x');
      sent += part.size();
      return sink.write(part.data(), part.size());
    });
  });
  EXPECT_EQ(Opening(), "STOPPED PAGE_TOO_LARGE");
  EXPECT_LT(sent, std::size_t{20} << 20) << "not read to its end";
}

TEST_F(HostileTest, FiftyMegabytesWithoutALength) {
  SetLogin([](const auto&, auto& answer) {
    answer.set_chunked_content_provider(kHtml, [](size_t offset, httplib::DataSink& sink) {
      const std::string part(1 << 16, 'x');
      if (offset > (std::size_t{50} << 20)) sink.done();
      return sink.write(part.data(), part.size());
    });
  });
  EXPECT_EQ(Opening(), "STOPPED PAGE_TOO_LARGE");
}

TEST_F(HostileTest, AGzipBomb) {
  SetLogin([bomb = Gzipped(100 << 20)](const auto&, auto& answer) {
    answer.set_header("Content-Encoding", "gzip");
    answer.set_content(bomb, kHtml);
  });
  EXPECT_EQ(Opening(), "STOPPED PAGE_TOO_LARGE");
}

TEST_F(HostileTest, ABombForACaptcha) {
  std::string html = Login();
  html.replace(html.find("/resim.png"), 10, "/bombe.png");
  SetLogin(html);
  EXPECT_EQ(LoggingIn(), "STOPPED PAGE_TOO_LARGE");
  EXPECT_EQ(Posts(), 0);
}

TEST_F(HostileTest, ARedirectLoop) {
  SetLogin([](const auto&, auto& answer) { answer.set_redirect("/giris"); });
  EXPECT_EQ(Opening(), "STOPPED TOO_MANY_REDIRECTS");
  EXPECT_LE(Requests("GET /giris"), 12);
}

// ---- Ways off the portal ----

TEST_F(HostileTest, RedirectsThatLeadElsewhere) {
  for (const std::string& to :
       {elsewhere_.url("/giris"), Plain("/giris"), std::string("https://evil.example/"),
        "http://" + portal_.host() + "/giris", "//" + elsewhere_.host() + "/giris",
        std::string("ftp://localhost/")}) {
    SetLogin([&to](const auto&, auto& answer) { answer.set_redirect(to); });
    EXPECT_EQ(Opening(), "STOPPED OFF_SITE") << to;
  }
  // These are no addresses of pages at all.
  for (const std::string& to :
       {"https://" + portal_.host() + "@" + elsewhere_.host() + "/giris",
        std::string("javascript:alert(1)"), std::string("file:///etc/passwd"),
        std::string("data:text/html,<h1>x</h1>")}) {
    SetLogin([&to](const auto&, auto& answer) { answer.set_redirect(to); });
    EXPECT_EQ(Opening(), "STOPPED PAGE_UNREADABLE") << to;
  }
}

TEST_F(HostileTest, FormsThatPostElsewhere) {
  for (const std::string& to :
       {elsewhere_.url("/giris"), Plain("/giris"), "//" + elsewhere_.host() + "/giris",
        "http://" + portal_.host() + "/giris"}) {
    SetLogin(Login("<button>Giriş</button>", to));
    EXPECT_EQ(LoggingIn(), "STOPPED OFF_SITE") << to;
  }
  // Sent nowhere: there is no page behind such a button.
  SetLogin(Login("<button>Giriş</button>", "mailto:a@evil.example"));
  EXPECT_EQ(LoggingIn(), "STOPPED CONTROL_AMBIGUOUS");
  // The button has its own say.
  SetLogin(Login("<button formaction='" + elsewhere_.url("/") + "'>Giriş</button>"));
  EXPECT_EQ(LoggingIn(), "STOPPED OFF_SITE");
  // And the page about what its addresses are relative to.
  SetLogin("<head><base href='" + elsewhere_.url("/") + "'></head>" +
           Login("<button>Giriş</button>", "giris"));
  EXPECT_EQ(LoggingIn(), "STOPPED OFF_SITE");
  EXPECT_EQ(Posts(), 0);
}

// The form with the holder's word in it reaches the portal once, and then is not denied.
TEST_F(HostileTest, AFormThatIsSentOn) {
  SetLogin(Login("<button>Giriş</button>", "/devam"));
  EXPECT_EQ(LoggingIn(), "UNKNOWN SUBMISSION_UNKNOWN");
  EXPECT_EQ(Posts(), 1);
}

// ---- Pictures ----

TEST_F(HostileTest, APictureIsAskedForWhereThePageSays) {
  SetLogin("<head><base href='/alt/'></head>" +
           With(Login("<button>Giriş</button>", "/giris"), "/resim.png", "resim.png"));
  EXPECT_EQ(LoggingIn(), "DONE");
  EXPECT_EQ(Requests("GET /alt/resim.png"), 1);
  EXPECT_EQ(Requests("GET /resim.png"), 0);
}

TEST_F(HostileTest, APictureInThePageItself) {
  SetLogin(With(Login(), "/resim.png", "data:image/png;base64,iVBORw0KGgo="));
  EXPECT_EQ(LoggingIn(), "STOPPED PAGE_UNREADABLE");
  EXPECT_EQ(Posts(), 0);
}

TEST_F(HostileTest, APictureThatBringsAnother) {
  SetLogin(With(Login(), "<label>Resimdeki",
                "<img src=/yenile.png onclick='yenile()'><label>Resimdeki"));
  EXPECT_EQ(LoggingIn(), "DONE");
  EXPECT_EQ(Requests("GET /resim.png"), 1);
  EXPECT_EQ(Requests("GET /yenile.png"), 0);
  SetLogin(With(Login(), "<label>Resimdeki", "<img src=/yenile.png><label>Resimdeki"));
  EXPECT_EQ(LoggingIn(), "opening: STOPPED SCREEN_UNRECOGNISED");
}

TEST_F(HostileTest, MixedContent) {
  for (const std::string& picture : {Plain("/resim.png"), elsewhere_.url("/resim.png")}) {
    std::string html = Login();
    html.replace(html.find("/resim.png"), 10, picture);
    SetLogin("<link rel=stylesheet href='" + Plain("/a.css") + "'><script src='" + Plain("/a.js") +
             "'></script><iframe src='" + Plain("/") + "'></iframe>" + html);
    EXPECT_EQ(LoggingIn(), "STOPPED OFF_SITE") << picture;
  }
  EXPECT_EQ(Posts(), 0);
}

// Nothing else of a page is ever fetched.
TEST_F(HostileTest, ScriptsStylesAndFramesAreLeftWhereTheyAre) {
  SetLogin("<link rel=stylesheet href='" + Plain("/a.css") + "'><script src='" + Plain("/a.js") +
           "'></script><iframe src='" + elsewhere_.url("/") +
           "'></iframe><meta http-equiv=refresh "
           "content='0; url=" +
           elsewhere_.url("/") + "'>" + Login());
  EXPECT_EQ(LoggingIn(), "DONE");
}

// ---- Somebody else's portal ----

TEST_F(HostileTest, CertificatesThatProveNothing) {
  const testing::TestCa stranger("Stranger");
  const struct {
    const char* name;
    const testing::TestCa& ca;
    testing::CertificateWish wish;
  } table[] = {
      {"a stranger's", stranger, {.name = "localhost"}},
      {"for another name", ca_, {.name = "www.kamusm.gov.tr"}},
      {"expired", ca_, {.name = "localhost", .valid_from = -7200, .valid_until = -3600}},
      {"not yet valid", ca_, {.name = "localhost", .valid_from = 3600, .valid_until = 7200}},
  };
  for (const auto& [name, ca, wish] : table) {
    TlsServer server(ca, wish);
    std::atomic<int> seen = 0;
    server.http().Get(".*", [&seen](const auto&, auto& answer) {
      ++seen;
      answer.set_content(kEntrance, kHtml);
    });
    server.Start();
    EXPECT_EQ(Words(Client(server.url("/")).Run(v1::STEP_KIND_OPEN_LOGIN)),
              "STOPPED PORTAL_UNTRUSTED")
        << name;
    EXPECT_EQ(seen, 0) << name;
    client_.reset();
  }
}

TEST_F(HostileTest, ATlsThatIsNoLongerOne) {
  TlsServer server(ca_);
  SSL_CTX_set_security_level(server.http().ssl_context(), 0);
  SSL_CTX_set_min_proto_version(server.http().ssl_context(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(server.http().ssl_context(), TLS1_1_VERSION);
  std::atomic<int> seen = 0;
  server.http().Get(".*", [&seen](const auto&, auto& answer) {
    ++seen;
    answer.set_content(kEntrance, kHtml);
  });
  server.Start();
  EXPECT_THAT(Words(Client(server.url("/")).Run(v1::STEP_KIND_OPEN_LOGIN)),
              ::testing::AnyOf("UNAVAILABLE PORTAL_UNREACHABLE", "STOPPED PORTAL_UNTRUSTED"));
  EXPECT_EQ(seen, 0);
  client_.reset();
}

// Plain text where TLS should be.
TEST_F(HostileTest, NoTlsAtAll) {
  EXPECT_EQ(Words(Client("https://localhost:" + std::to_string(plain_port_) + "/")
                      .Run(v1::STEP_KIND_OPEN_LOGIN)),
            "UNAVAILABLE PORTAL_UNREACHABLE");
}

// ---- Cookies and headers ----

TEST_F(HostileTest, CookiesStayWhereTheyBelong) {
  SetLogin([](const auto&, auto& answer) {
    answer.headers.emplace("Set-Cookie", "mine=1; Secure; HttpOnly; Path=/");
    answer.headers.emplace("Set-Cookie", "theirs=1; Domain=evil.example");
    answer.headers.emplace("Set-Cookie", "top=1; Domain=example");
    answer.headers.emplace("Set-Cookie", "past=1; Max-Age=0");
    answer.headers.emplace("Set-Cookie", "there=1; Path=/baska");
    answer.set_content(Login(), kHtml);
  });
  ASSERT_EQ(LoggingIn(), "DONE");
  EXPECT_THAT(last_cookies_, HasSubstr("mine=1"));
  for (const char* other : {"theirs", "top", "past", "there"}) {
    EXPECT_THAT(last_cookies_, Not(HasSubstr(other)));
  }
  // The next login begins with none.
  ASSERT_EQ(Words(client_->Run(v1::STEP_KIND_OPEN_LOGIN)), "DONE");
  EXPECT_THAT(last_cookies_, Not(HasSubstr("mine")));
}

TEST_F(HostileTest, CookiesWithoutMeasure) {
  SetLogin([](const auto&, auto& answer) {
    for (int i = 0; i < 40; ++i) {
      answer.headers.emplace("Set-Cookie",
                             "c" + std::to_string(i) + "=" + std::string(4000, 'x') + "; Path=/");
    }
    answer.set_content(Login(), kHtml);
  });
  // What the portal then says to a header it cannot take is its own affair; the step
  // ends, and nothing is sent twice.
  LoggingIn();
  EXPECT_LE(Requests("POST /giris"), 1);
}

TEST_F(HostileTest, HeadersWithoutEnd) {
  SetLogin([](const auto&, auto& answer) {
    for (int i = 0; i < 2000; ++i) {
      answer.headers.emplace("X-" + std::to_string(i), std::string(2000, 'x'));
    }
    answer.set_content(Login(), kHtml);
  });
  EXPECT_THAT(Opening(),
              ::testing::AnyOf("UNAVAILABLE PORTAL_UNREACHABLE", "STOPPED PAGE_TOO_LARGE"));
}

// ---- Pages that mislead ----

TEST_F(HostileTest, HiddenDecoysGetNothing) {
  const std::string decoy =
      "<form method=post action=/tuzak>" + std::string(kFields) + "<button>Giriş</button></form>";
  for (const std::string& hidden :
       {"<div hidden>" + decoy + "</div>", "<div style='display:none'>" + decoy + "</div>",
        "<div style='visibility: hidden'>" + decoy + "</div>",
        "<style>.t{display:none}</style><div class=t>" + decoy + "</div>",
        "<template>" + decoy + "</template>", "<!--" + decoy + "-->",
        "<noscript>" + decoy + "</noscript><div hidden>" + decoy + "</div>"}) {
    SetLogin(hidden + Login());
    const std::string words = LoggingIn();
    // What is surely not seen is not there; what is not sure stops the step.
    EXPECT_THAT(words, ::testing::AnyOf("DONE", HasSubstr("STOPPED"))) << hidden;
    EXPECT_EQ(Requests("POST /tuzak"), 0) << hidden;
  }
  EXPECT_GE(Requests("POST /giris"), 4) << "most of these are surely not seen";
}

TEST_F(HostileTest, ADecoyInFullView) {
  SetLogin("<form method=post action=/tuzak>" + std::string(kFields) +
           "<button>Giriş</button></form>" + Login());
  EXPECT_EQ(LoggingIn(), "opening: STOPPED SCREEN_UNRECOGNISED");
  EXPECT_EQ(Posts(), 0);
}

// A field that the holder cannot see would be filled by a careless program.
TEST_F(HostileTest, HiddenFieldsAreSentAsTheyCame) {
  SetLogin(
      Login("<input type=hidden name=jeton value=x><div hidden><label>Kimlik No "
            "<input name=kopya></label></div><button>Giriş</button>"));
  ASSERT_EQ(LoggingIn(), "DONE");
  EXPECT_THAT(Body(), HasSubstr("jeton=x"));
  EXPECT_THAT(Body(), HasSubstr("kimlik=" + Ayse().national_id));
  EXPECT_THAT(Body(), Not(HasSubstr("kopya=" + Ayse().national_id)));
}

TEST_F(HostileTest, TwoControlsOfOneName) {
  SetLogin(Login("<button name=tus value=1>Giriş</button><button name=tus value=2>Giriş</button>"));
  EXPECT_EQ(LoggingIn(), "opening: STOPPED CONTROL_AMBIGUOUS");
  SetLogin(Login("<label>Kimlik No <input name=iki></label><button>Giriş</button>"));
  EXPECT_EQ(LoggingIn(), "opening: STOPPED CONTROL_AMBIGUOUS");
  EXPECT_EQ(Posts(), 0);
}

TEST_F(HostileTest, ALabelInAPicture) {
  SetLogin(Login("<button><img src=/g/giris.png></button>"));
  EXPECT_EQ(LoggingIn(), "opening: STOPPED SCREEN_UNRECOGNISED");
  SetLogin(Login("<input type=image src=/g/giris.png name=tus>"));
  EXPECT_EQ(LoggingIn(), "opening: STOPPED SCREEN_UNRECOGNISED");
  // With words for those who cannot see it, it has a name again.
  SetLogin(Login("<button><img src=/g/giris.png alt='Giriş'></button>"));
  EXPECT_EQ(LoggingIn(), "DONE");
  EXPECT_EQ(Posts(), 1);
}

TEST_F(HostileTest, AButtonWhereAnotherStood) {
  const std::string right = "<button name=tus value=giris>Giriş</button>";
  const std::string wrong = "<button name=tus value=sil>Hesabımı Kapat</button>";
  for (const std::string& buttons : {right + wrong, wrong + right}) {
    SetLogin(Login(buttons));
    ASSERT_EQ(LoggingIn(), "DONE");
    EXPECT_THAT(Body(), HasSubstr("tus=giris"));
    EXPECT_THAT(Body(), Not(HasSubstr("tus=sil")));
  }
}

// What is seen says one thing, what is read out another.
TEST_F(HostileTest, NamesThatContradictEachOther) {
  SetLogin(Login("<button aria-label='Giriş'>Hesabımı Kapat</button>"));
  EXPECT_THAT(LoggingIn(), HasSubstr("STOPPED"));
  EXPECT_EQ(Posts(), 0);
}

TEST_F(HostileTest, APageInAnotherLanguage) {
  SetLogin(
      "<h1>Sign in</h1><form method=post action=/giris><label>Identity number <input name=kimlik>"
      "</label><label>Security word <input type=password name=sozcuk></label><img src=/resim.png>"
      "<label>Text in the picture <input name=resim></label><button>Sign in</button></form>");
  EXPECT_EQ(LoggingIn(), "opening: STOPPED SCREEN_UNRECOGNISED");
  EXPECT_EQ(Posts(), 0);
}

// Letters that only look like ours.
TEST_F(HostileTest, LettersThatLookAlike) {
  SetLogin(Login("<button>Gіriş</button>"));  // a Cyrillic і
  EXPECT_EQ(LoggingIn(), "opening: STOPPED SCREEN_UNRECOGNISED");
  EXPECT_EQ(Posts(), 0);
}

TEST_F(HostileTest, TheHostGoesOnAfterEachOfThem) {
  SetLogin([](const auto&, auto& answer) { answer.set_redirect("https://evil.example/"); });
  HostClient& client = Client();
  EXPECT_EQ(Words(client.Run(v1::STEP_KIND_OPEN_LOGIN)), "STOPPED OFF_SITE");
  SetLogin(Login());
  EXPECT_EQ(Words(client.Run(v1::STEP_KIND_OPEN_LOGIN)), "DONE");
  EXPECT_EQ(Words(client.RunAnswered(v1::STEP_KIND_LOG_IN)), "DONE");
}

}  // namespace
}  // namespace ilkimza::portal
