// A thin cover over SQLite: RAII, statements with positions, and errors as
// absl::Status with a sentence for the operator.
//
// Not thread-safe: one connection belongs to one thread at a time.
#ifndef ILKIMZA_SERVER_STORE_SQLITE_H_
#define ILKIMZA_SERVER_STORE_SQLITE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

struct sqlite3;
struct sqlite3_stmt;

namespace ilkimza::server {

class Database;

// A prepared statement. Positions start at 1 for bindings and at 0 for columns,
// as in SQLite.
class Statement {
 public:
  Statement() = default;
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&& other) noexcept;
  ~Statement();

  Statement& Bind(int position, int64_t value);
  // The bytes must live until Reset().
  Statement& BindText(int position, std::string_view value);
  Statement& BindBlob(int position, std::string_view value);

  // True where there is a row, false at the end.
  absl::StatusOr<bool> Step();
  // For statements that return no rows: steps to the end and resets.
  absl::Status Run();
  void Reset();

  [[nodiscard]] int64_t Int(int column) const;
  // Valid until the next Step() or Reset().
  [[nodiscard]] std::string_view Bytes(int column) const;

 private:
  friend class Database;
  Statement(sqlite3* db, sqlite3_stmt* statement) : db_(db), statement_(statement) {}

  sqlite3* db_ = nullptr;
  sqlite3_stmt* statement_ = nullptr;
};

class Database {
 public:
  static absl::StatusOr<std::unique_ptr<Database>> Open(const std::string& path);
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database();

  absl::StatusOr<Statement> Prepare(std::string_view sql);
  // One or more statements without results.
  absl::Status Execute(const std::string& sql);
  // The one number that `sql` asks for.
  absl::StatusOr<int64_t> Number(std::string_view sql);
  // The one text that `sql` asks for.
  absl::StatusOr<std::string> Text(std::string_view sql);
  // Rows that the last statement changed.
  [[nodiscard]] int Changes() const;
  // The rowid of the row inserted last.
  [[nodiscard]] int64_t LastRow() const;
  [[nodiscard]] bool IsReadOnly() const;

 private:
  explicit Database(sqlite3* db) : db_(db) {}

  sqlite3* db_;
};

}  // namespace ilkimza::server

#endif  // ILKIMZA_SERVER_STORE_SQLITE_H_
