// Errors: `absl::Status` inside, `grpc::Status` with `google.rpc.ErrorInfo`
// outside, and one enum of reasons for both.
//
// The message of an error is one English sentence: what happened, where, and how
// to mend it. It never holds a secret. Clients show their own sentence, chosen by
// the reason.
#ifndef ILKIMZA_BASE_ERROR_H_
#define ILKIMZA_BASE_ERROR_H_

#include <grpcpp/support/status.h>

#include <map>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "ilkimza/v1/error_reason.pb.h"

namespace ilkimza {

using ErrorMetadata = std::map<std::string, std::string>;

// An error that carries `reason`, and `metadata` such as {"tries_left", "2"}.
absl::Status MakeError(absl::StatusCode code, v1::ErrorReason reason, std::string_view message,
                       const ErrorMetadata& metadata = {});

// ERROR_REASON_UNSPECIFIED where the status carries none.
v1::ErrorReason ReasonOf(const absl::Status& status);
v1::ErrorReason ReasonOf(const grpc::Status& status);
// Empty where the status carries none.
ErrorMetadata MetadataOf(const absl::Status& status);

// Both directions keep code, message, reason and metadata.
grpc::Status ToGrpcStatus(const absl::Status& status);
absl::Status FromGrpcStatus(const grpc::Status& status);

// "ERROR_REASON_WRONG_PIN" -> "WRONG_PIN": the form in ErrorInfo, JSON and logs.
std::string ReasonName(v1::ErrorReason reason);

}  // namespace ilkimza

// Returns from the function when `expression` (an absl::Status) is an error.
#define ILKIMZA_RETURN_IF_ERROR(expression)                                 \
  do {                                                                      \
    if (absl::Status ilkimza_status = (expression); !ilkimza_status.ok()) { \
      return ilkimza_status;                                                \
    }                                                                       \
  } while (false)

// `ILKIMZA_ASSIGN_OR_RETURN(auto page, browser.Get(url));`
#define ILKIMZA_ASSIGN_OR_RETURN(lhs, expression) \
  ILKIMZA_ASSIGN_OR_RETURN_IMPL(ILKIMZA_CONCAT(ilkimza_or_, __LINE__), lhs, expression)
#define ILKIMZA_CONCAT_IMPL(a, b) a##b
#define ILKIMZA_CONCAT(a, b) ILKIMZA_CONCAT_IMPL(a, b)
#define ILKIMZA_ASSIGN_OR_RETURN_IMPL(statusor, lhs, expression) \
  auto statusor = (expression);                                  \
  if (!statusor.ok()) return std::move(statusor).status();       \
  lhs = *std::move(statusor)

#endif  // ILKIMZA_BASE_ERROR_H_
