// What is said about cards, certificates, PIN and PUK.
#include "absl/strings/substitute.h"
#include "base/clock.h"
#include "clients/sdk/sentences.h"

namespace ilkimza::client {
namespace {

const char* OperationWords(v1::CardOperation operation) {
  switch (operation) {
    case v1::CARD_OPERATION_LIST_CERTIFICATES:
      return ILKIMZA_TEXT("show certificates");
    case v1::CARD_OPERATION_GET_PIN_STATE:
      return ILKIMZA_TEXT("say how many tries are left");
    case v1::CARD_OPERATION_VERIFY_PIN:
      return ILKIMZA_TEXT("prove the PIN");
    case v1::CARD_OPERATION_CHANGE_PIN:
      return ILKIMZA_TEXT("change the PIN");
    case v1::CARD_OPERATION_UNBLOCK_PIN:
      return ILKIMZA_TEXT("unblock with the PUK");
    case v1::CARD_OPERATION_TEST_SIGN:
      return ILKIMZA_TEXT("sign");
    default:
      return ILKIMZA_TEXT("something newer");
  }
}

// Zero is a number only where the card says that none is left.
bool Counted(v1::TriesLeft tries, int count) {
  if (tries == v1::TRIES_LEFT_UNKNOWN || tries == v1::TRIES_LEFT_UNSPECIFIED) return false;
  return count > 0 || (count == 0 && tries == v1::TRIES_LEFT_NONE);
}

std::string TriesWords(const Texts& texts, v1::TriesLeft tries, int count) {
  if (Counted(tries, count)) return std::to_string(count);
  switch (tries) {
    case v1::TRIES_LEFT_ALL:
      return texts.Say("all");
    case v1::TRIES_LEFT_SOME:
      return texts.Say("not all");
    case v1::TRIES_LEFT_ONE:
      return texts.Say("one");
    case v1::TRIES_LEFT_NONE:
      return texts.Say("none, blocked");
    default:
      return texts.Say("unknown");
  }
}

// "today", "1 day", "30 days".
std::string Days(const Texts& texts, absl::Duration time) {
  const int64_t days = time / absl::Hours(24);
  if (days == 0) return texts.Say("less than a day");
  if (days == 1) return texts.Say("1 day");
  return absl::Substitute(texts.Say("$0 days"), days);
}

}  // namespace

std::string OperationTitle(const Texts& texts, v1::CardOperation operation) {
  return texts.Say(OperationWords(operation));
}

std::string TriesSentence(const Texts& texts, const v1::PinState& state) {
  switch (state.tries_left()) {
    case v1::TRIES_LEFT_ONE:
      return texts.Say("ONE try is left: another wrong PIN blocks the card.");
    case v1::TRIES_LEFT_NONE:
      return texts.Say("No try is left: the PIN is blocked.");
    default:
      break;
  }
  if (Counted(state.tries_left(), state.tries_left_count())) {
    return absl::Substitute(texts.Say("$0 tries are left."), state.tries_left_count());
  }
  switch (state.tries_left()) {
    case v1::TRIES_LEFT_ALL:
      return texts.Say("All tries are left.");
    case v1::TRIES_LEFT_SOME:
      return texts.Say("A wrong PIN was typed before: not all tries are left.");
    default:
      return texts.Say("The card does not say how many tries are left.");
  }
}

std::string TriesTitle(const Texts& texts, const v1::PinState& state) {
  return TriesWords(texts, state.tries_left(), state.tries_left_count());
}

std::string PukTriesSentence(const Texts& texts, const v1::PinState& state) {
  switch (state.puk_tries_left()) {
    case v1::TRIES_LEFT_ONE:
      return texts.Say("ONE try of the PUK is left: another wrong one ends the card for good.");
    case v1::TRIES_LEFT_NONE:
      return texts.Say("No try of the PUK is left: a blocked PIN of this card stays blocked.");
    default:
      break;
  }
  if (Counted(state.puk_tries_left(), state.puk_tries_left_count())) {
    return absl::Substitute(texts.Say("$0 tries of the PUK are left."),
                            state.puk_tries_left_count());
  }
  switch (state.puk_tries_left()) {
    case v1::TRIES_LEFT_ALL:
      return texts.Say("All tries of the PUK are left.");
    case v1::TRIES_LEFT_SOME:
      return texts.Say("A wrong PUK was typed before: not all tries are left.");
    default:
      return texts.Say("The card does not say how many tries of the PUK are left.");
  }
}

std::string PukTriesTitle(const Texts& texts, const v1::PinState& state) {
  return TriesWords(texts, state.puk_tries_left(), state.puk_tries_left_count());
}

v1::CertificateValidity ValidityOf(const v1::Certificate& certificate, absl::Time now) {
  // The agent that read the certificate has said it; older ones only tell the times.
  if (certificate.validity() != v1::CERTIFICATE_VALIDITY_UNSPECIFIED) return certificate.validity();
  if (!certificate.has_not_before() || !certificate.has_not_after()) {
    return v1::CERTIFICATE_VALIDITY_UNSPECIFIED;
  }
  if (now < FromProto(certificate.not_before())) return v1::CERTIFICATE_VALIDITY_NOT_YET_VALID;
  if (now > FromProto(certificate.not_after())) return v1::CERTIFICATE_VALIDITY_EXPIRED;
  return v1::CERTIFICATE_VALIDITY_VALID;
}

std::string ValiditySentence(const Texts& texts, const v1::Certificate& certificate,
                             absl::Time now) {
  switch (ValidityOf(certificate, now)) {
    case v1::CERTIFICATE_VALIDITY_VALID:
      return absl::Substitute(texts.Say("valid, for $0 more"),
                              Days(texts, FromProto(certificate.not_after()) - now));
    case v1::CERTIFICATE_VALIDITY_NOT_YET_VALID:
      return absl::Substitute(texts.Say("not valid yet; begins in $0"),
                              Days(texts, FromProto(certificate.not_before()) - now));
    case v1::CERTIFICATE_VALIDITY_EXPIRED:
      return absl::Substitute(texts.Say("expired, $0 ago"),
                              Days(texts, now - FromProto(certificate.not_after())));
    default:
      return texts.Say("unknown");
  }
}

}  // namespace ilkimza::client
