#include "agent/card/journal.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/error.h"
#include "base/log.h"

namespace ilkimza::agent {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxSize = 256 * 1024;
// Attempts that are known; a journey has a handful.
constexpr std::size_t kKept = 256;
constexpr std::size_t kMaxText = 256;
// Nobody gets there by attempts: a line with a larger number is a damaged one.
constexpr int64_t kMaxNumber = int64_t{1} << 48;

// In the order of the enums.
constexpr std::array<std::string_view, 4> kKinds = {"verify", "change", "test-sign", "unblock"};
constexpr std::array<std::string_view, 9> kResults = {"open",   "not-sent",          "refused",
                                                      "wrong",  "blocked",           "right",
                                                      "signed", "signature-invalid", "unknown"};

template <typename Enum, std::size_t kSize>
std::optional<Enum> Named(const std::array<std::string_view, kSize>& names, std::string_view name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<Enum>(found - names.begin());
}

std::string Text(const json& record, const char* key) {
  const auto found = record.find(key);
  if (found == record.end() || !found->is_string()) return {};
  return found->get<std::string>().substr(0, kMaxText);
}

int64_t Number(const json& record, const char* key, int64_t otherwise) {
  const auto found = record.find(key);
  return found != record.end() && found->is_number_integer() ? found->get<int64_t>() : otherwise;
}

std::string Line(json record, absl::Time now) {
  record["time"] = absl::FormatTime(absl::RFC3339_sec, now, absl::UTCTimeZone());
  return record.dump(-1, ' ', true, json::error_handler_t::replace) + "\n";
}

std::string BeginLine(const Attempt& attempt, absl::Time now) {
  json record = {{"attempt", attempt.number},
                 {"kind", kKinds.at(static_cast<std::size_t>(attempt.kind))},
                 {"serial", attempt.serial}};
  if (!attempt.journey.empty()) {
    record["journey"] = attempt.journey;
    record["directive"] = attempt.directive_id;
  }
  if (!attempt.request_id.empty()) record["request"] = attempt.request_id;
  return Line(std::move(record), now);
}

std::string FinishLine(const Attempt& attempt, absl::Time now) {
  json record = {{"attempt", attempt.number},
                 {"result", kResults.at(static_cast<std::size_t>(attempt.result))},
                 {"tries_left", attempt.tries_left}};
  if (attempt.signer_trouble != v1::ERROR_REASON_UNSPECIFIED) {
    record["signer"] = ReasonName(attempt.signer_trouble);
  }
  return Line(std::move(record), now);
}

// What FinishLine wrote of it.
v1::ErrorReason SignerTrouble(std::string_view name) {
  for (const v1::ErrorReason reason :
       {v1::ERROR_REASON_CERTIFICATE_EXPIRED, v1::ERROR_REASON_CERTIFICATE_NOT_YET_VALID}) {
    if (name == ReasonName(reason)) return reason;
  }
  return v1::ERROR_REASON_UNSPECIFIED;
}

bool WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Journal>> Journal::Open(const std::filesystem::path& path,
                                                       Clock& clock, Sync sync) {
  std::unique_ptr<Journal> journal(new Journal(path, clock, sync));
  ILKIMZA_RETURN_IF_ERROR(journal->Load());
  return journal;
}

Journal::~Journal() {
  if (fd_ >= 0) close(fd_);
}

absl::Status Journal::Failed(std::string_view what, int error) const {
  return MakeError(absl::StatusCode::kInternal, v1::ERROR_REASON_STORE_FAILED,
                   absl::StrCat("The journal of PIN attempts ", path_.string(), " cannot be ",
                                absl::string_view(what.data(), what.size()), ": ",
                                std::generic_category().message(error),
                                ". Mend that first: without it no PIN is sent to a card."));
}

absl::Status Journal::Load() {
  fd_ = open(path_.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (fd_ < 0) return Failed("opened", errno);
  if (flock(fd_, LOCK_EX | LOCK_NB) != 0) {
    return Failed(errno == EWOULDBLOCK ? "used, since another agent runs with it" : "locked",
                  errno);
  }
  std::string content;
  std::array<char, 4096> buffer{};
  for (ssize_t got = 0; (got = read(fd_, buffer.data(), buffer.size())) != 0;) {
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Failed("read", errno);
    content.append(buffer.data(), static_cast<std::size_t>(got));
    if (content.size() > 16 * kMaxSize) return Failed("read", EFBIG);
  }
  size_ = content.size();
  torn_ = !content.empty() && content.back() != '\n';
  std::string_view rest = content;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (!line.empty()) TakeLine(line);
  }
  DropOldest();
  return size_ > kMaxSize ? Compact() : absl::OkStatus();
}

void Journal::TakeLine(std::string_view line) {
  const json record = json::parse(line, nullptr, /*allow_exceptions=*/false);
  const int64_t number = record.is_object() ? Number(record, "attempt", 0) : 0;
  if (number <= 0 || number > kMaxNumber) {
    LogWarning("the journal of PIN attempts has a line that is none; it was skipped");
    return;
  }
  if (const auto result = Named<AttemptResult>(kResults, Text(record, "result"))) {
    if (Attempt* attempt = Find(number)) {
      attempt->result = *result;
      attempt->tries_left = static_cast<int>(Number(record, "tries_left", -1));
      attempt->signer_trouble = SignerTrouble(Text(record, "signer"));
    }
    return;
  }
  const auto kind = Named<AttemptKind>(kKinds, Text(record, "kind"));
  if (!kind || number <= last_number_) return;
  last_number_ = number;
  attempts_.push_back({.number = number,
                       .kind = *kind,
                       .serial = Text(record, "serial"),
                       .journey = Text(record, "journey"),
                       .directive_id = Number(record, "directive", 0),
                       .request_id = Text(record, "request")});
}

Attempt* Journal::Find(int64_t number) {
  const auto found = std::find_if(attempts_.begin(), attempts_.end(),
                                  [&](const Attempt& a) { return a.number == number; });
  return found == attempts_.end() ? nullptr : &*found;
}

absl::Status Journal::Append(const std::string& line) {
  // A line that an earlier failure left unfinished must not swallow this one.
  const std::string bytes = torn_ ? "\n" + line : line;
  torn_ = true;
  if (!WriteAll(fd_, bytes)) return Failed("written", errno);
  torn_ = false;
  size_ += bytes.size();
  return absl::OkStatus();
}

absl::Status Journal::SynchroniseLocked() const {
  return sync_(fd_) == 0 ? absl::OkStatus() : Failed("synchronised", errno);
}

absl::Status Journal::Synchronise() {
  const std::lock_guard lock(mutex_);
  return SynchroniseLocked();
}

void Journal::DropOldest() {
  while (attempts_.size() > kKept) {
    const auto old = std::find_if(attempts_.begin(), attempts_.end(), [](const Attempt& a) {
      return a.result != AttemptResult::kOpen;
    });
    if (old == attempts_.end()) break;
    attempts_.erase(old);
  }
}

absl::Status Journal::Compact() {
  const std::filesystem::path next = path_.string() + ".new";
  const int fd = open(next.c_str(), O_RDWR | O_APPEND | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return Failed("compacted", errno);
  std::string content;
  for (const Attempt& attempt : attempts_) {
    content += BeginLine(attempt, clock_.Now());
    if (attempt.result != AttemptResult::kOpen) content += FinishLine(attempt, clock_.Now());
  }
  const bool replaced = flock(fd, LOCK_EX | LOCK_NB) == 0 && WriteAll(fd, content) &&
                        fsync(fd) == 0 && rename(next.c_str(), path_.c_str()) == 0;
  if (!replaced) {
    const absl::Status status = Failed("compacted", errno);
    close(fd);
    return status;
  }
  close(std::exchange(fd_, fd));
  size_ = content.size();
  torn_ = false;
  const int folder = open(path_.parent_path().empty() ? "." : path_.parent_path().c_str(),
                          O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder >= 0) {
    fsync(folder);
    close(folder);
  }
  return absl::OkStatus();
}

absl::StatusOr<int64_t> Journal::Begin(const Attempt& attempt) {
  const std::lock_guard lock(mutex_);
  if (last_number_ == kMaxNumber) return Failed("continued", EOVERFLOW);
  if (size_ > kMaxSize) ILKIMZA_RETURN_IF_ERROR(Compact());
  Attempt next = attempt;
  next.number = last_number_ + 1;
  next.result = AttemptResult::kOpen;
  next.tries_left = -1;
  // Taken even where the disk fails: part of the line may be in the file, and a number
  // there must never mean two attempts.
  last_number_ = next.number;
  absl::Status written = Append(BeginLine(next, clock_.Now()));
  if (written.ok()) written = SynchroniseLocked();
  if (!written.ok()) {
    // As far as the disk lets it be told: nothing is going to be sent.
    next.result = AttemptResult::kNotSent;
    static_cast<void>(Append(FinishLine(next, clock_.Now())));
    return written;
  }
  attempts_.push_back(next);
  DropOldest();
  return next.number;
}

absl::Status Journal::Finish(int64_t number, AttemptResult result, int tries_left,
                             v1::ErrorReason signer_trouble) {
  const std::lock_guard lock(mutex_);
  Attempt* attempt = Find(number);
  if (attempt == nullptr) return absl::OkStatus();
  // True in this program even where the disk fails.
  attempt->result = result;
  attempt->tries_left = tries_left;
  attempt->signer_trouble = signer_trouble;
  return Append(FinishLine(*attempt, clock_.Now()));
}

std::vector<Attempt> Journal::Unresolved() const {
  const std::lock_guard lock(mutex_);
  std::vector<Attempt> open;
  std::copy_if(attempts_.begin(), attempts_.end(), std::back_inserter(open),
               [](const Attempt& a) { return a.result == AttemptResult::kOpen; });
  return open;
}

std::set<std::string> Journal::LeftOpen() const {
  const std::lock_guard lock(mutex_);
  std::set<std::string> serials;
  for (const Attempt& attempt : attempts_) {
    const bool signing =
        attempt.kind == AttemptKind::kTestSign && attempt.result == AttemptResult::kRight;
    if (signing || attempt.result == AttemptResult::kOpen ||
        attempt.result == AttemptResult::kUnknown) {
      serials.insert(attempt.serial);
    } else {
      serials.erase(attempt.serial);
    }
  }
  return serials;
}

std::optional<Attempt> Journal::FindDirective(std::string_view journey,
                                              int64_t directive_id) const {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(attempts_.rbegin(), attempts_.rend(), [&](const Attempt& a) {
    return a.journey == journey && a.directive_id == directive_id;
  });
  if (journey.empty() || found == attempts_.rend()) return std::nullopt;
  return *found;
}

std::optional<Attempt> Journal::FindRequest(std::string_view request_id) const {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(attempts_.rbegin(), attempts_.rend(),
                                  [&](const Attempt& a) { return a.request_id == request_id; });
  if (request_id.empty() || found == attempts_.rend()) return std::nullopt;
  return *found;
}

}  // namespace ilkimza::agent
