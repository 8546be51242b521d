// The smart-card service as a test sees it: `tests/support/isolated` started it.
#ifndef ILKIMZA_TESTS_SANDBOX_CARD_PCSC_H_
#define ILKIMZA_TESTS_SANDBOX_CARD_PCSC_H_

#include <gtest/gtest.h>
#include <winscard.h>

#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>

#include "tests/sandbox/card/hex.h"

namespace ilkimza::sandbox {

// One context and its reader of that number, counted from 0.
class PcscReader {
 public:
  explicit PcscReader(int number = 0) {
    EXPECT_EQ(SCardEstablishContext(SCARD_SCOPE_SYSTEM, nullptr, nullptr, &context_),
              SCARD_S_SUCCESS);
    char names[1024];
    DWORD size = sizeof names;
    EXPECT_EQ(SCardListReaders(context_, nullptr, names, &size), SCARD_S_SUCCESS);
    // The names follow one another, each with its end.
    const char* name = names;
    for (int i = 0; i < number; ++i) name += std::strlen(name) + 1;
    name_ = name;
  }
  PcscReader(const PcscReader&) = delete;
  PcscReader& operator=(const PcscReader&) = delete;
  ~PcscReader() { SCardReleaseContext(context_); }

  // Waits until the card of the last test is gone, also for the service: it counts
  // insertions and removals in the upper half of the state, and shows a card that died as
  // gone before it has counted that. False after ten seconds without a change.
  [[nodiscard]] bool WaitUntilGone() {
    SCARD_READERSTATE state{};
    state.szReader = name_.c_str();
    do {
      state.dwCurrentState = state.dwEventState;
      if (SCardGetStatusChange(context_, 10'000, &state, 1) != SCARD_S_SUCCESS) return false;
    } while ((state.dwEventState & SCARD_STATE_EMPTY) == 0 || (state.dwEventState >> 16) % 2 != 0);
    return true;
  }

  // Waits for events until one of `flags` and none of `without` is set; false where
  // nothing changes for ten seconds.
  [[nodiscard]] bool WaitFor(DWORD flags, DWORD without = 0) {
    SCARD_READERSTATE state{};
    state.szReader = name_.c_str();
    for (;;) {
      constexpr DWORD kTenSeconds = 10'000;
      if (SCardGetStatusChange(context_, kTenSeconds, &state, 1) != SCARD_S_SUCCESS) return false;
      const DWORD now = state.dwEventState;
      if ((now & flags) != 0 && (now & without) == 0) return true;
      state.dwCurrentState = state.dwEventState;
    }
  }

  [[nodiscard]] LONG Connect() {
    DWORD protocol = 0;
    return SCardConnect(context_, name_.c_str(), SCARD_SHARE_SHARED, SCARD_PROTOCOL_T1, &card_,
                        &protocol);
  }
  void Disconnect(DWORD disposition) { SCardDisconnect(card_, disposition); }

  // Both in hex; an error of the service as "error 80100069".
  [[nodiscard]] std::string Send(std::string_view command) {
    const std::string bytes = Bytes(command);
    unsigned char answer[300];
    DWORD size = sizeof answer;
    const LONG result =
        SCardTransmit(card_, SCARD_PCI_T1, reinterpret_cast<const unsigned char*>(bytes.data()),
                      bytes.size(), nullptr, answer, &size);
    if (result == SCARD_S_SUCCESS) {
      return Hex(std::string_view(reinterpret_cast<char*>(answer), size));
    }
    char text[32];
    std::snprintf(text, sizeof text, "error %08lX",
                  static_cast<unsigned long>(result) & 0xFFFFFFFF);
    return text;
  }

 private:
  SCARDCONTEXT context_ = 0;
  SCARDHANDLE card_ = 0;
  std::string name_;
};

}  // namespace ilkimza::sandbox

#endif  // ILKIMZA_TESTS_SANDBOX_CARD_PCSC_H_
