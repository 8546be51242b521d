// Signals as something to poll for, so that the terminal is put right and files
// are removed by ordinary code.
#ifndef ILKIMZA_CLIENTS_CLI_SIGNALS_H_
#define ILKIMZA_CLIENTS_CLI_SIGNALS_H_

namespace ilkimza::client {

// While one lives, SIGINT, SIGQUIT, SIGTERM, SIGHUP and SIGTSTP do nothing by
// themselves, and SIGPIPE is ignored. At most one at a time; not thread-safe.
class Signals {
 public:
  Signals();
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  // Readable once a signal came; for poll(2), never to be read or closed.
  [[nodiscard]] int fd() const;
  // The signal that came first, 0 if none did.
  [[nodiscard]] int received() const;
  // True once after Ctrl-Z. Put the terminal right and raise SIGSTOP.
  [[nodiscard]] bool TakeSuspend();
};

}  // namespace ilkimza::client

#endif  // ILKIMZA_CLIENTS_CLI_SIGNALS_H_
