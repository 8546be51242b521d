// A page as a person meets it: lines of visible text, and controls by the name
// that is read beside or upon them. Ids, field names and markup are used to submit
// a form as the page wants it, never to find anything.
//
//  - Lines: what stands together between two blocks, line breaks or table cells.
//    Text upon links and buttons is not a line; it is their name.
//  - The name of a control, first that there is: aria-labelledby, aria-label,
//    <label>, the text before it on its line, the neighbouring table cell or the
//    column's head, placeholder, title; upon buttons and links their text, alt or
//    value. `above` is the line that stands over it, for pages that have neither.
//  - Hidden things are not there: `hidden`, aria-hidden, display:none,
//    visibility:hidden and zero opacity by style or by the page's own style sheet;
//    controls moved off the screen; script, style, template, noscript, head.
//    Hidden fields are carried along when their form is sent.
//  - Scripts are not run. The usual ones are read: `__doPostBack('target', 'arg')`,
//    `location = '...'`, and `...submit()` of the form around the control, by whatever
//    of its names. A button or link whose script sends another form, or of which that
//    is not sure, is kInert, even where it would send its form without the script.
//
// Limits: see `Limits`. Memory is wiped when the page goes. All views point into the
// page and live as long as it does. Immutable, so reading is thread-safe.
//
//   ILKIMZA_ASSIGN_OR_RETURN(Page page, Page::Parse(response, Charset::kUtf8));
//   for (const Control& control : page.controls()) ... control.label ...
//   ILKIMZA_ASSIGN_OR_RETURN(Request request, page.Press(control, fills));
#ifndef ILKIMZA_PORTAL_PAGE_H_
#define ILKIMZA_PORTAL_PAGE_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "portal/browser.h"
#include "portal/charset.h"

namespace ilkimza::portal {

// Hostile pages end here, with PAGE_TOO_LARGE. Real ones stay far below.
struct Limits {
  // Blocks of memory the parser may ask for, about five for each element.
  static constexpr int kAllocations = 200'000;
  static constexpr std::size_t kMemory = 64 << 20;
  static constexpr int kDepth = 512;
  static constexpr std::size_t kControls = 2000;
  // Of the parser; a real page takes a few thousandths.
  static constexpr double kCpuSeconds = 1.0;
};

struct Line {
  // As written, white space and all; `Tidy` makes a value of it.
  std::string_view text;
  // The folded form (FoldLabel), for comparing.
  std::string_view label;
  // <h1> to <h6>, <legend>, <caption>, <th>, role=heading.
  bool heading = false;
  // The row of a table it stands in, numbered through the page, and the cell in
  // that row; -1 outside of tables.
  int row = -1;
  int cell = -1;
  // The place on the page, shared with controls and images.
  int order = 0;
};

enum class ControlKind {
  kText,  // one that is typed into
  kPassword,
  kChoice,    // check box, radio button, list: never touched here
  kSubmit,    // a button that sends its form
  kImage,     // the same as a picture: also sends where it was pressed
  kPostback,  // sets __EVENTTARGET and __EVENTARGUMENT and sends its form
  kLink,
  kInert  // a button whose script is not one of the usual ones
};

bool IsField(ControlKind kind);
bool IsPressable(ControlKind kind);

struct Control {
  ControlKind kind = ControlKind::kInert;
  // The accessible name as written, and folded (FoldLabel).
  std::string_view name;
  std::string_view label;
  // Fields only: the line over it, folded; empty where another control or a heading
  // stands between.
  std::string_view above;
  // Buttons and links whose visible text differs from their name: that text,
  // folded. What a person sees and what a screen reader says must agree.
  std::string_view shown;
  bool enabled = true;
  // Index of its form, -1 without one.
  int form = -1;
  int order = 0;
  int row = -1;
  // For sending it; see Press.
  std::string_view field;
  std::string_view value;
  std::string_view target;
  int element = -1;
};

struct Image {
  std::string_view source;
  // Folded alternative text.
  std::string_view label;
  int form = -1;
  int order = 0;
};

// What is typed into which field.
struct Fill {
  const Control* field = nullptr;
  std::string_view text;
};

class Page {
 public:
  // `fallback` is the profile's charset. PAGE_UNREADABLE, PAGE_TOO_LARGE.
  static absl::StatusOr<Page> Parse(const Response& response, Charset fallback);
  Page(Page&&) noexcept;
  Page& operator=(Page&&) noexcept;
  ~Page();

  [[nodiscard]] const Address& address() const;
  [[nodiscard]] int status() const;
  [[nodiscard]] Charset charset() const;
  [[nodiscard]] std::span<const Line> lines() const;
  [[nodiscard]] std::span<const Control> controls() const;
  // Pictures that are no buttons or links, and do not listen for clicks.
  [[nodiscard]] std::span<const Image> images() const;
  // Of the structure alone: tags, roles and kinds of fields, never text or values. Rows
  // or blocks without fields that repeat count once, so that it does not tell how many
  // cards the holder has. 16 hexadecimal digits.
  [[nodiscard]] std::string fingerprint() const;

  // The request that pressing `control` sends, with `fills` typed in before, in the
  // form's charset. All controls are this page's. CONTROL_AMBIGUOUS where a field
  // belongs to another form, or the control cannot be pressed; OFF_SITE is the
  // browser's to say.
  [[nodiscard]] absl::StatusOr<Request> Press(const Control& control,
                                              std::span<const Fill> fills) const;

  // The request for a picture of this page. PAGE_UNREADABLE where it has no address of
  // its own, such as one that is written into the page.
  [[nodiscard]] absl::StatusOr<Request> Ask(const Image& image) const;

  class Impl;

 private:
  explicit Page(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ilkimza::portal

#endif  // ILKIMZA_PORTAL_PAGE_H_
