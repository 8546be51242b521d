// Whether a socket may be trusted with secrets.
#ifndef ILKIMZA_CLIENTS_SDK_SOCKET_CHECK_H_
#define ILKIMZA_CLIENTS_SDK_SOCKET_CHECK_H_

#include <string>

#include "absl/status/status.h"

namespace ilkimza::client {

// OK where `path` is a socket of this user, in a directory in which nobody else
// can put another one in its place, and where there is nothing at `path`.
// ERROR_REASON_NOT_ALLOWED otherwise.
absl::Status CheckSocket(const std::string& path);

}  // namespace ilkimza::client

#endif  // ILKIMZA_CLIENTS_SDK_SOCKET_CHECK_H_
