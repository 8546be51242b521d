// Secrets in memory: PIN, PUK, security word, captcha answer, SMS code, mail link.
//
// A `Secret` lives in memory of libsodium's guarded allocator: a page of its own
// between guard pages, locked against swapping, left out of core images, wiped and
// made unreadable when the secret goes. It can be moved but not copied, compared in
// constant time, and never printed: streaming or formatting one does not compile.
//
// Thread-safety: as `std::string`.
//
//   Secret pin(std::move(*request->mutable_pin()));  // wipes the source
//   channel.Transmit(apdu_of(pin.view()));
#ifndef ILKIMZA_BASE_SECRET_H_
#define ILKIMZA_BASE_SECRET_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace ilkimza {

class Secret {
 public:
  Secret() = default;
  // Copies `plain` into guarded memory. The caller still has to wipe `plain`.
  explicit Secret(std::string_view plain);
  // Takes `plain` over and wipes the string it came in.
  explicit Secret(std::string&& plain);
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret();

  // Valid until this object is moved from, wiped or destroyed.
  [[nodiscard]] std::string_view view() const { return {data_, size_}; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  // A deliberate second copy, for the rare case of two owners.
  [[nodiscard]] Secret Clone() const { return Secret(view()); }
  void Wipe();

  // Constant time in the contents, not in the sizes.
  friend bool operator==(const Secret& a, const Secret& b);

 private:
  char* data_ = nullptr;
  std::size_t size_ = 0;
};

// Overwrites `text` with zeros, its spare capacity too, and empties it.
void Wipe(std::string& text);

// Wipes a string when the scope ends.
class WipeGuard {
 public:
  explicit WipeGuard(std::string& text) : text_(text) {}
  WipeGuard(const WipeGuard&) = delete;
  WipeGuard& operator=(const WipeGuard&) = delete;
  ~WipeGuard() { Wipe(text_); }

 private:
  std::string& text_;
};

// To be called first in `main` of every program that handles secrets: no core
// image, no ptrace by other programs of the same user, and libsodium made ready.
void ProtectProcessMemory();

}  // namespace ilkimza

#endif  // ILKIMZA_BASE_SECRET_H_
