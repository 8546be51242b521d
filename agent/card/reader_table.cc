#include "agent/card/reader_table.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "agent/card/certificate.h"
#include "agent/card/pkcs15.h"
#include "base/error.h"
#include "base/log.h"

namespace ilkimza::agent {
namespace {

// pcsc-lite has no more readers than this, and refuses to wait for more (the pseudo reader
// counts as well).
constexpr std::size_t kMaxWaited = 16;
// For a card that did not say who it is, since another program had it.
constexpr absl::Duration kFirstAskAgain = absl::Seconds(1);
constexpr absl::Duration kLongestAskAgain = absl::Seconds(30);
// A module that has failed this often with the same card is left alone.
constexpr int kModuleFailures = 4;
// Grows with each insertion and removal.
constexpr DWORD kEventCounter = 0xFFFF0000;
constexpr std::string_view kReaders = "readers/";

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

void ShowHolders(const std::vector<std::string>& holders, v1::Reader& reader) {
  reader.clear_programs();
  if (reader.state() != v1::READER_STATE_IN_USE_EXCLUSIVELY) return;
  for (const std::string& name : holders) reader.add_programs(name);
}

void NameByReader(SeenReader& seen) {
  seen.card.set_name(absl::StrCat("cards/in-", seen.reader.name().substr(kReaders.size())));
  seen.reader.set_card(seen.card.name());
}

void Introduce(SeenReader& seen, const IdentifiedCard& identified) {
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

}  // namespace

std::vector<std::string> ReaderTable::SetReaders(const std::vector<std::string>& names) {
  std::vector<std::string> gone;
  std::erase_if(readers_, [&](const auto& entry) {
    if (std::find(names.begin(), names.end(), entry.first) != names.end()) return false;
    ForgetCard(entry.second.seen);
    gone.push_back(entry.first);
    return true;
  });
  for (const std::string& name : names) {
    if (!readers_.contains(name)) Add(name);
  }
  order_ = names;
  return gone;
}

void ReaderTable::Add(const std::string& name) {
  Watched& watched = readers_[name];
  const std::string slug = absl::StrCat(std::string(kReaders), Slug(name));
  std::string id = slug;
  const auto taken = [&](const std::string& candidate) {
    return std::any_of(readers_.begin(), readers_.end(), [&](const auto& entry) {
      return entry.second.seen.reader.name() == candidate;
    });
  };
  for (int i = 2; taken(id); ++i) id = absl::StrCat(slug, "-", i);
  watched.plugged = ++last_plugged_;
  watched.ask_again = kFirstAskAgain;
  watched.seen.pcsc_name = name;
  watched.seen.reader.set_name(id);
  watched.seen.reader.set_display_name(Printable(name));
  watched.seen.reader.set_state(v1::READER_STATE_EMPTY);
}

std::vector<SCARD_READERSTATE> ReaderTable::StatesToWaitFor() const {
  std::vector<SCARD_READERSTATE> states(std::min(order_.size(), kMaxWaited));
  for (std::size_t i = 0; i < states.size(); ++i) {
    const auto& [name, watched] = *readers_.find(order_[i]);
    states[i].szReader = name.c_str();
    states[i].dwCurrentState = watched.state;
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

ReaderTable::Questions ReaderTable::TakeStates(const std::vector<SCARD_READERSTATE>& states,
                                               const std::vector<std::string>& holders) {
  Questions questions;
  for (const SCARD_READERSTATE& state : states) {
    const auto found = readers_.find(state.szReader);
    if (found == readers_.end()) continue;
    auto& [name, watched] = *found;
    const bool was_asking = watched.seen.asking;
    const uint64_t was_insertion = watched.seen.facts.insertion;
    const DWORD was_state = watched.state;
    TakeState(watched, state);
    if (watched.state != was_state) ShowHolders(holders, watched.seen.reader);
    // An answer that is still to come is that of the card before.
    if (watched.seen.asking && (!was_asking || watched.seen.facts.insertion != was_insertion)) {
      questions.cards.push_back(watched.seen.facts);
    }
    if (watched.keys == Watched::Keys::kUnasked) {
      watched.keys = Watched::Keys::kAsking;
      questions.keys.emplace_back(name, watched.plugged);
    }
  }
  return questions;
}

void ReaderTable::TakeState(Watched& watched, const SCARD_READERSTATE& state) {
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

void ReaderTable::NewStay(Watched& watched) {
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
  watched.module_failures = 0;
}

void ReaderTable::NewCard(Watched& watched, std::string_view atr) {
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

ReaderTable::Taken ReaderTable::TakeIdentity(const std::string& name, uint64_t insertion,
                                             const absl::StatusOr<IdentifiedCard>& identified) {
  const auto found = readers_.find(name);
  if (found == readers_.end() || found->second.seen.facts.insertion != insertion) return {};
  Watched& watched = found->second;
  SeenReader& seen = watched.seen;
  seen.asking = false;
  seen.trouble = absl::OkStatus();
  if (!identified.ok() && ReasonOf(identified.status()) != v1::ERROR_REASON_CARD_UNSUPPORTED) {
    return {.current = true, .ask_again = TakeTrouble(watched, identified.status())};
  }
  watched.identified = true;
  if (identified.ok()) {
    Introduce(seen, *identified);
  } else {
    NameByReader(seen);
  }
  seen.reader.set_state(StateFor(watched.state));
  if (seen.reader.state() != v1::READER_STATE_IN_USE_EXCLUSIVELY) seen.reader.clear_programs();
  return {.current = true};
}

std::optional<absl::Duration> ReaderTable::TakeTrouble(Watched& watched,
                                                       const absl::Status& trouble) {
  SeenReader& seen = watched.seen;
  seen.trouble = trouble;
  const v1::ErrorReason reason = ReasonOf(trouble);
  ErrorMetadata details = MetadataOf(trouble);
  LogInfo("the card in '{}' did not say who it is: {} {}{}", seen.pcsc_name, ReasonName(reason),
          details["pcsc_code"], details["status_word"]);
  switch (reason) {
    case v1::ERROR_REASON_CARD_MUTE:
      seen.reader.set_state(v1::READER_STATE_CARD_MUTE);
      break;
    case v1::ERROR_REASON_CARD_BUSY:
      seen.reader.set_state(v1::READER_STATE_IN_USE_EXCLUSIVELY);
      ShowHolders(absl::StrSplit(details["programs"], ", ", absl::SkipEmpty()), seen.reader);
      break;
    case v1::ERROR_REASON_MODULE_FAILED:
      // The card is fine: it is shown, and whoever uses it is told of the module.
      NameByReader(seen);
      if (++watched.module_failures == kModuleFailures) {
        watched.identified = true;
        return std::nullopt;
      }
      break;
    default:
      break;
  }
  return NextPause(watched);
}

absl::Duration ReaderTable::NextPause(Watched& watched) {
  return std::exchange(watched.ask_again, std::min(watched.ask_again * 2, kLongestAskAgain));
}

bool ReaderTable::TakeKeys(const std::string& name, uint64_t plugged,
                           const absl::StatusOr<PinpadFeatures>& features) {
  const auto found = readers_.find(name);
  if (found == readers_.end() || found->second.plugged != plugged) return false;
  Watched& watched = found->second;
  // One that could not be asked is asked again at its next change.
  watched.keys = features.ok() ? Watched::Keys::kKnown : Watched::Keys::kUnasked;
  watched.seen.reader.set_has_pinpad(features.ok() && features->verify != 0);
  return true;
}

std::optional<CardFacts> ReaderTable::BeginAnew(const std::string& name) {
  const auto found = readers_.find(name);
  if (found == readers_.end() || found->second.seen.asking) return std::nullopt;
  Watched& watched = found->second;
  if (watched.seen.family == nullptr) return std::nullopt;
  // Another card of the same kind, which came unnoticed.
  const std::string atr = watched.seen.facts.atr;
  NewStay(watched);
  NewCard(watched, atr);
  return watched.seen.facts;
}

std::optional<CardFacts> ReaderTable::AskOnceMore(const std::string& name, uint64_t insertion) {
  const auto found = readers_.find(name);
  if (found == readers_.end()) return std::nullopt;
  Watched& watched = found->second;
  if (watched.seen.facts.insertion != insertion || watched.identified || watched.seen.asking) {
    return std::nullopt;
  }
  watched.seen.asking = true;
  return watched.seen.facts;
}

uint64_t ReaderTable::InsertionIn(const std::string& name) const {
  const auto found = readers_.find(name);
  return found == readers_.end() ? 0 : found->second.seen.facts.insertion;
}

std::vector<SeenReader> ReaderTable::Seen() const {
  std::vector<SeenReader> seen;
  for (const std::string& name : order_) seen.push_back(readers_.at(name).seen);
  return seen;
}

}  // namespace ilkimza::agent
