#include "base/error.h"

#include <gtest/gtest.h>

namespace ilkimza {
namespace {

TEST(Error, CarriesReasonAndMetadata) {
  const absl::Status status = MakeError(absl::StatusCode::kFailedPrecondition,
                                        v1::ERROR_REASON_WRONG_PIN, "no", {{"tries_left", "2"}});
  EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_WRONG_PIN);
  EXPECT_EQ(MetadataOf(status).at("tries_left"), "2");
}

TEST(Error, SurvivesTheWireBothWays) {
  const absl::Status status =
      MakeError(absl::StatusCode::kUnavailable, v1::ERROR_REASON_SERVER_UNREACHABLE,
                "The server does not answer.", {{"server", "x"}});
  const grpc::Status wire = ToGrpcStatus(status);
  EXPECT_EQ(wire.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(ReasonOf(wire), v1::ERROR_REASON_SERVER_UNREACHABLE);
  EXPECT_EQ(FromGrpcStatus(wire), status);
}

TEST(Error, ForeignStatusesHaveNoReason) {
  EXPECT_EQ(ReasonOf(absl::UnknownError("x")), v1::ERROR_REASON_UNSPECIFIED);
  EXPECT_EQ(ReasonOf(grpc::Status(grpc::INTERNAL, "x", "\xff\xfe garbage")),
            v1::ERROR_REASON_UNSPECIFIED);
  EXPECT_TRUE(ToGrpcStatus(absl::OkStatus()).ok());
  EXPECT_EQ(FromGrpcStatus(grpc::Status(grpc::ABORTED, "x")), absl::AbortedError("x"));
}

TEST(Error, NamesReasonsWithoutTheirPrefix) {
  EXPECT_EQ(ReasonName(v1::ERROR_REASON_PIN_BLOCKED), "PIN_BLOCKED");
  EXPECT_EQ(ReasonName(static_cast<v1::ErrorReason>(9999)), "UNSPECIFIED");
}

}  // namespace
}  // namespace ilkimza
