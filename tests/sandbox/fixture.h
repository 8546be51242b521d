// A running sandbox with a browser and its controls beside it.
#ifndef ILKIMZA_TESTS_SANDBOX_FIXTURE_H_
#define ILKIMZA_TESTS_SANDBOX_FIXTURE_H_

#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "sandbox/random.h"
#include "sandbox/sandbox.h"
#include "tests/sandbox/browser.h"
#include "tests/support/http.h"
#include "tests/support/process.h"

namespace ilkimza::sandbox {

// The first holder of sandbox/world.json, with one card.
inline constexpr char kId[] = "27391460596";
inline constexpr char kEmail[] = "ayse.isik@ornek.example";
inline constexpr char kPhone[] = "5421234525";
inline constexpr char kWord[] = "Mavi7Deniz";
inline constexpr char kSerial[] = "87211470000000000000";
inline constexpr char kPin[] = "483915";
// The second one, with two cards.
inline constexpr char kOtherId[] = "51820394732";
inline constexpr char kOtherWord[] = "Kuzey4Yildizi";

class Stage {
 public:
  explicit Stage(SandboxOptions options = {}) {
    absl::StatusOr<World> world =
        LoadWorld(std::string(ILKIMZA_SOURCE_DIR) + "/sandbox/world.json");
    EXPECT_TRUE(world.ok()) << world.status();
    options.world = *std::move(world);
    absl::StatusOr<std::unique_ptr<Sandbox>> started = Sandbox::Start(std::move(options));
    EXPECT_TRUE(started.ok()) << started.status();
    sandbox = *std::move(started);
    testing::WriteFile(folder / "ca.pem", sandbox->ca_pem());
    phone = std::make_unique<testing::HttpClient>(sandbox->phone_url(), folder / "ca.pem");
    browser = std::make_unique<Browser>(sandbox->ca_pem());
  }

  nlohmann::json Control(const std::string& what, const nlohmann::json& body) const {
    nlohmann::json reply = phone->Post("control/" + what, body);
    EXPECT_TRUE(reply.contains("ok")) << reply;
    return reply;
  }
  nlohmann::json State() const { return phone->Get("control/state"); }
  int Presses(const std::string& name) const { return State()["presses"].value(name, 0); }

  // What the picture says, as the sandbox knows it; stands in for the holder's eyes.
  std::string Read(const std::string& image) const {
    for (const nlohmann::json& captcha : phone->Get("control/captchas")) {
      if (captcha["sha256"] == Sha256(image)) return captcha["answer"];
    }
    return "";
  }
  std::string LastCode() const {
    const nlohmann::json list = phone->Get(std::string("api/sms?phone=") + kPhone);
    return list.empty() ? "" : list.back().value("code", "");
  }
  std::string LastLink() const {
    const nlohmann::json list = phone->Get(std::string("api/mail?email=") + kEmail);
    return list.empty() ? "" : list.back().value("link", "");
  }

  // --- Ways through the portal ---
  void OpenVerify() const {
    browser->Open(sandbox->portal_url());
    browser->Press("Bireysel İşlemler");
  }
  void OpenLogin() const {
    OpenVerify();
    browser->Press("Şifreli Giriş");
  }
  void SendLogin(const std::string& id, const std::string& word) const {
    const std::string captcha = Read(browser->Captcha());
    browser->Type("Kimlik No", id);
    browser->Type("Resimdeki Yazı", captcha);
    browser->Type("Güvenlik Sözcüğü", word);
    browser->Press("Giriş");
  }
  void OpenSmsCode(const std::string& id = kId, const std::string& word = kWord) const {
    OpenLogin();
    SendLogin(id, word);
    browser->Press("Onay");
  }
  void SendCode(const std::string& code) const {
    browser->Type("SMS Onay Kodu", code);
    browser->Press("Gönder");
  }
  void OpenMenu() const {
    OpenSmsCode();
    SendCode(LastCode());
  }
  void OpenPinPage() const {
    OpenMenu();
    browser->Press("PIN / PUK Bilgisi");
  }
  void OpenReset() const {
    OpenLogin();
    browser->Press("Güvenlik Sözcüğümü Unuttum");
  }
  void SendReset(const std::string& id, const std::string& email) const {
    const std::string captcha = Read(browser->Captcha());
    browser->Type("Kimlik No", id);
    browser->Type("E-posta", email);
    browser->Type("Resimdeki Yazı", captcha);
    browser->Press("Gönder");
  }
  void OpenMailLink() const {
    OpenReset();
    SendReset(kId, kEmail);
    browser->Open(LastLink());
  }
  void SendWords(const std::string& word, const std::string& again) const {
    browser->Type("Güvenlik Sözcüğü", word);
    browser->Type("Güvenlik Sözcüğü Tekrarı", again);
    browser->Press("Gönder");
  }

  testing::TempDir folder;
  std::unique_ptr<Sandbox> sandbox;
  std::unique_ptr<testing::HttpClient> phone;
  std::unique_ptr<Browser> browser;
};

}  // namespace ilkimza::sandbox

#endif  // ILKIMZA_TESTS_SANDBOX_FIXTURE_H_
