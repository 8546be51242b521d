// How a journey ended: told as far as card and portal have shown it, and no further.
#include <algorithm>
#include <string>

#include "absl/strings/substitute.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "clients/sdk/outcome.h"
#include "clients/sdk/sentences.h"

namespace ilkimza::client {
namespace {

// Null where the plan has no such step.
const v1::Step* Find(const v1::Journey& journey, v1::StepKind kind) {
  for (const v1::Step& step : journey.steps()) {
    if (step.kind() == kind) return &step;
  }
  return nullptr;
}

// The holder did it in a browser of their own, and says so: no fact follows from that.
bool HasClaimed(const v1::Journey& journey, v1::StepKind kind) {
  const v1::Step* step = Find(journey, kind);
  return step != nullptr && step->state() == v1::STEP_STATE_DONE && step->guided();
}

// A revocation was sent, and its answer was lost: since then the plan has the list.
bool RevocationIsUnknown(const v1::Journey& journey) {
  return journey.goal() == v1::GOAL_REVOKE_CERTIFICATE && !journey.facts().certificate_revoked() &&
         Find(journey, v1::STEP_KIND_LIST_CERTIFICATES) != nullptr;
}

// The one step at the portal that the goal is about, where nothing later proves it.
v1::StepKind StepOf(v1::Goal goal) {
  switch (goal) {
    case v1::GOAL_RESET_SECURITY_WORD:
      return v1::STEP_KIND_SET_SECURITY_WORD;
    case v1::GOAL_ACTIVATE_CERTIFICATE:
      return v1::STEP_KIND_ACTIVATE_CERTIFICATE;
    case v1::GOAL_UPDATE_INFO:
      return v1::STEP_KIND_UPDATE_INFO;
    case v1::GOAL_REVOKE_CERTIFICATE:
      return v1::STEP_KIND_REVOKE_CERTIFICATE;
    default:
      return v1::STEP_KIND_UNSPECIFIED;
  }
}

v1::ErrorReason ReasonOfStep(const v1::Journey& journey, v1::StepKind kind) {
  const v1::Step* step = Find(journey, kind);
  return step == nullptr ? v1::ERROR_REASON_UNSPECIFIED : step->reason();
}

Sentence ActivationOutcome(const Texts& texts, const v1::Journey& journey) {
  if (journey.facts().certificate_activated()) {
    return {texts.Say("Your certificate is activated: you can sign with it."),
            texts.Say("Try it with \"ilkimza card test-sign\".")};
  }
  if (HasClaimed(journey, v1::STEP_KIND_ACTIVATE_CERTIFICATE)) {
    return {texts.Say("You said that you activated the certificate in your own browser; İlkimza "
                      "has not seen it."),
            texts.Say("Make sure with \"ilkimza start --goal list-certificates\": it has to stand "
                      "there as active.")};
  }
  if (ReasonOfStep(journey, v1::STEP_KIND_ACTIVATE_CERTIFICATE) ==
      v1::ERROR_REASON_NOTHING_TO_ACTIVATE) {
    return {texts.Say("There was nothing to activate at the portal."),
            texts.Say("The list of your certificates says how each of them stands.")};
  }
  return ReasonSentence(texts, v1::ERROR_REASON_LEFT_AS_IT_WAS);
}

Sentence InfoOutcome(const Texts& texts, const v1::Journey& journey) {
  if (journey.facts().info_updated()) {
    return {texts.Say("The portal has your new phone number and mail address."),
            texts.Say("From now on it sends codes and mails there.")};
  }
  if (HasClaimed(journey, v1::STEP_KIND_UPDATE_INFO)) {
    return {texts.Say("You said that you changed phone number or mail address in your own browser; "
                      "İlkimza has not seen it."),
            texts.Say("Make sure with \"ilkimza start --goal update-info\": there the portal shows "
                      "what it has of you.")};
  }
  return ReasonSentence(texts, v1::ERROR_REASON_LEFT_AS_IT_WAS);
}

// Whoever lost a card must not believe too early that nobody can sign with it.
Sentence RevocationOutcome(const Texts& texts, const v1::Journey& journey) {
  if (journey.facts().certificate_revoked()) {
    return {texts.Say("The certificate is revoked, for ever."),
            texts.Say("If you need to sign again, order a new one; the chip of the old one is of "
                      "no use any more.")};
  }
  if (HasClaimed(journey, v1::STEP_KIND_REVOKE_CERTIFICATE)) {
    return {
        texts.Say("You said that you revoked the certificate in your own browser; İlkimza has "
                  "not seen it."),
        WithHotline(texts.Say("Make sure with \"ilkimza start --goal list-certificates\": if it "
                              "does not stand there as revoked, it can still sign; then call "
                              "the hotline of your card's issuer$0 at once."),
                    journey.hotline())};
  }
  if (!RevocationIsUnknown(journey)) {
    return ReasonSentence(texts, v1::ERROR_REASON_LEFT_AS_IT_WAS);
  }
  const bool nothing_left =
      ReasonOfStep(journey, v1::STEP_KIND_REVOKE_CERTIFICATE) == v1::ERROR_REASON_NOTHING_TO_REVOKE;
  return {nothing_left
              ? texts.Say("The portal has nothing left that could be revoked, so it seems to have "
                          "taken the revocation that it never answered.")
              : texts.Say("Nothing more was revoked. The portal never answered the revocation that "
                          "was sent before, so İlkimza does not know what became of it."),
          WithHotline(texts.Say("The list of your certificates, which you have just seen, decides: "
                                "if yours does not stand there as revoked, call the hotline of "
                                "your card's issuer$0 at once."),
                      journey.hotline())};
}

Sentence SuccessSentence(const Texts& texts, const v1::Journey& journey) {
  switch (journey.goal()) {
    case v1::GOAL_RESET_SECURITY_WORD:
      if (HasClaimed(journey, v1::STEP_KIND_SET_SECURITY_WORD)) {
        return {texts.Say("You said that you set a new security word in your own browser; İlkimza "
                          "has not seen it."),
                texts.Say("Log in to the portal with it once: that shows whether it holds.")};
      }
      return {texts.Say("Your new security word is set."),
              texts.Say("Use it from now on to log in to the portal.")};
    case v1::GOAL_LIST_CERTIFICATES:
      return {texts.Say("You have seen your certificates; nothing was changed at the portal."),
              texts.Say("Look again whenever you like.")};
    case v1::GOAL_ACTIVATE_CERTIFICATE:
      return ActivationOutcome(texts, journey);
    case v1::GOAL_UPDATE_INFO:
      return InfoOutcome(texts, journey);
    case v1::GOAL_REVOKE_CERTIFICATE:
      return RevocationOutcome(texts, journey);
    default:
      break;
  }
  if (const v1::ErrorReason trouble = SignerTrouble(journey);
      trouble != v1::ERROR_REASON_UNSPECIFIED) {
    return ReasonSentence(texts, trouble, journey.hotline());
  }
  if (journey.goal() == v1::GOAL_UNBLOCK_PIN) {
    return {texts.Say("Your PIN is unblocked: the card signs with the new one."),
            texts.Say("Keep the PIN to yourself, and the PUK in a safe place.")};
  }
  return {texts.Say("Your card is ready: you can sign."),
          texts.Say("Keep the PIN to yourself, and the PUK in a safe place.")};
}

}  // namespace

Sentence OutcomeSentence(const Texts& texts, const Finished& finished) {
  const v1::Journey journey = finished.journey.value_or(v1::Journey());
  switch (finished.outcome) {
    case Outcome::kSucceeded:
      return SuccessSentence(texts, journey);
    case Outcome::kStopped:
    case Outcome::kFailed:
      return ReasonSentence(texts, journey.reason(), journey.hotline());
    case Outcome::kCancelled:
      return ReasonSentence(texts, v1::ERROR_REASON_CANCELLED);
    case Outcome::kLeft:
      if (!finished.journey) {
        return {texts.Say("Nothing was begun."), texts.Say("Begin with \"ilkimza start\".")};
      }
      return {texts.Say("The journey is kept as it is; nothing is lost."),
              HowToGoOn(texts, finished.journey->goal())};
    case Outcome::kError:
      break;
  }
  return StatusSentence(texts, finished.error, journey.hotline());
}

v1::ErrorReason SignerTrouble(const v1::Journey& journey) {
  return ReasonOfStep(journey, v1::STEP_KIND_TEST_SIGNATURE);
}

bool IsWhollyGood(const v1::Journey& journey) {
  return SignerTrouble(journey) == v1::ERROR_REASON_UNSPECIFIED && !RevocationIsUnknown(journey) &&
         !HasClaimed(journey, StepOf(journey.goal()));
}

}  // namespace ilkimza::client
