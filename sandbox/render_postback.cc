// Markup of a server-side form framework: the whole page is one form; links post
// through __doPostBack; the state travels in hidden fields; a field's name for
// people is its placeholder, its title or an aria attribute.
#include <array>

#include "absl/strings/escaping.h"
#include "absl/strings/str_join.h"
#include "sandbox/renderer.h"
#include "sandbox/text.h"

namespace ilkimza::sandbox {
namespace {

constexpr std::string_view kPrefix = "ctl00$icerik$";
constexpr std::string_view kHeaderPrefix = "ctl00$ust$lnk";
constexpr std::string_view kGrid = "ctl00$icerik$gvBilgi";

constexpr std::array<std::string_view, kScreenCount> kPostbackPaths = {
    "/Bireysel/Default.aspx",
    "/Bireysel/Dogrulama.aspx",
    "/Bireysel/EDevlet.aspx",
    "/Bireysel/SifreliGiris.aspx",
    "/Bireysel/SozcukUnuttum.aspx",
    "/Bireysel/SozcukGonderildi.aspx",
    "/Bireysel/SozcukGuncelle.aspx",
    "/Bireysel/BaglantiGecersiz.aspx",
    "/Bireysel/SmsOnay.aspx",
    "/Bireysel/SmsKod.aspx",
    "/Bireysel/Menu.aspx",
    "/Bireysel/KullanimaAc.aspx",
    "/Bireysel/Iptal.aspx",
    "/Bireysel/IptalOnay.aspx",
    "/Bireysel/BilgiGuncelle.aspx",
    "/Bireysel/SertifikaListe.aspx",
    "/Bireysel/PinPuk.aspx",
    "/Bireysel/PinPukSil.aspx",
    "/Bireysel/KilitCozme.aspx",
    "/Bireysel/KilitKodu.aspx",
    "/Bireysel/Puk.aspx",
    "/Bireysel/Sonuc.aspx",
    "/Bireysel/Cikis.aspx",
    "/Bireysel/Oturum.aspx",
    "/Bireysel/Ret.aspx",
    "/Bireysel/Bakim.aspx",
    "/Bireysel/Hata.aspx",
    "/Bireysel/Yok.aspx"};
static_assert(!kPostbackPaths.back().empty(), "a screen has no path");

constexpr std::array<std::string_view, kFieldCount> kPostbackFields = {
    "txtKimlik", "txtResim", "txtSozcuk", "txtTekrar", "txtPosta", "txtKod", "txtCep"};

// ASP.NET's ids are the names with underscores.
std::string IdOf(std::string_view name) {
  std::string id(name);
  for (char& c : id) {
    if (c == '$') c = '_';
  }
  return id;
}

// "btnGit3", "lnkGonder", "lnkYenile", "btnSil0".
std::string NameOf(const Action& action) {
  const std::string_view kind = action.button ? "btn" : "lnk";
  switch (action.act) {
    case Act::kGo:
      return Cat(kPrefix, kind, "Git", static_cast<int>(action.target));
    case Act::kSubmit:
      return Cat(kPrefix, kind, "Gonder");
    case Act::kRenew:
      return Cat(kPrefix, kind, "Yenile");
    case Act::kDelete:
      return Cat(kPrefix, kind, "Sil", action.argument);
  }
  return "";
}

std::string HeaderNameOf(const Action& action) {
  return Cat(kHeaderPrefix, static_cast<int>(action.target));
}

std::string PostBack(std::string_view target, std::string_view argument) {
  return Cat("javascript:__doPostBack(&#39;", target, "&#39;,&#39;", argument, "&#39;)");
}

class Postback final : public Renderer {
 public:
  std::string PathOf(Screen screen) const override {
    return std::string(kPostbackPaths[static_cast<std::size_t>(screen)]);
  }
  std::string_view cookie() const override { return "ASP.NET_SessionId"; }
  std::string_view captcha_path() const override { return "/Bireysel/CaptchaImage.axd"; }
  std::string_view captcha_parameter() const override { return "guid"; }

  std::string Render(const Page& page, const RenderContext& context) const override {
    std::string out =
        "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Transitional//EN\" "
        "\"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd\">\n"
        "<html xmlns=\"http://www.w3.org/1999/xhtml\">\n<head id=\"ctl00_Head1\">\n";
    if (!context.meta_charset.empty()) {
      AddTo(out,
            "<meta http-equiv=\"Content-Type\" content=\"text/html; charset=", context.meta_charset,
            "\" />\n");
    }
    AddTo(out, "<title>\r\n\t", Escaped(page.heading), "\r\n</title>\n</head>\n<body>\n");
    FormStart(page, context, out);
    Header(page, out);
    AddTo(out, "<div id=\"ctl00_icerik_pnl\" class=\"panel\">\n<fieldset>\n<legend>",
          Escaped(page.heading), "</legend>\n");
    Texts(page, out);
    if (page.table) TableOf(*page.table, out);
    for (const Input& input : page.inputs) InputOf(page, input, context, out);
    out += "<div class=\"dugmeler\">\n";
    for (const Action& action : page.actions) {
      AddTo(out, action.button ? ButtonOf(action) : LinkOf(action), "\n");
    }
    out += "</div>\n";
    for (const std::string& text : page.small_print) {
      AddTo(out, "<span class=\"not\">", Escaped(text), "</span><br />\n");
    }
    out +=
        "</fieldset>\n</div>\n<div id=\"ctl00_alt\">Alıştırma ortamı: bu sayfalar gerçek portal "
        "değildir.</div>\n</form>\n</body>\n</html>\n";
    return out;
  }

  Submission Read(const Parameters& parameters) const override {
    Submission submission;
    std::string target;
    std::string argument;
    bool state = false;
    for (const auto& [name, value] : parameters) {
      if (name == "__EVENTTARGET") target = value;
      if (name == "__EVENTARGUMENT") argument = value;
      if (name == "__VIEWSTATE") state = !value.empty();
      if (name == "__EVENTVALIDATION") submission.token = value;
      for (int i = 0; i < kFieldCount; ++i) {
        if (name == Cat(kPrefix, kPostbackFields[static_cast<std::size_t>(i)])) {
          submission.values[static_cast<Field>(i)] = value;
        }
      }
    }
    if (!state) submission.token.clear();
    if (!target.empty()) {
      ReadTarget(target, argument, submission);
      return submission;
    }
    for (const auto& [name, value] : parameters) {
      if (name.starts_with(Cat(kPrefix, "btn"))) ReadTarget(name, "", submission);
    }
    return submission;
  }

 private:
  static void ReadTarget(std::string_view name, std::string_view argument, Submission& submission) {
    if (name.starts_with(kHeaderPrefix)) {
      SetNumber(Act::kGo, name.substr(kHeaderPrefix.size()), submission);
      return;
    }
    if (name == kGrid && argument.starts_with("Sil$")) {
      SetNumber(Act::kDelete, argument.substr(4), submission);
      return;
    }
    if (!name.starts_with(kPrefix) || name.size() < kPrefix.size() + 3) return;
    const std::string_view action = name.substr(kPrefix.size() + 3);
    if (action == "Gonder") submission.act = Act::kSubmit;
    if (action == "Yenile") submission.act = Act::kRenew;
    if (action.starts_with("Git")) SetNumber(Act::kGo, action.substr(3), submission);
    if (action.starts_with("Sil")) SetNumber(Act::kDelete, action.substr(3), submission);
  }

  static void SetNumber(Act act, std::string_view digits, Submission& submission) {
    const auto number = SmallNumber(digits);
    if (!number || (act == Act::kGo && *number >= kScreenCount)) return;
    submission.act = act;
    if (act == Act::kGo) {
      submission.target = static_cast<Screen>(*number);
    } else {
      submission.argument = *number;
    }
  }

  void FormStart(const Page& page, const RenderContext& context, std::string& out) const {
    const std::string action =
        context.form_action.empty() ? PathOf(page.screen) : context.form_action;
    const std::string state =
        absl::Base64Escape(Cat("screen=", static_cast<int>(page.screen), ";", context.token));
    AddTo(out, "<form name=\"aspnetForm\" method=\"post\" action=\"", Escaped(action),
          "\" id=\"aspnetForm\">\n<div>\n",
          "<input type=\"hidden\" name=\"__EVENTTARGET\" id=\"__EVENTTARGET\" value=\"\" />\n",
          "<input type=\"hidden\" name=\"__EVENTARGUMENT\" id=\"__EVENTARGUMENT\" value=\"\" />\n",
          "<input type=\"hidden\" name=\"__VIEWSTATE\" id=\"__VIEWSTATE\" value=\"", state,
          "\" />\n<input type=\"hidden\" name=\"__EVENTVALIDATION\" id=\"__EVENTVALIDATION\" "
          "value=\"",
          context.token, "\" />\n</div>\n",
          "<script type=\"text/javascript\">\n//<![CDATA[\nvar theForm = "
          "document.forms['aspnetForm'];\n"
          "function __doPostBack(eventTarget, eventArgument) {\n"
          "  theForm.__EVENTTARGET.value = eventTarget;\n"
          "  theForm.__EVENTARGUMENT.value = eventArgument;\n  "
          "theForm.submit();\n}\n//]]>\n</script>\n");
  }

  static void Header(const Page& page, std::string& out) {
    AddTo(out, "<div id=\"ctl00_ust\">\n<span class=\"marka\">", Escaped(page.brand), "</span>\n");
    if (!page.header.empty()) {
      AddTo(out, "<div class=\"menu\">",
            absl::StrJoin(page.header, " | ",
                          [](std::string* o, const Action& action) {
                            const std::string name = HeaderNameOf(action);
                            AddTo(*o, "<a id=\"", IdOf(name), "\" href=\"", PostBack(name, ""),
                                  "\">", Escaped(action.label), "</a>");
                          }),
            "</div>\n");
    }
    if (!page.trail.empty()) {
      AddTo(out, "<span id=\"ctl00_SiteMapPath1\">",
            absl::StrJoin(page.trail, "<span> &gt; </span>",
                          [](std::string* o, const std::string& part) {
                            AddTo(*o, "<span>", Escaped(part), "</span>");
                          }),
            "</span>\n");
    }
    out += "</div>\n";
  }

  static void Texts(const Page& page, std::string& out) {
    for (const Note& note : page.notes) {
      AddTo(out, "<span id=\"ctl00_icerik_lblMesaj\" style=\"color:",
            note.kind == Note::Kind::kError ? "Red" : "Green", ";\">", Escaped(note.text),
            "</span><br />\n");
    }
    for (const auto& [name, value] : page.facts) {
      AddTo(out, "<span class=\"ad\">", Escaped(name), " : </span><span class=\"deger\">",
            Escaped(value), "</span><br />\n");
    }
    for (const std::string& text : page.paragraphs) {
      AddTo(out, "<div class=\"metin\">", Escaped(text), "</div>\n");
    }
    for (const std::string& text : page.bullets) {
      AddTo(out, "<div class=\"metin\">- ", Escaped(text), "</div>\n");
    }
    if (page.countdown) {
      AddTo(out, "<div>SMS Onay Kodunuzun Geçerliliği İçin Kalan Süre<br />",
            "<span id=\"ctl00_icerik_lblKalan\">", *page.countdown, "</span><br />Saniye</div>\n");
    }
  }

  // A block's number stands in a column of its own, which has no name.
  static void TableOf(const Table& table, std::string& out) {
    const bool numbered = !table.rows.empty() && table.rows.front().number > 0;
    AddTo(out, "<div>\n<table cellspacing=\"0\" rules=\"all\" border=\"1\" id=\"", IdOf(kGrid),
          "\" style=\"border-collapse:collapse;\">\n<tr>");
    if (numbered) out += "<th scope=\"col\">&nbsp;</th>";
    for (const std::string& column : table.columns) {
      AddTo(out, "<th scope=\"col\">", Escaped(column), "</th>");
    }
    out += "</tr>\n";
    for (const Table::Row& row : table.rows) {
      out += "<tr>";
      if (numbered) {
        AddTo(out, "<td>", row.number > 0 ? Cat(row.number) : "&nbsp;", "</td>");
      }
      for (const std::string& cell : row.cells) {
        AddTo(out, "<td><span>", Escaped(cell), "</span></td>");
      }
      if (row.action) {
        AddTo(out, "<td colspan=\"", table.columns.size(), "\"><a href=\"",
              PostBack(kGrid, Cat("Sil$", row.action->argument)), "\">", Escaped(row.action->label),
              "</a></td>");
      }
      out += "</tr>\n";
    }
    out += "</table>\n</div>\n";
  }

  void InputOf(const Page& page, const Input& input, const RenderContext& context,
               std::string& out) const {
    const std::string name = Cat(kPrefix, kPostbackFields[static_cast<std::size_t>(input.field)]);
    const std::string id = IdOf(name);
    std::string naming;
    std::string before;
    switch (input.field) {
      case Field::kNationalId:
      case Field::kPhone:
        naming = Cat("aria-label=\"", Escaped(input.label), "\"");
        break;
      case Field::kCaptcha:
      case Field::kEmail:
        naming = Cat("title=\"", Escaped(input.label), "\"");
        break;
      case Field::kWord:
      case Field::kWordAgain:
        naming = Cat("placeholder=\"", Escaped(input.label), "\"");
        break;
      case Field::kSmsCode:
        before = Cat("<span id=\"", id, "_ad\">", Escaped(input.label), ":</span> ");
        naming = Cat("aria-labelledby=\"", id, "_ad\"");
        break;
    }
    AddTo(out, "<div class=\"alan\">", before, "<input name=\"", name, "\" type=\"",
          input.kind == Input::Kind::kPassword ? "password" : "text", "\" maxlength=\"",
          input.max_length, "\" id=\"", id, "\" ", naming, " value=\"", Escaped(input.value),
          "\" /></div>\n");
    if (input.field == Field::kCaptcha && page.captcha) {
      AddTo(out, "<div><img src=\"CaptchaImage.axd?", captcha_parameter(), "=", context.captcha_id,
            "\" alt=\"Güvenlik resmi\" style=\"height:60px;width:200px;\" /></div>\n");
    }
  }

  static std::string ButtonOf(const Action& action) {
    const std::string name = NameOf(action);
    return Cat("<input type=\"submit\" name=\"", name, "\" value=\"", Escaped(action.label),
               "\" id=\"", IdOf(name), "\" />");
  }

  static std::string LinkOf(const Action& action) {
    const std::string name = NameOf(action);
    return Cat("<a id=\"", IdOf(name), "\" href=\"", PostBack(name, ""), "\">",
               Escaped(action.label), "</a>");
  }
};

}  // namespace

const Renderer& PostbackRenderer() {
  static const Postback kRenderer;
  return kRenderer;
}

}  // namespace ilkimza::sandbox
