#include "portal/page.h"

#include <array>
#include <cstdio>
#include <cstring>
#include <unordered_map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "base/error.h"
#include "portal/page_impl.h"
#include "portal/script.h"
#include "portal/style.h"
#include "portal/text.h"
#include "portal/tree.h"

namespace ilkimza::portal {
namespace {

constexpr int kColumns = 16;

bool Same(std::string_view a, std::string_view b) {
  return absl::EqualsIgnoreCase({a.data(), a.size()}, {b.data(), b.size()});
}

std::string_view View(const char* text) {
  return text == nullptr ? std::string_view() : std::string_view(text);
}

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

class Builder {
 public:
  explicit Builder(Page::Impl& page)
      : page_(page),
        sheet_(page.arena),
        line_(&page.arena),
        folded_(&page.arena),
        hints_(&page.arena),
        labels_(&page.arena),
        labels_for_(&page.arena) {}

  // False where the page is beyond the limits.
  bool Build(const GumboNode& root) {
    page_.lines.reserve(64);
    page_.controls.reserve(32);
    page_.elements.reserve(32);
    has_style_ = page_.html.find("<style") != WipedString::npos ||
                 page_.html.find("<STYLE") != WipedString::npos;
    if (has_style_) ReadStyles(root, 0);
    root_ = &root;
    Visit(root, Place());
    EndLine();
    for (const Hint& hint : hints_) NameField(hint);
    page_.structure = structure_;
    return !beyond_limits_;
  }

 private:
  // ---- Text ----

  std::string_view Keep(std::string_view text) {
    if (text.empty()) return {};
    char* copy = static_cast<char*>(page_.arena.allocate(text.size(), 1));
    std::memcpy(copy, text.data(), text.size());
    return {copy, text.size()};
  }

  std::string_view KeepLabel(std::string_view text) {
    folded_.clear();
    AppendFoldedLabel(text, folded_);
    return Keep(folded_);
  }

  void AddText(std::string_view text, const Place& place) {
    if (line_.empty()) {
      const std::size_t start = text.find_first_not_of(" \t\r\n\f");
      if (start == std::string_view::npos) return;
      text.remove_prefix(start);
      line_heading_ = place.heading;
      line_row_ = place.row == nullptr ? -1 : place.row->number;
      line_cell_ = place.row == nullptr ? -1 : place.row->cell;
    }
    line_.append(text.data(), text.size());
  }

  // Ends the line under way; returns its folded form.
  std::string_view EndLine() {
    if (line_.empty()) return {};
    const std::string_view label = KeepLabel(line_);
    if (!label.empty()) {
      page_.lines.push_back({Keep(line_), label, line_heading_, line_row_, line_cell_, order_++});
      fields_since_line_ = 0;
    }
    line_.clear();
    return label;
  }

  // All text below `node`, as a label or button shows it.
  void AppendText(const GumboNode& node, int depth, std::pmr::string& out) const {
    if (node.type == GUMBO_NODE_TEXT || node.type == GUMBO_NODE_WHITESPACE ||
        node.type == GUMBO_NODE_CDATA) {
      out.append(node.v.text.text);
      return;
    }
    if (node.type != GUMBO_NODE_ELEMENT || depth > Limits::kDepth) return;
    const GumboElement& element = node.v.element;
    if (IsUnseen(element.tag) || element.tag == GUMBO_TAG_SELECT ||
        element.tag == GUMBO_TAG_TEXTAREA || SightOf(element) == Sight::kGone) {
      return;
    }
    if (IsBlock(element.tag)) out.push_back(' ');
    if (element.tag == GUMBO_TAG_IMG) out.append(View(Attribute(element, "alt")));
    AppendChildren(element, depth, out);
    if (IsBlock(element.tag)) out.push_back(' ');
  }

  void AppendChildren(const GumboElement& element, int depth, std::pmr::string& out) const {
    for (unsigned i = 0; i < element.children.length; ++i) {
      AppendText(*static_cast<const GumboNode*>(element.children.data[i]), depth + 1, out);
    }
  }

  std::string_view TextOf(const GumboElement& element) {
    scratch_.clear();
    AppendChildren(element, 0, scratch_);
    return Keep(scratch_);
  }

  // ---- What is seen ----

  void ReadStyles(const GumboNode& node, int depth) {
    if (node.type != GUMBO_NODE_ELEMENT || depth > Limits::kDepth) return;
    const GumboElement& element = node.v.element;
    for (unsigned i = 0; i < element.children.length; ++i) {
      const auto& child = *static_cast<const GumboNode*>(element.children.data[i]);
      if (element.tag == GUMBO_TAG_STYLE) {
        if (child.type == GUMBO_NODE_TEXT) sheet_.Add(child.v.text.text);
      } else {
        ReadStyles(child, depth + 1);
      }
    }
  }

  Sight SightOf(const GumboElement& element) const {
    if (element.attributes.length == 0 && !has_style_) return Sight::kSeen;
    return sheet_.Of(element);
  }

  // ---- The walk ----

  void Visit(const GumboNode& node, Place place) {
    switch (node.type) {
      case GUMBO_NODE_TEXT:
      case GUMBO_NODE_CDATA:
      case GUMBO_NODE_WHITESPACE:
        if (!place.in_control && !place.off_screen) AddText(node.v.text.text, place);
        return;
      case GUMBO_NODE_ELEMENT:
        VisitElement(node, place);
        return;
      default:
        return;
    }
  }

  void VisitElement(const GumboNode& node, Place place) {
    const GumboElement& element = node.v.element;
    if (++place.depth > Limits::kDepth || page_.controls.size() > Limits::kControls) {
      beyond_limits_ = true;
      return;
    }
    if (element.tag == GUMBO_TAG_HEAD) return FindBase(element);
    const Attributes attributes(element);
    const Sight sight = has_style_ || attributes.styled ? sheet_.Of(element) : Sight::kSeen;
    if (IsUnseen(element.tag) || sight == Sight::kGone) return CarryHidden(node, place);
    place.off_screen = place.off_screen || sight == Sight::kOff;
    MarkStructure(element, attributes, place.depth);
    const bool block = IsBlock(element.tag);
    if (block) EndLine();
    if (!Enter(node, attributes, place)) return;
    if (element.tag == GUMBO_TAG_TABLE) {
      VisitTable(element, place);
    } else if (element.tag == GUMBO_TAG_TR && place.table != nullptr) {
      VisitRow(element, place);
    } else if (IsCell(element.tag) && place.row != nullptr) {
      VisitCell(element, place);
    } else {
      VisitChildren(element, place);
    }
    if (block) EndLine();
  }

  void VisitChildren(const GumboElement& element, const Place& place) {
    for (unsigned i = 0; i < element.children.length; ++i) {
      Visit(*static_cast<const GumboNode*>(element.children.data[i]), place);
    }
  }

  static bool IsCell(GumboTag tag) { return tag == GUMBO_TAG_TD || tag == GUMBO_TAG_TH; }

  void VisitTable(const GumboElement& element, Place place) {
    Table table;
    place.table = &table;
    VisitChildren(element, place);
  }

  void VisitRow(const GumboElement& element, Place place) {
    Row row{place.row, place.table, rows_++};
    place.row = &row;
    Table& table = *place.table;
    table.here.fill({});
    place.table = nullptr;  // cells start tables of their own
    VisitChildren(element, place);
    EndLine();
    table.above = table.here;
    table.cells_above = row.cell + 1;
  }

  void VisitCell(const GumboElement& element, Place place) {
    Row& row = *place.row;
    ++row.cell;
    row.lines_before = page_.lines.size();
    const std::size_t fields = hints_.size();
    place.heading = place.heading || element.tag == GUMBO_TAG_TH;
    VisitChildren(element, place);
    EndLine();
    if (page_.lines.size() == row.lines_before) return;
    const std::string_view first = page_.lines[row.lines_before].label;
    if (hints_.size() == fields) row.left = first;
    if (row.cell < kColumns) row.table->here[row.cell] = first;
  }

  // Takes up what the element itself is; false where its children are done with.
  bool Enter(const GumboNode& node, const Attributes& attributes, Place& place) {
    const GumboElement& element = node.v.element;
    switch (element.tag) {
      case GUMBO_TAG_FORM:
        place.form = static_cast<int>(page_.forms.size());
        page_.forms.push_back({&element, View(attributes.id)});
        return true;
      case GUMBO_TAG_LABEL:
        place.label = static_cast<int>(labels_.size());
        labels_.push_back({&node});
        if (attributes.for_id != nullptr) labels_for_.try_emplace(attributes.for_id, place.label);
        return true;
      case GUMBO_TAG_INPUT:
        Input(element, attributes, place);
        return false;
      case GUMBO_TAG_SELECT:
        Choice(element, attributes, place, "select");
        return false;
      case GUMBO_TAG_TEXTAREA:
        Field(element, attributes, place, ControlKind::kText, "textarea");
        return false;
      case GUMBO_TAG_IMG:
        Picture(element, attributes, place);
        break;
      case GUMBO_TAG_BUTTON:
        Button(element, attributes, place);
        return true;
      case GUMBO_TAG_H1:
      case GUMBO_TAG_H2:
      case GUMBO_TAG_H3:
      case GUMBO_TAG_H4:
      case GUMBO_TAG_H5:
      case GUMBO_TAG_H6:
      case GUMBO_TAG_LEGEND:
      case GUMBO_TAG_CAPTION:
        place.heading = true;
        break;
      default:
        break;
    }
    if (Same(View(attributes.role), "heading")) place.heading = true;
    if (element.tag == GUMBO_TAG_A || element.tag == GUMBO_TAG_AREA ||
        attributes.onclick != nullptr || Same(View(attributes.role), "button") ||
        Same(View(attributes.role), "link")) {
      Clickable(element, attributes, place);
    }
    return true;
  }

  void FindBase(const GumboElement& head) {
    for (unsigned i = 0; i < head.children.length; ++i) {
      const auto& child = *static_cast<const GumboNode*>(head.children.data[i]);
      if (child.type != GUMBO_NODE_ELEMENT || child.v.element.tag != GUMBO_TAG_BASE) continue;
      const char* href = Attribute(child.v.element, "href");
      if (href == nullptr) continue;
      if (const auto base = ParseAddress(page_.address.url, href); base.ok()) {
        page_.base = base->url;
      }
      return;
    }
  }

  // Unseen parts: their form elements go along when the form is sent.
  void CarryHidden(const GumboNode& node, Place place) {
    const GumboElement& element = node.v.element;
    if (element.tag == GUMBO_TAG_TEMPLATE || element.tag == GUMBO_TAG_NOSCRIPT ||
        ++place.depth > Limits::kDepth) {
      return;
    }
    const Attributes attributes(element);
    if (element.tag == GUMBO_TAG_FORM) {
      place.form = static_cast<int>(page_.forms.size());
      page_.forms.push_back({&element, View(attributes.id)});
    } else if (element.tag == GUMBO_TAG_INPUT) {
      AddElement(element, attributes, place, View(attributes.type));
    } else if (element.tag == GUMBO_TAG_SELECT) {
      AddElement(element, attributes, place, "select");
    } else if (element.tag == GUMBO_TAG_TEXTAREA) {
      AddElement(element, attributes, place, "textarea");
    }
    for (unsigned i = 0; i < element.children.length; ++i) {
      const auto& child = *static_cast<const GumboNode*>(element.children.data[i]);
      if (child.type == GUMBO_NODE_ELEMENT) CarryHidden(child, place);
    }
  }

  // ---- Controls ----

  // The form an element belongs to: by its form attribute, by the tree, or, where
  // old tables made the parser close a form at once, the last one still open in
  // the source.
  int FormOf(const GumboElement& element, const Attributes& attributes, const Place& place) {
    if (attributes.form != nullptr) {
      for (std::size_t i = 0; i < page_.forms.size(); ++i) {
        if (page_.forms[i].id == attributes.form) return static_cast<int>(i);
      }
    }
    if (place.form >= 0 || page_.forms.empty()) return place.form;
    Form& last = page_.forms.back();
    if (last.closed_at == 0) last.closed_at = EndOfForm(last.node->start_pos.offset);
    const std::size_t at = element.start_pos.offset;
    const bool inside = at > last.node->start_pos.offset && at < last.closed_at;
    return inside ? static_cast<int>(page_.forms.size()) - 1 : -1;
  }

  // Where the source closes the form that begins at `from`.
  [[nodiscard]] std::size_t EndOfForm(std::size_t from) const {
    const std::string_view html = page_.html;
    for (std::size_t at = html.find("</", from); at != std::string_view::npos;
         at = html.find("</", at + 2)) {
      if (Same(html.substr(at, 6), "</form")) return at;
    }
    return html.size();
  }

  int AddElement(const GumboElement& element, const Attributes& attributes, const Place& place,
                 std::string_view type) {
    page_.elements.push_back({&element, FormOf(element, attributes, place), type});
    return static_cast<int>(page_.elements.size()) - 1;
  }

  void Input(const GumboElement& element, const Attributes& attributes, Place& place) {
    const std::string_view type = View(attributes.type);
    if (Same(type, "hidden")) {
      AddElement(element, attributes, place, type);
    } else if (Same(type, "submit") || Same(type, "image") || Same(type, "button") ||
               Same(type, "reset")) {
      PressableInput(element, attributes, place, type);
    } else if (Same(type, "checkbox") || Same(type, "radio") || Same(type, "file")) {
      Choice(element, attributes, place, type);
    } else {
      const bool password = Same(type, "password");
      // A value in a field that cannot be typed into is text like any other.
      if (!password && (attributes.readonly || attributes.disabled) && !place.off_screen) {
        EndLine();
        AddText(View(attributes.value), place);
        EndLine();
      }
      Field(element, attributes, place, password ? ControlKind::kPassword : ControlKind::kText,
            type);
    }
  }

  Control NewControl(ControlKind kind, const GumboElement& element, const Attributes& attributes,
                     const Place& place) {
    Control control;
    control.kind = kind;
    control.enabled = !attributes.disabled;
    control.form = FormOf(element, attributes, place);
    control.order = order_++;
    control.row = place.row == nullptr ? -1 : place.row->number;
    control.field = View(attributes.name);
    control.value = View(attributes.value);
    return control;
  }

  // A field whose own place is off the screen is not there for a person.
  void Field(const GumboElement& element, const Attributes& attributes, const Place& place,
             ControlKind kind, std::string_view type) {
    const int index = AddElement(element, attributes, place, type);
    if (place.off_screen) return;
    const std::size_t lines = page_.lines.size();
    const std::string_view before = EndLine();
    Control control = NewControl(kind, element, attributes, place);
    control.enabled = !attributes.disabled && !attributes.readonly;
    control.element = index;
    if (fields_since_line_++ == 0 && !page_.lines.empty() && !page_.lines.back().heading) {
      control.above = page_.lines.back().label;
    }
    hints_.push_back({static_cast<int>(page_.controls.size()), attributes.id, attributes.aria_label,
                      attributes.labelled_by, attributes.placeholder, attributes.title, place.label,
                      before, CellName(place, lines)});
    page_.controls.push_back(control);
  }

  // The name a table gives to a field that stands alone in its cell, or alone in
  // a table of its own inside of a cell.
  static std::string_view CellName(const Place& place, std::size_t lines) {
    for (const Row* row = place.row; row != nullptr; row = row->outer) {
      if (lines != row->lines_before) return {};
      if (!row->left.empty()) return row->left;
      const Table& table = *row->table;
      if (table.cells_above > 1 && row->cell >= 0 && row->cell < kColumns &&
          !table.above[row->cell].empty()) {
        return table.above[row->cell];
      }
    }
    return {};
  }

  void Choice(const GumboElement& element, const Attributes& attributes, const Place& place,
              std::string_view type) {
    const int index = AddElement(element, attributes, place, type);
    if (place.off_screen) return;
    Control control = NewControl(ControlKind::kChoice, element, attributes, place);
    control.element = index;
    hints_.push_back({static_cast<int>(page_.controls.size()),
                      attributes.id,
                      attributes.aria_label,
                      attributes.labelled_by,
                      attributes.placeholder,
                      attributes.title,
                      place.label,
                      {},
                      {}});
    page_.controls.push_back(control);
  }

  void PressableInput(const GumboElement& element, const Attributes& attributes, const Place& place,
                      std::string_view type) {
    ControlKind kind = ControlKind::kInert;
    if (Same(type, "submit")) kind = ControlKind::kSubmit;
    if (Same(type, "image")) kind = ControlKind::kImage;
    const int index = AddElement(element, attributes, place, type);
    if (place.off_screen) return;
    Control control = NewControl(kind, element, attributes, place);
    control.element = index;
    if (kind == ControlKind::kInert && !Same(type, "reset")) {
      ApplyScript(ReadScript(View(attributes.onclick)), control);
    }
    const std::string_view shown =
        View(kind == ControlKind::kImage ? attributes.alt : attributes.value);
    Name(control, attributes, shown, kind == ControlKind::kImage ? View(attributes.value) : "");
  }

  void Button(const GumboElement& element, const Attributes& attributes, Place& place) {
    const std::string_view type = View(attributes.type);
    const bool plain = Same(type, "button") || Same(type, "reset");
    const int index = AddElement(element, attributes, place, "button");
    place.in_control = true;
    if (place.off_screen) return;
    Control control =
        NewControl(plain ? ControlKind::kInert : ControlKind::kSubmit, element, attributes, place);
    control.element = index;
    if (Same(type, "button")) ApplyScript(ReadScript(View(attributes.onclick)), control);
    Name(control, attributes, TextOf(element), "");
  }

  // Links, and anything that a script makes clickable.
  void Clickable(const GumboElement& element, const Attributes& attributes, Place& place) {
    const std::string_view href = View(attributes.href);
    const bool link = element.tag == GUMBO_TAG_A || element.tag == GUMBO_TAG_AREA;
    if (link && attributes.href == nullptr && attributes.onclick == nullptr) return;
    Control control = NewControl(ControlKind::kInert, element, attributes, place);
    control.value = {};
    const bool goes = link && !href.empty() && href != "#" && !IsScriptAddress(href);
    const Script script =
        link && IsScriptAddress(href) ? ReadScript(href) : ReadScript(View(attributes.onclick));
    if (goes && script.kind != Script::kPostback && script.kind != Script::kSubmit) {
      control.kind = ControlKind::kLink;
      control.target = href;
    } else {
      ApplyScript(script, control);
    }
    // A row or page that merely listens for clicks is not a control.
    if (!link && control.kind == ControlKind::kInert && attributes.role == nullptr) return;
    place.in_control = true;
    if (place.off_screen) return;
    Name(control, attributes, TextOf(element), View(attributes.alt));
  }

  static void ApplyScript(const Script& script, Control& control) {
    switch (script.kind) {
      case Script::kPostback:
        control.kind = ControlKind::kPostback;
        control.target = script.first;
        control.value = script.second;
        break;
      case Script::kGo:
        control.kind = ControlKind::kLink;
        control.target = script.first;
        break;
      case Script::kSubmit:
        control.kind = ControlKind::kSubmit;
        control.element = -1;  // the form goes without a button's name
        break;
      case Script::kNone:
      case Script::kUnknown:
        break;
    }
  }

  void Name(Control& control, const Attributes& attributes, std::string_view shown,
            std::string_view instead) {
    std::string_view label;
    for (const std::string_view name :
         {LabelledBy(attributes.labelled_by), View(attributes.aria_label), shown, instead,
          View(attributes.title)}) {
      label = KeepLabel(name);
      if (label.empty()) continue;
      control.name = name;
      control.label = label;
      if (shown != name) {
        const std::string_view visible = KeepLabel(shown);
        if (visible != label) control.shown = visible;
      }
      page_.controls.push_back(control);
      return;
    }
  }

  void Picture(const GumboElement& element, const Attributes& attributes, const Place& place) {
    if (place.in_control || place.off_screen || attributes.src == nullptr) return;
    page_.images.push_back({View(attributes.src), KeepLabel(View(attributes.alt)),
                            FormOf(element, attributes, place), order_++});
  }

  // ---- Names of fields ----

  void NameField(const Hint& hint) {
    Control& control = page_.controls[hint.control];
    for (const std::string_view name :
         {LabelledBy(hint.labelled_by), View(hint.aria_label), LabelFor(hint), hint.before,
          hint.cell, View(hint.placeholder), View(hint.title)}) {
      control.label = KeepLabel(name);
      control.name = name;
      if (!control.label.empty()) return;
    }
  }

  std::string_view LabelFor(const Hint& hint) {
    const auto named = labels_for_.find(View(hint.id));
    if (hint.id != nullptr && named != labels_for_.end()) {
      return TextOf(labels_[named->second].node->v.element);
    }
    return hint.label < 0 ? std::string_view() : TextOf(labels_[hint.label].node->v.element);
  }

  // The texts of the elements with these ids, which need not be seen.
  std::string_view LabelledBy(const char* ids) {
    if (ids == nullptr) return {};
    std::pmr::string all(&page_.arena);
    std::string_view rest = ids;
    for (int i = 0; i < 4 && !rest.empty(); ++i) {
      const std::size_t end = std::min(rest.find(' '), rest.size());
      if (const GumboElement* element = FindId(*root_, rest.substr(0, end), 0)) {
        AppendChildren(*element, 0, all);
        all.push_back(' ');
      }
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return Keep(all);
  }

  static const GumboElement* FindId(const GumboNode& node, std::string_view id, int depth) {
    if (node.type != GUMBO_NODE_ELEMENT || depth > Limits::kDepth || id.empty()) return nullptr;
    const char* own = Attribute(node.v.element, "id");
    if (own != nullptr && own == id) return &node.v.element;
    for (unsigned i = 0; i < node.v.element.children.length; ++i) {
      const auto& child = *static_cast<const GumboNode*>(node.v.element.children.data[i]);
      if (const GumboElement* found = FindId(child, id, depth + 1)) return found;
    }
    return nullptr;
  }

  // ---- Structure ----

  void Mix(std::string_view text) {
    for (const char c : text) {
      structure_ = (structure_ ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
    }
    structure_ = (structure_ ^ 0xFF) * 0x100000001b3u;
  }

  void MarkStructure(const GumboElement& element, const Attributes& attributes, int depth) {
    structure_ = (structure_ ^ static_cast<uint64_t>(depth)) * 0x100000001b3u;
    Mix(gumbo_normalized_tagname(element.tag));
    if (element.tag == GUMBO_TAG_INPUT) Mix(View(attributes.type));
    if (attributes.role != nullptr) Mix(attributes.role);
  }

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
  uint64_t structure_ = 0xcbf29ce484222325u;
};

}  // namespace

bool IsField(ControlKind kind) {
  return kind == ControlKind::kText || kind == ControlKind::kPassword;
}

bool IsPressable(ControlKind kind) {
  return kind == ControlKind::kSubmit || kind == ControlKind::kImage ||
         kind == ControlKind::kPostback || kind == ControlKind::kLink;
}

absl::StatusOr<Page> Page::Parse(const Response& response, Charset fallback) {
  const std::string_view bytes = response.body;
  ILKIMZA_ASSIGN_OR_RETURN(const Charset charset,
                           DetectCharset(response.content_type, bytes, fallback));
  auto impl = std::make_unique<Impl>(bytes.size());
  ILKIMZA_ASSIGN_OR_RETURN(impl->html, ToUtf8(bytes, charset));
  impl->charset = charset;
  impl->address = response.address;
  impl->status = response.status;
  impl->base = response.address.url;
  const GumboOutput* tree = ParseTree(impl->html, impl->arena);
  if (tree == nullptr || !Builder(*impl).Build(*tree->root)) {
    return MakeError(absl::StatusCode::kResourceExhausted, v1::ERROR_REASON_PAGE_TOO_LARGE,
                     "The portal's page has more parts than a page of the portal can have; it "
                     "was not read.");
  }
  return Page(std::move(impl));
}

Page::Page(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Page::Page(Page&&) noexcept = default;
Page& Page::operator=(Page&&) noexcept = default;
Page::~Page() = default;

const Address& Page::address() const { return impl_->address; }
int Page::status() const { return impl_->status; }
Charset Page::charset() const { return impl_->charset; }
std::span<const Line> Page::lines() const { return impl_->lines; }
std::span<const Control> Page::controls() const { return impl_->controls; }
std::span<const Image> Page::images() const { return impl_->images; }

std::string Page::fingerprint() const {
  char text[17];
  std::snprintf(text, sizeof(text), "%016llx", static_cast<unsigned long long>(impl_->structure));
  return text;
}

}  // namespace ilkimza::portal
