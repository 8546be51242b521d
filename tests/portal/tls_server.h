// A small HTTPS server on loopback, with handlers of the test.
#ifndef ILKIMZA_TESTS_PORTAL_TLS_SERVER_H_
#define ILKIMZA_TESTS_PORTAL_TLS_SERVER_H_

#include <httplib.h>

#include <memory>
#include <string>
#include <thread>

#include "tests/support/certificates.h"
#include "tests/support/process.h"

namespace ilkimza::portal {

class TlsServer {
 public:
  // With a certificate of `ca` as `wish` says.
  TlsServer(const testing::TestCa& ca,
            const testing::CertificateWish& wish = {.name = "localhost"}) {
    const testing::Issued issued = ca.Issue(wish);
    issued.WriteTo(folder_.path(), "server");
    server_ = std::make_unique<httplib::SSLServer>((folder_ / "server.pem").c_str(),
                                                   (folder_ / "server.key").c_str());
  }
  ~TlsServer() {
    server_->stop();
    if (thread_.joinable()) thread_.join();
  }

  httplib::SSLServer& http() { return *server_; }
  // After the handlers are set.
  void Start() {
    port_ = server_->bind_to_any_port("localhost");
    thread_ = std::thread([this] { server_->listen_after_bind(); });
    while (!server_->is_running()) std::this_thread::yield();  // or stop() is lost
  }
  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::string host() const { return "localhost:" + std::to_string(port_); }
  [[nodiscard]] std::string url(const std::string& path) const {
    return "https://" + host() + path;
  }

 private:
  testing::TempDir folder_;
  std::unique_ptr<httplib::SSLServer> server_;
  int port_ = 0;
  std::thread thread_;
};

}  // namespace ilkimza::portal

#endif  // ILKIMZA_TESTS_PORTAL_TLS_SERVER_H_
