// Today's markup: every control has a label, every page a main and an h1.
#include <array>

#include "absl/strings/str_join.h"
#include "sandbox/renderer.h"
#include "sandbox/text.h"

namespace ilkimza::sandbox {
namespace {

constexpr std::array<std::string_view, kScreenCount> kPaths = {"/bireysel-giris-sayfasi",
                                                               "/bireysel/dogrulama",
                                                               "/bireysel/e-devlet",
                                                               "/bireysel/giris",
                                                               "/bireysel/sozcuk/unuttum",
                                                               "/bireysel/sozcuk/gonderildi",
                                                               "/bireysel/sozcuk/guncelle",
                                                               "/bireysel/sozcuk/gecersiz",
                                                               "/bireysel/sms/onay",
                                                               "/bireysel/sms/kod",
                                                               "/bireysel/menu",
                                                               "/bireysel/sertifika/kullanima-ac",
                                                               "/bireysel/sertifika/iptal",
                                                               "/bireysel/sertifika/iptal/onay",
                                                               "/bireysel/bilgi",
                                                               "/bireysel/sertifika/liste",
                                                               "/bireysel/pin",
                                                               "/bireysel/pin/sil",
                                                               "/bireysel/kilit",
                                                               "/bireysel/kilit/kod",
                                                               "/bireysel/kilit/puk",
                                                               "/bireysel/sonuc",
                                                               "/bireysel/cikis",
                                                               "/bireysel/oturum",
                                                               "/bireysel/reddedildi",
                                                               "/bireysel/bakim",
                                                               "/bireysel/hata",
                                                               "/bireysel/yok"};
static_assert(!kPaths.back().empty(), "a screen has no path");

constexpr std::array<std::string_view, kFieldCount> kFieldNames = {
    "kimlikNo", "resimdekiYazi", "guvenlikSozcugu", "guvenlikSozcuguTekrar",
    "eposta",   "smsOnayKodu",   "cepTelefonu"};

constexpr std::string_view kStyleSheet =
    "body{font:16px/1.5 'DejaVu Sans',sans-serif;margin:0;color:#222;background:#f4f6f8}"
    "header,footer{background:#12355b;color:#fff;padding:.6rem 1.2rem}header a{color:#fff}"
    "header nav{float:right}main{max-width:46rem;margin:1rem auto;padding:1rem "
    "1.5rem;background:#fff;"
    "border-radius:6px}nav ol{list-style:none;padding:0 1.2rem}nav li{display:inline}"
    "nav li+li:before{content:' > '}label{display:block;margin-top:.7rem}"
    "input{font:inherit;padding:.3rem;width:18rem}button{font:inherit;padding:.4rem "
    "1rem;margin:.3rem .3rem 0 0}"
    "[role=alert]{color:#a11;border:1px solid #a11;padding:.4rem .8rem}"
    "[role=status]{color:#164;border:1px solid #164;padding:.4rem .8rem}"
    "table{border-collapse:collapse}th,td{border:1px solid #bbb;padding:.3rem "
    ".7rem;text-align:left}";

// "git-3", "gonder", "yenile", "sil-1".
std::string ValueOf(const Action& action) {
  switch (action.act) {
    case Act::kGo:
      return Cat("git-", static_cast<int>(action.target));
    case Act::kSubmit:
      return "gonder";
    case Act::kRenew:
      return "yenile";
    case Act::kDelete:
      return Cat("sil-", action.argument);
  }
  return "";
}

class Html5 final : public Renderer {
 public:
  std::string PathOf(Screen screen) const override {
    return std::string(kPaths[static_cast<std::size_t>(screen)]);
  }
  std::string_view cookie() const override { return "__Host-oturum"; }
  std::string_view captcha_path() const override { return "/bireysel/resim.png"; }
  std::string_view captcha_parameter() const override { return "no"; }

  std::string Render(const Page& page, const RenderContext& context) const override {
    std::string out = "<!DOCTYPE html>\n<html lang=\"tr\">\n<head>\n";
    if (!context.meta_charset.empty()) {
      AddTo(out, "<meta charset=\"", context.meta_charset, "\">\n");
    }
    AddTo(out, "<meta name=\"viewport\" content=\"width=device-width\">\n<title>",
          Escaped(page.heading), " - ", Escaped(page.brand), "</title>\n<style>", kStyleSheet,
          "</style>\n</head>\n<body>\n");
    Header(page, out);
    AddTo(out, "<main>\n<h1>", Escaped(page.heading), "</h1>\n");
    Texts(page, out);
    const bool form = page.has_form();
    if (form) {
      const std::string action =
          context.form_action.empty() ? PathOf(page.screen) : context.form_action;
      AddTo(out, "<form method=\"post\" action=\"", Escaped(action),
            "\" autocomplete=\"off\">\n<input type=\"hidden\" name=\"_jeton\" value=\"",
            context.token, "\">\n");
    }
    if (page.table) TableOf(*page.table, out);
    for (const Input& input : page.inputs) InputOf(page, input, context, out);
    for (const Action& action : page.actions) {
      if (action.button) AddTo(out, ButtonOf(action), "\n");
    }
    if (form) out += "</form>\n";
    for (const Action& action : page.actions) {
      if (!action.button) AddTo(out, "<p>", LinkOf(page, action), "</p>\n");
    }
    for (const std::string& text : page.small_print) {
      AddTo(out, "<p><small>", Escaped(text), "</small></p>\n");
    }
    out +=
        "</main>\n<footer>Alıştırma ortamı: bu sayfalar gerçek portal değildir.</footer>\n"
        "</body>\n</html>\n";
    return out;
  }

  Submission Read(const Parameters& parameters) const override {
    Submission submission;
    for (const auto& [name, value] : parameters) {
      if (name == "_jeton") submission.token = value;
      if (name == "islem") ReadAction(value, submission);
      for (int i = 0; i < kFieldCount; ++i) {
        if (name == kFieldNames[static_cast<std::size_t>(i)]) {
          submission.values[static_cast<Field>(i)] = value;
        }
      }
    }
    return submission;
  }

 private:
  static void ReadAction(std::string_view value, Submission& submission) {
    if (value == "gonder") submission.act = Act::kSubmit;
    if (value == "yenile") submission.act = Act::kRenew;
    if (value.starts_with("git-")) {
      const auto number = SmallNumber(value.substr(4));
      if (!number || *number >= kScreenCount) return;
      submission.act = Act::kGo;
      submission.target = static_cast<Screen>(*number);
    }
    if (value.starts_with("sil-")) {
      const auto number = SmallNumber(value.substr(4));
      if (!number) return;
      submission.act = Act::kDelete;
      submission.argument = *number;
    }
  }

  void Header(const Page& page, std::string& out) const {
    out += "<header>";
    if (!page.header.empty()) {
      AddTo(
          out, "<nav aria-label=\"Oturum\">",
          absl::StrJoin(page.header, " | ",
                        [&](std::string* o, const Action& action) { *o += LinkOf(page, action); }),
          "</nav>");
    }
    AddTo(out, "<span>", Escaped(page.brand), "</span></header>\n");
    if (page.trail.empty()) return;
    AddTo(out, "<nav aria-label=\"Yol\"><ol>",
          absl::StrJoin(page.trail, "",
                        [](std::string* o, const std::string& part) {
                          AddTo(*o, "<li>", Escaped(part), "</li>");
                        }),
          "</ol></nav>\n");
  }

  static void Texts(const Page& page, std::string& out) {
    for (const Note& note : page.notes) {
      AddTo(out, "<p role=\"", note.kind == Note::Kind::kError ? "alert" : "status", "\">",
            Escaped(note.text), "</p>\n");
    }
    for (const auto& [name, value] : page.facts) {
      AddTo(out, "<p>", Escaped(name), " : <strong>", Escaped(value), "</strong></p>\n");
    }
    for (const std::string& text : page.paragraphs) {
      AddTo(out, "<p>", Escaped(text), "</p>\n");
    }
    if (!page.bullets.empty()) {
      out += "<ul>\n";
      for (const std::string& text : page.bullets) {
        AddTo(out, "<li>", Escaped(text), "</li>\n");
      }
      out += "</ul>\n";
    }
    if (page.countdown) {
      AddTo(out,
            "<p>SMS Onay Kodunuzun Geçerliliği İçin Kalan Süre <span role=\"timer\" "
            "id=\"kalan\">",
            *page.countdown, "</span> Saniye</p>\n",
            "<script>setInterval(function(){var k=document.getElementById('kalan');"
            "if(+k.textContent>0)k.textContent=+k.textContent-1},1000)</script>\n");
    }
  }

  static void TableOf(const Table& table, std::string& out) {
    out += "<table>\n<thead><tr>";
    const bool numbered = IsNumbered(table);
    if (numbered) out += "<th scope=\"col\"><span aria-hidden=\"true\">#</span></th>";
    for (const std::string& column : table.columns) {
      AddTo(out, "<th scope=\"col\">", Escaped(column), "</th>");
    }
    out += "</tr></thead>\n<tbody>\n";
    for (std::size_t i = 0; i < table.rows.size(); ++i) {
      const Table::Row& row = table.rows[i];
      out += "<tr>";
      if (row.number > 0) {
        AddTo(out, "<td rowspan=\"", BlockHeight(table, i), "\">", row.number, "</td>");
      }
      bool first = true;
      for (const std::string& cell : row.cells) {
        const std::string_view tag = first && numbered ? "th" : "td";
        AddTo(out, "<", tag, first && numbered ? " scope=\"row\"" : "", ">", Escaped(cell), "</",
              tag, ">");
        first = false;
      }
      if (row.action) {
        AddTo(out, "<td colspan=\"", table.columns.size(), "\">", ButtonOf(*row.action), "</td>");
      }
      out += "</tr>\n";
    }
    out += "</tbody>\n</table>\n";
  }

  static bool IsNumbered(const Table& table) {
    return !table.rows.empty() && table.rows.front().number > 0;
  }

  static std::size_t BlockHeight(const Table& table, std::size_t start) {
    std::size_t end = start + 1;
    while (end < table.rows.size() && table.rows[end].number == 0) ++end;
    return end - start;
  }

  void InputOf(const Page& page, const Input& input, const RenderContext& context,
               std::string& out) const {
    const std::string_view name = kFieldNames[static_cast<std::size_t>(input.field)];
    const std::string_view type = input.kind == Input::Kind::kPassword ? "password"
                                  : input.kind == Input::Kind::kEmail  ? "email"
                                                                       : "text";
    AddTo(out, "<p><label for=\"", name, "\">", Escaped(input.label), "</label>\n<input type=\"",
          type, "\" id=\"", name, "\" name=\"", name, "\" maxlength=\"", input.max_length,
          "\" value=\"", Escaped(input.value), "\"");
    if (!input.hint.empty()) AddTo(out, " placeholder=\"", Escaped(input.hint), "\"");
    out += " required></p>\n";
    if (input.field == Field::kCaptcha && page.captcha) {
      AddTo(out, "<p><img src=\"", captcha_path(), "?", captcha_parameter(), "=",
            context.captcha_id, "\" alt=\"Güvenlik resmi\" width=\"200\" height=\"60\"></p>\n");
    }
  }

  static std::string ButtonOf(const Action& action) {
    return Cat("<button type=\"submit\" name=\"islem\" value=\"", ValueOf(action), "\">",
               Escaped(action.label), "</button>");
  }

  std::string LinkOf(const Page& page, const Action& action) const {
    const Screen target = action.act == Act::kRenew ? page.screen : action.target;
    return Cat("<a href=\"", PathOf(target), "\">", Escaped(action.label), "</a>");
  }
};

}  // namespace

const Renderer& Html5Renderer() {
  static const Html5 kRenderer;
  return kRenderer;
}

}  // namespace ilkimza::sandbox
