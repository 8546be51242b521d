#include "server/store/schema.h"

#include <array>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "base/error.h"

namespace ilkimza::server {
namespace {

// "ilkz": tells our files from those of other programs.
constexpr int64_t kApplicationId = 0x696c6b7a;

// Version n is reached by the first n of these. A published one never changes.
constexpr std::array<std::string_view, 3> kMigrations = {
    // `seq` is the order of creation, and the place in lists. `journey` and
    // `event` are serialised messages of ilkimza.v1; the columns beside them
    // are what is searched for.
    R"(
    CREATE TABLE journeys (
      seq INTEGER PRIMARY KEY AUTOINCREMENT,
      name TEXT NOT NULL UNIQUE,
      agent TEXT NOT NULL,
      active INTEGER NOT NULL,
      revision INTEGER NOT NULL,
      journey BLOB NOT NULL
    );
    CREATE INDEX journeys_of_agent ON journeys (agent, seq);
    CREATE INDEX journeys_active ON journeys (seq) WHERE active = 1;
    CREATE TABLE events (
      seq INTEGER NOT NULL REFERENCES journeys (seq),
      revision INTEGER NOT NULL,
      event BLOB NOT NULL,
      PRIMARY KEY (seq, revision)
    ) WITHOUT ROWID;
    CREATE TABLE requests (
      scope TEXT NOT NULL,
      id TEXT NOT NULL,
      journey TEXT NOT NULL,
      PRIMARY KEY (scope, id)
    ) WITHOUT ROWID;
    CREATE TABLE agents (
      name TEXT PRIMARY KEY,
      agent BLOB NOT NULL
    ) WITHOUT ROWID;
    )",
    // `digest` is the SHA-256 of a join token, which is nowhere itself; `expiry` is in
    // seconds since 1970.
    R"(
    CREATE TABLE join_tokens (
      digest TEXT PRIMARY KEY,
      token BLOB NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE agent_certificates (
      seq INTEGER PRIMARY KEY AUTOINCREMENT,
      name TEXT NOT NULL UNIQUE,
      agent TEXT NOT NULL,
      expiry INTEGER NOT NULL,
      certificate BLOB NOT NULL
    );
    CREATE INDEX agent_certificates_of_agent ON agent_certificates (agent, seq);
    CREATE INDEX agent_certificates_by_expiry ON agent_certificates (expiry);
    )",
    R"(
    CREATE TABLE portal_screens (
      name TEXT PRIMARY KEY,
      screen BLOB NOT NULL
    ) WITHOUT ROWID;
    )",
};

absl::Status Refuse(const std::string& path, std::string_view sentence) {
  return MakeError(absl::StatusCode::kUnavailable, v1::ERROR_REASON_STORE_FAILED,
                   absl::StrCat(path, ": ", std::string(sentence)));
}

absl::Status Migrate(Database& database, int from) {
  const absl::Status migrated =
      database.Execute(absl::StrCat("BEGIN IMMEDIATE;", std::string(kMigrations[from]),
                                    "PRAGMA user_version = ", from + 1, "; COMMIT;"));
  if (!migrated.ok()) database.Execute("ROLLBACK").IgnoreError();
  return migrated;
}

}  // namespace

int SchemaVersion() { return static_cast<int>(kMigrations.size()); }

absl::Status PrepareSchema(Database& database, const std::string& path) {
  ILKIMZA_ASSIGN_OR_RETURN(const int64_t tables,
                           database.Number("SELECT count(*) FROM sqlite_schema"));
  ILKIMZA_ASSIGN_OR_RETURN(const int64_t id, database.Number("PRAGMA application_id"));
  ILKIMZA_ASSIGN_OR_RETURN(const int64_t version, database.Number("PRAGMA user_version"));
  if (database.IsReadOnly()) {
    return Refuse(path,
                  "The database cannot be written; check the permissions of the file and its "
                  "folder.");
  }
  if (tables != 0 && id != kApplicationId) {
    return Refuse(path, "The database belongs to another program; check 'store.path'.");
  }
  if (version > SchemaVersion()) {
    return Refuse(path, absl::StrCat("The database was written by a newer version (schema ",
                                     version, ", this program knows ", SchemaVersion(),
                                     "); upgrade the server, or restore the backup made before."));
  }
  ILKIMZA_ASSIGN_OR_RETURN(const std::string check, database.Text("PRAGMA quick_check(1)"));
  if (check != "ok") {
    return Refuse(path,
                  absl::StrCat("The database is damaged (", check,
                               "); restore it from a backup, or move it away to start anew."));
  }
  ILKIMZA_RETURN_IF_ERROR(
      database.Execute(absl::StrCat("PRAGMA application_id = ", kApplicationId)));
  for (int64_t at = version; at < SchemaVersion(); ++at) {
    ILKIMZA_RETURN_IF_ERROR(Migrate(database, static_cast<int>(at)));
  }
  return absl::OkStatus();
}

}  // namespace ilkimza::server
