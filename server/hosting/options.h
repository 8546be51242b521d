// Where the portal is, for a server that hosts conversations itself.
#ifndef ILKIMZA_SERVER_HOSTING_OPTIONS_H_
#define ILKIMZA_SERVER_HOSTING_OPTIONS_H_

#include <string>

#include "portal/default_profile.h"

namespace ilkimza::server {

struct HostingOptions {
  // A built-in profile's name, or the path of one.
  std::string profile = portal::kDefaultProfile;
  // Replaces the profile's entrance and hosts; empty: the profile's own.
  std::string entrance;
  // Who is trusted at the portal; empty: the system's authorities.
  std::string ca_file;
  // "http://host:port"; empty: none.
  std::string proxy;
  // Steps that talk to the portal at the same time.
  int workers = 8;
};

}  // namespace ilkimza::server

#endif  // ILKIMZA_SERVER_HOSTING_OPTIONS_H_
