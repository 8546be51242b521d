// The durable journal of PIN attempts. Each attempt is on disk before it is sent to a
// card, and its result after: a program that dies in between knows at its next start
// that a try may have been spent, and never takes it for one that was not.
//
// The file holds one JSON object for each line: names, serials and results, never a
// PIN. An attempt is synchronised before it is sent; its result survives the program as
// soon as it is written, and a loss of power once it is synchronised, which nobody has
// to wait for: until then it is an attempt without a result. The last 256 attempts are
// known, and each one without a result; the file is kept below about 256 KiB by leaving
// out the others. It is readable by its owner only, and locked while open. A line torn by
// a loss of power is skipped.
//
// Thread-safe.
#ifndef ILKIMZA_AGENT_CARD_JOURNAL_H_
#define ILKIMZA_AGENT_CARD_JOURNAL_H_

#include <unistd.h>

#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "ilkimza/v1/error_reason.pb.h"

namespace ilkimza::agent {

enum class AttemptKind { kVerify, kChange, kTestSign, kUnblock };

enum class AttemptResult {
  // Sent, or about to be: no result yet.
  kOpen,
  // PC/SC refused it before it left: no try was spent.
  kNotSent,
  // The card refused the command without looking at the PIN.
  kRefused,
  kWrong,
  kBlocked,
  // The PIN was right; a change is made, a test signature still under way.
  kRight,
  kSigned,
  kSignatureInvalid,
  // The card's answer never came.
  kUnknown,
};

struct Attempt {
  // Grows with each attempt; given by the journal.
  int64_t number = 0;
  AttemptKind kind = AttemptKind::kVerify;
  std::string serial;
  // Empty and 0 outside journeys.
  std::string journey;
  int64_t directive_id = 0;
  // Empty where the caller gave none.
  std::string request_id;
  AttemptResult result = AttemptResult::kOpen;
  // -1 where the card did not tell.
  int tries_left = -1;
  // kSigned: why nobody takes the signature, where the certificate that confirms it has
  // ended or has not begun.
  v1::ErrorReason signer_trouble = v1::ERROR_REASON_UNSPECIFIED;
};

class Journal {
 public:
  // Brings what was written to the disk: fdatasync(2), or what a test puts in its place.
  using Sync = int (*)(int fd);

  // Makes the file where it is missing. STORE_FAILED where it cannot be read, written
  // or locked; an unreadable line is skipped and logged.
  static absl::StatusOr<std::unique_ptr<Journal>> Open(const std::filesystem::path& path,
                                                       Clock& clock = SystemClock(),
                                                       Sync sync = &fdatasync);
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;
  ~Journal();

  // Returns the attempt's number once it is on disk. STORE_FAILED: nothing may be sent; what
  // of it reached the file is marked as not sent, as far as the disk takes that.
  absl::StatusOr<int64_t> Begin(const Attempt& attempt);
  // A later result replaces an earlier one. It is written, and not yet synchronised.
  absl::Status Finish(int64_t number, AttemptResult result, int tries_left,
                      v1::ErrorReason signer_trouble = v1::ERROR_REASON_UNSPECIFIED);
  // Everything that was written survives a loss of power, or STORE_FAILED.
  absl::Status Synchronise();

  // Attempts without a result, oldest first.
  [[nodiscard]] std::vector<Attempt> Unresolved() const;
  // Serials of the cards that their last attempt may have left with the PIN verified: it has
  // no result, an unknown one, or is a test signature that never ended.
  [[nodiscard]] std::set<std::string> LeftOpen() const;
  // The last attempt of a directive.
  [[nodiscard]] std::optional<Attempt> FindDirective(std::string_view journey,
                                                     int64_t directive_id) const;
  // `request_id` is not empty.
  [[nodiscard]] std::optional<Attempt> FindRequest(std::string_view request_id) const;

 private:
  Journal(std::filesystem::path path, Clock& clock, Sync sync)
      : path_(std::move(path)), clock_(clock), sync_(sync) {}

  absl::Status Load();
  void TakeLine(std::string_view line);
  absl::Status Append(const std::string& line);
  absl::Status SynchroniseLocked() const;
  void DropOldest();
  absl::Status Compact();
  absl::Status Failed(std::string_view what, int error) const;
  [[nodiscard]] Attempt* Find(int64_t number);

  const std::filesystem::path path_;
  Clock& clock_;
  const Sync sync_;
  mutable std::mutex mutex_;
  int fd_ = -1;
  std::size_t size_ = 0;
  bool torn_ = false;
  int64_t last_number_ = 0;
  // Ordered by number.
  std::deque<Attempt> attempts_;
};

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_CARD_JOURNAL_H_
