#include "agent/pkcs11/modules.h"

#include <p11-kit/pkcs11.h>

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "agent/pkcs11/module_file.h"
#include "agent/pkcs11/return_values.h"
#include "base/error.h"
#include "base/log.h"

namespace ilkimza::agent::pkcs11 {

// What all modules of a set share, and what a use left over keeps alive.
struct Module::Shared {
  Spawner spawner;
  std::mutex mutex;
  // Something was used, or the set ends.
  std::condition_variable changed;
  bool stopping = false;
};

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::string_view kNonsense = "gave an answer that makes no sense";
// For C_Finalize.
constexpr absl::Duration kEndGrace = absl::Seconds(2);

std::string FileName(std::string_view path) {
  const auto slash = path.rfind('/');
  return std::string(slash == std::string_view::npos ? path : path.substr(slash + 1));
}

// A module's text in one of our sentences: no control characters, plain ASCII.
std::string Plain(std::string_view text) {
  std::string plain(text);
  for (char& c : plain) {
    if (c < 0x20 || c > 0x7E) c = '?';
  }
  return plain;
}

bool Contains(const std::vector<std::string>& list, const std::string& path) {
  return std::any_of(list.begin(), list.end(), [&](const std::string& entry) {
    return entry == path || entry == FileName(path);
  });
}

// Whether the refusal of a signature is one of its PIN. Some modules look at it only when
// they sign.
bool SaysOfThePin(const Verdict& verdict) {
  if (verdict.outcome != Outcome::kRefused) return false;
  const PinMeaning meaning = MeaningOf(verdict.rv);
  const bool looked_at = meaning == PinMeaning::kWrong || meaning == PinMeaning::kBlocked;
  return looked_at || (meaning == PinMeaning::kUnknown && verdict.text == "C_Login");
}

// A request of at most kMaxRequest bytes, in memory that is wiped when it goes.
class Request {
 public:
  explicit Request(Op op) : buffer_(kMaxRequest), writer_(buffer_.span()) {
    writer_.U8(static_cast<uint8_t>(op));
  }
  Request& U8(uint8_t value) {
    writer_.U8(value);
    return *this;
  }
  Request& U64(uint64_t value) {
    writer_.U64(value);
    return *this;
  }
  Request& Bytes(std::string_view bytes) {
    writer_.Bytes(bytes);
    return *this;
  }
  [[nodiscard]] std::string_view view() const { return writer_.written(); }

 private:
  GuardedBuffer buffer_;
  Writer writer_;
};

}  // namespace

// --- ModuleUse ---

ModuleUse::ModuleUse(std::shared_ptr<Module> module, std::unique_lock<std::timed_mutex> lock)
    : module_(std::move(module)), lock_(std::move(lock)) {}

ModuleUse::ModuleUse(ModuleUse&&) noexcept = default;

ModuleUse::~ModuleUse() {
  if (module_ == nullptr) return;
  module_->EndUse();
  lock_.unlock();
  module_->TellIdleThread();
}

absl::StatusOr<std::vector<Slot>> ModuleUse::Slots() {
  return module_->Question<std::vector<Slot>>(Request(Op::kSlots).view(),
                                              module_->timeouts_.command);
}

absl::StatusOr<Token> ModuleUse::ReadToken(uint64_t slot) {
  return module_->Question<Token>(Request(Op::kToken).U64(slot).view(), module_->timeouts_.command);
}

absl::StatusOr<CertificateList> ModuleUse::Certificates(uint64_t slot) {
  return module_->Question<CertificateList>(Request(Op::kCertificates).U64(slot).view(),
                                            module_->timeouts_.command);
}

absl::Status ModuleUse::Open(uint64_t slot) {
  return module_->Command(Request(Op::kOpen).U64(slot).view());
}

absl::StatusOr<uint64_t> ModuleUse::Login(User user, std::string_view pin) {
  if (pin.size() > kMaxPin) return CKR_PIN_LEN_RANGE;
  return module_->Attempt(Request(Op::kLogin).U8(static_cast<uint8_t>(user)).Bytes(pin).view(),
                          module_->timeouts_.ForPins(pin.empty() ? 1 : 0));
}

absl::StatusOr<uint64_t> ModuleUse::SetPin(std::string_view old_pin, std::string_view new_pin) {
  if (old_pin.size() > kMaxPin || new_pin.size() > kMaxPin) return CKR_PIN_LEN_RANGE;
  // The old one, and the new one twice.
  const int typed = old_pin.empty() && new_pin.empty() ? 3 : 0;
  return module_->Attempt(Request(Op::kSetPin).Bytes(old_pin).Bytes(new_pin).view(),
                          module_->timeouts_.ForPins(typed));
}

absl::StatusOr<uint64_t> ModuleUse::InitPin(std::string_view new_pin) {
  if (new_pin.size() > kMaxPin) return CKR_PIN_LEN_RANGE;
  return module_->Attempt(Request(Op::kInitPin).Bytes(new_pin).view(),
                          module_->timeouts_.ForPins(new_pin.empty() ? 2 : 0));
}

absl::StatusOr<KeyInfo> ModuleUse::FindKey(std::string_view id) {
  return module_->Question<KeyInfo>(Request(Op::kFindKey).Bytes(id).view(),
                                    module_->timeouts_.command);
}

absl::StatusOr<SignAnswer> ModuleUse::Sign(Mechanism mechanism, std::string_view data,
                                           std::string_view pin) {
  const auto asked = module_->Ask(
      Request(Op::kSign).U8(static_cast<uint8_t>(mechanism)).Bytes(data).Bytes(pin).view(),
      module_->timeouts_.attempt);
  if (!asked.ok()) return pin.empty() ? asked.status() : module_->AttemptUnknown(asked.status());
  if (!asked->verdict.done()) {
    if (SaysOfThePin(asked->verdict)) return SignAnswer{.pin_rv = asked->verdict.rv};
    return module_->ErrorOf(asked->verdict);
  }
  Reader reader(asked->rest());
  SignAnswer answer{.signature = std::string(reader.Bytes(kMaxSignature))};
  if (!reader.Done()) return module_->Failed(kNonsense);
  return answer;
}

absl::Status ModuleUse::Close() { return module_->Command(Request(Op::kClose).view()); }

void ModuleUse::HangUp() { module_->HangUp(); }

// --- Module ---

Module::Module(std::string path, bool configured, const ModuleOptions& options,
               std::shared_ptr<Shared> shared)
    : path_(std::move(path)),
      name_(FileName(path_)),
      configured_(configured),
      so_pin_is_puk_(Contains(options.so_pin_is_puk, path_)),
      helper_(options.helper),
      timeouts_(options.timeouts),
      shared_(std::move(shared)) {}

Module::~Module() = default;

bool Module::usable() const { return LookAtModule(path_).state == ModuleFile::State::kUsable; }

ModuleStatus Module::Status() const {
  const ModuleFile file = LookAtModule(path_);
  ModuleStatus status{.path = path_, .sentence = file.sentence, .configured = configured_};
  switch (file.state) {
    case ModuleFile::State::kMissing:
      status.state = ModuleStatus::State::kMissing;
      return status;
    case ModuleFile::State::kWrongArchitecture:
      status.state = ModuleStatus::State::kWrongArchitecture;
      return status;
    case ModuleFile::State::kUnsafe:
      status.state = ModuleStatus::State::kUnsafe;
      return status;
    case ModuleFile::State::kNoLibrary:
      status.state = ModuleStatus::State::kFailed;
      return status;
    case ModuleFile::State::kUsable:
      break;
  }
  const std::lock_guard lock(status_mutex_);
  status.description = description_;
  status.sentence = failure_;
  if (!failure_.empty()) {
    status.state = ModuleStatus::State::kFailed;
  } else if (loaded_) {
    status.state = ModuleStatus::State::kLoaded;
  }
  return status;
}

absl::Status Module::Error(absl::StatusCode code, v1::ErrorReason reason,
                           std::string_view sentence) const {
  return MakeError(code, reason, sentence, {{"module", name_}});
}

absl::Status Module::ErrorOf(const Verdict& verdict) const {
  const std::string said = absl::StrCat(ReturnValueName(verdict.rv), " to ", Plain(verdict.text));
  if (MeansTokenGone(verdict.rv)) {
    return Error(absl::StatusCode::kUnavailable, v1::ERROR_REASON_CARD_REMOVED,
                 absl::StrCat("The card is gone (the PKCS#11 module '", name_, "' answered ", said,
                              "). Put it in again."));
  }
  return Error(absl::StatusCode::kInternal, v1::ERROR_REASON_CARD_PROTOCOL,
               absl::StrCat("The PKCS#11 module '", name_, "' answered ", said,
                            ". Take the card out and put it in again; if it stays so, ask the "
                            "module's vendor."));
}

absl::Duration Module::PauseAfter(int failures) const {
  if (failures < 2) return absl::ZeroDuration();
  absl::Duration pause = timeouts_.first_pause;
  for (int i = 2; i < failures && pause < timeouts_.longest_pause; ++i) pause *= 2;
  return std::min(pause, timeouts_.longest_pause);
}

absl::Status Module::Paused() const {
  const std::lock_guard lock(status_mutex_);
  const auto left = not_before_ - Clock::now();
  if (failures_in_a_row_ < 2 || left <= Clock::duration::zero()) return absl::OkStatus();
  return Error(
      absl::StatusCode::kUnavailable, v1::ERROR_REASON_MODULE_FAILED,
      absl::StrCat(failure_, " It failed ", failures_in_a_row_,
                   " times in a row and is left alone for another ",
                   absl::FormatDuration(absl::Ceil(absl::FromChrono(left), absl::Seconds(1))),
                   "."));
}

absl::Status Module::Failed(std::string_view why) {
  process_.reset();
  failed_in_this_use_ = true;
  const std::string sentence =
      absl::StrCat("The PKCS#11 module '", name_, "' ", std::string(why),
                   ". Nothing else is affected; ask its vendor for another version.");
  LogWarning("{}", sentence);
  const std::lock_guard lock(status_mutex_);
  ++failures_in_a_row_;
  not_before_ = Clock::now() + absl::ToChronoNanoseconds(PauseAfter(failures_in_a_row_));
  failure_ = sentence;
  return Error(absl::StatusCode::kInternal, v1::ERROR_REASON_MODULE_FAILED, sentence);
}

absl::StatusOr<ModuleUse> Module::Use(uint64_t stay) {
  std::unique_lock lock(process_mutex_, std::defer_lock);
  if (!lock.try_lock_for(absl::ToChronoNanoseconds(timeouts_.busy))) {
    return Error(absl::StatusCode::kUnavailable, v1::ERROR_REASON_CARD_BUSY,
                 absl::StrCat("The PKCS#11 module '", name_,
                              "' is still busy with something else. Nothing was sent to the card; "
                              "try again in a moment."));
  }
  failed_in_this_use_ = false;
  const bool another_stay = std::exchange(stay_, stay) != stay;
  if (start_anew_.exchange(false) || another_stay) EndProcess();
  ILKIMZA_RETURN_IF_ERROR(EnsureRunning());
  return ModuleUse(shared_from_this(), std::move(lock));
}

absl::Status Module::EnsureRunning() {
  if (process_ != nullptr) {
    // It may have died while nobody used it.
    if (const auto why = process_->WhyGone()) static_cast<void>(Failed(*why));
    failed_in_this_use_ = false;
  }
  if (process_ != nullptr) return absl::OkStatus();
  ILKIMZA_RETURN_IF_ERROR(Paused());
  if (const ModuleFile file = LookAtModule(path_); file.state != ModuleFile::State::kUsable) {
    return Error(absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_MODULE_FAILED,
                 file.sentence);
  }
  ILKIMZA_ASSIGN_OR_RETURN(const Spawner::Spawned spawned, shared_->spawner.Spawn(helper_));
  process_ = std::make_unique<HelperProcess>(spawned);
  saw_pin_ = false;
  return Load();
}

absl::Status Module::Load() {
  const std::string path = LookAtModule(path_).path;
  ILKIMZA_ASSIGN_OR_RETURN(const Asked asked,
                           Ask(Request(Op::kLoad).Bytes(path).view(), timeouts_.load));
  if (!asked.verdict.done()) {
    return Failed(asked.verdict.outcome == Outcome::kUnloadable
                      ? absl::StrCat("cannot be loaded: ", Plain(asked.verdict.text))
                      : absl::StrCat("does not start: it answered ",
                                     ReturnValueName(asked.verdict.rv), " to ",
                                     Plain(asked.verdict.text)));
  }
  Reader reader(asked.rest());
  ModuleInfo info;
  if (!Take(reader, info) || !reader.Done()) return Failed(kNonsense);
  const std::lock_guard lock(status_mutex_);
  loaded_ = true;
  description_ = absl::StrCat(Plain(info.manufacturer), ", ", Plain(info.description), " ",
                              info.version_major, ".", info.version_minor);
  return absl::OkStatus();
}

absl::StatusOr<Module::Asked> Module::Ask(std::string_view request, absl::Duration limit) {
  if (process_ == nullptr) {
    const std::lock_guard lock(status_mutex_);
    return Error(absl::StatusCode::kInternal, v1::ERROR_REASON_MODULE_FAILED, failure_);
  }
  HelperProcess::Answer answer = process_->Call(request, limit);
  if (answer.failure) return Failed(answer.why);
  Asked asked{.payload = std::move(answer.payload)};
  Reader reader(asked.payload);
  if (!Take(reader, asked.verdict)) return Failed(kNonsense);
  if (asked.verdict.outcome == Outcome::kGarbage) {
    return Failed(absl::StrCat("answered ", Plain(asked.verdict.text), " with what cannot be"));
  }
  asked.fields = asked.payload.size() - reader.rest().size();
  return asked;
}

template <typename T>
absl::StatusOr<T> Module::Question(std::string_view request, absl::Duration limit) {
  ILKIMZA_ASSIGN_OR_RETURN(const Asked asked, Ask(request, limit));
  if (!asked.verdict.done()) return ErrorOf(asked.verdict);
  Reader reader(asked.rest());
  T value;
  if (!Take(reader, value) || !reader.Done()) return Failed(kNonsense);
  return value;
}

absl::Status Module::Command(std::string_view request) {
  ILKIMZA_ASSIGN_OR_RETURN(const Asked asked, Ask(request, timeouts_.command));
  return asked.verdict.done() ? absl::OkStatus() : ErrorOf(asked.verdict);
}

absl::StatusOr<uint64_t> Module::Attempt(std::string_view request, absl::Duration limit) {
  // Without a process there is no session, and nothing was sent.
  if (process_ == nullptr) return CKR_SESSION_HANDLE_INVALID;
  saw_pin_ = true;
  const auto asked = Ask(request, limit);
  if (asked.ok()) return asked->verdict.rv;
  return AttemptUnknown(asked.status());
}

absl::Status Module::AttemptUnknown(const absl::Status& why) const {
  return Error(absl::StatusCode::kAborted, v1::ERROR_REASON_ATTEMPT_UNKNOWN,
               absl::StrCat(std::string(why.message()),
                            " It had the PIN by then: whether the try counted is not known. Take "
                            "the card out, put it in and look at the tries left."));
}

void Module::HangUp() {
  if (saw_pin_ && process_ != nullptr) process_->HangUp();
}

void Module::EndUse() {
  if (saw_pin_) EndProcess();
  saw_pin_ = false;
  last_use_ = Clock::now();
  if (failed_in_this_use_) return;
  const std::lock_guard lock(status_mutex_);
  failures_in_a_row_ = 0;
  failure_.clear();
}

void Module::EndProcess() {
  if (process_ == nullptr) return;
  process_->End(kEndGrace);
  process_.reset();
}

void Module::TellIdleThread() const {
  const std::lock_guard lock(shared_->mutex);
  shared_->changed.notify_all();
}

Clock::time_point Module::EndIfIdle() {
  const std::unique_lock lock(process_mutex_, std::try_to_lock);
  // Whoever uses it tells us when that is over.
  if (!lock.owns_lock() || process_ == nullptr) return Clock::time_point::max();
  const auto end = last_use_ + absl::ToChronoNanoseconds(timeouts_.idle);
  if (Clock::now() < end) return end;
  EndProcess();
  return Clock::time_point::max();
}

// --- Modules ---

Modules::Modules(ModuleOptions options) : shared_(std::make_shared<Module::Shared>()) {
  std::set<std::string> seen;
  for (const std::string& path : options.paths ? *options.paths : DefaultModulePaths()) {
    // One file under two names is one module.
    const ModuleFile file = LookAtModule(path);
    if (!seen.insert(file.path.empty() ? path : file.path).second) continue;
    modules_.push_back(
        std::shared_ptr<Module>(new Module(path, options.paths.has_value(), options, shared_)));
  }
  idle_thread_ = std::thread([this] { EndIdle(); });
}

Modules::~Modules() {
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->stopping = true;
    shared_->changed.notify_all();
  }
  idle_thread_.join();
}

void Modules::EndIdle() {
  std::unique_lock lock(shared_->mutex);
  while (!shared_->stopping) {
    lock.unlock();
    auto next = Clock::time_point::max();
    for (const auto& module : modules_) next = std::min(next, module->EndIfIdle());
    lock.lock();
    if (shared_->stopping) return;
    if (next == Clock::time_point::max()) {
      shared_->changed.wait(lock);
    } else {
      shared_->changed.wait_until(lock, next);
    }
  }
}

std::vector<ModuleStatus> Modules::Statuses() const {
  std::vector<ModuleStatus> statuses;
  for (const auto& module : modules_) {
    ModuleStatus status = module->Status();
    if (!status.configured && status.state == ModuleStatus::State::kMissing) continue;
    statuses.push_back(std::move(status));
  }
  return statuses;
}

std::vector<ModuleStatus> Modules::Check() {
  for (const auto& module : modules_) {
    if (module->usable()) static_cast<void>(module->Use());
  }
  return Statuses();
}

std::vector<std::string> DefaultModulePaths() {
  std::vector<std::string> paths;
  for (const char* name : {"libakisp11.so", "libtckkp11.so", "opensc-pkcs11.so"}) {
    for (const char* folder :
         {"/usr/lib", "/usr/local/lib", "/usr/lib/" ILKIMZA_LIBRARY_ARCHITECTURE}) {
      paths.push_back(absl::StrCat(folder, "/", name));
    }
  }
  return paths;
}

}  // namespace ilkimza::agent::pkcs11
