#include "agent/local/journey_hosts.h"

#include <algorithm>

namespace ilkimza::agent {

void JourneyHosts::Note(std::string_view journey, v1::PortalHost host) {
  if (journey.empty() || host == v1::PORTAL_HOST_UNSPECIFIED) return;
  const std::lock_guard lock(mutex_);
  journeys_[std::string(journey)] = {host, next_sequence_++};
  if (journeys_.size() <= kMaxJourneys) return;
  journeys_.erase(std::min_element(
      journeys_.begin(), journeys_.end(),
      [](const auto& a, const auto& b) { return a.second.sequence < b.second.sequence; }));
}

v1::PortalHost JourneyHosts::Find(std::string_view journey) const {
  const std::lock_guard lock(mutex_);
  const auto found = journeys_.find(journey);
  return found == journeys_.end() ? v1::PORTAL_HOST_UNSPECIFIED : found->second.host;
}

}  // namespace ilkimza::agent
