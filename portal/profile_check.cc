// Reading a profile: every reference is resolved, every text folded, and what
// cannot be meant is refused with a sentence that says where.
#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "portal/profile_contents.h"
#include "portal/text.h"

namespace ilkimza::portal {
namespace {

template <typename Texts>
std::vector<std::string> Folded(const Texts& texts) {
  std::vector<std::string> folded;
  for (const auto& text : texts) folded.push_back(FoldLabel(text));
  return folded;
}

template <typename AllWords>
std::vector<Profile::Words> FoldedWords(const AllWords& all) {
  std::vector<Profile::Words> folded;
  for (const auto& words : all) folded.push_back({Folded(words.parts())});
  return folded;
}

bool HasEmpty(const std::vector<std::string>& texts) {
  return texts.empty() || std::any_of(texts.begin(), texts.end(),
                                      [](const std::string& text) { return text.empty(); });
}

bool HasEmpty(const std::vector<Profile::Words>& all) {
  return std::any_of(all.begin(), all.end(),
                     [](const Profile::Words& words) { return HasEmpty(words.parts); });
}

bool IsName(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '_';
  });
}

constexpr std::size_t kLongestHotline = 64;

bool IsPlainLine(const std::string& text) {
  return text.size() <= kLongestHotline && std::none_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_iscntrl(static_cast<unsigned char>(c));
         });
}

// Every step that a portal host carries out. A profile has to have the first ones:
// without them nobody gets in, or out.
constexpr v1::StepKind kSteps[] = {
    v1::STEP_KIND_OPEN_WORD_RESET,    v1::STEP_KIND_REQUEST_WORD_RESET,
    v1::STEP_KIND_OPEN_MAIL_LINK,     v1::STEP_KIND_SET_SECURITY_WORD,
    v1::STEP_KIND_OPEN_LOGIN,         v1::STEP_KIND_LOG_IN,
    v1::STEP_KIND_CONFIRM_PHONE,      v1::STEP_KIND_ENTER_SMS_CODE,
    v1::STEP_KIND_OPEN_PIN_PAGE,      v1::STEP_KIND_READ_PIN,
    v1::STEP_KIND_DELETE_PORTAL_COPY, v1::STEP_KIND_LOG_OUT,
    v1::STEP_KIND_LIST_CERTIFICATES,  v1::STEP_KIND_ACTIVATE_CERTIFICATE,
    v1::STEP_KIND_UPDATE_INFO,        v1::STEP_KIND_REQUEST_UNBLOCK,
    v1::STEP_KIND_ENTER_UNBLOCK_CODE, v1::STEP_KIND_REVOKE_CERTIFICATE};
constexpr std::size_t kRequiredSteps = 12;

// What the answer to a step's form can give (ilkimza/v1/portal_service.proto).
bool CanBeAsked(v1::StepKind step, profile_v1::FieldKind field) {
  using profile_v1::FieldKind;
  const bool either = field == FieldKind::FIELD_KIND_NATIONAL_ID ||
                      field == FieldKind::FIELD_KIND_EMAIL ||
                      field == FieldKind::FIELD_KIND_CAPTCHA;
  switch (step) {
    case v1::STEP_KIND_LOG_IN:
      return either || field == FieldKind::FIELD_KIND_SECURITY_WORD;
    case v1::STEP_KIND_REQUEST_WORD_RESET:
      return either;
    default:
      return true;
  }
}

// The values a step's screen has to give, or the holder would be shown nothing.
struct Need {
  profile_v1::ScreenKind screen;
  profile_v1::ValueKind value;
  // Only in a profile that has this step: to others the screen is a page on the way.
  v1::StepKind step = v1::STEP_KIND_UNSPECIFIED;
};
constexpr Need kNeeds[] = {
    {profile_v1::SCREEN_KIND_PHONE, profile_v1::VALUE_KIND_MASKED_PHONE},
    {profile_v1::SCREEN_KIND_SMS_CODE, profile_v1::VALUE_KIND_SECONDS_LEFT},
    {profile_v1::SCREEN_KIND_PIN_PAGE, profile_v1::VALUE_KIND_CARD_SERIAL},
    {profile_v1::SCREEN_KIND_PIN_PAGE, profile_v1::VALUE_KIND_PIN},
    {profile_v1::SCREEN_KIND_PIN_PAGE, profile_v1::VALUE_KIND_PUK},
    {profile_v1::SCREEN_KIND_UNBLOCK_CODE, profile_v1::VALUE_KIND_SECONDS_LEFT},
    {profile_v1::SCREEN_KIND_PUK_PAGE, profile_v1::VALUE_KIND_CARD_SERIAL},
    {profile_v1::SCREEN_KIND_PUK_PAGE, profile_v1::VALUE_KIND_PIN},
    {profile_v1::SCREEN_KIND_PUK_PAGE, profile_v1::VALUE_KIND_PUK},
    {profile_v1::SCREEN_KIND_CERTIFICATES, profile_v1::VALUE_KIND_CARD_SERIAL,
     v1::STEP_KIND_LIST_CERTIFICATES},
    {profile_v1::SCREEN_KIND_CERTIFICATES, profile_v1::VALUE_KIND_CERTIFICATE_STATE,
     v1::STEP_KIND_LIST_CERTIFICATES},
    {profile_v1::SCREEN_KIND_ACTIVATION, profile_v1::VALUE_KIND_CARD_SERIAL},
    {profile_v1::SCREEN_KIND_REVOCATION_CHOICE, profile_v1::VALUE_KIND_CARD_SERIAL},
    {profile_v1::SCREEN_KIND_REVOCATION, profile_v1::VALUE_KIND_CARD_SERIAL},
};

// Reads one part of the profile after the other; each returns what is wrong.
class Reader {
 public:
  Reader(const profile_v1::Profile& source, Profile::Contents& to) : source_(source), to_(to) {}

  std::string Read() {
    for (const auto part :
         {&Reader::ReadAddresses, &Reader::ReadFields, &Reader::ReadButtons, &Reader::ReadValues,
          &Reader::ReadScreens, &Reader::ReadMessages, &Reader::ReadReserved, &Reader::ReadSteps,
          &Reader::CheckComplete, &Reader::CheckRevocation}) {
      if (std::string wrong = (this->*part)(); !wrong.empty()) return wrong;
    }
    return {};
  }

 private:
  std::string ReadAddresses() {
    if (!IsName(source_.name())) return "name has to be lower-case ASCII letters and digits.";
    if (source_.version() < 0) return "version has to be a number from 1 on.";
    if (!IsPlainLine(source_.hotline())) {
      return absl::StrCat("hotline has to be one line of at most ", kLongestHotline, " bytes.");
    }
    auto origins = Origins::Of({source_.hosts().begin(), source_.hosts().end()});
    if (!origins.ok()) return std::string(origins.status().message());
    to_.origins = *std::move(origins);
    const auto entrance = ParseAddress("", source_.entrance());
    if (!entrance.ok() || !to_.origins.Allows(*entrance)) {
      return "entrance has to be an https address on one of the hosts.";
    }
    to_.entrance = *entrance;
    const auto charset = CharsetByName(source_.charset());
    if (!charset) return "charset has to be utf-8, windows-1254 or iso-8859-9.";
    to_.charset = *charset;
    to_.never_press = Folded(source_.never_press());
    if (!to_.never_press.empty() && HasEmpty(to_.never_press)) return "a never_press is empty.";
    return {};
  }

  std::string ReadFields() {
    for (const auto& from : source_.fields()) {
      const std::string where = profile_v1::FieldKind_Name(from.kind());
      if (from.kind() == profile_v1::FIELD_KIND_UNSPECIFIED || FieldOf(from.kind()) != nullptr) {
        return absl::StrCat("field ", where, " is unspecified or given twice.");
      }
      to_.fields.push_back({from.kind(), Folded(from.names()), "", {}});
      if (HasEmpty(to_.fields.back().names)) return absl::StrCat("field ", where, " has no name.");
      to_.fields.back().shown = from.names(0);
    }
    for (Profile::Field& field : to_.fields) FindBracketedOthers(field);
    return {};
  }

  void FindBracketedOthers(Profile::Field& field) const {
    for (const Profile::Field& other : to_.fields) {
      if (&other == &field) continue;
      for (const std::string& name : other.names) {
        const bool goes_on = std::any_of(
            field.names.begin(), field.names.end(),
            [&name](const std::string& own) { return absl::StartsWith(name, own + " ("); });
        if (goes_on) field.bracketed_others.push_back(name);
      }
    }
  }

  std::string ReadButtons() {
    for (const auto& from : source_.buttons()) {
      if (!IsName(from.id()) || ButtonOf(from.id()) != nullptr) {
        return absl::StrCat("button id \"", from.id(), "\" is no name or given twice.");
      }
      Profile::Button button{from.id(), Folded(from.names()), from.any(), from.per_card(), ""};
      if (HasEmpty(button.names)) return absl::StrCat("button ", from.id(), " has no name.");
      button.shown = from.names(0);
      to_.buttons.push_back(std::move(button));
    }
    return {};
  }

  std::string ReadValues() {
    for (const auto& from : source_.values()) {
      const std::string where = profile_v1::ValueKind_Name(from.kind());
      if (from.kind() == profile_v1::VALUE_KIND_UNSPECIFIED || ValueOf(from.kind()) != nullptr) {
        return absl::StrCat("value ", where, " is unspecified or given twice.");
      }
      if (from.min_digits() < 0 || from.min_digits() > from.max_digits()) {
        return absl::StrCat("value ", where, " has min_digits above max_digits.");
      }
      const bool is_countdown = from.kind() == profile_v1::VALUE_KIND_SECONDS_LEFT;
      if (is_countdown && (from.min_digits() < 1 || from.max_digits() > 6)) {
        return absl::StrCat("value ", where, " must have 1 to 6 digits.");
      }
      Profile::Value value{from.kind(), Folded(from.labels()), from.min_digits(), from.max_digits(),
                           ""};
      if (HasEmpty(value.labels)) return absl::StrCat("value ", where, " has no label.");
      value.shown = from.labels(0);
      to_.values.push_back(std::move(value));
    }
    return {};
  }

  std::string ReadScreens() {
    for (const auto& from : source_.screens()) {
      if (std::string wrong = ReadScreen(from); !wrong.empty()) {
        return absl::StrCat("screen ", profile_v1::ScreenKind_Name(from.kind()), " ", wrong);
      }
    }
    return {};
  }

  std::string ReadScreen(const profile_v1::Screen& from) {
    Profile::Screen screen;
    screen.kind = from.kind();
    if (screen.kind == profile_v1::SCREEN_KIND_UNSPECIFIED || HasScreen(screen.kind)) {
      return "is unspecified or given twice.";
    }
    screen.headings = Folded(from.headings());
    screen.shown = from.headings_size() > 0 ? from.headings(0) : "";
    screen.texts = FoldedWords(from.texts());
    screen.forbidden_texts = FoldedWords(from.forbidden_texts());
    if ((!screen.headings.empty() && HasEmpty(screen.headings)) || HasEmpty(screen.texts) ||
        HasEmpty(screen.forbidden_texts)) {
      return "has an empty heading or text.";
    }
    if (!Take(from.fields(), screen.fields, [this](int kind) { return FieldOf(kind); }) ||
        !Take(from.values(), screen.values, [this](int kind) { return ValueOf(kind); })) {
      return "needs a field or value that the profile does not have.";
    }
    const auto button = [this](const std::string& id) { return ButtonOf(id); };
    if (!Take(from.buttons(), screen.buttons, button) ||
        !Take(from.forbidden_buttons(), screen.forbidden_buttons, button)) {
      return "names a button that the profile does not have.";
    }
    screen.no_other_fields = from.no_other_fields();
    screen.captcha = from.captcha();
    screen.least = from.least();
    if (screen.captcha && FieldOf(profile_v1::FIELD_KIND_CAPTCHA) == nullptr) {
      return "has a captcha, but the profile has no field for its text.";
    }
    if (screen.headings.empty() && screen.texts.empty() && screen.fields.empty() &&
        screen.buttons.empty()) {
      return "fits any page: give it a heading, a text, a field or a button.";
    }
    to_.screens.push_back(std::move(screen));
    return {};
  }

  template <typename From, typename To, typename Find>
  static bool Take(const From& from, std::vector<To>& to, const Find& find) {
    for (const auto& key : from) {
      to.push_back(find(key));
      if (to.back() == nullptr) return false;
    }
    return true;
  }

  std::string ReadMessages() {
    for (const auto& from : source_.messages()) {
      const std::string where = v1::ErrorReason_Name(from.reason());
      Profile::Message message{from.reason(), FoldedWords(from.sentences()), {}};
      if (message.reason == v1::ERROR_REASON_UNSPECIFIED || message.sentences.empty() ||
          HasEmpty(message.sentences)) {
        return absl::StrCat("message ", where, " has no reason or an empty sentence.");
      }
      for (const int step : from.steps()) {
        message.steps.push_back(static_cast<v1::StepKind>(step));
      }
      to_.messages.push_back(std::move(message));
    }
    return {};
  }

  std::string ReadReserved() {
    for (const auto& from : source_.reserved()) {
      const std::vector<std::string> names = Folded(from.names());
      if (!IsStep(from.step()) || HasEmpty(names)) {
        return "a reserved has no step of a portal, or no name.";
      }
      for (const std::string& name : names) {
        if (!to_.reserved.emplace(name, from.step()).second) {
          return absl::StrCat("\"", name, "\" is reserved twice.");
        }
      }
    }
    for (const auto& from : source_.certificate_states()) {
      for (const std::string& words : Folded(from.words())) {
        if (words.empty() || !to_.certificate_states.emplace(words, from.state()).second) {
          return "a certificate_state has empty words, or words that another one has.";
        }
      }
    }
    return {};
  }

  std::string ReadSteps() {
    for (const auto& from : source_.steps()) {
      const std::string where = absl::StrCat("step ", v1::StepKind_Name(from.kind()));
      if (std::string wrong = ReadStep(from); !wrong.empty()) {
        return absl::StrCat(where, " ", wrong);
      }
    }
    return {};
  }

  std::string ReadStep(const profile_v1::Step& from) {
    Profile::Step step;
    step.kind = from.kind();
    step.fresh = from.fresh();
    step.opened_by = from.opened_by();
    if (!IsStep(step.kind) || StepOf(step.kind) != nullptr) {
      return "is no step of a portal, or given twice.";
    }
    step.absent = from.absent();
    if (step.absent && step.kind != v1::STEP_KIND_CONFIRM_PHONE) {
      return "cannot be absent: no journey gets on without it.";
    }
    if (step.absent && (from.fresh() || from.moves_size() + from.ends_size() > 0 ||
                        !from.new_captcha().empty() || step.opened_by != 0)) {
      return "is absent, and does something all the same.";
    }
    for (const auto& move : from.moves()) {
      if (std::string wrong = ReadMove(move, step); !wrong.empty()) return wrong;
    }
    if (!TakeScreens(from.ends(), step.ends)) return "ends on a screen that the profile lacks.";
    if (!from.new_captcha().empty()) {
      step.new_captcha = ButtonOf(from.new_captcha());
      if (step.new_captcha == nullptr || IsNeverPressed(*step.new_captcha) ||
          IsReserved(*step.new_captcha, step.kind)) {
        return "has a new_captcha that is no button, or one that it may not press.";
      }
      if (step.new_captcha->any) {
        return absl::StrCat("has the new_captcha \"", from.new_captcha(),
                            "\", which is `any`: of two, one may be another's.");
      }
    }
    to_.steps.push_back(std::move(step));
    return {};
  }

  std::string ReadMove(const profile_v1::Move& from, Profile::Step& step) {
    Profile::Move move;
    move.press = ButtonOf(from.press());
    move.submits = from.submits();
    if (move.press == nullptr) {
      return absl::StrCat("presses \"", from.press(), "\", which is no button of the profile.");
    }
    if (IsNeverPressed(*move.press)) {
      return absl::StrCat("presses \"", from.press(), "\", which never_press forbids.");
    }
    if (IsReserved(*move.press, step.kind)) {
      return absl::StrCat("presses \"", from.press(), "\", which is reserved for another step.");
    }
    if (from.on().empty() || !TakeScreens(from.on(), move.on)) {
      return "has a move on no screen, or on one that the profile lacks.";
    }
    if (!Take(from.fill(), move.fill, [this](int kind) { return FieldOf(kind); })) {
      return "fills a field that the profile does not have.";
    }
    for (const Profile::Field* field : move.fill) {
      if (CanBeAsked(step.kind, field->kind)) continue;
      return absl::StrCat("fills ", profile_v1::FieldKind_Name(field->kind),
                          ", which is not asked for in this step.");
    }
    if (!move.fill.empty() && !move.submits) return "fills a form without submitting it.";
    if (move.submits && move.press->any) {
      return absl::StrCat("submits by \"", from.press(), "\", which is `any`.");
    }
    step.moves.push_back(std::move(move));
    return {};
  }

  template <typename From>
  bool TakeScreens(const From& from, std::vector<profile_v1::ScreenKind>& to) const {
    for (const int kind : from) {
      if (!HasScreen(kind)) return false;
      to.push_back(static_cast<profile_v1::ScreenKind>(kind));
    }
    return true;
  }

  std::string CheckComplete() {
    for (std::size_t i = 0; i < kRequiredSteps; ++i) {
      if (StepOf(kSteps[i]) == nullptr) {
        return absl::StrCat("step ", v1::StepKind_Name(kSteps[i]), " is missing.");
      }
    }
    for (const Profile::Step& step : to_.steps) {
      if (step.opened_by == v1::STEP_KIND_UNSPECIFIED) continue;
      const Profile::Step* opening = StepOf(step.opened_by);
      if (opening == nullptr || !opening->fresh) {
        return absl::StrCat("step ", v1::StepKind_Name(step.kind),
                            " is opened_by a step that does not start at the entrance.");
      }
    }
    for (const Need& need : kNeeds) {
      if (need.step != v1::STEP_KIND_UNSPECIFIED && StepOf(need.step) == nullptr) continue;
      if (HasScreen(need.screen) && ValueOf(need.value) == nullptr) {
        return absl::StrCat("value ", profile_v1::ValueKind_Name(need.value), " is missing.");
      }
    }
    return {};
  }

  // What revokes a certificate is out of every other step's reach: the buttons that
  // lead there are reserved, and where it is confirmed, by a button that may be called
  // as many others are, no other step presses one of that name.
  std::string CheckRevocation() {
    const Profile::Step* revoke = StepOf(v1::STEP_KIND_REVOKE_CERTIFICATE);
    if (revoke == nullptr) return {};
    for (const Profile::Move& move : revoke->moves) {
      const bool own_screens = std::all_of(move.on.begin(), move.on.end(), [](int kind) {
        return kind == profile_v1::SCREEN_KIND_REVOCATION;
      });
      const bool leads_there = !own_screens && !IsPlainWay(move);
      for (const std::string& name : move.press->names) {
        if (leads_there && to_.reserved.count(name) == 0) {
          return absl::StrCat("\"", move.press->shown,
                              "\" leads to revoking: it has to be reserved for "
                              "STEP_KIND_REVOKE_CERTIFICATE, by each of its names.");
        }
      }
      for (const Profile::Step& other : to_.steps) {
        if (&other != revoke && own_screens && PressesOn(other, move)) {
          return absl::StrCat("step ", v1::StepKind_Name(other.kind),
                              " presses a button that revokes.");
        }
      }
    }
    return {};
  }

  // The way back to the menu, as a step goes it that changes nothing. From the menu on,
  // every button of revoking counts.
  [[nodiscard]] bool IsPlainWay(const Profile::Move& move) const {
    if (IsOnOrBehindMenu(move)) return false;
    return std::any_of(to_.steps.begin(), to_.steps.end(), [&](const Profile::Step& step) {
      const auto& moves = step.moves;
      const bool harmless = std::none_of(moves.begin(), moves.end(),
                                         [](const Profile::Move& one) { return one.submits; });
      return harmless && std::any_of(moves.begin(), moves.end(), [&](const Profile::Move& one) {
               return one.press == move.press && !IsOnOrBehindMenu(one);
             });
    });
  }

  static bool IsOnOrBehindMenu(const Profile::Move& move) {
    return std::any_of(move.on.begin(), move.on.end(), [](int kind) {
      return kind == profile_v1::SCREEN_KIND_MENU ||
             kind == profile_v1::SCREEN_KIND_REVOCATION_CHOICE ||
             kind == profile_v1::SCREEN_KIND_REVOCATION;
    });
  }

  // `step` presses a button of the same name on a screen of `move`.
  static bool PressesOn(const Profile::Step& step, const Profile::Move& move) {
    const auto in = [](const auto& all, const auto& one) {
      return std::find(all.begin(), all.end(), one) != all.end();
    };
    return std::any_of(step.moves.begin(), step.moves.end(), [&](const Profile::Move& other) {
      const auto& names = move.press->names;
      return std::any_of(other.on.begin(), other.on.end(),
                         [&](auto kind) { return in(move.on, kind); }) &&
             std::any_of(names.begin(), names.end(),
                         [&](const std::string& name) { return in(other.press->names, name); });
    });
  }

  static bool IsStep(int kind) {
    return std::find(std::begin(kSteps), std::end(kSteps), kind) != std::end(kSteps);
  }

  [[nodiscard]] bool IsReserved(const Profile::Button& button, v1::StepKind step) const {
    return std::any_of(button.names.begin(), button.names.end(), [&](const std::string& name) {
      const auto found = to_.reserved.find(name);
      return found != to_.reserved.end() && found->second != step;
    });
  }

  [[nodiscard]] bool IsNeverPressed(const Profile::Button& button) const {
    return std::any_of(button.names.begin(), button.names.end(), [this](const std::string& name) {
      return std::find(to_.never_press.begin(), to_.never_press.end(), name) !=
             to_.never_press.end();
    });
  }

  template <typename Element, typename Key>
  static const Element* Find(const std::vector<Element>& all, const Key& fits) {
    const auto found = std::find_if(all.begin(), all.end(), fits);
    return found == all.end() ? nullptr : &*found;
  }
  [[nodiscard]] const Profile::Field* FieldOf(int kind) const {
    return Find(to_.fields, [kind](const auto& field) { return field.kind == kind; });
  }
  [[nodiscard]] const Profile::Value* ValueOf(int kind) const {
    return Find(to_.values, [kind](const auto& value) { return value.kind == kind; });
  }
  [[nodiscard]] const Profile::Button* ButtonOf(const std::string& id) const {
    return Find(to_.buttons, [&id](const auto& button) { return button.id == id; });
  }
  [[nodiscard]] const Profile::Step* StepOf(v1::StepKind kind) const {
    return Find(to_.steps, [kind](const auto& step) { return step.kind == kind; });
  }
  [[nodiscard]] bool HasScreen(int kind) const {
    return Find(to_.screens, [kind](const auto& screen) { return screen.kind == kind; }) != nullptr;
  }

  const profile_v1::Profile& source_;
  Profile::Contents& to_;
};

}  // namespace

std::string Profile::Contents::Read(const profile_v1::Profile& source) {
  message = source;
  return Reader(message, *this).Read();
}

}  // namespace ilkimza::portal
