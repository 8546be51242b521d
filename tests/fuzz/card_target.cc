// A card that answers anything at all to what the agent asks of it. The first byte says
// what that is.
#include "agent/card/akis.h"
#include "agent/card/akis_card.h"
#include "agent/card/files.h"
#include "agent/card/historical_bytes.h"
#include "agent/card/pkcs15_card.h"
#include "base/utf8.h"
#include "sandbox/card/akis_card.h"
#include "tests/fuzz/bytes.h"
#include "tests/fuzz/scripted_card.h"
#include "tests/fuzz/target.h"

namespace ilkimza::fuzz {
namespace {

// A file of 16 KiB, a byte at a time, for each of the few files that are read. Nobody
// waits for a card that long: the watchdog ends the job before.
constexpr std::size_t kMostCommands = 8 * (16 * 1024 + 8);

enum Question { kAtr, kSerial, kLayout, kToken, kFile, kTries, kSignature, kPkcs15, kQuestions };

const agent::CardFacts kFacts{.reader = "reader", .insertion = 1};

// Nothing is remembered from one question to the next.
agent::CardMemories& Memories() {
  static auto& memories = *new agent::CardMemories;
  memories.Forget(kFacts);
  return memories;
}

bool AskObjects(agent::Card& card) {
  const auto pin = card.FindPin("");
  if (pin.ok()) FUZZ_CHECK(pin->limits.min_length <= pin->limits.max_length);
  const auto certificates = card.ReadCertificates();
  if (certificates.ok()) FUZZ_CHECK(certificates->size() <= agent::kMaxEntries);
  return pin.ok() && certificates.ok();
}

bool Ask(unsigned question, agent::CardChannel& card) {
  switch (question) {
    case kSerial: {
      const auto serial = agent::ReadSerial(card);
      if (serial.ok()) FUZZ_CHECK(serial->size() <= 24);
      return serial.ok() && !serial->empty();
    }
    case kLayout:
      return AskObjects(*agent::MakeAkisCard(card, kFacts, Memories()));
    case kPkcs15: {
      const auto plain = agent::OpenPkcs15Card(card, kFacts, Memories());
      return plain.ok() && AskObjects(**plain);
    }
    case kToken: {
      const auto identity = agent::MakeAkisCard(card, kFacts, Memories())->Identify();
      if (identity.ok()) FUZZ_CHECK(identity->serial.size() <= 24);
      return identity.ok() && !identity->serial.empty();
    }
    case kFile: {
      const auto content =
          agent::ReadSelected(card, 0, agent::kMaxFile, agent::Extent::kFirstObject);
      if (content.ok()) FUZZ_CHECK(content->size() <= 16 * 1024);
      return content.ok() && !content->empty();
    }
    case kTries: {
      const agent::PinObject pin{.path = std::string("\x3F\x00\x3D\x00\x00\x80", 6)};
      const auto tries = agent::ReadPinTries(card, pin);
      return tries.ok() && tries->left != v1::TRIES_LEFT_UNKNOWN;
    }
    case kSignature:
      return agent::SignBlock(card, 1, std::string(256, 'b')).ok();
    default:
      return false;
  }
}

// The practice card's answers to a question, as an input.
class Recorder final : public agent::CardChannel {
 public:
  explicit Recorder(sandbox::AkisCard& card) : card_(card) {}

  absl::StatusOr<agent::ResponseApdu> Send(const agent::CommandApdu& command) override {
    return agent::Exchange(command, agent::Protocol::kT1, [this](std::string_view bytes) {
      std::string answer = card_.Process(bytes);
      answers_ += AsBlock(answer);
      return absl::StatusOr<std::string>(std::move(answer));
    });
  }
  [[nodiscard]] const std::string& answers() const { return answers_; }

 private:
  sandbox::AkisCard& card_;
  std::string answers_;
};

}  // namespace

bool TakeInput(std::string_view input) {
  Bytes bytes(input);
  const unsigned question = bytes.Byte() % kQuestions;
  if (question == kAtr) {
    const agent::Recognition seen = agent::Recognise(bytes.rest());
    FUZZ_CHECK(!seen.display_name.empty() && IsUtf8(seen.display_name));
    return seen.family != v1::CARD_FAMILY_UNKNOWN;
  }
  ScriptedCard card(bytes);
  const bool understood = Ask(question, card);
  FUZZ_CHECK(card.sent().size() <= kMostCommands);
  // Reading costs no try: whatever the card says, none of this is a PIN.
  for (const std::string& sent : card.sent()) {
    FUZZ_CHECK(sent[1] != sandbox::kVerify && sent[1] != sandbox::kChangePin &&
               sent[1] != sandbox::kResetRetryCounter);
  }
  return understood;
}

std::vector<std::string> Seeds() {
  using namespace std::string_literals;
  std::vector<std::string> seeds = {
      "\0\x3B\x9F\x96\x81\x31\xFE\x45\x80\x67UEKAE\x12\x92\x31\x80\x73\xB3\xA1\x80\x00"s,
      "\0\x3B\x9F\x96\x81\x31\xFE\x45\x80\x65TC\x12\x21\x00\x31\xC0\x73\xF6\x21\x80\x81\x05\x00"s};
  // Keys would differ from run to run, and reading needs none; so the certificates are
  // not real ones either.
  sandbox::Credentials credentials;
  credentials.qualified_certificate = "\x30\x82\x01\x00"s + std::string(256, 'q');
  credentials.login_certificate = "\x30\x03log"s;
  credentials.authority_certificate = "\x30\x02\x05\x00"s;
  const std::string serial("\x87\x21\x14\x70\0\0\0\0\0\0\xFF\xFF", 12);
  sandbox::AkisCard card(serial, "\x12\x92", std::move(credentials));
  card.pin().value = "123456";
  card.puk().value = "12345678";
  for (const Question question : {kSerial, kLayout, kToken, kFile, kTries}) {
    Recorder recorder(card);
    Ask(question, recorder);
    seeds.push_back(static_cast<char>(question) + recorder.answers());
  }
  seeds.push_back(static_cast<char>(kSignature) + AsBlock("\x90\x00"s) + AsBlock("\x90\x00"s) +
                  AsBlock(std::string(256, 's') + "\x90\x00"s));
  return seeds;
}

std::vector<std::string> Words() {
  using namespace std::string_literals;
  return {AsBlock("\x90\x00"s), AsBlock("\x6A\x82"s), AsBlock("\x62\x82"s),
          AsBlock("\x6B\x00"s), AsBlock("\x61\x10"s), AsBlock("x\x90\x00"s),
          "\x80\x02\x40\x00"s,  "\x6F\x04"s,          "\x90\x01\xC4"s};
}

}  // namespace ilkimza::fuzz
