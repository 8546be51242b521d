// Who hosts the portal conversation of which journey: this agent, or the server.
// Learnt from what passes by (directives, forwarded journeys), and asked of the
// server otherwise. It never changes during a journey.
//
// Thread-safe.
#ifndef ILKIMZA_AGENT_LOCAL_JOURNEY_HOSTS_H_
#define ILKIMZA_AGENT_LOCAL_JOURNEY_HOSTS_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "ilkimza/v1/journey.pb.h"

namespace ilkimza::agent {

class JourneyHosts {
 public:
  // The journeys that were named longest ago are forgotten beyond it.
  static constexpr size_t kMaxJourneys = 1024;

  void Note(std::string_view journey, v1::PortalHost host);
  void Note(const v1::Journey& journey) { Note(journey.name(), journey.portal_host()); }
  // PORTAL_HOST_UNSPECIFIED where it is not known.
  [[nodiscard]] v1::PortalHost Find(std::string_view journey) const;

 private:
  struct Entry {
    v1::PortalHost host;
    uint64_t sequence;
  };
  mutable std::mutex mutex_;
  uint64_t next_sequence_ = 0;
  std::map<std::string, Entry, std::less<>> journeys_;
};

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_LOCAL_JOURNEY_HOSTS_H_
