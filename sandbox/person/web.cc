#include "sandbox/person/web.h"

#include <curl/curl.h>

#include <memory>

#include "sandbox/text.h"

namespace ilkimza::sandbox {
namespace {

using nlohmann::json;

// More than any answer of the sandbox.
constexpr std::size_t kLongestAnswer = 64 << 20;

std::size_t Append(char* data, std::size_t size, std::size_t count, void* target) {
  auto* text = static_cast<std::string*>(target);
  if (text->size() + size * count > kLongestAnswer) return 0;
  text->append(data, size * count);
  return size * count;
}

}  // namespace

absl::StatusOr<json> Web::Get(const std::string& path) const { return Send(path, nullptr); }

absl::StatusOr<json> Web::Post(const std::string& path, const json& body) const {
  const std::string text = body.dump();
  return Send(path, &text);
}

absl::StatusOr<json> Web::Send(const std::string& path, const std::string* body) const {
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(),
                                                                 curl_easy_cleanup);
  const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(
      curl_slist_append(nullptr, "Content-Type: application/json"), curl_slist_free_all);
  const std::string url = base_ + path;
  std::string answer;
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_CAINFO, ca_file_.c_str());
  // No environment may lead what is typed here to anywhere else.
  curl_easy_setopt(curl.get(), CURLOPT_PROXY, "");
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT, 10L);
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, Append);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &answer);
  if (body != nullptr) {
    curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDS, body->c_str());
  }
  if (const CURLcode code = curl_easy_perform(curl.get()); code != CURLE_OK) {
    return absl::UnavailableError(
        Cat("The sandbox at ", base_, " does not answer: ", curl_easy_strerror(code), "."));
  }
  json parsed = json::parse(answer, nullptr, /*allow_exceptions=*/false);
  if (parsed.is_discarded()) {
    return absl::UnavailableError(Cat("What answers at ", base_, " is not the sandbox's phone."));
  }
  if (parsed.is_object() && parsed.contains("error") && parsed["error"].is_string()) {
    return absl::InvalidArgumentError(parsed["error"].get<std::string>());
  }
  return parsed;
}

}  // namespace ilkimza::sandbox
