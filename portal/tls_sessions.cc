#include "portal/tls_sessions.h"

namespace ilkimza::portal {

TlsSessions::TlsSessions() : share_(curl_share_init()) {
  curl_share_setopt(share_.get(), CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
}

void TlsSessions::ShareWith(CURL* easy) { curl_easy_setopt(easy, CURLOPT_SHARE, share_.get()); }

}  // namespace ilkimza::portal
