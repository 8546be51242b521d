#include "server/store/sqlite_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "server/store/schema.h"
#include "server/store/sqlite.h"
#include "server/store/sqlite_writer.h"

namespace ilkimza::server {
namespace {

absl::Status StoreError(absl::StatusCode code, std::string_view sentence) {
  return MakeError(code, v1::ERROR_REASON_STORE_FAILED, sentence);
}

template <typename Message>
absl::StatusOr<Message> Parse(std::string_view bytes) {
  Message message;
  if (message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return message;
  return StoreError(absl::StatusCode::kUnavailable,
                    "A row of the database cannot be read: it is damaged.");
}

// Held while the store is open; the kernel lets go of it when the process ends.
class FileLock {
 public:
  static absl::StatusOr<FileLock> Take(const std::string& path) {
    const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
      return StoreError(absl::StatusCode::kUnavailable,
                        absl::StrCat(path,
                                     ": The file cannot be made; check that its folder is "
                                     "there and can be written."));
    }
    FileLock lock(fd);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
      return StoreError(absl::StatusCode::kUnavailable,
                        absl::StrCat(path,
                                     ": Another server holds this database; stop it, or "
                                     "give this one a 'store.path' of its own."));
    }
    return lock;
  }
  FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock() {
    if (fd_ >= 0) close(fd_);
  }

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  int fd_;
};

class SqliteStore : public Store {
 public:
  SqliteStore(const SqliteOptions& options, FileLock lock, SqliteWriter writer,
              std::unique_ptr<Database> reader)
      : options_(options),
        lock_(std::move(lock)),
        writer_(std::move(writer)),
        reader_(std::move(reader)),
        write_thread_([this] { WriteLoop(); }),
        tell_thread_([this] { TellLoop(); }) {}

  ~SqliteStore() override {
    {
      const std::lock_guard lock(mutex_);
      closing_ = true;
    }
    to_write_.notify_one();
    write_thread_.join();
    tell_thread_.join();
  }

  void Append(AppendRequest request, Done done) override {
    Enqueue({AppendRows(std::move(request)), std::move(done)});
  }
  void SaveAgent(v1::Agent agent, Done done) override {
    Enqueue({std::move(agent), std::move(done)});
  }

  void SaveEnrolment(EnrolmentChange change, Done done) override {
    Enqueue({std::move(change), std::move(done)});
  }

  void SaveScreen(v1::PortalScreen screen, Done done) override {
    Enqueue({std::move(screen), std::move(done)});
  }

  absl::StatusOr<v1::Journey> GetJourney(const std::string& name) override {
    const std::lock_guard lock(reader_mutex_);
    ILKIMZA_ASSIGN_OR_RETURN(Statement statement,
                             reader_->Prepare("SELECT journey FROM journeys WHERE name = ?1"));
    ILKIMZA_ASSIGN_OR_RETURN(const bool found, statement.BindText(1, name).Step());
    if (found) return Parse<v1::Journey>(statement.Bytes(0));
    return MakeError(absl::StatusCode::kNotFound, v1::ERROR_REASON_JOURNEY_NOT_FOUND,
                     absl::StrCat("There is no journey '", name, "'."));
  }

  absl::StatusOr<std::vector<v1::Journey>> LoadActive() override {
    const std::lock_guard lock(reader_mutex_);
    ILKIMZA_ASSIGN_OR_RETURN(
        Statement statement,
        reader_->Prepare("SELECT journey FROM journeys WHERE active = 1 ORDER BY seq"));
    return Rows<v1::Journey>(statement);
  }

  absl::StatusOr<JourneyPage> ListJourneys(const JourneyQuery& query) override {
    const std::lock_guard lock(reader_mutex_);
    std::string sql = "SELECT journey, seq FROM journeys WHERE (?1 = 0 OR seq < ?1)";
    if (query.agent) absl::StrAppend(&sql, " AND agent = ?2");
    if (query.active_only) absl::StrAppend(&sql, " AND active = 1");
    absl::StrAppend(&sql, " ORDER BY seq DESC LIMIT ?3");
    ILKIMZA_ASSIGN_OR_RETURN(Statement statement, reader_->Prepare(sql));
    statement.Bind(1, query.before).Bind(3, int64_t{query.limit} + 1);
    if (query.agent) statement.BindText(2, *query.agent);
    JourneyPage page;
    int64_t last = 0;
    while (true) {
      ILKIMZA_ASSIGN_OR_RETURN(const bool found, statement.Step());
      if (!found) return page;
      if (static_cast<int>(page.journeys.size()) == query.limit) {
        page.next = last;
        return page;
      }
      ILKIMZA_ASSIGN_OR_RETURN(v1::Journey journey, Parse<v1::Journey>(statement.Bytes(0)));
      page.journeys.push_back(std::move(journey));
      last = statement.Int(1);
    }
  }

  absl::StatusOr<EventPage> ListEvents(const std::string& journey, int64_t after,
                                       int limit) override {
    const std::lock_guard lock(reader_mutex_);
    ILKIMZA_ASSIGN_OR_RETURN(
        Statement statement,
        reader_->Prepare("SELECT event FROM events WHERE seq = (SELECT seq FROM journeys WHERE "
                         "name = ?1) AND revision > ?2 ORDER BY revision LIMIT ?3"));
    statement.BindText(1, journey).Bind(2, after).Bind(3, int64_t{limit} + 1);
    EventPage page;
    ILKIMZA_ASSIGN_OR_RETURN(page.events, Rows<v1::JourneyEvent>(statement));
    page.has_more = static_cast<int>(page.events.size()) > limit;
    if (page.has_more) page.events.pop_back();
    return page;
  }

  absl::StatusOr<std::optional<std::string>> FindRequest(const RequestKey& key) override {
    const std::lock_guard lock(reader_mutex_);
    ILKIMZA_ASSIGN_OR_RETURN(
        Statement statement,
        reader_->Prepare("SELECT journey FROM requests WHERE scope = ?1 AND id = ?2"));
    statement.BindText(1, key.scope).BindText(2, key.id);
    ILKIMZA_ASSIGN_OR_RETURN(const bool found, statement.Step());
    if (!found) return std::optional<std::string>();
    return std::optional<std::string>(statement.Bytes(0));
  }

  absl::StatusOr<std::vector<v1::Agent>> LoadAgents() override {
    const std::lock_guard lock(reader_mutex_);
    ILKIMZA_ASSIGN_OR_RETURN(Statement statement,
                             reader_->Prepare("SELECT agent FROM agents ORDER BY name"));
    return Rows<v1::Agent>(statement);
  }

  absl::StatusOr<EnrolmentState> LoadEnrolments(absl::Time now, absl::Time forget) override {
    const std::lock_guard lock(reader_mutex_);
    ILKIMZA_ASSIGN_OR_RETURN(Statement old,
                             reader_->Prepare("DELETE FROM agent_certificates WHERE expiry < ?1"));
    ILKIMZA_RETURN_IF_ERROR(old.Bind(1, absl::ToUnixSeconds(forget)).Run());
    EnrolmentState state;
    ILKIMZA_ASSIGN_OR_RETURN(Statement tokens,
                             reader_->Prepare("SELECT digest, token FROM join_tokens"));
    while (true) {
      ILKIMZA_ASSIGN_OR_RETURN(const bool found, tokens.Step());
      if (!found) break;
      ILKIMZA_ASSIGN_OR_RETURN(v1::JoinToken token, Parse<v1::JoinToken>(tokens.Bytes(1)));
      state.tokens.push_back({std::string(tokens.Bytes(0)), std::move(token)});
    }
    ILKIMZA_ASSIGN_OR_RETURN(
        Statement certificates,
        reader_->Prepare("SELECT certificate FROM agent_certificates WHERE expiry > ?1 ORDER BY "
                         "seq"));
    certificates.Bind(1, absl::ToUnixSeconds(now));
    ILKIMZA_ASSIGN_OR_RETURN(state.certificates, Rows<v1::AgentCertificate>(certificates));
    return state;
  }

  absl::StatusOr<std::vector<v1::AgentCertificate>> ListCertificates(const std::string& agent,
                                                                     int64_t offset,
                                                                     int limit) override {
    const std::lock_guard lock(reader_mutex_);
    ILKIMZA_ASSIGN_OR_RETURN(
        Statement statement,
        reader_->Prepare("SELECT certificate FROM agent_certificates WHERE agent = ?1 ORDER BY "
                         "seq DESC LIMIT ?3 OFFSET ?2"));
    statement.BindText(1, agent).Bind(2, offset).Bind(3, limit);
    return Rows<v1::AgentCertificate>(statement);
  }

  absl::StatusOr<std::vector<v1::PortalScreen>> LoadScreens() override {
    const std::lock_guard lock(reader_mutex_);
    ILKIMZA_ASSIGN_OR_RETURN(Statement statement,
                             reader_->Prepare("SELECT screen FROM portal_screens ORDER BY name"));
    return Rows<v1::PortalScreen>(statement);
  }

 private:
  struct Job {
    std::variant<AppendRows, v1::Agent, EnrolmentChange, v1::PortalScreen> what;
    Done done;
    absl::Status result = absl::OkStatus();
  };
  using Jobs = std::vector<Job>;

  template <typename Message>
  static absl::StatusOr<std::vector<Message>> Rows(Statement& statement) {
    std::vector<Message> rows;
    while (true) {
      ILKIMZA_ASSIGN_OR_RETURN(const bool found, statement.Step());
      if (!found) return rows;
      ILKIMZA_ASSIGN_OR_RETURN(Message row, Parse<Message>(statement.Bytes(0)));
      rows.push_back(std::move(row));
    }
  }

  void Enqueue(Job job) {
    bool first = false;
    {
      const std::lock_guard lock(mutex_);
      first = waiting_.empty();
      waiting_.push_back(std::move(job));
    }
    // Otherwise the writer knows already, or is about to look.
    if (first) to_write_.notify_one();
  }

  // Until the store closes and nothing is left that could ask for more.
  void WriteLoop() {
    while (true) {
      Jobs group = NextGroup();
      if (group.empty()) return;
      WriteGroup(group);
      HandOver(std::move(group));
    }
  }

  // What is to be written together; empty at the end.
  Jobs NextGroup() {
    std::unique_lock lock(mutex_);
    to_write_.wait(
        lock, [this] { return !waiting_.empty() || (closing_ && written_.empty() && !telling_); });
    Jobs group;
    if (waiting_.empty()) {
      closed_ = true;
      to_tell_.notify_one();
    } else if (waiting_.size() <= options_.group_limit) {
      group.swap(waiting_);
    } else {
      const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(options_.group_limit);
      group.assign(std::move_iterator(waiting_.begin()), std::move_iterator(end));
      waiting_.erase(waiting_.begin(), end);
    }
    return group;
  }

  // Callers of a group are told while the next one is written. A single one is told
  // at once: to wake another thread would cost more than it saves.
  void HandOver(Jobs group) {
    {
      const std::lock_guard lock(mutex_);
      if (group.size() > 1 || telling_ || !written_.empty()) {
        std::move(group.begin(), group.end(), std::back_inserter(written_));
        to_tell_.notify_one();
        return;
      }
    }
    Tell(group);
  }

  void TellLoop() {
    std::unique_lock lock(mutex_);
    while (true) {
      to_tell_.wait(lock, [this] { return !written_.empty() || closed_; });
      if (written_.empty()) return;
      Jobs group;
      group.swap(written_);
      telling_ = true;
      lock.unlock();
      Tell(group);
      group.clear();
      lock.lock();
      telling_ = false;
      if (closing_) to_write_.notify_one();
    }
  }

  static void Tell(Jobs& group) {
    for (Job& job : group) job.done(std::move(job.result));
  }

  void WriteGroup(Jobs& group) {
    if (TryWrite(group.begin(), group.end()) || group.size() == 1) return;
    // One of them spoils it for all: each for itself, then.
    for (auto job = group.begin(); job != group.end(); ++job) TryWrite(job, std::next(job));
  }

  // False where nothing was written; each job then has the reason as its result.
  bool TryWrite(Jobs::iterator begin, Jobs::iterator end) {
    absl::Status failed = writer_.Begin();
    bool broken = !failed.ok();
    for (auto job = begin; job != end && !broken; ++job) {
      job->result =
          std::visit([&](const auto& what) { return writer_.Write(what, broken); }, job->what);
      if (broken) failed = job->result;
    }
    if (!broken) {
      failed = writer_.Commit();
      broken = !failed.ok();
    }
    if (!broken) return true;
    writer_.Rollback();
    for (auto job = begin; job != end; ++job) job->result = failed;
    return false;
  }

  const SqliteOptions options_;
  const FileLock lock_;
  SqliteWriter writer_;

  std::mutex reader_mutex_;
  const std::unique_ptr<Database> reader_;

  std::mutex mutex_;
  std::condition_variable to_write_;
  std::condition_variable to_tell_;
  Jobs waiting_;
  // Durable, and their callers not told yet.
  Jobs written_;
  bool telling_ = false;
  bool closing_ = false;
  // Nothing more will be written.
  bool closed_ = false;
  std::jthread write_thread_;
  std::jthread tell_thread_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Store>> OpenSqliteStore(const SqliteOptions& options) {
  ILKIMZA_ASSIGN_OR_RETURN(FileLock lock, FileLock::Take(options.path + ".lock"));
  // SQLite would make it readable for all.
  const int fd = open(options.path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd >= 0) close(fd);
  constexpr char kSettings[] =
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF;";
  ILKIMZA_ASSIGN_OR_RETURN(std::unique_ptr<Database> database, Database::Open(options.path));
  ILKIMZA_RETURN_IF_ERROR(PrepareSchema(*database, options.path));
  ILKIMZA_RETURN_IF_ERROR(database->Execute(kSettings));
  ILKIMZA_ASSIGN_OR_RETURN(SqliteWriter writer, SqliteWriter::Make(std::move(database)));
  ILKIMZA_ASSIGN_OR_RETURN(std::unique_ptr<Database> reader, Database::Open(options.path));
  return std::make_unique<SqliteStore>(options, std::move(lock), std::move(writer),
                                       std::move(reader));
}

}  // namespace ilkimza::server
