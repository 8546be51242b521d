#include "portal/page.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "portal/page_builder.h"
#include "portal/page_impl.h"
#include "portal/tree.h"

namespace ilkimza::portal {

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
  if (tree == nullptr || !page_building::Builder(*impl).Build(*tree->root)) {
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
  return absl::StrCat(absl::Hex(impl_->structure, absl::kZeroPad16));
}

}  // namespace ilkimza::portal
