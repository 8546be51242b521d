// ilkimza-portal-lint as people and automation meet it: the program itself, on every
// page of the practice portal, saved and live.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sysexits.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "sandbox/charset.h"
#include "sandbox/flow.h"
#include "sandbox/texts.h"
#include "tests/fuzz/sandbox_screens.h"
#include "tests/portal/sandbox_portal.h"
#include "tests/support/process.h"

namespace ilkimza::portal {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;
using Json = nlohmann::json;
using sandbox::Screen;
using sandbox::Session;

testing::Finished Lint(std::vector<std::string> arguments,
                       const std::map<std::string, std::string>& environment = {}) {
  arguments.insert(arguments.begin(), LINT_PROGRAM);
  return testing::Run(arguments, std::chrono::seconds(60), environment);
}

Json LintJson(std::vector<std::string> arguments, int exit_code) {
  arguments.insert(arguments.begin(), {"--output", "json"});
  const testing::Finished finished = Lint(arguments);
  EXPECT_EQ(finished.exit_code, exit_code) << finished.output;
  Json report = Json::parse(finished.output, nullptr, false);
  EXPECT_TRUE(report.is_object()) << finished.output;
  return report;
}

// The page that a holder with two cards would see there, and what the profile has to
// say of it.
struct Showing {
  Screen screen;
  Session::Stage stage;
  const char* expected;
  // What a result page says.
  std::string_view result = sandbox::texts::kWordSet;
  // Nothing is left to read, activate or revoke.
  bool done_with = false;
};
constexpr Showing kShowings[] = {
    {Screen::kEntrance, Session::Stage::kVisitor, "ENTRANCE"},
    {Screen::kVerify, Session::Stage::kVisitor, "SIGN_IN_CHOICE"},
    {Screen::kLogin, Session::Stage::kVisitor, "LOGIN"},
    {Screen::kWordReset, Session::Stage::kVisitor, "WORD_RESET"},
    {Screen::kMailSent, Session::Stage::kVisitor, "MAIL_SENT"},
    {Screen::kWordUpdate, Session::Stage::kVisitor, "NEW_WORD"},
    {Screen::kResult, Session::Stage::kVisitor, "WORD_SET"},
    {Screen::kSmsConfirm, Session::Stage::kPhone, "PHONE"},
    {Screen::kSmsCode, Session::Stage::kCode, "SMS_CODE"},
    {Screen::kMenu, Session::Stage::kMember, "MENU"},
    {Screen::kPin, Session::Stage::kMember, "PIN_PAGE"},
    {Screen::kPinDelete, Session::Stage::kMember, "DELETION"},
    {Screen::kResult, Session::Stage::kMember, "DELETED", sandbox::texts::kPinDeleted},
    {Screen::kCertificates, Session::Stage::kMember, "CERTIFICATES"},
    {Screen::kActivate, Session::Stage::kMember, "ACTIVATION"},
    {Screen::kResult, Session::Stage::kMember, "ACTIVATED", sandbox::texts::kActivated},
    {Screen::kActivate, Session::Stage::kMember, "NOTHING_TO_ACTIVATE", "", true},
    {Screen::kContact, Session::Stage::kMember, "INFO"},
    {Screen::kResult, Session::Stage::kMember, "INFO_UPDATED", sandbox::texts::kContactUpdated},
    {Screen::kUnblock, Session::Stage::kMember, "UNBLOCK"},
    {Screen::kUnblockCode, Session::Stage::kMember, "UNBLOCK_CODE"},
    {Screen::kPuk, Session::Stage::kMember, "PUK_PAGE"},
    {Screen::kRevoke, Session::Stage::kMember, "REVOCATION_CHOICE"},
    {Screen::kRevokeConfirm, Session::Stage::kMember, "REVOCATION"},
    {Screen::kResult, Session::Stage::kMember, "REVOKED", sandbox::texts::kRevoked},
    {Screen::kRevoke, Session::Stage::kMember, "NOTHING_TO_REVOKE", "", true},
    {Screen::kServerError, Session::Stage::kVisitor, "NONE"},
};

constexpr char kWord[] = "Kuzey4Yıldızı";

class Pages {
 public:
  Pages() { world_.holders[0].security_word = kWord; }

  const sandbox::Holder& holder() const { return world_.holders[0]; }

  // As bytes; without `in_meta` the page does not say its charset.
  std::string Of(const Showing& showing, sandbox::Style style, sandbox::Charset charset,
                 bool in_meta = true) {
    state_.world = showing.done_with ? ilkimza::testing::TwoCardsDoneWith() : world_;
    Session session = ilkimza::testing::VisitorAt(holder(), showing.stage);
    session.result = showing.result;
    sandbox::Visit visit{.session = &session, .style = style, .now = sandbox::SteadyTime()};
    auto outcome = flow_.Show(showing.screen, "", visit);
    EXPECT_TRUE(outcome.page) << sandbox::NameOf(showing.screen);
    if (!outcome.page) return "";
    sandbox::RenderContext context{.token = "0123456789abcdef", .captcha_id = "c1"};
    if (in_meta) context.meta_charset = std::string(sandbox::NameOf(charset));
    return Encoded(sandbox::RendererOf(style).Render(*outcome.page, context), charset);
  }

  // Everything that belongs to the holder alone.
  std::vector<std::string> Secrets() const {
    std::vector<std::string> secrets{holder().national_id, holder().email, holder().phone, kWord};
    for (const auto& card : holder().cards) {
      secrets.insert(secrets.end(), {card.pin, card.puk, card.serial});
    }
    return secrets;
  }

 private:
  sandbox::World world_ = ilkimza::testing::TwoCards();
  sandbox::State state_{sandbox::PortalRules()};
  sandbox::Flow flow_{state_, "https://portal.example/"};
};

class LintTest : public ::testing::Test {
 protected:
  // Writes `html` and returns the file's path.
  std::string Save(const std::string& name, const std::string& html) {
    const std::string file = folder_ / name;
    std::filesystem::create_directories(std::filesystem::path(file).parent_path());
    testing::WriteFile(file, html);
    return file;
  }
  std::string SaveLogin() {
    return Save("login.html",
                pages_.Of(kShowings[2], sandbox::Style::kHtml5, sandbox::Charset::kUtf8));
  }

  testing::TempDir folder_;
  Pages pages_;
};

TEST_F(LintTest, KnowsEveryScreenInEveryMarkup) {
  for (const sandbox::Style style : sandbox::kStyles) {
    for (const auto charset : {sandbox::Charset::kUtf8, sandbox::Charset::kLatin5}) {
      const std::string markup =
          std::string(NameOf(style)) + "-" + std::string(NameOf(charset)) + "/";
      for (const Showing& showing : kShowings) {
        Save(markup + showing.expected + "-page.html", pages_.Of(showing, style, charset));
      }
    }
  }
  const Json report = LintJson({"--by-name", folder_.path()}, EX_OK);
  EXPECT_EQ(report["as_expected"], 6 * std::size(kShowings));
  EXPECT_EQ(report["not_as_expected"], 0);
  for (const Json& page : report["pages"]) {
    EXPECT_EQ(page["screen"], page["expected"]);
    EXPECT_EQ(page["fingerprint"].get<std::string>().size(), 16U);
    // What recognises a page is also what explains it: it lacks something of every other
    // screen. The entrance alone is known by so little that it takes no explaining.
    for (const Json& screen : page["screens"]) {
      if (screen["screen"] == "ENTRANCE") continue;
      EXPECT_EQ(screen["fits"], screen["screen"] == page["screen"]) << screen;
    }
  }
  // No screen of the profile is left out.
  EXPECT_THAT(report["screens_without_page"].get<std::vector<std::string>>(), IsEmpty());
}

TEST_F(LintTest, SaysWhatEveryOtherScreenWouldNeed) {
  const struct {
    Showing page;
    const char* screen;
    std::vector<std::string> missing;
  } lacks[] = {
      {{Screen::kLogin, Session::Stage::kVisitor, "LOGIN"},
       "MENU",
       {R"(heading "İşlemler Menüsü")", R"(absence of field "Kimlik No")",
        R"(absence of field "Resimdeki Yazı")", R"(absence of field "Güvenlik Sözcüğü")",
        R"(button "PIN / PUK Bilgisi")", R"(button "Çıkış")"}},
      {{Screen::kMenu, Session::Stage::kMember, "MENU"},
       "SMS_CODE",
       {R"(heading "SMS Onay Kodu Giriş Ekranı")", R"(field "SMS Onay Kodu")", R"(button "Gönder")",
        R"(value of "SMS Onay Kodunuzun Geçerliliği İçin Kalan Süre")"}},
      {{Screen::kPin, Session::Stage::kMember, "PIN_PAGE"},
       "DELETION",
       {R"(text "pin ve puk ... kalici olarak silinecek")", R"(button "Onay")"}},
      {{Screen::kPuk, Session::Stage::kMember, "PUK_PAGE"},
       "PIN_PAGE",
       {R"(heading "PIN ve PUK Bilgileri")", R"(button "Sil")", R"(value of "Kart Seri Numarası")",
        R"(value of "PIN")"}},
  };
  for (const auto& one : lacks) {
    for (const sandbox::Style style : sandbox::kStyles) {
      const std::string file =
          Save("page.html", pages_.Of(one.page, style, sandbox::Charset::kUtf8));
      const Json page = LintJson({file}, EX_OK)["pages"][0];
      std::map<std::string, std::vector<std::string>> missing;
      for (const Json& screen : page["screens"]) missing[screen["screen"]] = screen["missing"];
      EXPECT_EQ(missing[one.screen], one.missing) << one.page.expected << " " << NameOf(style);
    }
  }
}

TEST_F(LintTest, TellsNoSecretOfAnyPage) {
  for (const sandbox::Style style : sandbox::kStyles) {
    for (const Showing& showing : kShowings) {
      Save(std::string(NameOf(style)) + "/" + showing.expected + ".html",
           pages_.Of(showing, style, sandbox::Charset::kUtf8));
    }
  }
  for (const char* output : {"text", "json"}) {
    const auto finished = Lint({"--all-screens", "--output", output, folder_.path()});
    EXPECT_THAT(finished.output, AllOf(HasSubstr("PIN_PAGE"), HasSubstr("PUK_PAGE")));
    for (const std::string& secret : pages_.Secrets()) {
      EXPECT_THAT(finished.output, Not(HasSubstr(secret)));
    }
  }
}

TEST_F(LintTest, ANameThatIsAValueIsHidden) {
  const std::string file = Save("odd.html", R"(<html lang=tr><meta charset=utf-8>
    <table><tr><td>PIN</td><td>483915</td><td><input type=text></td></tr></table>
    <p>Mavi Deniz <input type=text value=x> <p>Söz: <input type=text value="mavi deniz">
    <p><label>Kimlik No <input type=text value=10000000146></label>
    <button>Merhaba 5421234525</button> <button>A&#27;[Jb</button>)");
  const Json report = LintJson({file}, 1);
  std::vector<std::string> names;
  for (const Json& control : report["pages"][0]["controls"]) names.push_back(control["name"]);
  EXPECT_THAT(names, ::testing::ElementsAre("…", "…", "Söz:", "Kimlik No", "Merhaba …", "A [Jb"));
}

TEST_F(LintTest, SaysWhatAPageLacks) {
  std::string html = pages_.Of(kShowings[2], sandbox::Style::kHtml5, sandbox::Charset::kUtf8);
  const std::string label = "Resimdeki Yazı";
  html.replace(html.find(label), label.size(), "Soldaki Harfler");
  const std::string file = Save("login.html", html);
  const auto text = Lint({"LOGIN=" + file});
  EXPECT_EQ(text.exit_code, 1);
  EXPECT_THAT(text.output, HasSubstr("not recognised: SCREEN_UNRECOGNISED, expected LOGIN"));
  EXPECT_THAT(text.output, HasSubstr("nearest LOGIN, which lacks field \"Resimdeki Yazı\""));
  const Json page = LintJson({file}, 1)["pages"][0];
  EXPECT_EQ(page["screen"], "NONE");
  EXPECT_EQ(page["nearest"], "LOGIN");
  EXPECT_EQ(page["missing"][0], "field \"Resimdeki Yazı\"");
  EXPECT_EQ(Lint({"NONE=" + file}).exit_code, EX_OK);
}

TEST_F(LintTest, NamesTheControls) {
  const Json page = LintJson({SaveLogin()}, EX_OK)["pages"][0];
  std::map<std::string, Json> controls;
  for (const Json& control : page["controls"]) {
    controls[control["name"].get<std::string>()] = control;
  }
  EXPECT_EQ(controls["Kimlik No"]["kind"], "field");
  EXPECT_EQ(controls["Kimlik No"]["called"][0], "NATIONAL_ID");
  EXPECT_EQ(controls["Giriş"]["kind"], "button");
  EXPECT_EQ(controls["Giriş"]["called"][0], "log_in");
  const Showing menu{Screen::kMenu, Session::Stage::kMember, ""};
  const std::string file =
      Save("menu.html", pages_.Of(menu, sandbox::Style::kPostback, sandbox::Charset::kUtf8));
  EXPECT_THAT(Lint({file}).output, HasSubstr("\"Çıkış\" = log_out"));
}

TEST_F(LintTest, AnotherScreenThanExpectedIsAnExitStatus) {
  const auto finished = Lint({"MENU=" + SaveLogin()});
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_THAT(finished.output, HasSubstr("LOGIN, expected MENU"));
}

TEST_F(LintTest, CharsetsOfFiles) {
  // Neither header nor page says anything: the profile's does not fit, the option's does.
  const std::string file = Save("login.html", pages_.Of(kShowings[2], sandbox::Style::kTables,
                                                        sandbox::Charset::kLatin5, false));
  EXPECT_EQ(LintJson({file}, EX_DATAERR)["pages"][0]["reason"], "PAGE_UNREADABLE");
  const Json page = LintJson({"--charset", "iso-8859-9", file}, EX_OK)["pages"][0];
  EXPECT_EQ(page["screen"], "LOGIN");
  EXPECT_EQ(page["charset"], "windows-1254");
  EXPECT_EQ(Lint({"--charset", "klingon", file}).exit_code, EX_USAGE);
}

TEST_F(LintTest, ABaselineShowsWhatChanged) {
  const std::string file = SaveLogin();
  const auto before = Lint({"--output", "json", file});
  const std::string baseline = Save("before.json", before.output);
  EXPECT_EQ(Lint({"--baseline", baseline, file}).exit_code, EX_OK);
  std::string html = testing::ReadFile(file);
  html.replace(html.find("</form>"), 7, "<div></div></form>");
  testing::WriteFile(file, html);
  const auto after = Lint({"--baseline", baseline, file});
  EXPECT_EQ(after.exit_code, 1);
  EXPECT_THAT(after.output, AllOf(HasSubstr("login.html: LOGIN\n"), HasSubstr("changed: was")));
  EXPECT_EQ(Lint({"--baseline", file, file}).exit_code, EX_DATAERR);
  EXPECT_EQ(Lint({"--baseline", folder_ / "none", file}).exit_code, EX_NOINPUT);
}

TEST_F(LintTest, WhatCannotBeReadIsAnExitStatus) {
  EXPECT_EQ(Lint({}).exit_code, EX_USAGE);
  EXPECT_EQ(Lint({"--output", "xml", "x"}).exit_code, EX_USAGE);
  EXPECT_EQ(Lint({folder_ / "none.html"}).exit_code, EX_NOINPUT);
  // A folder without pages is a mistake, not a success.
  EXPECT_EQ(Lint({folder_.path()}).exit_code, EX_NOINPUT);
  EXPECT_EQ(Lint({Save("nul.html", std::string("<p>\0</p>", 8))}).exit_code, EX_DATAERR);
  EXPECT_EQ(Lint({Save("big.html", std::string((2 << 20) + 1, 'x'))}).exit_code, EX_DATAERR);
}

// What stands in a folder is not always a page.
TEST_F(LintTest, LinksThatLeadNowhereArePassedOver) {
  SaveLogin();
  std::filesystem::create_symlink("self.html", folder_ / "self.html");
  std::filesystem::create_symlink("gone.html", folder_ / "dangling.html");
  ASSERT_EQ(mkfifo((folder_ / "pipe.html").c_str(), 0600), 0);
  const Json report = LintJson({folder_.path()}, EX_OK);
  ASSERT_EQ(report["pages"].size(), 1U);
  EXPECT_EQ(report["pages"][0]["screen"], "LOGIN");
  EXPECT_EQ(Lint({folder_ / "self.html"}).exit_code, EX_NOINPUT);
}

TEST_F(LintTest, APipeIsNotWaitedFor) {
  const std::string pipe = folder_ / "pipe.html";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  const auto finished = Lint({pipe});
  EXPECT_EQ(finished.exit_code, EX_NOINPUT);
  EXPECT_THAT(finished.output, HasSubstr("pipe.html is no file"));
}

TEST_F(LintTest, NamesOfFilesMayBeAnyBytes) {
  const std::string file = Save("giri\xFE.html", testing::ReadFile(SaveLogin()));
  const std::string broken = Save("bo\xFE.html", std::string("<p>\0</p>", 8));
  const Json report = LintJson({file, broken, folder_ / "login.html"}, EX_DATAERR);
  EXPECT_THAT(report["pages"][0]["source"].get<std::string>(),
              ::testing::EndsWith("giri\\xFE.html"));
  EXPECT_EQ(report["pages"][0]["screen"], "LOGIN");
  EXPECT_EQ(report["pages"][1]["reason"], "PAGE_UNREADABLE");
  // A baseline finds it again.
  const std::string baseline = Save("before.json", Lint({"--output", "json", file}).output);
  EXPECT_EQ(LintJson({"--baseline", baseline, file}, EX_OK)["pages"][0]["before"]["screen"],
            "LOGIN");
}

// Behind the login: what a page of each kind is for can be read from it.
TEST_F(LintTest, SaysWhatCanBeRead) {
  const struct {
    const char* screen;
    Screen page;
    std::vector<std::string> values;
  } pages[] = {{"PIN_PAGE", Screen::kPin, {"CARD_SERIAL", "PIN", "PUK"}},
               {"PUK_PAGE", Screen::kPuk, {"CARD_SERIAL", "PUK"}},
               {"ACTIVATION", Screen::kActivate, {"CARD_SERIAL"}},
               {"REVOCATION_CHOICE", Screen::kRevoke, {"CARD_SERIAL"}},
               {"CERTIFICATES",
                Screen::kCertificates,
                {"CARD_SERIAL", "CERTIFICATE_TYPE", "CERTIFICATE_STATE", "CERTIFICATE_NUMBER",
                 "CERTIFICATE_START", "CERTIFICATE_END"}}};
  for (const auto& one : pages) {
    for (const sandbox::Style style : sandbox::kStyles) {
      const std::string file =
          Save("page.html", pages_.Of({one.page, Session::Stage::kMember, one.screen}, style,
                                      sandbox::Charset::kUtf8));
      const Json page = LintJson({file}, EX_OK)["pages"][0];
      EXPECT_EQ(page["screen"], one.screen);
      const std::vector<std::string> values = page["values"];
      EXPECT_EQ(values, one.values) << one.screen << " " << NameOf(style);
    }
  }
}

TEST_F(LintTest, AProfileOfOnesOwn) {
  const std::string file = SaveLogin();
  std::string text = testing::ReadFile(KAMUSM_PROFILE);
  const std::string mine = Save("mine.textproto", text);
  EXPECT_EQ(Lint({"--profile", mine, "LOGIN=" + file}).exit_code, EX_OK);
  // A misspelt field is named with its line.
  testing::WriteFile(mine, "name: \"mine\"\nhots: \"x\"\n");
  const auto wrong = testing::Run(
      {"/bin/sh", "-c", "exec \"$0\" \"$@\" 2>&1", LINT_PROGRAM, "--profile", mine, file},
      std::chrono::seconds(60));
  EXPECT_EQ(wrong.exit_code, EX_DATAERR);
  EXPECT_THAT(wrong.output, AllOf(HasSubstr("mine.textproto"), HasSubstr("line 2")));
  EXPECT_EQ(Lint({"--profile", folder_ / "none.textproto", file}).exit_code, EX_NOINPUT);
  EXPECT_EQ(Lint({"--profile", "tubitak", file}).exit_code, EX_DATAERR);
}

TEST_F(LintTest, TheProfileSaysWhoHasNoPage) {
  const Json report = LintJson({SaveLogin()}, EX_OK);
  EXPECT_THAT(report["screens_without_page"].get<std::vector<std::string>>(),
              AllOf(::testing::Contains("PIN_PAGE"), Not(::testing::Contains("LOGIN"))));
}

TEST_F(LintTest, TurkishLocaleChangesNothing) {
  EXPECT_EQ(Lint({"--by-name", SaveLogin()}, {{"LC_ALL", "tr_TR.UTF-8"}}).exit_code, EX_OK);
}

// ---- The portal itself ----

class LivePortalTest : public ::testing::Test {
 protected:
  LivePortalTest() { portal_.Reset(); }
  testing::Finished Ask(const std::vector<std::string>& pages) {
    std::vector<std::string> arguments{"--entrance", portal_.url(), "--ca-file",
                                       portal_.browser().ca_file};
    arguments.insert(arguments.end(), pages.begin(), pages.end());
    return Lint(arguments);
  }
  SandboxPortal& portal_ = SandboxPortal::Get();
};

TEST_F(LivePortalTest, IsAskedAndLeftUntouched) {
  const auto finished =
      Ask({"ENTRANCE=" + portal_.url(), "LOGIN=" + portal_.url() + "bireysel/giris?iz=geheim"});
  EXPECT_EQ(finished.exit_code, EX_OK) << finished.output;
  EXPECT_THAT(finished.output, HasSubstr("bireysel/giris: LOGIN"));
  EXPECT_THAT(finished.output, Not(HasSubstr("geheim")));
  std::vector<std::string> requests;
  const Json state = portal_.State();
  for (const auto& [request, count] : state["requests"].items()) requests.push_back(request);
  EXPECT_THAT(requests, Each(StartsWith("GET ")));
  EXPECT_EQ(requests.size(), 2U);
}

TEST_F(LivePortalTest, KnowsAnotherPortalByItsOwnProfileOnly) {
  portal_.Reset("html5", "utf-8", "ornek");
  const auto own = Ask({"--profile", "ornek", "LOGIN=" + portal_.url()});
  EXPECT_EQ(own.exit_code, EX_OK) << own.output;
  EXPECT_THAT(own.output, HasSubstr("field \"E-posta Adresiniz\" = EMAIL"));
  EXPECT_EQ(Ask({"NONE=" + portal_.url()}).exit_code, EX_OK);
}

TEST_F(LivePortalTest, StaysOnItsHosts) {
  EXPECT_EQ(Ask({"https://portal.example/"}).exit_code, EX_UNAVAILABLE);
  portal_.Control("faults", {{"kind", "offsite"}, {"screen", "entrance"}});
  const auto finished = Ask({portal_.url()});
  EXPECT_EQ(finished.exit_code, EX_UNAVAILABLE);
  EXPECT_THAT(finished.output, HasSubstr("OFF_SITE"));
}

TEST_F(LivePortalTest, ThatIsNotThereOrNotTrusted) {
  EXPECT_EQ(Lint({"--entrance", "https://localhost:1/", "https://localhost:1/"}).exit_code,
            EX_UNAVAILABLE);
  const auto untrusted = Lint({"--entrance", portal_.url(), portal_.url()});
  EXPECT_EQ(untrusted.exit_code, EX_UNAVAILABLE);
  EXPECT_THAT(untrusted.output, HasSubstr("PORTAL_UNTRUSTED"));
}

}  // namespace
}  // namespace ilkimza::portal
