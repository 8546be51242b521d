#include "sandbox/random.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <array>
#include <cstdlib>

#include "absl/strings/escaping.h"

namespace ilkimza::sandbox {

uint32_t RandomBelow(uint32_t bound) {
  // Values past the last whole multiple of `bound` would make the low ones likelier.
  const uint32_t limit = UINT32_MAX - UINT32_MAX % bound;
  uint32_t value = 0;
  do {
    if (RAND_bytes(reinterpret_cast<unsigned char*>(&value), sizeof value) != 1) std::abort();
  } while (value >= limit);
  return value % bound;
}

std::string RandomText(std::size_t size, std::string_view alphabet) {
  std::string text;
  for (std::size_t i = 0; i < size; ++i) {
    text += alphabet[RandomBelow(static_cast<uint32_t>(alphabet.size()))];
  }
  return text;
}

std::string RandomToken(std::size_t size) { return RandomText(size, "0123456789abcdef"); }

std::string RandomDigits(std::size_t size) { return RandomText(size, "0123456789"); }

std::string Sha256(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) {
    std::abort();
  }
  return absl::BytesToHexString({reinterpret_cast<const char*>(digest.data()), size});
}

}  // namespace ilkimza::sandbox
