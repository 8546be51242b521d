#include "base/config.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/error.h"

// Debian's compiled library throws; ours is built in here, without exceptions.
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
// Its parser asserts (in release builds: assumes) what broken text such as "[[=" does
// not hold. The check behind the assertion then says what is wrong.
#undef NDEBUG
#define TOML_ASSERT(expression) static_assert(true)
#include <toml++/toml.h>

namespace ilkimza {
namespace {

constexpr std::size_t kMaxFileSize = 1 << 20;

absl::Status BadConfiguration(std::string_view sentence) {
  return MakeError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_BAD_CONFIGURATION,
                   sentence);
}

std::string_view TypeName(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::string:
      return "a text";
    case toml::node_type::integer:
      return "a whole number";
    case toml::node_type::floating_point:
      return "a number with a fraction";
    case toml::node_type::boolean:
      return "true or false";
    case toml::node_type::array:
      return "a list";
    case toml::node_type::table:
      return "a table";
    default:
      return "a date or time";
  }
}

// Edits that turn `a` into `b`; keys are short.
std::size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row[b.size()];
}

}  // namespace

struct Config::Document {
  std::string name;
  toml::table table;
  std::set<std::string, std::less<>> known;
  absl::Status first_error;

  const toml::node* Find(std::string_view key) const { return table.at_path(key).node(); }

  absl::Status ErrorAt(const toml::source_region& where, std::string_view key,
                       std::string_view sentence) const {
    const std::string line = where.begin ? absl::StrCat(":", where.begin.line) : "";
    return BadConfiguration(
        absl::StrCat(name, line, ": '", std::string(key), "' ", std::string(sentence)));
  }

  void Fail(absl::Status error) {
    if (first_error.ok()) first_error = std::move(error);
  }

  // Notes the key as known; the node, if a read is still wanted and it is there.
  const toml::node* Look(std::string_view key) {
    known.emplace(key);
    return first_error.ok() ? Find(key) : nullptr;
  }

  void WrongType(std::string_view key, const toml::node& node, std::string_view wanted) {
    Fail(ErrorAt(node.source(), key,
                 absl::StrCat("must be ", std::string(wanted), ", and is ",
                              std::string(TypeName(node)), ".")));
  }

  std::optional<std::string> Text(std::string_view key, std::string_view wanted) {
    const toml::node* node = Look(key);
    if (node == nullptr) return std::nullopt;
    if (const auto* text = node->as_string()) return text->get();
    WrongType(key, *node, wanted);
    return std::nullopt;
  }

  // A leaf or table nobody asked for; tables are known by what is inside them.
  void RefuseUnknown(const toml::table& inside, const std::string& prefix) {
    for (const auto& [key, node] : inside) {
      const std::string path = absl::StrCat(prefix, std::string(key.str()));
      if (known.count(path) != 0) continue;
      const auto inner = known.lower_bound(path + ".");
      const bool holds_known = inner != known.end() && inner->rfind(path + ".", 0) == 0;
      if (holds_known && node.is_table()) {
        RefuseUnknown(*node.as_table(), path + ".");
      } else if (holds_known) {
        WrongType(path, node, "a table");
      } else {
        Fail(ErrorAt(key.source(), path, absl::StrCat("is not a known key", Nearest(path))));
      }
    }
  }

  std::string Nearest(std::string_view path) const {
    std::size_t best = path.size() / 3 + 1;
    std::string_view nearest;
    for (const std::string& candidate : known) {
      const std::size_t distance = EditDistance(path, candidate);
      if (distance <= best) {
        best = distance;
        nearest = candidate;
      }
    }
    return nearest.empty() ? "." : absl::StrCat("; did you mean '", std::string(nearest), "'?");
  }
};

Config::Config(std::unique_ptr<Document> document) : document_(std::move(document)) {}
Config::Config(Config&&) noexcept = default;
Config& Config::operator=(Config&&) noexcept = default;
Config::~Config() = default;

absl::StatusOr<Config> Config::Read(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    return BadConfiguration(absl::StrCat(path, ": is a folder; name the file in it."));
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return BadConfiguration(
        absl::StrCat(path, ": cannot be read; check that the file is there and its permissions."));
  }
  std::string text(kMaxFileSize + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  return Parse(text, path);
}

absl::StatusOr<Config> Config::Parse(std::string_view text, std::string_view name) {
  if (text.size() > kMaxFileSize) {
    return BadConfiguration(absl::StrCat(std::string(name), ": is larger than 1 MiB."));
  }
  auto result = toml::parse(text);
  if (!result) {
    const toml::parse_error& error = result.error();
    return BadConfiguration(absl::StrCat(std::string(name), ":", error.source().begin.line,
                                         ": is not TOML: ", std::string(error.description()), "."));
  }
  auto document = std::make_unique<Document>();
  document->name = name;
  document->table = std::move(result).table();
  return Config(std::move(document));
}

bool Config::Has(std::string_view key) const { return document_->Find(key) != nullptr; }

void Config::Get(std::string_view key, std::string& value) {
  if (auto text = document_->Text(key, "a text in quotes")) value = *std::move(text);
}

void Config::Get(std::string_view key, bool& value) {
  const toml::node* node = document_->Look(key);
  if (node == nullptr) return;
  if (const auto* flag = node->as_boolean()) {
    value = flag->get();
  } else {
    document_->WrongType(key, *node, "true or false");
  }
}

void Config::Get(std::string_view key, std::vector<std::string>& value) {
  constexpr std::string_view kWanted = "a list of texts in quotes";
  const toml::node* node = document_->Look(key);
  if (node == nullptr) return;
  const toml::array* list = node->as_array();
  if (list == nullptr) return document_->WrongType(key, *node, kWanted);
  std::vector<std::string> texts;
  for (const toml::node& item : *list) {
    const auto* text = item.as_string();
    if (text == nullptr) {
      return document_->Fail(
          document_->ErrorAt(item.source(), key,
                             absl::StrCat("must be ", std::string(kWanted), ", and holds ",
                                          std::string(TypeName(item)), ".")));
    }
    texts.push_back(text->get());
  }
  value = std::move(texts);
}

void Config::GetInt(std::string_view key, int64_t min, int64_t max, int64_t& value) {
  const toml::node* node = document_->Look(key);
  if (node == nullptr) return;
  const auto* number = node->as_integer();
  if (number == nullptr) return document_->WrongType(key, *node, "a whole number");
  if (number->get() < min || number->get() > max) {
    return document_->Fail(document_->ErrorAt(
        node->source(), key,
        absl::StrCat("must be from ", min, " to ", max, ", and is ", number->get(), ".")));
  }
  value = number->get();
}

void Config::GetInt(std::string_view key, int min, int max, int& value) {
  int64_t wide = value;
  GetInt(key, int64_t{min}, int64_t{max}, wide);
  value = static_cast<int>(wide);
}

void Config::GetDuration(std::string_view key, absl::Duration min, absl::Duration max,
                         absl::Duration& value) {
  const auto text = document_->Text(key, "a time such as \"90s\", \"5m\" or \"1h30m\"");
  if (!text) return;
  absl::Duration duration;
  if (!absl::ParseDuration(*text, &duration)) {
    return document_->Fail(
        ErrorAt(key, absl::StrCat("must be a time such as \"90s\", \"5m\" or \"1h30m\", and is \"",
                                  *text, "\".")));
  }
  if (duration < min || duration > max) {
    return document_->Fail(
        ErrorAt(key, absl::StrCat("must be from ", absl::FormatDuration(min), " to ",
                                  absl::FormatDuration(max), ", and is ", *text, ".")));
  }
  value = duration;
}

void Config::GetChoice(std::string_view key, std::initializer_list<std::string_view> choices,
                       std::string& value) {
  auto text = document_->Text(key, "a text in quotes");
  if (!text) return;
  if (std::find(choices.begin(), choices.end(), *text) != choices.end()) {
    value = *std::move(text);
    return;
  }
  const auto quoted = [](std::string* out, std::string_view choice) {
    absl::StrAppend(out, "\"", std::string(choice), "\"");
  };
  document_->Fail(ErrorAt(key, absl::StrCat("must be one of ", absl::StrJoin(choices, ", ", quoted),
                                            ", and is \"", *text, "\".")));
}

void Config::GetPath(std::string_view key, std::string& value) {
  const auto text = document_->Text(key, "a path in quotes");
  if (!text) return;
  if (text->empty() || text->find('\0') != std::string::npos) {
    return document_->Fail(ErrorAt(key, "must name a file or folder, and is empty."));
  }
  const std::filesystem::path base = std::filesystem::path(document_->name).parent_path();
  value = (base / *text).lexically_normal().string();
}

void Config::Require(std::string_view key) {
  if (document_->Look(key) != nullptr || !document_->first_error.ok()) return;
  document_->Fail(BadConfiguration(
      absl::StrCat(document_->name, ": '", std::string(key), "' is missing; it has no default.")));
}

absl::Status Config::ErrorAt(std::string_view key, std::string_view sentence) const {
  const toml::node* node = document_->Find(key);
  return document_->ErrorAt(node == nullptr ? toml::source_region{} : node->source(), key,
                            sentence);
}

absl::Status Config::Finish() {
  if (document_->first_error.ok()) document_->RefuseUnknown(document_->table, "");
  return document_->first_error;
}

}  // namespace ilkimza
