#include "agent/card/card.h"

namespace ilkimza::agent {

PinTries JudgeCount(int count) {
  if (count <= 0) return {v1::TRIES_LEFT_NONE, 0};
  return {count == 1 ? v1::TRIES_LEFT_ONE : v1::TRIES_LEFT_SOME, count};
}

}  // namespace ilkimza::agent
