#include "tests/support/http.h"

#include <curl/curl.h>

#include <memory>

namespace ilkimza::testing {
namespace {

std::size_t Append(char* data, std::size_t size, std::size_t count, void* target) {
  static_cast<std::string*>(target)->append(data, size * count);
  return size * count;
}

}  // namespace

nlohmann::json HttpClient::Get(const std::string& path) const { return Send(path, nullptr); }

nlohmann::json HttpClient::Post(const std::string& path, const nlohmann::json& body) const {
  const std::string text = body.dump();
  return Send(path, &text);
}

nlohmann::json HttpClient::Send(const std::string& path, const std::string* body) const {
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(),
                                                                 curl_easy_cleanup);
  std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(
      curl_slist_append(nullptr, "Content-Type: application/json"), curl_slist_free_all);
  const std::string url = base_ + (path.front() == '/' ? path.substr(1) : path);
  std::string answer;
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_CAINFO, ca_file_.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT, 30L);
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, Append);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &answer);
  if (body != nullptr) {
    curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDS, body->c_str());
  }
  const CURLcode code = curl_easy_perform(curl.get());
  if (code != CURLE_OK) return {{"error", url + ": " + curl_easy_strerror(code)}};
  auto parsed = nlohmann::json::parse(answer, nullptr, false);
  if (parsed.is_discarded()) return {{"error", url + ": not JSON: " + answer.substr(0, 200)}};
  return parsed;
}

}  // namespace ilkimza::testing
