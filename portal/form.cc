// Page::Press and Page::Ask: the request behind a click, and that for a picture.
#include <optional>
#include <vector>

#include "absl/strings/ascii.h"
#include "base/error.h"
#include "base/secret.h"
#include "portal/page.h"
#include "portal/page_impl.h"
#include "portal/tree.h"

namespace ilkimza::portal {
namespace {

constexpr std::string_view kUrlEncoded = "application/x-www-form-urlencoded";
constexpr std::string_view kMultipart = "multipart/form-data";
constexpr std::string_view kBoundary = "----ilkimza-6b1f0a6d2f9c4e57";
constexpr std::string_view kTarget = "__EVENTTARGET";
constexpr std::string_view kArgument = "__EVENTARGUMENT";

struct Pair {
  std::string_view name;
  std::string_view value;
};

absl::Status CannotPress(std::string_view why) {
  return MakeError(absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_CONTROL_AMBIGUOUS,
                   std::string("A control of the portal's page cannot be used: ") +
                       std::string(why) + ". Nothing was pressed.");
}

void AppendUrlEncoded(std::string_view bytes, WipedString& out) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (absl::ascii_isalnum(byte) || c == '*' || c == '-' || c == '.' || c == '_') {
      out.push_back(c);
    } else if (c == ' ') {
      out.push_back('+');
    } else {
      out.push_back('%');
      out.push_back(kHex[byte >> 4]);
      out.push_back(kHex[byte & 0xF]);
    }
  }
}

// The options of a list that are chosen, or the first one, as browsers send it.
void AppendChosen(const GumboElement& parent, std::string_view name, bool& first_taken,
                  std::optional<Pair>& first, std::vector<Pair>& pairs, int depth) {
  for (unsigned i = 0; i < parent.children.length && depth < 4; ++i) {
    const auto& child = *static_cast<const GumboNode*>(parent.children.data[i]);
    if (child.type != GUMBO_NODE_ELEMENT) continue;
    const GumboElement& element = child.v.element;
    if (element.tag != GUMBO_TAG_OPTION) {
      AppendChosen(element, name, first_taken, first, pairs, depth + 1);
      continue;
    }
    const char* value = Attribute(element, "value");
    if (value == nullptr && element.children.length > 0) {
      const auto& text = *static_cast<const GumboNode*>(element.children.data[0]);
      if (text.type == GUMBO_NODE_TEXT) value = text.v.text.text;
    }
    if (!first) first = Pair{name, AsView(value)};
    if (Attribute(element, "selected") != nullptr) {
      pairs.push_back({name, AsView(value)});
      first_taken = true;
    }
  }
}

class Sender {
 public:
  Sender(const Page::Impl& page, const Control& control, std::span<const Fill> fills)
      : page_(page), control_(control), fills_(fills), form_(FormToSend()) {}

  absl::StatusOr<Request> Send() {
    if (form_ < 0) return CannotPress("it belongs to no form");
    for (const Fill& fill : fills_) {
      if (!IsField(fill.field->kind) || !fill.field->enabled) {
        return CannotPress("a field of it cannot be typed into");
      }
      if (fill.field->form != form_) return CannotPress("a field belongs to another form");
    }
    for (std::size_t i = 0; i < page_.elements.size(); ++i) Collect(static_cast<int>(i));
    if (control_.kind == ControlKind::kPostback) {
      if (!target_sent_) pairs_.push_back({kTarget, control_.target});
      if (!argument_sent_) pairs_.push_back({kArgument, control_.value});
    }
    return Compose();
  }

 private:
  // A postback sends the form made for postbacks, whatever form it stands in.
  [[nodiscard]] int FormToSend() const {
    if (control_.kind != ControlKind::kPostback) return control_.form;
    for (const FormElement& element : page_.elements) {
      if (AsView(Attribute(*element.node, "name")) != kTarget) continue;
      return control_.form < 0 || control_.form == element.form ? element.form : -1;
    }
    return page_.forms.size() == 1 ? 0 : -1;
  }

  [[nodiscard]] const Fill* FillOf(int element) const {
    for (const Fill& fill : fills_) {
      if (fill.field->element == element) return &fill;
    }
    return nullptr;
  }

  void Collect(int index) {
    const FormElement& element = page_.elements[index];
    if (element.form != form_ || Attribute(*element.node, "disabled") != nullptr) return;
    const std::string_view name = AsView(Attribute(*element.node, "name"));
    const bool pressed = index == control_.element;
    if (Same(element.type, "image")) {
      if (pressed) CollectImage(name);
      return;
    }
    if (name.empty()) return;
    const std::string_view value = AsView(Attribute(*element.node, "value"));
    if (element.type == "button" || Same(element.type, "submit")) {
      if (pressed) pairs_.push_back({name, value});
    } else if (Same(element.type, "reset") || Same(element.type, "file") ||
               Same(element.type, "button")) {
      return;
    } else if (Same(element.type, "checkbox") || Same(element.type, "radio")) {
      if (Attribute(*element.node, "checked") == nullptr) return;
      const bool has_value = Attribute(*element.node, "value") != nullptr;
      pairs_.push_back({name, has_value ? value : std::string_view("on")});
    } else if (element.type == "select") {
      CollectList(*element.node, name);
    } else {
      CollectText(index, element, name, value);
    }
  }

  // Pressed in its middle, or near enough.
  void CollectImage(std::string_view name) {
    const std::string prefix = name.empty() ? "" : std::string(name) + ".";
    image_x_ = prefix + "x";
    image_y_ = prefix + "y";
    pairs_.push_back({image_x_, "7"});
    pairs_.push_back({image_y_, "7"});
  }

  void CollectList(const GumboElement& list, std::string_view name) {
    bool first_taken = false;
    std::optional<Pair> first;
    AppendChosen(list, name, first_taken, first, pairs_, 0);
    const bool drop_down =
        Attribute(list, "multiple") == nullptr && Attribute(list, "size") == nullptr;
    if (!first_taken && drop_down && first) pairs_.push_back(*first);
  }

  void CollectText(int index, const FormElement& element, std::string_view name,
                   std::string_view value) {
    if (control_.kind == ControlKind::kPostback && name == kTarget) {
      target_sent_ = true;
      value = control_.target;
    } else if (control_.kind == ControlKind::kPostback && name == kArgument) {
      argument_sent_ = true;
      value = control_.value;
    } else if (const Fill* fill = FillOf(index)) {
      value = fill->text;
    } else if (element.type == "textarea" && element.node->children.length > 0) {
      const auto& text = *static_cast<const GumboNode*>(element.node->children.data[0]);
      value = text.v.text.text;
    }
    pairs_.push_back({name, value});
  }

  // The attribute of the form, or what the pressed button says instead of it.
  [[nodiscard]] std::string_view Setting(std::string_view name, std::string_view of_button) const {
    if (control_.element >= 0) {
      if (const char* own = Attribute(*page_.elements[control_.element].node, of_button))
        return own;
    }
    return AsView(Attribute(*page_.forms[form_].node, name));
  }

  [[nodiscard]] Charset FormCharset() const {
    const std::string_view accept = AsView(Attribute(*page_.forms[form_].node, "accept-charset"));
    const auto named = CharsetByName(accept.substr(0, accept.find_first_of(" ,")));
    return named.value_or(page_.charset);
  }

  absl::StatusOr<Request> Compose() {
    const std::string_view action = Setting("action", "formaction");
    const auto address = ParseAddress(page_.base, action);
    if (!address.ok()) return CannotPress("its form has no address");
    Request request;
    request.address = action.empty() ? page_.address : *address;
    request.referer = page_.address;
    if (!Same(Setting("method", "formmethod"), "post")) {
      std::string url = request.address.url.substr(0, request.address.url.find('?')) + "?";
      const WipeGuard guard(url);
      const WipedString query = UrlEncoded();
      url.append(query.data(), query.size());
      const auto asked = ParseAddress("", url);
      if (!asked.ok()) return CannotPress("its form has no address");
      request.address = *asked;
      return request;
    }
    request.method = Request::kPost;
    if (Same(Setting("enctype", "formenctype"), kMultipart)) {
      request.content_type = std::string(kMultipart) + "; boundary=" + std::string(kBoundary);
      request.body = Multipart();
    } else {
      request.content_type = kUrlEncoded;
      request.body = UrlEncoded();
    }
    return request;
  }

  [[nodiscard]] WipedString UrlEncoded() const {
    const Charset charset = FormCharset();
    WipedString out;
    for (const Pair& pair : pairs_) {
      if (!out.empty()) out.push_back('&');
      AppendUrlEncoded(FromUtf8(pair.name, charset), out);
      out.push_back('=');
      AppendUrlEncoded(FromUtf8(pair.value, charset), out);
    }
    return out;
  }

  [[nodiscard]] WipedString Multipart() const {
    const Charset charset = FormCharset();
    WipedString out;
    for (const Pair& pair : pairs_) {
      out.append("--").append(kBoundary).append("\r\nContent-Disposition: form-data; name=\"");
      out.append(FromUtf8(pair.name, charset)).append("\"\r\n\r\n");
      out.append(FromUtf8(pair.value, charset)).append("\r\n");
    }
    out.append("--").append(kBoundary).append("--\r\n");
    return out;
  }

  const Page::Impl& page_;
  const Control& control_;
  const std::span<const Fill> fills_;
  const int form_;
  std::vector<Pair> pairs_;
  std::string image_x_;
  std::string image_y_;
  bool target_sent_ = false;
  bool argument_sent_ = false;
};

}  // namespace

absl::StatusOr<Request> Page::Press(const Control& control, std::span<const Fill> fills) const {
  if (!control.enabled) return CannotPress("it is switched off");
  if (!IsPressable(control.kind)) return CannotPress("it works by a script that is not known");
  if (control.kind != ControlKind::kLink) return Sender(*impl_, control, fills).Send();
  if (!fills.empty()) return CannotPress("a link sends no form");
  const auto address = ParseAddress(impl_->base, control.target);
  if (!address.ok()) return CannotPress("its link has no address");
  Request request;
  request.address = *address;
  request.referer = impl_->address;
  return request;
}

absl::StatusOr<Request> Page::Ask(const Image& image) const {
  const auto address = ParseAddress(impl_->base, image.source);
  if (!address.ok()) {
    return MakeError(absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_PAGE_UNREADABLE,
                     "The picture on the portal's page has no address it could be asked for at, so "
                     "it cannot be shown. Nothing was submitted; take this step in a browser.");
  }
  Request request;
  request.address = *address;
  request.referer = impl_->address;
  return request;
}

}  // namespace ilkimza::portal
