#include "base/secret.h"

#include <sodium.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <cstring>
#include <new>
#include <utility>

namespace ilkimza {
namespace {

char* NewGuarded(std::string_view plain) {
  if (plain.empty()) return nullptr;
  if (sodium_init() < 0) throw std::bad_alloc();
  void* memory = sodium_malloc(plain.size());
  if (memory == nullptr) throw std::bad_alloc();
  std::memcpy(memory, plain.data(), plain.size());
  return static_cast<char*>(memory);
}

}  // namespace

Secret::Secret(std::string_view plain) : data_(NewGuarded(plain)), size_(plain.size()) {}

Secret::Secret(std::string&& plain) : Secret(std::string_view(plain)) { ilkimza::Wipe(plain); }

Secret::Secret(Secret&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    Wipe();
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

Secret::~Secret() { Wipe(); }

void Secret::Wipe() {
  if (data_ != nullptr) sodium_free(data_);  // wipes first
  data_ = nullptr;
  size_ = 0;
}

bool operator==(const Secret& a, const Secret& b) {
  return a.size_ == b.size_ && (a.size_ == 0 || sodium_memcmp(a.data_, b.data_, a.size_) == 0);
}

void Wipe(std::string& text) {
  text.resize(text.capacity());
  sodium_memzero(text.data(), text.size());
  text.clear();
}

void ProtectProcessMemory() {
  if (sodium_init() < 0) std::abort();
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

}  // namespace ilkimza
