// Files that a person asked for.
#ifndef ILKIMZA_CLIENTS_CLI_FILE_OUTPUT_H_
#define ILKIMZA_CLIENTS_CLI_FILE_OUTPUT_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "clients/cli/program.h"

namespace ilkimza::client {

// The whole file or none of it. One that exists is replaced only with `force`. Symbolic
// links are not followed.
absl::Status WriteWholeFile(const std::string& path, std::string_view bytes, bool force);

// Tells why a file was not written; the exit code.
int FailToWrite(Screen& screen, const Settings& settings, const absl::Status& status);

}  // namespace ilkimza::client

#endif  // ILKIMZA_CLIENTS_CLI_FILE_OUTPUT_H_
