// What a journey's state and its reports mean for the pace at the portal.
//
// Pure and thread-safe.
#ifndef ILKIMZA_SERVER_PACING_SIGNS_H_
#define ILKIMZA_SERVER_PACING_SIGNS_H_

#include "ilkimza/v1/journey.pb.h"
#include "server/pacing/pacer.h"

namespace ilkimza::server {

// True for the steps that open a conversation as soon as they are directed. A mail link
// opens one as well, but when the holder has the mail, which nobody can foresee: it is
// counted once it is open.
bool OpensConversation(v1::StepKind step);

// True while a host carries out a directive that opens a conversation, and for as long
// as the journey rests on one that is open. Neither one that stopped (it begins with a
// fresh conversation) nor one whose agent is away, nor one in the holder's own browser.
bool IsAtPortal(const v1::Journey& journey);

// True where the journey waits because of the pace.
bool WaitsForTurn(const v1::Journey& journey);

// What the report of a host says about the portal. Nothing where the step is the card's,
// the holder's own browser's, or ended before the portal was asked.
PortalSign SignOf(const v1::StepReport& report);

}  // namespace ilkimza::server

#endif  // ILKIMZA_SERVER_PACING_SIGNS_H_
