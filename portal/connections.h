// What the browsers of one conversation share: the connections to the portal that stay
// open between them, and the TLS sessions. Those after the first go on where the first
// has left off, without another handshake or, where the portal has hung up, with a short
// one. Both are of the conversation only: whoever starts another one checks the portal anew.
//
// Not thread-safe: one conversation, one thread at a time.
#ifndef ILKIMZA_PORTAL_CONNECTIONS_H_
#define ILKIMZA_PORTAL_CONNECTIONS_H_

#include <curl/curl.h>

#include <memory>

namespace ilkimza::portal {

class Connections {
 public:
  Connections();

  // No cookie ever gets from one browser to another. Must outlive what uses it.
  void ShareWith(CURL* easy);

 private:
  struct Free {
    void operator()(CURLSH* share) const { curl_share_cleanup(share); }
  };
  const std::unique_ptr<CURLSH, Free> share_;
};

}  // namespace ilkimza::portal

#endif  // ILKIMZA_PORTAL_CONNECTIONS_H_
