#include "tests/portal/markup.h"

#include <gumbo.h>

#include <algorithm>
#include <set>

namespace ilkimza::portal {
namespace {

std::string TagOf(const GumboElement& element) {
  if (element.tag != GUMBO_TAG_UNKNOWN) return gumbo_normalized_tagname(element.tag);
  GumboStringPiece piece = element.original_tag;
  gumbo_tag_from_original_text(&piece);
  return {piece.data, piece.length};
}

std::unique_ptr<Node> Convert(const GumboNode& from, Node* parent) {
  auto node = std::make_unique<Node>();
  node->parent = parent;
  if (from.type != GUMBO_NODE_ELEMENT && from.type != GUMBO_NODE_TEMPLATE) {
    node->text = from.v.text.text;
    return node;
  }
  const GumboElement& element = from.v.element;
  node->tag = TagOf(element);
  for (unsigned i = 0; i < element.attributes.length; ++i) {
    const auto* attribute = static_cast<const GumboAttribute*>(element.attributes.data[i]);
    node->attributes[attribute->name] = attribute->value;
  }
  for (unsigned i = 0; i < element.children.length; ++i) {
    const auto* child = static_cast<const GumboNode*>(element.children.data[i]);
    if (child->type == GUMBO_NODE_COMMENT) continue;
    node->children.push_back(Convert(*child, node.get()));
  }
  return node;
}

std::string Escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

void Write(const Node& node, bool raw, std::string& out) {
  static const std::set<std::string> empty = {"area", "base", "br",    "col",  "embed",
                                              "hr",   "img",  "input", "link", "meta"};
  if (node.IsText()) {
    out += raw ? node.text : Escaped(node.text);
    return;
  }
  out += "<" + node.tag;
  for (const auto& [name, value] : node.attributes)
    out += " " + name + "=\"" + Escaped(value) + "\"";
  out += ">";
  if (empty.count(node.tag) != 0) return;
  const bool is_raw = node.tag == "style" || node.tag == "script";
  for (const auto& child : node.children) Write(*child, is_raw, out);
  out += "</" + node.tag + ">";
}

}  // namespace

Node* Node::Insert(std::unique_ptr<Node> child, std::size_t index) {
  child->parent = this;
  Node* inserted = child.get();
  children.insert(children.begin() + static_cast<std::ptrdiff_t>(std::min(index, children.size())),
                  std::move(child));
  return inserted;
}

std::unique_ptr<Node> Node::Detach() {
  const auto own = std::find_if(parent->children.begin(), parent->children.end(),
                                [this](const auto& child) { return child.get() == this; });
  std::unique_ptr<Node> node = std::move(*own);
  parent->children.erase(own);
  parent = nullptr;
  return node;
}

std::unique_ptr<Node> Node::Clone() const {
  auto copy = std::make_unique<Node>();
  copy->tag = tag;
  copy->attributes = attributes;
  copy->text = text;
  for (const auto& child : children) copy->Insert(child->Clone(), copy->children.size());
  return copy;
}

bool Node::IsInside(const Node& other) const {
  for (const Node* at = this; at != nullptr; at = at->parent) {
    if (at == &other) return true;
  }
  return false;
}

std::unique_ptr<Node> ParseMarkup(std::string_view html) {
  GumboOutput* output = gumbo_parse_with_options(&kGumboDefaultOptions, html.data(), html.size());
  auto root = Convert(*output->root, nullptr);
  gumbo_destroy_output(&kGumboDefaultOptions, output);
  return root;
}

std::string WriteMarkup(const Node& root) {
  std::string out = "<!DOCTYPE html>";
  Write(root, false, out);
  return out;
}

}  // namespace ilkimza::portal
