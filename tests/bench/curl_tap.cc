#include "tests/bench/curl_tap.h"

#include <curl/curl.h>

#include <cstdarg>
#include <map>
#include <utility>

namespace ilkimza::bench {
namespace {

using WriteFunction = size_t (*)(char*, size_t, size_t, void*);

// What is set on a handle.
struct Handle {
  int browser = 0;
  Exchange next;
  const char* body = nullptr;
  curl_off_t body_size = 0;
  const curl_slist* headers = nullptr;
  WriteFunction write = nullptr;
  void* write_to = nullptr;
};

bool g_listening = false;
int g_browsers = 0;
std::map<CURL*, Handle> g_handles;
std::vector<Exchange> g_taken;

Handle* Listened(CURL* easy) {
  if (!g_listening) return nullptr;
  const auto found = g_handles.find(easy);
  return found == g_handles.end() ? nullptr : &found->second;
}

void Note(Handle& handle, CURLoption option, void* pointer) {
  const auto text = [pointer] { return std::string(pointer ? static_cast<char*>(pointer) : ""); };
  switch (option) {
    case CURLOPT_URL:
      handle.next.url = text();
      break;
    case CURLOPT_REFERER:
      handle.next.referer = text();
      break;
    case CURLOPT_USERAGENT:
      handle.next.user_agent = text();
      break;
    case CURLOPT_ACCEPT_ENCODING:
      handle.next.encodings = text();
      break;
    case CURLOPT_POSTFIELDS:
      handle.next.posts = true;
      handle.body = static_cast<char*>(pointer);
      break;
    case CURLOPT_HTTPHEADER:
      handle.headers = static_cast<curl_slist*>(pointer);
      break;
    case CURLOPT_WRITEDATA:
      handle.write_to = pointer;
      break;
    default:
      break;
  }
}

struct Copying {
  Handle& handle;
  std::string& copy;
};

size_t Copy(char* data, size_t size, size_t count, void* self) {
  auto& copying = *static_cast<Copying*>(self);
  copying.copy.append(data, size * count);
  return copying.handle.write(data, size, count, copying.handle.write_to);
}

}  // namespace

CurlTap::CurlTap() {
  g_browsers = 0;
  g_handles.clear();
  g_taken.clear();
  g_listening = true;
}

CurlTap::~CurlTap() { g_listening = false; }

void CurlTap::Pause() { g_listening = false; }
void CurlTap::Resume() { g_listening = true; }

std::vector<Exchange> CurlTap::Taken() { return std::exchange(g_taken, {}); }

}  // namespace ilkimza::bench

// The linker gives these names their meaning.
// NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
extern "C" {

CURL* __real_curl_easy_init();
CURLcode __real_curl_easy_setopt(CURL*, CURLoption, ...);
void __real_curl_easy_reset(CURL*);
CURLcode __real_curl_easy_perform(CURL*);
void __real_curl_easy_cleanup(CURL*);

CURL* __wrap_curl_easy_init() {
  using namespace ilkimza::bench;
  CURL* easy = __real_curl_easy_init();
  if (g_listening) g_handles[easy].browser = g_browsers++;
  return easy;
}

void __wrap_curl_easy_cleanup(CURL* easy) {
  ilkimza::bench::g_handles.erase(easy);
  __real_curl_easy_cleanup(easy);
}

void __wrap_curl_easy_reset(CURL* easy) {
  using namespace ilkimza::bench;
  if (Handle* handle = Listened(easy)) {
    const int browser = handle->browser;
    *handle = Handle();
    handle->browser = browser;
  }
  __real_curl_easy_reset(easy);
}

CURLcode __wrap_curl_easy_setopt(CURL* easy, CURLoption option, ...) {
  using namespace ilkimza::bench;
  Handle* handle = Listened(easy);
  va_list arguments;
  va_start(arguments, option);
  CURLcode code = CURLE_OK;
  if (option >= CURLOPTTYPE_OFF_T && option < CURLOPTTYPE_BLOB) {
    const curl_off_t value = va_arg(arguments, curl_off_t);
    if (handle != nullptr && option == CURLOPT_POSTFIELDSIZE_LARGE) handle->body_size = value;
    code = __real_curl_easy_setopt(easy, option, value);
  } else if (option >= CURLOPTTYPE_OBJECTPOINT) {  // blobs are handed over by pointer, too
    void* const value = va_arg(arguments, void*);
    if (handle != nullptr && option == CURLOPT_WRITEFUNCTION) {
      handle->write = reinterpret_cast<WriteFunction>(value);
    }
    if (handle != nullptr) Note(*handle, option, value);
    code = __real_curl_easy_setopt(easy, option, value);
  } else {
    code = __real_curl_easy_setopt(easy, option, va_arg(arguments, long));
  }
  va_end(arguments);
  return code;
}

CURLcode __wrap_curl_easy_perform(CURL* easy) {
  using namespace ilkimza::bench;
  Handle* handle = Listened(easy);
  if (handle == nullptr) return __real_curl_easy_perform(easy);
  Exchange exchange = handle->next;
  exchange.browser = handle->browser;
  if (exchange.posts) exchange.body.assign(handle->body, static_cast<size_t>(handle->body_size));
  for (const curl_slist* one = handle->headers; one != nullptr; one = one->next) {
    exchange.headers.emplace_back(one->data);
  }
  Copying copying{*handle, exchange.answer};
  __real_curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, Copy);
  __real_curl_easy_setopt(easy, CURLOPT_WRITEDATA, &copying);
  const CURLcode code = __real_curl_easy_perform(easy);
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &exchange.status);
  char* type = nullptr;
  curl_easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &type);
  exchange.content_type = type == nullptr ? "" : type;
  g_taken.push_back(std::move(exchange));
  return code;
}

}  // extern "C"
// NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
