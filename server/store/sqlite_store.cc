#include "server/store/sqlite_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "server/journey/directive.h"
#include "server/store/schema.h"
#include "server/store/sqlite.h"

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

// "agents/{agent}/certificates/{certificate}" -> "agents/{agent}"
std::string AgentOfCertificate(const std::string& name) {
  return name.substr(0, name.find('/', name.find('/') + 1));
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

// The writer's connection and its statements; used by the writer's thread only.
class Writer {
 public:
  static absl::StatusOr<Writer> Make(std::unique_ptr<Database> database) {
    Writer writer;
    writer.database_ = std::move(database);
    const auto prepare = [&writer](Statement& statement, std::string_view sql) {
      auto prepared = writer.database_->Prepare(sql);
      if (prepared.ok()) statement = *std::move(prepared);
      return prepared.status();
    };
    ILKIMZA_RETURN_IF_ERROR(prepare(writer.begin_, "BEGIN IMMEDIATE"));
    ILKIMZA_RETURN_IF_ERROR(prepare(writer.commit_, "COMMIT"));
    ILKIMZA_RETURN_IF_ERROR(prepare(
        writer.insert_,
        "INSERT INTO journeys (name, agent, active, revision, journey) VALUES (?1, ?2, ?3, ?4, "
        "?5) ON CONFLICT DO NOTHING"));
    ILKIMZA_RETURN_IF_ERROR(
        prepare(writer.find_, "SELECT seq FROM journeys WHERE name = ?1 AND revision = ?2"));
    ILKIMZA_RETURN_IF_ERROR(
        prepare(writer.update_,
                "UPDATE journeys SET active = ?2, revision = ?3, journey = ?4 WHERE seq = ?1"));
    ILKIMZA_RETURN_IF_ERROR(
        prepare(writer.event_, "INSERT INTO events (seq, revision, event) VALUES (?1, ?2, ?3)"));
    ILKIMZA_RETURN_IF_ERROR(prepare(
        writer.request_,
        "INSERT INTO requests (scope, id, journey) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING"));
    ILKIMZA_RETURN_IF_ERROR(prepare(
        writer.forget_, "DELETE FROM requests WHERE scope = ?1 AND id = ?2 AND journey = ?3"));
    ILKIMZA_RETURN_IF_ERROR(
        prepare(writer.agent_, "INSERT OR REPLACE INTO agents (name, agent) VALUES (?1, ?2)"));
    ILKIMZA_RETURN_IF_ERROR(prepare(
        writer.token_, "INSERT OR REPLACE INTO join_tokens (digest, token) VALUES (?1, ?2)"));
    ILKIMZA_RETURN_IF_ERROR(
        prepare(writer.delete_token_, "DELETE FROM join_tokens WHERE digest = ?1"));
    ILKIMZA_RETURN_IF_ERROR(prepare(
        writer.certificate_,
        "INSERT INTO agent_certificates (name, agent, expiry, certificate) VALUES (?1, ?2, ?3, ?4) "
        "ON CONFLICT (name) DO UPDATE SET expiry = ?3, certificate = ?4"));
    ILKIMZA_RETURN_IF_ERROR(prepare(writer.delete_agent_, "DELETE FROM agents WHERE name = ?1"));
    ILKIMZA_RETURN_IF_ERROR(prepare(
        writer.screen_, "INSERT OR REPLACE INTO portal_screens (name, screen) VALUES (?1, ?2)"));
    return writer;
  }

  absl::Status Begin() { return begin_.Run(); }
  absl::Status Commit() { return commit_.Run(); }
  void Rollback() { database_->Execute("ROLLBACK").IgnoreError(); }

  // OK, or what is wrong with this one, nothing of which was written then; `broken`
  // is set where the transaction as a whole cannot go on.
  absl::Status Write(const AppendRequest& request, bool& broken) {
    if (request.request) {
      const absl::Status noted = WriteRequest(*request.request, request.journey->name(), broken);
      if (!noted.ok()) return noted;
    }
    auto seq = WriteJourney(request);
    if (!seq.ok()) {
      broken = true;
      return seq.status();
    }
    if (*seq == 0) {
      if (request.request) {
        forget_.BindText(1, request.request->scope).BindText(2, request.request->id);
        forget_.BindText(3, request.journey->name()).Run().IgnoreError();
      }
      return StoreError(
          absl::StatusCode::kAborted,
          absl::StrCat(request.journey->name(), " has changed in between; read it again."));
    }
    for (const v1::JourneyEvent& event : request.events) {
      event.SerializeToString(&buffer_);
      const absl::Status written =
          event_.Bind(1, *seq).Bind(2, event.revision()).BindBlob(3, buffer_).Run();
      if (!written.ok()) {
        broken = true;
        return written;
      }
    }
    return absl::OkStatus();
  }

  absl::Status Write(const v1::Agent& agent, bool& broken) {
    agent.SerializeToString(&buffer_);
    const absl::Status written = agent_.BindText(1, agent.name()).BindBlob(2, buffer_).Run();
    broken = !written.ok();
    return written;
  }

  absl::Status Write(const v1::PortalScreen& screen, bool& broken) {
    screen.SerializeToString(&buffer_);
    const absl::Status written = screen_.BindText(1, screen.name()).BindBlob(2, buffer_).Run();
    broken = !written.ok();
    return written;
  }

  absl::Status Write(const EnrolmentChange& change, bool& broken) {
    const absl::Status written = WriteEnrolment(change);
    broken = !written.ok();
    return written;
  }

 private:
  absl::Status WriteEnrolment(const EnrolmentChange& change) {
    for (const EnrolmentChange::Token& token : change.tokens) {
      token.token.SerializeToString(&buffer_);
      ILKIMZA_RETURN_IF_ERROR(token_.BindText(1, token.digest).BindBlob(2, buffer_).Run());
    }
    for (const std::string& digest : change.deleted_tokens) {
      ILKIMZA_RETURN_IF_ERROR(delete_token_.BindText(1, digest).Run());
    }
    for (const v1::AgentCertificate& certificate : change.certificates) {
      certificate.SerializeToString(&buffer_);
      const std::string agent = AgentOfCertificate(certificate.name());
      certificate_.BindText(1, certificate.name()).BindText(2, agent);
      certificate_.Bind(3, certificate.expire_time().seconds()).BindBlob(4, buffer_);
      ILKIMZA_RETURN_IF_ERROR(certificate_.Run());
    }
    for (const std::string& agent : change.deleted_agents) {
      ILKIMZA_RETURN_IF_ERROR(delete_agent_.BindText(1, agent).Run());
    }
    return absl::OkStatus();
  }

  absl::Status WriteRequest(const RequestKey& key, const std::string& journey, bool& broken) {
    const absl::Status noted =
        request_.BindText(1, key.scope).BindText(2, key.id).BindText(3, journey).Run();
    if (!noted.ok()) {
      broken = true;
      return noted;
    }
    if (database_->Changes() != 0) return absl::OkStatus();
    return StoreError(absl::StatusCode::kAlreadyExists,
                      "A request with this request_id has been taken already.");
  }

  // The journey's seq; 0 where it is not at the revision before.
  absl::StatusOr<int64_t> WriteJourney(const AppendRequest& request) {
    const v1::Journey& journey = *request.journey;
    const int64_t expected = request.events.front().revision() - 1;
    journey.SerializeToString(&buffer_);
    const int64_t active = HasEnded(journey) ? 0 : 1;
    if (expected == 0) {
      insert_.BindText(1, journey.name()).BindText(2, journey.agent()).Bind(3, active);
      ILKIMZA_RETURN_IF_ERROR(insert_.Bind(4, journey.revision()).BindBlob(5, buffer_).Run());
      return database_->Changes() == 0 ? 0 : database_->LastRow();
    }
    // Asked for by itself: RETURNING makes a table of its results each time.
    const auto row = find_.BindText(1, journey.name()).Bind(2, expected).Step();
    const int64_t seq = row.ok() && *row ? find_.Int(0) : 0;
    find_.Reset();
    if (!row.ok()) return row.status();
    if (seq == 0) return 0;
    update_.Bind(1, seq).Bind(2, active).Bind(3, journey.revision());
    ILKIMZA_RETURN_IF_ERROR(update_.BindBlob(4, buffer_).Run());
    return seq;
  }

  std::unique_ptr<Database> database_;
  Statement begin_, commit_, insert_, find_, update_, event_, request_, forget_, agent_;
  Statement token_, delete_token_, certificate_, delete_agent_, screen_;
  std::string buffer_;
};

class SqliteStore : public Store {
 public:
  SqliteStore(const SqliteOptions& options, FileLock lock, Writer writer,
              std::unique_ptr<Database> reader)
      : options_(options),
        lock_(std::move(lock)),
        writer_(std::move(writer)),
        reader_(std::move(reader)),
        thread_([this](const std::stop_token& stop) { WriteLoop(stop); }) {}

  ~SqliteStore() override {
    thread_.request_stop();
    thread_.join();
  }

  void Append(AppendRequest request, Done done) override {
    Enqueue({std::move(request), std::move(done)});
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
    std::variant<AppendRequest, v1::Agent, EnrolmentChange, v1::PortalScreen> what;
    Done done;
    absl::Status result = absl::OkStatus();
  };
  using Jobs = std::deque<Job>;

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
    if (first) wake_.notify_one();
  }

  void WriteLoop(const std::stop_token& stop) {
    while (true) {
      Jobs group;
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, stop, [this] { return !waiting_.empty(); });
        if (waiting_.empty()) return;
        const auto count = std::min<std::size_t>(waiting_.size(), options_.group_limit);
        std::move(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(count),
                  std::back_inserter(group));
        waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(count));
      }
      WriteGroup(group);
      for (Job& job : group) job.done(std::move(job.result));
    }
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
  Writer writer_;

  std::mutex reader_mutex_;
  const std::unique_ptr<Database> reader_;

  std::mutex mutex_;
  std::condition_variable_any wake_;
  Jobs waiting_;
  std::jthread thread_;
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
  ILKIMZA_ASSIGN_OR_RETURN(Writer writer, Writer::Make(std::move(database)));
  ILKIMZA_ASSIGN_OR_RETURN(std::unique_ptr<Database> reader, Database::Open(options.path));
  return std::make_unique<SqliteStore>(options, std::move(lock), std::move(writer),
                                       std::move(reader));
}

}  // namespace ilkimza::server
