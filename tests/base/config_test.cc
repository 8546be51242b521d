#include "base/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

#include "base/error.h"

namespace ilkimza {
namespace {

using ::testing::ElementsAre;

Config MustParse(std::string_view text) {
  auto config = Config::Parse(text, "/etc/ilkimza/server.toml");
  EXPECT_TRUE(config.ok()) << config.status();
  return *std::move(config);
}

std::string Sentence(const absl::Status& status) {
  EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_BAD_CONFIGURATION);
  return std::string(status.message());
}

TEST(ConfigTest, ReadsEveryType) {
  Config config = MustParse(R"(
listen = ["127.0.0.1:1", "unix:/run/x"]
[portal]
entrance = "https://localhost/"
ca_file = "../ca.pem"
verbose = true
workers = 7
patience = "1h30m"
host = "agent"
)");
  std::vector<std::string> listen;
  std::string entrance, ca_file, host, absent = "default";
  bool verbose = false;
  int workers = 0;
  absl::Duration patience;
  config.Get("listen", listen);
  config.Get("portal.entrance", entrance);
  config.GetPath("portal.ca_file", ca_file);
  config.Get("portal.verbose", verbose);
  config.GetInt("portal.workers", 1, 9, workers);
  config.GetDuration("portal.patience", absl::Seconds(1), absl::Hours(2), patience);
  config.GetChoice("portal.host", {"agent", "server"}, host);
  config.Get("portal.absent", absent);
  ASSERT_TRUE(config.Finish().ok());
  EXPECT_THAT(listen, ElementsAre("127.0.0.1:1", "unix:/run/x"));
  EXPECT_EQ(entrance, "https://localhost/");
  EXPECT_EQ(ca_file, "/etc/ca.pem");
  EXPECT_TRUE(verbose);
  EXPECT_EQ(workers, 7);
  EXPECT_EQ(patience, absl::Minutes(90));
  EXPECT_EQ(host, "agent");
  EXPECT_EQ(absent, "default");
  EXPECT_TRUE(config.Has("portal.workers"));
  EXPECT_FALSE(config.Has("portal.absent"));
}

TEST(ConfigTest, NamesFileLineAndKeyOfAnUnknownKeyAndTheNearestOne) {
  Config config = MustParse("[portal]\nentrence = \"x\"\n");
  std::string entrance;
  config.Get("portal.entrance", entrance);
  EXPECT_EQ(Sentence(config.Finish()),
            "/etc/ilkimza/server.toml:2: 'portal.entrence' is not a known key; did you mean "
            "'portal.entrance'?");
}

TEST(ConfigTest, RefusesAnUnknownTableAndAKeyWhereATableBelongs) {
  Config unknown = MustParse("[sandbox]\nx = 1\n");
  EXPECT_EQ(Sentence(unknown.Finish()),
            "/etc/ilkimza/server.toml:1: 'sandbox' is not a known key.");
  Config leaf = MustParse("portal = 3\n");
  std::string entrance;
  leaf.Get("portal.entrance", entrance);
  EXPECT_EQ(Sentence(leaf.Finish()),
            "/etc/ilkimza/server.toml:1: 'portal' must be a table, and is a whole number.");
}

TEST(ConfigTest, RefusesWrongTypes) {
  const auto sentence = [](auto&& read) {
    Config config = MustParse("\nkey = 1.5\nmixed = [\"a\", 2]\n");
    read(config);
    return Sentence(config.Finish());
  };
  const std::string at = "/etc/ilkimza/server.toml:2: 'key' ";
  std::string text;
  bool flag = false;
  int number = 4;
  std::vector<std::string> texts = {"kept"};
  absl::Duration duration;
  EXPECT_EQ(sentence([&](Config& c) { c.Get("key", text); }),
            at + "must be a text in quotes, and is a number with a fraction.");
  EXPECT_EQ(sentence([&](Config& c) { c.Get("key", flag); }),
            at + "must be true or false, and is a number with a fraction.");
  EXPECT_EQ(sentence([&](Config& c) { c.GetInt("key", 1, 2, number); }),
            at + "must be a whole number, and is a number with a fraction.");
  EXPECT_EQ(sentence([&](Config& c) {
              c.GetDuration("key", absl::ZeroDuration(), absl::Hours(1), duration);
            }),
            at + "must be a time such as \"90s\", \"5m\" or \"1h30m\", and is a number with a "
                 "fraction.");
  EXPECT_EQ(sentence([&](Config& c) { c.Get("mixed", texts); }),
            "/etc/ilkimza/server.toml:3: 'mixed' must be a list of texts in quotes, and holds a "
            "whole number.");
  EXPECT_EQ(number, 4);
  EXPECT_THAT(texts, ElementsAre("kept"));
}

TEST(ConfigTest, RefusesValuesOutOfRange) {
  const auto sentence = [](std::string_view text, auto&& read) {
    Config config = MustParse(text);
    read(config);
    return Sentence(config.Finish());
  };
  int number = 0;
  std::string text;
  absl::Duration duration;
  EXPECT_EQ(sentence("key = 10", [&](Config& c) { c.GetInt("key", 1, 9, number); }),
            "/etc/ilkimza/server.toml:1: 'key' must be from 1 to 9, and is 10.");
  EXPECT_EQ(sentence("key = \"3h\"",
                     [&](Config& c) {
                       c.GetDuration("key", absl::Seconds(5), absl::Hours(1), duration);
                     }),
            "/etc/ilkimza/server.toml:1: 'key' must be from 5s to 1h, and is 3h.");
  EXPECT_EQ(sentence("key = \"soon\"",
                     [&](Config& c) {
                       c.GetDuration("key", absl::Seconds(5), absl::Hours(1), duration);
                     }),
            "/etc/ilkimza/server.toml:1: 'key' must be a time such as \"90s\", \"5m\" or "
            "\"1h30m\", and is \"soon\".");
  EXPECT_EQ(sentence("key = \"x\"",
                     [&](Config& c) {
                       c.GetChoice("key", {"a", "b"}, text);
                     }),
            "/etc/ilkimza/server.toml:1: 'key' must be one of \"a\", \"b\", and is \"x\".");
  EXPECT_EQ(sentence("key = \"\"", [&](Config& c) { c.GetPath("key", text); }),
            "/etc/ilkimza/server.toml:1: 'key' must name a file or folder, and is empty.");
}

TEST(ConfigTest, KeepsTheFirstErrorAndNamesWhatIsMissing) {
  Config config = MustParse("a = 1\n");
  std::string a, b;
  config.Require("b");
  config.Get("a", a);
  config.Get("b", b);
  EXPECT_EQ(Sentence(config.Finish()),
            "/etc/ilkimza/server.toml: 'b' is missing; it has no default.");
  EXPECT_EQ(Sentence(config.ErrorAt("a", "is not what we want.")),
            "/etc/ilkimza/server.toml:1: 'a' is not what we want.");
}

TEST(ConfigTest, RefusesWhatIsNotToml) {
  const auto broken = Config::Parse("a = 1\nb = \n", "x.toml");
  ASSERT_FALSE(broken.ok());
  EXPECT_THAT(Sentence(broken.status()), ::testing::StartsWith("x.toml:2: is not TOML: "));
  EXPECT_FALSE(Config::Parse("a = 1\na = 2\n", "x.toml").ok());
  EXPECT_FALSE(Config::Parse("a = \"\xff\xfe\"\n", "x.toml").ok());
  EXPECT_EQ(Sentence(Config::Parse(std::string(2 << 20, '#'), "x.toml").status()),
            "x.toml: is larger than 1 MiB.");
  // Where the parser itself would end the program.
  EXPECT_FALSE(Config::Parse("[[=", "x.toml").ok());
  EXPECT_FALSE(Config::Parse("a = 1ş\n", "x.toml").ok());
}

TEST(ConfigTest, RefusesKeysThatAreTooDeep) {
  std::string key = "a";
  for (int i = 0; i < 100'000; ++i) key += ".a";
  for (const std::string& text : {"x = 1\n" + key + " = 1\n", "\n[" + key + "]\n"}) {
    EXPECT_EQ(Sentence(Config::Parse(text, "x.toml").status()),
              "x.toml:2: has a key of more than 64 parts.");
  }
  auto config = Config::Parse("a = \"" + key + "\"  # " + key + "\nb = '" + key + "'\n", "x.toml");
  ASSERT_TRUE(config.ok()) << config.status();
}

TEST(ConfigTest, ReadsAFileAndSaysWhatIsWrongWithIt) {
  const std::string path = ::testing::TempDir() + "config_test.toml";
  std::ofstream(path) << "key = \"value\"\n";
  auto config = Config::Read(path);
  ASSERT_TRUE(config.ok()) << config.status();
  std::string value;
  config->Get("key", value);
  EXPECT_TRUE(config->Finish().ok());
  EXPECT_EQ(value, "value");
  std::remove(path.c_str());
  EXPECT_EQ(Sentence(Config::Read(path).status()),
            path + ": cannot be read; check that the file is there and its permissions.");
  EXPECT_EQ(Sentence(Config::Read("/").status()), "/: is a folder; name the file in it.");
}

}  // namespace
}  // namespace ilkimza
