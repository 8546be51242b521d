#include "sandbox/page_faults.h"

#include <utility>
#include <vector>

namespace ilkimza::sandbox {
namespace {

// Everything on the page that can be pressed.
std::vector<Action*> Pressable(Page& page) {
  std::vector<Action*> actions;
  for (Action& action : page.header) actions.push_back(&action);
  if (page.table) {
    for (Table::Row& row : page.table->rows) {
      if (row.action) actions.push_back(&*row.action);
    }
  }
  for (Action& action : page.actions) actions.push_back(&action);
  return actions;
}

// The two that the fault names, or the first two buttons.
std::pair<Action*, Action*> TwoOf(Page& page, const Fault& fault) {
  Action* first = nullptr;
  Action* second = nullptr;
  for (Action* action : Pressable(page)) {
    const bool is_first = fault.from.empty() ? action->button : action->label == fault.from;
    const bool is_second = fault.to.empty() ? action->button : action->label == fault.to;
    if (first == nullptr && is_first) {
      first = action;
    } else if (second == nullptr && is_second) {
      second = action;
    }
  }
  return {first, second};
}

}  // namespace

void Apply(const Fault& fault, Page& page) {
  if (fault.kind == Fault::Kind::kHeading) {
    page.heading = fault.text.empty() ? "Hizmet Ekranı" : fault.text;
    return;
  }
  if (fault.kind != Fault::Kind::kSwapButtons && fault.kind != Fault::Kind::kSwapLabels) return;
  const auto [first, second] = TwoOf(page, fault);
  if (first == nullptr || second == nullptr) return;
  if (fault.kind == Fault::Kind::kSwapLabels) {
    std::swap(first->label, second->label);
  } else if (first->button == second->button) {
    // A link cannot stand where a button posts.
    std::swap(*first, *second);
  }
}

void Apply(const Fault& fault, std::string_view heading, Answer& answer) {
  switch (fault.kind) {
    case Fault::Kind::kBadBytes: {
      // Valid neither as UTF-8 nor as text in any charset.
      constexpr std::string_view kBytes("\xff\xfe\x00\x81\xc3\x28\x00", 7);
      const auto at = heading.empty() ? std::string::npos : answer.body.rfind(heading);
      if (at != std::string::npos) answer.body.insert(at + heading.size() / 2, kBytes);
      break;
    }
    case Fault::Kind::kHuge:
      answer.padding = fault.bytes < 0 ? 64LL << 20 : fault.bytes;
      break;
    case Fault::Kind::kGzipBomb:
      answer.bomb = fault.bytes < 0 ? 256LL << 20 : fault.bytes;
      break;
    case Fault::Kind::kWrongType:
      answer.content_type = fault.text.empty() ? "application/octet-stream" : fault.text;
      break;
    default:
      break;
  }
}

}  // namespace ilkimza::sandbox
