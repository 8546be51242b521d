#include "sandbox/page.h"

#include <algorithm>
#include <array>

namespace ilkimza::sandbox {
namespace {

constexpr std::array<std::string_view, kScreenCount> kNames = {
    "entrance",    "verify",         "edevlet",      "login",        "word_reset", "mail_sent",
    "word_update", "link_refused",   "sms_confirm",  "sms_code",     "menu",       "activate",
    "revoke",      "revoke_confirm", "contact",      "certificates", "pin",        "pin_delete",
    "unblock",     "unblock_code",   "puk",          "result",       "logged_out", "session_ended",
    "refused",     "maintenance",    "server_error", "not_found"};

}  // namespace

std::string_view NameOf(Screen screen) { return kNames[static_cast<std::size_t>(screen)]; }

std::optional<Screen> ScreenNamed(std::string_view name) {
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<Screen>(found - kNames.begin());
}

Action Link(std::string_view label, Screen target) {
  return {.act = Act::kGo, .label = std::string(label), .target = target};
}

Action GoButton(std::string_view label, Screen target) {
  return {.act = Act::kGo, .label = std::string(label), .target = target, .button = true};
}

Action SubmitButton(std::string_view label) {
  return {.act = Act::kSubmit, .label = std::string(label), .button = true};
}

bool Page::has_form() const {
  const auto posts = [](const Action& action) { return action.button; };
  return !inputs.empty() || std::any_of(actions.begin(), actions.end(), posts) ||
         (table && std::any_of(table->rows.begin(), table->rows.end(), [&](const Table::Row& row) {
            return row.action && posts(*row.action);
          }));
}

}  // namespace ilkimza::sandbox
