#include "tests/bench/replay.h"

#include <curl/curl.h>

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/bench/measure.h"

namespace ilkimza::bench {
namespace {

constexpr std::string_view kSeparators = "?&=";
constexpr std::size_t kShortestNeedle = 6;
constexpr std::size_t kLongestNeedle = 96;

bool IsHtml(std::string_view type) { return type.substr(0, 9) == "text/html"; }

std::string Decoded(const std::string& text) {
  int size = 0;
  char* plain = curl_easy_unescape(nullptr, text.data(), static_cast<int>(text.size()), &size);
  std::string decoded(plain, static_cast<std::size_t>(size));
  curl_free(plain);
  return decoded;
}

std::string Encoded(const std::string& text) {
  char* escaped = curl_easy_escape(nullptr, text.data(), static_cast<int>(text.size()));
  std::string encoded(escaped);
  curl_free(escaped);
  return encoded;
}

// What follows `needle` on `page`, up to the end of the attribute's value.
std::string After(const std::string& page, const std::string& needle) {
  const std::size_t at = page.find(needle);
  DieUnless(at != std::string::npos, "a replayed page lacks what the next request needs");
  const std::size_t start = at + needle.size();
  return page.substr(start, page.find_first_of("\"'<>& ", start) - start);
}

// At the separators, which stay as parts of their own.
std::vector<std::string> Split(const std::string& text) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (kSeparators.find(c) == std::string_view::npos) {
      parts.back() += c;
    } else {
      parts.emplace_back(1, c);
      parts.emplace_back();
    }
  }
  return parts;
}

// ---- Writing a script ----

class Author {
 public:
  Author(const Recording& first, const Recording& second) : first_(first), second_(second) {}

  Script Write() {
    DieUnless(first_.exchanges.size() == second_.exchanges.size(),
              "two walks made different requests");
    Script script;
    for (std::size_t i = 0; i < first_.exchanges.size(); ++i) script.push_back(WriteHop(i));
    return script;
  }

 private:
  Hop WriteHop(std::size_t i) {
    const Exchange& one = first_.exchanges[i];
    const Exchange& two = second_.exchanges[i];
    DieUnless(one.status == two.status && one.posts == two.posts && one.browser == two.browser,
              "two walks went different ways");
    Hop hop;
    hop.browser = one.browser;
    hop.posts = one.posts;
    hop.user_agent = one.user_agent;
    hop.encodings = one.encodings;
    hop.headers = one.headers;
    hop.with_referer = !one.referer.empty();
    hop.status = one.status;
    const bool redirected = i > 0 && first_.exchanges[i - 1].status / 100 == 3;
    if (redirected) {
      hop.target = Hop::kRedirect;
    } else if (one.url == first_.mail_link) {
      hop.target = Hop::kMailLink;
    } else {
      hop.url = Pieces(one.url, two.url);
    }
    hop.body = Pieces(one.body, two.body);
    if (IsHtml(one.content_type)) {
      page_one_ = &one.answer;
      page_two_ = &two.answer;
    }
    return hop;
  }

  std::vector<Piece> Pieces(const std::string& one, const std::string& two) const {
    const auto ones = Split(one);
    const auto twos = Split(two);
    DieUnless(ones.size() == twos.size(), "two walks sent forms of different shapes");
    std::vector<Piece> pieces;
    for (std::size_t i = 0; i < ones.size(); ++i) {
      if (ones[i] != twos[i]) {
        pieces.push_back(Changing(Decoded(ones[i]), Decoded(twos[i])));
      } else if (!pieces.empty() && pieces.back().kind == Piece::kText) {
        pieces.back().text += ones[i];
      } else if (!ones[i].empty()) {
        pieces.push_back({Piece::kText, ones[i]});
      }
    }
    return pieces;
  }

  [[nodiscard]] Piece Changing(const std::string& one, const std::string& two) const {
    if (one == first_.sms_code) return {Piece::kSmsCode, ""};
    const auto& captchas = first_.captchas;
    if (std::find(captchas.begin(), captchas.end(), one) != captchas.end()) {
      return {Piece::kCaptcha, ""};
    }
    DieUnless(page_one_ != nullptr, "a request changes before there is a page");
    // The shortest text before it that leads to it on both pages: a longer one may
    // hold what a third page has otherwise.
    const std::size_t at = page_one_->find(one);
    DieUnless(at != std::string::npos, "what changes in a request is not on the page before");
    for (std::size_t size = kShortestNeedle; size <= std::min(at, kLongestNeedle); ++size) {
      const std::string needle = page_one_->substr(at - size, size);
      const bool on_both = page_two_->find(needle) != std::string::npos;
      if (on_both && After(*page_one_, needle) == one && After(*page_two_, needle) == two) {
        return {Piece::kOfPage, needle};
      }
    }
    Die("what changes in a request cannot be told from the page before");
  }

  const Recording& first_;
  const Recording& second_;
  const std::string* page_one_ = nullptr;
  const std::string* page_two_ = nullptr;
};

// ---- Replaying ----

struct FreeEasy {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

size_t Append(char* data, size_t size, size_t count, void* into) {
  static_cast<std::string*>(into)->append(data, size * count);
  return size * count;
}

class Player {
 public:
  explicit Player(const Stage& stage, Handles handles = Handles::kAsOurs)
      : stage_(stage), handles_(handles) {}

  void Play(const Hop& hop) {
    if (easy_ == nullptr || hop.browser != browser_) Renew(hop.browser);
    const std::string url = Target(hop);
    const std::string body = Join(hop.body);
    curl_easy_reset(easy_.get());
    if (hop.posts) {
      Set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
      Set(CURLOPT_POSTFIELDS, body.c_str());
    }
    curl_slist* list = nullptr;
    for (const std::string& header : hop.headers) list = curl_slist_append(list, header.c_str());
    const std::unique_ptr<curl_slist, FreeList> headers(list);
    Set(CURLOPT_HTTPHEADER, list);
    Set(CURLOPT_USERAGENT, hop.user_agent.c_str());
    Set(CURLOPT_ACCEPT_ENCODING, hop.encodings.c_str());
    if (hop.with_referer) Set(CURLOPT_REFERER, page_url_.c_str());
    Perform(url);
    DieUnless(status_ == hop.status, "the portal answers a replay differently");
  }

  // With the cookies of the moment; follows redirects.
  SavedPage Look(const std::string& url) {
    if (easy_ == nullptr) Renew(0);
    curl_easy_reset(easy_.get());
    Set(CURLOPT_FOLLOWLOCATION, 1L);
    const std::string page = page_;
    const std::string page_url = page_url_;
    Perform(url);
    SavedPage seen{page_url_, type_, std::exchange(page_, page)};
    page_url_ = page_url;
    return seen;
  }

  [[nodiscard]] SavedPage page() const { return {page_url_, type_, page_}; }
  [[nodiscard]] bool has_page() const { return IsHtml(type_) && status_ == 200; }

  Meter& meter() { return meter_; }

 private:
  void Renew(int browser) {
    if (easy_ != nullptr && handles_ == Handles::kOne) {
      Set(CURLOPT_COOKIELIST, "ALL");
    } else {
      easy_.reset(curl_easy_init());
    }
    browser_ = browser;
  }

  template <typename Value>
  void Set(CURLoption option, Value value) {
    curl_easy_setopt(easy_.get(), option, value);
  }

  void Perform(const std::string& url) {
    std::string answer;
    Set(CURLOPT_URL, url.c_str());
    Set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    Set(CURLOPT_COOKIEFILE, "");
    Set(CURLOPT_CAINFO, stage_.ca_file().c_str());
    Set(CURLOPT_CAPATH, nullptr);
    Set(CURLOPT_NOSIGNAL, 1L);
    Set(CURLOPT_WRITEFUNCTION, Append);
    Set(CURLOPT_WRITEDATA, &answer);
    const CURLcode code = curl_easy_perform(easy_.get());
    DieUnless(code == CURLE_OK, curl_easy_strerror(code));
    curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status_);
    char* text = nullptr;
    curl_easy_getinfo(easy_.get(), CURLINFO_CONTENT_TYPE, &text);
    type_ = text == nullptr ? "" : text;
    curl_easy_getinfo(easy_.get(), CURLINFO_REDIRECT_URL, &text);
    redirect_ = text == nullptr ? "" : text;
    if (IsHtml(type_)) {
      curl_easy_getinfo(easy_.get(), CURLINFO_EFFECTIVE_URL, &text);
      page_url_ = text;
      page_ = std::move(answer);
    } else if (type_ == "image/png") {
      image_ = std::move(answer);
    }
  }

  std::string Target(const Hop& hop) {
    switch (hop.target) {
      case Hop::kRedirect:
        return redirect_;
      case Hop::kMailLink:
        return Away([this] { return stage_.LastMailLink(); });
      case Hop::kPieces:
        break;
    }
    return Join(hop.url);
  }

  std::string Join(const std::vector<Piece>& pieces) {
    std::string text;
    for (const Piece& piece : pieces) {
      switch (piece.kind) {
        case Piece::kText:
          text += piece.text;
          break;
        case Piece::kOfPage:
          text += Encoded(After(page_, piece.text));
          break;
        case Piece::kCaptcha:
          text += Away([this] { return stage_.ReadCaptcha(image_); });
          break;
        case Piece::kSmsCode:
          text += Away([this] { return stage_.LastSmsCode(); });
          break;
      }
    }
    return text;
  }

  template <typename Do>
  std::string Away(Do action) {
    meter_.Stop();
    std::string result = action();
    meter_.Start();
    return result;
  }

  const Stage& stage_;
  const Handles handles_;
  Meter meter_;
  std::unique_ptr<CURL, FreeEasy> easy_;
  int browser_ = -1;
  long status_ = 0;
  std::string type_;
  std::string redirect_;
  std::string page_;
  std::string page_url_;
  std::string image_;
};

// The address up to its query, which names the page.
std::string PathOf(const std::string& url) { return url.substr(0, url.find('?')); }

}  // namespace

Script WriteScript(const Recording& first, const Recording& second) {
  return Author(first, second).Write();
}

Spent Replay(const Script& script, const Stage& stage, Handles handles) {
  auto player = std::make_unique<Player>(stage, handles);
  player->meter().Start();
  for (const Hop& hop : script) player->Play(hop);
  player->meter().Stop();
  const Spent played = player->meter().spent();
  Meter end;
  end.Start();
  player.reset();
  end.Stop();
  return {.cpu = played.cpu + end.spent().cpu, .wall = played.wall + end.spent().wall};
}

std::vector<SavedPage> SavePages(const Script& script, const Stage& stage,
                                 const std::vector<std::string>& paths,
                                 const std::string& menu_path, const std::function<void()>& reset) {
  std::vector<SavedPage> pages;
  std::set<std::string> known;
  const auto keep = [&](SavedPage page) {
    if (!IsHtml(page.content_type) || !known.insert(PathOf(page.url)).second) return;
    pages.push_back(std::move(page));
  };
  const auto look_around = [&](Player& player) {
    for (const std::string& path : paths) {
      // A screen that this portal does not have has no address.
      if (!path.empty()) keep(player.Look(stage.portal_url() + path.substr(1)));
    }
  };
  reset();
  Player walker(stage);
  for (const Hop& hop : script) {
    walker.Play(hop);
    if (walker.has_page()) keep(walker.page());
  }
  reset();
  Player member(stage);
  for (const Hop& hop : script) {
    member.Play(hop);
    if (member.has_page() && absl::EndsWith(member.page().url, menu_path)) break;
  }
  look_around(member);
  Player stranger(stage);
  look_around(stranger);
  return pages;
}

}  // namespace ilkimza::bench
