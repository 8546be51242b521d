// The store in one SQLite file: write-ahead log, synchronous=FULL, so that what
// was acknowledged survives kill -9 and a power cut.
//
// One thread writes. It takes all appends that wait and commits them in one
// transaction: the more journeys move at the same time, the fewer commits for each.
// Another tells their callers while the next group is written. Reads go through a
// connection of their own.
#ifndef ILKIMZA_SERVER_STORE_SQLITE_STORE_H_
#define ILKIMZA_SERVER_STORE_SQLITE_STORE_H_

#include <cstddef>
#include <memory>
#include <string>

#include "server/store/store.h"

namespace ilkimza::server {

struct SqliteOptions {
  std::string path;
  // Appends in one transaction at most.
  std::size_t group_limit = 512;
};

// Opens the file, or makes it with permissions 0600, and brings an older schema up
// to date. A second server on the same file is refused. The destructor writes
// what was handed in.
//
// A file that is damaged, locked, read-only, of another program or written by a
// newer version is an error with one sentence that says so: UNAVAILABLE with
// ERROR_REASON_STORE_FAILED.
absl::StatusOr<std::unique_ptr<Store>> OpenSqliteStore(const SqliteOptions& options);

}  // namespace ilkimza::server

#endif  // ILKIMZA_SERVER_STORE_SQLITE_STORE_H_
