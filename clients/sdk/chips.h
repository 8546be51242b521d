// Which of the chips in the readers are meant.
//
// Pure and thread-safe.
#ifndef ILKIMZA_CLIENTS_SDK_CHIPS_H_
#define ILKIMZA_CLIENTS_SDK_CHIPS_H_

#include <span>
#include <string>
#include <vector>

#include "clients/sdk/certificate_table.h"

namespace ilkimza::client {

// Those of `chips` whose card has one of these serials, in their order.
std::vector<Chip> ChipsOf(std::span<const std::string> serials, std::span<const Chip> chips);

}  // namespace ilkimza::client

#endif  // ILKIMZA_CLIENTS_SDK_CHIPS_H_
