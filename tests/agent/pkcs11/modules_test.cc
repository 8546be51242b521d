// Modules in their process: every badness is an error, and nothing more.
#include "agent/pkcs11/modules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <p11-kit/pkcs11.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/sanitized.h"
#include "tests/agent/pkcs11/rude_modules.h"

namespace ilkimza::agent::pkcs11 {
namespace {

#ifdef ILKIMZA_SANITIZED
// Each sanitizer has an end of its own for a program that crashes, or exits while it loads
// a library.
constexpr char kEndOfACrash[] = "ended";
constexpr char kEndOfAnExit[] = "ended";
#else
constexpr char kEndOfACrash[] = "was ended by signal 11";
constexpr char kEndOfAnExit[] = "exit code 7";
#endif

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using State = ModuleStatus::State;

class ModulesTest : public ::testing::Test {
 protected:
  // A set with the one rude module of that name.
  Module& Make(const std::string& name, ModuleTimeouts timeouts = {}) {
    path_ = rude_.Make(name);
    modules_ = std::make_unique<Modules>(OptionsFor({path_}, timeouts));
    return *modules_->modules().front();
  }
  [[nodiscard]] int Calls(const std::string& function) const {
    return RudeModules::Calls(path_, function);
  }
  [[nodiscard]] ModuleStatus Status() const { return modules_->Statuses().front(); }
  static void ExpectFailed(const absl::Status& status, const std::string& part) {
    EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_MODULE_FAILED) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(part));
    EXPECT_THAT(MetadataOf(status)["module"], ::testing::EndsWith(".so"));
  }

  RudeModules rude_;
  std::string path_;
  std::unique_ptr<Modules> modules_;
};

TEST_F(ModulesTest, AGoodModuleAnswers) {
  Module& module = Make("good");
  EXPECT_EQ(Status().state, State::kUnused);
  {
    auto use = module.Use();
    ASSERT_TRUE(use.ok()) << use.status();
    const auto slots = use->Slots();
    ASSERT_TRUE(slots.ok()) << slots.status();
    ASSERT_THAT(*slots, SizeIs(1));
    EXPECT_EQ(slots->front().id, 7);
    EXPECT_EQ(slots->front().description, kRudeReader);
    const auto token = use->ReadToken(7);
    ASSERT_TRUE(token.ok()) << token.status();
    EXPECT_EQ(token->label, "Rude token");
    EXPECT_EQ(token->serial, "4711-0815");
    EXPECT_EQ(token->min_pin, 4);
    const auto list = use->Certificates(7);
    ASSERT_TRUE(list.ok()) << list.status();
    EXPECT_THAT(list->certificates, IsEmpty());
    EXPECT_TRUE(use->Open(7).ok());
    EXPECT_EQ(*use->Login(User::kHolder, "9999"), CKR_PIN_INCORRECT);
    EXPECT_EQ(*use->Login(User::kHolder, "1234"), CKR_OK);
    EXPECT_TRUE(use->Close().ok());
    EXPECT_EQ(*use->SetPin("1234", "295174"), CKR_SESSION_HANDLE_INVALID);
  }
  EXPECT_EQ(Calls("login"), 2);
  EXPECT_EQ(Calls("logout"), 1);
  EXPECT_EQ(Status().state, State::kLoaded);
  EXPECT_EQ(Status().description, "Rude Cards Ltd., Rude module?[31m 4.2");
  EXPECT_THAT(Status().sentence, IsEmpty());
}

TEST_F(ModulesTest, AProcessThatSawAPinEndsWithTheUse) {
  Module& module = Make("good");
  for (int i = 0; i < 2; ++i) {
    auto use = module.Use();
    ASSERT_TRUE(use.ok());
    ASSERT_TRUE(use->Open(7).ok());
    EXPECT_EQ(*use->Login(User::kHolder, "1234"), CKR_OK);
  }
  EXPECT_EQ(Calls("initialize"), 2);
  EXPECT_EQ(Calls("logout"), 2);
  EXPECT_EQ(Calls("finalize"), 2);
}

TEST_F(ModulesTest, AProcessWithoutAPinIsKeptUntilItIsIdle) {
  Module& module = Make("good", {.idle = absl::Hours(1)});
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(module.Use().ok());
  EXPECT_EQ(Calls("initialize"), 1);
  Module& busy = Make("good-too", {.idle = absl::Milliseconds(1)});
  EXPECT_TRUE(busy.Use().ok());
  // Ended by itself, and properly.
  while (Calls("finalize") == 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_TRUE(busy.Use().ok());
  EXPECT_EQ(Calls("initialize"), 2);
}

TEST_F(ModulesTest, EachStayOfACardHasAProcessOfItsOwn) {
  Module& module = Make("good");
  for (const uint64_t stay : {1, 1, 2, 2, 1}) EXPECT_TRUE(module.Use(stay).ok());
  EXPECT_EQ(Calls("initialize"), 3);
  EXPECT_EQ(Calls("finalize"), 2);
}

TEST_F(ModulesTest, CrashAtLoad) {
  ExpectFailed(Make("crash-at-load").Use().status(), kEndOfACrash);
  EXPECT_EQ(Status().state, State::kFailed);
  EXPECT_THAT(Status().sentence, HasSubstr("crash-at-load.so"));
}

TEST_F(ModulesTest, ExitAtLoad) { ExpectFailed(Make("exit-at-load").Use().status(), kEndOfAnExit); }

TEST_F(ModulesTest, HangAtLoad) {
  ModuleTimeouts timeouts;
  timeouts.load = absl::Milliseconds(300);
  ExpectFailed(Make("hang-at-load", timeouts).Use().status(), "did not answer within 300ms");
}

TEST_F(ModulesTest, HangInSlots) {
  auto use = Make("hang-in-slots", ShortTimeouts()).Use();
  ASSERT_TRUE(use.ok()) << use.status();
  ExpectFailed(use->Slots().status(), "did not answer within 1s");
  // What failed has failed: nothing starts it again under our feet.
  ExpectFailed(use->Slots().status(), "did not answer within 1s");
  EXPECT_EQ(Calls("slots"), 1);
  EXPECT_EQ(Calls("initialize"), 1);
}

TEST_F(ModulesTest, InterruptedAttemptsAreNeverRepeated) {
  for (const std::string name : {"crash-in-login", "hang-in-login", "exit-in-login"}) {
    Module& module = Make(name, ShortTimeouts());
    {
      auto use = module.Use();
      ASSERT_TRUE(use.ok()) << use.status();
      ASSERT_TRUE(use->Open(7).ok());
      const auto rv = use->Login(User::kHolder, "1234");
      EXPECT_EQ(ReasonOf(rv.status()), v1::ERROR_REASON_ATTEMPT_UNKNOWN) << rv.status();
      EXPECT_EQ(MetadataOf(rv.status())["module"], name + ".so");
      EXPECT_THAT(std::string(rv.status().message()), Not(HasSubstr("1234")));
      // Without a process nothing is sent any more.
      EXPECT_EQ(*use->Login(User::kHolder, "1234"), CKR_SESSION_HANDLE_INVALID);
    }
    EXPECT_EQ(Calls("login"), 1) << name;
    EXPECT_EQ(Status().state, State::kFailed);
  }
}

TEST_F(ModulesTest, InterruptedChangesAreNeverRepeated) {
  for (const std::string name : {"crash-in-set-pin", "crash-in-init-pin"}) {
    auto use = Make(name).Use();
    ASSERT_TRUE(use.ok()) << use.status();
    ASSERT_TRUE(use->Open(7).ok());
    const bool set = name == "crash-in-set-pin";
    const auto rv = set ? use->SetPin("1234", "295174") : use->InitPin("295174");
    EXPECT_EQ(ReasonOf(rv.status()), v1::ERROR_REASON_ATTEMPT_UNKNOWN) << rv.status();
    EXPECT_EQ(Calls(set ? "set-pin" : "init-pin"), 1);
  }
}

TEST_F(ModulesTest, GarbageIsRefused) {
  {
    auto use = Make("garbage-slots").Use();
    ASSERT_TRUE(use.ok());
    ExpectFailed(use->Slots().status(), "answered C_GetSlotList with what cannot be");
  }
  for (const std::string name : {"garbage-attribute", "garbage-count"}) {
    auto use = Make(name).Use();
    ASSERT_TRUE(use.ok());
    ExpectFailed(use->Certificates(7).status(), "with what cannot be");
  }
  ExpectFailed(Make("no-list").Use().status(), "C_GetFunctionList");
  auto use = Make("writes-to-the-agent").Use();
  ExpectFailed(use.status(), "makes no sense");
}

TEST_F(ModulesTest, Quirks) {
  for (const std::string name : {"only-null", "never-null", "already-initialized", "floods"}) {
    auto use = Make(name).Use();
    ASSERT_TRUE(use.ok()) << name << use.status();
    EXPECT_TRUE(use->Slots().ok());
  }
  auto use = Make("read-only").Use();
  ASSERT_TRUE(use.ok());
  EXPECT_TRUE(use->Open(7).ok());
}

TEST_F(ModulesTest, RefusalsAreNamed) {
  ExpectFailed(Make("never-starts").Use().status(), "CKR_DEVICE_ERROR to C_Initialize");
  auto holes = Make("holes").Use();
  ASSERT_TRUE(holes.ok());
  EXPECT_THAT(std::string(holes->ReadToken(7).status().message()),
              HasSubstr("CKR_FUNCTION_NOT_SUPPORTED to C_GetTokenInfo"));
  auto removed = Make("removed").Use();
  ASSERT_TRUE(removed.ok());
  EXPECT_EQ(ReasonOf(removed->ReadToken(7).status()), v1::ERROR_REASON_CARD_REMOVED);
}

TEST_F(ModulesTest, ALibraryThatIsNoModule) {
  modules_ = std::make_unique<Modules>(OptionsFor({ILKIMZA_NO_MODULE}));
  ExpectFailed(modules_->modules().front()->Use().status(), "no function C_GetFunctionList");
}

#ifndef ILKIMZA_SANITIZED
TEST_F(ModulesTest, AModuleThatEatsMemoryIsStopped) {
  ExpectFailed(Make("eats-memory").Use().status(), "was ended by signal 6");
}
#endif

TEST_F(ModulesTest, FailuresInARowAreFollowedByAPause) {
  Module& module = Make("never-starts", ShortTimeouts());
  ExpectFailed(module.Use().status(), "does not start");
  ExpectFailed(module.Use().status(), "does not start");
  const int calls = Calls("initialize");
  ExpectFailed(module.Use().status(), "failed 2 times in a row");
  EXPECT_EQ(Calls("initialize"), calls);
}

TEST_F(ModulesTest, TheNextUseStartsANewProcess) {
  Module& module = Make("hang-in-slots", ShortTimeouts());
  {
    auto use = module.Use();
    ASSERT_TRUE(use.ok());
    EXPECT_FALSE(use->Slots().ok());
  }
  auto use = module.Use();
  ASSERT_TRUE(use.ok()) << use.status();
  EXPECT_TRUE(use->ReadToken(7).ok());
}

TEST_F(ModulesTest, OneUserAtATime) {
  Module& module = Make("good", {.busy = absl::Milliseconds(50)});
  auto first = module.Use();
  ASSERT_TRUE(first.ok());
  absl::Status second;
  std::thread([&] { second = module.Use().status(); }).join();
  EXPECT_EQ(ReasonOf(second), v1::ERROR_REASON_CARD_BUSY) << second;
  EXPECT_TRUE(first->Slots().ok());
}

TEST_F(ModulesTest, AModuleThatFailsDoesNotTouchTheOthers) {
  modules_ = std::make_unique<Modules>(
      OptionsFor({rude_.Make("crash-at-load"), rude_.Make("good"), rude_ / "not-there.so"}));
  const auto statuses = modules_->Check();
  ASSERT_THAT(statuses, SizeIs(3));
  EXPECT_EQ(statuses[0].state, State::kFailed);
  EXPECT_EQ(statuses[1].state, State::kLoaded);
  EXPECT_EQ(statuses[2].state, State::kMissing);
  EXPECT_THAT(statuses[2].sentence, HasSubstr("not-there.so"));
}

TEST_F(ModulesTest, TheProcessInheritsNothing) {
  // Without close-on-exec, as a careless library leaves it.
  const int left_open = dup2(STDERR_FILENO, 77);
  ASSERT_EQ(left_open, 77);
  setenv("OPENSC_DEBUG", "9", 1);
  EXPECT_TRUE(Make("good").Use().ok());
  close(left_open);
  unsetenv("OPENSC_DEBUG");
  EXPECT_EQ(Calls("initialize"), 1);
  EXPECT_EQ(Calls("descriptor-inherited"), 0);
  EXPECT_EQ(Calls("debug-variable-inherited"), 0);
}

// What becomes of the helper of an agent that is killed once `function` was called in the
// module: `waitpid`'s status.
class DyingAgentTest : public ModulesTest {
 protected:
  DyingAgentTest() { prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }
  ~DyingAgentTest() override { prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0); }

  int HelperAfter(const std::string& name, const std::string& function) {
    path_ = rude_.Make(name);
    const pid_t agent = fork();
    EXPECT_GE(agent, 0);
    if (agent == 0) {
      Modules modules(OptionsFor({path_}));
      auto use = modules.modules().front()->Use();
      if (use.ok() && use->Open(7).ok()) static_cast<void>(use->Login(User::kHolder, "1234"));
      while (true) pause();
    }
    while (Calls(function) == 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    kill(agent, SIGKILL);
    EXPECT_EQ(waitpid(agent, nullptr, 0), agent);
    // The helper is ours now, and ends.
    int status = 0;
    EXPECT_GT(waitpid(-1, &status, 0), 0);
    return status;
  }
};

TEST_F(DyingAgentTest, AModuleThatIsLoggedInLogsOut) {
  const int status = HelperAfter("good", "login");
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(Calls("logout"), 1);
  EXPECT_EQ(Calls("finalize"), 1);
}

TEST_F(DyingAgentTest, AModuleThatHangsDies) {
  for (const std::string function : {"login", "logout", "finalize"}) {
    const int status = HelperAfter("hang-in-" + function, "login");
    EXPECT_TRUE(WIFSIGNALED(status)) << function;
    EXPECT_EQ(WTERMSIG(status), SIGALRM) << function;
  }
}

// Those of any thread of this process.
std::vector<pid_t> Children() {
  std::vector<pid_t> children;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream file(task.path() / "children");
    for (pid_t child = 0; file >> child;) children.push_back(child);
  }
  return children;
}

// It is sent to every process of the agent's service; the agent ends its own.
TEST_F(ModulesTest, TheEndOfTheServiceDoesNotInterruptAModule) {
  auto use = Make("good").Use();
  ASSERT_TRUE(use.ok()) << use.status();
  ASSERT_TRUE(use->Open(7).ok());
  EXPECT_EQ(*use->Login(User::kHolder, "1234"), CKR_OK);
  const std::vector<pid_t> helpers = Children();
  ASSERT_THAT(helpers, SizeIs(1));
  EXPECT_EQ(kill(helpers.front(), SIGTERM), 0);
  EXPECT_TRUE(use->Close().ok());
  EXPECT_EQ(Calls("logout"), 1);
}

TEST_F(ModulesTest, AMissingHelperIsNamed) {
  ModuleOptions options = OptionsFor({rude_.Make("good")});
  options.helper = rude_ / "no-helper";
  modules_ = std::make_unique<Modules>(options);
  const absl::Status status = modules_->modules().front()->Use().status();
  EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_MODULE_FAILED);
  EXPECT_THAT(std::string(status.message()), HasSubstr("no-helper"));
}

TEST(ModuleDefaultsTest, TheHelperLiesBesideTheProgram) {
  EXPECT_EQ(HelperBeside(), ILKIMZA_PKCS11_HELPER);
  // Started by hand it says what it is, and ends.
  EXPECT_EQ(testing::Run({HelperBeside()}, std::chrono::seconds(20)).exit_code, 64);
}

TEST(ModuleDefaultsTest, MissingDefaultsAreSilent) {
  for (const std::string& path : DefaultModulePaths()) EXPECT_EQ(path.front(), '/');
  const Modules modules{ModuleOptions{}};
  for (const ModuleStatus& status : modules.Statuses()) {
    EXPECT_NE(status.state, State::kMissing) << status.path;
    EXPECT_FALSE(status.configured);
  }
}

}  // namespace
}  // namespace ilkimza::agent::pkcs11
