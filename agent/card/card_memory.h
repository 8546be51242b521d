// What was read from the cards in the readers, kept while they stay there: saves a
// real card some twenty commands of about 20 ms each.
//
// Holds the certificates, which are public but name their holder: in memory only, and
// no longer than the card's stay (`Forget`). Only those of authorities, which name nobody
// who holds a card and are the same on many, are kept for the next card. Holds nothing secret.
//
// What makes it safe to use: it is tied to one stay in one reader; certificates are
// given out again only after the card has told its serial in the same transaction, or
// has shown the beginning of the holder's own one anew, which no other card has, and for
// at most kTrusted after they were read, since another program may write to the card;
// and no attempt relies on it before the card has told its serial.
#ifndef ILKIMZA_AGENT_CARD_CARD_MEMORY_H_
#define ILKIMZA_AGENT_CARD_CARD_MEMORY_H_

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "agent/card/card.h"
#include "agent/card/pkcs15.h"

namespace ilkimza::agent {

struct CardMemory {
  // As it was told last, and the connection's epoch at that time (connection.h).
  std::string serial;
  uint64_t serial_epoch = 0;

  std::optional<ObjectDirectory> directory;
  std::optional<std::vector<PinObject>> pins;
  std::optional<std::vector<PrivateKeyObject>> keys;

  std::optional<std::vector<CardCertificateEntry>> certificates;
  absl::Time certificates_read;
  // Of the card they were read from; empty where it was not surely known then.
  std::string certificates_serial;
  // The holder's own certificate, the last one that was read, and its bytes.
  std::optional<CertificateObject> stamp;
  std::string stamp_content;
  // Which is still the selected file, as far as we know.
  bool stamp_selected = false;
  // Another program has selected a file in between: it is not taken on trust any more.
  bool others_select = false;

  // Of the PKCS#15 application, where the family had to look for it; see pkcs15_card.h.
  std::optional<int> profile;
  // The id it was selected by, or the path, where the card takes no id.
  std::string application_id;
  std::string application_path;
  std::string serial_file;
};

inline constexpr absl::Duration kTrusted = absl::Minutes(5);

// Thread-safe.
class CardMemories {
 public:
  // Empty where nothing is known of that stay, and where a job that was ended took it:
  // then the card is read anew. Back with `Put`.
  [[nodiscard]] CardMemory Take(const CardFacts& facts);
  void Put(const CardFacts& facts, CardMemory memory);
  void Forget(const CardFacts& facts);

  // A certificate of an authority, as DER: the last few of them are kept.
  void KeepAuthority(const std::string& der);
  // The one of `size` bytes that begins so.
  [[nodiscard]] std::optional<std::string> FindAuthority(std::string_view beginning,
                                                         std::size_t size) const;

 private:
  struct Entry {
    uint64_t insertion = 0;
    CardMemory memory;
  };
  mutable std::mutex mutex_;
  // By reader.
  std::map<std::string, Entry, std::less<>> entries_;
  std::deque<std::string> authorities_;
};

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_CARD_CARD_MEMORY_H_
