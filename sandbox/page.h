// What a page of the practice portal says and offers, without any markup. Each
// screen is written once as a `Page`; a `Renderer` (renderer.h) turns it into one
// of several unlike markups.
#ifndef ILKIMZA_SANDBOX_PAGE_H_
#define ILKIMZA_SANDBOX_PAGE_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ilkimza::sandbox {

enum class Screen {
  kEntrance,
  kVerify,
  kEDevlet,
  kLogin,
  kWordReset,
  kMailSent,
  kWordUpdate,
  kLinkRefused,
  kSmsConfirm,
  kSmsCode,
  kMenu,
  kActivate,
  kRevoke,
  kRevokeConfirm,
  kContact,
  kCertificates,
  kPin,
  kPinDelete,
  kUnblock,
  kUnblockCode,
  kPuk,
  kResult,
  kLoggedOut,
  kSessionEnded,
  kRefused,
  kMaintenance,
  kServerError,
  kNotFound,
};
inline constexpr int kScreenCount = static_cast<int>(Screen::kNotFound) + 1;

// "login", "sms_code", ...: the name in control requests and counters.
std::string_view NameOf(Screen screen);
std::optional<Screen> ScreenNamed(std::string_view name);

enum class Field { kNationalId, kCaptcha, kWord, kWordAgain, kEmail, kSmsCode, kPhone };
inline constexpr int kFieldCount = static_cast<int>(Field::kPhone) + 1;

// What pressing something does.
enum class Act {
  // Leads to another screen (`target`).
  kGo,
  // Sends the page's fields, or agrees to what the page asks.
  kSubmit,
  // Another captcha.
  kRenew,
  // Deletes the PIN information of block `argument`, or chooses that block's card to be
  // revoked; 0 stands for all blocks.
  kDelete,
};

struct Action {
  Act act = Act::kGo;
  std::string label;
  Screen target = Screen::kEntrance;
  int argument = 0;
  // A button posts; a link is followed.
  bool button = false;
};
Action Link(std::string_view label, Screen target);
Action GoButton(std::string_view label, Screen target);
Action SubmitButton(std::string_view label);

struct Input {
  enum class Kind { kText, kPassword, kEmail };
  Field field = Field::kNationalId;
  std::string label;
  Kind kind = Kind::kText;
  int max_length = 64;
  // Shown inside the empty field, in addition to the label.
  std::string hint;
  std::string value;
};

struct Note {
  enum class Kind { kInfo, kError };
  Kind kind = Kind::kInfo;
  std::string text;
};

struct Table {
  struct Row {
    // Number of the block this row starts; 0 where it goes on.
    int number = 0;
    std::vector<std::string> cells;
    // Stands below the block.
    std::optional<Action> action;
  };
  std::vector<std::string> columns;
  std::vector<Row> rows;
};

struct Page {
  Screen screen = Screen::kEntrance;
  int status = 200;
  // Whose page it is, as its head says.
  std::string brand = "KAMU SM® Kamu Sertifikasyon Merkezi";
  std::string heading;
  // The breadcrumb.
  std::vector<std::string> trail;
  // Links in the page's head; behind the login `Menü` and `Çıkış`.
  std::vector<Action> header;
  std::vector<Note> notes;
  std::vector<std::string> paragraphs;
  std::vector<std::string> bullets;
  // "Telefon Numaranız : 54* *** ** 25"
  std::vector<std::pair<std::string, std::string>> facts;
  // Seconds left, as the server counts.
  std::optional<int> countdown;
  std::optional<Table> table;
  std::vector<Input> inputs;
  bool captcha = false;
  std::vector<Action> actions;
  // Said below the actions.
  std::vector<std::string> small_print;

  // True where something on the page posts.
  [[nodiscard]] bool has_form() const;
};

}  // namespace ilkimza::sandbox

#endif  // ILKIMZA_SANDBOX_PAGE_H_
