// The journey end to end, on everything real but the portal and the chip: both
// portal hosts, every page style and charset.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <tuple>

#include "tests/e2e/support.h"

namespace ilkimza::testing {
namespace {

using Json = nlohmann::json;
using ::testing::Combine;
using ::testing::Values;

using Variant = std::tuple<const char*, const char*, const char*>;  // host, style, charset

class EveryPortal : public ::testing::TestWithParam<Variant> {
 protected:
  static StackOptions Options() {
    const auto& [host, style, charset] = GetParam();
    return {.portal_host = host, .style = style, .charset = charset};
  }
};

// No button but those of the path was pressed, and no try was spent.
void ExpectNothingElseTouched(const Stack& stack) {
  for (const char* control : {"menu:go:revoke", "revoke:submit", "menu:go:unblock",
                              "menu:go:contact", "menu:go:activate", "menu:go:certificates"}) {
    EXPECT_EQ(Pressed(stack, control), 0) << control;
  }
  EXPECT_EQ(PortalCard(stack).at("certificate"), "not_activated");
  EXPECT_EQ(HolderState(stack).at("wrong_words"), 0);
  const Json chip = ChipCard(stack);
  EXPECT_EQ(chip.at("pin_tries"), 3);
  EXPECT_EQ(chip.at("puk_tries"), 3);
  EXPECT_FALSE(chip.at("pin_verified")) << "the card was left open to other programs";
}

TEST_P(EveryPortal, FromTheChipToTheFirstSignature) {
  Stack stack(Options());
  Person person(stack.FirstHolder(), stack.phone());
  Process cli = stack.Journey();
  const Json result = person.Play(cli);
  ASSERT_EQ(result.value("outcome", ""), "SUCCEEDED") << Tail(person);
  EXPECT_EQ(cli.Wait(std::chrono::seconds(5)), 0);

  EXPECT_EQ(PortalCard(stack).at("pin_info"), false);
  EXPECT_EQ(ChipCard(stack).at("pin"), person.holder().own_pin);
  EXPECT_TRUE(result.at("facts").at("test_signature_made"));
  EXPECT_EQ(result.at("facts").at("card_serial"), "87211470000000000000");
  // One wrong step would have shown a prompt twice.
  for (const char* prompt : {"word_known", "login", "phone", "sms_code", "pin_page", "prove_pin",
                             "set_own_pin", "deletion", "test_signature"}) {
    EXPECT_EQ(person.Prompts(prompt), 1) << prompt;
  }
  EXPECT_TRUE(person.Reasons().empty());
  // Proven once, changed once, and once more for the signature.
  EXPECT_EQ(Commands(ChipCard(stack), kVerifyCommand), 2);
  EXPECT_EQ(Commands(ChipCard(stack), kChangeCommand), 1);
  ExpectNothingElseTouched(stack);
}

TEST_P(EveryPortal, WithAForgottenWord) {
  Stack stack(Options());
  Person person(stack.FirstHolder(), stack.phone());
  person.holder().word_forgotten = true;
  person.holder().delete_copy = false;
  Process cli = stack.Journey();
  const Json result = person.Play(cli);
  ASSERT_EQ(result.value("outcome", ""), "SUCCEEDED") << Tail(person);
  for (const char* prompt : {"word_reset", "mail_link", "new_security_word", "login"}) {
    EXPECT_EQ(person.Prompts(prompt), 1) << prompt;
  }
  EXPECT_TRUE(result.at("facts").at("portal_copy_kept"));
  EXPECT_EQ(PortalCard(stack).at("pin_info"), true);
  EXPECT_EQ(Pressed(stack, "pin:delete:1"), 0);
  ExpectNothingElseTouched(stack);
}

INSTANTIATE_TEST_SUITE_P(Portals, EveryPortal,
                         Combine(Values("agent", "server"), Values("html5", "tables", "postback"),
                                 Values("utf-8", "iso-8859-9")),
                         [](const auto& variant) {
                           std::string name = std::string(std::get<0>(variant.param)) + "_" +
                                              std::get<1>(variant.param) + "_" +
                                              std::get<2>(variant.param);
                           std::erase(name, '-');
                           return name;
                         });

TEST(ResetGoal, EndsOnceTheWordIsSet) {
  Stack stack;
  Person person(stack.FirstHolder(), stack.phone());
  Process cli = stack.Journey({"--goal", "reset-word"});
  const Json result = person.Play(cli);
  ASSERT_EQ(result.value("outcome", ""), "SUCCEEDED") << Tail(person);
  EXPECT_EQ(person.Prompts("login"), 0);
  EXPECT_EQ(Commands(ChipCard(stack), kVerifyCommand), 0);
}

// Calling the command again goes on where it was left.
TEST(Resume, TheSameCommandGoesOn) {
  Stack stack;
  Person person(stack.FirstHolder(), stack.phone());
  {
    Process first = stack.Journey();
    // Input ends when the phone is asked for: the person walked away.
    const Json left = person.Play(first, {.answer = [&](const Json& prompt) {
                                    if (prompt.at("kind") != "phone") return Json();
                                    first.CloseInput();
                                    return Json{{"correct", true}};
                                  }});
    EXPECT_EQ(left.value("outcome", ""), "LEFT") << Tail(person);
    EXPECT_EQ(first.Wait(std::chrono::seconds(10)), 75);
  }
  Process second = stack.Journey();
  const Json result = person.Play(second);
  ASSERT_EQ(result.value("outcome", ""), "SUCCEEDED") << Tail(person);
  EXPECT_EQ(person.Prompts("login"), 1);
}

}  // namespace
}  // namespace ilkimza::testing
