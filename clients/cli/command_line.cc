// The command tree of `ilkimza` and the way from it to the commands.
#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/substitute.h"
#include "base/error.h"
#include "base/utf8.h"
#include "clients/cli/program.h"
#include "clients/sdk/sentences.h"

namespace ilkimza::client {
namespace {

using Action = std::function<int(Program&)>;

// What the command line said.
struct CommandLine {
  std::string socket = DefaultSocket();
  std::string output = "text";
  std::string lang;
  CommandOptions options;

  bool events = false;
  std::string goal;
  std::string portal_host;
  bool forgotten = false;
  bool remembered = false;
  bool guided = false;
  bool no_browser = false;

  bool doctor = false;
  Action action;
};

// The language has to be known before the help texts are made.
Language LanguageOfArguments(int argc, char** argv, Language otherwise) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    std::string_view value;
    if (argument == "--lang" && i + 1 < argc) value = argv[i + 1];
    if (argument.substr(0, 7) == "--lang=") value = argument.substr(7);
    if (const auto language = LanguageOf(value)) return *language;
  }
  return otherwise;
}

class TreeBuilder {
 public:
  TreeBuilder(const Texts& texts, CommandLine& line) : texts_(texts), line_(line) {}

  void Build(CLI::App& app) {
    app.description(
        Say("Takes an e-signature card from \"a chip in an envelope\" to \"I can "
            "sign\"."));
    app.set_version_flag("--version", std::string("ilkimza ") + kVersion,
                         Say("Print the version and end"));
    app.set_help_flag("-h,--help", Say("Print this help and end"));
    app.require_subcommand(1);
    app.fallthrough();
    // Inherited by all commands.
    app.option_defaults()->group(Say("Options"));
    app.get_help_ptr()->group(Say("Options"));
    app.get_version_ptr()->group(Say("Options"));
    app.add_option("--socket", line_.socket, Say("Unix socket of the agent"))
        ->type_name(Say("PATH"));
    app.add_option("--output", line_.output, Say("What is written: text or json"))
        ->check(CLI::IsMember({"text", "json"}))
        ->type_name(Say("FORMAT"));
    app.add_option("--lang", line_.lang, Say("Language of the texts: tr or en"))
        ->check(CLI::IsMember({"tr", "en"}))
        ->type_name(Say("LANG"));
    BuildStart(app);
    BuildJourney(app);
    BuildCard(app);
    BuildDoctor(app);
    Localise(app);
  }

 private:
  [[nodiscard]] std::string Say(const char* text) const { return texts_.Say(text); }

  CLI::App* Add(CLI::App& parent, const char* name, const char* text, Action action) {
    CLI::App* command = parent.add_subcommand(name, Say(text));
    command->fallthrough();
    command->group(Say("Commands"));
    if (action) {
      command->callback([this, action = std::move(action)] { line_.action = action; });
    }
    return command;
  }

  void BuildStart(CLI::App& app) {
    CLI::App* start = Add(app, "start", ILKIMZA_TEXT("Begin the guided journey, or go on with it"),
                          [this](Program& program) { return Start(program); });
    start->add_flag("--events", line_.events,
                    Say("Speak JSON lines, so that another program can answer"));
    std::vector<std::string> goals;
    for (int value = 1; value < v1::Goal_ARRAYSIZE; ++value) {
      goals.emplace_back(GoalOption(static_cast<v1::Goal>(value)));
    }
    start
        ->add_option("--goal", line_.goal,
                     Say("What to do: get-pin (the whole way), reset-word, list-certificates, "
                         "activate, update-info, unblock or revoke"))
        ->check(CLI::IsMember(goals))
        ->type_name(Say("GOAL"));
    auto* forgotten = start->add_flag("--forgotten", line_.forgotten,
                                      Say("The security word is forgotten: set a new one first"));
    auto* remembered =
        start->add_flag("--remembered", line_.remembered, Say("The security word is known"));
    forgotten->excludes(remembered);
    start->add_flag("--guided", line_.guided,
                    Say("The portal's steps in your own browser, by instructions"));
    start->add_flag("--no-browser", line_.no_browser,
                    Say("Tell the portal's address, and open no browser"));
    start
        ->add_option("--portal-host", line_.portal_host,
                     Say("Who visits the portal: agent, or server (weaker)"))
        ->check(CLI::IsMember({"agent", "server"}))
        ->type_name(Say("HOST"));
  }

  int Start(Program& program) {
    GuideOptions options;
    options.goal = GoalOfOption(line_.goal);
    if (line_.portal_host == "agent") options.portal_host = v1::PORTAL_HOST_AGENT;
    if (line_.portal_host == "server") options.portal_host = v1::PORTAL_HOST_SERVER;
    if (line_.forgotten || line_.remembered) options.forgotten = line_.forgotten;
    options.guided = line_.guided;
    const bool events = line_.events || program.settings.json;
    if (events) return StartEvents(program, std::move(options));
    const auto opener = line_.no_browser ? nullptr : DesktopPageOpener();
    return StartGuided(program, std::move(options), opener.get());
  }

  // A command that takes a journey or a card, named or not.
  using Command = int (*)(Program&, const CommandOptions&);
  CLI::App* AddCommand(CLI::App& parent, const char* name, const char* text, Command command) {
    return Add(parent, name, text,
               [this, command](Program& program) { return command(program, line_.options); });
  }

  void BuildJourney(CLI::App& app) {
    CLI::App* journey =
        Add(app, "journey", ILKIMZA_TEXT("Look at journeys, end them, take them up again"), {});
    journey->require_subcommand(1);
    CLI::App* list =
        AddCommand(*journey, "list", ILKIMZA_TEXT("List journeys, newest first"), JourneyList);
    list->add_flag("--active", line_.options.active_only, Say("Only those that have not ended"));
    list->add_option("--limit", line_.options.limit, Say("At most so many"))
        ->check(CLI::Range(1, 10000).description("{1-10000}"))
        ->type_name("N");
    CLI::App* show =
        AddCommand(*journey, "show", ILKIMZA_TEXT("Show a journey and its steps"), JourneyShow);
    show->add_flag("--timeline", line_.options.timeline, Say("With everything that happened"));
    CLI::App* watch =
        AddCommand(*journey, "watch", ILKIMZA_TEXT("Tell each change until it ends"), JourneyWatch);
    CLI::App* cancel = AddCommand(*journey, "cancel", ILKIMZA_TEXT("End a journey"), JourneyCancel);
    cancel->add_flag("--yes", line_.options.yes, Say("Do not ask whether that is meant"));
    CLI::App* retry = AddCommand(
        *journey, "retry", ILKIMZA_TEXT("Go on where a journey stopped or waits"), JourneyRetry);
    retry
        ->add_option(
            "--way",
            [this](const CLI::results_t& values) {
              line_.options.way = values.front() == "guided" ? v1::WAY_GUIDED : v1::WAY_DRIVEN;
              return true;
            },
            Say("The portal's steps: driven by İlkimza, or guided in your own browser"))
        ->check(CLI::IsMember({"driven", "guided"}))
        ->type_name(Say("WAY"));
    for (CLI::App* command : {show, watch, cancel, retry}) {
      command
          ->add_option("JOURNEY", line_.options.journey,
                       Say("Name of a journey; the newest under way if left out"))
          ->type_name("");
    }
  }

  void BuildCard(CLI::App& app) {
    CLI::App* card =
        Add(app, "card", ILKIMZA_TEXT("Look at cards, prove and change their PIN"), {});
    card->require_subcommand(1);
    AddCommand(*card, "list", ILKIMZA_TEXT("List readers and the cards in them"), CardList);
    CLI::App* show = AddCommand(*card, "show", ILKIMZA_TEXT("Show a card"), CardShow);
    CLI::App* certs =
        AddCommand(*card, "certs", ILKIMZA_TEXT("List the certificates of a card"), CardCerts);
    CLI::App* state =
        AddCommand(*card, "pin-state", ILKIMZA_TEXT("Show how many tries are left, spending none"),
                   CardPinState);
    CLI::App* verify =
        AddCommand(*card, "verify-pin", ILKIMZA_TEXT("Prove the PIN"), CardVerifyPin);
    CLI::App* change =
        AddCommand(*card, "change-pin", ILKIMZA_TEXT("Change the PIN"), CardChangePin);
    CLI::App* unblock = AddCommand(
        *card, "unblock", ILKIMZA_TEXT("Set a new PIN with the PUK; a wrong PUK costs a try"),
        CardUnblock);
    CLI::App* sign = AddCommand(*card, "test-sign",
                                ILKIMZA_TEXT("Sign a random challenge and check it"), CardTestSign);
    CLI::App* exported =
        AddCommand(*card, "export-cert", ILKIMZA_TEXT("Write a certificate of a card to a file"),
                   CardExportCert);
    AddCommand(*card, "watch", ILKIMZA_TEXT("Tell readers and cards as they come and go"),
               CardWatch);
    for (CLI::App* command : {verify, change, sign}) {
      command->add_flag("--allow-last-try", line_.options.allow_last_try,
                        Say("Use the last try; another wrong PIN then blocks the card"));
    }
    unblock->add_flag("--use-a-puk-try", line_.options.use_a_puk_try,
                      Say("Use a try of the PUK; when none is left, the card is lost for good"));
    for (CLI::App* command : {verify, change, unblock}) {
      command->add_flag("--on-reader", line_.options.on_reader,
                        Say("Type on the reader's own keys"));
    }
    BuildExport(*exported);
    for (CLI::App* command : {show, certs, state, verify, change, unblock, sign, exported}) {
      command
          ->add_option("CARD", line_.options.card,
                       Say("Name or serial of a card; the only one if left out"))
          ->type_name("");
    }
  }

  void BuildExport(CLI::App& command) {
    auto* named = command
                      .add_option("--certificate", line_.options.certificate,
                                  Say("The one whose fingerprint begins so"))
                      ->type_name(Say("FINGERPRINT"));
    command
        .add_flag("--signing", line_.options.signing,
                  Say("The one that signs: qualified, and with its key on the card"))
        ->excludes(named);
    command.add_option("--form", line_.options.form, Say("How it is written: pem or der"))
        ->check(CLI::IsMember({"pem", "der"}))
        ->type_name("FORM");
    command.add_option("--out", line_.options.out, Say("File to write; the screen if left out"))
        ->type_name(Say("FILE"));
    command.add_flag("--force", line_.options.force, Say("Write over a file that exists"));
  }

  void BuildDoctor(CLI::App& app) {
    // Not by way of an Action: those need an agent.
    CLI::App* doctor =
        Add(app, "doctor", ILKIMZA_TEXT("Find out what is in the way of signing"), {});
    doctor->callback([this] { line_.doctor = true; });
    doctor
        ->add_option("--report", line_.options.report,
                     Say("Write a report for the help desk, without personal data"))
        ->type_name(Say("FILE"));
    doctor->add_flag("--force", line_.options.force, Say("Write over a file that exists"));
  }

  // CLI11's own words.
  void Localise(CLI::App& app) {
    for (CLI::App* command : app.get_subcommands([](CLI::App*) { return true; })) {
      command->set_help_flag("-h,--help", Say("Print this help and end"));
      command->get_help_ptr()->group(Say("Options"));
      Localise(*command);
    }
    const auto formatter = std::make_shared<CLI::Formatter>();
    formatter->column_width(30);
    formatter->label("Usage", Say("Usage"));
    formatter->label("OPTIONS", Say("options"));
    formatter->label("SUBCOMMAND", Say("command"));
    formatter->label("SUBCOMMANDS", Say("commands"));
    formatter->label("Positionals", Say("Arguments"));
    formatter->label("Excludes", Say("not with"));
    app.formatter(formatter);
    app.get_formatter()->label("REQUIRED", Say("required"));
  }

  const Texts& texts_;
  CommandLine& line_;
};

// Names that are no UTF-8 cannot be sent, and name nothing.
absl::Status CheckNames(const CommandOptions& options) {
  const std::pair<const char*, const std::string&> names[] = {
      {"journey", options.journey}, {"card", options.card}, {"certificate", options.certificate}};
  for (const auto& [field, name] : names) {
    if (IsUtf8(name)) continue;
    return MakeError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_BAD_FIELD,
                     std::string("the name of the ") + field + " is no text (UTF-8)",
                     {{"field", field}});
  }
  return absl::OkStatus();
}

// Before the command line is understood.
bool AsksForJson(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--output=json") return true;
    if (argument == "--output" && i + 1 < argc) return std::string_view(argv[i + 1]) == "json";
  }
  return false;
}

// The options that CLI11's message names.
std::vector<std::string> OptionsIn(const std::string& message) {
  std::vector<std::string> options;
  for (const absl::string_view word : absl::StrSplit(message, absl::ByAnyChar(" :,[]"))) {
    if (absl::StartsWith(word, "--")) options.emplace_back(word);
  }
  return options;
}

// What "{a,b}" or "in range 1 to 2" in CLI11's message holds: the values that an option
// takes.
std::string ValuesIn(const std::string& message) {
  constexpr std::string_view kRange = " in range ";
  if (const size_t range = message.find(kRange); range != std::string::npos) {
    return absl::StrReplaceAll(message.substr(range + kRange.size()), {{" to ", "-"}});
  }
  const size_t begin = message.find('{');
  const size_t end = message.rfind('}');
  if (begin == std::string::npos || end == std::string::npos || end < begin) return "";
  return absl::StrReplaceAll(message.substr(begin + 1, end - begin - 1), {{",", ", "}});
}

// CLI11 speaks English only, and of what programs are made of.
std::string UsageSentence(const Texts& texts, CLI::App& app, const CLI::ParseError& error) {
  const std::string message = error.what();
  const std::vector<std::string> options = OptionsIn(message);
  const auto option = [&](size_t i) { return Printable(i < options.size() ? options[i] : "?"); };
  // CLI11 misses a command where there is one that it does not know.
  const std::vector<std::string> unknown = app.remaining(/*recurse=*/true);
  if (!unknown.empty()) {
    return absl::Substitute(texts.Say("\"$0\" is not known."), Printable(unknown.front()));
  }
  if (options.empty() && dynamic_cast<const CLI::RequiredError*>(&error) != nullptr) {
    return texts.Say("The command is missing.");
  }
  if (options.size() > 1 && dynamic_cast<const CLI::ExcludesError*>(&error) != nullptr) {
    return absl::Substitute(texts.Say("Only one of $0 and $1 can be given."), option(0), option(1));
  }
  if (!options.empty() && dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr) {
    return absl::Substitute(texts.Say("$0 takes one value, and only once."), option(0));
  }
  if (!options.empty()) {
    const std::string values = ValuesIn(message);
    if (values.empty())
      return absl::Substitute(texts.Say("$0 does not take this value."), option(0));
    return absl::Substitute(texts.Say("$0 takes one of: $1."), option(0), values);
  }
  return Printable(message);
}

int Usage(Screen& screen, const Settings& settings, CLI::App& app, const CLI::ParseError& error) {
  // Help and version are no errors.
  if (error.get_exit_code() == 0) {
    std::ostringstream out;
    app.exit(error, out, out);
    screen.Write(out.str());
    return screen.healthy() ? kExitOk : kExitInputOutput;
  }
  const Texts& texts = settings.texts;
  const Sentence sentence = {
      texts.Say("The command line is not understood:") + " " + UsageSentence(texts, app, error),
      texts.Say("\"ilkimza --help\" shows what there is.")};
  if (settings.json) {
    const absl::Status status =
        MakeError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_BAD_FIELD, error.what());
    return Fail(screen, settings, status, sentence, kExitUsage);
  }
  screen.WriteError(sentence.happened);
  screen.WriteError(sentence.next);
  return kExitUsage;
}

}  // namespace

int Fail(Screen& screen, const Settings& settings, const absl::Status& status) {
  return Fail(screen, settings, status, StatusSentence(settings.texts, status));
}

namespace {

// The doctor knows more about these than one sentence can tell.
bool ForTheDoctor(v1::ErrorReason reason) {
  switch (reason) {
    case v1::ERROR_REASON_AGENT_UNREACHABLE:
    case v1::ERROR_REASON_SERVER_UNREACHABLE:
    case v1::ERROR_REASON_SMART_CARD_SERVICE_STOPPED:
    case v1::ERROR_REASON_SMART_CARD_SERVICE_MISSING:
    case v1::ERROR_REASON_SMART_CARD_NOT_PERMITTED:
    case v1::ERROR_REASON_NO_READER:
    case v1::ERROR_REASON_CARD_MUTE:
    case v1::ERROR_REASON_CARD_UNSUPPORTED:
    case v1::ERROR_REASON_CARD_BUSY:
    case v1::ERROR_REASON_CARD_PROTOCOL:
    case v1::ERROR_REASON_CARD_TIMEOUT:
    case v1::ERROR_REASON_MODULE_FAILED:
      return true;
    default:
      return false;
  }
}

}  // namespace

int Fail(Screen& screen, const Settings& settings, const absl::Status& status,
         const Sentence& sentence, std::optional<int> exit_code) {
  const int code = exit_code.value_or(ExitCodeOf(status));
  if (settings.json) {
    Json json;
    json["error"] = ErrorToJson(status, sentence);
    json["error"]["exit_code"] = code;
    screen.WriteLine(Line(json));
    return code;
  }
  // May name programs of other makers.
  screen.WriteError(Printable(sentence.happened));
  screen.WriteError(sentence.next);
  const ErrorMetadata metadata = MetadataOf(status);
  if (const auto tries = metadata.find("tries_left"); tries != metadata.end()) {
    const bool puk = ReasonOf(status) == v1::ERROR_REASON_WRONG_PUK;
    screen.WriteError(
        (puk ? settings.texts.Say("Tries of the PUK left:") : settings.texts.Say("Tries left:")) +
        " " + Printable(tries->second));
  }
  if (const std::string detail(status.message()); !detail.empty()) {
    // In English, whatever is spoken.
    screen.WriteError(settings.texts.language() == Language::kEnglish
                          ? "(" + detail + ")"
                          : settings.texts.Say("For your IT department:") + " " + detail);
  }
  if (ForTheDoctor(ReasonOf(status))) {
    screen.WriteError(settings.texts.Say("\"ilkimza doctor\" finds out what is in the way."));
  }
  return code;
}

int Run(int argc, char** argv, Language language) {
  Screen screen;
  const Texts texts(LanguageOfArguments(argc, argv, language));
  CommandLine line;
  CLI::App app;
  app.name("ilkimza");
  TreeBuilder builder(texts, line);
  builder.Build(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return Usage(screen, {texts, line.socket, AsksForJson(argc, argv)}, app, error);
  }
  const Settings settings{texts, line.socket, line.output == "json"};
  if (const absl::Status status = CheckNames(line.options); !status.ok()) {
    return Fail(screen, settings, status);
  }
  const auto agent = AgentClient::Connect(settings.socket);
  if (line.doctor) {
    const int found = Doctor(screen, settings, line.options, agent);
    return screen.healthy() ? found : kExitInputOutput;
  }
  if (!agent.ok()) return Fail(screen, settings, agent.status());
  Program program{settings, screen, **agent};
  const int code = line.action(program);
  return screen.healthy() ? code : kExitInputOutput;
}

}  // namespace ilkimza::client
