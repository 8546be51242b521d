// The TLS sessions of one conversation, shared by its browsers: those after the first
// resume what the first has negotiated, without another look at the certificate. They
// are of the conversation only: whoever starts another one checks the portal anew.
//
// Not thread-safe: one conversation, one thread at a time.
#ifndef ILKIMZA_PORTAL_TLS_SESSIONS_H_
#define ILKIMZA_PORTAL_TLS_SESSIONS_H_

#include <curl/curl.h>

#include <memory>

namespace ilkimza::portal {

class TlsSessions {
 public:
  TlsSessions();

  // Nothing but TLS sessions: no cookie ever gets from one browser to another. Must
  // outlive what uses it.
  void ShareWith(CURL* easy);

 private:
  struct Free {
    void operator()(CURLSH* share) const { curl_share_cleanup(share); }
  };
  const std::unique_ptr<CURLSH, Free> share_;
};

}  // namespace ilkimza::portal

#endif  // ILKIMZA_PORTAL_TLS_SESSIONS_H_
