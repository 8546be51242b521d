// Lines another program writes: nothing it sends may do more than be refused.
#include "clients/cli/answer_line.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace ilkimza::client {
namespace {

BadLine Refusal(const std::string& line) {
  auto read = ReadAnswerLine(line);
  if (const auto* bad = std::get_if<BadLine>(&read)) return *bad;
  ADD_FAILURE() << "taken: " << line;
  return {};
}

TEST(ReadAnswerLine, ReadsAnAnswer) {
  auto read = ReadAnswerLine(R"({"id":"7","pin":"271828","allow_last_try":true})");
  const auto* answer = std::get_if<Answer>(&read);
  ASSERT_NE(answer, nullptr);
  EXPECT_EQ(answer->prompt_id, "7");
  EXPECT_EQ(answer->Text("pin"), "271828");
  EXPECT_TRUE(answer->Flag("allow_last_try"));
}

TEST(ReadAnswerLine, ReadsCommands) {
  EXPECT_EQ(std::get<Command>(ReadAnswerLine(R"({"command":"cancel"})")), Command::kCancel);
  EXPECT_EQ(std::get<Command>(ReadAnswerLine(R"({"command":"leave"})")), Command::kLeave);
}

TEST(ReadAnswerLine, RefusesWhatIsNoAnswer) {
  for (const char* line :
       {"", "x", "[]", "null", "\"7\"", "{", "{}", R"({"id":7})", R"({"id":null,"seen":true})",
        R"({"pin":"1"})", R"({"command":"format"})", R"({"command":"cancel","id":"1"})",
        R"({"id":"1","pin":1234})", R"({"id":"1","seen":"true"})", R"({"id":"1","seen":1})",
        R"({"id":"1","nonsense":"x"})", R"({"id":"1","pin":{"a":1}})", "\xff\xfe{}"}) {
    EXPECT_EQ(ReasonOf(Refusal(line).status), v1::ERROR_REASON_BAD_FIELD) << line;
  }
}

TEST(ReadAnswerLine, SurvivesDeepNesting) {
  const std::string deep = R"({"id":"1","pin":)" + std::string(20000, '[');
  EXPECT_EQ(ReasonOf(Refusal(deep).status), v1::ERROR_REASON_BAD_FIELD);
}

TEST(ReadAnswerLine, NeverQuotesAValue) {
  for (const char* line : {R"({"id":"1","pin":271828})", R"({"id":"1","nonsense":"271828"})",
                           R"({"id":"1","pin":"271828)", R"({"id":"1","seen":"271828"})"}) {
    EXPECT_EQ(std::string(Refusal(line).status.message()).find("271828"), std::string::npos)
        << line;
  }
}

TEST(LineCutter, CutsLinesAcrossReads) {
  LineCutter cutter;
  EXPECT_TRUE(cutter.Take("on").empty());
  const auto lines = cutter.Take("e\ntwo\nthr");
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0].line, "one");
  EXPECT_EQ(lines[1].line, "two");
  const auto rest = cutter.TakeRest();
  ASSERT_EQ(rest.size(), 1u);
  EXPECT_EQ(rest[0].line, "thr");
  EXPECT_TRUE(cutter.TakeRest().empty());
}

TEST(LineCutter, DropsALineThatIsTooLongAndGoesOn) {
  LineCutter cutter;
  const std::string part(LineCutter::kMaxLine / 2, 'x');
  EXPECT_TRUE(cutter.Take(part).empty());
  EXPECT_TRUE(cutter.Take(part).empty());
  EXPECT_TRUE(cutter.Take("x").empty());
  const auto lines = cutter.Take("more\nnext\n");
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_TRUE(lines[0].too_long);
  EXPECT_TRUE(lines[0].line.empty());
  EXPECT_EQ(lines[1].line, "next");
}

}  // namespace
}  // namespace ilkimza::client
