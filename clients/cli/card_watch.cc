// `ilkimza card watch`: readers and cards as they come and go, until Ctrl-C.
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <map>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "base/error.h"
#include "clients/cli/program.h"
#include "clients/cli/signals.h"
#include "clients/sdk/sentences.h"

namespace ilkimza::client {
namespace {

// Between two tries to reach an agent that is away.
constexpr int kPauseMs = 500;

// What is known now. Readers keep the agent's order.
struct View {
  bool connected = true;
  bool service_running = true;
  // Why it does not.
  v1::ErrorReason service_trouble = v1::ERROR_REASON_UNSPECIFIED;
  std::vector<v1::Reader> readers;
  // By "cards/..."; a card that could not be asked has only its name.
  std::map<std::string, v1::Card> cards;

  [[nodiscard]] const v1::Reader* Find(const std::string& name) const {
    const auto found = std::find_if(readers.begin(), readers.end(),
                                    [&](const auto& reader) { return reader.name() == name; });
    return found == readers.end() ? nullptr : &*found;
  }
  [[nodiscard]] const v1::Card* CardIn(const v1::Reader& reader) const {
    const auto found = cards.find(reader.card());
    return found == cards.end() ? nullptr : &found->second;
  }
};

// Shows a view, or what has changed since the one before.
class Teller {
 public:
  explicit Teller(Program& program) : program_(program), texts_(program.settings.texts) {}
  virtual ~Teller() = default;
  virtual void Tell(const View& before, const View& now) = 0;

 protected:
  // What stands in the way of using a card, if anything does.
  [[nodiscard]] static v1::ErrorReason Trouble(const View& view) {
    if (!view.connected) return v1::ERROR_REASON_AGENT_UNREACHABLE;
    if (!view.service_running) return view.service_trouble;
    if (view.readers.empty()) return v1::ERROR_REASON_NO_READER;
    bool any_card = false;
    for (const v1::Reader& reader : view.readers) {
      if (reader.state() == v1::READER_STATE_CARD_MUTE) return v1::ERROR_REASON_CARD_MUTE;
      if (reader.state() == v1::READER_STATE_IN_USE_EXCLUSIVELY) return v1::ERROR_REASON_CARD_BUSY;
      any_card = any_card || reader.state() == v1::READER_STATE_CARD_PRESENT;
    }
    return any_card ? v1::ERROR_REASON_UNSPECIFIED : v1::ERROR_REASON_NO_CARD;
  }
  [[nodiscard]] Sentence TroubleSentence(const View& view) const {
    const v1::ErrorReason reason = Trouble(view);
    if (reason == v1::ERROR_REASON_CARD_BUSY) return HeldSentence(texts_, Holders(view));
    Sentence sentence = ReasonSentence(texts_, reason);
    if (reason == v1::ERROR_REASON_AGENT_UNREACHABLE) {
      sentence.next = texts_.Say(
          "Waiting for it. It is started with \"systemctl --user start ilkimza-agent\".");
    }
    return sentence;
  }

  // Who may hold the first card that is in use.
  static std::vector<std::string> Holders(const View& view) {
    for (const v1::Reader& reader : view.readers) {
      if (reader.state() == v1::READER_STATE_IN_USE_EXCLUSIVELY) return HoldersOf(reader);
    }
    return {};
  }
  static std::vector<std::string> HoldersOf(const v1::Reader& reader) {
    return {reader.programs().begin(), reader.programs().end()};
  }

  Program& program_;
  const Texts& texts_;
};

// A table that is drawn anew in its place.
class TableTeller final : public Teller {
 public:
  using Teller::Teller;

  void Tell(const View& /*before*/, const View& now) override {
    Screen& screen = program_.screen;
    screen.TakeBack(drawn_);
    const size_t begin = screen.lines();
    screen.WriteLine(screen.Paint(Style::kBold, texts_.Say("Readers and cards")) + "  " +
                     screen.Paint(Style::kDim, absl::FormatTime("%H:%M:%S", absl::Now(),
                                                                absl::LocalTimeZone())));
    screen.WriteLine();
    if (now.connected && now.service_running && !now.readers.empty()) DrawTable(now);
    if (const v1::ErrorReason reason = Trouble(now); reason != v1::ERROR_REASON_UNSPECIFIED) {
      const Sentence sentence = TroubleSentence(now);
      screen.WriteText(Printable(sentence.happened), 0, Style::kWarning);
      screen.WriteText(sentence.next);
      screen.WriteLine();
    }
    screen.WriteText(texts_.Say("Ctrl-C ends this."), 0, Style::kDim);
    drawn_ = screen.lines() - begin;
  }

 private:
  void DrawTable(const View& now) {
    Table table(
        {texts_.Say("Reader"), texts_.Say("State"), texts_.Say("Card"), texts_.Say("Kind")});
    for (const v1::Reader& reader : now.readers) {
      const v1::Card* card = now.CardIn(reader);
      const bool good = reader.state() == v1::READER_STATE_CARD_PRESENT;
      const bool dim = reader.state() == v1::READER_STATE_EMPTY;
      table.Add({{Printable(reader.display_name())},
                 {ReaderStateTitle(texts_, reader.state()), good  ? Style::kGood
                                                            : dim ? Style::kDim
                                                                  : Style::kWarning},
                 {card == nullptr ? "" : Printable(card->serial())},
                 {card == nullptr ? "" : Printable(card->family_display_name())}});
    }
    table.Write(program_.screen);
    program_.screen.WriteLine();
  }

  size_t drawn_ = 0;
};

enum class Change { kAdded, kChanged, kRemoved };

// Calls for each reader that differs, in the order of what happened: gone, then new.
template <typename Told>
void EachChange(const View& before, const View& now, const Told& told) {
  for (const v1::Reader& reader : before.readers) {
    if (now.Find(reader.name()) == nullptr) told(Change::kRemoved, reader);
  }
  for (const v1::Reader& reader : now.readers) {
    const v1::Reader* old = before.Find(reader.name());
    if (old == nullptr) {
      told(Change::kAdded, reader);
    } else if (old->state() != reader.state() || old->card() != reader.card() ||
               !std::equal(old->programs().begin(), old->programs().end(),
                           reader.programs().begin(), reader.programs().end())) {
      told(Change::kChanged, reader);
    }
  }
}

// One line for each change.
class LineTeller final : public Teller {
 public:
  using Teller::Teller;

  void Tell(const View& before, const View& now) override {
    if (!now.connected || !now.service_running) {
      if (before.connected == now.connected && before.service_running == now.service_running &&
          before.service_trouble == now.service_trouble && !first_) {
        return;
      }
      const Sentence sentence = TroubleSentence(now);
      Write(sentence.happened + " " + sentence.next);
    } else {
      if (!before.connected) Write(texts_.Say("The agent answers again."));
      if (!before.service_running) Write(texts_.Say("The smart-card service runs again."));
      EachChange(before, now, [&](Change change, const v1::Reader& reader) {
        Write(Describe(change, reader, now));
      });
      if (now.readers.empty() && (first_ || !before.readers.empty())) {
        Write(TroubleSentence(now).happened);
      }
    }
    first_ = false;
  }

 private:
  void Write(const std::string& text) {
    program_.screen.WriteLine(absl::FormatTime("%H:%M:%S", absl::Now(), absl::LocalTimeZone()) +
                              "  " + text);
  }
  [[nodiscard]] std::string Describe(Change change, const v1::Reader& reader,
                                     const View& now) const {
    const std::string name = Printable(reader.display_name()) + ": ";
    if (change == Change::kRemoved) return name + texts_.Say("unplugged");
    std::string text = name + ReaderStateTitle(texts_, reader.state());
    if (const v1::Card* card = now.CardIn(reader)) {
      if (!card->family_display_name().empty()) {
        text += ", " + Printable(card->family_display_name());
      }
      if (!card->serial().empty()) text += ", " + Printable(card->serial());
    }
    if (const auto holders = HoldersOf(reader); !holders.empty()) {
      text += " (" + Printable(absl::StrJoin(holders, ", ")) + ")";
    }
    return text;
  }

  bool first_ = true;
};

// One JSON object for each change; EVENTS.md describes them.
class JsonTeller final : public Teller {
 public:
  using Teller::Teller;

  void Tell(const View& before, const View& now) override {
    if (first_ || before.connected != now.connected) {
      Json json = Begin("agent");
      json["connected"] = now.connected;
      program_.screen.WriteLine(Line(json));
    }
    const bool anew = first_ || !before.connected;
    if (now.connected && (anew || before.service_running != now.service_running ||
                          before.service_trouble != now.service_trouble)) {
      Json json = Begin("service");
      json["running"] = now.service_running;
      if (!now.service_running) json["reason"] = ReasonName(now.service_trouble);
      program_.screen.WriteLine(Line(json));
    }
    first_ = false;
    EachChange(before, now, [&](Change change, const v1::Reader& reader) {
      Json json = Begin("reader");
      json["change"] = change == Change::kAdded     ? "ADDED"
                       : change == Change::kChanged ? "CHANGED"
                                                    : "REMOVED";
      json["reader"] = ToJson(reader);
      if (const v1::Card* card = now.CardIn(reader);
          card != nullptr && change != Change::kRemoved) {
        json["card"] = ToJson(*card);
      }
      program_.screen.WriteLine(Line(json));
    });
  }

 private:
  static Json Begin(const char* type) {
    Json json;
    json["schema"] = 1;
    json["type"] = type;
    json["time"] = JsonTime(absl::Now());
    return json;
  }

  bool first_ = true;
};

std::unique_ptr<Teller> MakeTeller(Program& program) {
  if (program.settings.json) return std::make_unique<JsonTeller>(program);
  if (program.screen.can_redraw()) return std::make_unique<TableTeller>(program);
  return std::make_unique<LineTeller>(program);
}

// Ends the watch from beside when a signal comes, or this object goes.
class Ender {
 public:
  explicit Ender(AgentClient& agent)
      : done_(eventfd(0, EFD_CLOEXEC)), thread_([this, &agent] { Await(agent); }) {}
  ~Ender() {
    eventfd_write(done_, 1);
    thread_.join();
    close(done_);
  }
  Ender(const Ender&) = delete;
  Ender& operator=(const Ender&) = delete;

  [[nodiscard]] int received() const { return signals_.received(); }
  [[nodiscard]] std::stop_token token() const { return stop_.get_token(); }
  void Stop() { stop_.request_stop(); }
  // True where a signal came meanwhile.
  bool Pause(int milliseconds) {
    pollfd polled{signals_.fd(), POLLIN, 0};
    poll(&polled, 1, milliseconds);
    return received() != 0;
  }

 private:
  void Await(AgentClient& agent) {
    while (true) {
      std::array<pollfd, 2> polled = {{{signals_.fd(), POLLIN, 0}, {done_, POLLIN, 0}}};
      poll(polled.data(), polled.size(), -1);
      if (polled[1].revents != 0) return;
      if (signals_.TakeSuspend()) raise(SIGSTOP);
      if (signals_.received() == 0) continue;
      stop_.request_stop();
      agent.Abandon();
      return;
    }
  }

  Signals signals_;
  std::stop_source stop_;
  const int done_;
  std::jthread thread_;
};

// Follows the agent from one view to the next.
class CardFollower {
 public:
  explicit CardFollower(Program& program) : program_(program), teller_(MakeTeller(program)) {}

  int Run() {
    Ender ender(program_.agent);
    while (true) {
      const absl::Status status = program_.agent.WatchReaders(
          ender.token(), [&](const v1::WatchReadersResponse& seen) { See(seen, ender); });
      if (ender.received() != 0) return 128 + ender.received();
      if (!program_.screen.healthy()) return kExitInputOutput;
      if (!status.ok() && !GoesBy(status)) return Fail(program_.screen, program_.settings, status);
      if (!status.ok()) Show(Away());
      if (ender.Pause(kPauseMs)) return 128 + ender.received();
    }
  }

 private:
  // What ends by itself: the agent starts anew, or is not there yet.
  static bool GoesBy(const absl::Status& status) {
    const v1::ErrorReason reason = ReasonOf(status);
    return reason == v1::ERROR_REASON_AGENT_UNREACHABLE ||
           reason == v1::ERROR_REASON_SHUTTING_DOWN ||
           status.code() == absl::StatusCode::kUnavailable;
  }

  static View Away() {
    View view;
    view.connected = false;
    return view;
  }

  void See(const v1::WatchReadersResponse& seen, Ender& ender) {
    View now;
    now.service_running = seen.service_running();
    if (!now.service_running) {
      // An older agent does not say why.
      now.service_trouble = seen.service_trouble() == v1::ERROR_REASON_UNSPECIFIED
                                ? v1::ERROR_REASON_SMART_CARD_SERVICE_STOPPED
                                : seen.service_trouble();
    }
    now.readers.assign(seen.readers().begin(), seen.readers().end());
    for (const v1::Reader& reader : now.readers) {
      if (!reader.card().empty()) now.cards[reader.card()] = CardNamed(reader.card());
    }
    Show(std::move(now));
    if (!program_.screen.healthy()) ender.Stop();
  }

  // Asked once for each stay of a card.
  v1::Card CardNamed(const std::string& name) {
    const auto known = view_.cards.find(name);
    if (known != view_.cards.end() && !known->second.reader().empty()) return known->second;
    v1::GetCardRequest request;
    request.set_name(name);
    auto card = program_.agent.GetCard(request);
    if (card.ok()) return *std::move(card);
    v1::Card unknown;
    unknown.set_name(name);
    return unknown;
  }

  void Show(View now) {
    if (!now.connected && !view_.connected) return;
    teller_->Tell(view_, now);
    view_ = std::move(now);
  }

  Program& program_;
  const std::unique_ptr<Teller> teller_;
  View view_;
};

}  // namespace

int CardWatch(Program& program, const CommandOptions& /*options*/) {
  return CardFollower(program).Run();
}

}  // namespace ilkimza::client
