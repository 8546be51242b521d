// A practice card in a reader, with OpenSC's tools beside it. Run by tests/support/isolated.
#ifndef ILKIMZA_TESTS_SANDBOX_CARD_OPENSC_FIXTURE_H_
#define ILKIMZA_TESTS_SANDBOX_CARD_OPENSC_FIXTURE_H_

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>

#include "sandbox/card/simulator.h"
#include "tests/sandbox/card/hex.h"
#include "tests/sandbox/card/pcsc.h"
#include "tests/support/process.h"

namespace ilkimza::sandbox {

class OpenscFixture : public ::testing::Test {
 protected:
  static void BeginSuite() { reader_ = new PcscReader; }
  static void EndSuite() {
    delete std::exchange(card_, nullptr);
    delete reader_;
  }
  // A new card in the reader.
  static void Insert(CardOptions options) {
    delete std::exchange(card_, nullptr);
    ASSERT_TRUE(reader_->WaitFor(SCARD_STATE_EMPTY));
    card_ = MakeCard(std::move(options)).release();
    ASSERT_TRUE(card_->Insert("localhost", 35963).ok());
    ASSERT_TRUE(reader_->WaitFor(SCARD_STATE_PRESENT));
  }

  // Runs a shell command in a directory of its own; its output and errors together. What
  // OpenSC is told lies there in "opensc.conf".
  testing::Finished Shell(const std::string& command) {
    return testing::Run({"sh", "-c", "cd " + directory_.path() + " && { " + command + "; } 2>&1"},
                        std::chrono::seconds(30),
                        {{"OPENSC_CONF", directory_ / "opensc.conf"}, {"LC_ALL", "C.UTF-8"}});
  }

  static inline PcscReader* reader_ = nullptr;
  static inline CardSimulator* card_ = nullptr;
  testing::TempDir directory_;
};

}  // namespace ilkimza::sandbox

#endif  // ILKIMZA_TESTS_SANDBOX_CARD_OPENSC_FIXTURE_H_
