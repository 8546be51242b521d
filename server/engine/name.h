// Names of journeys, agents and profiles.
#ifndef ILKIMZA_SERVER_ENGINE_NAME_H_
#define ILKIMZA_SERVER_ENGINE_NAME_H_

#include <string>
#include <string_view>

namespace ilkimza::server {

// "journeys/" and 16 characters that nobody confuses on the phone (digits and
// lower-case letters without i, l, o, u): 80 random bits.
std::string NewJourneyName();

bool IsJourneyName(std::string_view name);

// "agents/" and up to 128 of letters, digits and . _ - @, the first a letter or digit.
bool IsAgentName(std::string_view name);

// Up to 32 of lower-case letters, digits and - _.
bool IsProfileName(std::string_view name);

}  // namespace ilkimza::server

#endif  // ILKIMZA_SERVER_ENGINE_NAME_H_
