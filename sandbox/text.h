// Putting texts together from `std::string_view`s, strings and whole numbers.
#ifndef ILKIMZA_SANDBOX_TEXT_H_
#define ILKIMZA_SANDBOX_TEXT_H_

#include <concepts>
#include <string>
#include <string_view>

namespace ilkimza::sandbox {

inline void AddPart(std::string& out, std::string_view part) { out.append(part); }
inline void AddPart(std::string& out, std::integral auto part) { out += std::to_string(part); }

template <typename... Parts>
void AddTo(std::string& out, const Parts&... parts) {
  (AddPart(out, parts), ...);
}

template <typename... Parts>
std::string Cat(const Parts&... parts) {
  std::string out;
  AddTo(out, parts...);
  return out;
}

}  // namespace ilkimza::sandbox

#endif  // ILKIMZA_SANDBOX_TEXT_H_
