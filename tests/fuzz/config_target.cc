// The agent's configuration, which is TOML read strictly: what is wrong is said in one
// sentence that names the file.
#include <fstream>
#include <iterator>

#include "agent/config.h"
#include "base/error.h"
#include "tests/fuzz/target.h"

namespace ilkimza::fuzz {

bool TakeInput(std::string_view input) {
  static const agent::Machine machine{.user = "ayse",
                                      .host = "pc7",
                                      .runtime_directory = "/run/user/1000",
                                      .state_home = "/home/ayse/.local/state"};
  const auto config = agent::ParseConfig(input, "/nowhere/agent.toml", machine);
  if (!config.ok()) {
    FUZZ_CHECK(ReasonOf(config.status()) == v1::ERROR_REASON_BAD_CONFIGURATION);
    FUZZ_CHECK(config.status().message().find("/nowhere/agent.toml") == 0);
    return false;
  }
  FUZZ_CHECK(config->name.substr(0, 7) == "agents/" && agent::IsAgentId(config->name.substr(7)));
  FUZZ_CHECK(config->socket.front() == '/' && config->state_directory.front() == '/');
  FUZZ_CHECK(agent::Validate(config->pin_policy).ok());
  return true;
}

std::vector<std::string> Seeds() {
  std::ifstream file(ILKIMZA_SOURCE_DIR "/deploy/agent.toml");
  return {std::string(std::istreambuf_iterator<char>(file), {}),
          "agent.id = 'ayse-pc7'\nserver.address = 'localhost:7450'\n[pin]\nmin_length = 8\n",
          "[agent]\nlog_level = \"debug\"\nsocket = 'run/agent.sock'\n[server]\n"
          "address = \"localhost:7450\"\n[portal]\nprofile = 'kamusm'\n"};
}

std::vector<std::string> Words() {
  return {"[agent]",
          "[server]",
          "[portal]",
          "[pin]",
          "[[pin]]",
          "min_length = 4",
          "= true",
          "= 1.5",
          "= -1",
          "= []",
          "= {}",
          "\"\"\"",
          "'''",
          "\\u0000",
          "\\U0010FFFF",
          "a.b.c = 1",
          "1979-05-27T07:32:00Z",
          "inf",
          "0x",
          "#",
          "\n",
          "[",
          "{"};
}

}  // namespace ilkimza::fuzz
