#include "portal/certificates.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>

#include "absl/strings/ascii.h"
#include "base/clock.h"
#include "portal/text.h"

namespace ilkimza::portal {
namespace {

using profile_v1::ValueKind;

// More is no table of a person's certificates.
constexpr std::size_t kMostRows = 64;

constexpr std::array kColumns = {
    profile_v1::VALUE_KIND_CARD_SERIAL,       profile_v1::VALUE_KIND_CERTIFICATE_TYPE,
    profile_v1::VALUE_KIND_CERTIFICATE_STATE, profile_v1::VALUE_KIND_CERTIFICATE_NUMBER,
    profile_v1::VALUE_KIND_CERTIFICATE_START, profile_v1::VALUE_KIND_CERTIFICATE_END};

// One row of a table: its first line in each cell.
using Cells = std::map<int, const Line*>;

// Columns by what they hold. Empty where the row is no head of such a table.
std::map<ValueKind, int> HeadOf(const Cells& row, const Profile& profile) {
  std::map<ValueKind, int> head;
  for (const auto& [cell, line] : row) {
    for (const ValueKind kind : kColumns) {
      const Profile::Value* value = profile.value(kind);
      if (value == nullptr) continue;
      const auto& labels = value->labels;
      if (std::find(labels.begin(), labels.end(), line->label) != labels.end()) head[kind] = cell;
    }
  }
  const bool is_head = head.count(profile_v1::VALUE_KIND_CARD_SERIAL) > 0 &&
                       head.count(profile_v1::VALUE_KIND_CERTIFICATE_STATE) > 0;
  return is_head ? head : std::map<ValueKind, int>();
}

// Digits alone, blanks between them left out; empty where it is no serial.
std::string SerialOf(std::string_view text, const Profile::Value& value) {
  std::string digits;
  for (const char c : text) {
    if (absl::ascii_isdigit(static_cast<unsigned char>(c))) {
      digits.push_back(c);
    } else if (c != ' ') {
      return "";
    }
  }
  const int size = static_cast<int>(digits.size());
  return size < value.min_digits || size > value.max_digits ? "" : digits;
}

// "0x0a:1B" -> "A1B"; empty where it is no hexadecimal number.
std::string NumberOf(std::string_view text) {
  std::string number;
  if (text.substr(0, 2) == "0x" || text.substr(0, 2) == "0X") text.remove_prefix(2);
  for (const char c : text) {
    if (c == ' ' || c == ':') continue;
    if (!absl::ascii_isxdigit(static_cast<unsigned char>(c))) return "";
    const bool leading_zero = number.empty() && c == '0';
    if (!leading_zero) number.push_back(absl::ascii_toupper(static_cast<unsigned char>(c)));
  }
  return number;
}

class Table {
 public:
  Table(const std::map<ValueKind, int>& head, const Profile& profile)
      : head_(head), profile_(profile) {}

  // False where the row is not surely one of a certificate.
  bool Add(const Cells& row) {
    v1::PortalCertificate certificate;
    certificate.set_card_serial(SerialOf(Text(row, profile_v1::VALUE_KIND_CARD_SERIAL),
                                         *profile_.value(profile_v1::VALUE_KIND_CARD_SERIAL)));
    const std::string state = Text(row, profile_v1::VALUE_KIND_CERTIFICATE_STATE);
    if (certificate.card_serial().empty() || state.empty() || rows_.size() >= kMostRows) {
      return false;
    }
    certificate.set_state_display_name(state);
    certificate.set_state(profile_.StateOf(FoldLabel(state)));
    certificate.set_type(Text(row, profile_v1::VALUE_KIND_CERTIFICATE_TYPE));
    certificate.set_serial_number(NumberOf(Text(row, profile_v1::VALUE_KIND_CERTIFICATE_NUMBER)));
    const auto start = ReadTime(Text(row, profile_v1::VALUE_KIND_CERTIFICATE_START));
    if (start) *certificate.mutable_start_time() = ToProto(*start);
    const auto end = ReadTime(Text(row, profile_v1::VALUE_KIND_CERTIFICATE_END));
    if (end) *certificate.mutable_end_time() = ToProto(*end);
    rows_.push_back(std::move(certificate));
    return true;
  }

  std::vector<v1::PortalCertificate> Take() && { return std::move(rows_); }

 private:
  [[nodiscard]] std::string Text(const Cells& row, ValueKind kind) const {
    const auto column = head_.find(kind);
    const auto line = column == head_.end() ? row.end() : row.find(column->second);
    return line == row.end() ? "" : Tidy(line->second->text);
  }

  const std::map<ValueKind, int>& head_;
  const Profile& profile_;
  std::vector<v1::PortalCertificate> rows_;
};

}  // namespace

std::optional<std::vector<v1::PortalCertificate>> ReadCertificates(const Page& page,
                                                                   const Profile& profile) {
  std::map<int, Cells> rows;
  for (const Line& line : page.lines()) {
    if (line.row >= 0) rows[line.row].emplace(line.cell, &line);
  }
  std::map<ValueKind, int> head;
  std::optional<Table> table;
  bool ended = false;
  for (const auto& [number, row] : rows) {
    std::map<ValueKind, int> other = HeadOf(row, profile);
    if (!other.empty()) {
      if (table) return std::nullopt;
      head = std::move(other);
      table.emplace(head, profile);
    } else if (table && !ended) {
      // One cell alone is what stands below the table.
      ended = row.size() < 2;
      if (!ended && !table->Add(row)) return std::nullopt;
    }
  }
  if (!table) return std::nullopt;
  return std::move(*table).Take();
}

std::optional<absl::Time> ReadTime(std::string_view text) {
  for (const char* format :
       {"%d.%m.%Y", "%d/%m/%Y", "%Y-%m-%d", "%d.%m.%Y %H:%M", "%d/%m/%Y %H:%M", "%Y-%m-%d %H:%M",
        "%d.%m.%Y %H:%M:%S", "%d/%m/%Y %H:%M:%S", "%Y-%m-%d %H:%M:%S"}) {
    absl::Time parsed;
    // Turkey's clocks have not been changed since 2016.
    if (absl::ParseTime(format, absl::string_view(text.data(), text.size()),
                        absl::FixedTimeZone(3 * 60 * 60), &parsed, nullptr)) {
      return parsed;
    }
  }
  return std::nullopt;
}

}  // namespace ilkimza::portal
