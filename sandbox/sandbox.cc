#include "sandbox/sandbox.h"

#include <httplib.h>

#include <thread>
#include <utility>

#include "sandbox/control.h"
#include "sandbox/https_server.h"
#include "sandbox/phone.h"
#include "sandbox/portal.h"
#include "sandbox/text.h"
#include "sandbox/tls.h"

namespace ilkimza::sandbox {
namespace {

class Running final : public Sandbox {
 public:
  explicit Running(SandboxOptions options)
      : state_(options.rules),
        cards_(std::move(options.slots), std::move(options.card_key_directory)) {
    state_.world = std::move(options.world);
    state_.ledger.Record(state_.world);
    for (Fault& fault : options.faults) state_.faults.Add(std::move(fault));
    control_ = std::make_unique<Control>(state_, cards_);
    phone_ = std::make_unique<Phone>(state_, *control_);
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  ~Running() override {
    if (portal_server_) portal_server_->Stop();
    if (phone_server_) phone_server_->Stop();
    plain_server_.stop();
    if (plain_thread_.joinable()) plain_thread_.join();
  }

  absl::Status Start(int portal_port, int phone_port, int connections) {
    absl::StatusOr<Painter> painter = Painter::Create();
    if (!painter.ok()) return painter.status();
    absl::StatusOr<TlsIdentity> identity = MakeTlsIdentity();
    if (!identity.ok()) return identity.status();
    ca_pem_ = std::move(identity->ca_pem);
    absl::StatusOr<std::unique_ptr<HttpsServer>> server =
        HttpsServer::Bind(*identity, portal_port, connections);
    if (!server.ok()) return server.status();
    portal_server_ = *std::move(server);
    server = HttpsServer::Bind(*identity, phone_port, connections);
    if (!server.ok()) return server.status();
    phone_server_ = *std::move(server);
    ServePlain();

    portal_ = std::make_unique<Portal>(
        state_, *portal_server_,
        Portal::Addresses{.portal = portal_url(),
                          .offsite_https = Cat(phone_url(), "offsite"),
                          .offsite_http = Cat("http://localhost:", plain_port_, "/offsite")},
        *std::move(painter));
    portal_server_->Serve([this](const httplib::Request& request, httplib::Response& response) {
      portal_->Handle(request, response);
    });
    phone_server_->Serve([this](const httplib::Request& request, httplib::Response& response) {
      phone_->Handle(request, response);
    });
    return absl::OkStatus();
  }

  std::string portal_url() const override {
    return Cat("https://localhost:", portal_server_->port(), "/");
  }
  std::string phone_url() const override {
    return Cat("https://localhost:", phone_server_->port(), "/");
  }
  const std::string& ca_pem() const override { return ca_pem_; }
  Cards& cards() override { return cards_; }

 private:
  // Plain HTTP: nobody should come here; who does is counted.
  void ServePlain() {
    plain_server_.new_task_queue = [] { return new httplib::ThreadPool(2); };
    plain_server_.set_keep_alive_max_count(1);
    plain_server_.set_payload_max_length(4096);
    const auto count = [this](const httplib::Request&, httplib::Response& response) {
      control_->CountOffSiteVisit();
      response.set_content("Yabancı site", "text/plain; charset=utf-8");
    };
    plain_server_.Get(".*", count);
    plain_server_.Post(".*", count);
    plain_port_ = plain_server_.bind_to_any_port("127.0.0.1");
    plain_thread_ = std::thread([this] { plain_server_.listen_after_bind(); });
    while (plain_port_ > 0 && !plain_server_.is_running()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  State state_;
  Cards cards_;
  std::string ca_pem_;
  std::unique_ptr<Control> control_;
  std::unique_ptr<Phone> phone_;
  std::unique_ptr<HttpsServer> portal_server_;
  std::unique_ptr<HttpsServer> phone_server_;
  std::unique_ptr<Portal> portal_;
  httplib::Server plain_server_;
  int plain_port_ = 0;
  std::thread plain_thread_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Sandbox>> Sandbox::Start(SandboxOptions options) {
  const int portal_port = options.portal_port;
  const int phone_port = options.phone_port;
  const int connections = options.connections;
  auto sandbox = std::make_unique<Running>(std::move(options));
  if (absl::Status status = sandbox->Start(portal_port, phone_port, connections); !status.ok()) {
    return status;
  }
  return sandbox;
}

}  // namespace ilkimza::sandbox
