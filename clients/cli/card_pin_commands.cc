// `ilkimza card verify-pin|change-pin|unblock|test-sign`: each sends once.
#include "base/redact.h"
#include "base/validity.h"
#include "clients/cli/card_view.h"
#include "clients/cli/pin_command.h"
#include "clients/cli/program.h"
#include "clients/sdk/outcome.h"
#include "clients/sdk/sentences.h"

namespace ilkimza::client {

int CardVerifyPin(Program& program, const CommandOptions& options) {
  PinCommand command(program, options);
  int code = kExitOk;
  Secret pin;
  if (!command.Prepare(v1::CARD_OPERATION_VERIFY_PIN, code) || !command.Ask("pin", pin, code))
    return code;
  v1::VerifyPinRequest request;
  const WipeSecretsGuard wipe(request);
  command.Fill(request);
  request.set_allow_last_try(command.allow_last_try());
  SetSecret(request.mutable_pin(), pin);
  request.set_on_pinpad(command.on_reader());
  command.TellPinpad();
  const auto response = program.agent.VerifyPin(request);
  if (!response.ok()) return command.Refused(response.status());
  Json json;
  json["card"] = request.name();
  json["verified"] = true;
  json["pin_state"] = ToJson(response->pin_state());
  return Succeed(program, ILKIMZA_TEXT("The PIN is right."), json);
}

int CardChangePin(Program& program, const CommandOptions& options) {
  PinCommand command(program, options);
  int code = kExitOk;
  Secret old_pin;
  Secret new_pin;
  if (!command.Prepare(v1::CARD_OPERATION_CHANGE_PIN, code) ||
      !command.Ask("old_pin", old_pin, code) || !command.AskNew(new_pin, code)) {
    return code;
  }
  v1::ChangePinRequest request;
  const WipeSecretsGuard wipe(request);
  command.Fill(request);
  request.set_allow_last_try(command.allow_last_try());
  SetSecret(request.mutable_old_pin(), old_pin);
  SetSecret(request.mutable_new_pin(), new_pin);
  request.set_on_pinpad(command.on_reader());
  command.TellPinpad();
  const auto response = program.agent.ChangePin(request);
  if (!response.ok()) return command.Refused(response.status());
  Json json;
  json["card"] = request.name();
  json["changed"] = true;
  json["pin_state"] = ToJson(response->pin_state());
  return Succeed(program, ILKIMZA_TEXT("The PIN is changed."), json);
}

int CardUnblock(Program& program, const CommandOptions& options) {
  PinCommand command(program, options);
  int code = kExitOk;
  Secret puk;
  Secret new_pin;
  if (!command.PreparePuk(code) || !command.Ask("puk", puk, code) ||
      !command.AskNew(new_pin, code)) {
    return code;
  }
  v1::UnblockPinRequest request;
  const WipeSecretsGuard wipe(request);
  command.Fill(request);
  request.set_allow_puk_try(true);
  SetSecret(request.mutable_puk(), puk);
  SetSecret(request.mutable_new_pin(), new_pin);
  request.set_on_pinpad(command.on_reader());
  command.TellPinpad();
  const auto response = program.agent.UnblockPin(request);
  if (!response.ok()) return command.Refused(response.status());
  Json json;
  json["card"] = request.name();
  json["unblocked"] = true;
  json["pin_state"] = ToJson(response->pin_state());
  return Succeed(program, ILKIMZA_TEXT("The PIN is unblocked, and the new one holds."), json);
}

namespace {

// A signature fits its certificate, but nobody takes one of a certificate that is not valid.
int JudgeSigner(Program& program, const v1::Certificate& certificate) {
  const v1::ErrorReason trouble = ReasonAgainst(certificate.validity());
  if (trouble == v1::ERROR_REASON_UNSPECIFIED) return kExitOk;
  if (!program.settings.json) {
    const Sentence sentence = ReasonSentence(program.settings.texts, trouble);
    program.screen.WriteText(sentence.happened, 0, Style::kWarning);
    program.screen.WriteText(sentence.next);
  }
  return kExitSignature;
}

}  // namespace

int CardTestSign(Program& program, const CommandOptions& options) {
  PinCommand command(program, options);
  int code = kExitOk;
  Secret pin;
  if (!command.Prepare(v1::CARD_OPERATION_TEST_SIGN, code) || !command.Ask("pin", pin, code))
    return code;
  v1::TestSignRequest request;
  const WipeSecretsGuard wipe(request);
  command.Fill(request);
  request.set_allow_last_try(command.allow_last_try());
  SetSecret(request.mutable_pin(), pin);
  const auto response = program.agent.TestSign(request);
  if (!response.ok()) return command.Refused(response.status());
  Json json;
  json["card"] = request.name();
  json["signed"] = true;
  json["algorithm"] = response->algorithm();
  json["certificate"] = ToJson(response->certificate());
  Succeed(program, ILKIMZA_TEXT("The card signed, and its certificate confirms the signature."),
          json);
  if (!program.settings.json) {
    program.screen.WriteLine(Printable(response->algorithm()));
    WriteCertificate(program.screen, program.settings.texts, response->certificate());
  }
  return JudgeSigner(program, response->certificate());
}

}  // namespace ilkimza::client
