#include "server/engine/name.h"

#include <algorithm>
#include <random>

#include "absl/strings/ascii.h"

namespace ilkimza::server {
namespace {

constexpr std::string_view kAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr std::string_view kJourneys = "journeys/";
constexpr std::string_view kAgents = "agents/";
constexpr std::size_t kJourneyIdSize = 16;
constexpr std::size_t kMaxAgentIdSize = 128;

}  // namespace

std::string NewJourneyName() {
  thread_local std::random_device random;
  std::string name(kJourneys);
  for (std::size_t i = 0; i < kJourneyIdSize; ++i) name += kAlphabet[random() % kAlphabet.size()];
  return name;
}

bool IsJourneyName(std::string_view name) {
  if (name.rfind(kJourneys, 0) != 0) return false;
  name.remove_prefix(kJourneys.size());
  return name.size() == kJourneyIdSize && name.find_first_not_of(kAlphabet) == name.npos;
}

bool IsAgentName(std::string_view name) {
  if (name.rfind(kAgents, 0) != 0) return false;
  name.remove_prefix(kAgents.size());
  const auto is_alnum = [](char c) { return absl::ascii_isalnum(static_cast<unsigned char>(c)); };
  return !name.empty() && name.size() <= kMaxAgentIdSize && is_alnum(name.front()) &&
         std::all_of(name.begin(), name.end(), [&](char c) {
           return is_alnum(c) || c == '.' || c == '_' || c == '-' || c == '@';
         });
}

bool IsProfileName(std::string_view name) {
  return name.size() <= 32 &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_") == std::string_view::npos;
}

}  // namespace ilkimza::server
