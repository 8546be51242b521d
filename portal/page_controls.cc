// The controls of a page and their names: the other half of Builder.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "portal/page_builder.h"
#include "portal/text.h"
#include "portal/tree.h"

namespace ilkimza::portal::page_building {

// ---- Controls ----

int Builder::FormOf(const GumboElement& element, const Attributes& attributes, const Place& place) {
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

std::size_t Builder::EndOfForm(std::size_t from) const {
  const std::string_view html = page_.html;
  for (std::size_t at = html.find("</", from); at != std::string_view::npos;
       at = html.find("</", at + 2)) {
    if (Same(html.substr(at, 6), "</form")) return at;
  }
  return html.size();
}

int Builder::AddElement(const GumboElement& element, const Attributes& attributes,
                        const Place& place, std::string_view type) {
  page_.elements.push_back({&element, FormOf(element, attributes, place), type});
  return static_cast<int>(page_.elements.size()) - 1;
}

void Builder::Input(const GumboElement& element, const Attributes& attributes, Place& place) {
  const std::string_view type = AsView(attributes.type);
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
      AddText(AsView(attributes.value), place);
      EndLine();
    }
    Field(element, attributes, place, password ? ControlKind::kPassword : ControlKind::kText, type);
  }
}

Control Builder::NewControl(ControlKind kind, const GumboElement& element,
                            const Attributes& attributes, const Place& place) {
  Control control;
  control.kind = kind;
  control.enabled = !attributes.disabled;
  control.form = FormOf(element, attributes, place);
  control.order = order_++;
  control.row = place.row == nullptr ? -1 : place.row->number;
  control.field = AsView(attributes.name);
  control.value = AsView(attributes.value);
  return control;
}

void Builder::Field(const GumboElement& element, const Attributes& attributes, const Place& place,
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

std::string_view Builder::CellName(const Place& place, std::size_t lines) {
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

void Builder::Choice(const GumboElement& element, const Attributes& attributes, const Place& place,
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

void Builder::PressableInput(const GumboElement& element, const Attributes& attributes,
                             const Place& place, std::string_view type) {
  ControlKind kind = ControlKind::kInert;
  if (Same(type, "submit")) kind = ControlKind::kSubmit;
  if (Same(type, "image")) kind = ControlKind::kImage;
  const int index = AddElement(element, attributes, place, type);
  if (place.off_screen) return;
  Control control = NewControl(kind, element, attributes, place);
  control.element = index;
  const Script script = ReadScript(AsView(attributes.onclick));
  if (IsPressable(kind)) {
    ApplyToSubmit(script, control);
  } else if (!Same(type, "reset")) {
    ApplyScript(script, control, true);
  }
  const std::string_view shown =
      AsView(kind == ControlKind::kImage ? attributes.alt : attributes.value);
  Name(control, attributes, shown, kind == ControlKind::kImage ? AsView(attributes.value) : "");
}

void Builder::Button(const GumboElement& element, const Attributes& attributes, Place& place) {
  const std::string_view type = AsView(attributes.type);
  const bool plain = Same(type, "button") || Same(type, "reset");
  const int index = AddElement(element, attributes, place, "button");
  place.in_control = true;
  if (place.off_screen) return;
  Control control =
      NewControl(plain ? ControlKind::kInert : ControlKind::kSubmit, element, attributes, place);
  control.element = index;
  const Script script = ReadScript(AsView(attributes.onclick));
  if (!plain) {
    ApplyToSubmit(script, control);
  } else if (Same(type, "button")) {
    ApplyScript(script, control, true);
  }
  Name(control, attributes, TextOf(element), "");
}

void Builder::Clickable(const GumboElement& element, const Attributes& attributes, Place& place) {
  const std::string_view href = AsView(attributes.href);
  const bool link = element.tag == GUMBO_TAG_A || element.tag == GUMBO_TAG_AREA;
  if (link && attributes.href == nullptr && attributes.onclick == nullptr) return;
  Control control = NewControl(ControlKind::kInert, element, attributes, place);
  control.value = {};
  const bool goes = link && !href.empty() && href != "#" && !IsScriptAddress(href);
  const Script script =
      link && IsScriptAddress(href) ? ReadScript(href) : ReadScript(AsView(attributes.onclick));
  if (goes && script.kind != Script::kPostback && script.kind != Script::kSubmit) {
    control.kind = ControlKind::kLink;
    control.target = href;
  } else {
    ApplyScript(script, control, false);
  }
  // A row or page that merely listens for clicks is not a control.
  const bool listens = control.kind == ControlKind::kInert && script.kind != Script::kSubmit;
  if (!link && listens && attributes.role == nullptr) return;
  place.in_control = true;
  if (place.off_screen) return;
  Name(control, attributes, TextOf(element), AsView(attributes.alt));
}

// Anything but what surely sends the form around the control leaves it inert: with the
// fields of one form another one must never be sent.
void Builder::ApplyScript(const Script& script, Control& control, bool in_form) {
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
      if (!SendsOwnForm(script, control, in_form)) break;
      control.kind = ControlKind::kSubmit;
      control.element = -1;  // the form goes without a button's name
      break;
    case Script::kNone:
    case Script::kUnknown:
      break;
  }
}

void Builder::ApplyToSubmit(const Script& script, Control& control) {
  if (script.kind == Script::kNone) return;
  const bool as_it_is =
      (script.kind == Script::kSubmit && SendsOwnForm(script, control, true)) ||
      (script.kind == Script::kPostback && script.first == control.field && !control.field.empty());
  if (as_it_is && !script.cancels) return;
  control.kind = ControlKind::kInert;
  // With `return false` the script is all that happens.
  if (script.cancels) ApplyScript(script, control, true);
}

bool Builder::SendsOwnForm(const Script& script, const Control& control, bool in_form) {
  if (control.form < 0) return false;
  const auto own = static_cast<std::size_t>(control.form);
  const auto is_called = [&script](const Form& form) {
    return form.name == script.first || (script.form == Script::kListed && form.id == script.first);
  };
  switch (script.form) {
    case Script::kOwn:
      return in_form;
    case Script::kNumber:
      return absl::StrCat(own) == std::string(script.first);
    case Script::kListed:
    case Script::kNamed: {
      // The first of this name; those that follow have no say.
      const auto first = std::find_if(page_.forms.begin(), page_.forms.end(), is_called);
      return first - page_.forms.begin() == control.form;
    }
    case Script::kId:
      // Something else may bear this id as well, and come first.
      return page_.forms[own].id == script.first &&
             FindId(*root_, script.first, 0) == page_.forms[own].node;
    case Script::kUnclear:
      return false;
  }
  return false;
}

void Builder::Name(Control& control, const Attributes& attributes, std::string_view shown,
                   std::string_view instead) {
  std::string_view label;
  for (const std::string_view name :
       {LabelledBy(attributes.labelled_by), AsView(attributes.aria_label), shown, instead,
        AsView(attributes.title)}) {
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

void Builder::Picture(const GumboElement& element, const Attributes& attributes,
                      const Place& place) {
  // One that listens for clicks is a button: it brings another captcha, or a help page.
  if (attributes.ListensForClicks() || place.in_control || place.off_screen ||
      attributes.src == nullptr) {
    return;
  }
  page_.images.push_back({AsView(attributes.src), KeepLabel(AsView(attributes.alt)),
                          FormOf(element, attributes, place), order_++});
}

// ---- Names of fields ----

void Builder::NameField(const Hint& hint) {
  Control& control = page_.controls[hint.control];
  for (const std::string_view name :
       {LabelledBy(hint.labelled_by), AsView(hint.aria_label), LabelFor(hint), hint.before,
        hint.cell, AsView(hint.placeholder), AsView(hint.title)}) {
    control.label = KeepLabel(name);
    control.name = name;
    if (!control.label.empty()) return;
  }
}

std::string_view Builder::LabelFor(const Hint& hint) {
  const auto named = labels_for_.find(AsView(hint.id));
  if (hint.id != nullptr && named != labels_for_.end()) {
    return TextOf(labels_[named->second].node->v.element);
  }
  return hint.label < 0 ? std::string_view() : TextOf(labels_[hint.label].node->v.element);
}

std::string_view Builder::LabelledBy(const char* ids) {
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

const GumboElement* Builder::FindId(const GumboNode& node, std::string_view id, int depth) {
  if (node.type != GUMBO_NODE_ELEMENT || depth > Limits::kDepth || id.empty()) return nullptr;
  const char* own = Attribute(node.v.element, "id");
  if (own != nullptr && own == id) return &node.v.element;
  for (unsigned i = 0; i < node.v.element.children.length; ++i) {
    const auto& child = *static_cast<const GumboNode*>(node.v.element.children.data[i]);
    if (const GumboElement* found = FindId(child, id, depth + 1)) return found;
  }
  return nullptr;
}

}  // namespace ilkimza::portal::page_building
