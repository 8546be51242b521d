#include "clients/sdk/sentences.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/substitute.h"
#include "base/error.h"
#include "clients/sdk/chips.h"

namespace ilkimza::client {
namespace {

constexpr const char kFollow[] = ILKIMZA_TEXT(
    "In your own browser, use what is named below in this order; then say that it is "
    "done.");
constexpr const char kFollowOrLeave[] = ILKIMZA_TEXT(
    "If you want that, use what is named below, in your own browser; if not, leave "
    "it out.");

// What the holder does in a browser of their own.
Sentence Guided(const Texts& texts, const Prompt& prompt) {
  const bool asks_serial = !prompt.forms.empty() && prompt.forms.front().fields.size() == 2;
  switch (prompt.step) {
    case v1::STEP_KIND_REQUEST_WORD_RESET:
      return {texts.Say("You ask the portal for a mail with a link for a new security word."),
              texts.Say(kFollow)};
    case v1::STEP_KIND_OPEN_MAIL_LINK:
      return {texts.Say("The portal has sent you a mail with a link."),
              texts.Say("Open the link of the newest mail in your own browser; then say that it is "
                        "done.")};
    case v1::STEP_KIND_SET_SECURITY_WORD:
      return {texts.Say("The portal's page asks for your new security word."), texts.Say(kFollow)};
    case v1::STEP_KIND_LOG_IN:
      return {texts.Say("You log in to the portal yourself; İlkimza does not see what you type "
                        "there."),
              texts.Say("In your own browser, use what is named below in this order. Where the "
                        "portal leads you through e-Devlet, log in there as you are used to. Then "
                        "say that it is done.")};
    case v1::STEP_KIND_CONFIRM_PHONE:
      return {texts.Say("The portal's page shows the phone that it will send an SMS to."),
              texts.Say("If it is yours, press what is named below. If the portal does not ask "
                        "for this, just say that it is done.")};
    case v1::STEP_KIND_ENTER_SMS_CODE:
      return {texts.Say("The portal has sent a code to your phone."),
              texts.Say("Type it on the portal's page. If the portal does not ask for this, just "
                        "say that it is done.")};
    case v1::STEP_KIND_OPEN_PIN_PAGE:
      if (asks_serial) {
        return {texts.Say("The portal's page shows serial, PIN and PUK of your card."),
                texts.Say("Open the page and leave it open. Then give the serial of the card as it "
                          "stands there, and keep the PIN for the next step.")};
      }
      return {texts.Say("The portal's page shows serial, PIN and PUK of your card."),
              texts.Say("Open the page and look for the serial named below; its PIN is needed in "
                        "the next step.")};
    case v1::STEP_KIND_DELETE_PORTAL_COPY:
      return {texts.Say("The portal still holds PIN and PUK as they came with the card. Deleted, "
                        "they cannot be had again: keep the PUK if you have not noted it."),
              texts.Say("If you want them deleted, use what is named below, for the card named "
                        "below and for no other; if not, leave it out.")};
    case v1::STEP_KIND_LOG_OUT:
      return {texts.Say("You are still logged in to the portal in your own browser."),
              texts.Say("Log out there; then say that it is done.")};
    case v1::STEP_KIND_LIST_CERTIFICATES:
      return {texts.Say("The portal lists your certificates."), texts.Say(kFollow)};
    case v1::STEP_KIND_ACTIVATE_CERTIFICATE:
      return {texts.Say("The portal can make your certificate usable."), texts.Say(kFollowOrLeave)};
    case v1::STEP_KIND_UPDATE_INFO:
      return {texts.Say("The portal's page shows the phone number and the mail address that it has "
                        "of you, and lets you change them."),
              texts.Say(kFollowOrLeave)};
    case v1::STEP_KIND_REQUEST_UNBLOCK:
      return {texts.Say("To unblock your PIN, the portal sends a code by SMS."),
              texts.Say(kFollow)};
    case v1::STEP_KIND_ENTER_UNBLOCK_CODE:
      return {texts.Say("The portal has sent a code to your phone. After it, its page shows serial "
                        "and PUK of your card."),
              texts.Say("Type the code on the portal's page and leave the page open; the PUK is "
                        "needed in the next step.")};
    case v1::STEP_KIND_REVOKE_CERTIFICATE:
      return {texts.Say("The serials are the same: the certificate of the card named below can be "
                        "revoked now, for ever."),
              texts.Say("Use what is named below on the portal's page, for this card and for no "
                        "other; then say that it is done. If you would rather not, press nothing "
                        "there and leave it out.")};
    default:
      return {texts.Say("The next step is at the portal."), texts.Say(kFollow)};
  }
}

// The portal knows people by their national id, as most do.
bool AsksNationalId(const Prompt& prompt) {
  return std::any_of(prompt.forms.begin(), prompt.forms.end(), [](const AnswerForm& form) {
    return std::find(form.fields.begin(), form.fields.end(), "national_id") != form.fields.end();
  });
}

// `usual` where the portal asks for what most do; else its fields one by one.
std::string FillIn(const Texts& texts, const Prompt& prompt, const char* usual) {
  if (prompt.forms.empty() || AsksNationalId(prompt)) return texts.Say(usual);
  std::string fields;
  for (const std::string_view name : prompt.forms.front().fields) {
    fields += (fields.empty() ? "" : ", ") + FieldTitle(texts, name);
  }
  return absl::Substitute(texts.Say("Fill in what the portal asks for: $0."), fields);
}

std::string Joined(const std::vector<std::string>& serials) { return absl::StrJoin(serials, ", "); }

Sentence OtherChip(const Texts& texts, const Prompt& prompt) {
  const bool by_code = !prompt.forms.empty() && prompt.forms.front().fields.front() == "by_code";
  if (!by_code) {
    return {texts.Say("The chip in the reader is not the card whose serial you typed, so no PIN "
                      "is tried on it."),
            texts.Say("Put in the chip with that serial, and İlkimza goes on by itself; or type "
                      "the serial again.")};
  }
  std::string happened = OtherChipSentence(texts, prompt.card_serials, prompt.chips);
  if (happened.empty()) {
    happened = texts.Say("The portal's page does not name the chip in the reader.");
  }
  return {happened,
          texts.Say("Put in the chip that the portal names, and İlkimza goes on by itself. If you "
                    "mean the one in the reader, let the portal send a code by SMS: after it, it "
                    "shows the PUKs of all your cards.")};
}

Sentence Unblock(const Texts& texts, const Prompt& prompt) {
  return {absl::Substitute(texts.Say("Card $0 gets a new PIN, with its PUK."), prompt.card_serial),
          prompt.portal_puk
              ? texts.Say("Use the PUK of the portal's page, and type your new PIN twice.")
              : texts.Say("Type the PUK of this very card, and your new PIN twice.")};
}

// The operations of the portal's menu.
Sentence AskedOfMenu(const Texts& texts, const Prompt& prompt) {
  switch (prompt.kind) {
    case PromptKind::kCertificates:
      return {prompt.certificates.empty()
                  ? texts.Say("The portal lists no certificate of yours.")
                  : texts.Say("These are your certificates, at the portal and on the chips in the "
                              "readers."),
              texts.Say("Have a look, and say when you are done.")};
    case PromptKind::kActivation:
      return {
          prompt.card_serials.empty()
              ? texts.Say("The portal can make your certificate usable.")
              : absl::Substitute(texts.Say("The portal can make your certificate usable: card $0."),
                                 Joined(prompt.card_serials)),
          texts.Say("Shall it be activated?")};
    case PromptKind::kInfo:
      return {texts.Say("The portal has this phone number and this mail address of you; codes and "
                        "mails go there."),
              texts.Say("Change what is not right any more, or leave both as they are.")};
    case PromptKind::kUnblockRequest:
      return {texts.Say("The portal can send a code by SMS and then show the PUK of your card."),
              texts.Say("Shall it send the code?")};
    case PromptKind::kRevocation:
      return {RevocationConsequences(texts),
              texts.Say("Only if that is what you want, type the serial of the card once more, "
                        "digit by digit; if not, leave everything as it is.")};
    case PromptKind::kGuidedRevocation:
      return {RevocationConsequences(texts),
              texts.Say("Only if that is what you want: take the serial from the card or its "
                        "papers, open the page that is named below in your own browser, press "
                        "nothing on it yet, and type the serial as it stands there as well. If "
                        "not, leave everything as it is.")};
    default:
      return Unblock(texts, prompt);
  }
}

Sentence SerialTooShort(const Texts& texts) {
  return {texts.Say("The chip in the reader tells a shorter serial than the portal names, so "
                    "İlkimza cannot make sure that it is the same card, and tries no PIN on it."),
          texts.Say("If it is another chip, put the right one in. If it is the right one, set "
                    "the PIN with the card maker's own program, or ask your IT department.")};
}

// What a prompt asks, when nothing went before it.
Sentence Asked(const Texts& texts, const Prompt& prompt) {
  switch (prompt.kind) {
    case PromptKind::kWordKnown:
      return {texts.Say("You log in to the portal with the security word of your application "
                        "form."),
              texts.Say("Do you know your security word?")};
    case PromptKind::kWordReset:
      return {texts.Say("The portal sends a mail with a link for a new security word."),
              FillIn(texts, prompt,
                     ILKIMZA_TEXT("Type your national id, your mail address and the characters of "
                                  "the picture."))};
    case PromptKind::kMailLink:
      return {texts.Say("The portal has sent you a mail."),
              texts.Say("Open the mail, copy its link and paste it here.")};
    case PromptKind::kNewSecurityWord:
      return {texts.Say("The portal asks for your new security word."),
              texts.Say("Type it twice; digits with capital and small letters are best.")};
    case PromptKind::kLogin:
      return {texts.Say("The portal asks who you are."),
              FillIn(texts, prompt,
                     ILKIMZA_TEXT("Type your national id, the characters of the picture and your "
                                  "security word."))};
    case PromptKind::kPhone:
      return {
          absl::Substitute(texts.Say("The portal will send an SMS to $0."), prompt.masked_phone),
          texts.Say("Is this your phone?")};
    case PromptKind::kSmsCode:
      if (prompt.step == v1::STEP_KIND_ENTER_UNBLOCK_CODE) {
        return {texts.Say("The portal has sent a code for unblocking to your phone."),
                texts.Say("Type that code.")};
      }
      return {texts.Say("The portal has sent a code to your phone."), texts.Say("Type the code.")};
    case PromptKind::kPinPage:
      return {texts.Say("The portal shows PIN and PUK of your card."),
              texts.Say("Have a look if you like, and say when you are done.")};
    case PromptKind::kProvePin:
      return {absl::Substitute(texts.Say("Now the PIN is tried on card $0."), prompt.card_serial),
              prompt.portal_pin ? texts.Say("Use the PIN of the portal's page, or type it.")
                                : texts.Say("Type the PIN.")};
    case PromptKind::kSetOwnPin:
      return {
          absl::Substitute(texts.Say("Card $0 gets a PIN that only you know."), prompt.card_serial),
          prompt.keep_current
              ? texts.Say("Keep the PIN you have just proven, or type a new one twice.")
              : texts.Say("Type your new PIN twice.")};
    case PromptKind::kDeletion:
      return {texts.Say("The portal still holds PIN and PUK as they came with the card. Deleted, "
                        "they cannot be had again: keep the PUK if you have not noted it."),
              texts.Say("Shall the portal's copy be deleted for ever?")};
    case PromptKind::kTestSignature:
      return {absl::Substitute(texts.Say("Card $0 makes a test signature."), prompt.card_serial),
              texts.Say("Type your PIN.")};
    case PromptKind::kGuided:
      return Guided(texts, prompt);
    case PromptKind::kOtherChip:
      // None that could be told from the right one.
      if (prompt.reason == v1::ERROR_REASON_CARD_UNSUPPORTED) return SerialTooShort(texts);
      return OtherChip(texts, prompt);
    case PromptKind::kCertificates:
    case PromptKind::kActivation:
    case PromptKind::kInfo:
    case PromptKind::kUnblockRequest:
    case PromptKind::kUnblockPin:
    case PromptKind::kRevocation:
    case PromptKind::kGuidedRevocation:
      return AskedOfMenu(texts, prompt);
    case PromptKind::kStopped:
      break;
  }
  return ReasonSentence(texts, prompt.reason, prompt.hotline);
}

// Why the last answer was not taken, in words that fit what the portal's form asks for.
Sentence RefusalSentence(const Texts& texts, const Prompt& prompt) {
  Sentence sentence = ReasonSentence(texts, prompt.reason, prompt.hotline);
  if (prompt.forms.empty() || AsksNationalId(prompt)) return sentence;
  if (prompt.reason == v1::ERROR_REASON_WRONG_CREDENTIALS) {
    sentence.happened =
        texts.Say("The portal does not know what was typed together with this security word.");
    sentence.next = texts.Say(
        "Type all of it again with care: portals lock after a few wrong words. If you "
        "are not sure, say that the word is forgotten.");
  } else if (prompt.reason == v1::ERROR_REASON_WRONG_ID_OR_EMAIL) {
    sentence.happened = texts.Say("The portal does not know this mail address.");
    sentence.next = texts.Say("Type it again; use the one that the portal has of you.");
  }
  return sentence;
}

}  // namespace

Sentence PromptSentence(const Texts& texts, const Prompt& prompt) {
  Sentence asked = Asked(texts, prompt);
  if (prompt.kind == PromptKind::kStopped || prompt.kind == PromptKind::kGuided ||
      prompt.kind == PromptKind::kOtherChip || prompt.kind == PromptKind::kRevocation ||
      prompt.kind == PromptKind::kGuidedRevocation ||
      prompt.reason == v1::ERROR_REASON_UNSPECIFIED) {
    return asked;
  }
  Sentence said = RefusalSentence(texts, prompt);
  // A question that can be answered at once is asked again.
  const bool question =
      prompt.kind == PromptKind::kCertificates || prompt.kind == PromptKind::kActivation ||
      prompt.kind == PromptKind::kUnblockRequest || prompt.kind == PromptKind::kUnblockPin;
  if (question) said.next = std::move(asked.next);
  return said;
}

std::string RevocationConsequences(const Texts& texts) {
  return texts.Say(
      "A revoked certificate is invalid for ever: nothing can be signed with it any "
      "more, nobody can undo it, and a new one has to be ordered and paid for. What "
      "was signed before stays signed.");
}

std::string WithHotline(std::string words, std::string_view hotline) {
  std::string number;
  for (const char c : hotline) {
    if (!absl::ascii_iscntrl(static_cast<unsigned char>(c))) number += c;
  }
  if (!number.empty()) number = " (" + number + ")";
  return absl::StrReplaceAll(words, {{"$0", number}});
}

std::string HowToGoOn(const Texts& texts, v1::Goal goal) {
  if (goal == v1::GOAL_GET_PIN || GoalOption(goal).empty()) {
    return texts.Say("Go on with \"ilkimza start\" whenever you like.");
  }
  return absl::Substitute(texts.Say("Go on with \"ilkimza start --goal $0\" whenever you like."),
                          std::string(GoalOption(goal)));
}

std::string OtherChipSentence(const Texts& texts, const std::vector<std::string>& wanted,
                              const std::vector<Chip>& chips) {
  if (wanted.empty() || chips.empty()) return {};
  const Chip& chip = chips.front();
  const std::string holder = HolderOf(chip);
  const char* words =
      IsOld(chip) ? ILKIMZA_TEXT(
                        "In the reader is an old chip, $0: its certificate has ended. The "
                        "portal names card $1.")
      : holder.empty()
          ? ILKIMZA_TEXT("In the reader is the chip of card $0; the portal names card $1.")
          : ILKIMZA_TEXT(
                "In the reader is the chip of card $0, issued to $2; the portal names "
                "card $1.");
  return absl::Substitute(texts.Say(words), chip.card_serial, Joined(wanted), holder);
}

namespace {

// None is chosen: which are there, and which of them hardly can be meant.
Sentence SeveralCards(const Texts& texts, const std::vector<Chip>& there) {
  std::vector<std::string> serials;
  const Chip* old = nullptr;
  bool has_new = false;
  for (const Chip& chip : there) {
    serials.push_back(chip.card_serial);
    if (IsOld(chip)) old = &chip;
    has_new = has_new || !IsOld(chip);
  }
  Sentence sentence = {
      absl::Substitute(
          texts.Say("More than one of your cards is in the readers, and İlkimza does not choose "
                    "between them: $0."),
          Joined(serials)),
      texts.Say("Leave only the chip in that you mean; İlkimza goes on by itself.")};
  if (old == nullptr || !has_new) return sentence;
  sentence.next = absl::Substitute(
      texts.Say("Take the old chip out, $0, whose certificate has ended; İlkimza goes on with the "
                "other one by itself. Only if you mean the old one, leave that one in instead."),
      old->card_serial);
  return sentence;
}

}  // namespace

Sentence HeldSentence(const Texts& texts, const std::vector<std::string>& programs) {
  Sentence sentence = ReasonSentence(texts, v1::ERROR_REASON_CARD_BUSY);
  if (programs.empty()) return sentence;
  sentence.happened = absl::Substitute(
      texts.Say("Another program holds the card. These use cards at the moment: $0."),
      absl::StrJoin(programs, ", "));
  sentence.next = texts.Say(
      "Close them one after the other and try again; if that does not help, restart the computer.");
  return sentence;
}

Sentence StatusSentence(const Texts& texts, const absl::Status& status, std::string_view hotline) {
  Sentence sentence = ReasonSentence(texts, ReasonOf(status), hotline);
  const ErrorMetadata metadata = MetadataOf(status);
  const auto field = metadata.find("field");
  if (const auto programs = metadata.find("programs");
      ReasonOf(status) == v1::ERROR_REASON_CARD_BUSY && programs != metadata.end()) {
    return HeldSentence(texts, {programs->second});
  }
  if (ReasonOf(status) == v1::ERROR_REASON_CARD_NOT_FOUND && metadata.contains("cards")) {
    return {texts.Say("More than one card with this number is in the readers, so nothing was sent "
                      "to any of them."),
            texts.Say("Leave the one that is meant in its reader, take the others out, and try "
                      "again.")};
  }
  if (ReasonOf(status) == v1::ERROR_REASON_BAD_FIELD && field != metadata.end()) {
    if (field->second == "new_pin_again") {
      sentence.happened = texts.Say("The two PINs were not the same.");
    } else {
      sentence.happened = absl::Substitute(texts.Say("\"$0\" is missing or cannot be right."),
                                           FieldTitle(texts, field->second));
    }
  }
  if (ReasonOf(status) == v1::ERROR_REASON_JOURNEY_NOT_READY && metadata.count("ended") > 0) {
    return {texts.Say("This journey has ended."),
            texts.Say("Begin a new one with \"ilkimza start\".")};
  }
  if (ReasonOf(status) == v1::ERROR_REASON_WRONG_CARD_SERIAL && field != metadata.end() &&
      field->second == "card_serial_again") {
    return {texts.Say("The two serials are not the same, so nothing is shown that revokes."),
            texts.Say("Compare the card with the portal's page digit by digit. If the page does "
                      "not name this card, leave everything as it is.")};
  }
  v1::StepKind step = v1::STEP_KIND_UNSPECIFIED;
  const auto lacking = metadata.find("step");
  if (ReasonOf(status) == v1::ERROR_REASON_BAD_CONFIGURATION && lacking != metadata.end() &&
      v1::StepKind_Parse(lacking->second, &step)) {
    return {absl::Substitute(
                texts.Say("What İlkimza knows of this portal does not say how this is done: $0."),
                StepTitle(texts, step)),
            texts.Say("Do it in your own browser: \"ilkimza start --guided\". Your IT department "
                      "can add it to the portal's profile.")};
  }
  if (ReasonOf(status) == v1::ERROR_REASON_PIN_FORMAT && field != metadata.end() &&
      field->second == "puk") {
    sentence.happened =
        texts.Say("This cannot be a PUK of this card, so it was not sent to the card.");
  }
  return sentence;
}

Sentence WaitSentence(const Texts& texts, const Waiting& waiting) {
  if (waiting.what == WaitFor::kCard && waiting.step == v1::STEP_KIND_PREPARE_CHIP &&
      waiting.reason == v1::ERROR_REASON_NO_CARD) {
    return {texts.Say("The chip is still in its card."),
            texts.Say("Snap the chip out along its marks, take off any burrs, and put it into the "
                      "reader; İlkimza sees it by itself.")};
  }
  if (waiting.serial_too_short) return SerialTooShort(texts);
  if (waiting.reason == v1::ERROR_REASON_SERIAL_MISMATCH) {
    const auto meant = ChipsOf(waiting.card_serials, waiting.chips);
    if (meant.size() > 1) return SeveralCards(texts, meant);
    Sentence sentence = ReasonSentence(texts, waiting.reason, waiting.hotline);
    std::string known = OtherChipSentence(texts, waiting.card_serials, waiting.chips);
    if (!known.empty()) sentence.happened = std::move(known);
    const bool may_be_theirs = !waiting.chips.empty() && !IsOld(waiting.chips.front());
    if (waiting.step == v1::STEP_KIND_MATCH_CARD && may_be_theirs) {
      sentence.next = texts.Say(
          "If that chip is an old one or somebody else's, put in the one that the portal names, "
          "and İlkimza goes on by itself. If it is yours, its PIN was deleted at the portal: use "
          "the one you know (\"ilkimza card change-pin\"), or have its PUK shown after a code by "
          "SMS (\"ilkimza start --goal unblock\").");
    }
    return sentence;
  }
  if (waiting.reason != v1::ERROR_REASON_UNSPECIFIED) {
    return ReasonSentence(texts, waiting.reason, waiting.hotline);
  }
  switch (waiting.what) {
    case WaitFor::kCard:
      return ReasonSentence(texts, v1::ERROR_REASON_NO_CARD);
    case WaitFor::kPortal:
      return ReasonSentence(texts, v1::ERROR_REASON_PORTAL_UNREACHABLE);
    case WaitFor::kAgent:
      return ReasonSentence(texts, v1::ERROR_REASON_AGENT_UNREACHABLE);
    case WaitFor::kServer:
      return ReasonSentence(texts, v1::ERROR_REASON_SERVER_UNREACHABLE);
  }
  return {};
}

Sentence UnknownPageSentence(const Texts& texts) {
  return ReasonSentence(texts, v1::ERROR_REASON_SCREEN_UNRECOGNISED);
}

}  // namespace ilkimza::client
