#include "tests/sandbox/browser.h"

#include <curl/curl.h>
#include <gtest/gtest.h>
#include <gumbo.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>

#include "sandbox/charset.h"
#include "sandbox/renderer.h"

namespace ilkimza::sandbox {
namespace {

std::string Squeezed(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool nbsp = text.substr(i, 2) == "\xC2\xA0";
    if (nbsp) ++i;
    if (nbsp || c == ' ' || c == '\n' || c == '\t' || c == '\r') {
      if (!out.empty() && out.back() != ' ') out += ' ';
    } else {
      out += c;
    }
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

// "Kimlik No :" is the label "Kimlik No".
std::string Label(std::string_view text) {
  std::string label = Squeezed(text);
  while (!label.empty() && (label.back() == ':' || label.back() == ' ')) label.pop_back();
  return label;
}

std::string Attribute(const GumboNode* node, const char* name) {
  const GumboAttribute* attribute = gumbo_get_attribute(&node->v.element.attributes, name);
  return attribute == nullptr ? "" : attribute->value;
}

bool IsElement(const GumboNode* node, GumboTag tag) {
  return node->type == GUMBO_NODE_ELEMENT && node->v.element.tag == tag;
}

void Walk(const GumboNode* node, const std::function<void(const GumboNode*)>& visit) {
  visit(node);
  if (node->type != GUMBO_NODE_ELEMENT) return;
  const GumboVector& children = node->v.element.children;
  for (unsigned i = 0; i < children.length; ++i) {
    Walk(static_cast<const GumboNode*>(children.data[i]), visit);
  }
}

void AppendText(const GumboNode* node, std::string& out) {
  if (node->type == GUMBO_NODE_TEXT || node->type == GUMBO_NODE_WHITESPACE) {
    out += node->v.text.text;
    return;
  }
  if (node->type != GUMBO_NODE_ELEMENT || IsElement(node, GUMBO_TAG_SCRIPT) ||
      IsElement(node, GUMBO_TAG_STYLE)) {
    return;
  }
  const bool inline_tag = IsElement(node, GUMBO_TAG_SPAN) || IsElement(node, GUMBO_TAG_B) ||
                          IsElement(node, GUMBO_TAG_FONT) || IsElement(node, GUMBO_TAG_STRONG);
  if (!inline_tag) out += ' ';
  const GumboVector& children = node->v.element.children;
  for (unsigned i = 0; i < children.length; ++i) {
    AppendText(static_cast<const GumboNode*>(children.data[i]), out);
  }
  if (!inline_tag) out += ' ';
}

std::string TextOf(const GumboNode* node) {
  std::string out;
  AppendText(node, out);
  return Squeezed(out);
}

const GumboNode* Above(const GumboNode* node, GumboTag tag) {
  while (node != nullptr && !IsElement(node, tag)) node = node->parent;
  return node;
}

std::size_t AppendTo(char* data, std::size_t size, std::size_t count, void* out) {
  static_cast<std::string*>(out)->append(data, size * count);
  return size * count;
}

std::size_t TakeHeader(char* data, std::size_t size, std::size_t count, void* out) {
  const std::string line(data, size * count);
  constexpr std::string_view kName = "Set-Cookie: ";
  if (line.starts_with(kName)) {
    static_cast<std::vector<std::string>*>(out)->push_back(
        line.substr(kName.size(), line.size() - kName.size() - 2));
  }
  return size * count;
}

Charset CharsetOf(const std::string& content_type, const std::string& bytes) {
  const std::string head = content_type + bytes.substr(0, 1024);
  return head.find("iso-8859-9") == std::string::npos ? Charset::kUtf8 : Charset::kLatin5;
}

}  // namespace

struct Browser::Parsed {
  struct Element {
    const GumboNode* node;
    std::string label;
  };

  explicit Parsed(std::string text) : html(std::move(text)) {
    output = gumbo_parse_with_options(&kGumboDefaultOptions, html.data(), html.size());
    Walk(output->root, [this](const GumboNode* node) {
      if (node->type != GUMBO_NODE_ELEMENT) return;
      const std::string type = Attribute(node, "type");
      if (IsElement(node, GUMBO_TAG_A) || IsElement(node, GUMBO_TAG_BUTTON) ||
          (IsElement(node, GUMBO_TAG_INPUT) && (type == "submit" || type == "image"))) {
        controls.push_back({node, ControlName(node)});
      } else if (IsElement(node, GUMBO_TAG_INPUT) && type != "hidden") {
        fields.push_back({node, FieldName(node)});
      }
    });
  }
  Parsed(const Parsed&) = delete;
  Parsed& operator=(const Parsed&) = delete;
  ~Parsed() { gumbo_destroy_output(&kGumboDefaultOptions, output); }

  const GumboNode* ById(const std::string& id) const {
    const GumboNode* found = nullptr;
    Walk(output->root, [&](const GumboNode* node) {
      if (node->type == GUMBO_NODE_ELEMENT && Attribute(node, "id") == id) found = node;
    });
    return found;
  }

  static std::string ControlName(const GumboNode* node) {
    if (IsElement(node, GUMBO_TAG_INPUT)) {
      return Attribute(node, Attribute(node, "type") == "image" ? "alt" : "value");
    }
    std::string name = TextOf(node);
    Walk(node, [&](const GumboNode* inner) {
      if (IsElement(inner, GUMBO_TAG_IMG)) name += Attribute(inner, "alt");
    });
    return name;
  }

  std::string FieldName(const GumboNode* input) const {
    const std::string id = Attribute(input, "id");
    std::string name;
    Walk(output->root, [&](const GumboNode* node) {
      if (IsElement(node, GUMBO_TAG_LABEL) && Attribute(node, "for") == id) name = TextOf(node);
    });
    if (!name.empty()) return Label(name);
    if (const std::string by = Attribute(input, "aria-labelledby"); !by.empty()) {
      if (const GumboNode* node = ById(by); node != nullptr) return Label(TextOf(node));
    }
    for (const char* attribute : {"aria-label", "title", "placeholder"}) {
      if (const std::string text = Attribute(input, attribute); !text.empty()) return Label(text);
    }
    return NeighbourText(input);
  }

  // The text of the cell before.
  static std::string NeighbourText(const GumboNode* input) {
    const GumboNode* cell = Above(input, GUMBO_TAG_TD);
    if (cell == nullptr || cell->index_within_parent == 0) return "";
    const GumboVector& cells = cell->parent->v.element.children;
    for (std::size_t i = cell->index_within_parent; i-- > 0;) {
      const auto* before = static_cast<const GumboNode*>(cells.data[i]);
      if (IsElement(before, GUMBO_TAG_TD)) return Label(TextOf(before));
    }
    return "";
  }

  std::string html;
  GumboOutput* output = nullptr;
  std::vector<Element> fields;
  std::vector<Element> controls;
  std::map<const GumboNode*, std::string> typed;
};

Browser::Browser(std::string ca_pem) : curl_(curl_easy_init()), ca_pem_(std::move(ca_pem)) {}

Browser::~Browser() { curl_easy_cleanup(static_cast<CURL*>(curl_)); }

const Browser::Response& Browser::Open(const std::string& url) { return Send(url, nullptr); }

const Browser::Response& Browser::PostRaw(const std::string& url, const std::string& form) {
  return Send(url, &form);
}

const Browser::Response& Browser::Resend() {
  const std::string form = last_form_;
  return Send(last_form_url_, &form);
}

void Browser::ForgetCookies() {
  curl_easy_setopt(static_cast<CURL*>(curl_), CURLOPT_COOKIELIST, "ALL");
}

const Browser::Response& Browser::Send(const std::string& url, const std::string* form) {
  CURL* curl = static_cast<CURL*>(curl_);
  Response response;
  response.url = url;
  for (int hop = 0;; ++hop) {
    response.bytes.clear();
    curl_easy_setopt(curl, CURLOPT_URL, response.url.c_str());
    curl_blob ca{ca_pem_.data(), ca_pem_.size(), CURL_BLOB_NOCOPY};
    curl_easy_setopt(curl, CURLOPT_CAINFO_BLOB, &ca);
    curl_easy_setopt(curl, CURLOPT_COOKIEFILE, "");
    curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout_ms_);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, AppendTo);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &response.bytes);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, TakeHeader);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &response.cookies_set);
    if (form != nullptr) {
      last_form_ = *form;
      last_form_url_ = response.url;
      curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, static_cast<long>(form->size()));
      curl_easy_setopt(curl, CURLOPT_COPYPOSTFIELDS, form->c_str());
      // A dead connection is an answer too: no second try.
      curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L);
    } else {
      curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
      curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 0L);
    }
    response.error = curl_easy_perform(curl);
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    response.status = static_cast<int>(status);
    const char* type = nullptr;
    curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
    response.content_type = type == nullptr ? "" : type;
    const char* next = nullptr;
    curl_easy_getinfo(curl, CURLINFO_REDIRECT_URL, &next);
    if (response.error != 0 || next == nullptr || hop >= redirect_limit_) break;
    response.redirects.emplace_back(response.status, next);
    response.url = next;
    form = nullptr;
  }
  response.body = Decoded(response.bytes, CharsetOf(response.content_type, response.bytes));
  last_ = std::move(response);
  // Nobody reads the padding of a huge page.
  page_ = std::make_unique<Parsed>(last_.body.substr(0, 1 << 18));
  return last_;
}

std::string Browser::Absolute(const std::string& reference) const {
  CURLU* url = curl_url();
  curl_url_set(url, CURLUPART_URL, last_.url.c_str(), 0);
  curl_url_set(url, CURLUPART_URL, reference.c_str(), 0);
  char* text = nullptr;
  curl_url_get(url, CURLUPART_URL, &text, 0);
  std::string absolute = text == nullptr ? "" : text;
  curl_free(text);
  curl_url_cleanup(url);
  return absolute;
}

void Browser::Type(std::string_view label, std::string value) {
  int found = 0;
  for (const Parsed::Element& field : page_->fields) {
    if (field.label != label) continue;
    page_->typed[field.node] = value;
    ++found;
  }
  EXPECT_EQ(found, 1) << "fields named '" << label << "' on: " << text();
}

const Browser::Response& Browser::Press(std::string_view label, int nth) {
  const GumboNode* control = nullptr;
  for (const Parsed::Element& candidate : page_->controls) {
    if (candidate.label == label && --nth == 0) control = candidate.node;
  }
  if (control == nullptr) {
    ADD_FAILURE() << "no control '" << label << "' on: " << text();
    return last_;
  }
  std::string target;
  std::string argument;
  if (IsElement(control, GUMBO_TAG_A)) {
    const std::string href = Attribute(control, "href");
    if (!href.starts_with("javascript:__doPostBack('")) return Open(Absolute(href));
    const auto first = href.find('\'') + 1;
    const auto second = href.find('\'', first);
    const auto third = href.find('\'', second + 1) + 1;
    target = href.substr(first, second - first);
    argument = href.substr(third, href.find('\'', third) - third);
  }
  const GumboNode* form = Above(control, GUMBO_TAG_FORM);
  if (form == nullptr) {
    // Gumbo keeps a form that a table tore apart as a node beside its controls.
    Walk(page_->output->root, [&](const GumboNode* node) {
      if (IsElement(node, GUMBO_TAG_FORM)) form = node;
    });
  }
  if (form == nullptr) {
    ADD_FAILURE() << "'" << label << "' belongs to no form on: " << text();
    return last_;
  }
  const std::string body = FormBody(control, target, argument);
  return Send(Absolute(Attribute(form, "action")), &body);
}

// What a browser sends when `control` is pressed, in the page's charset.
std::string Browser::FormBody(const GumboInternalNode* control, const std::string& target,
                              const std::string& argument) const {
  const Charset charset = CharsetOf(last_.content_type, last_.bytes);
  std::string body;
  const auto add = [&](const std::string& name, const std::string& value) {
    if (name.empty()) return;
    if (!body.empty()) body += '&';
    body += PercentEncoded(name) + "=" + PercentEncoded(Encoded(value, charset));
  };
  Walk(page_->output->root, [&](const GumboNode* node) {
    if (!IsElement(node, GUMBO_TAG_INPUT)) return;
    const std::string type = Attribute(node, "type");
    const std::string name = Attribute(node, "name");
    if (type == "submit" || type == "image") return;
    const auto typed = page_->typed.find(node);
    std::string value = typed == page_->typed.end() ? Attribute(node, "value") : typed->second;
    if (name == "__EVENTTARGET") value = target;
    if (name == "__EVENTARGUMENT") value = argument;
    add(name, value);
  });
  if (Attribute(control, "type") == "image") {
    add(Attribute(control, "name") + ".x", "7");
    add(Attribute(control, "name") + ".y", "9");
  } else if (!IsElement(control, GUMBO_TAG_A)) {
    add(Attribute(control, "name"), Attribute(control, "value"));
  }
  return body;
}

std::string Browser::Captcha() {
  std::string source;
  Walk(page_->output->root, [&](const GumboNode* node) {
    if (IsElement(node, GUMBO_TAG_IMG) && Attribute(node, "alt") == "Güvenlik resmi") {
      source = Attribute(node, "src");
    }
  });
  EXPECT_FALSE(source.empty()) << "no captcha on: " << text();
  // The page stays what it is.
  auto page = std::move(page_);
  Response response = last_;
  Open(Absolute(source));
  std::string image = last_.bytes;
  EXPECT_EQ(last_.status, 200);
  EXPECT_EQ(last_.content_type, "image/png");
  last_ = std::move(response);
  page_ = std::move(page);
  return image;
}

std::string Browser::text() const { return TextOf(page_->output->root); }

// What stands out on top, in each markup.
std::string Browser::heading() const {
  std::string heading;
  Walk(page_->output->root, [&](const GumboNode* node) {
    if (!heading.empty()) return;
    if (IsElement(node, GUMBO_TAG_H1) || IsElement(node, GUMBO_TAG_LEGEND) ||
        (IsElement(node, GUMBO_TAG_FONT) && Attribute(node, "size") == "4")) {
      heading = TextOf(node);
    }
  });
  return heading;
}

std::vector<std::string> Browser::fields() const {
  std::vector<std::string> labels;
  for (const Parsed::Element& field : page_->fields) labels.push_back(field.label);
  return labels;
}

std::vector<std::string> Browser::controls() const {
  std::vector<std::string> labels;
  for (const Parsed::Element& control : page_->controls) labels.push_back(control.label);
  return labels;
}

std::map<std::string, std::string> Browser::hidden() const {
  std::map<std::string, std::string> values;
  Walk(page_->output->root, [&](const GumboNode* node) {
    if (IsElement(node, GUMBO_TAG_INPUT) && Attribute(node, "type") == "hidden") {
      values[Attribute(node, "name")] = Attribute(node, "value");
    }
  });
  return values;
}

}  // namespace ilkimza::sandbox
