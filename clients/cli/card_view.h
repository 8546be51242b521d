// How cards, certificates and the state of PIN and PUK look in text.
#ifndef ILKIMZA_CLIENTS_CLI_CARD_VIEW_H_
#define ILKIMZA_CLIENTS_CLI_CARD_VIEW_H_

#include "clients/cli/screen.h"
#include "clients/sdk/language.h"
#include "ilkimza/v1/card_service.pb.h"

namespace ilkimza::client {

void WriteCard(Screen& screen, const Texts& texts, const v1::Card& card);
void WriteCertificate(Screen& screen, const Texts& texts, const v1::Certificate& certificate);
// PIN and PUK: what is left, and what that means.
void WritePinState(Screen& screen, const Texts& texts, const v1::Card& card,
                   const v1::PinState& state);
// Before a PUK is typed: what is left of it, and what a wrong one costs.
void WritePukStakes(Screen& screen, const Texts& texts, const v1::Card& card,
                    const v1::PinState& state);

}  // namespace ilkimza::client

#endif  // ILKIMZA_CLIENTS_CLI_CARD_VIEW_H_
