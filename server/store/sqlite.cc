#include "server/store/sqlite.h"

#include <sqlite3.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/error.h"

namespace ilkimza::server {
namespace {

// The memory of a connection that is at hand for what a statement needs while it runs.
constexpr int kLookasideSlot = 8192;
constexpr int kLookasideSlots = 32;

// What the operator can do about it; empty where SQLite's own words must do.
std::string_view Advice(int code) {
  switch (code & 0xff) {
    case SQLITE_CORRUPT:
      return "The database is damaged; restore it from a backup, or move it away to start anew.";
    case SQLITE_NOTADB:
      return "The file is not a SQLite database; check 'store.path'.";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "The database is locked by another program; close it and start again.";
    case SQLITE_READONLY:
      return "The database cannot be written; check the permissions of the file and its folder.";
    case SQLITE_CANTOPEN:
      return "The database cannot be opened; check that its folder is there and its permissions.";
    case SQLITE_FULL:
      return "The disk is full; make room, nothing that was acknowledged is lost.";
    case SQLITE_IOERR:
      return "The disk cannot be read or written; check it and the system's log.";
    default:
      return "";
  }
}

absl::Status Failure(sqlite3* db, int code) {
  std::string_view advice = Advice(code);
  const std::string message = sqlite3_errmsg(db);
  const std::string sentence = advice.empty()
                                   ? absl::StrCat("SQLite: ", message, ".")
                                   : absl::StrCat(std::string(advice), " (SQLite: ", message, ")");
  const char* path = sqlite3_db_filename(db, "main");
  return MakeError(absl::StatusCode::kUnavailable, v1::ERROR_REASON_STORE_FAILED,
                   absl::StrCat(path == nullptr ? "" : path, ": ", sentence));
}

}  // namespace

Statement::Statement(Statement&& other) noexcept
    : db_(other.db_), statement_(std::exchange(other.statement_, nullptr)) {}

Statement& Statement::operator=(Statement&& other) noexcept {
  std::swap(db_, other.db_);
  std::swap(statement_, other.statement_);
  return *this;
}

Statement::~Statement() { sqlite3_finalize(statement_); }

Statement& Statement::Bind(int position, int64_t value) {
  sqlite3_bind_int64(statement_, position, value);
  return *this;
}

Statement& Statement::BindText(int position, std::string_view value) {
  sqlite3_bind_text(statement_, position, value.data(), static_cast<int>(value.size()),
                    SQLITE_STATIC);
  return *this;
}

Statement& Statement::BindBlob(int position, std::string_view value) {
  sqlite3_bind_blob(statement_, position, value.data(), static_cast<int>(value.size()),
                    SQLITE_STATIC);
  return *this;
}

absl::StatusOr<bool> Statement::Step() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return Failure(db_, code);
}

absl::Status Statement::Run() {
  const auto row = Step();
  Reset();
  return row.status();
}

void Statement::Reset() {
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

int64_t Statement::Int(int column) const { return sqlite3_column_int64(statement_, column); }

std::string_view Statement::Bytes(int column) const {
  const void* data = sqlite3_column_blob(statement_, column);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
  return {static_cast<const char*>(data), data == nullptr ? 0 : size};
}

absl::StatusOr<std::unique_ptr<Database>> Database::Open(const std::string& path) {
  sqlite3* db = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  const int code = sqlite3_open_v2(path.c_str(), &db, flags, nullptr);
  std::unique_ptr<Database> database(new Database(db));
  if (code != SQLITE_OK) {
    return MakeError(absl::StatusCode::kUnavailable, v1::ERROR_REASON_STORE_FAILED,
                     absl::StrCat(path, ": ", std::string(Advice(SQLITE_CANTOPEN))));
  }
  sqlite3_extended_result_codes(db, 1);
  sqlite3_busy_timeout(db, 2000);
  // Rows of journeys fit in: they need no allocation each, nor its wiping.
  sqlite3_db_config(db, SQLITE_DBCONFIG_LOOKASIDE, nullptr, kLookasideSlot, kLookasideSlots);
  return database;
}

Database::~Database() { sqlite3_close(db_); }

absl::StatusOr<Statement> Database::Prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return Failure(db_, code);
  return Statement(db_, statement);
}

absl::Status Database::Execute(const std::string& sql) {
  const int code = sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? absl::OkStatus() : Failure(db_, code);
}

absl::StatusOr<int64_t> Database::Number(std::string_view sql) {
  ILKIMZA_ASSIGN_OR_RETURN(Statement statement, Prepare(sql));
  ILKIMZA_RETURN_IF_ERROR(statement.Step().status());
  return statement.Int(0);
}

absl::StatusOr<std::string> Database::Text(std::string_view sql) {
  ILKIMZA_ASSIGN_OR_RETURN(Statement statement, Prepare(sql));
  ILKIMZA_RETURN_IF_ERROR(statement.Step().status());
  return std::string(statement.Bytes(0));
}

int Database::Changes() const { return sqlite3_changes(db_); }

int64_t Database::LastRow() const { return sqlite3_last_insert_rowid(db_); }

bool Database::IsReadOnly() const { return sqlite3_db_readonly(db_, "main") == 1; }

}  // namespace ilkimza::server
