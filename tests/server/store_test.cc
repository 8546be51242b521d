// The contract of a store, held by the real one and by the one for tests; and
// what only a file can suffer.
#include "server/store/store.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <future>

#include "base/error.h"
#include "server/store/schema.h"
#include "server/store/sqlite_store.h"
#include "tests/server/memory_store.h"

namespace ilkimza::server {
namespace {

using google::protobuf::util::MessageDifferencer;
using ::testing::HasSubstr;

// `count` events that follow a journey's revision `from`.
AppendRequest Change(const std::string& name, int64_t from, int count = 1,
                     const std::string& agent = "agents/pc1") {
  AppendRequest request;
  v1::Journey journey;
  journey.set_name(name);
  journey.set_agent(agent);
  journey.set_state(v1::JOURNEY_STATE_ACTIVE);
  journey.set_revision(from + count);
  for (int i = 1; i <= count; ++i) {
    v1::JourneyEvent event;
    event.set_revision(from + i);
    event.mutable_card_changed()->set_card_serial(std::to_string(from + i));
    request.events.push_back(event);
  }
  request.journey = std::make_shared<const v1::Journey>(journey);
  return request;
}

AppendRequest Ending(const std::string& name, int64_t from, const std::string& agent) {
  AppendRequest request = Change(name, from, 1, agent);
  v1::Journey journey = *request.journey;
  journey.set_state(v1::JOURNEY_STATE_SUCCEEDED);
  request.journey = std::make_shared<const v1::Journey>(journey);
  return request;
}

absl::Status Append(Store& store, AppendRequest request) {
  std::promise<absl::Status> result;
  store.Append(std::move(request), [&](const absl::Status& status) { result.set_value(status); });
  return result.get_future().get();
}

class Folder {
 public:
  Folder() {
    std::string pattern = ::testing::TempDir() + "store_test_XXXXXX";
    path_ = mkdtemp(pattern.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::string File(const std::string& name) const { return path_ + "/" + name; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::unique_ptr<Store> MustOpen(const std::string& path) {
  auto store = OpenSqliteStore({.path = path});
  EXPECT_TRUE(store.ok()) << store.status();
  return store.ok() ? *std::move(store) : nullptr;
}

std::string Refusal(const std::string& path) {
  const auto store = OpenSqliteStore({.path = path});
  EXPECT_EQ(store.status().code(), absl::StatusCode::kUnavailable) << store.status();
  EXPECT_EQ(ReasonOf(store.status()), v1::ERROR_REASON_STORE_FAILED);
  return std::string(store.status().message());
}

void Execute(const std::string& path, const std::string& sql) {
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
      << sqlite3_errmsg(db);
  sqlite3_close(db);
}

// -- The contract --

class StoreTest : public ::testing::TestWithParam<std::string> {
 protected:
  StoreTest() {
    if (GetParam() == "sqlite") {
      store_ = MustOpen(folder_.File("journeys.db"));
    } else {
      store_ = std::make_unique<MemoryStore>();
    }
  }
  Folder folder_;
  std::unique_ptr<Store> store_;
};

TEST_P(StoreTest, KeepsAJourneyAndItsEvents) {
  const AppendRequest created = Change("journeys/a", 0, 2);
  ASSERT_TRUE(Append(*store_, created).ok());
  const AppendRequest changed = Change("journeys/a", 2);
  ASSERT_TRUE(Append(*store_, changed).ok());
  const auto journey = store_->GetJourney("journeys/a");
  ASSERT_TRUE(journey.ok()) << journey.status();
  EXPECT_TRUE(MessageDifferencer::Equals(*journey, *changed.journey));
  const auto events = store_->ListEvents("journeys/a", 0, 10);
  ASSERT_TRUE(events.ok());
  ASSERT_EQ(events->events.size(), 3u);
  EXPECT_TRUE(MessageDifferencer::Equals(events->events[1], created.events[1]));
  EXPECT_TRUE(MessageDifferencer::Equals(events->events[2], changed.events[0]));
  EXPECT_FALSE(events->has_more);
}

TEST_P(StoreTest, TakesAnAppendOnlyAtTheExpectedRevision) {
  ASSERT_TRUE(Append(*store_, Change("journeys/a", 0)).ok());
  EXPECT_EQ(Append(*store_, Change("journeys/a", 0)).code(), absl::StatusCode::kAborted);
  EXPECT_EQ(Append(*store_, Change("journeys/a", 2)).code(), absl::StatusCode::kAborted);
  EXPECT_EQ(Append(*store_, Change("journeys/b", 1)).code(), absl::StatusCode::kAborted);
  EXPECT_TRUE(Append(*store_, Change("journeys/a", 1)).ok());
  EXPECT_EQ(store_->ListEvents("journeys/a", 0, 10)->events.size(), 2u);
  EXPECT_EQ(store_->GetJourney("journeys/b").status().code(), absl::StatusCode::kNotFound);
}

TEST_P(StoreTest, TakesARequestOnce) {
  AppendRequest first = Change("journeys/a", 0);
  first.request = RequestKey{"agents/pc1 create", "1"};
  ASSERT_TRUE(Append(*store_, first).ok());
  AppendRequest again = Change("journeys/b", 0);
  again.request = first.request;
  EXPECT_EQ(Append(*store_, again).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(store_->FindRequest(*first.request)->value_or(""), "journeys/a");
  EXPECT_FALSE(store_->FindRequest({"agents/pc2 create", "1"})->has_value());
  EXPECT_EQ(store_->GetJourney("journeys/b").status().code(), absl::StatusCode::kNotFound);
}

TEST_P(StoreTest, ForgetsTheRequestOfAnAppendThatFailed) {
  AppendRequest late = Change("journeys/a", 5);
  late.request = RequestKey{"scope", "1"};
  EXPECT_EQ(Append(*store_, late).code(), absl::StatusCode::kAborted);
  EXPECT_FALSE(store_->FindRequest(*late.request)->has_value());
}

TEST_P(StoreTest, ListsNewestFirstInPages) {
  for (int i = 0; i < 7; ++i) {
    const std::string agent = i % 2 == 0 ? "agents/even" : "agents/odd";
    ASSERT_TRUE(Append(*store_, Change("journeys/" + std::to_string(i), 0, 1, agent)).ok());
  }
  ASSERT_TRUE(Append(*store_, Ending("journeys/6", 1, "agents/even")).ok());
  const auto names = [this](JourneyQuery query) {
    std::string all;
    do {
      const auto page = store_->ListJourneys(query);
      EXPECT_TRUE(page.ok()) << page.status();
      EXPECT_LE(page->journeys.size(), static_cast<std::size_t>(query.limit));
      for (const auto& journey : page->journeys) all += journey.name().back();
      all += page->next == 0 ? "." : " ";
      query.before = page->next;
    } while (query.before != 0);
    return all;
  };
  EXPECT_EQ(names({.limit = 3}), "654 321 0.");
  EXPECT_EQ(names({.limit = 7}), "6543210.");
  EXPECT_EQ(names({.agent = "agents/even", .limit = 3}), "642 0.");
  EXPECT_EQ(names({.active_only = true, .limit = 10}), "543210.");
  EXPECT_EQ(names({.agent = "agents/none", .limit = 10}), ".");
}

TEST_P(StoreTest, PagesEvents) {
  ASSERT_TRUE(Append(*store_, Change("journeys/a", 0, 5)).ok());
  const auto first = store_->ListEvents("journeys/a", 0, 3);
  EXPECT_EQ(first->events.size(), 3u);
  EXPECT_TRUE(first->has_more);
  const auto rest = store_->ListEvents("journeys/a", 3, 3);
  ASSERT_EQ(rest->events.size(), 2u);
  EXPECT_EQ(rest->events[0].revision(), 4);
  EXPECT_FALSE(rest->has_more);
  EXPECT_TRUE(store_->ListEvents("journeys/none", 0, 3)->events.empty());
}

TEST_P(StoreTest, KeepsTheScreensOfThePortal) {
  const auto save = [&](const std::string& name, const std::string& accepter) {
    v1::PortalScreen screen;
    screen.set_name(name);
    screen.set_accepter(accepter);
    std::promise<absl::Status> saved;
    store_->SaveScreen(screen, [&](const absl::Status& status) { saved.set_value(status); });
    return saved.get_future().get();
  };
  EXPECT_TRUE(store_->LoadScreens()->empty());
  ASSERT_TRUE(save("profiles/kamusm/screens/PHONE", "").ok());
  ASSERT_TRUE(save("profiles/kamusm/screens/LOGIN", "").ok());
  ASSERT_TRUE(save("profiles/kamusm/screens/PHONE", "operator").ok());
  const auto screens = store_->LoadScreens();
  ASSERT_TRUE(screens.ok()) << screens.status();
  ASSERT_EQ(screens->size(), 2u);
  EXPECT_EQ((*screens)[0].name(), "profiles/kamusm/screens/LOGIN");
  EXPECT_EQ((*screens)[1].accepter(), "operator");
}

TEST_P(StoreTest, LoadsThoseUnderWay) {
  ASSERT_TRUE(Append(*store_, Change("journeys/a", 0)).ok());
  ASSERT_TRUE(Append(*store_, Change("journeys/b", 0)).ok());
  ASSERT_TRUE(Append(*store_, Ending("journeys/a", 1, "agents/pc1")).ok());
  const auto active = store_->LoadActive();
  ASSERT_TRUE(active.ok());
  ASSERT_EQ(active->size(), 1u);
  EXPECT_EQ(active->front().name(), "journeys/b");
}

TEST_P(StoreTest, KeepsAgentsByName) {
  v1::Agent agent;
  for (const char* name : {"agents/b", "agents/a", "agents/b"}) {
    agent.set_name(name);
    agent.set_version(agent.version() + "1");
    std::promise<absl::Status> saved;
    store_->SaveAgent(agent, [&](const absl::Status& status) { saved.set_value(status); });
    ASSERT_TRUE(saved.get_future().get().ok());
  }
  const auto agents = store_->LoadAgents();
  ASSERT_EQ(agents->size(), 2u);
  EXPECT_EQ(agents->at(0).name(), "agents/a");
  EXPECT_EQ(agents->at(1).version(), "111");
}

INSTANTIATE_TEST_SUITE_P(Both, StoreTest, ::testing::Values("sqlite", "memory"),
                         [](const auto& test) { return test.param; });

// -- The file --

TEST(SqliteStoreTest, CommitsInGroupsAndKeepsTheOrder) {
  Folder folder;
  constexpr int kJourneys = 20, kChanges = 30;
  {
    const auto store = MustOpen(folder.File("journeys.db"));
    std::atomic<int> acknowledged = 0;
    for (int change = 0; change < kChanges; ++change) {
      for (int i = 0; i < kJourneys; ++i) {
        store->Append(Change("journeys/" + std::to_string(i), change),
                      [&](const absl::Status& status) { acknowledged += status.ok() ? 1 : 0; });
      }
    }
    // A conflict among them harms nobody else.
    EXPECT_EQ(Append(*store, Change("journeys/0", 2)).code(), absl::StatusCode::kAborted);
    EXPECT_EQ(acknowledged, kJourneys * kChanges);
  }
  const auto store = MustOpen(folder.File("journeys.db"));
  const auto journeys = store->LoadActive();
  ASSERT_EQ(journeys->size(), static_cast<std::size_t>(kJourneys));
  for (const v1::Journey& journey : *journeys) EXPECT_EQ(journey.revision(), kChanges);
}

TEST(SqliteStoreTest, WritesWhatWasHandedInBeforeItCloses) {
  Folder folder;
  std::atomic<int> acknowledged = 0;
  {
    const auto store = MustOpen(folder.File("journeys.db"));
    for (int i = 0; i < 100; ++i) {
      store->Append(Change("journeys/" + std::to_string(i), 0),
                    [&](const absl::Status& status) { acknowledged += status.ok() ? 1 : 0; });
    }
  }
  EXPECT_EQ(acknowledged, 100);
  EXPECT_EQ(MustOpen(folder.File("journeys.db"))->LoadActive()->size(), 100u);
}

TEST(SqliteStoreTest, WritesWhatIsAskedForByThoseItTellsWhileItCloses) {
  Folder folder;
  constexpr int kJourneys = 50, kChanges = 40;
  std::atomic<int> acknowledged = 0;
  std::function<void(const std::string&, int)> append;
  {
    const auto store = MustOpen(folder.File("journeys.db"));
    append = [&](const std::string& name, int from) {
      store->Append(Change(name, from), [&, name, from](const absl::Status& status) {
        acknowledged += status.ok() ? 1 : 0;
        if (from + 1 < kChanges) append(name, from + 1);
      });
    };
    for (int i = 0; i < kJourneys; ++i) append("journeys/" + std::to_string(i), 0);
  }
  EXPECT_EQ(acknowledged, kJourneys * kChanges);
  const auto journeys = MustOpen(folder.File("journeys.db"))->LoadActive();
  ASSERT_EQ(journeys->size(), static_cast<std::size_t>(kJourneys));
  for (const v1::Journey& journey : *journeys) EXPECT_EQ(journey.revision(), kChanges);
}

TEST(SqliteStoreTest, AGroupThatFailsLeavesTheOthersWhole) {
  Folder folder;
  const std::string path = folder.File("journeys.db");
  const auto store = MustOpen(path);
  ASSERT_TRUE(Append(*store, Change("journeys/0", 0)).ok());
  // The second event of the first journey is there already, as only damage can make it.
  Execute(path, "INSERT INTO events (seq, revision, event) VALUES (1, 2, 'x')");
  constexpr int kJourneys = 64;
  std::vector<std::promise<absl::Status>> results(2 * kJourneys);
  for (int i = 0; i < kJourneys; ++i) {
    const std::string name = "journeys/" + std::to_string(i);
    for (int change = 0; change < 2; ++change) {
      store->Append(Change(name, i == 0 ? change + 1 : change),
                    [&result = results[2 * i + change]](const absl::Status& status) {
                      result.set_value(status);
                    });
    }
  }
  std::vector<absl::Status> statuses;
  for (auto& result : results) statuses.push_back(result.get_future().get());
  EXPECT_EQ(statuses[0].code(), absl::StatusCode::kUnavailable) << statuses[0];
  EXPECT_EQ(statuses[1].code(), absl::StatusCode::kAborted) << statuses[1];
  EXPECT_EQ(store->GetJourney("journeys/0")->revision(), 1);
  for (int i = 1; i < kJourneys; ++i) {
    EXPECT_TRUE(statuses[2 * i].ok() && statuses[2 * i + 1].ok()) << i;
    const std::string name = "journeys/" + std::to_string(i);
    EXPECT_EQ(store->GetJourney(name)->revision(), 2);
    EXPECT_EQ(store->ListEvents(name, 0, 10)->events.size(), 2u);
  }
}

TEST(SqliteStoreTest, IsReadableByItsOwnUserOnly) {
  Folder folder;
  const auto store = MustOpen(folder.File("journeys.db"));
  ASSERT_TRUE(Append(*store, Change("journeys/a", 0)).ok());
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    struct stat info;
    ASSERT_EQ(stat(entry.path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 077, 0u) << entry.path();
  }
}

TEST(SqliteStoreTest, RefusesASecondServerOnTheSameFile) {
  Folder folder;
  const auto store = MustOpen(folder.File("journeys.db"));
  EXPECT_THAT(Refusal(folder.File("journeys.db")), HasSubstr("Another server holds this database"));
}

TEST(SqliteStoreTest, SaysThatTheFolderIsMissing) {
  EXPECT_THAT(Refusal("/nowhere/at/all/journeys.db"), HasSubstr("check that its folder is there"));
}

TEST(SqliteStoreTest, SaysThatTheFileIsNoDatabase) {
  Folder folder;
  std::ofstream(folder.File("x.db")) << std::string(4096, 'x');
  EXPECT_THAT(Refusal(folder.File("x.db")), HasSubstr("The file is not a SQLite database"));
}

TEST(SqliteStoreTest, SaysThatTheDatabaseBelongsToAnotherProgram) {
  Folder folder;
  Execute(folder.File("x.db"), "CREATE TABLE songs (name TEXT)");
  EXPECT_THAT(Refusal(folder.File("x.db")), HasSubstr("belongs to another program"));
  Execute(folder.File("x.db"), "SELECT name FROM songs");
}

TEST(SqliteStoreTest, SaysThatTheDatabaseIsDamaged) {
  Folder folder;
  const std::string path = folder.File("x.db");
  {
    const auto store = MustOpen(path);
    for (int i = 0; i < 200; ++i) {
      store->Append(Change("journeys/" + std::to_string(i), 0, 5), [](const absl::Status&) {});
    }
  }
  Execute(path, "PRAGMA wal_checkpoint(TRUNCATE)");
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  for (int page = 5; page < 12; ++page) {
    file.seekp(page * 4096);
    file << std::string(4096, '\xff');
  }
  file.close();
  EXPECT_THAT(Refusal(path), HasSubstr("The database is damaged"));
}

TEST(SqliteStoreTest, SaysThatANewerVersionWroteIt) {
  Folder folder;
  const std::string path = folder.File("x.db");
  MustOpen(path).reset();
  Execute(path, "PRAGMA user_version = 99");
  EXPECT_THAT(Refusal(path),
              HasSubstr("written by a newer version (schema 99, this program knows " +
                        std::to_string(SchemaVersion()) + ")"));
}

TEST(SqliteStoreTest, SaysThatTheDatabaseIsLocked) {
  Folder folder;
  const std::string path = folder.File("x.db");
  MustOpen(path).reset();
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(db,
                         "PRAGMA journal_mode = DELETE; PRAGMA locking_mode = EXCLUSIVE; BEGIN "
                         "EXCLUSIVE",
                         nullptr, nullptr, nullptr),
            SQLITE_OK);
  EXPECT_THAT(Refusal(path), HasSubstr("locked by another program"));
  sqlite3_close(db);
}

// In a child that is not root, whom no permission stops.
TEST(SqliteStoreTest, SaysThatTheDatabaseCannotBeWritten) {
  Folder folder;
  const std::string path = folder.File("x.db");
  MustOpen(path).reset();
  chmod(path.c_str(), 0444);
  chmod((path + ".lock").c_str(), 0666);
  chmod(folder.path().c_str(), 0555);
  const pid_t child = fork();
  if (child == 0) {
    if (geteuid() == 0 && setuid(65534) != 0) _exit(3);
    const auto store = OpenSqliteStore({.path = path});
    const bool said = !store.ok() &&
                      store.status().message().find("cannot be written") != absl::string_view::npos;
    _exit(said ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  chmod(folder.path().c_str(), 0755);
}

// A child writes and says after each commit how far it is; it is killed in the
// middle, and nothing that it was told is missing.
TEST(SqliteStoreTest, LosesNothingAcknowledgedWhenKilled) {
  Folder folder;
  const std::string path = folder.File("journeys.db");
  int64_t done = 0;
  for (int round = 0; round < 8; ++round) {
    int pipe_ends[2];
    ASSERT_EQ(pipe(pipe_ends), 0);
    const pid_t child = fork();
    if (child == 0) {
      auto store = OpenSqliteStore({.path = path});
      if (!store.ok()) _exit(1);
      for (int64_t revision = done;; ++revision) {
        if (!Append(**store, Change("journeys/a", revision)).ok()) _exit(2);
        if (write(pipe_ends[1], &revision, sizeof revision) != sizeof revision) _exit(3);
      }
    }
    close(pipe_ends[1]);
    int64_t revision = -1;
    for (int i = 0; i < 20 + 7 * round; ++i) {
      ASSERT_EQ(read(pipe_ends[0], &revision, sizeof revision),
                static_cast<ssize_t>(sizeof revision));
    }
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    while (read(pipe_ends[0], &revision, sizeof revision) == sizeof revision) {
    }
    close(pipe_ends[0]);
    const auto store = MustOpen(path);
    const auto journey = store->GetJourney("journeys/a");
    ASSERT_TRUE(journey.ok()) << journey.status();
    EXPECT_GE(journey->revision(), revision + 1);
    EXPECT_EQ(store->ListEvents("journeys/a", 0, 100'000)->events.size(),
              static_cast<std::size_t>(journey->revision()));
    done = journey->revision();
  }
}

}  // namespace
}  // namespace ilkimza::server
