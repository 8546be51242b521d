// Takes persons out of what is given away: for the report that a help desk gets.
//
// Thread-safe.
#ifndef ILKIMZA_CLIENTS_SDK_REDACTION_H_
#define ILKIMZA_CLIENTS_SDK_REDACTION_H_

#include <string>
#include <string_view>
#include <vector>

#include "ilkimza/v1/diagnosis_service.pb.h"

namespace ilkimza::client {

// What could tell who sits at this computer.
struct Person {
  // Account, the parts of the full name, the computer's name.
  std::vector<std::string> names;
  std::string home;
};
// From the account database, HOME, USER, LOGNAME and the host's name.
Person ThisPerson();

// A text of the machine (never one of our sentences) without: the names as whole words,
// home directories, mail addresses, numbers of nine and more digits (the last four are
// left, but of national ids nothing is), and what stands in brackets as a device's own
// serial.
std::string Redacted(std::string_view text, const Person& person);

// All details of a finding so; a card's serial is left with its last four characters.
v1::Finding Redacted(v1::Finding finding, const Person& person);

}  // namespace ilkimza::client

#endif  // ILKIMZA_CLIENTS_SDK_REDACTION_H_
