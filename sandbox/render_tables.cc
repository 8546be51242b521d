// Markup of the nineties: nested tables, upper-case tags that are seldom closed,
// unquoted attributes, pictures for buttons. A field's label is the text of the
// cell beside it, a heading is a larger font, and no name means anything.
#include <array>

#include "absl/strings/str_join.h"
#include "sandbox/renderer.h"
#include "sandbox/text.h"

namespace ilkimza::sandbox {
namespace {

constexpr std::string_view kFont = "<FONT FACE=\"Verdana, Arial\" SIZE=2>";

// "b0_3": go to screen 3; "b1_0": submit; "b2_0": renew; "b3_1": delete block 1.
std::string ButtonName(const Action& action) {
  const int argument = action.act == Act::kGo ? static_cast<int>(action.target) : action.argument;
  return Cat("b", static_cast<int>(action.act), "_", argument);
}

class Tables final : public Renderer {
 public:
  std::string PathOf(Screen screen) const override {
    const int number = static_cast<int>(screen) + 1;
    return Cat("/nes/ekran", number < 10 ? "0" : "", number, ".htm");
  }
  std::string_view cookie() const override { return "JSESSIONID"; }
  std::string_view captcha_path() const override { return "/nes/resim.jsp"; }
  std::string_view captcha_parameter() const override { return ""; }

  std::string Render(const Page& page, const RenderContext& context) const override {
    std::string out =
        "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 4.01 Transitional//EN\">\n<HTML>\n<HEAD>\n";
    if (!context.meta_charset.empty()) {
      AddTo(out,
            "<META HTTP-EQUIV=\"Content-Type\" CONTENT=\"text/html; charset=", context.meta_charset,
            "\">\n");
    }
    AddTo(out, "<TITLE>", Escaped(page.brand),
          "</TITLE>\n</HEAD>\n<BODY BGCOLOR=#FFFFFF TEXT=#000000 LEFTMARGIN=0>\n"
          "<CENTER>\n<TABLE WIDTH=760 BORDER=0 CELLPADDING=0 CELLSPACING=0>\n");
    Header(page, out);
    AddTo(out, "<TR><TD COLSPAN=2><TABLE WIDTH=\"100%\" CELLPADDING=8><TR><TD>\n",
          "<FONT FACE=\"Verdana, Arial\" SIZE=4 COLOR=#003366><B>", Escaped(page.heading),
          "</B></FONT><BR><BR>\n");
    Texts(page, out);
    if (page.has_form()) {
      const std::string action =
          context.form_action.empty() ? PathOf(page.screen) : context.form_action;
      AddTo(out, "<FORM METHOD=POST ACTION=\"", Escaped(action),
            "\">\n<INPUT TYPE=hidden NAME=t VALUE=", context.token, ">\n");
    }
    if (page.table) TableOf(*page.table, out);
    Form(page, out);
    if (page.has_form()) out += "</FORM>\n";
    for (const std::string& text : page.small_print) {
      AddTo(out, "<P><FONT SIZE=1>", Escaped(text), "</FONT>\n");
    }
    out +=
        "</TABLE>\n<TR><TD COLSPAN=2 ALIGN=center BGCOLOR=#DDDDDD><FONT SIZE=1>Alıştırma ortamı: "
        "bu sayfalar gerçek portal değildir.</FONT>\n</TABLE>\n</CENTER>\n</BODY>\n</HTML>\n";
    return out;
  }

  Submission Read(const Parameters& parameters) const override {
    Submission submission;
    for (const auto& [name, value] : parameters) {
      if (name == "t") submission.token = value;
      if (name.starts_with("f")) {
        const auto number = SmallNumber(std::string_view(name).substr(1));
        if (number && *number < kFieldCount) {
          submission.values[static_cast<Field>(*number)] = value;
        }
      }
      // An image button sends where it was pressed: "b1_0.x=7&b1_0.y=9".
      if (name.starts_with("b") && name.ends_with(".x")) {
        ReadAction(std::string_view(name).substr(1, name.size() - 3), submission);
      }
    }
    return submission;
  }

 private:
  static void ReadAction(std::string_view name, Submission& submission) {
    const auto bar = name.find('_');
    if (bar == std::string_view::npos) return;
    const auto act = SmallNumber(name.substr(0, bar));
    const auto argument = SmallNumber(name.substr(bar + 1));
    if (!act || *act > static_cast<int>(Act::kDelete) || !argument) return;
    if (*act == static_cast<int>(Act::kGo)) {
      if (*argument >= kScreenCount) return;
      submission.target = static_cast<Screen>(*argument);
    } else {
      submission.argument = *argument;
    }
    submission.act = static_cast<Act>(*act);
  }

  void Header(const Page& page, std::string& out) const {
    AddTo(out, "<TR BGCOLOR=#003366><TD>", kFont, "<FONT COLOR=#FFFFFF><B>", Escaped(page.brand),
          "</B></FONT></FONT>", "<TD ALIGN=right>");
    AddTo(out, kFont,
          absl::StrJoin(page.header, " | ",
                        [&](std::string* o, const Action& action) {
                          AddTo(*o, "<A HREF=", PathOf(action.target), "><FONT COLOR=#FFFFFF>",
                                Escaped(action.label), "</FONT></A>");
                        }),
          "</FONT>");
    out += "&nbsp;\n";
    if (!page.trail.empty()) {
      AddTo(out, "<TR><TD COLSPAN=2>", kFont, Escaped(absl::StrJoin(page.trail, " > ")),
            "</FONT>\n");
    }
  }

  static void Texts(const Page& page, std::string& out) {
    for (const Note& note : page.notes) {
      AddTo(out, "<FONT SIZE=2 COLOR=", note.kind == Note::Kind::kError ? "#CC0000" : "#006600",
            "><B>", Escaped(note.text), "</B></FONT><BR><BR>\n");
    }
    if (!page.facts.empty() || page.countdown) {
      out += "<TABLE BORDER=0 CELLPADDING=2>\n";
      for (const auto& [name, value] : page.facts) {
        AddTo(out, "<TR><TD>", kFont, Escaped(name), " :</FONT><TD>", kFont, "<B>", Escaped(value),
              "</B></FONT>\n");
      }
      if (page.countdown) {
        AddTo(out, "<TR><TD>", kFont, "SMS Onay Kodunuzun Geçerliliği İçin Kalan Süre</FONT><TD>",
              kFont, "<B>", *page.countdown, "</B></FONT><TD>", kFont, "Saniye</FONT>\n");
      }
      out += "</TABLE>\n";
    }
    for (const std::string& text : page.paragraphs) {
      AddTo(out, "<P>", kFont, Escaped(text), "</FONT>\n");
    }
    if (page.bullets.empty()) return;
    out += "<UL>\n";
    for (const std::string& text : page.bullets) {
      AddTo(out, "<LI>", kFont, Escaped(text), "</FONT>\n");
    }
    out += "</UL>\n";
  }

  // A block's number stands in front of its first text: "1 Kart Seri Numarası".
  static void TableOf(const Table& table, std::string& out) {
    out += "<TABLE BORDER=1 CELLPADDING=3 CELLSPACING=0>\n<TR BGCOLOR=#CCCCCC>";
    for (const std::string& column : table.columns) {
      AddTo(out, "<TD>", kFont, "<B>", Escaped(column), "</B></FONT></TD>");
    }
    out += "</TR>\n";
    for (const Table::Row& row : table.rows) {
      out += "<TR>";
      bool first = true;
      for (const std::string& cell : row.cells) {
        AddTo(out, "<TD>", kFont, first && row.number > 0 ? Cat("<B>", row.number, "</B> ") : "",
              Escaped(cell), "</FONT></TD>");
        first = false;
      }
      if (row.action) {
        AddTo(out, "<TD COLSPAN=", table.columns.size(), " ALIGN=right>", ButtonOf(*row.action),
              "</TD>");
      }
      out += "</TR>\n";
    }
    out += "</TABLE>\n";
  }

  void Form(const Page& page, std::string& out) const {
    if (page.inputs.empty() && page.actions.empty()) return;
    out += "<TABLE BORDER=0 CELLPADDING=3>\n";
    for (const Input& input : page.inputs) {
      AddTo(out, "<TR><TD ALIGN=right>", kFont, Escaped(input.label),
            " :</FONT></TD><TD><INPUT TYPE=",
            input.kind == Input::Kind::kPassword ? "password" : "text", " NAME=f",
            static_cast<int>(input.field), " SIZE=24 MAXLENGTH=", input.max_length, " VALUE=\"",
            Escaped(input.value), "\">\n");
      if (!input.hint.empty()) {
        AddTo(out, "<TR><TD><TD><FONT SIZE=1>", Escaped(input.hint), "</FONT>\n");
      }
      if (input.field == Field::kCaptcha && page.captcha) {
        AddTo(out, "<TR><TD>&nbsp;<TD><IMG SRC=\"", captcha_path(),
              "\" WIDTH=200 HEIGHT=60 BORDER=1 ALT=\"Güvenlik resmi\">\n");
      }
    }
    out += "<TR><TD>&nbsp;<TD>";
    for (const Action& action : page.actions) {
      AddTo(out, action.button ? ButtonOf(action) : LinkOf(page, action), "&nbsp;\n");
    }
    out += "</TABLE>\n";
  }

  static std::string ButtonOf(const Action& action) {
    return Cat("<INPUT TYPE=image BORDER=0 NAME=", ButtonName(action), " SRC=\"",
               Escaped(TextImagePath(action.label)), "\" ALT=\"", Escaped(action.label), "\">");
  }

  std::string LinkOf(const Page& page, const Action& action) const {
    const Screen target = action.act == Act::kRenew ? page.screen : action.target;
    return Cat("<A HREF=", PathOf(target), "><IMG BORDER=0 SRC=\"",
               Escaped(TextImagePath(action.label)), "\" ALT=\"", Escaped(action.label), "\"></A>");
  }
};

}  // namespace

const Renderer& TablesRenderer() {
  static const Tables kRenderer;
  return kRenderer;
}

}  // namespace ilkimza::sandbox
