#include <sqlite3.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/engine/engine.h"
#include "server/store/sqlite_store.h"
#include "tests/bench/benches.h"
#include "tests/bench/wiping.h"
#include "tests/server/memory_store.h"
#include "tests/support/process.h"

namespace ilkimza::bench {
namespace {

using server::AppendRequest;
using server::JourneyPtr;

constexpr char kSerial[] = "87211470000000000001";

std::string AgentOf(int i) { return absl::StrCat("agents/bench-", i); }

// ---- Ours: engine and store, driven as the agents would ----

// Notes what one journey asks the store for.
class NotingStore : public server::MemoryStore {
 public:
  void Append(AppendRequest request, Done done) override {
    noted.push_back(request);
    MemoryStore::Append(std::move(request), std::move(done));
  }

  std::vector<AppendRequest> noted;
};

v1::StepReport Done(const v1::RunStep& run) {
  v1::StepReport report;
  report.set_journey(run.journey());
  report.set_directive_id(run.directive_id());
  report.set_step(run.step());
  report.set_outcome(v1::STEP_OUTCOME_DONE);
  report.set_tries_left(-1);
  if (run.step() == v1::STEP_KIND_OPEN_PIN_PAGE || run.step() == v1::STEP_KIND_READ_PIN) {
    report.add_portal_serials(kSerial);
  }
  if (run.step() == v1::STEP_KIND_INSERT_CARD || run.step() == v1::STEP_KIND_MATCH_CARD ||
      run.step() == v1::STEP_KIND_PROVE_PIN) {
    report.set_card_serial(kSerial);
  }
  return report;
}

// Agents whose every step succeeds at once. Directives come with the engine's lock
// held, so they wait here for the one thread that answers for all agents.
class Agents : public server::DirectiveSink {
 public:
  void Send(const std::string& agent, const v1::AttachAgentResponse& message) override {
    if (!message.has_run_step()) return;
    {
      const std::lock_guard lock(mutex_);
      waiting_.push_back({agent, Done(message.run_step())});
    }
    wake_.notify_one();
  }

  // Reports until `steps` of them are durable; journeys that end are begun anew.
  void Work(server::Engine& engine, int journeys, int steps) {
    for (int i = 0; i < journeys; ++i) Begin(engine, AgentOf(i));
    while (durable_ < steps) {
      Waiting next = Next();
      const bool last = next.report.step() == v1::STEP_KIND_LOG_OUT;
      ++unanswered_;
      engine.Report(next.agent, next.report,
                    [this, &engine, last, agent = next.agent](const absl::Status& status) {
                      DieUnless(status.ok(), "a report was not taken");
                      ++durable_;
                      if (last) Begin(engine, agent);
                      if (--unanswered_ == 0) unanswered_.notify_all();
                    });
    }
    // Answers may come when the engine has stopped, but not when it is gone.
    for (int left = unanswered_; left != 0; left = unanswered_) unanswered_.wait(left);
  }

 private:
  struct Waiting {
    std::string agent;
    v1::StepReport report;
  };

  static void Begin(server::Engine& engine, const std::string& agent) {
    engine.Create({.goal = v1::GOAL_GET_PIN, .security_word_forgotten = true, .agent = agent},
                  [](const absl::StatusOr<JourneyPtr>& journey) {
                    DieUnless(journey.ok() || absl::IsUnavailable(journey.status()),
                              "a journey was not created");
                  });
  }

  // Takes all that wait at once, so that it seldom stands in the engine's way.
  Waiting Next() {
    if (taken_.empty()) {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return !waiting_.empty(); });
      taken_.swap(waiting_);
    }
    Waiting next = std::move(taken_.front());
    taken_.pop_front();
    return next;
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Waiting> waiting_;
  std::deque<Waiting> taken_;
  std::atomic<int> unanswered_ = 0;
  std::atomic<int> durable_ = 0;
};

// Seconds for `steps` durable steps of `journeys` journeys at once.
double RunEngine(server::Store& store, int journeys, int steps) {
  Agents agents;
  server::Engine engine({.run_timers = true}, store);
  engine.Connect(&agents, nullptr);
  DieUnless(engine.Start().ok(), "the engine does not start");
  for (int i = 0; i < journeys; ++i) {
    engine.AgentAttached(AgentOf(i), 1, {}, {}, [](const absl::Status&) {});
  }
  const double start = WallNow();
  agents.Work(engine, journeys, steps);
  const double seconds = WallNow() - start;
  engine.Stop();
  return seconds;
}

std::unique_ptr<server::Store> OpenStore(const testing::TempDir& folder) {
  return Take(server::OpenSqliteStore({.path = folder / "journeys.db"}), "the store");
}

// ---- The baseline: bare SQLite with the rows of such journeys ----

// What one commit of one journey writes.
struct Rows {
  int active = 1;
  int64_t revision = 0;
  std::string journey;
  std::vector<std::pair<int64_t, std::string>> events;
  bool is_step = false;
};

std::vector<Rows> RowsOfOneJourney() {
  NotingStore noting;
  RunEngine(noting, 1, 18);
  std::vector<Rows> all;
  for (const AppendRequest& append : noting.noted) {
    if (append.journey->name() != noting.noted.front().journey->name()) break;
    Rows rows;
    rows.active = append.journey->state() == v1::JOURNEY_STATE_SUCCEEDED ? 0 : 1;
    rows.revision = append.journey->revision();
    rows.journey = append.journey->SerializeAsString();
    for (const v1::JourneyEvent& event : append.events) {
      rows.events.emplace_back(event.revision(), event.SerializeAsString());
      rows.is_step = event.has_step_reported();
    }
    all.push_back(std::move(rows));
  }
  return all;
}

class Sqlite {
 public:
  explicit Sqlite(const std::string& path) {
    Check(sqlite3_open(path.c_str(), &database_));
    Run("PRAGMA journal_mode = WAL");
    Run("PRAGMA synchronous = FULL");
    Run("CREATE TABLE journeys (seq INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, agent TEXT, "
        "active INTEGER, revision INTEGER, journey BLOB)");
    Run("CREATE TABLE events (seq INTEGER, revision INTEGER, event BLOB, PRIMARY KEY (seq, "
        "revision)) WITHOUT ROWID");
    insert_ = Prepare("INSERT INTO journeys VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
    update_ =
        Prepare("UPDATE journeys SET active = ?4, revision = ?5, journey = ?6 WHERE seq = ?1");
    event_ = Prepare("INSERT INTO events VALUES (?1, ?2, ?3)");
    begin_ = Prepare("BEGIN IMMEDIATE");
    commit_ = Prepare("COMMIT");
  }
  Sqlite(const Sqlite&) = delete;
  Sqlite& operator=(const Sqlite&) = delete;
  ~Sqlite() {
    for (sqlite3_stmt* one : {insert_, update_, event_, begin_, commit_}) sqlite3_finalize(one);
    sqlite3_close(database_);
  }

  // The next step of the journeys from `first` on, in one transaction.
  void Commit(const Rows& rows, int64_t first, int journeys) {
    Step(begin_);
    for (int64_t seq = first; seq < first + journeys; ++seq) Write(rows, seq);
    Step(commit_);
  }

 private:
  void Check(int code) const {
    DieUnless(code == SQLITE_OK || code == SQLITE_DONE || code == SQLITE_ROW,
              sqlite3_errmsg(database_));
  }
  void Run(const char* sql) { Check(sqlite3_exec(database_, sql, nullptr, nullptr, nullptr)); }
  sqlite3_stmt* Prepare(const char* sql) {
    sqlite3_stmt* statement = nullptr;
    Check(sqlite3_prepare_v3(database_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr));
    return statement;
  }
  void Step(sqlite3_stmt* statement) const {
    Check(sqlite3_step(statement));
    sqlite3_reset(statement);
  }
  static void Blob(sqlite3_stmt* statement, int at, const std::string& bytes) {
    sqlite3_bind_blob(statement, at, bytes.data(), static_cast<int>(bytes.size()), SQLITE_STATIC);
  }

  void Write(const Rows& rows, int64_t seq) {
    const bool first = rows.events.front().first == 1;
    sqlite3_stmt* statement = first ? insert_ : update_;
    const std::string name = absl::StrCat("journeys/bench-journey-", seq);
    sqlite3_bind_int64(statement, 1, seq);
    if (first) {
      sqlite3_bind_text(statement, 2, name.c_str(), -1, SQLITE_STATIC);
      sqlite3_bind_text(statement, 3, "agents/bench", -1, SQLITE_STATIC);
    }
    sqlite3_bind_int(statement, 4, rows.active);
    sqlite3_bind_int64(statement, 5, rows.revision);
    Blob(statement, 6, rows.journey);
    Step(statement);
    for (const auto& [revision, event] : rows.events) {
      sqlite3_bind_int64(event_, 1, seq);
      sqlite3_bind_int64(event_, 2, revision);
      Blob(event_, 3, event);
      Step(event_);
    }
  }

  sqlite3* database_ = nullptr;
  sqlite3_stmt* insert_ = nullptr;
  sqlite3_stmt* update_ = nullptr;
  sqlite3_stmt* event_ = nullptr;
  sqlite3_stmt* begin_ = nullptr;
  sqlite3_stmt* commit_ = nullptr;
};

// The same number of steps, each commit taking one of every journey.
double RunBare(const std::vector<Rows>& rows, int journeys, int steps) {
  const testing::TempDir folder;
  Sqlite database(folder / "bare.db");
  const double start = WallNow();
  int64_t first = 1;
  for (int done = 0; done < steps; first += journeys) {
    for (const Rows& one : rows) {
      database.Commit(one, first, journeys);
      if (one.is_step) done += journeys;
      if (done >= steps) break;
    }
  }
  return WallNow() - start;
}

}  // namespace

void BenchSteps(Effort effort, Table& table) {
  const std::vector<Rows> rows = RowsOfOneJourney();
  for (const int journeys : {1, 16, 256}) {
    const int steps =
        journeys == 1 ? Choose(effort, 20, 512, 2048) : Choose(effort, 256, 5120, 20480);
    std::vector<double> ours;
    std::vector<double> bare;
    const int rounds = Choose(effort, 1, 3, 7);
    for (int i = 0; i < rounds; ++i) {
      const testing::TempDir folder;
      const auto store = OpenStore(folder);
      {
        const Wiping wiping;
        ours.push_back(steps / RunEngine(*store, journeys, steps));
      }
      bare.push_back(steps / RunBare(rows, journeys, steps));
    }
    table.Add({.what = absl::StrCat("durable journey steps, ", journeys, " at once"),
               .unit = "/s",
               .ours = Median(ours),
               .baseline = Median(bare),
               .aim = Row::Aim::kAtLeast,
               .limit = 0.5});
  }
}

}  // namespace ilkimza::bench
