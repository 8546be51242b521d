// The schema of the SQLite store and its migrations.
#ifndef ILKIMZA_SERVER_STORE_SCHEMA_H_
#define ILKIMZA_SERVER_STORE_SCHEMA_H_

#include <string>

#include "absl/status/status.h"
#include "server/store/sqlite.h"

namespace ilkimza::server {

// The version that this program writes.
int SchemaVersion();

// Checks that the database is ours, whole and not newer than we are, and applies
// the migrations it lacks, each in a transaction of its own.
absl::Status PrepareSchema(Database& database, const std::string& path);

}  // namespace ilkimza::server

#endif  // ILKIMZA_SERVER_STORE_SCHEMA_H_
