#include "agent/identity/enrolment.h"

#include <fcntl.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <chrono>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "agent/identity/identity.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/redact.h"
#include "ilkimza/v1/fleet_service.grpc.pb.h"

namespace ilkimza::agent {
namespace {

constexpr std::size_t kMaxToken = 1024;
constexpr std::chrono::seconds kCallTime{30};

absl::Status BadToken(const std::string& path, std::string_view sentence) {
  return MakeError(
      absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_BAD_FIELD,
      absl::StrCat(path == "-" ? "standard input" : path, ": ", std::string(sentence)));
}

absl::Status CheckTokenFile(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return BadToken(path, "There is no such file.");
  if (S_ISREG(info.st_mode) && (info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return BadToken(path, "The join token can be read by other users: chmod 600 its file.");
  }
  return absl::OkStatus();
}

absl::StatusOr<Secret> ReadAll(int fd, const std::string& path) {
  std::string text;
  text.reserve(kMaxToken + 1);
  const WipeGuard wipe(text);
  std::array<char, 256> part{};
  ssize_t got = 0;
  while (text.size() <= kMaxToken && (got = read(fd, part.data(), part.size())) > 0) {
    text.append(part.data(), static_cast<std::size_t>(got));
  }
  explicit_bzero(part.data(), part.size());
  if (got < 0 || text.size() > kMaxToken) return BadToken(path, "This is no join token.");
  const absl::string_view token = absl::StripAsciiWhitespace(text);
  if (token.empty()) return BadToken(path, "There is no join token in it.");
  return Secret(std::string_view(token.data(), token.size()));
}

// What gRPC says by itself is for engineers.
absl::Status Explained(const grpc::Status& status, const std::string& address) {
  if (status.ok()) return absl::OkStatus();
  const absl::Status error = FromGrpcStatus(status);
  if (ReasonOf(error) != v1::ERROR_REASON_UNSPECIFIED) return error;
  if (status.error_code() == grpc::StatusCode::UNIMPLEMENTED) {
    return MakeError(absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_ENROLMENT_OFF,
                     absl::StrCat("The server at ", address,
                                  " does not enrol agents there; ask for its enrolment address."));
  }
  return MakeError(
      absl::StatusCode::kUnavailable, v1::ERROR_REASON_SERVER_UNREACHABLE,
      absl::StrCat("The server at ", address, " cannot be reached (", status.error_message(),
                   "). Check the address and 'server.ca_file', and try again with the "
                   "same join token."));
}

template <typename Response>
CertificateAnswer AnswerOf(const Response& response) {
  return {{response.certificate_chain().begin(), response.certificate_chain().end()},
          {response.server_authorities().begin(), response.server_authorities().end()}};
}

}  // namespace

absl::StatusOr<Secret> ReadJoinToken(const std::string& path) {
  if (path == "-") return ReadAll(STDIN_FILENO, path);
  ILKIMZA_RETURN_IF_ERROR(CheckTokenFile(path));
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return BadToken(path, "The file cannot be read.");
  auto token = ReadAll(fd, path);
  close(fd);
  return token;
}

absl::StatusOr<absl::Time> Enrol(const ServerEndpoint& door, const std::string& agent,
                                 const Secret& token, const std::string& directory) {
  ILKIMZA_ASSIGN_OR_RETURN(const auto request, IdentityRequest::Begin(directory));
  ILKIMZA_ASSIGN_OR_RETURN(const auto channel, DialDoor(door));
  v1::EnrolAgentRequest message;
  const WipeSecretsGuard wipe(message);
  message.set_agent(agent);
  message.set_token(std::string(token.view()));
  ILKIMZA_ASSIGN_OR_RETURN(*message.mutable_certificate_request(), request->Der());
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kCallTime);
  v1::EnrolAgentResponse response;
  ILKIMZA_RETURN_IF_ERROR(Explained(
      v1::FleetService::NewStub(channel)->EnrolAgent(&context, message, &response), door.address));
  ILKIMZA_RETURN_IF_ERROR(request->Install(AnswerOf(response), agent, absl::Now()));
  return FromProto(response.certificate().expire_time());
}

absl::StatusOr<absl::Time> RenewCertificate(const std::shared_ptr<grpc::Channel>& channel,
                                            const std::string& agent, const std::string& directory,
                                            const std::stop_token& stop) {
  ILKIMZA_ASSIGN_OR_RETURN(const auto request, IdentityRequest::Begin(directory));
  v1::RenewAgentCertificateRequest message;
  message.set_agent(agent);
  ILKIMZA_ASSIGN_OR_RETURN(*message.mutable_certificate_request(), request->Der());
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kCallTime);
  const std::stop_callback cancel(stop, [&context] { context.TryCancel(); });
  v1::RenewAgentCertificateResponse response;
  ILKIMZA_RETURN_IF_ERROR(FromGrpcStatus(
      v1::FleetService::NewStub(channel)->RenewAgentCertificate(&context, message, &response)));
  ILKIMZA_RETURN_IF_ERROR(request->Install(AnswerOf(response), agent, absl::Now()));
  return FromProto(response.certificate().expire_time());
}

}  // namespace ilkimza::agent
