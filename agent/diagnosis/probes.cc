#include "agent/diagnosis/probes.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <chrono>
#include <future>
#include <mutex>
#include <thread>
#include <utility>

#include "absl/time/clock.h"
#include "agent/card/pcsc.h"
#include "agent/identity/identity.h"
#include "agent/identity/renewal.h"
#include "agent/link/server_link.h"
#include "base/error.h"
#include "base/tls.h"
#include "ilkimza/v1/portal_service.grpc.pb.h"

namespace ilkimza::agent {
namespace {

constexpr std::chrono::seconds kProbeTime{5};

struct Asked {
  LONG code = SCARD_S_SUCCESS;
  std::vector<std::string> readers;
};

Asked AskPcsc(Pcsc& pcsc) {
  Asked asked;
  PcscContext context(pcsc);
  asked.code = context.Establish();
  if (asked.code == SCARD_S_SUCCESS) asked.code = pcsc.ListReaders(context.get(), asked.readers);
  return asked;
}

bool TurnsAway(LONG code) {
  return code == SCARD_W_SECURITY_VIOLATION || code == SCARD_E_NO_ACCESS;
}

// Whether the server visits the portal itself: it knows PortalService then, and not
// this journey.
bool HostsPortal(const std::shared_ptr<grpc::Channel>& channel, const std::stop_token& stop) {
  const auto stub = v1::PortalService::NewStub(channel);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kProbeTime);
  const std::stop_callback cancel(stop, [&context] { context.TryCancel(); });
  v1::WatchScreenRequest request;
  request.set_journey("journeys/none");
  const auto reader = stub->WatchScreen(&context, request);
  v1::WatchScreenResponse response;
  while (reader->Read(&response)) {
  }
  switch (reader->Finish().error_code()) {
    case grpc::StatusCode::NOT_FOUND:
    case grpc::StatusCode::INVALID_ARGUMENT:
    case grpc::StatusCode::PERMISSION_DENIED:
    case grpc::StatusCode::FAILED_PRECONDITION:
      return true;
    default:
      return false;
  }
}

// A service that hangs keeps its caller for good, so that is another thread, and the only
// one: whoever looks meanwhile waits for the same answer. Thread-safe.
class PcscCaller {
 public:
  explicit PcscCaller(std::shared_ptr<Pcsc> pcsc) : pcsc_(std::move(pcsc)) {}

  std::shared_future<Asked> Ask() {
    const std::lock_guard lock(mutex_);
    const bool is_asking =
        answer_.valid() && answer_.wait_for(std::chrono::seconds(0)) != std::future_status::ready;
    if (is_asking) return answer_;
    std::promise<Asked> promise;
    answer_ = promise.get_future().share();
    std::thread([pcsc = pcsc_, promise = std::move(promise)]() mutable {
      promise.set_value(AskPcsc(*pcsc));
    }).detach();
    return answer_;
  }

 private:
  const std::shared_ptr<Pcsc> pcsc_;
  std::mutex mutex_;
  std::shared_future<Asked> answer_;
};

absl::StatusOr<std::shared_ptr<grpc::Channel>> Connected(ServerLink& link,
                                                         absl::Duration patience) {
  using Channel = absl::StatusOr<std::shared_ptr<grpc::Channel>>;
  auto promise = std::make_shared<std::promise<Channel>>();
  std::future<Channel> future = promise->get_future();
  link.WithServer(patience, [promise](Channel channel) { promise->set_value(std::move(channel)); });
  return future.get();
}

}  // namespace

std::function<ServiceLook()> ServiceProbe(std::shared_ptr<Pcsc> pcsc, CardMachine machine,
                                          absl::Duration patience) {
  const auto caller = std::make_shared<PcscCaller>(std::move(pcsc));
  return [caller, machine = std::move(machine), patience] {
    ServiceLook look;
    look.usb_readers = UsbReaders(machine);
    const std::shared_future<Asked> answer = caller->Ask();
    if (answer.wait_for(absl::ToChronoMilliseconds(patience)) != std::future_status::ready) {
      look.state = ServiceLook::State::kSilent;
      return look;
    }
    const Asked& asked = answer.get();
    look.readers = asked.readers;
    if (asked.code == SCARD_S_SUCCESS) {
      look.state = ServiceLook::State::kRuns;
    } else if (TurnsAway(asked.code)) {
      look.state = ServiceLook::State::kForbidden;
    } else {
      const CardServiceState state = LookAtCardService(machine);
      look.state = state == CardServiceState::kForbidden      ? ServiceLook::State::kForbidden
                   : state == CardServiceState::kNotInstalled ? ServiceLook::State::kNotInstalled
                                                              : ServiceLook::State::kStopped;
    }
    return look;
  };
}

std::function<ServerLook(std::stop_token)> ServerProbe(ServerLink& link, absl::Duration patience) {
  return [&link, patience](const std::stop_token& stop) {
    ServerLook look;
    const auto channel = Connected(link, patience);
    look.status = channel.status();
    if (!channel.ok()) return look;
    look.clock_ahead = link.clock_ahead();
    look.hosts_portal = HostsPortal(*channel, stop);
    return look;
  };
}

std::function<CertificateLook()> CertificateProbe(ServerEndpoint server, ServerLink& link,
                                                  const Renewal* renewal) {
  return [server = std::move(server), &link, renewal] {
    using State = CertificateLook::State;
    CertificateLook look;
    const TlsFiles files = WithIdentity(server.tls, server.identity_directory);
    if (files.certificate.empty()) {
      const bool plain = files.ca.empty() && IsLocalAddress(server.address);
      look.state = plain || link.attached() ? State::kNotNeeded : State::kMissing;
      return look;
    }
    const auto life = LifeOf(files.certificate);
    look.state = life.ok() ? State::kThere : State::kUnusable;
    if (life.ok()) look.not_after = life->not_after;
    if (renewal != nullptr) look.renewal = renewal->last_failure();
    return look;
  };
}

std::function<PortalLook(std::stop_token)> PortalProbe(portal::Profile profile,
                                                       portal::BrowserOptions options) {
  return [profile = std::move(profile),
          options = std::move(options)](const std::stop_token& stop) -> PortalLook {
    PortalLook look;
    const auto browser = portal::Browser::Create(options, profile.origins());
    if (!browser.ok()) {
      look.status = browser.status();
      return look;
    }
    const auto page = (*browser)->Load({.address = profile.entrance_address()}, stop);
    look.status = page.status();
    if (!page.ok()) return look;
    look.http_status = page->status;
    if (page->date != absl::InfinitePast()) look.clock_ahead = absl::Now() - page->date;
    return look;
  };
}

}  // namespace ilkimza::agent
