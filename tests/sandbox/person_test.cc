// The person, asked as `ilkimza start --events` asks, with a real portal behind the
// questions.
#include "sandbox/person/person.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sysexits.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "sandbox/captcha.h"
#include "sandbox/person/diary.h"
#include "sandbox/person/picture.h"
#include "tests/sandbox/fixture.h"

namespace ilkimza::sandbox {
namespace {

using nlohmann::json;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class PersonTest : public ::testing::Test {
 protected:
  PersonTest() : web_(stage_.sandbox->phone_url(), stage_.folder / "ca.pem") { Meet({}); }

  void Meet(PersonOptions options) {
    options.patience = std::chrono::milliseconds(200);
    said_.clear();
    person_ = std::make_unique<Person>(std::move(options), web_,
                                       [this](const std::string& line) { said_ += line + "\n"; });
    const absl::Status status = person_->WakeUp();
    ASSERT_TRUE(status.ok()) << status;
  }

  // The one answer to a prompt.
  json Ask(const std::string& kind, json prompt = json::object()) {
    prompt["type"] = "prompt";
    prompt["id"] = "7";
    prompt["kind"] = kind;
    prompt["sentence"] = "Soru: " + kind;
    const std::vector<json> answers = person_->Hear(prompt);
    EXPECT_EQ(answers.size(), 1u);
    if (answers.empty()) return json::object();
    EXPECT_TRUE(answers[0].contains("command") || answers[0]["id"] == "7");
    return answers[0];
  }
  // As the portal's form asks: for these fields, under these labels.
  json AskWithCaptcha(const std::string& kind, const json& fields, const json& labels) {
    const std::string image = stage_.browser->Captcha();
    return Ask(kind,
               {{"answers", {fields, {"new_captcha"}}},
                {"field_labels", labels},
                {"captcha", {{"media_type", "image/png"}, {"base64", absl::Base64Escape(image)}}}});
  }
  json AskWithCaptcha(const std::string& kind) {
    const char* last = kind == "login" ? "security_word" : "email";
    return AskWithCaptcha(kind, {"national_id", "captcha", last}, json::object());
  }
  std::vector<json> Fail(const std::string& reason) {
    return person_->Hear({{"type", "error"}, {"id", "7"}, {"reason", reason}});
  }
  void Type(const json& answer, const char* field, const std::string& label) const {
    stage_.browser->Type(label, answer[field]);
  }
  void LogIn(const json& answer) const {
    Type(answer, "national_id", "Kimlik No");
    Type(answer, "captcha", "Resimdeki Yazı");
    Type(answer, "security_word", "Güvenlik Sözcüğü");
    stage_.browser->Press("Giriş");
  }

  const Stage stage_;
  const Web web_;
  std::string said_;
  std::unique_ptr<Person> person_;
};

TEST_F(PersonTest, ResetsTheWordAndLogsIn) {
  Meet({.forgot_word = true});
  EXPECT_EQ(Ask("word_known")["known"], false);
  stage_.OpenReset();
  const json reset = AskWithCaptcha("word_reset");
  Type(reset, "national_id", "Kimlik No");
  Type(reset, "email", "E-posta");
  Type(reset, "captcha", "Resimdeki Yazı");
  stage_.browser->Press("Gönder");
  stage_.browser->Open(Ask("mail_link")["link"]);
  const json words = Ask("new_security_word");
  stage_.SendWords(words["security_word"], words["security_word_again"]);
  EXPECT_TRUE(stage_.browser->Shows("başarıyla güncellenmiştir"));

  stage_.OpenLogin();
  LogIn(AskWithCaptcha("login"));
  EXPECT_EQ(stage_.browser->heading(), "SMS Onay Ekranı");
  EXPECT_EQ(Ask("phone", {{"masked_phone", "54* *** ** 25"}})["correct"], true);
  stage_.browser->Press("Onay");
  stage_.SendCode(Ask("sms_code")["code"]);
  EXPECT_EQ(stage_.browser->heading(), "İşlemler Menüsü");

  // What was typed is masked.
  EXPECT_THAT(said_, HasSubstr("•••"));
  EXPECT_THAT(said_, HasSubstr("Soru: login"));
  const json issued = stage_.phone->Get("control/secrets");
  for (const auto& [kind, secrets] : issued.items()) {
    for (const json& secret : secrets) {
      EXPECT_THAT(said_, Not(HasSubstr(secret.get<std::string>()))) << kind;
    }
  }
}

// What is typed is what the portal's form asks for, by its own labels.
TEST_F(PersonTest, LogsInToAPortalOfAnotherShape) {
  stage_.Control("rules", {{"portal", "ornek"}});
  stage_.browser->Open(stage_.sandbox->portal_url());
  const json labels = {{"email", "E-posta Adresiniz"},
                       {"security_word", "Parola"},
                       {"captcha", "Görüntüdeki Harfler"}};
  const json login = AskWithCaptcha("login", {"email", "security_word", "captcha"}, labels);
  EXPECT_FALSE(login.contains("national_id"));
  for (const auto& [field, label] : labels.items()) {
    Type(login, field.c_str(), label.get<std::string>());
    EXPECT_THAT(said_, HasSubstr(label.get<std::string>() + ": •"));
  }
  stage_.browser->Press("Oturum Aç");
  EXPECT_EQ(stage_.browser->heading(), "Bir Adım Kaldı");
  stage_.browser->Type("Telefonunuza Gelen Şifre", Ask("sms_code")["code"]);
  stage_.browser->Press("Doğrula");
  EXPECT_EQ(stage_.browser->heading(), "Üyeliğim");
}

TEST_F(PersonTest, SaysNoToAForeignNumberAndToMessagesThatDoNotCome) {
  EXPECT_EQ(Ask("phone", {{"masked_phone", "53* *** ** 25"}})["correct"], false);
  EXPECT_EQ(Ask("phone", {{"masked_phone", "54* *** ** 26"}})["correct"], false);
  EXPECT_EQ(Ask("phone", {{"masked_phone", ""}})["correct"], false);
  EXPECT_EQ(Ask("sms_code")["not_received"], true);
  EXPECT_EQ(Ask("mail_link")["not_received"], true);
}

TEST_F(PersonTest, ReadsThePinAndUsesItOnTheCard) {
  EXPECT_EQ(Ask("pin_page")["reveal"], true);
  const std::vector<json> seen =
      person_->Hear({{"type", "secret"},
                     {"id", "7"},
                     {"cards", {{{"card_serial", kSerial}, {"pin", kPin}, {"puk", "70294816"}}}}});
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0]["seen"], true);
  EXPECT_THAT(said_, Not(HasSubstr(kPin)));

  EXPECT_EQ(Ask("prove_pin", {{"card_serial", kSerial}, {"portal_pin", true}})["use_portal_pin"],
            true);
  EXPECT_EQ(Ask("prove_pin", {{"card_serial", kSerial}})["pin"], kPin);
  const json change = Ask("set_own_pin", {{"card_serial", kSerial}, {"old_pin_known", true}});
  EXPECT_EQ(change["new_pin"], change["new_pin_again"]);
  EXPECT_FALSE(change.contains("old_pin"));
  EXPECT_EQ(Ask("test_signature", {{"card_serial", kSerial}})["pin"], change["new_pin"]);
  EXPECT_EQ(Ask("set_own_pin", {{"card_serial", kSerial}, {"keep_current", true}})["keep_current"],
            true);
  EXPECT_EQ(Ask("deletion")["delete"], true);
}

TEST_F(PersonTest, GivesTheOldPinWhereItIsAskedFor) {
  stage_.Control("cards", {{"serial", kSerial}, {"action", "pin_tries"}, {"tries", 3}});
  const json change = Ask("set_own_pin", {{"card_serial", kSerial},
                                          {"answers", {{"old_pin", "new_pin", "new_pin_again"}}}});
  EXPECT_EQ(change["old_pin"], kPin);
  EXPECT_NE(change["new_pin"], kPin);
}

TEST_F(PersonTest, NeverSpendsALastTryAndNeverRepeatsAPin) {
  for (const char* kind : {"prove_pin", "set_own_pin", "test_signature"}) {
    EXPECT_EQ(Ask(kind, {{"card_serial", kSerial}, {"last_try", true}})["command"], "leave")
        << kind;
  }
  Ask("prove_pin", {{"card_serial", kSerial}, {"portal_pin", true}});
  EXPECT_THAT(Fail("WRONG_PIN"), IsEmpty()) << "another prompt follows";
  EXPECT_THAT(Fail("CARD_BUSY"), ElementsAre(json{{"command", "leave"}}));
  Ask("phone", {{"masked_phone", "54* *** ** 25"}});
  EXPECT_EQ(Fail("BAD_FIELD").at(0)["correct"], true) << "a harmless form is filled in again";
  Fail("BAD_FIELD");
  EXPECT_THAT(Fail("BAD_FIELD"), ElementsAre(json{{"command", "leave"}})) << "but not for ever";
  EXPECT_EQ(Ask("something_new")["command"], "leave");
}

TEST_F(PersonTest, MakesEachMistakeOnce) {
  Meet({.mistakes = {"captcha", "word", "sms", "pin"}});
  for (const char* complaint : {"Resimdeki yazıyı hatalı", "Güvenlik Sözcüğü hatalı"}) {
    stage_.OpenLogin();
    LogIn(AskWithCaptcha("login"));
    EXPECT_TRUE(stage_.browser->Shows(complaint)) << stage_.browser->text();
  }
  LogIn(AskWithCaptcha("login"));
  stage_.browser->Press("Onay");
  stage_.SendCode(Ask("sms_code")["code"]);
  EXPECT_TRUE(stage_.browser->Shows("SMS Onay Kodu hatalı."));
  stage_.SendCode(Ask("sms_code")["code"]);
  EXPECT_EQ(stage_.browser->heading(), "İşlemler Menüsü");
  const json proof = {{"card_serial", kSerial}, {"portal_pin", true}};
  EXPECT_TRUE(Ask("prove_pin", proof).contains("pin"));
  EXPECT_EQ(Ask("prove_pin", proof)["use_portal_pin"], true);
}

TEST_F(PersonTest, RetriesAStoppedJourneySoOften) {
  Meet({.tongue = Tongue::kEnglish, .retries = 1});
  EXPECT_EQ(Ask("stopped")["retry"], true);
  EXPECT_EQ(Ask("stopped")["leave"], true);
  EXPECT_THAT(said_, HasSubstr("Leaves it here."));
}

TEST_F(PersonTest, KnowsItsSandbox) {
  Person stranger({.holder = 9}, web_, [](const std::string&) {});
  EXPECT_TRUE(absl::IsInvalidArgument(stranger.WakeUp()));
  const Web nowhere("https://localhost:1/", stage_.folder / "ca.pem");
  Person lost({}, nowhere, [](const std::string&) {});
  EXPECT_TRUE(absl::IsUnavailable(lost.WakeUp()));
}

TEST(PictureTest, DrawsCaptchasWithHalfBlocks) {
  const std::string drawn = HalfBlocks(Painter::Create()->Captcha("AHKMN"), 100, "  ");
  EXPECT_THAT(drawn, HasSubstr("█"));
  EXPECT_EQ(std::count(drawn.begin(), drawn.end(), '\n'), 15);
  EXPECT_EQ(HalfBlocks("no picture", 100, ""), "");
}

TEST(DiaryTest, AddsUpEachStep) {
  using std::chrono::milliseconds;
  Diary diary;
  const Diary::Time start{};
  EXPECT_EQ(diary.Hear({{"type", "journey"},
                        {"current_step", "LOG_IN"},
                        {"steps",
                         {{{"step", "LOG_IN"}, {"state", "RUNNING"}},
                          {{"step", "LOG_OUT"}, {"state", "PENDING"}}}}},
                       start),
            "LOG_IN");
  EXPECT_EQ(diary.Hear({{"type", "step"}, {"step", "LOG_IN"}, {"state", "DONE"}},
                       start + milliseconds(1000)),
            "");
  EXPECT_EQ(
      diary.Hear({{"type", "step"}, {"step", "LOG_OUT"}, {"state", "RUNNING"}, {"title", "Çıkış"}},
                 start + milliseconds(1500)),
      "LOG_OUT · Çıkış");
  diary.Hear({{"type", "step"}, {"step", "LOG_OUT"}, {"state", "SKIPPED"}, {"reason", "COPY_KEPT"}},
             start + milliseconds(1700));
  diary.Close(start + milliseconds(1800));
  EXPECT_EQ(diary.Table("Adım", "Sonuç", "Saniye"),
            "Adım     Sonuç                Saniye\n"
            "LOG_IN   DONE                    1.5\n"
            "LOG_OUT  SKIPPED (COPY_KEPT)     0.3\n");
}

class PersonProgramTest : public ::testing::Test {
 protected:
  // Plays `script` (bash) for the person; returns exit code and output.
  testing::Finished Play(const std::string& script) const {
    testing::WriteFile(stage_.folder / "script", script);
    return testing::Run(
        {ILKIMZA_PERSON_PROGRAM, "--phone", stage_.sandbox->phone_url(), "--ca-file",
         stage_.folder / "ca.pem", "--", "bash", stage_.folder / "script"},
        std::chrono::seconds(60));
  }
  const Stage stage_;
};

constexpr char kAsk[] =
    "echo '{\"type\":\"prompt\",\"id\":\"1\",\"kind\":\"word_known\",\"sentence\":\"Biliyor "
    "mu?\"}'\n"
    "read -r answer\n"
    "[ \"$answer\" = '{\"id\":\"1\",\"known\":true}' ] || exit 3\n";

TEST_F(PersonProgramTest, SucceedsWithTheJourney) {
  const testing::Finished run = Play(
      std::string(kAsk) +
      "echo 'not json'\n"
      "echo '{\"type\":\"step\",\"step\":\"LOG_IN\",\"state\":\"RUNNING\",\"title\":\"Giriş\"}'\n"
      "echo '{\"type\":\"step\",\"step\":\"LOG_IN\",\"state\":\"DONE\"}'\n"
      "echo '{\"type\":\"result\",\"outcome\":\"SUCCEEDED\",\"sentence\":\"Bitti.\"}'\n");
  EXPECT_EQ(run.exit_code, 0) << run.output;
  EXPECT_THAT(run.output, HasSubstr("“Biliyor mu?”"));
  EXPECT_THAT(run.output, HasSubstr("── LOG_IN · Giriş"));
  EXPECT_THAT(run.output, HasSubstr("LOG_IN  DONE"));
  EXPECT_THAT(run.output, HasSubstr("SUCCEEDED: Bitti."));
}

TEST_F(PersonProgramTest, FailsOtherwise) {
  EXPECT_EQ(Play("echo '{\"type\":\"result\",\"outcome\":\"STOPPED\"}'\n").exit_code, 1);
  EXPECT_EQ(Play("echo '{\"type\":\"result\",\"outcome\":\"SUCCEEDED\"}'; exit 3\n").exit_code, 1);
  EXPECT_EQ(Play(std::string(kAsk) + "exit 0\n").exit_code, 1) << "no last line";
  EXPECT_EQ(testing::Run({ILKIMZA_PERSON_PROGRAM, "--phone", stage_.sandbox->phone_url(),
                          "--ca-file", stage_.folder / "ca.pem", "--", "no-such-program-anywhere"},
                         std::chrono::seconds(60))
                .exit_code,
            EX_UNAVAILABLE);
  EXPECT_EQ(testing::Run({ILKIMZA_PERSON_PROGRAM}, std::chrono::seconds(60)).exit_code, EX_USAGE);
}

}  // namespace
}  // namespace ilkimza::sandbox
