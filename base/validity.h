// Why nobody takes a signature of a certificate outside of its days, in agent and clients
// alike.
//
// Pure; thread-safe.
#ifndef ILKIMZA_BASE_VALIDITY_H_
#define ILKIMZA_BASE_VALIDITY_H_

#include "ilkimza/v1/card_service.pb.h"
#include "ilkimza/v1/error_reason.pb.h"

namespace ilkimza {

// CERTIFICATE_EXPIRED or CERTIFICATE_NOT_YET_VALID; UNSPECIFIED where nothing is against it.
v1::ErrorReason ReasonAgainst(v1::CertificateValidity validity);

}  // namespace ilkimza

#endif  // ILKIMZA_BASE_VALIDITY_H_
