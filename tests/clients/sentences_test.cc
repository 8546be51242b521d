// Every reason, step, state and prompt has its words, in both languages.
#include "clients/sdk/sentences.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "clients/sdk/doctor.h"
#include "clients/sdk/exit_code.h"
#include "clients/sdk/outcome.h"

namespace ilkimza::client {
namespace {

class SentencesTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(InitTexts(ILKIMZA_LOCALE_DIR)); }

  const Texts english_{Language::kEnglish};
  const Texts turkish_{Language::kTurkish};
};

template <typename Enum>
std::vector<Enum> Values(const google::protobuf::EnumDescriptor* type) {
  std::vector<Enum> values;
  for (int i = 0; i < type->value_count(); ++i) {
    values.push_back(static_cast<Enum>(type->value(i)->number()));
  }
  return values;
}

std::vector<v1::ErrorReason> Reasons() {
  return Values<v1::ErrorReason>(v1::ErrorReason_descriptor());
}

bool EndsASentence(const std::string& text) {
  return !text.empty() && (text.back() == '.' || text.back() == '?');
}

TEST_F(SentencesTest, EveryReasonHasItsOwnWordsInBothLanguages) {
  for (const Texts& texts : {english_, turkish_}) {
    std::set<std::string> happened;
    for (const v1::ErrorReason reason : Reasons()) {
      const Sentence sentence = ReasonSentence(texts, reason);
      EXPECT_TRUE(EndsASentence(sentence.happened)) << ReasonName(reason);
      EXPECT_TRUE(EndsASentence(sentence.next)) << ReasonName(reason);
      EXPECT_TRUE(happened.insert(sentence.happened).second)
          << ReasonName(reason) << " has the words of another reason";
    }
  }
}

// The number is the portal's, never ours: with one every sentence that sends people to
// the hotline names it, without one none has a hole.
TEST_F(SentencesTest, TheHotlineIsTheJourneysOwn) {
  int with_hotline = 0;
  for (const Texts& texts : {english_, turkish_}) {
    for (const v1::ErrorReason reason : Reasons()) {
      const std::string plain = ReasonSentence(texts, reason).next;
      const std::string with = ReasonSentence(texts, reason, "0850 123 45 67").next;
      EXPECT_EQ(plain.find('$'), std::string::npos) << plain;
      const bool speaks_of_it = plain.find("hotline") != std::string::npos ||
                                plain.find("çağrı merkezi") != std::string::npos;
      EXPECT_EQ(with.find(" (0850 123 45 67)") != std::string::npos, speaks_of_it) << with;
      if (speaks_of_it) ++with_hotline;
    }
    for (const WayOn way : {WayOn::kHotline, WayOn::kReissue}) {
      EXPECT_NE(WayOnTitle(texts, way, "0850 1").find(" (0850 1)"), std::string::npos);
      EXPECT_EQ(WayOnTitle(texts, way).find('$'), std::string::npos);
    }
  }
  EXPECT_GE(with_hotline, 10);
  EXPECT_EQ(WithHotline("Call$0.", "08\x1b[2J50"), "Call (08[2J50).");
}

TEST_F(SentencesTest, WhateverIsToldOfAJourneyNamesItsHotline) {
  v1::Journey journey;
  journey.set_reason(v1::ERROR_REASON_WRONG_PHONE);
  journey.set_hotline("0850 123 45 67");
  const Finished stopped{Outcome::kStopped, journey, absl::OkStatus()};
  EXPECT_NE(OutcomeSentence(turkish_, stopped).next.find("(0850 123 45 67)"), std::string::npos);
  Prompt prompt;
  prompt.kind = PromptKind::kStopped;
  prompt.reason = v1::ERROR_REASON_LOCKED_OUT;
  prompt.hotline = "0850 123 45 67";
  EXPECT_NE(PromptSentence(english_, prompt).next.find("(0850 123 45 67)"), std::string::npos);
  Waiting waiting{.what = WaitFor::kPortal, .reason = v1::ERROR_REASON_PORTAL_REFUSED};
  waiting.hotline = "0850 123 45 67";
  EXPECT_NE(WaitSentence(english_, waiting).next.find("(0850 123 45 67)"), std::string::npos);
}

// What neither card nor portal has shown is not told as a fact, and what cannot sign is
// not called ready.
TEST_F(SentencesTest, NoEndingSaysMoreThanIsKnown) {
  const auto said = [](const Texts& texts, const v1::Journey& journey) {
    return OutcomeSentence(texts, {Outcome::kSucceeded, journey, absl::OkStatus()});
  };
  for (const Texts& texts : {english_, turkish_}) {
    const std::vector<std::pair<v1::Goal, v1::StepKind>> claims = {
        {v1::GOAL_RESET_SECURITY_WORD, v1::STEP_KIND_SET_SECURITY_WORD},
        {v1::GOAL_ACTIVATE_CERTIFICATE, v1::STEP_KIND_ACTIVATE_CERTIFICATE},
        {v1::GOAL_UPDATE_INFO, v1::STEP_KIND_UPDATE_INFO},
        {v1::GOAL_REVOKE_CERTIFICATE, v1::STEP_KIND_REVOKE_CERTIFICATE}};
    for (const auto& [goal, step] : claims) {
      v1::Journey claimed;
      claimed.set_goal(goal);
      claimed.add_steps()->set_kind(step);
      claimed.mutable_steps(0)->set_state(v1::STEP_STATE_DONE);
      claimed.mutable_steps(0)->set_guided(true);
      v1::Journey seen;
      seen.set_goal(goal);
      seen.mutable_facts()->set_certificate_activated(true);
      seen.mutable_facts()->set_info_updated(true);
      seen.mutable_facts()->set_certificate_revoked(true);
      EXPECT_NE(said(texts, claimed).happened, said(texts, seen).happened);
      EXPECT_NE(said(texts, claimed).happened,
                ReasonSentence(texts, v1::ERROR_REASON_LEFT_AS_IT_WAS).happened);
      EXPECT_FALSE(IsWhollyGood(claimed));
      EXPECT_TRUE(IsWhollyGood(seen));
    }
    v1::Journey lost;
    lost.set_goal(v1::GOAL_REVOKE_CERTIFICATE);
    lost.set_hotline("0850 123 45 67");
    v1::Step& step = *lost.add_steps();
    step.set_kind(v1::STEP_KIND_REVOKE_CERTIFICATE);
    lost.add_steps()->set_kind(v1::STEP_KIND_LIST_CERTIFICATES);
    for (const auto reason :
         {v1::ERROR_REASON_NOTHING_TO_REVOKE, v1::ERROR_REASON_LEFT_AS_IT_WAS}) {
      step.set_reason(reason);
      EXPECT_NE(said(texts, lost).happened, ReasonSentence(texts, reason).happened);
      EXPECT_NE(said(texts, lost).next.find("(0850 123 45 67)"), std::string::npos);
    }
    EXPECT_FALSE(IsWhollyGood(lost));
    for (const v1::Goal goal : {v1::GOAL_GET_PIN, v1::GOAL_UNBLOCK_PIN}) {
      v1::Journey ready;
      ready.set_goal(goal);
      ready.add_steps()->set_kind(v1::STEP_KIND_TEST_SIGNATURE);
      EXPECT_TRUE(IsWhollyGood(ready));
      for (const auto trouble :
           {v1::ERROR_REASON_CERTIFICATE_EXPIRED, v1::ERROR_REASON_CERTIFICATE_NOT_YET_VALID}) {
        v1::Journey journey = ready;
        journey.mutable_steps(0)->set_reason(trouble);
        EXPECT_EQ(said(texts, journey).happened, ReasonSentence(texts, trouble).happened);
        EXPECT_FALSE(IsWhollyGood(journey));
      }
    }
  }
}

TEST_F(SentencesTest, ASerialThatIsTooShortHasItsOwnWords) {
  Waiting waiting{.what = WaitFor::kCard,
                  .step = v1::STEP_KIND_MATCH_CARD,
                  .reason = v1::ERROR_REASON_SERIAL_MISMATCH};
  const Sentence other = WaitSentence(english_, waiting);
  waiting.serial_too_short = true;
  EXPECT_NE(WaitSentence(english_, waiting).happened, other.happened);
  EXPECT_NE(WaitSentence(turkish_, waiting).happened, WaitSentence(english_, waiting).happened);
}

TEST_F(SentencesTest, TurkishIsNotEnglish) {
  for (const v1::ErrorReason reason : Reasons()) {
    const Sentence english = ReasonSentence(english_, reason);
    const Sentence turkish = ReasonSentence(turkish_, reason);
    EXPECT_NE(english.happened, turkish.happened) << ReasonName(reason);
    EXPECT_NE(english.next, turkish.next) << ReasonName(reason);
  }
}

TEST_F(SentencesTest, AReasonOfANewerAgentHasWordsToo) {
  const Sentence sentence = ReasonSentence(turkish_, static_cast<v1::ErrorReason>(9999));
  EXPECT_TRUE(EndsASentence(sentence.happened));
}

TEST_F(SentencesTest, EveryStepAndStateHasItsOwnTitle) {
  for (const Texts& texts : {english_, turkish_}) {
    std::set<std::string> steps;
    for (const auto step : Values<v1::StepKind>(v1::StepKind_descriptor())) {
      EXPECT_TRUE(steps.insert(StepTitle(texts, step)).second) << StepName(step);
    }
    std::set<std::string> states;
    for (const auto state : Values<v1::JourneyState>(v1::JourneyState_descriptor())) {
      EXPECT_TRUE(states.insert(JourneyStateTitle(texts, state)).second) << JourneyStateName(state);
    }
    std::set<std::string> step_states;
    for (const auto state : Values<v1::StepState>(v1::StepState_descriptor())) {
      EXPECT_TRUE(step_states.insert(StepStateTitle(texts, state)).second) << StepStateName(state);
    }
    std::set<std::string> readers;
    for (const auto state : Values<v1::ReaderState>(v1::ReaderState_descriptor())) {
      EXPECT_TRUE(readers.insert(ReaderStateTitle(texts, state)).second) << ReaderStateName(state);
    }
  }
}

// A verdict of the checks that a finding of this kind can have.
v1::Check CheckOf(int kind) {
  if (kind < 20) return v1::CHECK_AGENT;
  if (kind < 30) return v1::CHECK_SMART_CARD_SERVICE;
  if (kind < 40) return v1::CHECK_PERMISSION;
  if (kind < 50) return v1::CHECK_DRIVER;
  if (kind < 60) return v1::CHECK_READER;
  if (kind < 70) return v1::CHECK_CARD;
  if (kind < 90) return v1::CHECK_PIN;
  if (kind < 110) return v1::CHECK_CERTIFICATE;
  if (kind < 120) return v1::CHECK_MODULE;
  if (kind < 130) return v1::CHECK_SERVER;
  if (kind < 140) return v1::CHECK_PORTAL;
  return kind < 150 ? v1::CHECK_CLOCK : v1::CHECK_AGENT_CERTIFICATE;
}

// Kinds that are never a fault or a warning.
bool AllIsWell(v1::FindingKind kind) {
  switch (kind) {
    case v1::FINDING_KIND_AGENT_RUNS:
    case v1::FINDING_KIND_SERVICE_RUNS:
    case v1::FINDING_KIND_PERMITTED:
    case v1::FINDING_KIND_DRIVER_FITS:
    case v1::FINDING_KIND_READER_PRESENT:
    case v1::FINDING_KIND_CARD_ANSWERS:
    case v1::FINDING_KIND_PIN_READY:
    case v1::FINDING_KIND_PIN_UNTOLD:
    case v1::FINDING_KIND_CERTIFICATE_VALID:
    case v1::FINDING_KIND_MODULE_LOADED:
    case v1::FINDING_KIND_MODULE_NOT_NEEDED:
    case v1::FINDING_KIND_SERVER_CONNECTED:
    case v1::FINDING_KIND_PORTAL_REACHED:
    case v1::FINDING_KIND_CLOCK_RIGHT:
    case v1::FINDING_KIND_CLOCK_NOT_COMPARED:
    case v1::FINDING_KIND_AGENT_CERTIFICATE_VALID:
    case v1::FINDING_KIND_AGENT_CERTIFICATE_NOT_NEEDED:
      return true;
    default:
      return false;
  }
}

TEST_F(SentencesTest, WhatIsWrongComesWithAdvice) {
  for (const Texts& texts : {english_, turkish_}) {
    for (const auto kind : Values<v1::FindingKind>(v1::FindingKind_descriptor())) {
      if (kind < v1::FINDING_KIND_AGENT_RUNS || AllIsWell(kind)) continue;
      v1::Finding finding;
      finding.set_kind(kind);
      finding.set_check(CheckOf(kind));
      EXPECT_TRUE(EndsASentence(FindingSentence(texts, finding).next)) << FindingName(kind);
    }
  }
}

TEST_F(SentencesTest, EveryFindingHasItsOwnWordsInBothLanguages) {
  std::set<std::string> seen;
  for (const auto kind : Values<v1::FindingKind>(v1::FindingKind_descriptor())) {
    if (kind < v1::FINDING_KIND_AGENT_RUNS) continue;
    v1::Finding finding;
    finding.set_kind(kind);
    finding.set_check(CheckOf(kind));
    const Sentence english = FindingSentence(english_, finding);
    const Sentence turkish = FindingSentence(turkish_, finding);
    EXPECT_TRUE(seen.insert(english.happened).second) << FindingName(kind);
    EXPECT_TRUE(EndsASentence(english.happened)) << FindingName(kind);
    EXPECT_TRUE(EndsASentence(turkish.happened)) << FindingName(kind);
    EXPECT_NE(english.happened, turkish.happened) << FindingName(kind);
    EXPECT_EQ(english.next.empty(), turkish.next.empty()) << FindingName(kind);
    EXPECT_EQ(english.happened.find('$'), std::string::npos) << FindingName(kind);
  }
}

TEST_F(SentencesTest, ChecksAndVerdictsHaveTitles) {
  for (const Texts& texts : {english_, turkish_}) {
    std::set<std::string> checks;
    for (const auto check : Values<v1::Check>(v1::Check_descriptor())) {
      EXPECT_TRUE(checks.insert(CheckTitle(texts, check)).second) << CheckName(check);
    }
    EXPECT_NE(VerdictTitle(texts, v1::VERDICT_OK), VerdictTitle(texts, v1::VERDICT_FAULT));
  }
}

TEST_F(SentencesTest, EveryPromptAsksSomething) {
  for (const Texts& texts : {english_, turkish_}) {
    for (const PromptKind kind : AllPromptKinds()) {
      Prompt prompt;
      prompt.kind = kind;
      prompt.masked_phone = "54* *** ** 25";
      prompt.card_serial = "87211470000000000001";
      const Sentence sentence = PromptSentence(texts, prompt);
      EXPECT_TRUE(EndsASentence(sentence.happened)) << PromptKindName(kind);
      EXPECT_TRUE(EndsASentence(sentence.next)) << PromptKindName(kind);
      EXPECT_EQ(sentence.happened.find('$'), std::string::npos) << PromptKindName(kind);
    }
  }
}

TEST_F(SentencesTest, ARejectedAnswerIsExplained) {
  Prompt prompt;
  prompt.kind = PromptKind::kLogin;
  prompt.reason = v1::ERROR_REASON_WRONG_CAPTCHA;
  EXPECT_EQ(PromptSentence(turkish_, prompt).happened,
            ReasonSentence(turkish_, v1::ERROR_REASON_WRONG_CAPTCHA).happened);
}

// A portal that knows people by mail address and password is not spoken of as one that
// knows them by their national id.
TEST_F(SentencesTest, AFormIsSpokenOfAsThePortalHasIt) {
  Prompt prompt;
  prompt.kind = PromptKind::kLogin;
  prompt.forms = {{{"email", "security_word", "captcha"}}, {{"word_forgotten"}}};
  const std::string asks = PromptSentence(english_, prompt).next;
  EXPECT_NE(asks.find("Mail address, Security word"), std::string::npos) << asks;
  for (const auto reason :
       {v1::ERROR_REASON_WRONG_CREDENTIALS, v1::ERROR_REASON_WRONG_ID_OR_EMAIL}) {
    prompt.reason = reason;
    for (const Texts& texts : {english_, turkish_}) {
      const Sentence sentence = PromptSentence(texts, prompt);
      EXPECT_EQ(sentence.happened.find("national id"), std::string::npos);
      EXPECT_EQ(sentence.happened.find("kimlik"), std::string::npos);
      EXPECT_NE(sentence.happened, ReasonSentence(texts, reason).happened);
    }
  }
  prompt.forms = {{{"national_id", "captcha", "security_word"}}};
  EXPECT_EQ(PromptSentence(english_, prompt).happened,
            ReasonSentence(english_, prompt.reason).happened);
}

TEST_F(SentencesTest, AStepThatNoProfileSaysIsNamed) {
  const auto status =
      MakeError(absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_BAD_CONFIGURATION, "x",
                {{"step", "STEP_KIND_LIST_CERTIFICATES"}});
  for (const Texts& texts : {english_, turkish_}) {
    const Sentence sentence = StatusSentence(texts, status);
    EXPECT_NE(sentence.happened.find(StepTitle(texts, v1::STEP_KIND_LIST_CERTIFICATES)),
              std::string::npos);
    EXPECT_NE(sentence.next.find("--guided"), std::string::npos);
  }
}

TEST_F(SentencesTest, TheFieldAtFaultIsNamed) {
  const auto status = MakeError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_BAD_FIELD, "x",
                                {{"field", "captcha"}});
  EXPECT_NE(StatusSentence(turkish_, status).happened.find("Resimdeki yazı"), std::string::npos);
  EXPECT_NE(StatusSentence(english_, status).happened.find("picture"), std::string::npos);
}

TEST_F(SentencesTest, TheLastTryIsSaidLoudly) {
  v1::PinState state;
  state.set_tries_left(v1::TRIES_LEFT_ONE);
  state.set_tries_left_count(1);
  EXPECT_NE(TriesSentence(english_, state).find("ONE"), std::string::npos);
  EXPECT_NE(TriesSentence(turkish_, state).find("BİR"), std::string::npos);
  state.set_tries_left(v1::TRIES_LEFT_SOME);
  state.set_tries_left_count(2);
  EXPECT_EQ(TriesSentence(turkish_, state), "2 deneme hakkı var.");
}

TEST_F(SentencesTest, EveryReasonHasAnExitCode) {
  for (const v1::ErrorReason reason : Reasons()) {
    EXPECT_NE(ExitCodeOf(reason), kExitOk) << ReasonName(reason);
  }
  EXPECT_EQ(ExitCodeOf(v1::ERROR_REASON_WRONG_PIN), 21);
  EXPECT_EQ(ExitCodeOf(v1::ERROR_REASON_LAST_TRY), 23);
  EXPECT_EQ(ExitCodeOf(v1::ERROR_REASON_PORTAL_MAINTENANCE), 30);
}

struct LanguageCase {
  const char* lc_all;
  const char* lang;
  const char* language;
  Language expected;
};

// GNU gettext's rule, by its manual.
TEST(LanguageOfEnvironment, FollowsGettextsRule) {
  const LanguageCase cases[] = {
      {"", "", "", Language::kEnglish},
      {"", "tr_TR.UTF-8", "", Language::kTurkish},
      {"", "tr_CY", "", Language::kTurkish},
      {"C.UTF-8", "tr_TR.UTF-8", "", Language::kEnglish},
      {"tr_TR.UTF-8", "en_US.UTF-8", "", Language::kTurkish},
      {"en_US.UTF-8", "", "tr", Language::kTurkish},
      {"C.UTF-8", "", "de:tr:en", Language::kTurkish},
      {"tr_TR.UTF-8", "", "en", Language::kEnglish},
      {"C", "", "tr", Language::kEnglish},
      {"", "", "tr", Language::kEnglish},
      {"POSIX", "tr_TR.UTF-8", "tr", Language::kEnglish},
      {"de_DE.UTF-8", "", "", Language::kEnglish},
      {"trashy", "", "", Language::kEnglish},
  };
  for (const LanguageCase& given : cases) {
    setenv("LC_ALL", given.lc_all, 1);
    setenv("LANG", given.lang, 1);
    setenv("LANGUAGE", given.language, 1);
    unsetenv("LC_MESSAGES");
    EXPECT_EQ(LanguageOfEnvironment(), given.expected)
        << "LC_ALL=" << given.lc_all << " LANG=" << given.lang << " LANGUAGE=" << given.language;
  }
}

}  // namespace
}  // namespace ilkimza::client
