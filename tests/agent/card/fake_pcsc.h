// A smart-card service that behaves as badly as a test wants. It keeps PC/SC's own
// rules (blocking, codes, handles that die with their card), logs what it is asked, and
// can be told to be rude at any command.
//
//   FakePcsc pcsc;
//   pcsc.AddReader("R");
//   pcsc.Insert("R", card.atr, [&](auto apdu) { return card.Process(apdu); });
//   pcsc.AtNext(0x20, [](auto pass, auto& response) { return SCARD_W_REMOVED_CARD; });
//   EXPECT_EQ(pcsc.Sent(0x20).size(), 1);
//
// Thread-safe.
#ifndef ILKIMZA_TESTS_AGENT_CARD_FAKE_PCSC_H_
#define ILKIMZA_TESTS_AGENT_CARD_FAKE_PCSC_H_

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "agent/card/pcsc.h"

namespace ilkimza::agent {

class FakePcsc final : public Pcsc {
 public:
  using Answer = std::function<std::string(std::string_view apdu)>;
  // Gives the command to the card, and the card's answer back.
  using Pass = std::function<std::string()>;
  using Rudeness = std::function<LONG(const Pass& pass, std::string& response)>;

  void AddReader(const std::string& name);
  void RemoveReader(const std::string& name);
  // `reset` is called whenever the card loses its state.
  void Insert(
      const std::string& reader, const std::string& atr, Answer answer,
      std::function<void()> reset = [] {}, DWORD protocol = SCARD_PROTOCOL_T1);
  void InsertMute(const std::string& reader);
  void Remove(const std::string& reader);

  // The service goes on listing the reader, but knows nothing of it when it is watched.
  void Disown(const std::string& reader, bool disown);

  void StopService();
  void StartService();
  // Why a service that does not run cannot be had; kNotPermitted also refuses whoever
  // comes to one that runs, as polkit does.
  void SetAbsence(ServiceAbsence absence);
  // Who else is connected to the service.
  void SetOtherPrograms(std::vector<std::string> programs);
  // Whoever connects to a card is thrown out.
  void RefuseCards(bool refuse);
  // No call comes back any more until it runs on: a process that was stopped, a PC that
  // sleeps.
  void Freeze(bool freeze);
  // The PC slept: readers are away and back, and cards have lost their state. The
  // contexts live on.
  void SleepAndResume();
  // Another program has the card for itself: nobody else connects.
  void HoldExclusively(const std::string& reader, bool hold);
  // The same, but lets go after it has refused that many times.
  void RefuseConnections(const std::string& reader, int times);
  // Another program has a transaction: BeginTransaction blocks.
  void HoldTransaction(const std::string& reader, bool hold);
  // Another program resets the card: all handles have to reconnect.
  void ResetByAnother(const std::string& reader);

  // The reader has keys: PC/SC part 10. `features` maps tags to control codes; `keys` is
  // called with a control code and the block that goes with it, and gives the reader's
  // answer.
  using Keys = std::function<LONG(DWORD code, std::string_view block, std::string& answer)>;
  void GiveKeys(const std::string& reader, const std::map<uint8_t, DWORD>& features, Keys keys);

  // Once, at the `index`th command from now on, whatever it is.
  void AtCommand(int index, Rudeness rudeness);
  // Whether a rudeness is armed that was not met.
  [[nodiscard]] bool Armed() const;
  // Once, at the next command with that instruction, counting from now.
  void AtNext(uint8_t instruction, Rudeness rudeness, int skip = 0);
  // Whether a call is blocked in BeginTransaction, or in a Rudeness that calls
  // `BlockHere`. Waits for that for up to ten seconds.
  bool WaitUntilBlocked();
  // For a Rudeness: blocks until `Unblock`.
  void BlockHere();
  void Unblock();

  // What was asked, in order: "connect", "reconnect", "begin", "end leave", "end reset",
  // "disconnect leave", ..., and commands as hex. What is asked of a reader alone, with
  // SCARD_SHARE_DIRECT, is not in it.
  [[nodiscard]] std::vector<std::string> Log() const;
  // The commands that reached PC/SC's Transmit with that instruction, as hex.
  [[nodiscard]] std::vector<std::string> Sent(uint8_t instruction) const;
  void ClearLog();
  // How often GetStatusChange was entered.
  [[nodiscard]] int Waits() const;
  // How often a context was asked for, granted or not.
  [[nodiscard]] int ContextsAsked() const;
  // Waits, at most ten seconds, until no card is in a transaction; else false.
  [[nodiscard]] bool WaitUntilAtRest() const;
  // Handles and contexts that are open.
  [[nodiscard]] int OpenHandles() const;
  [[nodiscard]] int OpenContexts() const;

  ServiceAbsence WhyNoService() override;
  std::vector<std::string> OtherPrograms() override;
  LONG EstablishContext(SCARDCONTEXT& context) override;
  LONG ReleaseContext(SCARDCONTEXT context) override;
  LONG ListReaders(SCARDCONTEXT context, std::vector<std::string>& readers) override;
  LONG GetStatusChange(SCARDCONTEXT context, std::vector<SCARD_READERSTATE>& states) override;
  LONG Cancel(SCARDCONTEXT context) override;
  LONG Connect(SCARDCONTEXT context, const std::string& reader, DWORD share_mode, SCARDHANDLE& card,
               DWORD& protocol) override;
  LONG Reconnect(SCARDHANDLE card, DWORD share_mode, DWORD initialisation,
                 DWORD& protocol) override;
  LONG Disconnect(SCARDHANDLE card, DWORD disposition) override;
  LONG BeginTransaction(SCARDHANDLE card) override;
  LONG EndTransaction(SCARDHANDLE card, DWORD disposition) override;
  LONG Status(SCARDHANDLE card) override;
  LONG Transmit(SCARDHANDLE card, DWORD protocol, std::string_view command,
                std::string& response) override;
  LONG Control(SCARDHANDLE card, DWORD code, std::string_view command,
               std::string& response) override;

 private:
  struct Reader {
    bool present = false;
    bool mute = false;
    bool disowned = false;
    bool exclusive = false;
    int refusals = 0;
    bool foreign_transaction = false;
    SCARDHANDLE transaction = 0;
    DWORD events = 0;
    // Grows with each insertion: a handle of an earlier one is dead.
    int insertion = 0;
    int resets = 0;
    std::string atr;
    DWORD protocol = SCARD_PROTOCOL_T1;
    Answer answer;
    std::function<void()> reset;
    std::map<uint8_t, DWORD> features;
    Keys keys;
  };
  struct Handle {
    std::string reader;
    int insertion = 0;
    int resets = 0;
    // Of the reader alone.
    bool direct = false;
  };
  struct ArmedAt {
    int skip = 0;
    Rudeness rudeness;
  };

  // Takes the lock, and waits while the service is frozen.
  [[nodiscard]] std::unique_lock<std::mutex> Enter();
  // With the lock held.
  DWORD StateOf(const Reader& reader) const;
  LONG Check(SCARDHANDLE card, Reader** reader, Handle** handle);
  void Changed(Reader& reader);
  static void PowerOff(Reader& reader);
  void DoDispose(Reader& reader, Handle& handle, DWORD disposition);

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  bool running_ = true;
  // Contexts of a service that died never recover.
  int generation_ = 0;
  std::map<SCARDCONTEXT, int> contexts_;
  std::set<SCARDCONTEXT> cancelled_;
  std::set<SCARDCONTEXT> waiting_;
  long last_id_ = 0;
  std::vector<std::string> order_;
  std::map<std::string, Reader> readers_;
  std::map<SCARDHANDLE, Handle> handles_;
  std::map<uint8_t, ArmedAt> armed_;
  int until_armed_ = -1;
  Rudeness armed_at_index_;
  ServiceAbsence absence_ = ServiceAbsence::kStopped;
  std::vector<std::string> other_programs_;
  bool refuse_cards_ = false;
  bool frozen_ = false;
  std::vector<std::string> log_;
  int waits_ = 0;
  int contexts_asked_ = 0;
  int blocked_ = 0;
  bool unblocked_ = false;
};

}  // namespace ilkimza::agent

#endif  // ILKIMZA_TESTS_AGENT_CARD_FAKE_PCSC_H_
