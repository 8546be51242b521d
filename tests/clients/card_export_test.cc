// `ilkimza card export-cert`: the right certificate, and no file lost.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "absl/strings/escaping.h"
#include "tests/clients/program_fixture.h"
#include "tests/clients/terminal.h"

namespace ilkimza::testing {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

const char kHead[] = "-----BEGIN CERTIFICATE-----\n";

class CardExportTest : public ProgramTest {
 protected:
  // What the made-up agent holds for the certificate whose fingerprint is all `c`.
  static std::string Der(char c) {
    return std::string("\x30\x82\x00\r\n\xff", 6) + std::string(64, c);
  }
  FakeAgent::World world_;
  int code_ = -1;
};

TEST_F(CardExportTest, TheOneThatSignsAndIsValid) {
  StartAgent();
  const Json json = RunJson({"card", "export-cert", "--signing", "--form", "der"}, code_);
  EXPECT_EQ(code_, 0);
  EXPECT_EQ(json["certificate"]["fingerprint"], std::string(64, 'a'));
  EXPECT_EQ(json["form"], "der");
  std::string der;
  EXPECT_TRUE(absl::Base64Unescape(json.value("der_base64", ""), &der));
  EXPECT_EQ(der, Der('a'));
  const Ended pem = RunProgram({"card", "export-cert", "--signing"});
  EXPECT_EQ(pem.output.rfind(kHead, 0), 0U);
  EXPECT_THAT(pem.output, HasSubstr("\n-----END CERTIFICATE-----\n"));
  for (size_t begin = 0, end = 0; end != std::string::npos; begin = end + 1) {
    end = pem.output.find('\n', begin);
    if (end != std::string::npos) {
      EXPECT_LE(end - begin, 64U);
    }
  }
}

TEST_F(CardExportTest, ByTheBeginningOfItsFingerprint) {
  StartAgent();
  const std::string file = temp_ / "c.der";
  const Ended ended =
      RunProgram({"card", "export-cert", "--certificate", "CC:CC", "--form", "der", "--out", file});
  EXPECT_EQ(ended.exit_code, 0);
  EXPECT_EQ(ReadFile(file), Der('c'));
}

TEST_F(CardExportTest, AllThatDoNotFitAreSaid) {
  StartAgent();
  EXPECT_EQ(RunJson({"card", "export-cert", "--certificate", "ff"}, code_)["error"]["reason"],
            "CERTIFICATE_NOT_FOUND");
  EXPECT_EQ(code_, 66);
  const Json several = RunJson({"card", "export-cert"}, code_);
  EXPECT_EQ(code_, 65);
  EXPECT_EQ(several["error"]["field"], "certificate");
  EXPECT_THAT(several["error"]["detail"], HasSubstr("aaaaaaaaaaaa"));
  EXPECT_EQ(RunProgram({"card", "export-cert", "--signing", "--certificate", "a"}).exit_code, 64);
}

TEST_F(CardExportTest, AnExistingFileStays) {
  StartAgent();
  const std::string file = temp_ / "mine.pem";
  WriteFile(file, "mine");
  const std::vector<std::string> command = {"--lang",    "tr",    "card", "export-cert",
                                            "--signing", "--out", file};
  const Ended refused = RunProgram(command);
  EXPECT_EQ(refused.exit_code, 74);
  EXPECT_THAT(refused.errors, HasSubstr("--force"));
  EXPECT_EQ(ReadFile(file), "mine");
  std::vector<std::string> forced = command;
  forced.emplace_back("--force");
  const Ended written = RunProgram(forced);
  EXPECT_EQ(written.exit_code, 0);
  EXPECT_THAT(written.output, HasSubstr("kimlik numara"));
  EXPECT_EQ(ReadFile(file).rfind(kHead, 0), 0U);
  EXPECT_FALSE(std::filesystem::exists(file + ".new"));
  EXPECT_EQ(RunProgram({"card", "export-cert", "--signing", "--out", temp_ / "no/such"}).exit_code,
            74);
}

TEST_F(CardExportTest, NoBytesOnATerminal) {
  StartAgent();
  Terminal terminal(Command({"--lang", "en", "card", "export-cert", "--signing", "--form", "der"}),
                    Environment());
  terminal.See("DER is not made for the screen");
  EXPECT_EQ(terminal.Exit(), 64);
}

}  // namespace
}  // namespace ilkimza::testing
