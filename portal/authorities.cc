#include "portal/authorities.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <sys/stat.h>

#include "absl/strings/str_cat.h"
#include "base/error.h"

namespace ilkimza::portal {
namespace {

// Where libcurl was told to look by those who packaged it.
const curl_version_info_data& System() { return *curl_version_info(CURLVERSION_NOW); }

std::string SystemFile() { return System().cainfo == nullptr ? "" : System().cainfo; }

CURLcode OnContext(CURL*, void* context, void* store) {
  SSL_CTX_set1_cert_store(static_cast<SSL_CTX*>(context), static_cast<X509_STORE*>(store));
  return CURLE_OK;
}

}  // namespace

Authorities::Version Authorities::VersionOf(const std::string& path) {
  struct stat file {};
  if (path.empty() || stat(path.c_str(), &file) != 0) return {};
  return {.seconds = file.st_mtim.tv_sec,
          .nanoseconds = file.st_mtim.tv_nsec,
          .inode = file.st_ino,
          .size = file.st_size};
}

absl::StatusOr<std::shared_ptr<X509_STORE>> Authorities::Get() {
  const std::lock_guard lock(mutex_);
  const Version version = VersionOf(ca_file_.empty() ? SystemFile() : ca_file_);
  if (store_ == nullptr || version != version_) {
    ILKIMZA_ASSIGN_OR_RETURN(store_, Read());
    version_ = version;
  }
  return store_;
}

absl::StatusOr<std::shared_ptr<X509_STORE>> Authorities::Read() const {
  const std::shared_ptr<X509_STORE> store(X509_STORE_new(), X509_STORE_free);
  // As libcurl sets them: the portal's chain ends at the first that is trusted.
  X509_STORE_set_flags(store.get(), X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_PARTIAL_CHAIN);
  ERR_clear_error();
  if (ca_file_.empty()) {
    // Either may be missing; without both nothing is trusted.
    if (const std::string file = SystemFile(); !file.empty()) {
      X509_STORE_load_file(store.get(), file.c_str());
    }
    if (System().capath != nullptr) X509_STORE_load_path(store.get(), System().capath);
    ERR_clear_error();
    return store;
  }
  if (X509_STORE_load_file(store.get(), ca_file_.c_str()) == 1) return store;
  ERR_clear_error();
  return MakeError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_BAD_CONFIGURATION,
                   absl::StrCat("The file of trusted authorities ", ca_file_,
                                " cannot be read, or holds no certificate: correct the portal's "
                                "ca_file setting."));
}

bool TrustOnly(CURL* easy, X509_STORE* store) {
  if (curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, OnContext) != CURLE_OK) return false;
  curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, store);
  // Nothing else: were the function never called, nobody would be trusted.
  curl_easy_setopt(easy, CURLOPT_CAINFO, nullptr);
  curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);
  return true;
}

}  // namespace ilkimza::portal
