// A soak of the card host: cards put in, used and taken out, readers plugged and
// unplugged, and the smart-card service dying and returning, over and over, with no
// growth of memory, file descriptors, threads, contexts or handles.
//
//   agent_card_soak                           seconds; what the tests run
//   agent_card_soak --cycles 20000            the long form, on the scripted service
//   isolated -- agent_card_soak --real 300    the long form, on a real one
//
// A cycle is one stay of the card: its PIN state, its certificates, a PIN verified, and
// then its removal, every third time while it has the PIN. Each tenth (each
// fifth on the real service) the service is killed as well.
//
// Memory is what is allocated (mallinfo2), not what the kernel has handed out, and each
// figure is the least of many looks: what other threads are just doing comes and goes,
// and what has grown stays. The journal is full from the start, so that it cannot hide
// what grows or be taken for it. The first half of the cycles is for warming up.
// Prints one line of figures for each mark, and ends with 1 where something grew.
#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>

#include "agent/card/journal.h"
#include "base/error.h"
#include "base/log.h"
#include "tests/agent/card/fake_service_test.h"

namespace ilkimza::agent {
namespace {

constexpr int kFirstPort = 35963;

struct Figures {
  std::size_t bytes = 0;
  long descriptors = 0;
  long threads = 0;
};

long CountEntries(const char* folder) {
  const std::filesystem::directory_iterator entries(folder);
  return std::distance(begin(entries), end(entries));
}

Figures MeasureOnce() {
  malloc_trim(0);
  return {.bytes = mallinfo2().uordblks,
          .descriptors = CountEntries("/proc/self/fd"),
          .threads = CountEntries("/proc/self/task")};
}

// Each figure at its least while nobody asks for anything: gRPC's threads come and go by
// themselves, each with some kilobytes of its own.
Figures Measure(std::chrono::milliseconds time) {
  constexpr std::chrono::milliseconds kPause(20);
  Figures least = MeasureOnce();
  for (; time > kPause; time -= kPause) {
    std::this_thread::sleep_for(kPause);
    const Figures next = MeasureOnce();
    least = {.bytes = std::min(least.bytes, next.bytes),
             .descriptors = std::min(least.descriptors, next.descriptors),
             .threads = std::min(least.threads, next.threads)};
  }
  return least;
}

void Print(int cycle, const Figures& figures) {
  std::printf("cycle %6d: %8zu bytes allocated, %ld descriptors, %ld threads\n", cycle,
              figures.bytes, figures.descriptors, figures.threads);
  std::fflush(stdout);
}

void Check(bool good, const char* what) {
  if (good) return;
  std::fprintf(stderr, "soak: %s\n", what);
  std::exit(1);
}

// Where the cards go in.
class Place {
 public:
  virtual ~Place() = default;
  virtual std::shared_ptr<Pcsc> pcsc() = 0;
  virtual void Insert(sandbox::CardSimulator& card) = 0;
  virtual void Remove(sandbox::CardSimulator& card) = 0;
  // At the next command with that instruction.
  virtual void RemoveAtNext(uint8_t instruction, sandbox::CardSimulator& card) = 0;
  virtual void KillService() = 0;
  virtual void StartService() = 0;
  // The reader is pulled and plugged in again, where that can be had.
  virtual void Replug() {}
  // What the service still holds for us, but for the contexts of those who watch and
  // work.
  [[nodiscard]] virtual bool NothingHeld() { return true; }
};

class ScriptedPlace final : public Place {
 public:
  ScriptedPlace() { pcsc_->AddReader(kReader); }
  std::shared_ptr<Pcsc> pcsc() override { return pcsc_; }
  void Insert(sandbox::CardSimulator& card) override {
    // Kept for hours: the log must not be what grows.
    pcsc_->ClearLog();
    pcsc_->Insert(
        kReader, card.answer_to_reset(),
        [&card](std::string_view apdu) { return card.Process(apdu).value_or(""); },
        [&card] { card.Reset(); });
  }
  void Remove(sandbox::CardSimulator&) override { pcsc_->Remove(kReader); }
  void RemoveAtNext(uint8_t instruction, sandbox::CardSimulator&) override {
    pcsc_->AtNext(instruction, [this](const auto&, std::string&) {
      pcsc_->Remove(kReader);
      return SCARD_W_REMOVED_CARD;
    });
  }
  void KillService() override { pcsc_->StopService(); }
  void StartService() override { pcsc_->StartService(); }
  void Replug() override {
    pcsc_->RemoveReader(kReader);
    pcsc_->AddReader("Another one, each time " + std::to_string(++plugged_));
    pcsc_->RemoveReader("Another one, each time " + std::to_string(plugged_ - 1));
    pcsc_->AddReader(kReader);
  }
  // A context for watching, and one for each of the two readers.
  [[nodiscard]] bool NothingHeld() override {
    return pcsc_->OpenHandles() == 0 && pcsc_->OpenContexts() <= 4;
  }

 private:
  const std::shared_ptr<FakePcsc> pcsc_ = std::make_shared<FakePcsc>();
  int plugged_ = 0;
};

class RealPlace final : public Place {
 public:
  std::shared_ptr<Pcsc> pcsc() override { return nullptr; }
  void Insert(sandbox::CardSimulator& card) override {
    Check(card.Insert("localhost", kFirstPort).ok(), "the card does not go in");
  }
  void Remove(sandbox::CardSimulator& card) override { card.Remove(); }
  void RemoveAtNext(uint8_t instruction, sandbox::CardSimulator& card) override {
    card.DieBefore(instruction);
  }
  void KillService() override { Check(std::system("pcscd-ctl kill") == 0, "pcscd-ctl kill"); }
  void StartService() override { Check(std::system("pcscd-ctl start") == 0, "pcscd-ctl start"); }
};

class Soak {
 public:
  explicit Soak(Place& place) : place_(place), harness_(place.pcsc()) {
    harness_.Restart([this] { FillJournal(); });
  }

  // Whether nothing grew.
  bool Run(int cycles, int restart_each) {
    const int warm = std::max(cycles / 2, 1);
    const int mark = std::max(cycles / 8, 1);
    Figures first;
    for (int cycle = 1; cycle <= cycles; ++cycle) {
      Cycle(cycle, restart_each);
      if (cycle == warm) first = Measure(kLongLook);
      if (cycle == warm || cycle % mark == 0) Print(cycle, Measure(kShortLook));
    }
    Check(place_.NothingHeld(), "handles or contexts were kept");
    Print(warm, first);
    return !GrewForGood(cycles, first);
  }

 private:
  static constexpr std::chrono::milliseconds kShortLook{100}, kLongLook{1500};
  // A thread more or less of gRPC's and its tables: not what each cycle leaves.
  static constexpr std::size_t kSlack = 24 * 1024;
  static constexpr long kFewMore = 3;

  static bool Grew(const Figures& first, const Figures& last) {
    return last.bytes > first.bytes + kSlack || last.descriptors > first.descriptors + kFewMore ||
           last.threads > first.threads + kFewMore;
  }

  // What goes away again by waiting has not grown; what a cycle leaves behind stays.
  static bool GrewForGood(int cycle, const Figures& first) {
    constexpr int kLooks = 10;
    Figures last = Measure(kShortLook);
    for (int look = 0; look < kLooks && Grew(first, last); ++look) {
      last = Measure(kLongLook);
    }
    Print(cycle, last);
    return Grew(first, last);
  }

  // With as many attempts as it keeps: from then on each new one takes an old one's place.
  void FillJournal() {
    constexpr int kMoreThanKept = 300;
    const auto journal = Journal::Open(harness_.journal());
    Check(journal.ok(), "the journal cannot be opened");
    for (int i = 0; i < kMoreThanKept; ++i) {
      const auto number = (*journal)->Begin({.serial = card_->options().serial});
      Check(number.ok() && (*journal)->Finish(*number, AttemptResult::kRight, 3).ok(),
            "the journal cannot be written");
    }
  }

  void Cycle(int cycle, int restart_each) {
    place_.Insert(*card_);
    Check(harness_.observer().WaitForSerial(card_->options().serial), "the card was not seen");
    Check(harness_.PinState(NameOf(*card_)).ok(), "no PIN state");
    const bool rude = cycle % 3 == 0;
    if (rude) place_.RemoveAtNext(kVerify, *card_);
    Check(harness_.Certificates(NameOf(*card_)).ok(), "no certificates");
    v1::VerifyPinRequest request;
    request.set_name(NameOf(*card_));
    request.set_pin("1234");
    Check(harness_.Verify(request).ok() != rude, "the PIN was not verified, or should not be");
    if (cycle % restart_each == 0) place_.KillService();
    place_.Remove(*card_);
    Check(harness_.observer().WaitForSerial(""), "the card's removal was not seen");
    if (cycle % restart_each == 0) place_.StartService();
    if (cycle % 7 == 0) place_.Replug();
  }

  Place& place_;
  const std::unique_ptr<sandbox::CardSimulator> card_ = MakeCard();
  Harness harness_;
};

int Main(int argc, char** argv) {
  int cycles = 160;
  bool real = false;
  for (int i = 1; i + 1 < argc; i += 2) {
    real = std::strcmp(argv[i], "--real") == 0;
    Check(real || std::strcmp(argv[i], "--cycles") == 0, "say --cycles N or --real N");
    cycles = std::atoi(argv[i + 1]);
  }
  Check(cycles > 0 && argc % 2 == 1, "say --cycles N or --real N");
  SetLogLevel("off").IgnoreError();
  std::unique_ptr<Place> place;
  if (real) {
    place = std::make_unique<RealPlace>();
  } else {
    place = std::make_unique<ScriptedPlace>();
  }
  const bool good = Soak(*place).Run(cycles, real ? 5 : 10);
  std::printf("%s\n", good ? "nothing grew" : "something grew");
  return good ? 0 : 1;
}

}  // namespace
}  // namespace ilkimza::agent

int main(int argc, char** argv) { return ilkimza::agent::Main(argc, argv); }
