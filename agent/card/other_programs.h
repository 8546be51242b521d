// Who else is connected to the smart-card service: whom to ask when another program
// holds the card.
#ifndef ILKIMZA_AGENT_CARD_OTHER_PROGRAMS_H_
#define ILKIMZA_AGENT_CARD_OTHER_PROGRAMS_H_

#include <string>
#include <vector>

namespace ilkimza::agent {

// Names of the processes of this user that have a connection to the Unix socket at
// `path`, sorted and each once; this process and its children are left out. Printable,
// at most 16 names.
//
// Best effort and no privilege: the kernel tells which sockets are connected to which
// (sock_diag), and /proc which process of ours has them. Programs of other users are not
// seen, nor those in another network namespace. Whoever is connected need not hold the
// card; whoever holds it is connected. Bounded; some milliseconds. Thread-safe.
//
// Elsewhere than on Linux: none.
std::vector<std::string> ProgramsConnectedTo(const std::string& path);

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_CARD_OTHER_PROGRAMS_H_
