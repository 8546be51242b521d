// The connection that writes, with its statements: what becomes of a change in the
// tables of schema.h.
//
// Not thread-safe: used by the thread of the store that writes. AppendRows is made by
// whoever hands in the change.
//
// Example:
//   writer.Begin();
//   bool broken = false;
//   const absl::Status one = writer.Write(rows, broken);
//   if (broken) writer.Rollback(); else writer.Commit();
#ifndef ILKIMZA_SERVER_STORE_SQLITE_WRITER_H_
#define ILKIMZA_SERVER_STORE_SQLITE_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/store/sqlite.h"
#include "server/store/store.h"

namespace ilkimza::server {

// An AppendRequest as the bytes of its rows. Serialising is most of the work that needs
// no database, so that callers do it side by side and the one writer only writes.
class AppendRows {
 public:
  explicit AppendRows(AppendRequest request);

  [[nodiscard]] const v1::Journey& journey() const { return *journey_; }
  [[nodiscard]] std::string_view journey_bytes() const;
  [[nodiscard]] std::size_t events() const { return events_.size(); }
  [[nodiscard]] int64_t event_revision(std::size_t i) const { return events_[i].revision; }
  [[nodiscard]] std::string_view event_bytes(std::size_t i) const;
  [[nodiscard]] const std::optional<RequestKey>& request() const { return request_; }

 private:
  struct Event {
    int64_t revision;
    std::size_t end;
  };

  JourneyPtr journey_;
  std::optional<RequestKey> request_;
  // The journey's, then those of each event.
  std::string bytes_;
  std::size_t journey_end_ = 0;
  std::vector<Event> events_;
};

class SqliteWriter {
 public:
  static absl::StatusOr<SqliteWriter> Make(std::unique_ptr<Database> database);

  absl::Status Begin() { return begin_.Run(); }
  absl::Status Commit() { return commit_.Run(); }
  void Rollback();

  // OK, or what is wrong with this one, nothing of which was written then; `broken`
  // is set where the transaction as a whole cannot go on.
  absl::Status Write(const AppendRows& rows, bool& broken);
  absl::Status Write(const v1::Agent& agent, bool& broken);
  absl::Status Write(const v1::PortalScreen& screen, bool& broken);
  absl::Status Write(const EnrolmentChange& change, bool& broken);

 private:
  SqliteWriter() = default;

  absl::Status PrepareAll();
  absl::Status WriteEnrolment(const EnrolmentChange& change);
  absl::Status WriteRequest(const RequestKey& key, const std::string& journey, bool& broken);
  // The journey's seq; 0 where it is not at the revision before.
  absl::StatusOr<int64_t> WriteJourney(const AppendRows& rows);
  absl::StatusOr<int64_t> InsertJourney(const AppendRows& rows);
  absl::StatusOr<int64_t> FindSeq(const std::string& name);

  std::unique_ptr<Database> database_;
  Statement begin_, commit_, insert_, find_, update_, end_, event_, request_, forget_, agent_;
  Statement token_, delete_token_, certificate_, delete_agent_, screen_;
  std::string buffer_;
  // Of journeys under way, so that a step needs no look at the index of names. Emptied
  // by a rollback, after which a seq may be given to another journey.
  std::unordered_map<std::string, int64_t> seqs_;
};

}  // namespace ilkimza::server

#endif  // ILKIMZA_SERVER_STORE_SQLITE_WRITER_H_
