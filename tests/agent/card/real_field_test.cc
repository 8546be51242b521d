// Life in the field on a real smart-card service: many readers, a service that hangs, one
// that refuses, one that is not there. Run by tests/support/isolated with 16 readers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/error.h"
#include "tests/agent/card/fake_service_test.h"

namespace ilkimza::agent {
namespace {

using ::testing::SizeIs;

constexpr int kFirstPort = 35963;
constexpr int kReaders = 16;

v1::VerifyPinRequest VerifyRequest(const sandbox::CardSimulator& card) {
  v1::VerifyPinRequest request;
  request.set_name(NameOf(card));
  request.set_pin(card.options().pin);
  return request;
}

// Returns once each of its threads stands still: one that does not yet still answers.
void Stop(pid_t process) {
  kill(process, SIGSTOP);
  const std::filesystem::path threads = "/proc/" + std::to_string(process) + "/task";
  bool stopped = false;
  while (!stopped) {
    stopped = true;
    for (const auto& thread : std::filesystem::directory_iterator(threads)) {
      const std::string stat = testing::ReadFile(thread.path() / "stat");
      // "23 (pcscd) T ..."
      const std::size_t name_ends = stat.rfind(')');
      stopped = stopped && (name_ends == std::string::npos || stat.substr(name_ends + 2, 1) == "T");
    }
  }
}

class RealFieldTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(std::system("pcscd-ctl start"), 0); }
};

TEST_F(RealFieldTest, SixteenReadersWithSixteenCards) {
  Harness harness;
  std::vector<std::unique_ptr<sandbox::CardSimulator>> cards;
  for (int i = 0; i < kReaders; ++i) {
    cards.push_back(MakeCard({.serial = absl::StrFormat("872114700000000001%02d", i),
                              .pin = absl::StrFormat("47%02d", i)}));
    ASSERT_TRUE(cards.back()->Insert("localhost", kFirstPort + i).ok()) << i;
  }
  absl::StatusOr<std::vector<v1::Card>> seen;
  do {
    seen = harness.Cards();
    ASSERT_TRUE(seen.ok()) << seen.status();
  } while (seen->size() < cards.size() || seen->back().serial().empty());
  for (const auto& card : cards) {
    const absl::Status status = harness.Verify(VerifyRequest(*card));
    EXPECT_TRUE(status.ok()) << card->options().serial << " " << status;
  }
  // Each PIN went to its own card, once.
  for (const auto& card : cards) {
    EXPECT_EQ(card->CommandCount(kVerify), 1);
    EXPECT_EQ(card->tries_left().pin, 3);
    // The answer comes first, then the reset.
    while (card->pin_verified()) std::this_thread::yield();
  }
}

TEST_F(RealFieldTest, FifteenEmptyReadersBeforeTheRealOne) {
  Harness harness;
  const auto card = MakeCard();
  ASSERT_TRUE(card->Insert("localhost", kFirstPort + kReaders - 1).ok());
  ASSERT_TRUE(harness.observer().WaitForSerial(card->options().serial));
  EXPECT_THAT(harness.Readers().value(), SizeIs(kReaders));
  EXPECT_TRUE(harness.Verify(VerifyRequest(*card)).ok());
}

TEST_F(RealFieldTest, AServiceThatHangsHoldsNobodyUp) {
  const pid_t service = std::atoi(testing::ReadFile("/run/pcsc-test/pid").c_str());
  ASSERT_GT(service, 1);
  CardHostOptions options;
  options.busy_timeout = absl::Milliseconds(500);
  auto harness = std::make_unique<Harness>(nullptr, options);
  const auto card = MakeCard();
  ASSERT_TRUE(card->Insert("localhost", kFirstPort).ok());
  ASSERT_TRUE(harness->observer().WaitForSerial(card->options().serial));
  Stop(service);
  EXPECT_EQ(ReasonOf(harness->Verify(VerifyRequest(*card))), v1::ERROR_REASON_CARD_BUSY);
  kill(service, SIGCONT);
  absl::Status status = harness->Verify(VerifyRequest(*card));
  // The service may need longer to wake up than is waited here.
  while (ReasonOf(status) == v1::ERROR_REASON_CARD_BUSY) {
    status = harness->Verify(VerifyRequest(*card));
  }
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(card->CommandCount(kVerify), 1);
  // And the agent ends while it hangs.
  Stop(service);
  harness.reset();
  kill(service, SIGCONT);
}

// What polkit's refusal looks like from here: the service hangs up on whoever comes.
TEST_F(RealFieldTest, AServiceThatRefusesThisPersonIsSaid) {
  ASSERT_EQ(std::system("pcscd-ctl stop"), 0);
  constexpr char kSocket[] = "/run/pcscd/pcscd.comm";
  std::filesystem::create_directories("/run/pcscd");
  std::filesystem::remove(kSocket);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, kSocket, sizeof address.sun_path - 1);
  const int listener = socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(listen(listener, 8), 0);
  std::thread doorman([listener] {
    for (int client = 0; (client = accept(listener, nullptr, nullptr)) >= 0;) {
      // polkit takes longer than the client for its first words.
      char word = 0;
      static_cast<void>(recv(client, &word, 1, 0));
      close(client);
    }
  });
  {
    Harness harness;
    // Whoever is thrown out before he has said a word is told less.
    v1::ErrorReason reason = v1::ERROR_REASON_SMART_CARD_SERVICE_STOPPED;
    while (reason == v1::ERROR_REASON_SMART_CARD_SERVICE_STOPPED) {
      reason = ReasonOf(harness.Readers().status());
    }
    EXPECT_EQ(reason, v1::ERROR_REASON_SMART_CARD_NOT_PERMITTED);
  }
  shutdown(listener, SHUT_RDWR);
  doorman.join();
  close(listener);
  std::filesystem::remove(kSocket);
}

// Run where the program is hidden.
TEST(NoServiceTest, AServiceThatIsNotInstalledIsSaid) {
  if (!std::filesystem::exists("/usr/sbin/pcscd")) {
    Harness harness;
    EXPECT_EQ(ReasonOf(harness.Cards().status()), v1::ERROR_REASON_SMART_CARD_SERVICE_MISSING);
  } else {
    ASSERT_EQ(std::system("pcscd-ctl stop"), 0);
    Harness harness;
    EXPECT_EQ(ReasonOf(harness.Cards().status()), v1::ERROR_REASON_SMART_CARD_SERVICE_STOPPED);
  }
}

}  // namespace
}  // namespace ilkimza::agent
