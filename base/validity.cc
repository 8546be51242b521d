#include "base/validity.h"

namespace ilkimza {

v1::ErrorReason ReasonAgainst(v1::CertificateValidity validity) {
  switch (validity) {
    case v1::CERTIFICATE_VALIDITY_EXPIRED:
      return v1::ERROR_REASON_CERTIFICATE_EXPIRED;
    case v1::CERTIFICATE_VALIDITY_NOT_YET_VALID:
      return v1::ERROR_REASON_CERTIFICATE_NOT_YET_VALID;
    default:
      return v1::ERROR_REASON_UNSPECIFIED;
  }
}

}  // namespace ilkimza
