// Everything the sandbox knows, behind one mutex: portal, phone and control all
// work on it. Nobody sleeps, draws or talks to the network with the lock held.
#ifndef ILKIMZA_SANDBOX_STATE_H_
#define ILKIMZA_SANDBOX_STATE_H_

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "sandbox/charset.h"
#include "sandbox/faults.h"
#include "sandbox/ledger.h"
#include "sandbox/mailbox.h"
#include "sandbox/renderer.h"
#include "sandbox/session.h"
#include "sandbox/world.h"

namespace ilkimza::sandbox {

// Which portal it is: flow.h has the first one, ornek.h the second.
enum class PortalKind { kKamuSm, kOrnek };
std::string_view NameOf(PortalKind kind);
std::optional<PortalKind> PortalNamed(std::string_view name);
// Who sends its SMS.
std::string_view SenderOf(PortalKind kind);

// How the portal looks and counts.
struct PortalRules {
  PortalKind portal = PortalKind::kKamuSm;
  Style style = Style::kHtml5;
  Charset charset = Charset::kUtf8;
  CharsetDeclared charset_declared = CharsetDeclared::kBoth;
  // One `Sil` for the whole page instead of one for each card.
  bool one_delete_for_all = false;
  // One `İptal Et` for all cards instead of one for each.
  bool one_revoke_for_all = false;
  // Nobody is offered a login with the security word; e-Devlet lets holders in.
  bool edevlet_only = false;
  std::chrono::seconds sms_time{290};
  int sms_tries = 5;
  std::chrono::seconds session_time{600};
  std::chrono::seconds link_time{1800};
  int wrong_words = 5;
  std::size_t shortest_word = 6;
  // Each answer waits so long.
  std::chrono::milliseconds latency{0};
};

// A link that was mailed.
struct MailLink {
  std::string national_id;
  SteadyTime deadline;
  bool used = false;
};

struct State {
  explicit State(PortalRules portal_rules)
      : rules(portal_rules), sessions(portal_rules.session_time) {}

  std::mutex mutex;

  // All below: guarded by `mutex`.
  PortalRules rules;
  World world;
  Sessions sessions;
  Mailbox mailbox;
  Ledger ledger;
  Faults faults;
  // By token.
  std::map<std::string, MailLink> links;
  bool maintenance = false;
  // "GET login": requests that reached the portal, also those a fault then took.
  std::map<std::string, int> requests;
  // "login:submit", "menu:go:pin", "pin:delete:1": presses the portal processed.
  std::map<std::string, int> presses;
  // Requests that a fault led away.
  int offsite_visits = 0;
};

}  // namespace ilkimza::sandbox

#endif  // ILKIMZA_SANDBOX_STATE_H_
