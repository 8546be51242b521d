// A card that keeps its objects in PKCS#15 files: what AKİS v1 and the PKCS#15 family
// share. A family says how a file is selected and where the object directory is; this
// class reads no more of it than is asked for, and remembers it (card_memory.h).
//
// Lives within one CardFamily::Use; what it learnt is put back when it goes.
#ifndef ILKIMZA_AGENT_CARD_FILE_CARD_H_
#define ILKIMZA_AGENT_CARD_FILE_CARD_H_

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/card/card.h"
#include "agent/card/card_memory.h"
#include "agent/card/files.h"
#include "agent/card/session.h"

namespace ilkimza::agent {

class FileCard : public Card {
 public:
  FileCard(CardChannel& channel, const CardFacts& facts, CardMemories& memories)
      : channel_(channel), facts_(facts), memories_(memories), memory_(memories.Take(facts)) {}

  absl::StatusOr<std::string> ReadSerial() final;
  [[nodiscard]] std::string SerialToldBefore() const override;
  absl::StatusOr<std::vector<CardCertificateEntry>> ReadCertificates() override;
  [[nodiscard]] bool ProvesItself() const override { return true; }
  bool DistrustCertificates() override;
  // The reset does it.
  absl::Status LogOut() override { return absl::OkStatus(); }
  absl::StatusOr<PinInfo> FindPin(std::string_view id) override;
  // Remembers what was learnt, unless the job was ended meanwhile.
  ~FileCard() override;

 protected:
  virtual absl::StatusOr<std::string> AskSerial() = 0;
  // It has told who it is, in this transaction.
  void TakeSerial(const std::string& serial);
  // Its control information; nothing where there is no such file. `path` as the card's
  // own files have it.
  virtual absl::StatusOr<std::optional<std::string>> Select(const std::string& path) = 0;
  virtual absl::StatusOr<std::string> ReadObjectDirectory() = 0;

  // Selects and reads; nothing where there is no such file.
  absl::StatusOr<std::optional<std::string>> ReadPath(const std::string& path, Extent extent);
  absl::StatusOr<const ObjectDirectory*> Directory();
  absl::StatusOr<const std::vector<PinObject>*> Pins();
  absl::StatusOr<const std::vector<PrivateKeyObject>*> Keys();
  // The object `pin` was found as.
  absl::StatusOr<const PinObject*> PinObjectOf(const PinInfo& pin);
  // That unblocks `pin`; null where the card names none.
  absl::StatusOr<const PinObject*> PukObjectOf(const PinObject& pin);
  absl::StatusOr<const PrivateKeyObject*> KeyObjectOf(const CardCertificateEntry& certificate);

  CardChannel& channel_;
  const CardFacts& facts_;
  CardMemories& memories_;
  CardMemory memory_;

 private:
  // Whether the card still shows what is remembered.
  absl::StatusOr<bool> StampHolds();
  [[nodiscard]] bool CertificatesKnown() const;
  absl::StatusOr<std::vector<CertificateObject>> CertificateObjects();
  static std::size_t KeyIndex(std::string_view key);
  absl::StatusOr<std::string> ReadCertificate(const CertificateObject& object);
  // And keeps those of authorities for the next card.
  void ParseAll(std::vector<CardCertificateEntry>& entries);

  // The epoch in which it told its serial, in this `Use`.
  std::optional<uint64_t> told_;
};

// RunOnCard without a result.
absl::Status UseSession(CardEnvironment& environment,
                        const std::function<absl::Status(CardSession&)>& work);

// CARD_UNSUPPORTED: "This card has no `what`: ...".
absl::Status NotSetUp(std::string_view what);

}  // namespace ilkimza::agent

#endif  // ILKIMZA_AGENT_CARD_FILE_CARD_H_
