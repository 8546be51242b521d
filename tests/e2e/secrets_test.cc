// The secret hunt: after a full journey at the most talkative log level, no secret
// that the sandbox issued or took is in any log, database, output or journal, nor
// in a core image of the server.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/sanitized.h"
#include "tests/e2e/support.h"

namespace ilkimza::testing {
namespace {

using Json = nlohmann::json;

struct Issued {
  std::string kind;
  std::string value;
};

std::vector<Issued> AllSecrets(const Stack& stack, const Person& person) {
  std::vector<Issued> secrets;
  const Json issued = stack.phone().Get("/control/secrets");
  for (const auto& [kind, values] : issued.items()) {
    for (const Json& value : values) secrets.push_back({kind, value.get<std::string>()});
  }
  for (const char* const kind : {"pin", "puk", "security_word", "sms_code", "captcha", "link_token",
                                 "national_id", "email"}) {
    EXPECT_TRUE(issued.contains(kind) && !issued[kind].empty()) << "nothing to hunt for: " << kind;
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

void ExpectNone(const std::string& place, const std::string& bytes,
                const std::vector<Issued>& secrets) {
  for (const auto& [kind, value] : secrets) {
    EXPECT_FALSE(Holds(bytes, value)) << place << " holds a secret of kind " << kind;
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
  const std::vector<Issued> secrets = AllSecrets(stack, person);
  ASSERT_GE(secrets.size(), 10U);

  int logs = 0;
  int databases = 0;
  for (const std::string& file : stack.Files()) {
    // The sandbox is the portal: it may know.
    if (file.find("sandbox") != std::string::npos) continue;
    logs += file.ends_with(".log");
    databases += file.find("server.db") != std::string::npos;
    ExpectNone(file, ReadFile(file), secrets);
  }
  EXPECT_GE(logs, 2);
  EXPECT_GE(databases, 2) << "the database and its write-ahead log";
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
  const std::vector<Issued> secrets = AllSecrets(stack, person);
  for (const std::string& file : stack.Files()) {
    if (file.find("sandbox") != std::string::npos) continue;
    ExpectNone(file, ReadFile(file), secrets);
  }
}

}  // namespace
}  // namespace ilkimza::testing
