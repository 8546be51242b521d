// The card's faults, counters and console, without a reader.
#include "sandbox/card/simulator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <future>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>

#include "sandbox/card/apdu.h"
#include "sandbox/card/console.h"
#include "tests/sandbox/card/hex.h"

namespace ilkimza::sandbox {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::string_view kVerifyRight = "0020008004 31323334";
constexpr std::string_view kVerifyWrong = "0020008004 39393939";

TEST(CardSimulatorTest, DiesBeforeACommandWithoutCarryingItOut) {
  const auto card = MakeCard();
  card->DieBefore(kVerify);
  EXPECT_EQ(Send(*card, "00CA01040A").size(), 24);
  EXPECT_EQ(Send(*card, kVerifyWrong), "dead");
  EXPECT_EQ(card->tries_left().pin, 3);
  EXPECT_EQ(Send(*card, kVerifyWrong), "63C2") << "once only";
}

TEST(CardSimulatorTest, DiesAfterACommandThatCounts) {
  const auto card = MakeCard();
  card->DieAfter(kVerify);
  EXPECT_EQ(Send(*card, kVerifyWrong), "dead");
  EXPECT_EQ(card->tries_left().pin, 2);
  card->DieAfter(kChangePin);
  EXPECT_EQ(Send(*card, "002402000C 0431323334 06353637383930"), "dead");
  EXPECT_EQ(card->pin(), "567890");
}

TEST(CardSimulatorTest, WithholdsAnAnswerUntilTold) {
  const auto card = MakeCard();
  card->Stall(kVerify);
  auto answer = std::async(std::launch::async, [&] { return Send(*card, kVerifyRight); });
  while (!card->pin_verified()) std::this_thread::yield();
  EXPECT_EQ(answer.wait_for(std::chrono::milliseconds(20)), std::future_status::timeout);
  card->Resume();
  EXPECT_EQ(answer.get(), "9000");
}

TEST(CardSimulatorTest, StopsWithholdingWhenTakenOut) {
  const auto card = MakeCard();
  card->Stall(kVerify);
  std::stop_source stop;
  auto answer = std::async(std::launch::async,
                           [&] { return card->Process(Bytes(kVerifyRight), stop.get_token()); });
  while (!card->pin_verified()) std::this_thread::yield();
  stop.request_stop();
  EXPECT_FALSE(answer.get().has_value());
}

TEST(CardSimulatorTest, SaysNothingWhileMute) {
  const auto card = MakeCard();
  card->SetMute(true);
  EXPECT_EQ(Send(*card, kVerifyRight), "dead");
  card->SetMute(false);
  EXPECT_EQ(Send(*card, kVerifyRight), "9000");
}

TEST(CardSimulatorTest, CountsWhatItHasSeen) {
  const auto card = MakeCard();
  EXPECT_EQ(card->CommandCount(kVerify), 0);
  card->DieBefore(kVerify);
  EXPECT_EQ(Send(*card, kVerifyWrong), "dead");
  EXPECT_EQ(Send(*card, kVerifyWrong), "63C2");
  EXPECT_EQ(Send(*card, "00CA01040A").size(), 24);
  EXPECT_EQ(card->CommandCount(kVerify), 2) << "an unanswered command has been seen";
  EXPECT_THAT(card->CommandCounts(),
              ::testing::ElementsAre(std::pair(kVerify, 2), std::pair(kGetData, 1)));
  card->ResetCommandCounts();
  EXPECT_EQ(card->CommandCount(kVerify), 0);
}

TEST(CardSimulatorTest, RefusesOptionsOutOfRange) {
  const auto refusal = [](CardOptions options) {
    const auto made = CardSimulator::Create(std::move(options));
    return std::string(made.status().message());
  };
  EXPECT_THAT(refusal({.serial = "12x"}), HasSubstr("1 to 24 digits"));
  EXPECT_THAT(refusal({.pin = "123"}), HasSubstr("PIN has to be 4 to 16 bytes"));
  EXPECT_THAT(refusal({.puk = "12345678901234567"}), HasSubstr("PUK has to be 4 to 16"));
  EXPECT_THAT(refusal({.max_pin_tries = 0}), HasSubstr("1 to 15"));
  EXPECT_THAT(refusal({.max_puk_tries = 16}), HasSubstr("1 to 15"));
  EXPECT_THAT(refusal({.holder_name = ""}), HasSubstr("name"));
  EXPECT_THAT(refusal({.national_id = "123"}), HasSubstr("11 digits"));
  EXPECT_THAT(refusal({.not_after = absl::UnixEpoch()}), HasSubstr("after its beginning"));
  EXPECT_THAT(refusal({.version = "12"}), HasSubstr("version"));
  EXPECT_THAT(refusal({.atr = "3B0"}), HasSubstr("in hex"));
}

TEST(CardSimulatorTest, KeepsTriesLeftWithinTheirRange) {
  const auto card = MakeCard({.max_pin_tries = 5});
  EXPECT_EQ(card->tries_left().pin, 5);
  EXPECT_TRUE(card->SetPinTriesLeft(0).ok());
  EXPECT_EQ(Send(*card, kVerifyRight), "6983");
  EXPECT_FALSE(card->SetPinTriesLeft(6).ok());
  EXPECT_FALSE(card->SetPukTriesLeft(-1).ok());
  EXPECT_FALSE(card->SetPin("1").ok());
  EXPECT_EQ(card->tries_left().pin, 0);
}

// What OpenSSL reads in a PEM certificate.
std::string Describe(const std::string& pem) {
  BIO* in = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  X509* x509 = PEM_read_bio_X509(in, nullptr, nullptr, nullptr);
  BIO* out = BIO_new(BIO_s_mem());
  X509_print_ex(out, x509, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB, X509_FLAG_NO_PUBKEY);
  char* text = nullptr;
  const long size = BIO_get_mem_data(out, &text);
  std::string description(text, static_cast<std::size_t>(size));
  BIO_free(out);
  X509_free(x509);
  BIO_free(in);
  return description;
}

TEST(CardSimulatorTest, CarriesAQualifiedCertificateOfItsHolder) {
  const auto card = MakeCard({.holder_name = "İpek Çığ",
                              .national_id = "10000000146",
                              .not_before = absl::FromUnixSeconds(2'000'000'000),
                              .not_after = absl::FromUnixSeconds(2'100'000'000)});
  const std::string text = Describe(card->qualified_certificate());
  EXPECT_THAT(text, HasSubstr("Subject: CN=İpek Çığ,serialNumber=10000000146,C=TR"));
  EXPECT_THAT(text, HasSubstr("Non Repudiation"));
  EXPECT_THAT(text, HasSubstr("qcStatements"));
  EXPECT_THAT(text, HasSubstr("CA:FALSE"));
  EXPECT_THAT(text, HasSubstr("Not Before: May 18 03:33:20 2033 GMT"));
  EXPECT_THAT(text, HasSubstr("Not After : Jul 18 13:20:00 2036 GMT"));
  EXPECT_THAT(Describe(card->authority_certificate()), HasSubstr("CA:TRUE"));
}

class CardConsoleTest : public ::testing::Test {
 protected:
  // Nobody listens on the discard port of the loopback interface.
  CardConsole console_{MakeCard(), "127.0.0.1", 9};
};

TEST_F(CardConsoleTest, TellsAndSetsTheState) {
  EXPECT_EQ(console_.Execute("state"),
            R"(ok {"inserted":false,"serial":"87211470000000000000","pin_tries":3,)"
            R"("puk_tries":3,"pin_verified":false})");
  EXPECT_EQ(console_.Execute("tries pin 1"), "ok");
  EXPECT_EQ(console_.Execute("  tries\tpuk 0\r"), "ok");
  EXPECT_EQ(console_.Execute("set pin 777777"), "ok");
  EXPECT_EQ(console_.card().tries_left().pin, 1);
  EXPECT_EQ(console_.card().tries_left().puk, 0);
  EXPECT_EQ(console_.card().pin(), "777777");
}

TEST_F(CardConsoleTest, ArmsFaultsAndCounts) {
  EXPECT_EQ(console_.Execute("die-after verify"), "ok");
  EXPECT_EQ(Send(console_.card(), kVerifyWrong), "dead");
  EXPECT_EQ(console_.Execute("die-before 20"), "ok");
  EXPECT_EQ(Send(console_.card(), kVerifyWrong), "dead");
  EXPECT_EQ(console_.Execute("count verify"), "ok 2");
  EXPECT_EQ(console_.Execute("counts"), R"(ok {"20":2})");
  EXPECT_EQ(console_.Execute("reset-counts"), "ok");
  EXPECT_EQ(console_.Execute("count change"), "ok 0");
  EXPECT_EQ(console_.Execute("mute on"), "ok");
  EXPECT_EQ(Send(console_.card(), kVerifyRight), "dead");
  EXPECT_EQ(console_.Execute("mute off"), "ok");
}

TEST_F(CardConsoleTest, SwapsTheCard) {
  EXPECT_EQ(console_.Execute("tries pin 1"), "ok");
  EXPECT_EQ(console_.Execute("swap 11111111111111111111"), "ok");
  EXPECT_THAT(console_.Execute("state"), HasSubstr("11111111111111111111"));
  EXPECT_EQ(console_.card().tries_left().pin, 3);
  EXPECT_THAT(console_.Execute("swap 1A"), StartsWith("error "));
  EXPECT_THAT(console_.Execute("state"), HasSubstr("11111111111111111111"));
}

TEST_F(CardConsoleTest, SaysWhatIsWrongWithALine) {
  for (const std::string_view line :
       {"", "dance", "mute", "mute maybe", "die-after", "die-after dance", "die-after verify now",
        "tries pin", "tries pin 4", "tries pin -1", "tries pin x", "tries cat 1", "set pin 1",
        "set cat 1234", "latency", "latency -1", "count", "count 2", "swap"}) {
    EXPECT_THAT(console_.Execute(line), StartsWith("error ")) << line;
  }
  EXPECT_FALSE(console_.done());
  EXPECT_EQ(console_.Execute("quit"), "ok");
  EXPECT_TRUE(console_.done());
}

TEST(CardSimulatorReaderTest, SaysThatNoReaderTakesIt) {
  const auto card = MakeCard();
  const absl::Status status = card->Insert("127.0.0.1", 9, absl::Milliseconds(50));
  EXPECT_TRUE(absl::IsDeadlineExceeded(status)) << status;
  EXPECT_TRUE(card->inserted()) << "it goes on looking";
  card->Remove();
  EXPECT_FALSE(card->inserted());
}

}  // namespace
}  // namespace ilkimza::sandbox
