#include "server/journey/graph.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "server/journey/plan.h"

namespace ilkimza::server {
namespace {

struct Lane {
  v1::Actor actor;
  std::string_view turkish;
  std::string_view english;
  std::string_view fill;
  std::string_view border;
};

constexpr std::array<Lane, 3> kLanes = {{
    {v1::ACTOR_HOLDER, "Kart sahibi", "the holder", "#FFF3D6", "#C98A00"},
    {v1::ACTOR_PORTAL, "Portal", "the portal", "#E1EEFB", "#2F6FAF"},
    {v1::ACTOR_AGENT, "Ajan ve kart", "agent and card", "#E3F4E4", "#3B8F45"},
}};

const Lane& LaneOf(v1::Actor actor) {
  return *std::find_if(kLanes.begin(), kLanes.end() - 1,
                       [actor](const Lane& lane) { return lane.actor == actor; });
}

// Why a journey goes elsewhere than to the safe step of a lost conversation.
std::string_view Words(v1::ErrorReason reason) {
  switch (reason) {
    case v1::ERROR_REASON_WORD_FORGOTTEN:
      return "sözcük unutuldu\\nword forgotten";
    case v1::ERROR_REASON_SMS_CODE_EXPIRED:
    case v1::ERROR_REASON_SMS_NOT_RECEIVED:
      return "kod geçersiz\\ncode no longer good";
    default:
      return "bağlantı geçersiz\\nlink no longer good";
  }
}

// "STEP_KIND_LOG_IN" -> "LOG_IN".
std::string Escaped(std::string_view text) {
  return absl::StrReplaceAll(absl::string_view(text.data(), text.size()),
                             {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}});
}

std::string Label(const StepSpec& spec, const Policy& policy) {
  std::vector<std::string> notes;
  if (!spec.guide_steps.empty()) {
    notes.push_back(absl::StrCat("kılavuz ", absl::StrJoin(spec.guide_steps, ", ")));
  }
  if (spec.attempt_limit != nullptr && spec.turn == v1::ACTOR_HOLDER && spec.on_portal) {
    notes.push_back(absl::StrCat("en çok ", policy.*spec.attempt_limit, " deneme"));
  }
  std::string label = absl::StrCat("<<b>", Escaped(spec.turkish),
                                   "</b><br/><font point-size=\"10\" color=\"#444444\">",
                                   Escaped(spec.english), "</font>");
  if (!notes.empty()) {
    absl::StrAppend(&label, "<br/><font point-size=\"8\" color=\"#777777\">",
                    absl::StrJoin(notes, " · "), "</font>");
  }
  return label + ">";
}

// Stretches of the plan that stand below each other: they end where the plan turns
// from the chip to the portal, to the login, to the PIN page, and away from it.
std::vector<std::vector<v1::StepKind>> Columns(const std::vector<v1::StepKind>& plan) {
  const auto last_on_page = std::find_if(plan.rbegin(), plan.rend(), [](v1::StepKind kind) {
    return SpecOf(kind).needs == Needs::kPinPage;
  });
  std::vector<std::vector<v1::StepKind>> columns(1);
  for (const v1::StepKind kind : plan) {
    const bool opens = SpecOf(kind).on_portal && SpecOf(kind).needs == Needs::kNothing &&
                       SpecOf(kind).turn == v1::ACTOR_PORTAL;
    const bool first_on_page = SpecOf(kind).needs == Needs::kLogin && !columns.back().empty() &&
                               SpecOf(columns.back().back()).needs == Needs::kLoginConversation;
    if (!columns.back().empty() && (opens || first_on_page)) columns.emplace_back();
    columns.back().push_back(kind);
    if (last_on_page != plan.rend() && kind == *last_on_page) columns.emplace_back();
  }
  if (columns.back().empty()) columns.pop_back();
  return columns;
}

using Edge = std::pair<v1::StepKind, v1::StepKind>;

// Where each step may lead back to, and in words why, where that is not just a
// conversation that was lost.
std::map<Edge, std::string_view> Rewinds(const std::vector<v1::StepKind>& plan) {
  std::map<Edge, std::string_view> edges;
  v1::Facts facts;
  for (const v1::StepKind kind : plan) {
    for (int value = v1::ErrorReason_MIN; value <= v1::ErrorReason_MAX; ++value) {
      if (!v1::ErrorReason_IsValid(value)) continue;
      const auto reason = static_cast<v1::ErrorReason>(value);
      const v1::StepKind target = RewindTarget(kind, reason, facts);
      if (target == kind) continue;
      edges.try_emplace({kind, target}, target == SafeStep(kind, facts) ? "" : Words(reason));
    }
    if (kind == v1::STEP_KIND_SET_OWN_PIN) facts.set_own_pin_set(true);
  }
  return edges;
}

void AddNodes(std::string& dot, const std::vector<v1::StepKind>& plan, const Policy& policy) {
  for (const auto& column : Columns(plan)) {
    absl::StrAppend(&dot, "  { rank=same;\n");
    for (const v1::StepKind kind : column) {
      const StepSpec& spec = SpecOf(kind);
      const Lane& lane = LaneOf(spec.turn);
      absl::StrAppend(&dot, "    ", StepName(kind), " [label=", Label(spec, policy),
                      ", fillcolor=\"", std::string(lane.fill), "\", color=\"",
                      std::string(lane.border), "\"];\n");
    }
    absl::StrAppend(&dot, "  }\n");
  }
}

void AddLegend(std::string& dot) {
  absl::StrAppend(&dot, "  { rank=same;\n");
  for (const Lane& lane : kLanes) {
    absl::StrAppend(&dot, "    lane", lane.actor, " [shape=plain, style=\"\", label=<<table ",
                    "border=\"0\" cellspacing=\"0\"><tr><td bgcolor=\"", std::string(lane.fill),
                    "\" border=\"1\" color=\"", std::string(lane.border), "\" width=\"18\"> </td>",
                    "<td align=\"left\"> ", std::string(lane.turkish), " / ",
                    std::string(lane.english), "</td></tr></table>>];\n");
  }
  absl::StrAppend(&dot, "    back [shape=plain, style=\"\", fontsize=11, fontcolor=\"#8A1C1C\", ",
                  "label=\"- - -  oturum koptu, geri dön / conversation lost, go back\"];\n");
  absl::StrAppend(&dot, "  }\n");
}

}  // namespace

std::string PlanGraph(v1::Goal goal, const Policy& policy) {
  const auto longest = PlanOf(goal, /*security_word_forgotten=*/true);
  const auto shortest = PlanOf(goal, /*security_word_forgotten=*/false);
  std::string dot = absl::StrCat(
      "digraph ", v1::Goal_Name(goal), " {\n",
      "  graph [rankdir=LR, nodesep=0.28, ranksep=0.75, splines=spline, bgcolor=white, pad=0.3,",
      " fontname=\"DejaVu Sans\"];\n",
      "  node [shape=box, style=\"rounded,filled\", penwidth=1.4, width=2.5, height=0.72,",
      " fontname=\"DejaVu Sans\", fontsize=12];\n",
      "  edge [color=\"#333333\", penwidth=1.4, arrowsize=0.8, fontname=\"DejaVu Sans\",",
      " fontsize=9, fontcolor=\"#8A1C1C\"];\n");
  AddNodes(dot, longest, policy);
  std::set<Edge> drawn;
  for (const auto* plan : {&longest, &shortest}) {
    for (std::size_t i = 1; i < plan->size(); ++i) {
      const auto edge = Edge((*plan)[i - 1], (*plan)[i]);
      if (!drawn.insert(edge).second) continue;
      const bool is_shortcut = plan == &shortest;
      absl::StrAppend(&dot, "  ", StepName(edge.first), " -> ", StepName(edge.second),
                      is_shortcut ? " [label=\"sözcük biliniyor\\nword known\", "
                                    "fontcolor=\"#333333\"]"
                                  : "",
                      ";\n");
    }
  }
  for (const auto& [edge, words] : Rewinds(longest)) {
    absl::StrAppend(
        &dot, "  ", StepName(edge.first), " -> ", StepName(edge.second),
        " [style=dashed, constraint=false, penwidth=0.9, arrowsize=0.6, color=\"#B03030\"",
        words.empty() ? "" : absl::StrCat(", xlabel=\"", std::string(words), "\""), "];\n");
  }
  AddLegend(dot);
  return dot + "}\n";
}

}  // namespace ilkimza::server
