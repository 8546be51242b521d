// The `ilkimza` program: its command line and what each command does.
#ifndef ILKIMZA_CLIENTS_CLI_PROGRAM_H_
#define ILKIMZA_CLIENTS_CLI_PROGRAM_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clients/cli/json.h"
#include "clients/cli/page_opener.h"
#include "clients/cli/screen.h"
#include "clients/sdk/agent_client.h"
#include "clients/sdk/exit_code.h"
#include "clients/sdk/guide.h"
#include "clients/sdk/language.h"

namespace ilkimza::client {

inline constexpr char kVersion[] = ILKIMZA_VERSION;

// What every command is given.
struct Settings {
  Texts texts{Language::kEnglish};
  std::string socket;
  bool json = false;
};

// Of the journey and card commands; each uses what it needs.
struct CommandOptions {
  // "journeys/..." or its last part; empty: the newest that is under way.
  std::string journey;
  // "cards/..." or a serial; empty: the only card.
  std::string card;
  int limit = 50;
  bool active_only = false;
  bool timeline = false;
  bool yes = false;
  bool allow_last_try = false;
  // The holder was told what a wrong PUK costs, and wants this one try.
  bool use_a_puk_try = false;
  // The PIN is typed on the reader's own keys.
  bool on_reader = false;

  // Of export-cert. The beginning of a fingerprint.
  std::string certificate;
  bool signing = false;
  std::string form = "pem";
  std::string out;
  bool force = false;

  // Of retry: as the journey stands, if unspecified.
  v1::Way way = v1::WAY_UNSPECIFIED;

  // Of doctor: a file for the help desk.
  std::string report;
};

struct Program {
  Settings settings;
  Screen& screen;
  AgentClient& agent;

  [[nodiscard]] std::string Say(const char* text) const { return settings.texts.Say(text); }
};

// Tells an error in the way the settings ask for and gives its exit code.
int Fail(Screen& screen, const Settings& settings, const absl::Status& status);
// The same with words of one's own, and perhaps an exit code.
int Fail(Screen& screen, const Settings& settings, const absl::Status& status,
         const Sentence& sentence, std::optional<int> exit_code = std::nullopt);

int JourneyList(Program& program, const CommandOptions& options);
int JourneyShow(Program& program, const CommandOptions& options);
int JourneyWatch(Program& program, const CommandOptions& options);
int JourneyCancel(Program& program, const CommandOptions& options);
int JourneyRetry(Program& program, const CommandOptions& options);

int CardList(Program& program, const CommandOptions& options);
int CardShow(Program& program, const CommandOptions& options);
int CardCerts(Program& program, const CommandOptions& options);
int CardPinState(Program& program, const CommandOptions& options);
int CardVerifyPin(Program& program, const CommandOptions& options);
int CardUnblock(Program& program, const CommandOptions& options);
int CardExportCert(Program& program, const CommandOptions& options);
int CardWatch(Program& program, const CommandOptions& options);
int CardChangePin(Program& program, const CommandOptions& options);
int CardTestSign(Program& program, const CommandOptions& options);

// Says what is in the way, also where `agent` could not be had.
int Doctor(Screen& screen, const Settings& settings, const CommandOptions& options,
           const absl::StatusOr<std::unique_ptr<AgentClient>>& agent);

// `ilkimza start` for a person, and for another program (EVENTS.md).
// `opener` may be null: then addresses are only told.
int StartGuided(Program& program, GuideOptions options, PageOpener* opener);
int StartEvents(Program& program, GuideOptions options);

// The exit code of a journey's end; `signal` is the one that ended the program, or 0.
int ExitCodeOf(const Finished& finished, int signal);

// Parses the command line and runs what it says. Speaks `language` where the
// command line names none.
int Run(int argc, char** argv, Language language);

}  // namespace ilkimza::client

#endif  // ILKIMZA_CLIENTS_CLI_PROGRAM_H_
