#include "base/secret.h"

#include <sodium.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>
#include <utility>

namespace ilkimza {
namespace {

// Pages of libsodium's guarded allocator, one for each secret. Those of secrets that are
// gone are kept for the next ones, wiped and out of reach: to map, lock and unmap one for
// each costs ten times as much as all else that is done with it.
class Pages {
 public:
  // A secret lies at a page's end, so that reading beyond it faults.
  static constexpr std::size_t kSize = 1024;

  static Pages& Get() {
    // Secrets of static lifetime may outlive any other owner.
    static Pages& pages = *new Pages;
    return pages;
  }

  char* Take() {
    char* page = nullptr;
    {
      const std::lock_guard lock(mutex_);
      if (idle_ > 0) page = pages_[--idle_];
    }
    if (page == nullptr) return static_cast<char*>(sodium_malloc(kSize));
    if (sodium_mprotect_readwrite(page) != 0) throw std::bad_alloc();
    return page;
  }

  // Of `page`, only the last `used` bytes were written.
  void Give(char* page, std::size_t used) {
    sodium_memzero(page + kSize - used, used);
    if (sodium_mprotect_noaccess(page) != 0) std::abort();
    {
      const std::lock_guard lock(mutex_);
      if (idle_ < pages_.size()) {
        pages_[idle_++] = page;
        return;
      }
    }
    sodium_free(page);
  }

 private:
  std::mutex mutex_;
  std::array<char*, 32> pages_ = {};
  std::size_t idle_ = 0;
};

char* NewGuarded(std::string_view plain) {
  if (plain.empty()) return nullptr;
  static const bool ready = sodium_init() >= 0;
  if (!ready) throw std::bad_alloc();
  char* memory = plain.size() <= Pages::kSize ? Pages::Get().Take()
                                              : static_cast<char*>(sodium_malloc(plain.size()));
  if (memory == nullptr) throw std::bad_alloc();
  if (plain.size() <= Pages::kSize) memory += Pages::kSize - plain.size();
  std::memcpy(memory, plain.data(), plain.size());
  return memory;
}

void FreeGuarded(char* memory, std::size_t size) {
  if (size > Pages::kSize) return sodium_free(memory);  // wipes first
  Pages::Get().Give(memory + size - Pages::kSize, size);
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
  if (data_ != nullptr) FreeGuarded(data_, size_);
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
