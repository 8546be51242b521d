#include "tests/agent/card/fake_pcsc.h"

#include <reader.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace ilkimza::agent {
namespace {

// As pcsc-lite has it.
constexpr std::size_t kMaxWaited = 16;
constexpr std::string_view kPlugAndPlay = R"(\\?PnP?\Notification)";

const char* Disposition(DWORD disposition) {
  switch (disposition) {
    case SCARD_RESET_CARD:
      return "reset";
    case SCARD_UNPOWER_CARD:
      return "unpower";
    default:
      return "leave";
  }
}

}  // namespace

void FakePcsc::AddReader(const std::string& name) {
  const std::lock_guard lock(mutex_);
  order_.push_back(name);
  readers_[name] = {};
  changed_.notify_all();
}

void FakePcsc::RemoveReader(const std::string& name) {
  const std::lock_guard lock(mutex_);
  std::erase(order_, name);
  PowerOff(readers_[name]);
  readers_.erase(name);
  changed_.notify_all();
}

void FakePcsc::PowerOff(Reader& reader) {
  if (reader.present && !reader.mute && reader.reset) reader.reset();
}

void FakePcsc::Changed(Reader& reader) {
  ++reader.events;
  reader.transaction = 0;
  changed_.notify_all();
}

void FakePcsc::Insert(const std::string& name, const std::string& atr, Answer answer,
                      std::function<void()> reset, DWORD protocol) {
  const std::lock_guard lock(mutex_);
  Reader& reader = readers_[name];
  reader.present = true;
  reader.mute = false;
  ++reader.insertion;
  reader.atr = atr;
  reader.protocol = protocol;
  reader.answer = std::move(answer);
  reader.reset = std::move(reset);
  reader.reset();
  Changed(reader);
}

void FakePcsc::InsertMute(const std::string& name) {
  const std::lock_guard lock(mutex_);
  Reader& reader = readers_[name];
  reader.present = true;
  reader.mute = true;
  reader.atr.clear();
  ++reader.insertion;
  Changed(reader);
}

void FakePcsc::Remove(const std::string& name) {
  const std::lock_guard lock(mutex_);
  Reader& reader = readers_[name];
  PowerOff(reader);
  reader.present = false;
  ++reader.insertion;
  Changed(reader);
}

void FakePcsc::Disown(const std::string& name, bool disown) {
  const std::lock_guard lock(mutex_);
  readers_[name].disowned = disown;
  changed_.notify_all();
}

void FakePcsc::StopService() {
  const std::lock_guard lock(mutex_);
  running_ = false;
  ++generation_;
  handles_.clear();
  for (auto& [name, reader] : readers_) {
    reader.transaction = 0;
    // Found by the next service, which resets it before it does anything with it.
    PowerOff(reader);
  }
  changed_.notify_all();
}

void FakePcsc::StartService() {
  const std::lock_guard lock(mutex_);
  running_ = true;
  changed_.notify_all();
}

void FakePcsc::SetAbsence(ServiceAbsence absence) {
  const std::lock_guard lock(mutex_);
  absence_ = absence;
}

void FakePcsc::SetOtherPrograms(std::vector<std::string> programs) {
  const std::lock_guard lock(mutex_);
  other_programs_ = std::move(programs);
}

std::vector<std::string> FakePcsc::OtherPrograms() {
  const std::lock_guard lock(mutex_);
  return other_programs_;
}

void FakePcsc::RefuseCards(bool refuse) {
  const std::lock_guard lock(mutex_);
  refuse_cards_ = refuse;
}

void FakePcsc::Freeze(bool freeze) {
  const std::lock_guard lock(mutex_);
  frozen_ = freeze;
  changed_.notify_all();
}

void FakePcsc::SleepAndResume() {
  const std::lock_guard lock(mutex_);
  for (auto& [name, reader] : readers_) {
    if (!reader.present) continue;
    // Away and in again, as the service counts it.
    reader.events += 2;
    ++reader.insertion;
    reader.transaction = 0;
    reader.reset();
  }
  changed_.notify_all();
}

void FakePcsc::GiveKeys(const std::string& name, const std::map<uint8_t, DWORD>& features,
                        Keys keys) {
  const std::lock_guard lock(mutex_);
  readers_[name].features = features;
  readers_[name].keys = std::move(keys);
}

void FakePcsc::AtCommand(int index, Rudeness rudeness) {
  const std::lock_guard lock(mutex_);
  until_armed_ = index;
  armed_at_index_ = std::move(rudeness);
}

bool FakePcsc::Armed() const {
  const std::lock_guard lock(mutex_);
  return until_armed_ >= 0 || !armed_.empty();
}

void FakePcsc::HoldExclusively(const std::string& name, bool hold) {
  const std::lock_guard lock(mutex_);
  readers_[name].exclusive = hold;
  changed_.notify_all();
}

void FakePcsc::RefuseConnections(const std::string& name, int times) {
  const std::lock_guard lock(mutex_);
  readers_[name].refusals = times;
}

void FakePcsc::HoldTransaction(const std::string& name, bool hold) {
  const std::lock_guard lock(mutex_);
  readers_[name].foreign_transaction = hold;
  changed_.notify_all();
}

void FakePcsc::ResetByAnother(const std::string& name) {
  const std::lock_guard lock(mutex_);
  Reader& reader = readers_[name];
  ++reader.resets;
  reader.transaction = 0;
  reader.reset();
  changed_.notify_all();
}

void FakePcsc::AtNext(uint8_t instruction, Rudeness rudeness, int skip) {
  const std::lock_guard lock(mutex_);
  armed_[instruction] = {skip, std::move(rudeness)};
}

bool FakePcsc::WaitUntilBlocked() {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::seconds(10), [&] { return blocked_ > 0; });
}

void FakePcsc::BlockHere() {
  std::unique_lock lock(mutex_);
  ++blocked_;
  changed_.notify_all();
  changed_.wait(lock, [&] { return unblocked_; });
  --blocked_;
}

void FakePcsc::Unblock() {
  const std::lock_guard lock(mutex_);
  unblocked_ = true;
  changed_.notify_all();
}

std::vector<std::string> FakePcsc::Log() const {
  const std::lock_guard lock(mutex_);
  return log_;
}

std::vector<std::string> FakePcsc::Sent(uint8_t instruction) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> sent;
  const std::string wanted = absl::BytesToHexString(std::string(1, static_cast<char>(instruction)));
  for (const std::string& line : log_) {
    if (line.find(' ') == std::string::npos && line.size() >= 8 && line.substr(2, 2) == wanted) {
      sent.push_back(line);
    }
  }
  return sent;
}

void FakePcsc::ClearLog() {
  const std::lock_guard lock(mutex_);
  log_.clear();
}

int FakePcsc::Waits() const {
  const std::lock_guard lock(mutex_);
  return waits_;
}

int FakePcsc::ContextsAsked() const {
  const std::lock_guard lock(mutex_);
  return contexts_asked_;
}

bool FakePcsc::WaitUntilAtRest() const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::seconds(10), [this] {
    return std::none_of(readers_.begin(), readers_.end(),
                        [](const auto& entry) { return entry.second.transaction != 0; });
  });
}

int FakePcsc::OpenHandles() const {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(handles_.size());
}

int FakePcsc::OpenContexts() const {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(contexts_.size());
}

std::unique_lock<std::mutex> FakePcsc::Enter() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !frozen_; });
  return lock;
}

ServiceAbsence FakePcsc::WhyNoService() {
  const std::lock_guard lock(mutex_);
  return absence_;
}

LONG FakePcsc::EstablishContext(SCARDCONTEXT& context) {
  {
    const std::lock_guard asked(mutex_);
    ++contexts_asked_;
  }
  const auto lock = Enter();
  if (!running_) return SCARD_E_NO_SERVICE;
  if (absence_ == ServiceAbsence::kNotPermitted) return SCARD_W_SECURITY_VIOLATION;
  context = ++last_id_;
  contexts_[context] = generation_;
  return SCARD_S_SUCCESS;
}

LONG FakePcsc::ReleaseContext(SCARDCONTEXT context) {
  const auto lock = Enter();
  return contexts_.erase(context) == 1 ? SCARD_S_SUCCESS : SCARD_E_INVALID_HANDLE;
}

LONG FakePcsc::ListReaders(SCARDCONTEXT context, std::vector<std::string>& readers) {
  const auto lock = Enter();
  if (contexts_[context] != generation_) return SCARD_E_NO_SERVICE;
  readers = order_;
  return SCARD_S_SUCCESS;
}

DWORD FakePcsc::StateOf(const Reader& reader) const {
  DWORD state = reader.events << 16;
  if (!reader.present) return state | SCARD_STATE_EMPTY;
  state |= SCARD_STATE_PRESENT;
  if (reader.mute) state |= SCARD_STATE_MUTE;
  if (reader.exclusive) state |= SCARD_STATE_EXCLUSIVE | SCARD_STATE_INUSE;
  return state;
}

LONG FakePcsc::GetStatusChange(SCARDCONTEXT context, std::vector<SCARD_READERSTATE>& states) {
  auto lock = Enter();
  ++waits_;
  if (states.size() > kMaxWaited) return SCARD_E_INVALID_PARAMETER;
  const auto known = contexts_.find(context);
  if (known == contexts_.end() || known->second != generation_) return SCARD_E_NO_SERVICE;
  waiting_.insert(context);
  LONG code = SCARD_S_SUCCESS;
  const auto look = [&] {
    bool any = false;
    for (SCARD_READERSTATE& state : states) {
      DWORD now = 0;
      if (state.szReader == kPlugAndPlay) {
        now = static_cast<DWORD>(order_.size()) << 16;
      } else if (const auto found = readers_.find(state.szReader);
                 found != readers_.end() && !found->second.disowned) {
        now = StateOf(found->second);
        const std::string& atr = found->second.atr;
        state.cbAtr = std::min(atr.size(), sizeof state.rgbAtr);
        std::memcpy(state.rgbAtr, atr.data(), state.cbAtr);
      } else {
        code = SCARD_E_UNKNOWN_READER;
        return true;
      }
      state.dwEventState = now;
      if (now != state.dwCurrentState) {
        state.dwEventState |= SCARD_STATE_CHANGED;
        any = true;
      }
    }
    return any;
  };
  changed_.wait(lock, [&] {
    if (frozen_) return false;
    if (!running_ || generation_ != contexts_[context]) {
      // What a waiting call really gets when the service dies.
      code = SCARD_W_SECURITY_VIOLATION;
      return true;
    }
    if (cancelled_.erase(context) != 0) {
      code = SCARD_E_CANCELLED;
      return true;
    }
    return look();
  });
  waiting_.erase(context);
  return code;
}

LONG FakePcsc::Cancel(SCARDCONTEXT context) {
  const auto lock = Enter();
  // Lost where nobody waits, as with pcsc-lite.
  if (waiting_.contains(context)) cancelled_.insert(context);
  changed_.notify_all();
  return SCARD_S_SUCCESS;
}

LONG FakePcsc::Connect(SCARDCONTEXT context, const std::string& name, DWORD share_mode,
                       SCARDHANDLE& card, DWORD& protocol) {
  const auto lock = Enter();
  const bool direct = share_mode == SCARD_SHARE_DIRECT;
  if (!direct) log_.emplace_back("connect");
  if (contexts_[context] != generation_ || !running_) return SCARD_E_NO_SERVICE;
  const auto found = readers_.find(name);
  if (refuse_cards_) {
    // The service hangs up on this context for good.
    contexts_[context] = -1;
    return SCARD_W_SECURITY_VIOLATION;
  }
  if (found == readers_.end()) return SCARD_E_UNKNOWN_READER;
  Reader& reader = found->second;
  if (direct) {
    if (reader.exclusive) return SCARD_E_SHARING_VIOLATION;
    card = ++last_id_;
    handles_[card] = {name, reader.insertion, reader.resets, true};
    protocol = 0;
    return SCARD_S_SUCCESS;
  }
  if (!reader.present) return SCARD_E_NO_SMARTCARD;
  if (reader.mute) return SCARD_W_UNPOWERED_CARD;
  if (reader.exclusive) return SCARD_E_SHARING_VIOLATION;
  if (reader.refusals > 0) {
    --reader.refusals;
    return SCARD_E_SHARING_VIOLATION;
  }
  card = ++last_id_;
  handles_[card] = {name, reader.insertion, reader.resets, false};
  protocol = reader.protocol;
  return SCARD_S_SUCCESS;
}

LONG FakePcsc::Check(SCARDHANDLE card, Reader** reader, Handle** handle) {
  const auto found = handles_.find(card);
  if (!running_) return SCARD_E_NO_SERVICE;
  if (found == handles_.end()) return SCARD_E_INVALID_HANDLE;
  *handle = &found->second;
  const auto at = readers_.find(found->second.reader);
  if (at == readers_.end()) return SCARD_E_READER_UNAVAILABLE;
  *reader = &at->second;
  if (found->second.direct) return SCARD_S_SUCCESS;
  if (at->second.insertion != found->second.insertion) return SCARD_W_REMOVED_CARD;
  if (at->second.resets != found->second.resets) return SCARD_W_RESET_CARD;
  return SCARD_S_SUCCESS;
}

LONG FakePcsc::Reconnect(SCARDHANDLE card, DWORD, DWORD, DWORD& protocol) {
  const auto lock = Enter();
  log_.emplace_back("reconnect");
  Reader* reader = nullptr;
  Handle* handle = nullptr;
  const LONG code = Check(card, &reader, &handle);
  if (code != SCARD_S_SUCCESS && code != SCARD_W_RESET_CARD) return code;
  handle->resets = reader->resets;
  protocol = reader->protocol;
  return SCARD_S_SUCCESS;
}

void FakePcsc::DoDispose(Reader& reader, Handle& handle, DWORD disposition) {
  if (disposition == SCARD_LEAVE_CARD || handle.insertion != reader.insertion) return;
  ++reader.resets;
  handle.resets = reader.resets;
  reader.reset();
}

LONG FakePcsc::Disconnect(SCARDHANDLE card, DWORD disposition) {
  const auto lock = Enter();
  const auto found = handles_.find(card);
  if (found == handles_.end() || !found->second.direct) {
    log_.push_back(absl::StrCat("disconnect ", Disposition(disposition)));
  }
  if (found == handles_.end()) return SCARD_E_INVALID_HANDLE;
  const auto reader = readers_.find(found->second.reader);
  if (reader != readers_.end()) {
    DoDispose(reader->second, found->second, disposition);
    if (reader->second.transaction == card) reader->second.transaction = 0;
  }
  handles_.erase(found);
  changed_.notify_all();
  return SCARD_S_SUCCESS;
}

LONG FakePcsc::BeginTransaction(SCARDHANDLE card) {
  auto lock = Enter();
  log_.emplace_back("begin");
  Reader* reader = nullptr;
  Handle* handle = nullptr;
  while (true) {
    const LONG code = Check(card, &reader, &handle);
    if (code != SCARD_S_SUCCESS) return code;
    if (!reader->foreign_transaction && (reader->transaction == 0 || reader->transaction == card)) {
      reader->transaction = card;
      return SCARD_S_SUCCESS;
    }
    ++blocked_;
    changed_.notify_all();
    changed_.wait(lock);
    --blocked_;
  }
}

LONG FakePcsc::EndTransaction(SCARDHANDLE card, DWORD disposition) {
  const auto lock = Enter();
  log_.push_back(absl::StrCat("end ", Disposition(disposition)));
  Reader* reader = nullptr;
  Handle* handle = nullptr;
  const LONG code = Check(card, &reader, &handle);
  if (code != SCARD_S_SUCCESS) return code;
  if (reader->transaction != card) return SCARD_E_NOT_TRANSACTED;
  DoDispose(*reader, *handle, disposition);
  reader->transaction = 0;
  changed_.notify_all();
  return SCARD_S_SUCCESS;
}

LONG FakePcsc::Status(SCARDHANDLE card) {
  const auto lock = Enter();
  Reader* reader = nullptr;
  Handle* handle = nullptr;
  return Check(card, &reader, &handle);
}

LONG FakePcsc::Transmit(SCARDHANDLE card, DWORD protocol, std::string_view command,
                        std::string& response) {
  response.clear();
  Rudeness rudeness;
  Pass pass;
  {
    const auto lock = Enter();
    log_.push_back(absl::BytesToHexString(absl::string_view(command.data(), command.size())));
    Reader* reader = nullptr;
    Handle* handle = nullptr;
    const LONG code = Check(card, &reader, &handle);
    if (code != SCARD_S_SUCCESS) return code;
    if (reader->transaction != card) return SCARD_E_SHARING_VIOLATION;
    if (protocol != reader->protocol) return SCARD_E_PROTO_MISMATCH;
    pass = [answer = reader->answer, bytes = std::string(command)] { return answer(bytes); };
    if (until_armed_ >= 0 && until_armed_-- == 0) rudeness = std::move(armed_at_index_);
    const auto armed = armed_.find(static_cast<uint8_t>(command[1]));
    if (armed != armed_.end() && armed->second.skip-- == 0) {
      rudeness = std::move(armed->second.rudeness);
      armed_.erase(armed);
    }
  }
  if (rudeness) return rudeness(pass, response);
  response = pass();
  return SCARD_S_SUCCESS;
}

LONG FakePcsc::Control(SCARDHANDLE card, DWORD code, std::string_view command,
                       std::string& response) {
  response.clear();
  Keys keys;
  {
    const auto lock = Enter();
    Reader* reader = nullptr;
    Handle* handle = nullptr;
    const LONG checked = Check(card, &reader, &handle);
    if (checked != SCARD_S_SUCCESS) return checked;
    if (!reader->keys) return SCARD_E_UNSUPPORTED_FEATURE;
    if (code == CM_IOCTL_GET_FEATURE_REQUEST) {
      for (const auto& [tag, control] : reader->features) {
        response += static_cast<char>(tag);
        response += '\4';
        for (int shift = 24; shift >= 0; shift -= 8) {
          response += static_cast<char>(control >> shift & 0xFF);
        }
      }
      return SCARD_S_SUCCESS;
    }
    log_.emplace_back("keys");
    keys = reader->keys;
  }
  return keys(code, command, response);
}

}  // namespace ilkimza::agent
