#include "sandbox/person/diary.h"

#include <algorithm>
#include <cstdio>

#include "sandbox/text.h"

namespace ilkimza::sandbox {
namespace {

using nlohmann::json;

std::string TextOf(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::size_t WidthOf(std::string_view utf8) {
  std::size_t width = 0;
  for (const char c : utf8) width += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
  return width;
}

std::string Padded(const std::string& text, std::size_t width) {
  const std::size_t used = WidthOf(text);
  return text + std::string(used < width ? width - used : 0, ' ');
}

}  // namespace

Diary::Entry& Diary::Of(const std::string& step) {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry& entry) { return entry.step == step; });
  if (found != entries_.end()) return *found;
  entries_.push_back({.step = step});
  return entries_.back();
}

void Diary::Begin(const std::string& step, Time now) {
  Close(now);
  current_ = step;
  since_ = now;
}

void Diary::Close(Time now) {
  if (!current_.empty()) Of(current_).spent += now - since_;
  current_.clear();
}

std::string Diary::Hear(const json& line, Time now) {
  const std::string type = TextOf(line, "type");
  const std::string before = current_;
  if (type == "journey" || type == "result") {
    if (line.contains("steps") && line["steps"].is_array()) {
      for (const json& step : line["steps"]) {
        Entry& entry = Of(TextOf(step, "step"));
        entry.state = TextOf(step, "state");
        entry.reason = TextOf(step, "reason");
      }
    }
    const std::string step = TextOf(line, "current_step");
    if (type == "journey" && !step.empty() && step != current_) Begin(step, now);
  }
  if (type == "step") {
    Entry& entry = Of(TextOf(line, "step"));
    entry.state = TextOf(line, "state");
    entry.reason = TextOf(line, "reason");
    if (const std::string title = TextOf(line, "title"); !title.empty()) entry.title = title;
    if (entry.state == "RUNNING" && entry.step != current_) Begin(entry.step, now);
  }
  if (type == "result") Close(now);
  if (current_.empty() || current_ == before) return "";
  const Entry& entry = Of(current_);
  return entry.title.empty() ? current_ : Cat(current_, " · ", entry.title);
}

std::string Diary::Table(const std::string& step, const std::string& outcome,
                         const std::string& seconds) const {
  std::size_t first = WidthOf(step);
  std::size_t second = WidthOf(outcome);
  const auto outcome_of = [](const Entry& entry) {
    return entry.reason.empty() ? entry.state : Cat(entry.state, " (", entry.reason, ")");
  };
  for (const Entry& entry : entries_) {
    first = std::max(first, WidthOf(entry.step));
    second = std::max(second, WidthOf(outcome_of(entry)));
  }
  std::string out = Cat(Padded(step, first), "  ", Padded(outcome, second), "  ", seconds, "\n");
  for (const Entry& entry : entries_) {
    char spent[32];
    std::snprintf(spent, sizeof spent, "%*.1f", static_cast<int>(WidthOf(seconds)),
                  entry.spent.count());
    AddTo(out, Padded(entry.step, first), "  ", Padded(outcome_of(entry), second), "  ", spent,
          "\n");
  }
  return out;
}

}  // namespace ilkimza::sandbox
