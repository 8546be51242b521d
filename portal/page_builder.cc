#include "portal/page_builder.h"

#include <algorithm>
#include <cstring>
#include <span>

#include "portal/origin.h"
#include "portal/text.h"
#include "portal/tree.h"

namespace ilkimza::portal::page_building {
namespace {

// ---- Structure: FNV-1a ----

constexpr uint64_t kStart = 0xcbf29ce484222325u;
constexpr uint64_t kPrime = 0x100000001b3u;
constexpr uint64_t kEnd = 0xFF;
// A card's part of a page is a few rows.
constexpr std::size_t kLongestRun = 12;

uint64_t Mixed(uint64_t hash, uint64_t with) {
  hash = (hash ^ (with & 0xFFFFFFFFu)) * kPrime;
  return (hash ^ (with >> 32)) * kPrime;
}

uint64_t Mixed(uint64_t hash, std::string_view text) {
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * kPrime;
  return (hash ^ kEnd) * kPrime;
}

// How many parts at the end say once more what stands right before them. Only rows and
// blocks without fields do: a holder of two cards has the same page as one of one card.
std::size_t RepeatedAtEnd(std::span<const Part> parts) {
  bool block = false;
  for (std::size_t run = 1; run <= kLongestRun && 2 * run <= parts.size(); ++run) {
    const Part& first = parts[parts.size() - run];
    if (first.has_field) return 0;
    block = block || first.block;
    if (!block || first.hash != parts[parts.size() - 2 * run].hash) continue;
    const auto last = parts.last(run);
    const auto before = parts.subspan(parts.size() - 2 * run, run);
    const bool same = std::equal(last.begin(), last.end(), before.begin(),
                                 [](const Part& a, const Part& b) { return a.hash == b.hash; });
    if (same) return run;
  }
  return 0;
}

}  // namespace

bool Builder::Build(const GumboNode& root) {
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
  for (const Part& part : structure_) page_.structure = Mixed(page_.structure, part.hash);
  return !beyond_limits_;
}

// ---- Text ----

std::string_view Builder::Keep(std::string_view text) {
  if (text.empty()) return {};
  char* copy = static_cast<char*>(page_.arena.allocate(text.size(), 1));
  std::memcpy(copy, text.data(), text.size());
  return {copy, text.size()};
}

std::string_view Builder::KeepLabel(std::string_view text) {
  folded_.clear();
  AppendFoldedLabel(text, folded_);
  return Keep(folded_);
}

void Builder::AddText(std::string_view text, const Place& place) {
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

std::string_view Builder::EndLine() {
  if (line_.empty()) return {};
  const std::string_view label = KeepLabel(line_);
  std::string_view text;
  if (!label.empty()) {
    text = Keep(line_);
    page_.lines.push_back({text, label, line_heading_, line_row_, line_cell_, order_++});
    fields_since_line_ = 0;
  }
  line_.clear();
  return text;
}

void Builder::AppendText(const GumboNode& node, int depth, std::pmr::string& out) const {
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
  if (element.tag == GUMBO_TAG_IMG) out.append(AsView(Attribute(element, "alt")));
  AppendChildren(element, depth, out);
  if (IsBlock(element.tag)) out.push_back(' ');
}

void Builder::AppendChildren(const GumboElement& element, int depth, std::pmr::string& out) const {
  for (unsigned i = 0; i < element.children.length; ++i) {
    AppendText(*static_cast<const GumboNode*>(element.children.data[i]), depth + 1, out);
  }
}

std::string_view Builder::TextOf(const GumboElement& element) {
  scratch_.clear();
  AppendChildren(element, 0, scratch_);
  return Keep(scratch_);
}

// ---- What is seen ----

void Builder::ReadStyles(const GumboNode& node, int depth) {
  if (node.type != GUMBO_NODE_ELEMENT || depth > Limits::kDepth) return;
  const GumboElement& element = node.v.element;
  if (element.tag == GUMBO_TAG_STYLE && !IsForScreens(AsView(Attribute(element, "media")))) return;
  for (unsigned i = 0; i < element.children.length; ++i) {
    const auto& child = *static_cast<const GumboNode*>(element.children.data[i]);
    if (element.tag == GUMBO_TAG_STYLE) {
      if (child.type == GUMBO_NODE_TEXT) sheet_.Add(child.v.text.text);
    } else {
      ReadStyles(child, depth + 1);
    }
  }
}

Sight Builder::SightOf(const GumboElement& element) const {
  if (element.attributes.length == 0 && !has_style_) return Sight::kSeen;
  return sheet_.Of(element);
}

// ---- The walk ----

void Builder::Visit(const GumboNode& node, Place place) {
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

void Builder::VisitElement(const GumboNode& node, Place place) {
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
  const bool block = IsBlock(element.tag);
  if (block) EndLine();
  const std::size_t part = BeginPart(element, attributes);
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
  EndPart(part);
  if (block) EndLine();
}

void Builder::VisitChildren(const GumboElement& element, const Place& place) {
  for (unsigned i = 0; i < element.children.length; ++i) {
    Visit(*static_cast<const GumboNode*>(element.children.data[i]), place);
  }
}

void Builder::VisitTable(const GumboElement& element, Place place) {
  Table table;
  place.table = &table;
  VisitChildren(element, place);
}

void Builder::VisitRow(const GumboElement& element, Place place) {
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

void Builder::VisitCell(const GumboElement& element, Place place) {
  Row& row = *place.row;
  ++row.cell;
  row.lines_before = page_.lines.size();
  const std::size_t fields = hints_.size();
  place.heading = place.heading || element.tag == GUMBO_TAG_TH;
  VisitChildren(element, place);
  EndLine();
  if (page_.lines.size() == row.lines_before) return;
  const std::string_view first = page_.lines[row.lines_before].text;
  if (hints_.size() == fields) row.left = first;
  if (row.cell < kColumns) row.table->here[row.cell] = first;
}

bool Builder::Enter(const GumboNode& node, const Attributes& attributes, Place& place) {
  const GumboElement& element = node.v.element;
  switch (element.tag) {
    case GUMBO_TAG_FORM:
      place.form = static_cast<int>(page_.forms.size());
      page_.forms.push_back({&element, AsView(attributes.id), AsView(attributes.name)});
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
  if (Same(AsView(attributes.role), "heading")) place.heading = true;
  if (element.tag == GUMBO_TAG_A || element.tag == GUMBO_TAG_AREA ||
      attributes.ListensForClicks()) {
    Clickable(element, attributes, place);
  }
  return true;
}

void Builder::FindBase(const GumboElement& head) {
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

void Builder::CarryHidden(const GumboNode& node, Place place) {
  const GumboElement& element = node.v.element;
  if (element.tag == GUMBO_TAG_TEMPLATE || element.tag == GUMBO_TAG_NOSCRIPT ||
      ++place.depth > Limits::kDepth) {
    return;
  }
  const Attributes attributes(element);
  if (element.tag == GUMBO_TAG_FORM) {
    place.form = static_cast<int>(page_.forms.size());
    page_.forms.push_back({&element, AsView(attributes.id), AsView(attributes.name)});
  } else if (element.tag == GUMBO_TAG_INPUT) {
    AddElement(element, attributes, place, AsView(attributes.type));
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

// ---- Structure ----

std::size_t Builder::BeginPart(const GumboElement& element, const Attributes& attributes) {
  uint64_t hash = Mixed(kStart, gumbo_normalized_tagname(element.tag));
  const std::string_view type = AsView(attributes.type);
  const bool input = element.tag == GUMBO_TAG_INPUT;
  if (input) hash = Mixed(hash, type);
  if (attributes.role != nullptr) hash = Mixed(hash, attributes.role);
  const bool presses = Same(type, "hidden") || Same(type, "submit") || Same(type, "image") ||
                       Same(type, "button") || Same(type, "reset");
  const bool field =
      (input && !presses) || element.tag == GUMBO_TAG_SELECT || element.tag == GUMBO_TAG_TEXTAREA;
  structure_.push_back({hash, IsBlock(element.tag), field});
  return structure_.size() - 1;
}

void Builder::EndPart(std::size_t part) {
  Part& whole = structure_[part];
  std::size_t kept = part + 1;
  for (std::size_t i = part + 1; i < structure_.size(); ++i) {
    whole.has_field = whole.has_field || structure_[i].has_field;
    structure_[kept++] = structure_[i];
    const std::span<const Part> children(&structure_[part + 1], kept - part - 1);
    kept -= RepeatedAtEnd(children);
  }
  for (std::size_t i = part + 1; i < kept; ++i) whole.hash = Mixed(whole.hash, structure_[i].hash);
  whole.hash = Mixed(whole.hash, kEnd);
  structure_.resize(part + 1);
}

}  // namespace ilkimza::portal::page_building
