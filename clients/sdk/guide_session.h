// A guided journey under way: `Guide` with threads around it. Keeps the watches
// open, opens them again when agent or server start anew, makes the calls.
//
// Thread-safe.
//
//   GuideSession session(agent, options);
//   while (true) {
//     poll(session.event_fd(), the terminal, ...);
//     while (auto event = session.NextEvent()) Draw(*event);
//   }
#ifndef ILKIMZA_CLIENTS_SDK_GUIDE_SESSION_H_
#define ILKIMZA_CLIENTS_SDK_GUIDE_SESSION_H_

#include <memory>
#include <optional>
#include <string>

#include "clients/sdk/agent_client.h"
#include "clients/sdk/guide.h"

namespace ilkimza::client {

class GuideSession {
 public:
  // `agent` outlives the session. Begins at once.
  GuideSession(AgentClient& agent, GuideOptions options);
  // Abandons calls under way, through `agent`.
  ~GuideSession();
  GuideSession(const GuideSession&) = delete;
  GuideSession& operator=(const GuideSession&) = delete;

  // Readable while events wait; for poll(2), never to be read or closed.
  [[nodiscard]] int event_fd() const;
  // The next event, if there is one. The last one is a Finished.
  [[nodiscard]] std::optional<GuideEvent> NextEvent();

  // As the functions of `Guide` of the same names.
  void OnAnswer(Answer answer);
  void Cancel();
  void Leave();
  void OnInputEnded();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// A random UUID (version 4).
std::string NewRequestId();

}  // namespace ilkimza::client

#endif  // ILKIMZA_CLIENTS_SDK_GUIDE_SESSION_H_
