// What a connection to the portal costs by itself: bare libcurl, an easy handle with a
// connection and a cookie jar of its own for each person, the authorities read once.
//
//   ilkimza_bench_bare_connections URL CA_FILE COUNT
//
// Prints its resident KiB with the first one, then with COUNT more.
#include <curl/curl.h>
#include <openssl/ssl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "tests/bench/measure.h"

namespace {

using ilkimza::bench::DieUnless;
using ilkimza::bench::ResidentKib;

struct FreeEasy {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
using Easy = std::unique_ptr<CURL, FreeEasy>;

std::size_t Drop(char*, std::size_t, std::size_t size, void*) { return size; }

CURLcode UseStore(CURL*, void* context, void* store) {
  SSL_CTX_set1_cert_store(static_cast<SSL_CTX*>(context), static_cast<X509_STORE*>(store));
  return CURLE_OK;
}

Easy Connect(const char* url, X509_STORE* store) {
  Easy easy(curl_easy_init());
  curl_easy_setopt(easy.get(), CURLOPT_URL, url);
  curl_easy_setopt(easy.get(), CURLOPT_CAINFO, nullptr);
  curl_easy_setopt(easy.get(), CURLOPT_CAPATH, nullptr);
  curl_easy_setopt(easy.get(), CURLOPT_SSL_CTX_FUNCTION, UseStore);
  curl_easy_setopt(easy.get(), CURLOPT_SSL_CTX_DATA, store);
  curl_easy_setopt(easy.get(), CURLOPT_COOKIEFILE, "");
  curl_easy_setopt(easy.get(), CURLOPT_WRITEFUNCTION, Drop);
  curl_easy_setopt(easy.get(), CURLOPT_NOSIGNAL, 1L);
  DieUnless(curl_easy_perform(easy.get()) == CURLE_OK, "a bare connection fails");
  return easy;
}

}  // namespace

int main(int argc, char** argv) {
  DieUnless(argc == 4, "give URL CA_FILE COUNT");
  curl_global_init(CURL_GLOBAL_DEFAULT);
  X509_STORE* const store = X509_STORE_new();
  DieUnless(X509_STORE_load_locations(store, argv[2], nullptr) == 1, "no authorities");
  std::vector<Easy> all;
  all.push_back(Connect(argv[1], store));
  const double first = ResidentKib(getpid());
  for (int i = std::atoi(argv[3]); i > 0; --i) all.push_back(Connect(argv[1], store));
  std::printf("%.0f %.0f\n", first, ResidentKib(getpid()));
  return 0;
}
