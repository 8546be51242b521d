// The agent's line to the server. The agent dials out and holds one AttachAgent
// stream: directives come down it, reports go up. When the stream is lost, it is
// taken up again after a back-off with full jitter (see backoff.h).
//
// The same connection carries the calls the agent forwards; while it is down, a
// person who waits for the server shortens the back-off.
//
// Thread-safe, except that Start and Stop belong to one owner.
//
//   ServerLink link({.agent = "agents/ayse-pc7"}, dial, sink);
//   link.Start();
//   link.WithServer(absl::Seconds(10), [](auto channel) { if (channel.ok()) ...; });
#ifndef ILKIMZA_AGENT_LINK_SERVER_LINK_H_
#define ILKIMZA_AGENT_LINK_SERVER_LINK_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "agent/link/backoff.h"
#include "agent/link/directive_sink.h"
#include "ilkimza/v1/fleet_service.pb.h"

namespace grpc {
class Channel;
}

namespace ilkimza::agent {

struct ServerLinkOptions {
  // "agents/{agent}".
  std::string agent;
  std::string version;
  // What the portal is driven with.
  v1::HostProfile profile;
  // Named in error sentences.
  std::string server_address;
  BackoffOptions backoff;
  // From dialling to the server's welcome. Longer than the queue of handshakes
  // after a server's restart.
  absl::Duration attach_timeout = absl::Seconds(60);
  // How long Stop waits for the server to end the stream in good order.
  absl::Duration farewell = absl::Seconds(1);
  // Uniform in [0, 1); empty: the machine's own randomness.
  std::function<double()> random;
  // Called after each attach, on any thread but never after `Stop`; must not block. May be
  // empty.
  std::function<void()> on_attached;
};

// A fresh connection, and when it has to be left because the agent's own
// certificate ends (InfiniteFuture without one).
struct Dialled {
  std::shared_ptr<grpc::Channel> channel;
  absl::Time expiry = absl::InfiniteFuture();
};
using Dial = std::function<absl::StatusOr<Dialled>()>;

class ServerLink {
 public:
  using UseChannel = std::function<void(absl::StatusOr<std::shared_ptr<grpc::Channel>>)>;

  // `sink` outlives the link.
  ServerLink(ServerLinkOptions options, Dial dial, DirectiveSink& sink);
  ServerLink(const ServerLink&) = delete;
  ServerLink& operator=(const ServerLink&) = delete;
  // Stops.
  ~ServerLink();

  // Dials now and keeps the stream up from here on.
  void Start();
  // Ends the stream in good order if that is quick; no callback follows.
  void Stop();

  // Sent now if attached, and again after each attach until the server has it.
  void Report(const v1::StepReport& report);
  // Whose turn it is inside a running step. Sent if attached, not kept.
  void Progress(std::string_view journey, int64_t directive_id, v1::Actor turn);
  // Serial of the card in the reader, empty without one. The last one counts.
  void CardChanged(std::string_view card_serial);

  // Calls `use` once, on any thread, with the connection: at once while attached,
  // else as soon as that is so. An error (UNAVAILABLE / SERVER_UNREACHABLE, or why
  // the server refuses this agent) once `patience` has run out, or after an attempt
  // to attach that failed meanwhile.
  void WithServer(absl::Duration patience, UseChannel use);
  // From here on, and for those who wait: UNAVAILABLE / SHUTTING_DOWN.
  void RefuseWaiters();

  [[nodiscard]] bool attached() const;
  // How far this PC's clock is ahead of the server's; nothing while not attached, or
  // where the server does not tell the time.
  [[nodiscard]] std::optional<absl::Duration> clock_ahead() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_LINK_SERVER_LINK_H_
