#include "sandbox/phone.h"

#include <httplib.h>

#include <mutex>
#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/time/time.h"
#include "sandbox/text.h"

namespace ilkimza::sandbox {
namespace {

using nlohmann::ordered_json;
using SystemTime = std::chrono::system_clock::time_point;

constexpr std::string_view kHead =
    "<!DOCTYPE html>\n<html lang=\"tr\"><head><meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"refresh\" content=\"2\"><meta name=\"viewport\" "
    "content=\"width=device-width\">\n<title>Telefon ve posta · Phone and mail</title>\n<style>"
    "body{font:16px/1.5 'DejaVu Sans',sans-serif;max-width:44rem;margin:1.5rem auto;padding:0 1rem;"
    "background:#f4f6f8;color:#222}article{background:#fff;border-radius:8px;padding:.6rem 1rem;"
    "margin:.6rem 0;white-space:pre-wrap;overflow-wrap:anywhere}small{color:#667}</style></head>"
    "<body>\n<h1>Telefon ve posta kutusu</h1>\n<p lang=\"en\">The practice holders' phone and "
    "mailbox. New messages come by themselves.</p>\n";

std::string TimeText(SystemTime time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", absl::FromChrono(time), absl::UTCTimeZone());
}

std::string ClockText(SystemTime time) {
  return absl::FormatTime("%H:%M:%S", absl::FromChrono(time), absl::LocalTimeZone());
}

// In messages a link is for clicking.
std::string WithLink(std::string text, const std::string& link) {
  const auto at = link.empty() ? std::string::npos : text.find(link);
  if (at == std::string::npos) return Escaped(text);
  return Cat(Escaped(text.substr(0, at)), "<a href=\"", Escaped(link), "\">", Escaped(link), "</a>",
             Escaped(text.substr(at + link.size())));
}

}  // namespace

void Phone::Handle(const httplib::Request& request, httplib::Response& response) {
  response.set_header("Cache-Control", "no-store");
  const std::string& path = request.path;
  if (path.starts_with("/control/")) {
    const Control::Reply reply = control_.Handle(request.method, path, request.body);
    response.status = reply.status;
    response.set_content(reply.json, "application/json");
  } else if (path.starts_with("/offsite")) {
    control_.CountOffSiteVisit();
    response.set_content("<!DOCTYPE html><title>Yabancı site</title><h1>Yabancı site</h1>",
                         "text/html; charset=utf-8");
  } else if (request.method == "GET" && path == "/") {
    response.set_content(Html(), "text/html; charset=utf-8");
  } else if (request.method == "GET" && path == "/api/sms") {
    response.set_content(SmsJson(request.get_param_value("phone")), "application/json");
  } else if (request.method == "GET" && path == "/api/mail") {
    response.set_content(MailJson(request.get_param_value("email")), "application/json");
  } else {
    response.status = 404;
    response.set_content(R"({"error":"No such page; see sandbox/README.md."})", "application/json");
  }
}

std::string Phone::Html() {
  constexpr std::size_t kShown = 50;
  std::string out(kHead);
  const std::lock_guard lock(state_.mutex);
  AddTo(out, "<h2>SMS</h2>\n");
  std::size_t shown = 0;
  for (auto sms = state_.mailbox.sms().rbegin();
       sms != state_.mailbox.sms().rend() && shown < kShown; ++sms, ++shown) {
    AddTo(out, "<article><small>", ClockText(sms->time), " · 0", sms->phone, "</small>\n",
          Escaped(sms->text), "</article>\n");
  }
  if (shown == 0) out += "<p>Henüz SMS yok. <span lang=\"en\">No SMS yet.</span></p>\n";
  AddTo(out, "<h2>E-posta</h2>\n");
  shown = 0;
  for (auto mail = state_.mailbox.mail().rbegin();
       mail != state_.mailbox.mail().rend() && shown < kShown; ++mail, ++shown) {
    AddTo(out, "<article><small>", ClockText(mail->time), " · ", Escaped(mail->email),
          "</small>\n<strong>", Escaped(mail->subject), "</strong>\n",
          WithLink(mail->text, mail->link), "</article>\n");
  }
  if (shown == 0) out += "<p>Henüz e-posta yok. <span lang=\"en\">No mail yet.</span></p>\n";
  out += "</body></html>\n";
  return out;
}

std::string Phone::SmsJson(const std::string& phone) {
  const std::string wanted = NormalPhone(phone);
  ordered_json list = ordered_json::array();
  const std::lock_guard lock(state_.mutex);
  for (const Sms& sms : state_.mailbox.sms()) {
    if (!phone.empty() && sms.phone != wanted) continue;
    list.push_back({{"id", sms.id},
                    {"time", TimeText(sms.time)},
                    {"phone", sms.phone},
                    {"text", sms.text},
                    {"code", sms.code}});
  }
  return list.dump();
}

std::string Phone::MailJson(const std::string& email) {
  const std::string wanted = absl::AsciiStrToLower(email);
  ordered_json list = ordered_json::array();
  const std::lock_guard lock(state_.mutex);
  for (const Mail& mail : state_.mailbox.mail()) {
    if (!email.empty() && absl::AsciiStrToLower(mail.email) != wanted) continue;
    list.push_back({{"id", mail.id},
                    {"time", TimeText(mail.time)},
                    {"email", mail.email},
                    {"subject", mail.subject},
                    {"text", mail.text},
                    {"link", mail.link}});
  }
  return list.dump();
}

}  // namespace ilkimza::sandbox
