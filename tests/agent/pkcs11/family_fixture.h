// A card host with the modules of a test, on a smart-card service that says only that a
// card is there; and a module's family alone.
#ifndef ILKIMZA_TESTS_AGENT_PKCS11_FAMILY_FIXTURE_H_
#define ILKIMZA_TESTS_AGENT_PKCS11_FAMILY_FIXTURE_H_

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/escaping.h"
#include "agent/card/pkcs11_card.h"
#include "agent/card/worker.h"
#include "tests/agent/card/fake_pcsc.h"
#include "tests/agent/card/harness.h"
#include "tests/agent/pkcs11/rude_modules.h"

namespace ilkimza::agent::pkcs11 {

// An AKİS v2: no family of our own has commands for it.
inline const std::string kAtr = sandbox::Bytes("3B9F968131FE458065544312210731C073F62180810590");
inline constexpr char kRudeSerial[] = "4711-0815";

// Another card host than the one of the AKİS tests: with the modules of a test.
class FamilyTest : public ::testing::Test {
 protected:
  FamilyTest() : pcsc_(std::make_shared<FakePcsc>()) {}

  // Starts with a card in the reader of that name.
  void Start(const ModuleOptions& options, const std::string& reader, bool wait = true) {
    modules_ = std::make_shared<Modules>(options);
    if (!reader_is_there_) pcsc_->AddReader(reader);
    pcsc_->Insert(reader, kAtr, [](std::string_view) { return std::string("\x6D\x00", 2); });
    CardHostOptions host = host_options_;
    host.families = Pkcs11Families(modules_);
    harness_ = std::make_unique<Harness>(pcsc_, std::move(host));
    if (wait) card_ = harness_->WaitForCard();
  }
  // With the one rude module of that name.
  void StartRude(const std::string& name, bool so_pin_is_puk = false) {
    path_ = rude_.Make(name);
    ModuleOptions options = OptionsFor({path_}, ShortTimeouts());
    if (so_pin_is_puk) options.so_pin_is_puk = {name + ".so"};
    Start(options, kRudeReader);
  }

  // The same with a qualified certificate and its key in it.
  void StartWithKey(const std::string& name) {
    pcsc_ = std::make_shared<FakePcsc>();
    const std::string pem = MakeCard()->qualified_certificate();
    constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";
    const std::size_t begin = pem.find(kBegin) + kBegin.size();
    std::string der;
    EXPECT_TRUE(absl::Base64Unescape(
        absl::string_view(pem).substr(begin, pem.find("-----END", begin) - begin), &der));
    testing::WriteFile(rude_ / (name + ".so.certificate"), der);
    StartRude(name);
  }

  absl::Status Verify(const std::string& pin, bool last_try = false,
                      v1::VerifyPinResponse* response = nullptr) {
    return harness_->Verify(card_.name(), pin, last_try, response);
  }
  absl::Status Change(const std::string& old_pin, const std::string& new_pin) {
    v1::ChangePinRequest request;
    request.set_name(card_.name());
    request.set_old_pin(old_pin);
    request.set_new_pin(new_pin);
    return harness_->Change(request);
  }
  [[nodiscard]] int Calls(const std::string& function) const {
    return RudeModules::Calls(path_, function);
  }

  CardHostOptions host_options_;
  RudeModules rude_;
  std::string path_;
  bool reader_is_there_ = false;
  std::shared_ptr<FakePcsc> pcsc_;
  std::shared_ptr<Modules> modules_;
  std::unique_ptr<Harness> harness_;
  v1::Card card_;
};

// A family's `Use`, without a card host.
class DirectUse {
 public:
  DirectUse(std::shared_ptr<FakePcsc> pcsc, std::string reader)
      : pcsc_(std::move(pcsc)), reader_(std::move(reader)), context_(*pcsc_) {
    control_ = std::make_shared<JobControl>(std::make_shared<Timer>(), [](const auto&) {});
  }
  absl::Status Run(CardFamily& family, const CardFamily::Work& work) {
    CardEnvironment environment{*pcsc_, context_, *control_, timeouts_, reader_, connection_};
    return family.Use(environment, {.reader = reader_, .atr = kAtr, .insertion = 1}, work);
  }

 private:
  const std::shared_ptr<FakePcsc> pcsc_;
  const std::string reader_;
  const CardTimeouts timeouts_;
  CardConnection connection_;
  PcscContext context_;
  std::shared_ptr<JobControl> control_;
};

}  // namespace ilkimza::agent::pkcs11

#endif  // ILKIMZA_TESTS_AGENT_PKCS11_FAMILY_FIXTURE_H_
