// Step reports the server has not yet taken. They are sent again after each
// attach until it has, so a report outlives the stream it was first sent on.
//
// A journey has one directive at a time, so only the report of its newest one can
// still matter: at most one report is kept for each journey.
//
// Lives in memory. What may not be lost with the agent, the outcomes of card
// attempts, the card host keeps on disk and answers from there after a restart.
//
// Not thread-safe.
#ifndef ILKIMZA_AGENT_LINK_REPORT_OUTBOX_H_
#define ILKIMZA_AGENT_LINK_REPORT_OUTBOX_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "ilkimza/v1/journey.pb.h"

namespace ilkimza::agent {

class ReportOutbox {
 public:
  // Beyond it the oldest report is dropped: a server that takes none is broken.
  static constexpr size_t kMaxReports = 4096;

  // Keeps the report, unless one of a newer directive of the journey is kept
  // already (then false). Replaces an older one, or the same one said again.
  bool Add(const v1::StepReport& report);

  // The server has it. Unknown ones are ignored.
  void Taken(std::string_view journey, int64_t directive_id);

  // The server directs `directive_id` now, so it has gone past the directives before.
  void ForgetBefore(std::string_view journey, int64_t directive_id);

  // Oldest first.
  [[nodiscard]] std::vector<v1::StepReport> Pending() const;

 private:
  struct Entry {
    uint64_t sequence = 0;
    v1::StepReport report;
  };
  void DropOldest();

  uint64_t next_sequence_ = 0;
  std::map<std::string, Entry, std::less<>> by_journey_;
};

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_LINK_REPORT_OUTBOX_H_
