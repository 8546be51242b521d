// deploy/demo as a new user meets it: in a terminal, by its script, with nothing but
// what stands on the screen and the characters of the picture.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/clients/terminal.h"
#include "tests/support/http.h"
#include "tests/support/process.h"

namespace ilkimza::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;
using Json = nlohmann::json;
using Strings = std::vector<std::string>;

constexpr char kNationalId[] = "27391460596";
constexpr char kMail[] = "ayse.isik@ornek.example";
constexpr char kWord[] = "Mavi7Deniz";
constexpr char kNewWord[] = "Kuzey4Yildizi";
constexpr char kOwnPin[] = "580274";
// Before each message of the phone and the mailbox.
constexpr char kEnvelope[] = "✉  ";

Strings Command(const TempDir& folder, const Strings& options) {
  Strings command = {ILKIMZA_SOURCE_DIR "/deploy/demo",
                     "--inner",
                     "--built",
                     ILKIMZA_BIN_DIR "/..",
                     "--keep",
                     folder.path()};
  command.insert(command.end(), options.begin(), options.end());
  return command;
}

class Demo {
 public:
  explicit Demo(const Strings& options)
      : terminal_(Command(folder_, options), {{"LC_ALL", "C.UTF-8"}, {"TERM", "xterm"}}) {}

  Terminal& terminal() { return terminal_; }

  // The picture is a person's to read; here its painter tells.
  void TypeTheCharacters(const std::string& prompt) {
    if (!terminal_.See(prompt)) return;
    const Json address =
        Json::parse(ReadFile(folder_ / "sandbox.address"), nullptr, /*allow_exceptions=*/false);
    const HttpClient phone(address.value("phone_url", ""), folder_ / "portal-ca.pem");
    const Json captchas = phone.Get("control/captchas");
    ASSERT_TRUE(captchas.is_array() && !captchas.empty()) << captchas;
    terminal_.Send(captchas.back().value("answer", "") + "\r");
  }
  // The next message that shows up on the screen.
  std::string NextMessage() {
    if (!terminal_.See(kEnvelope)) return "";
    const std::size_t begin = terminal_.seen();
    if (!terminal_.See("\r\n")) return "";
    return terminal_.screen().substr(begin, terminal_.seen() - begin - 2);
  }
  // From the phone to the end; `says` is what the terminal shows there.
  void PlayFromThePhone(const std::map<std::string, std::string>& says) {
    const std::string& yes = says.at("yes");
    terminal_.Type(says.at("your phone"), yes);
    const std::string code = NextMessage();
    EXPECT_THAT(code, SizeIs(6));
    terminal_.Send(code + "\r");
    if (terminal_.See(says.at("go on"))) terminal_.Send("\r");
    terminal_.Type(says.at("use the portal's"), yes);
    // The first one is refused before the card sees it.
    for (const char* pin : {"123456", kOwnPin}) {
      terminal_.Type(says.at("new PIN"), pin);
      terminal_.Type(says.at("new PIN again"), pin);
    }
    terminal_.Type(says.at("delete"), yes);
    terminal_.Type(" PIN: ", kOwnPin);
    terminal_.See(says.at("log out"));
    terminal_.See(says.at("ready"));
    EXPECT_EQ(terminal_.Exit(), 0);
    EXPECT_FALSE(std::filesystem::exists(folder_ / "run/agent.sock")) << "the agent runs on";
  }

 private:
  TempDir folder_;
  Terminal terminal_;
};

TEST(Demo, IsPlayedToItsEndInATerminal) {
  Demo demo({"--lang", "en"});
  Terminal& terminal = demo.terminal();
  terminal.See("You are Ayşe Işık.");
  terminal.Type("Do you know it? [y/n]", "y");
  terminal.Type("National id", kNationalId);
  demo.TypeTheCharacters("Characters of the picture");
  terminal.Type("Security word", kWord);
  demo.PlayFromThePhone({{"yes", "y"},
                         {"your phone", "Is this your phone? [y/n]"},
                         {"go on", "Enter: go on"},
                         {"use the portal's", "Use the PIN of the portal's page? [y/n]"},
                         {"new PIN", "New PIN: "},
                         {"new PIN again", "New PIN again: "},
                         {"delete", "Delete it? [y/n]"},
                         {"log out", "Log out of the portal"},
                         {"ready", "Your card is ready: you can sign."}});
}

TEST(Demo, BringsTheMailToAHolderWhoForgotTheWord) {
  Demo demo({"--lang", "tr", "--server-host"});
  Terminal& terminal = demo.terminal();
  terminal.See("Siz Ayşe Işık'sınız.");
  terminal.Type("Biliyor musunuz? [e/h]", "h");
  terminal.Type("T.C. kimlik no", kNationalId);
  terminal.Type("E-posta: ", kMail);
  demo.TypeTheCharacters("Resimdeki yazı");
  const std::string link = demo.NextMessage();
  EXPECT_THAT(link, StartsWith("https://"));
  terminal.Send(link + "\r");
  terminal.Type("Güvenlik sözcüğü: ", kNewWord);
  terminal.Type("Güvenlik sözcüğü (yeniden): ", kNewWord);
  terminal.Type("T.C. kimlik no", kNationalId);
  demo.TypeTheCharacters("Resimdeki yazı");
  terminal.Type("Güvenlik Sözcüğü: ", kNewWord);
  demo.PlayFromThePhone({{"yes", "e"},
                         {"your phone", "Bu sizin telefonunuz mu? [e/h]"},
                         {"go on", "Enter: sürdür"},
                         {"use the portal's", "Portal sayfasındaki PIN kullanılsın mı? [e/h]"},
                         {"new PIN", "Yeni PIN: "},
                         {"new PIN again", "Yeni PIN (yeniden): "},
                         {"delete", "Silinsin mi? [e/h]"},
                         {"log out", "Portaldan çık"},
                         {"ready", "Kartınız hazır: imza atabilirsiniz."}});
}

TEST(Demo, PlaysTheHolderItself) {
  const TempDir folder;
  const Finished finished =
      testing::Run(Command(folder, {"--auto", "--lang", "en"}), std::chrono::seconds(120));
  EXPECT_EQ(finished.exit_code, 0);
  for (const char* row :
       {"OPEN_WORD_RESET     DONE", "PROVE_PIN           DONE", "LOG_OUT             DONE"}) {
    EXPECT_THAT(finished.output, HasSubstr(row));
  }
  EXPECT_THAT(finished.output, HasSubstr("SUCCEEDED: Your card is ready: you can sign."));
}

TEST(Demo, SaysWhichOptionIsWrong) {
  const TempDir folder;
  EXPECT_EQ(testing::Run(Command(folder, {"--colour"}), std::chrono::seconds(20)).exit_code, 64);
}

}  // namespace
}  // namespace ilkimza::testing
