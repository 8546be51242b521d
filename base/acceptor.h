// Takes connections on listening sockets and hands them over: for gRPC servers, whose
// own listener (1.51) takes no connection any more once it was out of descriptors for a
// moment, and says nothing.
//
// This one waits then, and goes on. So that files and connections of our own can still
// be opened meanwhile, it leaves the last descriptors alone: a connection that would
// take one of them is closed at once, and its client may try again.
#ifndef ILKIMZA_BASE_ACCEPTOR_H_
#define ILKIMZA_BASE_ACCEPTOR_H_

#include <chrono>
#include <cstddef>
#include <functional>
#include <thread>
#include <vector>

#include "base/unique_fd.h"

namespace ilkimza {

class Acceptor {
 public:
  // `listener` is the position of the one that it came to. Called on the acceptor's own
  // thread; the connection does not block.
  using Take = std::function<void(std::size_t listener, UniqueFd connection)>;

  // The listeners, which must not block, outlive the acceptor. Connections take at most
  // `share` of the descriptors that are not reserved.
  Acceptor(std::vector<int> listeners, Take take, double share = 1);
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;
  // Stops accepting; connections that were handed over live on.
  ~Acceptor();

 private:
  void Run();
  void AcceptOne(std::size_t listener);
  void Warn();

  const std::vector<int> listeners_;
  const Take take_;
  // Descriptors from this one on are not for connections.
  const int first_reserved_;
  std::size_t refused_ = 0;
  std::chrono::steady_clock::time_point next_warning_;
  UniqueFd wake_;
  std::thread thread_;
};

}  // namespace ilkimza

#endif  // ILKIMZA_BASE_ACCEPTOR_H_
