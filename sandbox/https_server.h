// An HTTPS server on 127.0.0.1 that hands every request to one function, and can
// be rude to the connection it came on.
#ifndef ILKIMZA_SANDBOX_HTTPS_SERVER_H_
#define ILKIMZA_SANDBOX_HTTPS_SERVER_H_

#include <chrono>
#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "sandbox/tls.h"

namespace httplib {
struct Request;
struct Response;
}  // namespace httplib

namespace ilkimza::sandbox {

class HttpsServer {
 public:
  // Called on the server's threads, at the same time.
  using Handler = std::function<void(const httplib::Request&, httplib::Response&)>;

  // Takes the port, so that it is known; port 0: the system picks one. Idle connections
  // are kept for 30 seconds; of those beyond `connections` each waits for another to end.
  static absl::StatusOr<std::unique_ptr<HttpsServer>> Bind(const TlsIdentity& identity, int port,
                                                           int connections);
  virtual ~HttpsServer() = default;

  // Serves from now on, on threads of its own. Bodies beyond 32 KiB are refused
  // with 413. Once only.
  virtual void Serve(Handler handler) = 0;

  [[nodiscard]] virtual int port() const = 0;
  // Wakes sleepers, cuts connections and waits for the threads. Once only.
  virtual void Stop() = 0;
  // Sleeps in a handler; false when the server stops meanwhile.
  virtual bool Sleep(std::chrono::milliseconds time) = 0;

  // Inside a handler: resets the connection (the peer sees RST), or closes it;
  // what the handler answers then goes nowhere.
  static void ResetConnection();
  static void CloseConnection();
};

}  // namespace ilkimza::sandbox

#endif  // ILKIMZA_SANDBOX_HTTPS_SERVER_H_
