// The promise about pages that change: for random changes of every page of the practice
// portal, in every style, the driver either recognises the same screen and presses the
// same control, or it stops. It never presses another one.
//
// Each control that can be pressed bears a mark in what it sends; the mark travels along
// when the control is moved, copied, wrapped or relabelled. So what a press would send
// says which control of the unchanged page it was.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "portal/conversation.h"
#include "portal/screen.h"
#include "portal/text.h"
#include "tests/fuzz/sandbox_screens.h"
#include "tests/portal/markup.h"
#include "tests/portal/page_of.h"

namespace ilkimza::portal {
namespace {

using profile_v1::ScreenKind;

// ---- Marks ----

bool IsPressableNode(const Node& node) {
  static const std::set<std::string> types = {"submit", "image", "button", ""};
  return (node.tag == "a" && node.attributes.count("href") != 0) || node.tag == "button" ||
         (node.tag == "input" && types.count(node.Attribute("type")) != 0 &&
          node.Attribute("type") != "");
}

// Gives each control that can be pressed its mark. Those that do the same have the same.
class Marker {
 public:
  void Mark(Node& node) {
    if (!node.IsText() && IsPressableNode(node)) MarkControl(node);
    for (const auto& child : node.children) Mark(*child);
  }

 private:
  void MarkControl(Node& node) {
    for (const char* name : {"href", "onclick"}) {
      std::string& script = node.attributes[name];
      const std::size_t call = script.find("__doPostBack(");
      if (call == std::string::npos) {
        if (script.empty()) node.attributes.erase(name);
        continue;
      }
      script = script.substr(0, call) + "__doPostBack('" + NameOf(script) + "','')";
      return;
    }
    if (node.tag == "a") {
      node.attributes["href"] = "/isaret/" + NameOf(node.attributes["href"]);
      return;
    }
    node.attributes["name"] = NameOf(node.Attribute("name") + "=" + node.Attribute("value") + "#" +
                                     std::to_string(++own_));
  }
  std::string NameOf(const std::string& what) {
    return "isaret" + std::to_string(marks_.emplace(what, marks_.size()).first->second) + "x";
  }

  std::map<std::string, std::size_t> marks_;
  int own_ = 0;
};

// The mark of the control that is pressed, as it is sent; "none" where it has none. What
// else goes along with the form may bear marks as well.
std::string MarkIn(const Control& pressed, const Request& request) {
  static const std::regex mark("isaret[0-9]+x");
  const std::string own = std::string(pressed.field) + " " + std::string(pressed.target);
  std::smatch found;
  if (!std::regex_search(own, found, mark)) return "none";
  const std::string sent =
      request.address.url + " " + std::string(request.body.begin(), request.body.end());
  return sent.find(found.str()) == std::string::npos ? "none" : found.str();
}

// ---- The driver, as Conversation presses ----

// Stands for the number of a move where a step asks for another captcha.
constexpr char kNewCaptcha[] = "new captcha";

struct Look {
  Recognition seen;
  // Step and move, such as "LOG_IN 0", and the mark of what it would press.
  std::map<std::string, std::string> presses;
  // Where the profile says that any of several of a name will do: the marks of all.
  std::map<std::string, std::set<std::string>> any;
  // Where each card has its own: the marks of all.
  std::map<std::string, std::set<std::string>> per_card;
};

// What Conversation asks of the pages that say "really?": that they name this card alone.
bool IsAboutCard(const Page& page, ScreenKind screen, const std::string& serial) {
  if (screen == profile_v1::SCREEN_KIND_DELETION) {
    const auto serials = ReadSerials(page, KamuSm());
    return std::all_of(serials.begin(), serials.end(),
                       [&serial](const std::string& one) { return one == serial; });
  }
  if (screen == profile_v1::SCREEN_KIND_REVOCATION) {
    return CardSerials(page, KamuSm(), Blocks::kSerials) == std::vector<std::string>{serial};
  }
  return true;
}

absl::StatusOr<std::string> PressOf(const Page& page, const Profile::Step& step,
                                    const Profile::Move& move, ScreenKind screen,
                                    const std::string& serial) {
  const Blocks blocks =
      step.kind == v1::STEP_KIND_REVOKE_CERTIFICATE ? Blocks::kSerials : Blocks::kPins;
  const auto button =
      move.press->per_card
          ? FindCardButton(page, *move.press, ReadCards(page, KamuSm(), blocks), serial)
          : FindButton(page, *move.press);
  if (!button.ok()) return button.status();
  const absl::Status allowed = CheckClick(KamuSm(), step.kind, screen, **button);
  if (!allowed.ok()) return allowed;
  if (move.submits && !IsAboutCard(page, screen, serial)) {
    return absl::FailedPreconditionError("another card's");
  }
  std::vector<Fill> fills;
  for (const Profile::Field* field : move.fill) {
    const auto control = FindField(page, *field);
    if (!control.ok()) return control.status();
    fills.push_back({*control, "typed"});
  }
  const auto request = page.Press(**button, fills);
  if (!request.ok()) return request.status();
  return MarkIn(**button, *request);
}

std::set<std::string> MarksOfAll(const Page& page, const Profile::Button& button) {
  std::set<std::string> marks;
  for (const Control& control : page.controls()) {
    if (!IsPressable(control.kind) ||
        std::find(button.names.begin(), button.names.end(), control.label) == button.names.end()) {
      continue;
    }
    const auto request = page.Press(control, {});
    if (request.ok()) marks.insert(MarkIn(control, *request));
  }
  return marks;
}

// The button that brings another captcha, on the screen on which its step asks for one.
void LookForCaptchaButton(const Page& page, const Profile::Step& step, Look& look) {
  const auto asks = [&look](const Profile::Move& move) {
    return move.submits &&
           std::find(move.on.begin(), move.on.end(), look.seen.kind) != move.on.end();
  };
  if (step.new_captcha == nullptr || std::none_of(step.moves.begin(), step.moves.end(), asks)) {
    return;
  }
  const auto button = FindButton(page, *step.new_captcha);
  if (!button.ok() || !IsPressable((*button)->kind)) return;
  const auto request = page.Press(**button, {});
  const std::string name = v1::StepKind_Name(step.kind).substr(10) + " " + kNewCaptcha;
  if (request.ok()) look.presses[name] = MarkIn(**button, *request);
}

Look LookAt(const std::string& html, const std::string& serial) {
  Look look;
  const auto page = TryPageOf(html);
  if (!page.ok()) return look;
  look.seen = Recognise(*page, KamuSm());
  if (!look.seen.sure()) return look;
  for (int kind = v1::StepKind_MIN; kind <= v1::StepKind_MAX; ++kind) {
    const Profile::Step* step =
        v1::StepKind_IsValid(kind) ? KamuSm().step(static_cast<v1::StepKind>(kind)) : nullptr;
    if (step == nullptr) continue;
    LookForCaptchaButton(*page, *step, look);
    for (std::size_t i = 0; i < step->moves.size(); ++i) {
      const Profile::Move& move = step->moves[i];
      if (std::find(move.on.begin(), move.on.end(), look.seen.kind) == move.on.end()) continue;
      const auto mark = PressOf(*page, *step, move, look.seen.kind, serial);
      const std::string name = v1::StepKind_Name(step->kind).substr(10) + " " + std::to_string(i);
      if (mark.ok()) look.presses[name] = *mark;
      if (move.press->any) look.any[name] = MarksOfAll(*page, *move.press);
      if (move.press->per_card) look.per_card[name] = MarksOfAll(*page, *move.press);
      break;
    }
  }
  return look;
}

// ---- Changes ----

// Texts that are none of the portal's buttons, and no sentence that makes a screen what
// it is: where a wrong control bears the right name and the right one does not, or a page
// says of itself that it is another one, a person takes it for that as well.
const std::vector<std::string>& Words() {
  static const std::vector<std::string> words = {"Duyuru",
                                                 "",
                                                 "Sertifikamı İptal Et",
                                                 "Kullanıma Aç",
                                                 "Kilit Çözme",
                                                 "Vazgeç",
                                                 "Yardım",
                                                 "PIN",
                                                 "PUK",
                                                 "Kart Seri Numarası",
                                                 "Kimlik No",
                                                 "Güvenlik Sözcüğü",
                                                 "Resimdeki Yazı",
                                                 "SMS Onay Kodu",
                                                 "İşlemler Menüsü ve Duyurular",
                                                 "87211470000000000007",
                                                 "Bilgileriniz silinmiştir",
                                                 "Oturum süresi doldu"};
  return words;
}

// Of a page of this kind: without the names of what a step presses there.
std::vector<std::string> WordsFor(ScreenKind screen) {
  std::vector<std::string> words = Words();
  for (int kind = v1::StepKind_MIN; kind <= v1::StepKind_MAX; ++kind) {
    const Profile::Step* step = KamuSm().step(static_cast<v1::StepKind>(kind));
    if (step == nullptr) continue;
    for (const Profile::Move& move : step->moves) {
      if (std::find(move.on.begin(), move.on.end(), screen) == move.on.end()) continue;
      const auto& names = move.press->names;
      const auto is_pressed = [&names](const std::string& word) {
        return std::find(names.begin(), names.end(), FoldLabel(word)) != names.end();
      };
      words.erase(std::remove_if(words.begin(), words.end(), is_pressed), words.end());
    }
  }
  return words;
}

class Changer {
 public:
  Changer(unsigned seed, ScreenKind screen) : random_(seed), words_(WordsFor(screen)) {}

  // One to five changes; what they were, for whoever has to understand a failure.
  std::string operator()(Node& root) {
    std::string story;
    const std::size_t times = 1 + Below(5);
    for (std::size_t i = 0; i < times; ++i) story += Change(root) + "; ";
    return story;
  }

 private:
  std::size_t Below(std::size_t limit) { return limit == 0 ? 0 : random_() % limit; }
  const std::string& Word() { return words_[Below(words_.size())]; }

  static bool InsideControl(const Node& node) {
    for (const Node* at = &node; at != nullptr; at = at->parent) {
      if (at->tag == "a" || at->tag == "button" || at->tag == "select" || at->tag == "label") {
        return true;
      }
    }
    return false;
  }
  static void Collect(Node& node, std::vector<Node*>& elements, std::vector<Node*>& texts) {
    for (const auto& child : node.children) {
      if (child->IsText()) {
        if (child->text.find_first_not_of(" \n\t") != std::string::npos) {
          texts.push_back(child.get());
        }
        continue;
      }
      if (child->tag == "head" || child->tag == "style" || child->tag == "script") continue;
      if (child->tag != "body") elements.push_back(child.get());
      Collect(*child, elements, texts);
    }
  }
  // Never into a control: its name would be another's.
  Node* PlaceFor(const Node& what, const std::vector<Node*>& elements) {
    for (int i = 0; i < 20; ++i) {
      Node* place = elements[Below(elements.size())];
      if (!place->IsInside(what) && !InsideControl(*place)) return place;
    }
    return nullptr;
  }

  std::string Change(Node& root) {
    std::vector<Node*> elements, texts;
    Collect(root, elements, texts);
    if (elements.empty() || texts.empty()) return "nothing left";
    Node& node = *elements[Below(elements.size())];
    switch (Below(9)) {
      case 0:
        return Move(node, elements);
      case 1:
        return Duplicate(node, elements);
      case 2:
        return Rename(node);
      case 3: {
        const std::string tag = node.tag;
        node.Detach();
        return "deleted <" + tag + ">";
      }
      case 4:
        return Retext(node, *texts[Below(texts.size())]);
      case 5:
        std::shuffle(node.children.begin(), node.children.end(), random_);
        return "reordered in <" + node.tag + ">";
      case 6:
        return Nest(node);
      case 7:
        return Attribute(node);
      default:
        return Swap(node, *elements[Below(elements.size())]);
    }
  }

  std::string Move(Node& node, const std::vector<Node*>& elements) {
    Node* place = PlaceFor(node, elements);
    if (place == nullptr) return "moved nothing";
    place->Insert(node.Detach(), Below(place->children.size() + 1));
    return "moved <" + node.tag + "> into <" + place->tag + ">";
  }
  std::string Duplicate(Node& node, const std::vector<Node*>& elements) {
    Node* place = PlaceFor(node, elements);
    if (place == nullptr) return "copied nothing";
    place->Insert(node.Clone(), Below(place->children.size() + 1));
    return "copied <" + node.tag + "> into <" + place->tag + ">";
  }
  std::string Rename(Node& node) {
    static const std::vector<std::string> tags = {"div", "span", "p",  "section", "h1", "h2",
                                                  "b",   "td",   "li", "label",   "em", "center"};
    const std::string before = node.tag;
    node.tag = tags[Below(tags.size())];
    return "<" + before + "> became <" + node.tag + ">";
  }
  std::string Retext(Node& node, Node& text) {
    const std::string word = Word();
    for (const char* name : {"alt", "value", "aria-label", "title"}) {
      // The value of a hidden or typed field is not what anybody reads.
      if (node.attributes.count(name) == 0 || node.Attribute("type") == "hidden") continue;
      node.attributes[name] = word;
      return std::string(name) + " of <" + node.tag + "> reads '" + word + "'";
    }
    const std::string before = text.text;
    text.text = word;
    return "'" + before + "' reads '" + word + "'";
  }
  std::string Nest(Node& node) {
    static const std::vector<std::string> tags = {"div",   "span", "form", "fieldset",
                                                  "table", "b",    "p",    "center"};
    auto wrapper = std::make_unique<Node>();
    wrapper->tag = tags[Below(tags.size())];
    const std::string story = "<" + node.tag + "> wrapped in <" + wrapper->tag + ">";
    Node* parent = node.parent;
    const auto at = std::find_if(parent->children.begin(), parent->children.end(),
                                 [&](const auto& child) { return child.get() == &node; });
    const auto index = static_cast<std::size_t>(at - parent->children.begin());
    auto taken = node.Detach();
    parent->Insert(std::move(wrapper), index)->Insert(std::move(taken), 0);
    return story;
  }
  std::string Attribute(Node& node) {
    static const std::vector<std::pair<std::string, std::string>> attributes = {
        {"hidden", ""},
        {"style", "display:none"},
        {"class", "x"},
        {"disabled", ""},
        {"aria-hidden", "true"},
        {"readonly", ""},
        {"role", "button"},
        {"role", "heading"},
        {"id", "y"},
        {"for", "y"},
        {"aria-labelledby", "y"},
        {"type", "text"},
        {"type", "hidden"},
        {"type", "reset"},
        {"type", "checkbox"},
        {"method", "get"},
        {"form", "y"},
        {"formmethod", "get"},
        {"enctype", "text/plain"},
        {"style", "position:absolute;left:-9999px"}};
    if (Below(4) == 0) {
      const char* names[] = {"class", "for", "id", "method", "role", "type"};
      const char* name = names[Below(std::size(names))];
      node.attributes.erase(name);
      return std::string("<") + node.tag + "> without " + name;
    }
    if (Below(4) == 0) {
      const char* names[] = {"aria-label", "title", "placeholder", "alt"};
      const char* name = names[Below(std::size(names))];
      node.attributes[name] = Word();
      return std::string(name) + " of <" + node.tag + "> is '" + node.attributes[name] + "'";
    }
    const auto& [name, value] = attributes[Below(attributes.size())];
    node.attributes[name] = value;
    return "<" + node.tag + " " + name + "=" + value + ">";
  }
  // A button where another stood.
  static std::string Swap(Node& one, Node& other) {
    if (one.IsInside(other) || other.IsInside(one) || InsideControl(*one.parent) ||
        InsideControl(*other.parent)) {
      return "swapped nothing";
    }
    const auto index = [](const Node& node) {
      const auto& all = node.parent->children;
      return static_cast<std::size_t>(
          std::find_if(all.begin(), all.end(),
                       [&](const auto& child) { return child.get() == &node; }) -
          all.begin());
    };
    Node* const one_parent = one.parent;
    Node* const other_parent = other.parent;
    const std::size_t one_at = index(one);
    auto first = one.Detach();
    const std::size_t other_at = index(other);
    auto second = other.Detach();
    const std::string story = "<" + first->tag + "> and <" + second->tag + "> changed places";
    // In the order that leaves both indices right.
    other_parent->Insert(std::move(first), other_at);
    one_parent->Insert(std::move(second), one_at);
    return story;
  }

  std::mt19937 random_;
  const std::vector<std::string> words_;
};

// ---- The promise ----

struct Original {
  std::string name;
  std::unique_ptr<Node> tree;
  std::string html;
  Look look;
};

std::string TheSerial() { return ilkimza::testing::TwoCards().holders[0].cards[0].serial; }

std::vector<Original> Originals() {
  std::vector<Original> originals;
  for (const sandbox::Page& page : ilkimza::testing::SandboxScreens()) {
    for (const sandbox::Style style : sandbox::kStyles) {
      Original original;
      original.name = std::string(NameOf(style)) + " " + std::string(NameOf(page.screen));
      original.tree = ParseMarkup(ilkimza::testing::RenderedPage(page, style));
      Marker().Mark(*original.tree);
      original.html = WriteMarkup(*original.tree);
      original.look = LookAt(original.html, TheSerial());
      originals.push_back(std::move(original));
    }
  }
  return originals;
}

std::string NameOf(const Profile::Step& step, const std::string& move, ScreenKind screen) {
  return v1::StepKind_Name(step.kind).substr(10) + " " + move + " on " +
         profile_v1::ScreenKind_Name(screen).substr(12);
}

// The pages below are all that the profile knows: each of its screens is among them, in
// each markup, and each move of each step is made on every screen it is made on.
TEST(PressTest, EveryScreenAndEveryMoveIsThere) {
  std::map<std::string, int> seen;
  std::set<std::string> pressed;
  for (const Original& original : Originals()) {
    const ScreenKind screen = original.look.seen.kind;
    ++seen[profile_v1::ScreenKind_Name(screen)];
    for (const auto& [step, mark] : original.look.presses) {
      pressed.insert(step + " on " + profile_v1::ScreenKind_Name(screen).substr(12));
      EXPECT_NE(mark, "none") << original.name << " " << step;
    }
  }
  for (const Profile::Screen& screen : KamuSm().screens()) {
    EXPECT_GE(seen[profile_v1::ScreenKind_Name(screen.kind)],
              static_cast<int>(std::size(sandbox::kStyles)))
        << profile_v1::ScreenKind_Name(screen.kind);
  }
  for (int kind = v1::StepKind_MIN; kind <= v1::StepKind_MAX; ++kind) {
    const Profile::Step* step = KamuSm().step(static_cast<v1::StepKind>(kind));
    if (step == nullptr) continue;
    for (std::size_t i = 0; i < step->moves.size(); ++i) {
      for (const ScreenKind screen : step->moves[i].on) {
        EXPECT_EQ(pressed.count(NameOf(*step, std::to_string(i), screen)), 1U)
            << NameOf(*step, std::to_string(i), screen);
        if (step->new_captcha == nullptr) continue;
        EXPECT_EQ(pressed.count(NameOf(*step, kNewCaptcha, screen)), 1U)
            << NameOf(*step, kNewCaptcha, screen);
      }
    }
  }
}

struct Count {
  int same = 0;
  int stopped = 0;
};

// The serial that was last read before the control with this mark.
std::string SerialOver(const Node& node, const std::string& mark, std::string serial, bool& found) {
  for (const auto& [name, value] : node.attributes) {
    found = found || value.find(mark) != std::string::npos;
  }
  static const sandbox::World world = ilkimza::testing::TwoCards();
  for (const sandbox::CardRecord& card : world.holders[0].cards) {
    if (!found && node.text.find(card.serial) != std::string::npos) serial = card.serial;
  }
  for (const auto& child : node.children) {
    if (!found) serial = SerialOver(*child, mark, std::move(serial), found);
  }
  return serial;
}

// Another card's button that has come to stand in our card's block is taken for ours by a
// person as well; the page that follows names its card, and then nothing is confirmed.
bool StandsForTheCard(const Original& original, const Node& changed, const std::string& step,
                      const std::string& mark) {
  const auto cards = original.look.per_card.find(step);
  if (cards == original.look.per_card.end() || cards->second.count(mark) == 0) return false;
  bool found = false;
  return SerialOver(changed, mark, "", found) == TheSerial();
}

void Check(const Original& original, const Node& changed, const std::string& story, Count& count) {
  const std::string html = WriteMarkup(changed);
  const Look look = LookAt(html, TheSerial());
  if (!look.seen.sure()) {
    ++count.stopped;
    return;
  }
  const bool other = look.seen.kind != original.look.seen.kind;
  // What could be an entrance is one only where a step has just opened the entrance's
  // address; everywhere else Conversation stops at it.
  if (other && look.seen.least) {
    ++count.stopped;
    return;
  }
  // No change makes a page say of itself that it is another one (see Words), so none may be
  // taken for one: on another screen a step would press what that screen's move says.
  ASSERT_FALSE(other) << original.name << " as " << profile_v1::ScreenKind_Name(look.seen.kind)
                      << ": " << story << "\n"
                      << html;
  for (const auto& [step, mark] : look.presses) {
    ++count.same;
    const auto any = original.look.any.find(step);
    if (any != original.look.any.end() && any->second.count(mark) != 0) continue;
    const auto expected = original.look.presses.find(step);
    const std::string before =
        expected == original.look.presses.end() ? "nothing" : expected->second;
    if (mark != before && StandsForTheCard(original, changed, step, mark)) continue;
    ASSERT_EQ(mark, before) << original.name << ", " << step << ": " << story << "\n" << html;
  }
}

TEST(PressTest, AChangedPageIsPressedInTheSamePlaceOrNotAtAll) {
  Count count;
  unsigned seed = 20'260'301;
  for (const Original& original : Originals()) {
    for (int i = 0; i < 60; ++i) {
      auto changed = original.tree->Clone();
      const std::string story = Changer(++seed, original.look.seen.kind)(*changed);
      ASSERT_NO_FATAL_FAILURE(Check(original, *changed, story, count));
    }
  }
  std::printf("pressed the same: %d, stopped: %d\n", count.same, count.stopped);
  // Both have to occur, or nothing was tried.
  EXPECT_GT(count.same, 1000);
  EXPECT_GT(count.stopped, 1000);
}

// Another control says the same as the right one, and every name in it agrees.
TEST(PressTest, TwoOfOneNameAreNotPressed) {
  for (const Original& original : Originals()) {
    for (const auto& [step, mark] : original.look.presses) {
      if (original.look.any.count(step) != 0) continue;
      auto changed = original.tree->Clone();
      Node* right = nullptr;
      std::vector<Node*> open = {changed.get()};
      while (!open.empty()) {
        Node* node = open.back();
        open.pop_back();
        for (const auto& child : node->children) open.push_back(child.get());
        for (const auto& [name, value] : node->attributes) {
          if (value.find(mark) != std::string::npos) right = node;
        }
      }
      ASSERT_NE(right, nullptr) << original.name;
      auto twin = right->Clone();
      for (auto& [name, value] : twin->attributes) {
        for (std::size_t at = 0; (at = value.find(mark, at)) != std::string::npos; ++at) {
          value.replace(at, mark.size(), "isaret999x");
        }
      }
      right->parent->Insert(std::move(twin), 0);
      const Look look = LookAt(WriteMarkup(*changed), TheSerial());
      EXPECT_EQ(look.presses.count(step), 0U) << original.name << ", " << step;
    }
  }
}

}  // namespace
}  // namespace ilkimza::portal
