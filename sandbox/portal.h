// The practice portal's HTTP side: cookies, forms, charsets, redirects, images and
// faults around `Flow`. Thread-safe.
#ifndef ILKIMZA_SANDBOX_PORTAL_H_
#define ILKIMZA_SANDBOX_PORTAL_H_

#include <string>
#include <vector>

#include "sandbox/answer.h"
#include "sandbox/captcha.h"
#include "sandbox/flow.h"
#include "sandbox/https_server.h"
#include "sandbox/ornek.h"
#include "sandbox/state.h"

namespace ilkimza::sandbox {

class Portal {
 public:
  struct Addresses {
    // "https://localhost:P/".
    std::string portal;
    // Other origins, to be led away to.
    std::string offsite_https;
    std::string offsite_http;
  };

  // `state` and `server` outlive the portal.
  Portal(State& state, HttpsServer& server, Addresses addresses, Painter painter);

  void Handle(const httplib::Request& request, httplib::Response& response);

 private:
  // One request on its way through.
  struct Exchange;

  // True where a fault took the request; the answer is then complete.
  bool StrikeBefore(Exchange& exchange);
  void AnswerPage(Exchange& exchange);
  void AnswerCaptcha(Exchange& exchange);
  void Draw(Exchange& exchange, Visit& visit, Page page);
  // False where there is to be no answer.
  bool StrikeAfter(Exchange& exchange);
  [[nodiscard]] std::string OffSite(const Fault& fault) const;

  State& state_;
  HttpsServer& server_;
  const Addresses addresses_;
  Flow flow_;
  OrnekPortal ornek_;
  const Painter painter_;
};

}  // namespace ilkimza::sandbox

#endif  // ILKIMZA_SANDBOX_PORTAL_H_
