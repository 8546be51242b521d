#include "agent/link/report_outbox.h"

#include <algorithm>

namespace ilkimza::agent {

bool ReportOutbox::Add(const v1::StepReport& report) {
  const auto found = by_journey_.find(report.journey());
  if (found != by_journey_.end()) {
    if (found->second.report.directive_id() > report.directive_id()) return false;
    found->second = {next_sequence_++, report};
    return true;
  }
  if (by_journey_.size() >= kMaxReports) DropOldest();
  by_journey_[report.journey()] = {next_sequence_++, report};
  return true;
}

void ReportOutbox::Taken(std::string_view journey, int64_t directive_id) {
  const auto found = by_journey_.find(journey);
  if (found != by_journey_.end() && found->second.report.directive_id() == directive_id) {
    by_journey_.erase(found);
  }
}

void ReportOutbox::ForgetBefore(std::string_view journey, int64_t directive_id) {
  const auto found = by_journey_.find(journey);
  if (found != by_journey_.end() && found->second.report.directive_id() < directive_id) {
    by_journey_.erase(found);
  }
}

std::vector<v1::StepReport> ReportOutbox::Pending() const {
  std::vector<const Entry*> entries;
  entries.reserve(by_journey_.size());
  for (const auto& [journey, entry] : by_journey_) entries.push_back(&entry);
  std::sort(entries.begin(), entries.end(),
            [](const Entry* a, const Entry* b) { return a->sequence < b->sequence; });
  std::vector<v1::StepReport> reports;
  reports.reserve(entries.size());
  for (const Entry* entry : entries) reports.push_back(entry->report);
  return reports;
}

void ReportOutbox::DropOldest() {
  by_journey_.erase(std::min_element(
      by_journey_.begin(), by_journey_.end(),
      [](const auto& a, const auto& b) { return a.second.sequence < b.second.sequence; }));
}

}  // namespace ilkimza::agent
