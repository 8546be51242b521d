#include "sandbox/portal.h"

#include <httplib.h>

#include <algorithm>
#include <mutex>
#include <utility>

#include "sandbox/page_faults.h"
#include "sandbox/random.h"
#include "sandbox/text.h"

namespace ilkimza::sandbox {
namespace {

constexpr std::string_view kLoopPath = "/dongu";

std::string CookieNamed(const httplib::Request& request, std::string_view name) {
  const std::string header = request.get_header_value("Cookie");
  std::string_view rest = header;
  while (!rest.empty()) {
    const auto end = rest.find(';');
    std::string_view pair = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    while (pair.starts_with(' ')) pair.remove_prefix(1);
    if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=') {
      return std::string(pair.substr(name.size() + 1));
    }
  }
  return "";
}

std::string Parameter(const httplib::Request& request, std::string_view name) {
  return request.get_param_value(std::string(name));
}

void Redirect(Answer& answer, std::string location) {
  answer.status = 303;
  answer.headers.emplace_back("Location", std::move(location));
}

}  // namespace

struct Portal::Exchange {
  const httplib::Request& request;
  Place place;
  Answer answer;

  [[nodiscard]] const Renderer& renderer() const { return RendererOf(place.style); }
  [[nodiscard]] FaultTarget target() const { return {place.screen, request.method, place.captcha}; }
};

Portal::Portal(State& state, HttpsServer& server, Addresses addresses, Painter painter)
    : state_(state),
      server_(server),
      addresses_(std::move(addresses)),
      flow_(state, addresses_.portal),
      ornek_(state, flow_),
      painter_(std::move(painter)) {}

void Portal::Handle(const httplib::Request& request, httplib::Response& response) {
  if (request.path == kTextImagePath) {
    const std::string text = Decoded(Parameter(request, "t").substr(0, 120), Charset::kUtf8);
    response.set_content(painter_.ButtonImage(text), "image/png");
    return;
  }
  if (request.path == kLoopPath) {
    const int turn = SmallNumber(Parameter(request, "tur")).value_or(0);
    response.set_redirect(Cat(kLoopPath, "?tur=", turn % 1000 + 1), 303);
    return;
  }
  Exchange exchange{request, {}, {}};
  std::chrono::milliseconds latency{0};
  {
    const std::lock_guard lock(state_.mutex);
    latency = state_.rules.latency;
    exchange.place = PlaceOf(request.path, state_.rules.style)
                         .value_or(Place{state_.rules.style, Screen::kNotFound});
    const std::string_view name =
        exchange.place.captcha ? "captcha" : NameOf(exchange.place.screen);
    ++state_.requests[Cat(request.method, " ", name)];
  }
  exchange.answer.headers.emplace_back("Cache-Control", "no-store");
  if (latency.count() > 0 && !server_.Sleep(latency)) return;
  if (!StrikeBefore(exchange)) {
    if (exchange.place.captcha) {
      AnswerCaptcha(exchange);
    } else {
      AnswerPage(exchange);
    }
  }
  if (StrikeAfter(exchange)) Send(exchange.answer, server_, response);
}

std::string Portal::OffSite(const Fault& fault) const {
  if (fault.to.empty()) return addresses_.offsite_https;
  return fault.to == "http" ? addresses_.offsite_http : fault.to;
}

bool Portal::StrikeBefore(Exchange& exchange) {
  std::vector<Fault> faults;
  {
    const std::lock_guard lock(state_.mutex);
    faults = state_.faults.Strike(FaultPhase::kBefore, exchange.target());
  }
  bool taken = false;
  for (const Fault& fault : faults) {
    switch (fault.kind) {
      case Fault::Kind::kSlow:
        server_.Sleep(std::chrono::milliseconds(fault.ms < 0 ? 3000 : fault.ms));
        continue;
      case Fault::Kind::kReset:
        HttpsServer::ResetConnection();
        break;
      case Fault::Kind::kServerError:
      case Fault::Kind::kMaintenance: {
        const std::lock_guard lock(state_.mutex);
        Visit nobody{.style = exchange.place.style, .now = std::chrono::steady_clock::now()};
        Draw(exchange, nobody,
             Flow::Plain(fault.kind == Fault::Kind::kMaintenance ? Screen::kMaintenance
                                                                 : Screen::kServerError));
        break;
      }
      case Fault::Kind::kRedirectLoop:
        Redirect(exchange.answer, std::string(kLoopPath));
        break;
      case Fault::Kind::kOffSite:
        Redirect(exchange.answer, OffSite(fault));
        break;
      default:
        continue;
    }
    taken = true;
  }
  return taken;
}

bool Portal::StrikeAfter(Exchange& exchange) {
  std::vector<Fault> faults;
  {
    const std::lock_guard lock(state_.mutex);
    faults = state_.faults.Strike(FaultPhase::kAnswer, exchange.target());
  }
  for (const Fault& fault : faults) {
    if (fault.kind == Fault::Kind::kLost) {
      HttpsServer::CloseConnection();
      return false;
    }
    if (fault.kind == Fault::Kind::kTruncated) exchange.answer.truncated = true;
    if (fault.kind == Fault::Kind::kDrip) {
      exchange.answer.drip = std::chrono::milliseconds(fault.ms < 0 ? 50 : fault.ms);
    }
  }
  return true;
}

void Portal::AnswerPage(Exchange& exchange) {
  const httplib::Request& request = exchange.request;
  const Renderer& renderer = exchange.renderer();
  const std::string cookie = CookieNamed(request, renderer.cookie());

  const std::lock_guard lock(state_.mutex);
  Visit visit{.style = exchange.place.style, .now = std::chrono::steady_clock::now()};
  if (state_.maintenance) {
    Draw(exchange, visit, Flow::Plain(Screen::kMaintenance));
    return;
  }
  visit.session = state_.sessions.Find(cookie, visit.now);
  const bool known = visit.session != nullptr;
  if (!known) visit.session = &state_.sessions.New(visit.now);

  const bool ornek = state_.rules.portal == PortalKind::kOrnek;
  Outcome outcome;
  if (request.method != "POST") {
    const std::string link = Parameter(request, "anahtar");
    outcome = ornek ? ornek_.Show(exchange.place.screen, link, visit)
                    : flow_.Show(exchange.place.screen, link, visit);
  } else if (!known) {
    outcome.redirect = Screen::kSessionEnded;
  } else {
    Parameters parameters;
    for (const auto& [name, value] : request.params) {
      parameters.emplace(name, Decoded(value, visit.session->charset));
    }
    const Submission submission = renderer.Read(parameters);
    outcome = ornek ? ornek_.Submit(exchange.place.screen, submission, visit)
                    : flow_.Submit(exchange.place.screen, submission, visit);
  }
  if (visit.session->id != cookie) {
    exchange.answer.headers.emplace_back(
        "Set-Cookie",
        Cat(renderer.cookie(), "=", visit.session->id, "; Path=/; Secure; HttpOnly; SameSite=Lax"));
  }
  if (outcome.page) {
    Draw(exchange, visit, *std::move(outcome.page));
  } else {
    Redirect(exchange.answer, renderer.PathOf(outcome.redirect));
  }
}

// With the lock held.
void Portal::Draw(Exchange& exchange, Visit& visit, Page page) {
  const FaultTarget target{page.screen, exchange.request.method, false};
  const std::vector<Fault> faults = state_.faults.Strike(FaultPhase::kPage, target);
  if (state_.rules.portal == PortalKind::kOrnek) {
    page = ornek_.Retold(std::move(page), visit.session);
  }
  RenderContext context;
  for (const Fault& fault : faults) {
    Apply(fault, page);
    if (fault.kind == Fault::Kind::kOffSiteForm) context.form_action = OffSite(fault);
  }
  const PortalRules& rules = state_.rules;
  if (visit.session != nullptr) {
    context.token = visit.session->IssueToken(page.screen);
    context.captcha_id = visit.session->captcha_id;
    visit.session->charset = rules.charset;
  }
  const bool in_meta = rules.charset_declared == CharsetDeclared::kBoth ||
                       rules.charset_declared == CharsetDeclared::kMeta;
  const bool in_header = rules.charset_declared == CharsetDeclared::kBoth ||
                         rules.charset_declared == CharsetDeclared::kHeader;
  if (in_meta) context.meta_charset = NameOf(rules.charset);

  Answer& answer = exchange.answer;
  answer.status = page.status;
  answer.content_type = in_header ? Cat("text/html; charset=", NameOf(rules.charset)) : "text/html";
  if (page.status == 503) answer.headers.emplace_back("Retry-After", "120");
  answer.body = Encoded(exchange.renderer().Render(page, context), rules.charset);
  for (const Fault& fault : faults) Apply(fault, Encoded(page.heading, rules.charset), answer);
}

void Portal::AnswerCaptcha(Exchange& exchange) {
  const Renderer& renderer = exchange.renderer();
  const std::string cookie = CookieNamed(exchange.request, renderer.cookie());
  const bool anew = renderer.captcha_parameter().empty();
  Answer& answer = exchange.answer;
  answer.status = 404;
  answer.content_type = "text/plain";
  std::string text;
  {
    const std::lock_guard lock(state_.mutex);
    Session* session = state_.sessions.Find(cookie, std::chrono::steady_clock::now());
    if (session == nullptr || session->captcha_answer.empty()) return;
    if (anew) {
      session->captcha_answer = NewCaptchaText();
      session->captcha_png.clear();
    } else if (Parameter(exchange.request, renderer.captcha_parameter()) != session->captcha_id) {
      return;
    }
    text = session->captcha_answer;
    answer.body = session->captcha_png;
  }
  if (answer.body.empty()) {
    answer.body = painter_.Captcha(text);
    const std::string hash = Sha256(answer.body);
    const std::lock_guard lock(state_.mutex);
    state_.ledger.Record({.sha256 = hash, .answer = text});
    Session* session = state_.sessions.Find(cookie, std::chrono::steady_clock::now());
    if (session != nullptr && session->captcha_answer == text) session->captcha_png = answer.body;
  }
  answer.status = 200;
  answer.content_type = "image/png";
}

}  // namespace ilkimza::sandbox
