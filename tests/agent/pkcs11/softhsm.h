// A token of SoftHSM in a folder of its own, with a holder's PIN, a security officer's
// PIN, a qualified certificate and its key.
#ifndef ILKIMZA_TESTS_AGENT_PKCS11_SOFTHSM_H_
#define ILKIMZA_TESTS_AGENT_PKCS11_SOFTHSM_H_

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

#include "agent/pkcs11/modules.h"
#include "tests/support/process.h"

namespace ilkimza::agent::pkcs11 {

inline constexpr char kSoftHsm[] = "/usr/lib/softhsm/libsofthsm2.so";

// One at a time: SoftHSM finds its tokens by a variable of the environment, which the
// helper process inherits.
class SoftHsm {
 public:
  static constexpr char kPin[] = "295174";
  static constexpr char kOfficerPin[] = "87654321";
  static constexpr char kLabel[] = "Deneme Kartı";

  // kRsaAskingAgain: the module wants the PIN again for each signature.
  enum class Key { kRsa, kEc, kRsaAskingAgain };

  explicit SoftHsm(Key key = Key::kRsa) {
    testing::WriteFile(folder_ / "softhsm2.conf",
                       "directories.tokendir = " + folder_.path() +
                           "/tokens\n"
                           "objectstore.backend = file\nlog.level = ERROR\n");
    setenv("SOFTHSM2_CONF", (folder_ / "softhsm2.conf").c_str(), 1);
    Shell("mkdir -m 0700 tokens");
    Shell("softhsm2-util --init-token --free --label '" + std::string(kLabel) + "' --pin " + kPin +
          " --so-pin " + kOfficerPin);
    const std::string kind = key == Key::kEc ? "ec -pkeyopt ec_paramgen_curve:P-256" : "rsa:2048";
    // The statement of ETSI that makes a certificate a qualified one.
    Shell("openssl req -x509 -newkey " + kind +
          " -nodes -keyout key.pem -outform DER -out certificate.der -days 30"
          " -subj '/C=TR/CN=Deneme Kullanici/serialNumber=10000000146'"
          " -addext keyUsage=critical,nonRepudiation"
          " -addext 1.3.6.1.5.5.7.1.3=DER:30:0A:30:08:06:06:04:00:8E:46:01:01");
    Shell("openssl pkcs8 -topk8 -nocrypt -in key.pem -out key.p8");
    if (key == Key::kRsaAskingAgain) {
      Shell("openssl pkey -in key.pem -outform DER -out key.der");
      WriteObject("key.der --type privkey --always-auth");
    } else {
      Shell("softhsm2-util --import key.p8 --token '" + std::string(kLabel) +
            "' --label 'Nitelikli Imza' --id 01 --pin " + kPin);
    }
    WriteObject("certificate.der --type cert");
  }
  SoftHsm(const SoftHsm&) = delete;
  SoftHsm& operator=(const SoftHsm&) = delete;
  ~SoftHsm() { unsetenv("SOFTHSM2_CONF"); }

  // As the module describes the token's slot.
  [[nodiscard]] std::string SlotDescription() const {
    ModuleOptions options;
    options.paths = {kSoftHsm};
    options.helper = ILKIMZA_PKCS11_HELPER;
    const Modules modules(options);
    auto use = modules.modules().front()->Use();
    EXPECT_TRUE(use.ok()) << use.status();
    const auto slots = use->Slots();
    EXPECT_TRUE(slots.ok()) << slots.status();
    for (const Slot& slot : *slots) {
      const auto token = use->ReadToken(slot.id);
      if (token.ok() && token->label == kLabel) return slot.description;
    }
    ADD_FAILURE() << "SoftHSM has lost its token";
    return {};
  }

  [[nodiscard]] std::string certificate() const {
    return testing::ReadFile(folder_ / "certificate.der");
  }

 private:
  void WriteObject(const std::string& what) const {
    Shell(std::string("pkcs11-tool --module ") + kSoftHsm + " --login --pin " + kPin +
          " --id 01 --label 'Nitelikli Imza' --write-object " + what);
  }
  // Test PINs on command lines: these are tools of SoftHSM and OpenSC.
  void Shell(const std::string& command) const {
    const auto finished =
        testing::Run({"sh", "-c", "cd " + folder_.path() + " && { " + command + "; } 2>&1"},
                     std::chrono::seconds(60));
    EXPECT_EQ(finished.exit_code, 0) << command << "\n" << finished.output;
  }

  testing::TempDir folder_;
};

}  // namespace ilkimza::agent::pkcs11

#endif  // ILKIMZA_TESTS_AGENT_PKCS11_SOFTHSM_H_
