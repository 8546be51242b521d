#include "sandbox/https_server.h"

#include <httplib.h>
#include <sys/socket.h>

#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "sandbox/text.h"

namespace ilkimza::sandbox {
namespace {

constexpr int kBacklog = 512;
constexpr std::size_t kLongestBody = std::size_t{32} * 1024;

// httplib shows a handler no socket, but works on a connection from handshake to
// close in one thread: this is that thread's socket.
thread_local int t_socket = -1;

class Server final : public HttpsServer {
 public:
  explicit Server(const TlsIdentity& identity)
      : server_(identity.certificate.get(), identity.key.get()) {}
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server() override { Stop(); }

  absl::Status Bind(int port, int connections) {
    if (!server_.is_valid()) return absl::InternalError("The HTTPS server has no TLS context.");
    SSL_CTX_set_min_proto_version(server_.ssl_context(), TLS1_2_VERSION);
    SSL_CTX_set_app_data(server_.ssl_context(), this);
    SSL_CTX_set_info_callback(server_.ssl_context(), OnTls);
    // Idle connections hold a thread each until they time out.
    server_.new_task_queue = [threads = static_cast<std::size_t>(connections)] {
      return new httplib::ThreadPool(threads);
    };
    server_.set_tcp_nodelay(true);
    server_.set_payload_max_length(kLongestBody);
    server_.set_keep_alive_max_count(1000);
    server_.set_keep_alive_timeout(30);
    server_.set_write_timeout(30, 0);
    server_.set_socket_options([this](socket_t socket) {
      const int on = 1;
      setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
      listener_ = socket;
    });
    if (port == 0) {
      port_ = server_.bind_to_any_port("127.0.0.1");
    } else if (server_.bind_to_port("127.0.0.1", port)) {
      port_ = port;
    }
    if (port_ <= 0) {
      return absl::UnavailableError(
          Cat("127.0.0.1:", port, " is taken: choose another port, or 0 for any free one."));
    }
    // httplib's own queue of five drops connections of a busy moment.
    listen(listener_, kBacklog);
    return absl::OkStatus();
  }

  void Serve(Handler handler) override {
    server_.Get(".*", handler);
    server_.Post(".*", handler);
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    while (!server_.is_running()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }

  int port() const override { return port_; }

  void Stop() override {
    if (!thread_.joinable()) return;
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      for (const int socket : sockets_) shutdown(socket, SHUT_RDWR);
    }
    wake_.notify_all();
    server_.stop();
    thread_.join();
  }

  bool Sleep(std::chrono::milliseconds time) override {
    std::unique_lock lock(mutex_);
    return !wake_.wait_for(lock, time, [this] { return stopping_; });
  }

 private:
  struct Connection {
    Server* server;
    int socket;
  };

  static void OnTls(const SSL* ssl, int where, int /*result*/) {
    if ((where & SSL_CB_HANDSHAKE_START) == 0) return;
    t_socket = SSL_get_fd(ssl);
    // TLS 1.3 tells of more than one handshake on a connection.
    if (SSL_get_ex_data(ssl, ConnectionIndex()) != nullptr) return;
    auto* server = static_cast<Server*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
    SSL_set_ex_data(const_cast<SSL*>(ssl), ConnectionIndex(), new Connection{server, t_socket});
    const std::lock_guard lock(server->mutex_);
    server->sockets_.insert(t_socket);
    if (server->stopping_) shutdown(t_socket, SHUT_RDWR);
  }

  // Called before the socket is closed, so no number in `sockets_` is stale.
  static void OnTlsFreed(void* /*ssl*/, void* value, CRYPTO_EX_DATA* /*data*/, int /*index*/,
                         long /*argl*/, void* /*argp*/) {
    const std::unique_ptr<Connection> connection(static_cast<Connection*>(value));
    if (connection == nullptr) return;
    const std::lock_guard lock(connection->server->mutex_);
    connection->server->sockets_.erase(connection->socket);
  }

  static int ConnectionIndex() {
    static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, OnTlsFreed);
    return index;
  }

  httplib::SSLServer server_;
  int listener_ = -1;
  int port_ = 0;
  std::thread thread_;

  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::set<int> sockets_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<HttpsServer>> HttpsServer::Bind(const TlsIdentity& identity,
                                                               int port, int connections) {
  auto server = std::make_unique<Server>(identity);
  if (absl::Status status = server->Bind(port, connections); !status.ok()) return status;
  return server;
}

void HttpsServer::ResetConnection() {
  // Dissolving the association of a TCP socket sends RST at once.
  sockaddr nobody{};
  nobody.sa_family = AF_UNSPEC;
  static_cast<void>(connect(t_socket, &nobody, sizeof nobody));
}

void HttpsServer::CloseConnection() { shutdown(t_socket, SHUT_RDWR); }

}  // namespace ilkimza::sandbox
