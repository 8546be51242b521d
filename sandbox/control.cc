#include "sandbox/control.h"

#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

#include "sandbox/text.h"

namespace ilkimza::sandbox {
namespace {

using Json = nlohmann::ordered_json;

absl::Status Bad(std::string_view what) {
  return absl::InvalidArgumentError(Cat(what, "; see sandbox/README.md."));
}

// Reads the members of a request; refuses wrong types, and what nobody asked for.
class Members {
 public:
  explicit Members(const Json& object) : object_(object) {}

  std::optional<std::string> Text(const char* key) {
    const Json* value = Find(key);
    if (value == nullptr) return std::nullopt;
    if (value->is_string()) return value->get<std::string>();
    wrong_ = key;
    return std::nullopt;
  }
  std::optional<int> Number(const char* key) {
    const Json* value = Find(key);
    if (value == nullptr) return std::nullopt;
    if (value->is_number_unsigned() && value->get<uint64_t>() <= 1'000'000'000) {
      return value->get<int>();
    }
    wrong_ = key;
    return std::nullopt;
  }
  std::optional<bool> Flag(const char* key) {
    const Json* value = Find(key);
    if (value == nullptr) return std::nullopt;
    if (value->is_boolean()) return value->get<bool>();
    wrong_ = key;
    return std::nullopt;
  }
  // After all members were asked for and before anything is changed.
  absl::Status Finish() const {
    if (!wrong_.empty()) return Bad(Cat("'", wrong_, "' has the wrong type"));
    for (const auto& [key, value] : object_.items()) {
      if (!known_.contains(key)) return Bad(Cat("'", key, "' is unknown here"));
    }
    return absl::OkStatus();
  }

 private:
  const Json* Find(const char* key) {
    known_.insert(key);
    const auto found = object_.find(key);
    return found == object_.end() ? nullptr : &*found;
  }

  const Json& object_;
  std::set<std::string> known_;
  std::string wrong_;
};

}  // namespace

Control::Control(State& state, Cards& cards) : state_(state), cards_(cards) {
  const std::lock_guard lock(state_.mutex);
  world_at_start_ = state_.world;
  rules_at_start_ = state_.rules;
  cards_.Load(world_at_start_);
}

Control::Reply Control::Handle(const std::string& method, const std::string& path,
                               const std::string& body) {
  const std::string what = path.substr(std::string_view("/control/").size());
  absl::StatusOr<Json> result = absl::NotFoundError(Cat(method, " ", path, " does not exist."));
  if (method == "GET") {
    result = Get(what);
  } else if (method == "POST") {
    const Json request =
        body.empty() ? Json::object() : Json::parse(body, nullptr, /*allow_exceptions=*/false);
    result = request.is_object() ? Post(what, request) : Bad("The body is no JSON object");
  }
  if (result.ok()) return {200, result->dump()};
  const int status = absl::IsNotFound(result.status()) ? 404 : 400;
  return {status, Json{{"error", std::string(result.status().message())}}.dump()};
}

absl::StatusOr<Json> Control::Get(const std::string& what) {
  if (what == "state") return StateJson();
  if (what == "world") return WorldJson();
  if (what == "secrets") return SecretsJson();
  if (what == "captchas") return CaptchasJson();
  if (what == "cards") return CardsJson();
  return absl::NotFoundError(Cat("GET /control/", what, " does not exist."));
}

absl::StatusOr<Json> Control::Post(const std::string& what, const Json& request) {
  absl::Status status;
  if (what == "faults") {
    absl::StatusOr<Fault> fault = ParseFaultJson(request.dump());
    if (!fault.ok()) return fault.status();
    const std::lock_guard lock(state_.mutex);
    state_.faults.Add(*std::move(fault));
  } else if (what == "faults/clear") {
    const std::lock_guard lock(state_.mutex);
    state_.faults.Clear();
  } else if (what == "maintenance") {
    Members members(request);
    const auto on = members.Flag("on");
    status = members.Finish();
    const std::lock_guard lock(state_.mutex);
    if (status.ok()) state_.maintenance = on.value_or(true);
  } else if (what == "rules") {
    status = SetRules(request);
  } else if (what == "holder") {
    status = SetHolder(request);
  } else if (what == "certificate") {
    status = SetCertificate(request);
  } else if (what == "expire") {
    status = Expire(request);
  } else if (what == "cards") {
    status = WorkCard(request);
  } else if (what == "reset") {
    Reset();
  } else {
    status = absl::NotFoundError(Cat("POST /control/", what, " does not exist."));
  }
  if (!status.ok()) return status;
  return Json{{"ok", true}};
}

void Control::CountOffSiteVisit() {
  const std::lock_guard lock(state_.mutex);
  ++state_.offsite_visits;
}

Json Control::StateJson() {
  const std::lock_guard lock(state_.mutex);
  const std::string today = Day(0);
  Json holders = Json::object();
  for (const Holder& holder : state_.world.holders) {
    Json cards = Json::object();
    for (const CardRecord& card : holder.cards) {
      cards[card.serial] = {{"pin_info", card.pin_info},
                            {"certificate", NameOf(StateOf(card, today))},
                            {"unblock_requests", card.unblock_requests}};
    }
    holders[holder.national_id] = {{"locked", holder.locked},
                                   {"wrong_words", holder.wrong_words},
                                   {"phone", holder.phone},
                                   {"email", holder.email},
                                   {"cards", std::move(cards)}};
  }
  return {{"maintenance", state_.maintenance},     {"sessions", state_.sessions.size()},
          {"armed_faults", state_.faults.armed()}, {"offsite_visits", state_.offsite_visits},
          {"requests", state_.requests},           {"presses", state_.presses},
          {"holders", std::move(holders)}};
}

Json Control::WorldJson() {
  const std::lock_guard lock(state_.mutex);
  Json holders = Json::array();
  for (const Holder& holder : state_.world.holders) {
    Json cards = Json::array();
    for (const CardRecord& card : holder.cards) {
      cards.push_back({{"serial", card.serial}, {"pin", card.pin}, {"puk", card.puk}});
    }
    holders.push_back({{"national_id", holder.national_id},
                       {"name", holder.name},
                       {"email", holder.email},
                       {"phone", holder.phone},
                       {"security_word", holder.security_word},
                       {"cards", std::move(cards)}});
  }
  return {{"holders", std::move(holders)}};
}

Json Control::SecretsJson() {
  const std::lock_guard lock(state_.mutex);
  return state_.ledger.secrets();
}

Json Control::CaptchasJson() {
  const std::lock_guard lock(state_.mutex);
  Json list = Json::array();
  for (const KnownCaptcha& captcha : state_.ledger.captchas()) {
    list.push_back({{"sha256", captcha.sha256}, {"answer", captcha.answer}});
  }
  return list;
}

Json Control::CardsJson() {
  Json cards = Json::object();
  for (const std::string& serial : cards_.made()) {
    const auto found = cards_.Get(serial);
    if (!found.ok()) continue;
    const CardSimulator& card = **found;
    Json counts = Json::object();
    for (const auto& [instruction, count] : card.CommandCounts()) {
      constexpr std::string_view kHex = "0123456789ABCDEF";
      counts[std::string{kHex[instruction >> 4], kHex[instruction & 15]}] = count;
    }
    const PinTries tries = card.tries_left();
    cards[serial] = {{"inserted", card.inserted()},
                     {"pin", card.pin()},
                     {"puk", card.puk()},
                     {"pin_tries", tries.pin},
                     {"puk_tries", tries.puk},
                     {"pin_verified", card.pin_verified()},
                     {"commands", std::move(counts)},
                     {"certificate", card.qualified_certificate()}};
  }
  return cards;
}

absl::Status Control::SetRules(const Json& request) {
  Members members(request);
  const auto portal = members.Text("portal");
  const auto style = members.Text("style");
  const auto charset = members.Text("charset");
  const auto declared = members.Text("charset_declared");
  const auto one_delete = members.Flag("one_delete_for_all");
  const auto one_revoke = members.Flag("one_revoke_for_all");
  const auto edevlet_only = members.Flag("edevlet_only");
  const auto sms = members.Number("sms_seconds");
  const auto sms_tries = members.Number("sms_tries");
  const auto link = members.Number("link_seconds");
  const auto latency = members.Number("latency_ms");
  if (absl::Status status = members.Finish(); !status.ok()) return status;
  if (portal && !PortalNamed(*portal)) return Bad("'portal' is neither kamusm nor ornek");
  if (style && !StyleNamed(*style)) return Bad("'style' is none of html5, tables, postback");
  if (charset && !CharsetNamed(*charset)) return Bad("'charset' is neither utf-8 nor iso-8859-9");
  if (declared && !CharsetDeclaredNamed(*declared)) {
    return Bad("'charset_declared' is none of both, header, meta, nowhere");
  }
  const std::lock_guard lock(state_.mutex);
  PortalRules& rules = state_.rules;
  if (portal) rules.portal = *PortalNamed(*portal);
  if (style) rules.style = *StyleNamed(*style);
  if (charset) rules.charset = *CharsetNamed(*charset);
  if (declared) rules.charset_declared = *CharsetDeclaredNamed(*declared);
  if (one_delete) rules.one_delete_for_all = *one_delete;
  if (one_revoke) rules.one_revoke_for_all = *one_revoke;
  if (edevlet_only) rules.edevlet_only = *edevlet_only;
  if (sms) rules.sms_time = std::chrono::seconds(*sms);
  if (sms_tries) rules.sms_tries = *sms_tries;
  if (link) rules.link_time = std::chrono::seconds(*link);
  if (latency) rules.latency = std::chrono::milliseconds(*latency);
  return absl::OkStatus();
}

absl::Status Control::SetHolder(const Json& request) {
  Members members(request);
  const auto id = members.Text("national_id");
  const auto word = members.Text("security_word");
  const auto phone = members.Text("phone");
  const auto email = members.Text("email");
  const auto locked = members.Flag("locked");
  const auto wrong_words = members.Number("wrong_words");
  const auto pin_info = members.Flag("pin_info");
  if (absl::Status status = members.Finish(); !status.ok()) return status;
  if (phone && NormalPhone(*phone).empty()) return Bad("'phone' is no Turkish mobile number");
  const std::lock_guard lock(state_.mutex);
  Holder* holder = state_.world.Find(id.value_or(""));
  if (holder == nullptr) return Bad("'national_id' names no holder");
  if (word) holder->security_word = *word;
  if (phone) holder->phone = NormalPhone(*phone);
  if (email) holder->email = *email;
  if (locked) holder->locked = *locked;
  if (wrong_words) holder->wrong_words = *wrong_words;
  for (CardRecord& card : holder->cards) card.pin_info = pin_info.value_or(card.pin_info);
  state_.ledger.Record(state_.world);
  return absl::OkStatus();
}

absl::Status Control::SetCertificate(const Json& request) {
  Members members(request);
  const auto serial = members.Text("serial");
  const auto state = members.Text("state");
  const auto number = members.Text("number");
  const auto from = members.Text("valid_from");
  const auto until = members.Text("valid_until");
  if (absl::Status status = members.Finish(); !status.ok()) return status;
  if (state && !CertificateStateNamed(*state)) return Bad("'state' is no state of a certificate");
  if (from && !IsDay(*from)) return Bad("'valid_from' is no day like 2026-01-31");
  if (until && !IsDay(*until)) return Bad("'valid_until' is no day like 2026-01-31");
  const std::lock_guard lock(state_.mutex);
  for (Holder& holder : state_.world.holders) {
    for (CardRecord& card : holder.cards) {
      if (card.serial != serial) continue;
      if (state) card.certificate = *CertificateStateNamed(*state);
      if (number) card.certificate_number = *number;
      if (from) card.valid_from = *from;
      if (until) card.valid_until = *until;
      return absl::OkStatus();
    }
  }
  return Bad("'serial' names no card");
}

absl::Status Control::Expire(const Json& request) {
  Members members(request);
  const std::string what = members.Text("what").value_or("");
  const std::string id = members.Text("national_id").value_or("");
  if (absl::Status status = members.Finish(); !status.ok()) return status;
  const auto now = std::chrono::steady_clock::now();
  const std::lock_guard lock(state_.mutex);
  if (what == "session") {
    if (id.empty()) {
      state_.sessions.EndAll();
    } else {
      state_.sessions.EndOf(id);
    }
  } else if (what == "sms") {
    state_.sessions.ExpireCodes(id, now);
  } else if (what == "link") {
    for (auto& [token, link] : state_.links) {
      if (id.empty() || link.national_id == id) link.deadline = now;
    }
  } else {
    return Bad("'what' is none of session, sms, link");
  }
  return absl::OkStatus();
}

absl::Status Control::WorkCard(const Json& request) {
  Members members(request);
  const std::string serial = members.Text("serial").value_or("");
  const std::string action = members.Text("action").value_or("");
  const auto slot = members.Number("slot");
  const auto tries = members.Number("tries");
  const auto ms = members.Number("ms");
  const auto value = members.Text("value");
  const auto instruction_name = members.Text("instruction");
  if (absl::Status status = members.Finish(); !status.ok()) return status;
  if (action == "insert") {
    return cards_.Insert(serial, static_cast<std::size_t>(slot.value_or(1)));
  }
  const absl::StatusOr<CardSimulator*> found = cards_.Get(serial);
  if (!found.ok()) return found.status();
  CardSimulator& card = **found;
  if (action == "pin_tries") return card.SetPinTriesLeft(tries.value_or(0));
  if (action == "puk_tries") return card.SetPukTriesLeft(tries.value_or(0));
  if (action == "pin") return card.SetPin(value.value_or(""));
  if (action == "puk") return card.SetPuk(value.value_or(""));
  const auto instruction = InstructionNamed(instruction_name.value_or("verify"));
  if (!instruction) return Bad("'instruction' is not known");
  if (action == "remove") {
    card.Remove();
  } else if (action == "mute") {
    card.SetMute(true);
  } else if (action == "unmute") {
    card.SetMute(false);
  } else if (action == "die_before") {
    card.DieBefore(*instruction);
  } else if (action == "die_after") {
    card.DieAfter(*instruction);
  } else if (action == "stall") {
    card.Stall(*instruction);
  } else if (action == "resume") {
    card.Resume();
  } else if (action == "latency") {
    card.SetLatency(absl::Milliseconds(ms.value_or(0)));
  } else if (action == "reset_counts") {
    card.ResetCommandCounts();
  } else {
    return Bad("'action' is not known");
  }
  return absl::OkStatus();
}

void Control::Reset() {
  {
    const std::lock_guard lock(state_.mutex);
    state_.world = world_at_start_;
    state_.rules = rules_at_start_;
    state_.sessions.EndAll();
    state_.faults.Clear();
    state_.links.clear();
    state_.maintenance = false;
    state_.requests.clear();
    state_.presses.clear();
    state_.offsite_visits = 0;
    state_.mailbox = {};
  }
  cards_.Load(world_at_start_);
}

}  // namespace ilkimza::sandbox
