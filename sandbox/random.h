// Random texts from OpenSSL's generator. Thread-safe.
#ifndef ILKIMZA_SANDBOX_RANDOM_H_
#define ILKIMZA_SANDBOX_RANDOM_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace ilkimza::sandbox {

// Evenly in [0, bound); bound > 0.
uint32_t RandomBelow(uint32_t bound);
std::string RandomText(std::size_t size, std::string_view alphabet);
// Hexadecimal, 4 bits a character.
std::string RandomToken(std::size_t size = 32);
std::string RandomDigits(std::size_t size);
// Hexadecimal, lower case.
std::string Sha256(std::string_view bytes);

}  // namespace ilkimza::sandbox

#endif  // ILKIMZA_SANDBOX_RANDOM_H_
