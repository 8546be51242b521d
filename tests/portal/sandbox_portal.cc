#include "tests/portal/sandbox_portal.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstdlib>

namespace ilkimza::portal {
namespace {

using Json = nlohmann::json;
using std::chrono::seconds;

constexpr char kWorld[] = R"({"holders": [
  {"national_id": "27391460596", "name": "Ayşe Işık", "email": "ayse@ornek.example",
   "phone": "5421234525", "security_word": "Mavi7Deniz",
   "cards": [{"serial": "87211470000000000000", "pin": "483915", "puk": "70294816"}]},
  {"national_id": "51820394732", "name": "Çağrı Öztürk", "email": "cagri@ornek.example",
   "phone": "5359876140", "security_word": "Kuzey4Yıldızı",
   "cards": [{"serial": "87211470000000000017", "pin": "920457", "puk": "31580642"},
             {"serial": "87211470000000000025", "pin": "165038", "puk": "84927150"}]}]})";

std::string Sha256(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr);
  std::string hex;
  for (unsigned i = 0; i < size; ++i) {
    hex += "0123456789abcdef"[digest[i] >> 4];
    hex += "0123456789abcdef"[digest[i] & 0xF];
  }
  return hex;
}

}  // namespace

const Holder& Ayse() {
  static const Holder holder{"27391460596", "ayse@ornek.example",     "5421234525",
                             "Mavi7Deniz",  {"87211470000000000000"}, {"483915"}};
  return holder;
}

const Holder& Cagri() {
  static const Holder holder{"51820394732",
                             "cagri@ornek.example",
                             "5359876140",
                             "Kuzey4Yıldızı",
                             {"87211470000000000017", "87211470000000000025"},
                             {"920457", "165038"}};
  return holder;
}

SandboxPortal& SandboxPortal::Get() {
  static SandboxPortal portal;
  return portal;
}

SandboxPortal::SandboxPortal() {
  const std::string world = folder_ / "world.json";
  ca_file_ = folder_ / "ca.pem";
  testing::WriteFile(world, kWorld);
  process_ = std::make_unique<testing::Process>(testing::Process::Options{
      .command = {SANDBOX_PROGRAM, "--world", world, "--ca-out", ca_file_, "--no-card"},
      .stderr_file = folder_ / "sandbox.log"});
  const auto ready = process_->ReadLine(seconds(30));
  if (!ready) std::abort();
  const Json line = Json::parse(*ready);
  url_ = line["portal_url"];
  client_ = std::make_unique<testing::HttpClient>(line["phone_url"], ca_file_);
}

void SandboxPortal::Reset(const std::string& style, const std::string& charset,
                          const std::string& portal) {
  portal_ = portal;
  Control("reset", Json::object());
  Control("rules", {{"style", style}, {"charset", charset}, {"portal", portal}});
}

Profile SandboxPortal::profile() const { return *Profile::Named(portal_)->WithEntrance(url_); }

BrowserOptions SandboxPortal::browser() const {
  BrowserOptions options;
  options.ca_file = ca_file_;
  options.total_timeout = absl::Seconds(20);
  return options;
}

Json SandboxPortal::Control(const std::string& what, const Json& body) {
  return client_->Post("control/" + what, body);
}

Json SandboxPortal::State() { return client_->Get("control/state"); }

int SandboxPortal::Presses(const std::string& control) { return AllPresses().value(control, 0); }

int SandboxPortal::Requests(const std::string& request) {
  return State()["requests"].value(request, 0);
}

std::string SandboxPortal::ReadCaptcha(std::string_view image) {
  const std::string digest = Sha256(image);
  for (const Json& captcha : client_->Get("control/captchas")) {
    if (captcha["sha256"] == digest) return captcha["answer"];
  }
  return "?";
}

std::string SandboxPortal::LastSmsCode(const std::string& phone) {
  const Json list = client_->Get("api/sms?phone=" + phone);
  return list.empty() ? "" : list.back()["code"].get<std::string>();
}

std::string SandboxPortal::LastMailLink(const std::string& email) {
  const Json list = client_->Get("api/mail?email=" + email);
  return list.empty() ? "" : list.back()["link"].get<std::string>();
}

std::string MarkupName(const Markup& markup) {
  std::string name = markup.style + "_" + markup.charset;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

}  // namespace ilkimza::portal
