// Small files that must be whole or not there: keys, certificates, addresses.
//
// Thread-safe, as far as the file system is.
#ifndef ILKIMZA_BASE_PRIVATE_FILE_H_
#define ILKIMZA_BASE_PRIVATE_FILE_H_

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace ilkimza {

// Writes `contents` with permissions `mode` to a temporary file beside `path`, makes it
// durable, and renames it over `path`: a reader, or a start after a power cut, sees the
// old file or the new one. UNAVAILABLE / BAD_CONFIGURATION says what could not be done.
absl::Status ReplaceFile(const std::string& path, std::string_view contents, mode_t mode);

// Reads the whole of an ordinary file of at most `limit` bytes. NOT_FOUND where there is
// none; the message of other errors says why, without the path.
absl::Status ReadSmallFile(const std::string& path, std::size_t limit, std::string& contents);

}  // namespace ilkimza

#endif  // ILKIMZA_BASE_PRIVATE_FILE_H_
