// A page taken apart and put together again, so that a test can change it as a tree.
#ifndef ILKIMZA_TESTS_PORTAL_MARKUP_H_
#define ILKIMZA_TESTS_PORTAL_MARKUP_H_

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ilkimza::portal {

// An element, or a text where `tag` is empty.
struct Node {
  std::string tag;
  std::map<std::string, std::string> attributes;
  std::string text;
  std::vector<std::unique_ptr<Node>> children;
  Node* parent = nullptr;

  [[nodiscard]] bool IsText() const { return tag.empty(); }
  [[nodiscard]] std::string Attribute(const std::string& name) const {
    const auto found = attributes.find(name);
    return found == attributes.end() ? "" : found->second;
  }
  // At `index`, or at the end where there is no such place.
  Node* Insert(std::unique_ptr<Node> child, std::size_t index);
  // Takes this node out of its parent.
  std::unique_ptr<Node> Detach();
  [[nodiscard]] std::unique_ptr<Node> Clone() const;
  [[nodiscard]] bool IsInside(const Node& other) const;
};

// As a browser reads UTF-8 HTML; comments are left out.
std::unique_ptr<Node> ParseMarkup(std::string_view html);
std::string WriteMarkup(const Node& root);

}  // namespace ilkimza::portal

#endif  // ILKIMZA_TESTS_PORTAL_MARKUP_H_
