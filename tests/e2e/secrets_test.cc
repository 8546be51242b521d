// The secret hunt: after a full journey at the most talkative log level, and after the
// menu's journeys that handle secrets, none that the sandbox issued or took is in any
// log, database, output or journal, nor in a core image of the server.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "base/sanitized.h"
#include "tests/e2e/support.h"

namespace ilkimza::testing {
namespace {

using Json = nlohmann::json;

struct Issued {
  std::string kind;
  std::string value;
};

// What every journey that logs in has of it, and what the whole journey has besides.
const std::vector<std::string> kOfALogin = {"pin",     "puk",         "security_word", "sms_code",
                                            "captcha", "national_id", "email"};
const std::vector<std::string> kOfAWordReset = {"link_token"};

std::vector<Issued> AllSecrets(const Stack& stack, const Person& person,
                               const std::vector<std::string>& further = {}) {
  std::vector<Issued> secrets;
  const Json issued = stack.phone().Get("/control/secrets");
  for (const auto& [kind, values] : issued.items()) {
    for (const Json& value : values) secrets.push_back({kind, value.get<std::string>()});
  }
  for (const auto& kinds : {kOfALogin, further}) {
    for (const std::string& kind : kinds) {
      EXPECT_TRUE(issued.contains(kind) && !issued[kind].empty())
          << "nothing to hunt for: " << kind;
    }
  }
  for (const std::string& typed : person.typed()) secrets.push_back({"typed", typed});
  return secrets;
}

// A short run of digits can be part of any number, such as a time stamp; it counts
// where nothing of a number or word is beside it.
bool Holds(const std::string& bytes, const std::string& secret) {
  const auto part_of_word = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  const bool short_one = secret.size() < 8;
  for (auto at = bytes.find(secret); at != std::string::npos; at = bytes.find(secret, at + 1)) {
    if (!short_one) return true;
    const char before = at == 0 ? ' ' : bytes[at - 1];
    const char after = at + secret.size() < bytes.size() ? bytes[at + secret.size()] : ' ';
    if (!part_of_word(before) && !part_of_word(after)) return true;
  }
  return false;
}

// Each byte, or each that is not plain in a form's body.
std::string PercentEncoded(const std::string& value, bool plain_too) {
  std::string encoded;
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_plain =
        absl::ascii_isalnum(byte) || std::string_view("-._~").find(c) != std::string_view::npos;
    if (is_plain && !plain_too) {
      encoded += c;
    } else {
      absl::StrAppendFormat(&encoded, "%%%02X", byte);
    }
  }
  return encoded;
}

// What a log or a buffer on the way may have made of it.
std::vector<std::string> Forms(const std::string& value) {
  std::vector<std::string> forms = {value, PercentEncoded(value, false),
                                    PercentEncoded(value, true)};
  const std::string hex = absl::BytesToHexString(value);
  forms.push_back(hex);
  forms.push_back(absl::AsciiStrToUpper(hex));
  // Wherever it begins in what was encoded: the characters that are its own alone.
  for (std::size_t before = 0; before < 3; ++before) {
    std::string encoded;
    absl::Base64Escape(std::string(before, '\0') + value, &encoded);
    const std::size_t from = before == 0 ? 0 : before + 1;
    const std::size_t to = (before + value.size()) * 8 / 6;
    // A short one is part of many a long text.
    if (to >= from + 7) forms.push_back(encoded.substr(from, to - from));
  }
  return forms;
}

void ExpectNone(const std::string& place, const std::string& bytes,
                const std::vector<Issued>& secrets) {
  for (const auto& [kind, value] : secrets) {
    for (const std::string& form : Forms(value)) {
      EXPECT_FALSE(Holds(bytes, form))
          << place << " holds a secret of kind " << kind << (form == value ? "" : ", encoded");
    }
  }
}

// No file of the run but the sandbox's own holds one: it is the portal, and may know.
void ExpectNoneInFiles(const Stack& stack, const std::vector<Issued>& secrets) {
  int logs = 0;
  int databases = 0;
  for (const std::string& file : stack.Files()) {
    const std::string name = std::filesystem::path(file).filename();
    if (name.starts_with("sandbox")) continue;
    logs += name.ends_with(".log");
    databases += name.find("server.db") != std::string::npos;
    const std::string bytes = ReadFile(file);
    if (name == "server.log" || name == "agent.log" || name == "server.db") {
      EXPECT_FALSE(bytes.empty()) << file;
    }
    ExpectNone(file, bytes, secrets);
  }
  EXPECT_GE(logs, 2) << "of server and agent";
  EXPECT_GE(databases, 2) << "the database and its write-ahead log";
}

// The hunt can find.
TEST(SecretHunt, FindsEachForm) {
  const std::string secret = "Sözcük1+Gizli";
  for (const char* bytes :
       {"x Sözcük1+Gizli x", "word=S%C3%B6zc%C3%BCk1%2BGizli&x", "53c3b67a63c3bc6b312b47697a6c69",
        "53C3B67A63C3BC6B312B47697A6C69", "U8O2emPDvGsxK0dpemxp",
        "eFPDtnpjw7xrMStHaXpsaXg=", "eHhTw7Z6Y8O8azErR2l6bGl4"}) {
    bool found = false;
    for (const std::string& form : Forms(secret)) found = found || Holds(bytes, form);
    EXPECT_TRUE(found) << bytes;
  }
}

#ifndef ILKIMZA_SANITIZED
// A sanitizer's shadow makes an image of terabytes, and programs are not wiped then.
std::string CoreImage(const Process& process, const TempDir& dir) {
  const std::string prefix = dir / "core";
  const Finished dump =
      Run({"gcore", "-a", "-o", prefix, std::to_string(process.pid())}, std::chrono::seconds(120));
  EXPECT_EQ(dump.exit_code, 0) << dump.output;
  return ReadFile(prefix + "." + std::to_string(process.pid()));
}
#endif

void PlayWholeJourney(const Stack& stack, Person& person) {
  person.holder().word_forgotten = true;
  Process cli = stack.Journey();
  const Json result = person.Play(cli);
  ASSERT_EQ(result.value("outcome", ""), "SUCCEEDED") << Tail(person);
}

TEST(SecretHunt, NothingIsLeftAnywhere) {
  Stack stack;
  Person person(stack.FirstHolder(), stack.phone());
  PlayWholeJourney(stack, person);
  const std::vector<Issued> secrets = AllSecrets(stack, person, kOfAWordReset);
  ASSERT_GE(secrets.size(), 10U);

  ExpectNoneInFiles(stack, secrets);
  for (const std::vector<std::string>& command :
       std::vector<std::vector<std::string>>{{"journey", "list"},
                                             {"journey", "list", "--output", "json"},
                                             {"card", "list", "--output", "json"}}) {
    const Finished finished = stack.RunCli(command);
    EXPECT_EQ(finished.exit_code, 0);
    ExpectNone(command[0] + " " + command[1], finished.output, secrets);
  }

#ifndef ILKIMZA_SANITIZED
  const std::string image = CoreImage(stack.server(), stack.dir());
  EXPECT_GT(image.size(), 1'000'000U);
  // The hunt can find: what the server does know is there.
  EXPECT_NE(image.find("87211470000000000000"), std::string::npos);
  ExpectNone("the server's memory", image, secrets);
#endif
}

// The weaker mode keeps its word too: through the memory only.
TEST(SecretHunt, AHostingServerKeepsNothingOnDisk) {
  Stack stack({.portal_host = "server"});
  Person person(stack.FirstHolder(), stack.phone());
  PlayWholeJourney(stack, person);
  const std::vector<Issued> secrets = AllSecrets(stack, person, kOfAWordReset);
  ASSERT_GE(secrets.size(), 10U);
  ExpectNoneInFiles(stack, secrets);
}

// -- The menu's journeys --

// What anybody on the machine may read of a program while it runs.
std::string SeenFromOutside(const Process& process) {
  const std::string folder = "/proc/" + std::to_string(process.pid()) + "/";
  return ReadFile(folder + "cmdline") + ReadFile(folder + "environ");
}

class SecretHuntInTheMenu : public ::testing::TestWithParam<const char*> {
 protected:
  // A journey that succeeds; of each program, what is seen from outside at each line.
  Json Play(const std::string& goal, Person::Hooks hooks) {
    Process cli = stack_.Journey({"--goal", goal, "--remembered"});
    const auto see = std::move(hooks.see);
    hooks.see = [&](const Json& line) {
      for (const Process* process : {&cli, &stack_.agent(), &stack_.server()}) {
        seen_from_outside_ += SeenFromOutside(*process);
      }
      if (see) see(line);
      // The full values are sent where the holder asks for them.
      if (line.value("type", "") != "secret") return;
      const Json answer = {{"id", line.at("id")}, {"phone", kNewPhone}, {"email", kNewEmail}};
      cli.WriteLine(answer.dump());
    };
    const Json result = person_.Play(cli, hooks);
    EXPECT_EQ(result.value("outcome", ""), "SUCCEEDED") << Tail(person_);
    return result;
  }
  void ExpectNoneAnywhere(const Json& result, std::vector<Issued> secrets) const {
    for (const Issued& issued : AllSecrets(stack_, person_)) secrets.push_back(issued);
    ExpectNoneInFiles(stack_, secrets);
    for (const auto& [place, bytes] : ServersView(stack_, result.at("journey"))) {
      ExpectNone(place, bytes, secrets);
    }
    EXPECT_NE(seen_from_outside_.find("--portal-host"), std::string::npos);
    ExpectNone("a program's arguments or environment", seen_from_outside_, secrets);
    for (const Json& line : person_.lines()) {
      if (line.value("type", "") != "secret") ExpectNone("an event", line.dump(), secrets);
    }
  }

  static constexpr char kNewPhone[] = "0506 765 43 21";
  static constexpr char kNewEmail[] = "yeni@ornek.example";

  Stack stack_{{.portal_host = GetParam()}};
  Person person_{stack_.FirstHolder(), stack_.phone()};
  std::string seen_from_outside_;
};

// As the portal has them, as the holder types them, and one that the portal refuses.
TEST_P(SecretHuntInTheMenu, PhoneAndMailAddress) {
  const std::string old_phone = person_.holder().phone;
  int asked = 0;
  bool revealed = false;
  const Json result =
      Play("update-info", {.answer = [&](const Json& prompt) -> Json {
                             if (prompt.at("kind") != "info") return Json();
                             if (++asked == 1) return {{"phone", "5067 65 43"}};
                             return {{"reveal", true}};
                           },
                           .see =
                               [&](const Json& line) {
                                 if (line.value("type", "") != "secret") return;
                                 revealed = true;
                                 EXPECT_EQ(line.at("phone"), old_phone);
                                 EXPECT_EQ(line.at("email"), person_.holder().email);
                               }});
  EXPECT_TRUE(revealed);
  EXPECT_EQ(asked, 2);
  EXPECT_EQ(HolderState(stack_).at("phone"), "5067654321");
  EXPECT_EQ(HolderState(stack_).at("email"), kNewEmail);
  ExpectNoneAnywhere(result, {{"old phone", old_phone},
                              {"refused phone", "50676543"},
                              {"new phone", kNewPhone},
                              {"new phone", "5067654321"},
                              {"new phone", "506 765 43 21"},
                              {"new mail address", kNewEmail}});
}

// The code by SMS, the PUK that the portal shows for it, and the new PIN.
TEST_P(SecretHuntInTheMenu, UnblockingByCode) {
  stack_.phone().Post("/control/holder",
                      {{"national_id", person_.holder().national_id}, {"pin_info", false}});
  stack_.phone().Post("/control/cards",
                      {{"serial", "87211470000000000000"}, {"action", "pin_tries"}, {"tries", 0}});
  const Json result = Play("unblock", {});
  EXPECT_EQ(Pressed(stack_, "unblock:submit"), 1);
  EXPECT_EQ(ChipCard(stack_).at("pin"), person_.holder().own_pin);
  ExpectNoneAnywhere(result, {{"new PIN", person_.holder().own_pin},
                              {"PUK", ChipCard(stack_).at("puk")},
                              {"phone", person_.holder().phone}});
}

INSTANTIATE_TEST_SUITE_P(Hosts, SecretHuntInTheMenu, ::testing::Values("agent", "server"),
                         [](const auto& host) { return std::string(host.param); });

}  // namespace
}  // namespace ilkimza::testing
