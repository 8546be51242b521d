#include "agent/card/card_host.h"

namespace ilkimza::agent {

bool IsCardStep(v1::StepKind step) {
  switch (step) {
    case v1::STEP_KIND_PREPARE_CHIP:
    case v1::STEP_KIND_INSERT_CARD:
    case v1::STEP_KIND_MATCH_CARD:
    case v1::STEP_KIND_PROVE_PIN:
    case v1::STEP_KIND_SET_OWN_PIN:
    case v1::STEP_KIND_TEST_SIGNATURE:
      return true;
    default:
      return false;
  }
}

}  // namespace ilkimza::agent
