#include "agent/card/monitor.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "agent/card/certificate.h"
#include "agent/card/pinpad.h"
#include "agent/card/pkcs15.h"
#include "base/error.h"
#include "base/log.h"

namespace ilkimza::agent {
namespace {

constexpr char kPlugAndPlay[] = R"(\\?PnP?\Notification)";
// pcsc-lite has no more readers than this, and refuses to wait for more (the pseudo reader
// counts as well).
constexpr std::size_t kMaxWaited = 16;
constexpr absl::Duration kFirstPause = absl::Milliseconds(100);
// For a card that did not say who it is, since another program had it.
constexpr absl::Duration kFirstAskAgain = absl::Seconds(1);
constexpr absl::Duration kLongestAskAgain = absl::Seconds(30);
// Grows with each insertion and removal.
constexpr DWORD kEventCounter = 0xFFFF0000;

std::string Hex(std::string_view bytes) {
  return absl::AsciiStrToUpper(
      absl::BytesToHexString(absl::string_view(bytes.data(), bytes.size())));
}

// "Virtual PCD 00 01" -> "virtual-pcd-00-01".
std::string Slug(std::string_view text) {
  std::string slug;
  for (const char c : text) {
    if (absl::ascii_isalnum(static_cast<unsigned char>(c))) {
      slug += absl::ascii_tolower(static_cast<unsigned char>(c));
    } else if (!slug.empty() && slug.back() != '-') {
      slug += '-';
    }
  }
  while (!slug.empty() && slug.back() == '-') slug.pop_back();
  return slug.empty() ? "reader" : slug;
}

// What the card says of itself, made fit to be shown and to stand in a name.
std::string CleanSerial(std::string_view serial) {
  constexpr std::size_t kMaxSerial = 64;
  const bool clean =
      serial.size() <= kMaxSerial && std::all_of(serial.begin(), serial.end(), [](char c) {
        return c == '-' || absl::ascii_isalnum(static_cast<unsigned char>(c));
      });
  return clean ? std::string(serial) : std::string();
}

// What a family keeps of a card names its holder: no longer than the card is there.
void ForgetCard(const SeenReader& seen) {
  if (seen.family != nullptr) seen.family->Forget(seen.facts);
}

v1::ReaderState StateFor(DWORD flags) {
  if ((flags & SCARD_STATE_PRESENT) == 0) return v1::READER_STATE_EMPTY;
  if ((flags & SCARD_STATE_MUTE) != 0) return v1::READER_STATE_CARD_MUTE;
  if ((flags & SCARD_STATE_EXCLUSIVE) != 0) return v1::READER_STATE_IN_USE_EXCLUSIVELY;
  return v1::READER_STATE_CARD_PRESENT;
}

// A reader as PC/SC sees it, and as it is shown.
struct Watched {
  DWORD state = SCARD_STATE_UNAWARE;
  SeenReader seen;
  bool identified = false;
  // Tells a reader from one plugged in later under the same name.
  uint64_t plugged = 0;
  enum class Keys { kUnasked, kAsking, kKnown } keys = Keys::kUnasked;
  absl::Duration ask_again = kFirstAskAgain;
};

class MonitorImpl final : public Monitor, public std::enable_shared_from_this<MonitorImpl> {
 public:
  MonitorImpl(std::shared_ptr<Pcsc> pcsc, std::shared_ptr<CardWorkers> workers,
              std::shared_ptr<Timer> timer, std::shared_ptr<const CardFamilies> families,
              std::function<void(const Monitor&)> on_change)
      : pcsc_(std::move(pcsc)),
        workers_(std::move(workers)),
        timer_(std::move(timer)),
        families_(std::move(families)),
        on_change_(std::move(on_change)),
        snapshot_(std::make_shared<Snapshot>()) {}

  void StartThread() {
    // Shared, since the thread may have to be left behind.
    thread_ = std::thread([self = shared_from_this()] {
      self->Loop(self->stop_.get_token());
      const std::lock_guard lock(self->mutex_);
      self->ended_ = true;
      self->wake_.notify_all();
    });
  }

  [[nodiscard]] std::shared_ptr<const Snapshot> Current() const override {
    const std::lock_guard lock(mutex_);
    return snapshot_;
  }

  void AskAgain(const std::string& pcsc_name) override;
  void Stop() override;

 private:
  void Loop(const std::stop_token& stop);
  void Wake();
  // Returns why watching ended; `worked` becomes true once the readers were seen.
  LONG Watch(PcscContext& context, const std::stop_token& stop, bool& worked);
  void SyncReaders(const std::vector<std::string>& names);
  std::vector<SCARD_READERSTATE> StatesToWaitFor() const;
  void TakeStates(const std::vector<SCARD_READERSTATE>& states);
  void TakeState(Watched& watched, const SCARD_READERSTATE& state);
  // Nothing is known of what is in the reader from here on.
  void NewStay(Watched& watched);
  void NewCard(Watched& watched, std::string_view atr);
  static void NameByReader(SeenReader& seen);
  static void Introduce(SeenReader& seen, const IdentifiedCard& identified);
  void Ask(const CardFacts& facts);
  void TakeIdentity(const std::string& name, uint64_t insertion,
                    const absl::StatusOr<IdentifiedCard>& identified);
  void AskKeys(const std::string& name, uint64_t plugged);
  void TakeKeys(const std::string& name, uint64_t plugged,
                const absl::StatusOr<PinpadFeatures>& features);
  void AskLater(const std::string& name, Watched& watched);
  void ServiceGone(const absl::Status& why);
  // With the lock held; true where it differs from what was shown.
  bool Publish();
  void Tell() {
    if (!quiet_) on_change_(*this);
  }

  const std::shared_ptr<Pcsc> pcsc_;
  const std::shared_ptr<CardWorkers> workers_;
  const std::shared_ptr<Timer> timer_;
  const std::shared_ptr<const CardFamilies> families_;
  const std::function<void(const Monitor&)> on_change_;

  mutable std::mutex mutex_;
  std::condition_variable_any wake_;
  std::shared_ptr<const Snapshot> snapshot_;
  bool service_running_ = false;
  absl::Status service_ = NotAnswering();
  bool complete_ = false;
  // Watching's own thread writes; in PC/SC's order.
  std::vector<std::string> order_;
  std::map<std::string, Watched> readers_;
  uint64_t last_insertion_ = 0;
  uint64_t last_plugged_ = 0;
  // The context that waits, where one does.
  std::optional<SCARDCONTEXT> waiting_;
  std::atomic<bool> quiet_ = false;
  std::mutex stop_mutex_;
  std::stop_source stop_;
  bool ended_ = false;
  std::thread thread_;
};

void MonitorImpl::Stop() {
  const std::lock_guard stopping(stop_mutex_);
  if (!thread_.joinable()) return;
  quiet_ = true;
  stop_.request_stop();
  // On a thread of its own, since Cancel waits for the service as well.
  std::thread waker([self = shared_from_this()] { self->Wake(); });
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, absl::ToChronoNanoseconds(kStopPatience), [this] { return ended_; });
  const bool ended = ended_;
  lock.unlock();
  if (ended) {
    thread_.join();
    waker.join();
    return;
  }
  spdlog::warn("the smart-card service hangs; a call to it is left behind");
  thread_.detach();
  waker.detach();
}

void MonitorImpl::Wake() {
  std::unique_lock lock(mutex_);
  // A Cancel that comes before the wait has begun is lost: say it until it was heard.
  while (waiting_ && !ended_) {
    const SCARDCONTEXT context = *waiting_;
    lock.unlock();
    pcsc_->Cancel(context);
    lock.lock();
    wake_.wait_for(lock, std::chrono::milliseconds(10), [this] { return !waiting_; });
  }
}

void MonitorImpl::Loop(const std::stop_token& stop) {
  absl::Duration pause = kFirstPause;
  while (!stop.stop_requested()) {
    PcscContext context(*pcsc_);
    LONG code = context.Establish();
    bool worked = false;
    if (code == SCARD_S_SUCCESS) code = Watch(context, stop, worked);
    // Who was let in and is thrown out later has lost a service that ended.
    if (worked) code = OnceConnected(code);
    if (worked) pause = kFirstPause;
    if (stop.stop_requested()) return;
    spdlog::debug("watching readers ended with {:08X}; asking again in {} ms",
                  static_cast<uint32_t>(code), absl::ToInt64Milliseconds(pause));
    context.Release();
    ServiceGone(ServiceError(*pcsc_, code));
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, stop, absl::ToChronoMilliseconds(pause), [] { return false; });
    pause = std::min(pause * 2, kLongestPause);
  }
}

LONG MonitorImpl::Watch(PcscContext& context, const std::stop_token& stop, bool& worked) {
  while (true) {
    std::vector<std::string> names;
    if (const LONG code = pcsc_->ListReaders(context.get(), names); code != SCARD_S_SUCCESS) {
      return code;
    }
    std::vector<SCARD_READERSTATE> states;
    bool changed = false;
    {
      const std::lock_guard lock(mutex_);
      service_running_ = true;
      service_ = absl::OkStatus();
      SyncReaders(names);
      states = StatesToWaitFor();
      // Readers that were not looked at yet are shown after the first look.
      if (std::all_of(states.begin(), states.end(), [](const auto& state) {
            return state.szReader == kPlugAndPlay || state.dwCurrentState != 0;
          })) {
        complete_ = true;
        changed = Publish();
      }
    }
    if (changed) Tell();
    {
      const std::lock_guard lock(mutex_);
      if (stop.stop_requested()) return SCARD_E_CANCELLED;
      waiting_ = context.get();
    }
    const LONG code = pcsc_->GetStatusChange(context.get(), states);
    {
      const std::lock_guard lock(mutex_);
      waiting_.reset();
      wake_.notify_all();
    }
    if (stop.stop_requested()) return SCARD_E_CANCELLED;
    // A reader that went while we looked: list them anew.
    if (code == SCARD_E_UNKNOWN_READER || code == SCARD_E_TIMEOUT || code == SCARD_E_CANCELLED) {
      continue;
    }
    if (code != SCARD_S_SUCCESS) return code;
    worked = true;
    TakeStates(states);
  }
}

void MonitorImpl::SyncReaders(const std::vector<std::string>& names) {
  std::erase_if(readers_, [&](const auto& entry) {
    const bool gone = std::find(names.begin(), names.end(), entry.first) == names.end();
    if (gone) {
      ForgetCard(entry.second.seen);
      workers_->Retire(entry.first);
    }
    return gone;
  });
  for (const std::string& name : names) {
    if (readers_.contains(name)) continue;
    Watched& watched = readers_[name];
    std::string id = Slug(name);
    const auto taken = [&](const std::string& candidate) {
      return std::any_of(readers_.begin(), readers_.end(), [&](const auto& entry) {
        return entry.second.seen.reader.name() == "readers/" + candidate;
      });
    };
    for (int i = 2; taken(id); ++i) id = absl::StrCat(Slug(name), "-", i);
    watched.plugged = ++last_plugged_;
    watched.seen.pcsc_name = name;
    watched.seen.reader.set_name("readers/" + id);
    watched.seen.reader.set_display_name(Printable(name));
    watched.seen.reader.set_state(v1::READER_STATE_EMPTY);
  }
  order_ = names;
}

std::vector<SCARD_READERSTATE> MonitorImpl::StatesToWaitFor() const {
  std::vector<SCARD_READERSTATE> states(std::min(order_.size(), kMaxWaited));
  for (std::size_t i = 0; i < states.size(); ++i) {
    // The strings live in the map until the next SyncReaders, on this thread.
    states[i].szReader = readers_.find(order_[i])->first.c_str();
    states[i].dwCurrentState = readers_.at(order_[i]).state;
  }
  // Where there is no room for one more reader, none can come before another has gone,
  // and that is told by its own state.
  if (states.size() < kMaxWaited) {
    SCARD_READERSTATE& plug = states.emplace_back();
    plug.szReader = kPlugAndPlay;
    // How many readers there were when they were listed, so that one that came since is
    // not missed by services that look at this; others count when the wait begins.
    plug.dwCurrentState = static_cast<DWORD>(order_.size()) << 16;
  }
  return states;
}

void MonitorImpl::TakeStates(const std::vector<SCARD_READERSTATE>& states) {
  std::vector<CardFacts> to_ask;
  std::vector<std::pair<std::string, uint64_t>> keys_to_ask;
  bool changed = false;
  {
    const std::lock_guard lock(mutex_);
    for (const SCARD_READERSTATE& state : states) {
      const auto found = readers_.find(state.szReader);
      if (found == readers_.end()) continue;
      auto& [name, watched] = *found;
      const bool was_asking = watched.seen.asking;
      const uint64_t was_insertion = watched.seen.facts.insertion;
      TakeState(watched, state);
      // An answer that is still to come is that of the card before.
      if (watched.seen.asking && (!was_asking || watched.seen.facts.insertion != was_insertion)) {
        to_ask.push_back(watched.seen.facts);
      }
      if (watched.keys == Watched::Keys::kUnasked) {
        watched.keys = Watched::Keys::kAsking;
        keys_to_ask.emplace_back(name, watched.plugged);
      }
    }
    complete_ = true;
    changed = Publish();
  }
  if (changed) Tell();
  for (const CardFacts& facts : to_ask) Ask(facts);
  for (const auto& [name, plugged] : keys_to_ask) AskKeys(name, plugged);
}

void MonitorImpl::TakeState(Watched& watched, const SCARD_READERSTATE& state) {
  const DWORD before =
      std::exchange(watched.state, state.dwEventState & ~static_cast<DWORD>(SCARD_STATE_CHANGED));
  if (watched.state == before) return;
  const bool present = (watched.state & SCARD_STATE_PRESENT) != 0;
  const bool same_card = present && (before & SCARD_STATE_PRESENT) != 0 &&
                         (before & kEventCounter) == (watched.state & kEventCounter) &&
                         (before & SCARD_STATE_MUTE) == (watched.state & SCARD_STATE_MUTE);
  SeenReader& seen = watched.seen;
  seen.reader.set_state(StateFor(watched.state));
  if (!same_card) {
    NewStay(watched);
    if (seen.reader.state() == v1::READER_STATE_CARD_PRESENT ||
        seen.reader.state() == v1::READER_STATE_IN_USE_EXCLUSIVELY) {
      const std::size_t size = std::min<std::size_t>(state.cbAtr, sizeof(state.rgbAtr));
      NewCard(watched, std::string_view(reinterpret_cast<const char*>(state.rgbAtr), size));
    }
    return;
  }
  // Another program has let go of a card that could not be asked.
  const bool exclusive = (watched.state & SCARD_STATE_EXCLUSIVE) != 0;
  if (!watched.identified && !seen.asking && !exclusive && !seen.card.atr().empty()) {
    seen.asking = true;
  }
}

void MonitorImpl::NewStay(Watched& watched) {
  SeenReader& seen = watched.seen;
  ForgetCard(seen);
  seen.card.Clear();
  seen.reader.clear_card();
  seen.asking = false;
  seen.family = nullptr;
  seen.trouble = absl::OkStatus();
  seen.facts = {.reader = seen.pcsc_name, .insertion = ++last_insertion_};
  watched.identified = false;
  watched.ask_again = kFirstAskAgain;
}

void MonitorImpl::NewCard(Watched& watched, std::string_view atr) {
  SeenReader& seen = watched.seen;
  seen.facts.atr = std::string(atr);
  seen.facts.recognition = Recognise(atr);
  seen.card.set_reader(seen.reader.name());
  seen.card.set_atr(Hex(atr));
  seen.card.set_family(seen.facts.recognition.family);
  seen.card.set_family_display_name(seen.facts.recognition.display_name);
  if (families_->AnyFor(seen.facts)) {
    seen.asking = true;
    return;
  }
  // Nothing is sent to a card nobody speaks for.
  watched.identified = true;
  NameByReader(seen);
}

void MonitorImpl::NameByReader(SeenReader& seen) {
  seen.card.set_name(absl::StrCat("cards/in-", seen.reader.name().substr(8)));
  seen.reader.set_card(seen.card.name());
}

void MonitorImpl::Introduce(SeenReader& seen, const IdentifiedCard& identified) {
  const CardIdentity& identity = identified.identity;
  seen.family = identified.family;
  seen.card.set_family(identity.family);
  seen.card.set_family_display_name(identity.family_display_name);
  seen.card.set_serial(CleanSerial(identity.serial));
  seen.card.set_label(MaskNationalIds(Printable(identity.label)));
  seen.card.set_module(identity.module);
  seen.card.clear_operations();
  for (const v1::CardOperation operation : identity.operations) {
    // A PIN must not reach another card than the one it is meant for, and only the
    // serial tells them apart.
    const bool reads = operation == v1::CARD_OPERATION_LIST_CERTIFICATES ||
                       operation == v1::CARD_OPERATION_GET_PIN_STATE;
    if (reads || !seen.card.serial().empty()) seen.card.add_operations(operation);
  }
  std::sort(seen.card.mutable_operations()->begin(), seen.card.mutable_operations()->end());
  NameByReader(seen);
  if (seen.card.serial().empty()) return;
  seen.card.set_name(absl::StrCat("cards/", seen.card.serial()));
  seen.reader.set_card(seen.card.name());
}

void MonitorImpl::Ask(const CardFacts& facts) {
  workers_->Run<IdentifiedCard>(
      facts.reader,
      [families = families_, facts](CardEnvironment& environment) {
        return families->Identify(environment, facts);
      },
      [weak = weak_from_this(), facts](const absl::StatusOr<IdentifiedCard>& identified) {
        if (const auto self = weak.lock()) {
          self->TakeIdentity(facts.reader, facts.insertion, identified);
        }
      });
}

void MonitorImpl::TakeIdentity(const std::string& name, uint64_t insertion,
                               const absl::StatusOr<IdentifiedCard>& identified) {
  bool changed = false;
  {
    const std::lock_guard lock(mutex_);
    const auto found = readers_.find(name);
    if (found == readers_.end() || found->second.seen.facts.insertion != insertion) return;
    Watched& watched = found->second;
    SeenReader& seen = watched.seen;
    seen.asking = false;
    seen.trouble = absl::OkStatus();
    if (identified.ok() || ReasonOf(identified.status()) == v1::ERROR_REASON_CARD_UNSUPPORTED) {
      watched.identified = true;
      if (identified.ok()) {
        Introduce(seen, *identified);
      } else {
        NameByReader(seen);
      }
      seen.reader.set_state(StateFor(watched.state));
    } else {
      seen.trouble = identified.status();
      ErrorMetadata details = MetadataOf(identified.status());
      spdlog::info("the card in '{}' did not say who it is: {} {}{}", name,
                   ReasonName(ReasonOf(identified.status())), details["pcsc_code"],
                   details["status_word"]);
      switch (ReasonOf(identified.status())) {
        case v1::ERROR_REASON_CARD_MUTE:
          seen.reader.set_state(v1::READER_STATE_CARD_MUTE);
          break;
        case v1::ERROR_REASON_CARD_BUSY:
          seen.reader.set_state(v1::READER_STATE_IN_USE_EXCLUSIVELY);
          break;
        default:
          break;
      }
      AskLater(name, watched);
    }
    changed = Publish();
  }
  if (changed) Tell();
}

void MonitorImpl::AskKeys(const std::string& name, uint64_t plugged) {
  workers_->Run<PinpadFeatures>(
      name, [](CardEnvironment& environment) { return AskPinpadFeatures(environment); },
      [weak = weak_from_this(), name, plugged](const absl::StatusOr<PinpadFeatures>& features) {
        if (const auto self = weak.lock()) self->TakeKeys(name, plugged, features);
      });
}

void MonitorImpl::TakeKeys(const std::string& name, uint64_t plugged,
                           const absl::StatusOr<PinpadFeatures>& features) {
  bool changed = false;
  {
    const std::lock_guard lock(mutex_);
    const auto found = readers_.find(name);
    if (found == readers_.end() || found->second.plugged != plugged) return;
    Watched& watched = found->second;
    // One that could not be asked is asked again at its next change.
    watched.keys = features.ok() ? Watched::Keys::kKnown : Watched::Keys::kUnasked;
    watched.seen.reader.set_has_pinpad(features.ok() && features->verify != 0);
    changed = Publish();
  }
  if (changed) Tell();
}

void MonitorImpl::AskAgain(const std::string& pcsc_name) {
  CardFacts facts;
  {
    const std::lock_guard lock(mutex_);
    const auto found = readers_.find(pcsc_name);
    if (found == readers_.end() || found->second.seen.asking) return;
    Watched& watched = found->second;
    if (watched.seen.family == nullptr) return;
    // Another card of the same kind, which came unnoticed.
    const std::string atr = watched.seen.facts.atr;
    NewStay(watched);
    NewCard(watched, atr);
    facts = watched.seen.facts;
    Publish();
  }
  Tell();
  Ask(facts);
}

void MonitorImpl::AskLater(const std::string& name, Watched& watched) {
  const absl::Duration delay = watched.ask_again;
  watched.ask_again = std::min(watched.ask_again * 2, kLongestAskAgain);
  timer_->Schedule(
      delay, [weak = weak_from_this(), name, insertion = watched.seen.facts.insertion] {
        const auto self = weak.lock();
        if (self == nullptr || self->quiet_) return;
        CardFacts facts;
        {
          const std::lock_guard lock(self->mutex_);
          const auto found = self->readers_.find(name);
          if (found == self->readers_.end() || found->second.seen.facts.insertion != insertion)
            return;
          if (found->second.identified || found->second.seen.asking) return;
          found->second.seen.asking = true;
          facts = found->second.seen.facts;
        }
        self->Ask(facts);
      });
}

void MonitorImpl::ServiceGone(const absl::Status& why) {
  bool changed = false;
  {
    const std::lock_guard lock(mutex_);
    service_running_ = false;
    service_ = why;
    complete_ = true;
    // Their contexts never recover.
    for (const auto& [name, watched] : readers_) {
      ForgetCard(watched.seen);
      workers_->Retire(name);
    }
    readers_.clear();
    order_.clear();
    changed = Publish();
  }
  if (changed) Tell();
}

bool MonitorImpl::Publish() {
  auto next = std::make_shared<Snapshot>();
  next->service_running = service_running_;
  next->service = service_;
  next->complete = complete_;
  for (const std::string& name : order_) next->readers.push_back(readers_.at(name).seen);
  const auto same = [](const SeenReader& a, const SeenReader& b) {
    return a.facts.insertion == b.facts.insertion && a.family == b.family && a.asking == b.asking &&
           ReasonOf(a.trouble) == ReasonOf(b.trouble) &&
           a.reader.SerializeAsString() == b.reader.SerializeAsString() &&
           a.card.SerializeAsString() == b.card.SerializeAsString();
  };
  const Snapshot& last = *snapshot_;
  const bool changed = next->service_running != last.service_running ||
                       ReasonOf(next->service) != ReasonOf(last.service) ||
                       next->complete != last.complete ||
                       !std::equal(next->readers.begin(), next->readers.end(), last.readers.begin(),
                                   last.readers.end(), same);
  if (changed) snapshot_ = std::move(next);
  return changed;
}

// Keeps the implementation shared, so that answers that come late find it or nothing.
class MonitorHandle final : public Monitor {
 public:
  explicit MonitorHandle(std::shared_ptr<MonitorImpl> monitor) : monitor_(std::move(monitor)) {}
  ~MonitorHandle() override { monitor_->Stop(); }
  [[nodiscard]] std::shared_ptr<const Snapshot> Current() const override {
    return monitor_->Current();
  }
  void AskAgain(const std::string& pcsc_name) override { monitor_->AskAgain(pcsc_name); }
  void Stop() override { monitor_->Stop(); }

 private:
  const std::shared_ptr<MonitorImpl> monitor_;
};

}  // namespace

std::unique_ptr<Monitor> Monitor::Start(std::shared_ptr<Pcsc> pcsc,
                                        std::shared_ptr<CardWorkers> workers,
                                        std::shared_ptr<Timer> timer,
                                        std::shared_ptr<const CardFamilies> families,
                                        std::function<void(const Monitor&)> on_change) {
  auto monitor =
      std::make_shared<MonitorImpl>(std::move(pcsc), std::move(workers), std::move(timer),
                                    std::move(families), std::move(on_change));
  monitor->StartThread();
  return std::make_unique<MonitorHandle>(std::move(monitor));
}

absl::Status NotAnswering() {
  return MakeError(absl::StatusCode::kUnavailable, v1::ERROR_REASON_SMART_CARD_SERVICE_STOPPED,
                   "The smart-card service of this PC does not answer. Start it anew: systemctl "
                   "restart pcscd");
}

bool Snapshot::Settled() const {
  return complete &&
         std::none_of(readers.begin(), readers.end(), [](const auto& r) { return r.asking; });
}

std::vector<std::string> Snapshot::Serials() const {
  std::vector<std::string> serials;
  for (const SeenReader& seen : readers) {
    if (!seen.card.serial().empty()) serials.push_back(seen.card.serial());
  }
  return serials;
}

const SeenReader* Snapshot::FindCard(std::string_view name) const {
  for (const SeenReader& seen : readers) {
    if (!seen.card.name().empty() && seen.card.name() == name) return &seen;
  }
  return nullptr;
}

}  // namespace ilkimza::agent
