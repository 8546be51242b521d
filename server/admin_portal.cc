// The operator's commands about the portal.
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <algorithm>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/clock.h"
#include "base/error.h"
#include "ilkimza/v1/oversight_service.grpc.pb.h"
#include "server/admin.h"
#include "server/admin_call.h"
#include "server/journey/plan.h"

namespace ilkimza::server {
namespace {

using v1::PortalPace;
using v1::PortalScreen;

std::string StepNames(const PortalScreen& screen) {
  std::string names;
  for (const int step : screen.steps()) {
    absl::StrAppend(&names, names.empty() ? "" : " ", StepName(static_cast<v1::StepKind>(step)));
  }
  return names;
}

// "settled 0123456789abcdef 120 journeys, changed fedcba9876543210 3 journeys"
std::string Structures(const PortalScreen& screen) {
  std::string text;
  for (const PortalScreen::Structure& one : screen.structures()) {
    const char* state = one.state() == PortalScreen::STATE_SETTLED   ? "settled"
                        : one.state() == PortalScreen::STATE_CHANGED ? "changed"
                                                                     : "new";
    absl::StrAppend(&text, text.empty() ? "" : ", ", state, " ", one.fingerprint(), " ",
                    one.journeys(), one.journeys() == 1 ? " journey" : " journeys");
  }
  return text;
}

absl::StatusOr<std::vector<PortalScreen>> ReadScreens(const std::shared_ptr<grpc::Channel>& channel,
                                                      bool changed_only) {
  v1::ListPortalScreensRequest request;
  request.set_changed_only(changed_only);
  grpc::ClientContext context;
  LimitCall(context);
  v1::ListPortalScreensResponse response;
  ILKIMZA_RETURN_IF_ERROR(ExplainedCall(
      v1::OversightService::NewStub(channel)->ListPortalScreens(&context, request, &response)));
  return std::vector<PortalScreen>(response.portal_screens().begin(),
                                   response.portal_screens().end());
}

const char* StateWord(PortalPace::State state) {
  switch (state) {
    case PortalPace::STATE_PAUSED:
      return "paused";
    case PortalPace::STATE_PROBING:
      return "probing";
    case PortalPace::STATE_RAMPING:
      return "ramping";
    default:
      return "full";
  }
}

}  // namespace

absl::Status ListDrift(const std::shared_ptr<grpc::Channel>& channel, bool all, std::ostream& out,
                       std::ostream& notes) {
  ILKIMZA_ASSIGN_OR_RETURN(const std::vector<PortalScreen> screens, ReadScreens(channel, !all));
  for (const PortalScreen& screen : screens) {
    const std::string state =
        screen.has_change_time()   ? absl::StrCat("changed ", TimeWords(screen.change_time()))
        : screen.has_accept_time() ? absl::StrCat("accepted ", TimeWords(screen.accept_time()))
                                   : "as known";
    const std::string missed = absl::StrJoin(screen.missed_screens(), " ");
    out << screen.name() << "\t" << state << "\t" << Structures(screen) << "\t" << StepNames(screen)
        << (missed.empty() ? "" : absl::StrCat("\texpected ", missed)) << "\n";
  }
  out << std::flush;
  if (screens.empty()) {
    notes << (all ? "No screen of the portal is known yet.\n" : "No screen has changed.\n");
  }
  return absl::OkStatus();
}

absl::Status AcceptDrift(const std::shared_ptr<grpc::Channel>& channel, const std::string& screen,
                         std::ostream& notes) {
  std::vector<std::string> names = {screen};
  if (screen == "all") {
    ILKIMZA_ASSIGN_OR_RETURN(const std::vector<PortalScreen> screens, ReadScreens(channel, true));
    names.clear();
    for (const PortalScreen& one : screens) names.push_back(one.name());
  }
  const auto stub = v1::OversightService::NewStub(channel);
  for (const std::string& name : names) {
    v1::AcceptPortalScreenRequest request;
    request.set_name(name);
    grpc::ClientContext context;
    LimitCall(context);
    PortalScreen accepted;
    ILKIMZA_RETURN_IF_ERROR(ExplainedCall(stub->AcceptPortalScreen(&context, request, &accepted)));
    const bool is_step = name.find("/steps/") != std::string::npos;
    notes << name
          << (is_step ? " goes on; it waits again if as many are stopped again.\n"
                      : " is accepted as it is: steps on it go on.\n");
  }
  if (names.empty()) notes << "No screen has changed.\n";
  return absl::OkStatus();
}

absl::Status ListPaces(const std::shared_ptr<grpc::Channel>& channel, std::ostream& out,
                       std::ostream& notes) {
  grpc::ClientContext context;
  LimitCall(context);
  v1::ListPortalPacesResponse response;
  ILKIMZA_RETURN_IF_ERROR(ExplainedCall(
      v1::OversightService::NewStub(channel)->ListPortalPaces(&context, {}, &response)));
  for (const PortalPace& pace : response.portal_paces()) {
    out << pace.profile() << "\t" << StateWord(pace.state())
        << (pace.has_state_end_time() ? absl::StrCat(" until ", TimeWords(pace.state_end_time()))
                                      : "")
        << "\t" << pace.inside() << " inside\t" << pace.waiting() << " waiting\n";
  }
  out << std::flush;
  if (response.portal_paces().empty()) notes << "No journey has been to a portal yet.\n";
  return absl::OkStatus();
}

}  // namespace ilkimza::server
