#include "portal/conversation.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "portal/authorities.h"
#include "portal/certificates.h"
#include "portal/connections.h"
#include "portal/text.h"

namespace ilkimza::portal {
namespace {

constexpr std::string_view kScreenPrefix = "SCREEN_KIND_";

using profile_v1::ScreenKind;

bool Contains(const std::vector<ScreenKind>& kinds, ScreenKind kind) {
  return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

const Profile::Move* MoveOn(const Profile::Step& step, ScreenKind screen) {
  for (const Profile::Move& move : step.moves) {
    if (Contains(move.on, screen)) return &move;
  }
  return nullptr;
}

// The screens on which `step` waits for the holder: where it submits, or, where it
// submits nothing, where it ends.
bool AsksOn(const Profile::Step& step, ScreenKind screen) {
  const bool submits = std::any_of(step.moves.begin(), step.moves.end(),
                                   [](const Profile::Move& move) { return move.submits; });
  if (!submits) return Contains(step.ends, screen);
  const Profile::Move* move = MoveOn(step, screen);
  return move != nullptr && move->submits;
}

// Steps that only make sense behind the login.
bool IsSignedIn(v1::StepKind step) {
  switch (step) {
    case v1::STEP_KIND_CONFIRM_PHONE:
    case v1::STEP_KIND_ENTER_SMS_CODE:
    case v1::STEP_KIND_OPEN_PIN_PAGE:
    case v1::STEP_KIND_READ_PIN:
    case v1::STEP_KIND_DELETE_PORTAL_COPY:
    case v1::STEP_KIND_LOG_OUT:
    case v1::STEP_KIND_LIST_CERTIFICATES:
    case v1::STEP_KIND_ACTIVATE_CERTIFICATE:
    case v1::STEP_KIND_UPDATE_INFO:
    case v1::STEP_KIND_REQUEST_UNBLOCK:
    case v1::STEP_KIND_ENTER_UNBLOCK_CODE:
    case v1::STEP_KIND_REVOKE_CERTIFICATE:
      return true;
    default:
      return false;
  }
}

// Where the portal sends people whose session is over.
bool IsOutside(ScreenKind screen) {
  return screen == profile_v1::SCREEN_KIND_ENTRANCE ||
         screen == profile_v1::SCREEN_KIND_SIGN_IN_CHOICE ||
         screen == profile_v1::SCREEN_KIND_LOGIN;
}

absl::Status ServerError(int status, bool submitted) {
  if (submitted && status != 503) {
    return MakeError(absl::StatusCode::kUnknown, v1::ERROR_REASON_SUBMISSION_UNKNOWN,
                     absl::StrCat("The portal answered the form with HTTP ", status,
                                  "; whether it took it is not known. It is not sent again."));
  }
  return MakeError(absl::StatusCode::kUnavailable, v1::ERROR_REASON_PORTAL_UNREACHABLE,
                   absl::StrCat("The portal answered with HTTP ", status, "; try again later."));
}

// The page that asks "really?" may name the cards it is about.
absl::Status CheckDeletion(const Page& page, const Profile& profile, const std::string& card) {
  const std::vector<std::string> serials = ReadSerials(page, profile);
  const bool ours = std::all_of(serials.begin(), serials.end(),
                                [&card](const std::string& serial) { return serial == card; });
  if (ours) return absl::OkStatus();
  return MakeError(
      absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_DELETE_COVERS_OTHER_CARDS,
      "The portal would delete the information of another card. Nothing was confirmed.");
}

// The page that asks "really revoke?" has to name the card, and no other.
absl::Status CheckRevocation(const Page& page, const Profile& profile, const std::string& card) {
  const std::vector<std::string> serials = CardSerials(page, profile, Blocks::kSerials);
  if (serials.size() == 1 && serials.front() == card) return absl::OkStatus();
  return MakeError(
      absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_REVOKE_COVERS_OTHER_CARDS,
      "The portal would revoke the certificate of another card. Nothing was confirmed.");
}

// What a conversation's browsers have in common: whom they trust, and the connections to
// those whom they have found to be what they say.
BrowserOptions Shared(BrowserOptions options) {
  if (options.authorities == nullptr) {
    options.authorities = std::make_shared<Authorities>(options.ca_file);
  }
  options.connections = std::make_shared<Connections>();
  return options;
}

}  // namespace

absl::Status CheckClick(const Profile& profile, v1::StepKind step, ScreenKind screen,
                        const Control& control) {
  const Profile::Step* allowed = profile.step(step);
  const auto forbidden = [&](std::string_view label) {
    const v1::StepKind owner = profile.ReservedFor(label);
    return profile.NeverPressed(label) || (owner != v1::STEP_KIND_UNSPECIFIED && owner != step);
  };
  if (allowed != nullptr && !forbidden(control.label) && !forbidden(control.shown)) {
    for (const Profile::Move& move : allowed->moves) {
      if (!Contains(move.on, screen)) continue;
      const auto& names = move.press->names;
      if (std::find(names.begin(), names.end(), control.label) != names.end()) {
        return absl::OkStatus();
      }
    }
  }
  return MakeError(absl::StatusCode::kPermissionDenied, v1::ERROR_REASON_CLICK_NOT_ALLOWED,
                   absl::StrCat("The step ", v1::StepKind_Name(step),
                                " may not press this control. Nothing was pressed."));
}

std::optional<Ending> LeftOut(const Profile& profile, v1::StepKind kind) {
  const Profile::Step* step = profile.step(kind);
  if (step == nullptr) {
    return EndingOf(
        v1::ERROR_REASON_SCREEN_UNRECOGNISED,
        absl::StrCat("The profile ", profile.name(), " does not say how ", v1::StepKind_Name(kind),
                     " is done. The portal was left untouched; add the step to the profile, or "
                     "let the holder take it in a browser of their own."));
  }
  return step->absent ? std::optional<Ending>(Done()) : std::nullopt;
}

absl::StatusOr<std::unique_ptr<Conversation>> Conversation::Create(Profile profile,
                                                                   BrowserOptions options) {
  std::unique_ptr<Conversation> conversation(
      new Conversation(std::move(profile), std::move(options)));
  ILKIMZA_RETURN_IF_ERROR(conversation->Forget());
  return conversation;
}

Conversation::Conversation(Profile profile, BrowserOptions options)
    : profile_(std::move(profile)), options_(Shared(std::move(options))) {}

// A new browser has no cookies.
absl::Status Conversation::Forget() {
  ILKIMZA_ASSIGN_OR_RETURN(browser_, Browser::Create(options_, profile_.origins()));
  page_.reset();
  captcha_ = {};
  first_lines_.clear();
  contact_.reset();
  return absl::OkStatus();
}

absl::Status Conversation::Open(const Request& request, std::stop_token stop) {
  ILKIMZA_ASSIGN_OR_RETURN(const Response response, browser_->Load(request, stop));
  auto page = Page::Parse(response, profile_.charset());
  if (response.status >= 500 &&
      (!page.ok() || FindMessage(*page, profile_, v1::STEP_KIND_UNSPECIFIED, {}) ==
                         v1::ERROR_REASON_UNSPECIFIED)) {
    return ServerError(response.status, request.submits);
  }
  ILKIMZA_RETURN_IF_ERROR(page.status());
  page_ = *std::move(page);
  recognised_.reset();
  captcha_ = {};
  return absl::OkStatus();
}

Recognition Conversation::See() {
  // As many as a step has moves, and some that are asked again.
  constexpr std::size_t kMostSeen = 64;
  if (!recognised_) recognised_ = Recognise(*page_, profile_);
  const Recognition& seen = *recognised_;
  if (!seen.sure() || seen.least || seen_.size() >= kMostSeen) return seen;
  v1::SeenScreen screen;
  screen.set_screen(profile_v1::ScreenKind_Name(seen.kind).substr(kScreenPrefix.size()));
  screen.set_page_fingerprint(page_->fingerprint());
  const bool is_known = std::any_of(seen_.begin(), seen_.end(), [&](const v1::SeenScreen& one) {
    return one.screen() == screen.screen() && one.page_fingerprint() == screen.page_fingerprint();
  });
  if (!is_known) seen_.push_back(std::move(screen));
  return seen;
}

// ---- What the holder sees ----

std::optional<Ending> Conversation::Begin(v1::StepKind kind, std::stop_token stop, View& view) {
  if (auto ending = LeftOut(profile_, kind)) return ending;
  const Profile::Step& step = *profile_.step(kind);
  if (!page_) return EndingOf(v1::ERROR_REASON_CONVERSATION_LOST);
  std::vector<const Profile::Move*> made;
  while (true) {
    const Recognition seen = See();
    if (seen.sure() && AsksOn(step, seen.kind)) return Look(step, seen.kind, stop, view);
    const Profile::Move* move = seen.sure() && !seen.least ? MoveOn(step, seen.kind) : nullptr;
    const bool leads_on = move != nullptr && !move->submits &&
                          std::find(made.begin(), made.end(), move) == made.end();
    if (!leads_on) return NotAsked(step, seen, !made.empty());
    RememberLines(seen.kind);
    const absl::Status status = PressOn(step, *move, seen.kind, {}, "", stop);
    if (!status.ok()) return EndingOf(status);
    made.push_back(move);
  }
}

Ending Conversation::NotAsked(const Profile::Step& step, const Recognition& seen,
                              bool moved) const {
  if (moved && seen.sure() && Contains(step.ends, seen.kind)) return Arrived(seen);
  // A refusal may have come on a page of its own; the way back is from the start.
  const v1::ErrorReason said = FindMessage(*page_, profile_, step.kind, {});
  if (said == v1::ERROR_REASON_SESSION_EXPIRED || (moved && said != v1::ERROR_REASON_UNSPECIFIED)) {
    return EndingOf(said);
  }
  if (said != v1::ERROR_REASON_UNSPECIFIED) return EndingOf(v1::ERROR_REASON_CONVERSATION_LOST);
  if (!seen.sure()) return Unsure(seen);
  if (IsSignedIn(step.kind) && IsOutside(seen.kind)) {
    return EndingOf(v1::ERROR_REASON_SESSION_EXPIRED);
  }
  if (seen.least) return Unsure(seen);
  return EndingOf(v1::ERROR_REASON_SCREEN_UNEXPECTED);
}

std::optional<Ending> Conversation::Look(const Profile::Step& step, ScreenKind screen,
                                         std::stop_token stop, View& view) {
  if (const Profile::Move* move = MoveOn(step, screen)) {
    for (const Profile::Field* field : move->fill) {
      view.asks.push_back({field->kind, field->shown});
      if (field->kind != profile_v1::FIELD_KIND_CAPTCHA) continue;
      const absl::Status status = LookAtCaptcha(stop, view);
      if (!status.ok()) return EndingOf(status);
    }
  }
  switch (screen) {
    case profile_v1::SCREEN_KIND_PHONE:
      view.masked_phone =
          ReadValue(*page_, *profile_.value(profile_v1::VALUE_KIND_MASKED_PHONE)).value_or("");
      break;
    case profile_v1::SCREEN_KIND_SMS_CODE:
    case profile_v1::SCREEN_KIND_UNBLOCK_CODE: {
      const auto seconds = ReadValue(*page_, *profile_.value(profile_v1::VALUE_KIND_SECONDS_LEFT));
      // At most six digits, see the check of the profile.
      int left = 0;
      view.code_left = absl::Seconds(seconds && absl::SimpleAtoi(*seconds, &left) ? left : 0);
      break;
    }
    case profile_v1::SCREEN_KIND_PIN_PAGE:
      view.cards = ReadCards(*page_, profile_);
      break;
    case profile_v1::SCREEN_KIND_PUK_PAGE:
      view.cards = ReadCards(*page_, profile_, Blocks::kPuks);
      break;
    case profile_v1::SCREEN_KIND_CERTIFICATES:
      if (auto rows = ReadCertificates(*page_, profile_)) view.certificates = *std::move(rows);
      break;
    case profile_v1::SCREEN_KIND_ACTIVATION:
      view.serials = CardSerials(*page_, profile_, Blocks::kSerials);
      break;
    case profile_v1::SCREEN_KIND_INFO:
      if (!contact_) {
        contact_.emplace(FieldValue(profile_v1::FIELD_KIND_PHONE),
                         FieldValue(profile_v1::FIELD_KIND_EMAIL));
      }
      view.phone = contact_->first.Clone();
      view.email = contact_->second.Clone();
      break;
    case profile_v1::SCREEN_KIND_REVOCATION_CHOICE:
    case profile_v1::SCREEN_KIND_REVOCATION:
      return LookAtRevocation(screen, view);
    default:
      break;
  }
  return std::nullopt;
}

// Each card that is offered can be revoked alone, or nobody is asked.
std::optional<Ending> Conversation::LookAtRevocation(ScreenKind screen, View& view) {
  const Profile::Step& step = *profile_.step(v1::STEP_KIND_REVOKE_CERTIFICATE);
  view.serials = CardSerials(*page_, profile_, Blocks::kSerials);
  for (const std::string& serial : view.serials) {
    absl::Status status = ButtonFor(step, *MoveOn(step, screen), serial).status();
    if (status.ok() && screen == profile_v1::SCREEN_KIND_REVOCATION) {
      status = CheckRevocation(*page_, profile_, serial);
    }
    if (!status.ok()) return EndingOf(status);
  }
  return std::nullopt;
}

Secret Conversation::FieldValue(profile_v1::FieldKind kind) const {
  for (const Profile::Field& field : profile_.fields()) {
    if (field.kind != kind) continue;
    const auto control = FindField(*page_, field);
    if (control.ok()) return Secret((*control)->value);
  }
  return {};
}

absl::Status Conversation::LookAtCaptcha(std::stop_token stop, View& view) {
  if (captcha_.empty()) {
    const auto field =
        std::find_if(profile_.fields().begin(), profile_.fields().end(),
                     [](const auto& one) { return one.kind == profile_v1::FIELD_KIND_CAPTCHA; });
    ILKIMZA_ASSIGN_OR_RETURN(const Control* control, FindField(*page_, *field));
    const Image* image = FindCaptcha(*page_, *control);
    if (image == nullptr) return absl::InternalError("A recognised screen lost its captcha.");
    ILKIMZA_ASSIGN_OR_RETURN(const Request request, page_->Ask(*image));
    ILKIMZA_ASSIGN_OR_RETURN(Response response, browser_->LoadImage(request, stop));
    captcha_ = std::move(response.body);
    captcha_type_ = response.content_type;
  }
  view.captcha = captcha_;
  view.captcha_type = captcha_type_;
  return absl::OkStatus();
}

std::optional<Ending> Conversation::NewCaptcha(v1::StepKind kind, std::stop_token stop,
                                               View& view) {
  if (auto ending = LeftOut(profile_, kind)) return ending;
  const Profile::Step& step = *profile_.step(kind);
  // A button of that name on any other page than the one that asks may do anything.
  const Recognition seen = page_ ? See() : Recognition();
  if (step.new_captcha != nullptr && seen.sure() && AsksOn(step, seen.kind)) {
    const auto button = FindButton(*page_, *step.new_captcha);
    if (button.ok() && IsPressable((*button)->kind)) {
      const auto request = page_->Press(**button, {});
      const absl::Status status = request.ok() ? Open(*request, stop) : request.status();
      if (!status.ok()) return EndingOf(status);
      return Begin(kind, stop, view);
    }
  }
  if (step.opened_by == v1::STEP_KIND_UNSPECIFIED) {
    return EndingOf(v1::ERROR_REASON_CONVERSATION_LOST);
  }
  Ending opened = Finish(step.opened_by, {}, "", stop);
  if (opened.outcome != v1::STEP_OUTCOME_DONE) return opened;
  return Begin(kind, stop, view);
}

// ---- What is done ----

Ending Conversation::Finish(v1::StepKind kind, const Typed& typed, const std::string& card,
                            std::stop_token stop) {
  if (auto ending = LeftOut(profile_, kind)) return *std::move(ending);
  const Profile::Step& step = *profile_.step(kind);
  if (kind == v1::STEP_KIND_LOG_OUT) return LogOut(step, stop);
  if (step.fresh) {
    absl::Status status = Forget();
    if (status.ok()) status = Open({.address = profile_.entrance_address()}, stop);
    if (!status.ok()) return EndingOf(status);
  }
  if (!page_) return EndingOf(v1::ERROR_REASON_CONVERSATION_LOST);
  return Run(step, typed, card, stop);
}

Ending Conversation::OpenLink(const Secret& link, std::stop_token stop) {
  std::string plain = Tidy(link.view());
  const WipeGuard guard(plain);
  auto address = ParseAddress("", plain);
  if (!address.ok() || !profile_.origins().Allows(*address)) {
    return EndingOf(v1::ERROR_REASON_MAIL_LINK_FOREIGN,
                    "The link is not one of the portal's; it was not opened.");
  }
  absl::Status status = Forget();
  Request request;
  request.address = *address;
  if (status.ok()) status = Open(request, stop);
  Wipe(request.address.url);
  Wipe(address->url);
  if (!status.ok()) return EndingOf(status);
  return Run(*profile_.step(v1::STEP_KIND_OPEN_MAIL_LINK), {}, "", stop);
}

Ending Conversation::Run(const Profile::Step& step, const Typed& typed, const std::string& card,
                         std::stop_token stop) {
  ScreenKind submitted_on = profile_v1::SCREEN_KIND_UNSPECIFIED;
  // No move is made twice, so there are no more turns than moves, and one to see
  // where the last one led.
  std::vector<const Profile::Move*> made;
  while (true) {
    const Recognition seen = See();
    if (auto ending = Judge(step, seen, submitted_on)) return *std::move(ending);
    const Profile::Move* move = MoveOn(step, seen.kind);
    if (move == nullptr || std::find(made.begin(), made.end(), move) != made.end()) {
      return EndingOf(v1::ERROR_REASON_SCREEN_UNEXPECTED,
                      absl::StrCat("The portal shows ", profile_v1::ScreenKind_Name(seen.kind),
                                   ", where the step does not expect it."));
    }
    RememberLines(seen.kind);
    const absl::Status status = PressOn(step, *move, seen.kind, typed, card, stop);
    if (!status.ok()) return EndingOf(status);
    made.push_back(move);
    if (move->submits) submitted_on = seen.kind;
  }
}

std::optional<Ending> Conversation::Judge(const Profile::Step& step, const Recognition& seen,
                                          ScreenKind submitted_on) {
  if (seen.sure() && Contains(step.ends, seen.kind)) {
    RememberLines(seen.kind);
    if (seen.kind == profile_v1::SCREEN_KIND_INFO_UPDATED) contact_.reset();
    return Arrived(seen);
  }
  // A screen on which the step goes on may still show what was said before.
  const bool goes_on =
      seen.sure() && MoveOn(step, seen.kind) != nullptr && submitted_on != seen.kind;
  if (goes_on) return std::nullopt;
  const v1::ErrorReason said = FindMessage(*page_, profile_, step.kind, KnownLines(seen.kind));
  if (said != v1::ERROR_REASON_UNSPECIFIED) {
    // What a page says in passing does not end the conversation, maintenance does.
    if (said == v1::ERROR_REASON_PORTAL_MAINTENANCE && !seen.sure()) page_.reset();
    return EndingOf(said);
  }
  if (!seen.sure()) return Unsure(seen);
  if (IsSignedIn(step.kind) && IsOutside(seen.kind)) {
    return EndingOf(v1::ERROR_REASON_SESSION_EXPIRED);
  }
  if (seen.least) return Unsure(seen);
  if (submitted_on == seen.kind) {
    return EndingOf(v1::ERROR_REASON_PORTAL_REFUSED,
                    "The portal shows the form again without a reason that is known.");
  }
  return std::nullopt;
}

void Conversation::RememberLines(ScreenKind screen) {
  if (!first_lines_.contains(screen)) first_lines_.emplace(screen, LinesOf(*page_));
}

const LineSet& Conversation::KnownLines(ScreenKind screen) const {
  static const LineSet none;
  const auto known = first_lines_.find(screen);
  return known == first_lines_.end() ? none : known->second;
}

absl::StatusOr<const Control*> Conversation::ButtonFor(const Profile::Step& step,
                                                       const Profile::Move& move,
                                                       const std::string& card) {
  if (!move.press->per_card) return FindButton(*page_, *move.press);
  if (step.kind == v1::STEP_KIND_REVOKE_CERTIFICATE) {
    return FindCardButton(*page_, *move.press, ReadCards(*page_, profile_, Blocks::kSerials), card,
                          v1::ERROR_REASON_REVOKE_COVERS_OTHER_CARDS);
  }
  return FindCardButton(*page_, *move.press, ReadCards(*page_, profile_), card);
}

absl::Status Conversation::PressOn(const Profile::Step& step, const Profile::Move& move,
                                   ScreenKind screen, const Typed& typed, const std::string& card,
                                   std::stop_token stop) {
  ILKIMZA_ASSIGN_OR_RETURN(const Control* button, ButtonFor(step, move, card));
  ILKIMZA_RETURN_IF_ERROR(CheckClick(profile_, step.kind, screen, *button));
  if (screen == profile_v1::SCREEN_KIND_DELETION) {
    ILKIMZA_RETURN_IF_ERROR(CheckDeletion(*page_, profile_, card));
  }
  if (screen == profile_v1::SCREEN_KIND_REVOCATION && move.submits) {
    ILKIMZA_RETURN_IF_ERROR(CheckRevocation(*page_, profile_, card));
  }
  std::vector<Fill> fills;
  for (const Profile::Field* field : move.fill) {
    ILKIMZA_ASSIGN_OR_RETURN(const Control* control, FindField(*page_, *field));
    const auto value = typed.find(field->kind);
    fills.push_back({control, value == typed.end() ? std::string_view() : value->second.view()});
  }
  ILKIMZA_ASSIGN_OR_RETURN(Request request, page_->Press(*button, fills));
  request.submits = move.submits;
  const absl::Status status = Open(request, stop);
  // The page at hand has been used up once its form may have reached the portal.
  if (move.submits && !status.ok() && EndingOf(status).outcome != v1::STEP_OUTCOME_UNAVAILABLE) {
    page_.reset();
  }
  return status;
}

Ending Conversation::LogOut(const Profile::Step& step, std::stop_token stop) {
  if (!page_) return Done();
  const Recognition seen = See();
  const Profile::Move* move = seen.sure() ? MoveOn(step, seen.kind) : nullptr;
  if (move == nullptr) {
    // Nobody is signed in on these; on any other, nothing is touched.
    if (seen.sure()) return Done();
    const auto said = FindMessage(*page_, profile_, step.kind, {});
    return said == v1::ERROR_REASON_SESSION_EXPIRED ? Done() : Unsure(seen);
  }
  const absl::Status status = PressOn(step, *move, seen.kind, {}, "", stop);
  if (!status.ok()) return EndingOf(status);
  page_.reset();
  return Done();
}

Ending Conversation::Arrived(const Recognition& seen) const {
  switch (seen.kind) {
    case profile_v1::SCREEN_KIND_NOTHING_TO_ACTIVATE:
      return EndingOf(v1::ERROR_REASON_NOTHING_TO_ACTIVATE);
    case profile_v1::SCREEN_KIND_NOTHING_TO_REVOKE:
      return EndingOf(v1::ERROR_REASON_NOTHING_TO_REVOKE);
    default:
      break;
  }
  Ending ending = Done();
  const bool puks = seen.kind == profile_v1::SCREEN_KIND_PUK_PAGE;
  ending.serials = CardSerials(*page_, profile_, puks ? Blocks::kPuks : Blocks::kPins);
  if (seen.kind == profile_v1::SCREEN_KIND_DELETED)
    ending.reason = v1::ERROR_REASON_PIN_INFO_DELETED;
  return ending;
}

Ending Conversation::Unsure(const Recognition& seen) const {
  Ending ending = EndingOf(seen.reason,
                           "The portal's page is not surely one that is known; it "
                           "was left untouched.");
  ending.fingerprint = page_->fingerprint();
  ending.nearest = profile_v1::ScreenKind_Name(seen.nearest);
  ending.missing = seen.missing;
  return ending;
}

}  // namespace ilkimza::portal
