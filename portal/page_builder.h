// Builds a page from its tree: one walk that gathers lines and controls, and a look back
// that names the fields. Inside of portal/ only; what a page holds is said in page.h.
//
// Not thread-safe; used once.
#ifndef ILKIMZA_PORTAL_PAGE_BUILDER_H_
#define ILKIMZA_PORTAL_PAGE_BUILDER_H_

#include <gumbo.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "portal/page_impl.h"
#include "portal/script.h"
#include "portal/style.h"
#include "portal/tree.h"

namespace ilkimza::portal::page_building {

inline constexpr int kColumns = 16;

// What an element's attributes say, gathered in one pass.
struct Attributes {
  const char* id = nullptr;
  const char* name = nullptr;
  const char* type = nullptr;
  const char* value = nullptr;
  const char* href = nullptr;
  const char* src = nullptr;
  const char* alt = nullptr;
  const char* title = nullptr;
  const char* placeholder = nullptr;
  const char* role = nullptr;
  const char* onclick = nullptr;
  const char* for_id = nullptr;
  const char* form = nullptr;
  const char* aria_label = nullptr;
  const char* labelled_by = nullptr;
  bool disabled = false;
  bool readonly = false;
  // There is something the style sheet may have a say in.
  bool styled = false;

  explicit Attributes(const GumboElement& element) {
    for (unsigned i = 0; i < element.attributes.length; ++i) {
      Read(*static_cast<const GumboAttribute*>(element.attributes.data[i]));
    }
  }

  // Pressing it does something, whatever element it is.
  [[nodiscard]] bool ListensForClicks() const {
    return onclick != nullptr || Same(AsView(role), "button") || Same(AsView(role), "link");
  }

 private:
  void Read(const GumboAttribute& attribute) {
    const std::string_view key = attribute.name;
    const struct {
      std::string_view name;
      const char** value;
    } known[] = {{"id", &id},
                 {"name", &name},
                 {"type", &type},
                 {"value", &value},
                 {"href", &href},
                 {"src", &src},
                 {"alt", &alt},
                 {"title", &title},
                 {"placeholder", &placeholder},
                 {"role", &role},
                 {"onclick", &onclick},
                 {"for", &for_id},
                 {"form", &form},
                 {"aria-label", &aria_label},
                 {"aria-labelledby", &labelled_by}};
    for (const auto& one : known) {
      if (key == one.name) *one.value = attribute.value;
    }
    disabled = disabled || key == "disabled";
    readonly = readonly || key == "readonly";
    styled = styled || key == "style" || key == "hidden" || key == "aria-hidden";
  }
};

// The table around a cell.
struct Table {
  // By column: the first line of the cell in the row above, and in this row.
  std::array<std::string_view, kColumns> above;
  std::array<std::string_view, kColumns> here;
  int cells_above = 0;
};

// The row around a cell.
struct Row {
  const Row* outer = nullptr;
  Table* table = nullptr;
  int number = -1;
  int cell = -1;
  // How many lines there were when the cell began.
  std::size_t lines_before = 0;
  // The first line of the nearest cell to the left that has one and no field.
  std::string_view left;
};

// Where in the tree the walk is.
struct Place {
  Row* row = nullptr;
  Table* table = nullptr;
  int form = -1;
  int label = -1;
  int depth = 0;
  bool heading = false;
  bool off_screen = false;
  // Inside of a button or link: the text is its name.
  bool in_control = false;
};

// What is known of a field's name when it is met; decided when all is read.
struct Hint {
  int control;
  const char* id;
  const char* aria_label;
  const char* labelled_by;
  const char* placeholder;
  const char* title;
  int label;  // the <label> around it
  std::string_view before;
  std::string_view cell;
};

struct Label {
  const GumboNode* node;
};

// What the fingerprint is made of: an element with all that is in it.
struct Part {
  uint64_t hash;
  bool block;
  // Something is typed or chosen in it: one more of these is another page.
  bool has_field;
};

class Builder {
 public:
  explicit Builder(Page::Impl& page)
      : page_(page),
        sheet_(page.arena),
        line_(&page.arena),
        folded_(&page.arena),
        hints_(&page.arena),
        labels_(&page.arena),
        labels_for_(&page.arena),
        structure_(&page.arena) {}

  // False where the page is beyond the limits.
  bool Build(const GumboNode& root);

 private:
  // ---- Text ----
  std::string_view Keep(std::string_view text);
  std::string_view KeepLabel(std::string_view text);
  void AddText(std::string_view text, const Place& place);
  // Ends the line under way; returns it as written, nothing where it has no words.
  std::string_view EndLine();
  // All text below `node`, as a label or button shows it.
  void AppendText(const GumboNode& node, int depth, std::pmr::string& out) const;
  void AppendChildren(const GumboElement& element, int depth, std::pmr::string& out) const;
  std::string_view TextOf(const GumboElement& element);

  // ---- What is seen ----
  void ReadStyles(const GumboNode& node, int depth);
  Sight SightOf(const GumboElement& element) const;

  // ---- The walk ----
  void Visit(const GumboNode& node, Place place);
  void VisitElement(const GumboNode& node, Place place);
  void VisitChildren(const GumboElement& element, const Place& place);
  static bool IsCell(GumboTag tag) { return tag == GUMBO_TAG_TD || tag == GUMBO_TAG_TH; }
  void VisitTable(const GumboElement& element, Place place);
  void VisitRow(const GumboElement& element, Place place);
  void VisitCell(const GumboElement& element, Place place);
  // Takes up what the element itself is; false where its children are done with.
  bool Enter(const GumboNode& node, const Attributes& attributes, Place& place);
  void FindBase(const GumboElement& head);
  // Unseen parts: their form elements go along when the form is sent.
  void CarryHidden(const GumboNode& node, Place place);

  // ---- Controls ----
  // The form an element belongs to: by its form attribute, by the tree, or, where
  // old tables made the parser close a form at once, the last one still open in
  // the source.
  int FormOf(const GumboElement& element, const Attributes& attributes, const Place& place);
  // Where the source closes the form that begins at `from`.
  [[nodiscard]] std::size_t EndOfForm(std::size_t from) const;
  int AddElement(const GumboElement& element, const Attributes& attributes, const Place& place,
                 std::string_view type);
  void Input(const GumboElement& element, const Attributes& attributes, Place& place);
  Control NewControl(ControlKind kind, const GumboElement& element, const Attributes& attributes,
                     const Place& place);
  // A field whose own place is off the screen is not there for a person.
  void Field(const GumboElement& element, const Attributes& attributes, const Place& place,
             ControlKind kind, std::string_view type);
  // The name a table gives to a field that stands alone in its cell, or alone in
  // a table of its own inside of a cell.
  static std::string_view CellName(const Place& place, std::size_t lines);
  void Choice(const GumboElement& element, const Attributes& attributes, const Place& place,
              std::string_view type);
  void PressableInput(const GumboElement& element, const Attributes& attributes, const Place& place,
                      std::string_view type);
  void Button(const GumboElement& element, const Attributes& attributes, Place& place);
  // Links, and anything that a script makes clickable.
  void Clickable(const GumboElement& element, const Attributes& attributes, Place& place);
  // `in_form`: a button or input, which knows its form as `this.form`.
  void ApplyScript(const Script& script, Control& control, bool in_form);
  // Of a button that sends its form even without a script.
  void ApplyToSubmit(const Script& script, Control& control);
  bool SendsOwnForm(const Script& script, const Control& control, bool in_form);
  void Name(Control& control, const Attributes& attributes, std::string_view shown,
            std::string_view instead);
  void Picture(const GumboElement& element, const Attributes& attributes, const Place& place);

  // ---- Names of fields ----
  void NameField(const Hint& hint);
  std::string_view LabelFor(const Hint& hint);
  // The texts of the elements with these ids, which need not be seen.
  std::string_view LabelledBy(const char* ids);
  static const GumboElement* FindId(const GumboNode& node, std::string_view id, int depth);

  // ---- Structure ----
  // Begins an element; returns where its children will be in structure_.
  std::size_t BeginPart(const GumboElement& element, const Attributes& attributes);
  // Its children are in: they become part of it.
  void EndPart(std::size_t part);

  Page::Impl& page_;
  StyleSheet sheet_;
  const GumboNode* root_ = nullptr;
  bool has_style_ = false;
  bool beyond_limits_ = false;
  std::pmr::string line_;
  bool line_heading_ = false;
  int line_row_ = -1;
  int line_cell_ = -1;
  int fields_since_line_ = 0;
  std::pmr::string folded_;
  std::pmr::string scratch_{&page_.arena};
  std::pmr::vector<Hint> hints_;
  std::pmr::vector<Label> labels_;
  // By the id of the field they are for; the first one counts.
  std::pmr::unordered_map<std::string_view, int> labels_for_;
  int order_ = 0;
  int rows_ = 0;
  // The elements that are under way, each followed by its children so far.
  std::pmr::vector<Part> structure_;
};

}  // namespace ilkimza::portal::page_building

#endif  // ILKIMZA_PORTAL_PAGE_BUILDER_H_
