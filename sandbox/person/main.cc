// ilkimza-sandbox-person: plays a holder of the sandbox for a program that speaks
// the events of `ilkimza start --events`.
//
//   ilkimza-sandbox-person --phone URL --ca-file FILE -- ilkimza start --events
//
// Exit codes: 0 when the journey succeeded, 1 when it did not, 64 for wrong use, 69
// when the sandbox or the program cannot be reached.
#include <sysexits.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "sandbox/person/child.h"
#include "sandbox/person/diary.h"
#include "sandbox/person/person.h"

namespace {

using ilkimza::sandbox::Child;
using ilkimza::sandbox::Diary;
using ilkimza::sandbox::Person;
using ilkimza::sandbox::PersonOptions;
using ilkimza::sandbox::Tongue;
using ilkimza::sandbox::Web;
using nlohmann::json;
using Clock = std::chrono::steady_clock;

struct Flags {
  std::string phone;
  std::string ca_file;
  PersonOptions person;
  std::string tongue = "tr";
  std::vector<std::string> mistakes;
  bool keep_copy = false;
  bool no_drawing = false;
  int pace_ms = 0;
  int limit_seconds = 300;
  std::vector<std::string> command;
};

void Declare(CLI::App& app, Flags& flags) {
  app.set_version_flag("--version", "ilkimza-sandbox-person 0.1.0");
  app.add_option("--phone", flags.phone, "the sandbox's phone_url")->required();
  app.add_option("--ca-file", flags.ca_file, "the sandbox's ca_file")->required();
  app.add_option("--holder", flags.person.holder, "which holder of the world, from 1");
  app.add_option("--lang", flags.tongue, "tr or en")->check(CLI::IsMember({"tr", "en"}));
  app.add_flag("--forgot-word", flags.person.forgot_word, "does not know the security word");
  app.add_flag("--keep-copy", flags.keep_copy, "does not let the portal's copy be deleted");
  app.add_option("--mistake", flags.mistakes, "makes this mistake once; may be given often")
      ->check(CLI::IsMember({"captcha", "word", "words", "mail", "link", "sms", "pin", "serial"}));
  app.add_option("--retries", flags.person.retries, "tries a stopped journey again so often");
  app.add_option("--slot", flags.person.slot, "puts the card into this slot; 0: does not");
  app.add_flag("--no-drawing", flags.no_drawing, "does not draw captchas");
  app.add_option("--pace-ms", flags.pace_ms, "thinks so long before each answer");
  app.add_option("--limit-seconds", flags.limit_seconds, "gives up after that");
  app.add_option("command", flags.command, "the program, after --")->required();
}

int Fail(int code, std::string_view sentence) {
  std::cerr << "ilkimza-sandbox-person: " << sentence << "\n";
  return code;
}

// Listens and answers until the program ends or the time is over.
void Converse(const Flags& flags, Child& child, Person& person, Diary& diary) {
  const auto deadline = Clock::now() + std::chrono::seconds(flags.limit_seconds);
  std::string text;
  while (Clock::now() < deadline) {
    const Child::Heard heard = child.ReadLine(std::chrono::milliseconds(500), text);
    if (heard == Child::Heard::kEnd) return;
    if (heard == Child::Heard::kNothing) continue;
    const json line = json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (!line.is_object()) continue;
    if (const std::string headline = diary.Hear(line, Clock::now()); !headline.empty()) {
      std::cout << "── " << headline << "\n" << std::flush;
    }
    for (const json& answer : person.Hear(line)) {
      std::this_thread::sleep_for(std::chrono::milliseconds(flags.pace_ms));
      if (!child.WriteLine(answer.dump())) return;
    }
  }
  std::cout << "── " << flags.limit_seconds << " s\n";
}

int Run(Flags flags) {
  const bool turkish = flags.tongue == "tr";
  flags.person.tongue = turkish ? Tongue::kTurkish : Tongue::kEnglish;
  flags.person.deletes_copy = !flags.keep_copy;
  flags.person.draws = !flags.no_drawing;
  flags.person.mistakes.insert(flags.mistakes.begin(), flags.mistakes.end());
  const Web web(flags.phone.ends_with("/") ? flags.phone : flags.phone + "/", flags.ca_file);
  Person person(flags.person, web, [](const std::string& line) {
    std::cout << line << "\n" << std::flush;
  });
  if (const absl::Status status = person.WakeUp(); !status.ok()) {
    return Fail(absl::IsInvalidArgument(status) ? EX_USAGE : EX_UNAVAILABLE,
                std::string(status.message()));
  }
  absl::StatusOr<std::unique_ptr<Child>> child = Child::Start(flags.command);
  if (!child.ok()) return Fail(EX_UNAVAILABLE, std::string(child.status().message()));

  Diary diary;
  const auto start = Clock::now();
  Converse(flags, **child, person, diary);
  diary.Close(Clock::now());
  const json& result = person.result();
  const bool came = !result.is_null();
  (*child)->CloseInput();
  // Without a last line the program is stuck: its end is not waited for.
  const int exit_code = came ? (*child)->Wait() : -1;

  std::cout << "\n"
            << (turkish ? diary.Table("Adım", "Sonuç", "Saniye")
                        : diary.Table("Step", "Outcome", "Seconds"));
  const std::string outcome = came ? result.value("outcome", "") : "";
  if (came) std::cout << "\n" << outcome << ": " << result.value("sentence", "") << "\n";
  std::cout << std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - start).count()
            << " s\n";
  return outcome == "SUCCEEDED" && exit_code == 0 ? EX_OK : 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Plays a holder of the sandbox for `ilkimza start --events`.");
  Flags flags;
  Declare(app, flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? EX_OK : EX_USAGE;
  }
  return Run(std::move(flags));
}
