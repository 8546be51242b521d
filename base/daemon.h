// What a program does around its own work: keep libraries from talking, wait for
// signals, say that it is ready.
#ifndef ILKIMZA_BASE_DAEMON_H_
#define ILKIMZA_BASE_DAEMON_H_

#include <initializer_list>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace ilkimza {

// First in `main` of every program that sees secrets, clients as well, before anything of
// gRPC or libcurl is used. gRPC's traces show the bytes of every message and libcurl can
// write TLS keys to a file, both by environment variable: these are removed, for children
// too. What gRPC has to say goes to our log, errors only, at level debug; what libprotobuf
// has to say about a message goes nowhere.
void QuietLibraries();

// Before anything is opened. Opens /dev/null for each of the three standard streams that is
// closed: else the next file or socket takes its number, and is taken for it. Writing to
// standard output goes on to fail then: an answer that nobody gets is none.
void OpenStandardStreams();

// The exit code (sysexits.h) for an error at start: 78 for a wrong configuration,
// 69 where something is unavailable, for example another instance, 70 else.
int ExitCodeOf(const absl::Status& status);

// Blocks `signals` in this thread and those it starts later, and ignores SIGPIPE.
// To be called before any thread is started.
void BlockSignals(std::initializer_list<int> signals);
// Waits for one of them and returns it.
int WaitForSignal(std::initializer_list<int> signals);

// Writes `address` and a line break to `path`, by way of a temporary file and a
// rename, so that a reader sees all of it or nothing. Mode 0600.
absl::Status WriteAddressFile(const std::string& path, std::string_view address);

// Tells systemd, for example "READY=1" or "STOPPING=1". Does nothing where the
// program was not started by it.
void NotifySystemd(std::string_view state);

}  // namespace ilkimza

#endif  // ILKIMZA_BASE_DAEMON_H_
