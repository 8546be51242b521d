// The readers that are plugged in and the cards in them, as they come to be known: what
// PC/SC's states mean, which card is to be asked who it is, and how readers and cards
// are named and shown. Asks nobody itself: the monitor does (monitor.h).
//
// Not thread-safe: the monitor's lock guards it.
#ifndef ILKIMZA_AGENT_CARD_READER_TABLE_H_
#define ILKIMZA_AGENT_CARD_READER_TABLE_H_

#include <winscard.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "agent/card/families.h"
#include "agent/card/pinpad.h"
#include "agent/card/snapshot.h"

namespace ilkimza::agent {

// PC/SC's name for "a reader was plugged in or out".
inline constexpr char kPlugAndPlay[] = R"(\\?PnP?\Notification)";

class ReaderTable {
 public:
  // Whom to ask what, after states were taken.
  struct Questions {
    std::vector<CardFacts> cards;
    // Names of readers, and which plugging in of that name is meant.
    std::vector<std::pair<std::string, uint64_t>> keys;
  };

  explicit ReaderTable(std::shared_ptr<const CardFamilies> families)
      : families_(std::move(families)) {}

  // The readers there are, in PC/SC's order. Returns the names of those that are gone.
  std::vector<std::string> SetReaders(const std::vector<std::string>& names);

  // What GetStatusChange is to be called with. The names in it live until the next
  // SetReaders.
  [[nodiscard]] std::vector<SCARD_READERSTATE> StatesToWaitFor() const;
  // `holders`: who may have a card that is in use exclusively.
  Questions TakeStates(const std::vector<SCARD_READERSTATE>& states,
                       const std::vector<std::string>& holders);

  // The answer of the card of that stay to who it is.
  struct Taken {
    // False: that stay is over, and nothing was taken.
    bool current = false;
    // How long to wait before it is asked again, where it is to be.
    std::optional<absl::Duration> ask_again;
  };
  Taken TakeIdentity(const std::string& name, uint64_t insertion,
                     const absl::StatusOr<IdentifiedCard>& identified);
  // The answer of a reader to whether it has keys; false where it is gone.
  bool TakeKeys(const std::string& name, uint64_t plugged,
                const absl::StatusOr<PinpadFeatures>& features);

  // Another card than the one that is known turned out to be in the reader: the facts to
  // ask it by. Nothing where it is being asked already, or nobody speaks for its kind.
  std::optional<CardFacts> BeginAnew(const std::string& name);
  // The same for a card that has not said who it is, if it is still there.
  std::optional<CardFacts> AskOnceMore(const std::string& name, uint64_t insertion);

  // Which stay of a card, or of none, is under way in that reader; 0 where it is gone.
  [[nodiscard]] uint64_t InsertionIn(const std::string& name) const;
  // In PC/SC's order.
  [[nodiscard]] std::vector<SeenReader> Seen() const;

 private:
  // A reader as PC/SC sees it, and as it is shown.
  struct Watched {
    DWORD state = SCARD_STATE_UNAWARE;
    SeenReader seen;
    bool identified = false;
    // Tells a reader from one plugged in later under the same name.
    uint64_t plugged = 0;
    enum class Keys { kUnasked, kAsking, kKnown } keys = Keys::kUnasked;
    absl::Duration ask_again;
    int module_failures = 0;
  };

  void Add(const std::string& name);
  void TakeState(Watched& watched, const SCARD_READERSTATE& state);
  // Nothing is known of what is in the reader from here on.
  void NewStay(Watched& watched);
  void NewCard(Watched& watched, std::string_view atr);
  static std::optional<absl::Duration> TakeTrouble(Watched& watched, const absl::Status& trouble);
  static absl::Duration NextPause(Watched& watched);

  const std::shared_ptr<const CardFamilies> families_;
  std::vector<std::string> order_;
  std::map<std::string, Watched> readers_;
  uint64_t last_insertion_ = 0;
  uint64_t last_plugged_ = 0;
};

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_CARD_READER_TABLE_H_
