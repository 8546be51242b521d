#include "agent/card/snapshot.h"

#include <algorithm>

#include "base/error.h"

namespace ilkimza::agent {
namespace {

bool SameReader(const SeenReader& a, const SeenReader& b) {
  return a.facts.insertion == b.facts.insertion && a.family == b.family && a.asking == b.asking &&
         ReasonOf(a.trouble) == ReasonOf(b.trouble) &&
         a.reader.SerializeAsString() == b.reader.SerializeAsString() &&
         a.card.SerializeAsString() == b.card.SerializeAsString();
}

}  // namespace

absl::Status NotAnswering() {
  return MakeError(absl::StatusCode::kUnavailable, v1::ERROR_REASON_SMART_CARD_SERVICE_STOPPED,
                   "The smart-card service of this PC does not answer. Start it anew: systemctl "
                   "restart pcscd");
}

bool Snapshot::Settled() const {
  return complete &&
         std::none_of(readers.begin(), readers.end(), [](const auto& r) { return r.asking; });
}

std::vector<std::string> Snapshot::Serials() const {
  std::vector<std::string> serials;
  for (const SeenReader& seen : readers) {
    if (!seen.card.serial().empty()) serials.push_back(seen.card.serial());
  }
  return serials;
}

const SeenReader* Snapshot::FindCard(std::string_view name) const {
  for (const SeenReader& seen : readers) {
    if (!seen.card.name().empty() && seen.card.name() == name) return &seen;
  }
  return nullptr;
}

bool LookAlike(const Snapshot& a, const Snapshot& b) {
  return a.service_running == b.service_running && ReasonOf(a.service) == ReasonOf(b.service) &&
         a.complete == b.complete &&
         std::equal(a.readers.begin(), a.readers.end(), b.readers.begin(), b.readers.end(),
                    SameReader);
}

}  // namespace ilkimza::agent
