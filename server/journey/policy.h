// The numbers that journeys follow. They come from the server's configuration;
// the defaults are those of deploy/server.toml.
#ifndef ILKIMZA_SERVER_JOURNEY_POLICY_H_
#define ILKIMZA_SERVER_JOURNEY_POLICY_H_

#include "absl/time/time.h"

namespace ilkimza::server {

// Portal steps in the holder's own browser.
enum class GuidedMode {
  // Where a journey asks for it, from its creation or where it stopped.
  kOffer,
  // No other way: each journey is guided from its creation.
  kAlways,
  kNever,
};

struct Policy {
  // Attempts that the portal did not take, until the journey stops and asks.
  // The portal locks an account after five wrong security words.
  int wrong_credentials = 3;
  int wrong_captchas = 10;
  int wrong_sms_codes = 3;
  int wrong_mail_links = 5;
  int wrong_id_or_email = 5;
  int other_attempts = 10;

  // How long a step may take. Preparing and inserting the card have no deadline
  // of their own.
  absl::Duration portal_deadline = absl::Minutes(5);
  absl::Duration holder_deadline = absl::Minutes(30);
  absl::Duration mail_deadline = absl::Hours(24);
  absl::Duration card_deadline = absl::Hours(1);
  // What the host gets on top, to report that nobody answered.
  absl::Duration deadline_grace = absl::Seconds(30);

  // While the portal is down: the first wait, doubled each time, up to the last.
  absl::Duration backoff_first = absl::Seconds(10);
  absl::Duration backoff_last = absl::Minutes(10);

  GuidedMode guided = GuidedMode::kOffer;

  // From its creation until an unfinished journey is given up.
  absl::Duration expiry = absl::Hours(30 * 24);
};

}  // namespace ilkimza::server

#endif  // ILKIMZA_SERVER_JOURNEY_POLICY_H_
