#include "portal/lint/source.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/utf8.h"

namespace ilkimza::portal {
namespace {

namespace fs = std::filesystem;

// "login" -> "LOGIN", where that is a screen's name, or "NONE"; else empty.
std::string ScreenName(std::string_view text) {
  std::string name(text);
  absl::AsciiStrToUpper(&name);
  profile_v1::ScreenKind kind = profile_v1::SCREEN_KIND_UNSPECIFIED;
  const bool known = name == "NONE" || (name != "UNSPECIFIED" &&
                                        profile_v1::ScreenKind_Parse("SCREEN_KIND_" + name, &kind));
  return known ? name : "";
}

std::string NamedBy(const fs::path& file) {
  const std::string stem = file.filename().string();
  return ScreenName(std::string_view(stem).substr(0, stem.find_first_of("-.")));
}

bool IsPageFile(const fs::directory_entry& entry) {
  const std::string name = entry.path().extension().string();
  std::error_code error;  // a link may lead nowhere, or to itself
  return entry.is_regular_file(error) &&
         (absl::EqualsIgnoreCase(name, ".html") || absl::EqualsIgnoreCase(name, ".htm"));
}

// A file's name may be any bytes; of one that is no UTF-8, those that are not ASCII are
// written as "\xE7", so that no two names become one.
std::string Printable(std::string place) {
  if (IsUtf8(place)) return place;
  std::string out;
  for (const char c : place) {
    if ((c & 0x80) == 0) {
      out.push_back(c);
    } else {
      absl::StrAppend(&out, "\\x",
                      absl::AsciiStrToUpper(
                          absl::StrCat(absl::Hex(static_cast<unsigned char>(c), absl::kZeroPad2))));
    }
  }
  return out;
}

absl::StatusOr<std::vector<fs::path>> PagesBelow(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  const auto options = fs::directory_options::skip_permission_denied;
  for (fs::recursive_directory_iterator at(folder, options, error), end; !error && at != end;
       at.increment(error)) {
    if (IsPageFile(*at)) files.push_back(at->path());
    if (files.size() > kMostPages) {
      return absl::ResourceExhaustedError(
          absl::StrCat("The folder ", folder.string(), " has more than ", kMostPages, " pages."));
    }
  }
  if (error || files.empty()) {
    return absl::NotFoundError(absl::StrCat("The folder ", folder.string(),
                                            error ? " cannot be read." : " has no *.html in it."));
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

bool Source::live() const { return absl::StartsWith(place, "https://"); }

std::string Source::name() const {
  return Printable(live() ? place.substr(0, place.find_first_of("?#")) : place);
}

absl::StatusOr<std::vector<Source>> SourcesOf(const std::string& argument, bool by_name) {
  std::string expected;
  std::string place = argument;
  const std::size_t equals = argument.find('=');
  if (equals != std::string::npos) {
    expected = ScreenName(std::string_view(argument).substr(0, equals));
    if (!expected.empty()) place = argument.substr(equals + 1);
  }
  if (Source source{place, expected}; source.live()) return std::vector<Source>{source};
  std::error_code error;
  const fs::file_status status = fs::status(place, error);
  if (!fs::exists(status)) {
    return absl::NotFoundError(absl::StrCat("There is no file ", place, "."));
  }
  std::vector<fs::path> files{place};
  if (fs::is_directory(status)) {
    ILKIMZA_ASSIGN_OR_RETURN(files, PagesBelow(place));
  }
  std::vector<Source> sources;
  for (const fs::path& file : files) {
    sources.push_back({file.string(), expected.empty() && by_name ? NamedBy(file) : expected});
  }
  return sources;
}

absl::StatusOr<Page> Reader::Read(const Source& source) {
  ILKIMZA_ASSIGN_OR_RETURN(const Response response,
                           source.live() ? Ask(source.place) : Open(source));
  auto page = Page::Parse(response, profile_.charset());
  if (page.ok() || response.status < 500) return page;
  return MakeError(absl::StatusCode::kUnavailable, v1::ERROR_REASON_PORTAL_UNREACHABLE,
                   absl::StrCat("The portal answered with HTTP ", response.status, "."));
}

absl::StatusOr<Response> Reader::Open(const Source& source) const {
  // To open a pipe or a device is to wait for whoever is at its other end.
  std::error_code error;
  if (!fs::is_regular_file(source.place, error)) {
    return absl::NotFoundError(
        absl::StrCat(source.name(), " is no file; save the page, and name the file."));
  }
  std::ifstream stream(source.place, std::ios::binary);
  Response response;
  const auto most = static_cast<std::size_t>(options_.browser.max_page_bytes);
  response.body.resize(most + 1);
  stream.read(response.body.data(), static_cast<std::streamsize>(most + 1));
  if (stream.bad() || (!stream && !stream.eof())) {
    return absl::NotFoundError(absl::StrCat("The file ", source.name(), " cannot be read."));
  }
  response.body.resize(static_cast<std::size_t>(stream.gcount()));
  if (response.body.size() > most) {
    return MakeError(absl::StatusCode::kResourceExhausted, v1::ERROR_REASON_PAGE_TOO_LARGE,
                     absl::StrCat("The file ", source.name(), " is larger than a page may be (",
                                  most, " bytes)."));
  }
  response.address = profile_.entrance_address();
  response.status = 200;
  response.content_type = "text/html";
  if (!options_.charset.empty())
    absl::StrAppend(&response.content_type, "; charset=", options_.charset);
  return response;
}

absl::StatusOr<Response> Reader::Ask(const std::string& address) {
  // A browser for each, so that one answer's cookies have no part in another's.
  ILKIMZA_ASSIGN_OR_RETURN(const auto browser,
                           Browser::Create(options_.browser, profile_.origins()));
  Request request;
  ILKIMZA_ASSIGN_OR_RETURN(request.address, ParseAddress("", address));
  return browser->Load(request, {});
}

}  // namespace ilkimza::portal
