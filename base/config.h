// Configuration files: strict TOML. An unknown key, a wrong type or a value out
// of range is one sentence that names file, line and key, so a typing mistake
// never passes for a default.
//
// Keys are dotted paths ("portal.entrance"). A key that is absent leaves the
// caller's value, the default, as it is. The first error is kept and later reads
// do nothing, so a caller reads all keys in a row and asks once:
//
//   ILKIMZA_ASSIGN_OR_RETURN(Config file, Config::Read("/etc/ilkimza/server.toml"));
//   file.Get("listen", settings.listen);
//   file.GetInt("limits.watchers", 1, 100'000, settings.watchers);
//   file.GetDuration("limits.step", absl::Seconds(1), absl::Hours(24), settings.step);
//   ILKIMZA_RETURN_IF_ERROR(file.Finish());  // also refuses keys nobody read
//
// Errors are INVALID_ARGUMENT with ERROR_REASON_BAD_CONFIGURATION.
// Thread-safety: as `std::string`.
#ifndef ILKIMZA_BASE_CONFIG_H_
#define ILKIMZA_BASE_CONFIG_H_

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace ilkimza {

class Config {
 public:
  // At most 1 MiB of UTF-8.
  static absl::StatusOr<Config> Read(const std::string& path);
  // `name` stands for the file in error sentences; its folder is the base of
  // relative paths.
  static absl::StatusOr<Config> Parse(std::string_view text, std::string_view name);

  Config(Config&&) noexcept;
  Config& operator=(Config&&) noexcept;
  ~Config();

  [[nodiscard]] bool Has(std::string_view key) const;

  void Get(std::string_view key, std::string& value);
  void Get(std::string_view key, bool& value);
  void Get(std::string_view key, std::vector<std::string>& value);
  void GetInt(std::string_view key, int64_t min, int64_t max, int64_t& value);
  void GetInt(std::string_view key, int min, int max, int& value);
  // Written as "90s", "1h30m" or "250ms".
  void GetDuration(std::string_view key, absl::Duration min, absl::Duration max,
                   absl::Duration& value);
  // One of `choices`, letter for letter.
  void GetChoice(std::string_view key, std::initializer_list<std::string_view> choices,
                 std::string& value);
  // A path; a relative one starts at the folder of the configuration file.
  void GetPath(std::string_view key, std::string& value);
  // An error unless the key is there.
  void Require(std::string_view key);

  // For what a type cannot say: "FILE:LINE: 'KEY' SENTENCE". `sentence` goes on
  // from the key's name, for example "names a folder that does not exist."
  [[nodiscard]] absl::Status ErrorAt(std::string_view key, std::string_view sentence) const;

  // The first error, if there was one. Unknown keys are errors as well.
  [[nodiscard]] absl::Status Finish();

 private:
  struct Document;
  explicit Config(std::unique_ptr<Document> document);

  std::unique_ptr<Document> document_;
};

}  // namespace ilkimza

#endif  // ILKIMZA_BASE_CONFIG_H_
