#include "portal/connections.h"

namespace ilkimza::portal {

Connections::Connections() : share_(curl_share_init()) {
  curl_share_setopt(share_.get(), CURLSHOPT_SHARE, CURL_LOCK_DATA_CONNECT);
  curl_share_setopt(share_.get(), CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
}

void Connections::ShareWith(CURL* easy) { curl_easy_setopt(easy, CURLOPT_SHARE, share_.get()); }

}  // namespace ilkimza::portal
