#include "server/api/journey_service.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "server/api/page_token.h"
#include "server/api/watch_stream.h"
#include "server/engine/name.h"
#include "server/engine/report_check.h"
#include "server/journey/plan.h"

namespace ilkimza::server {
namespace {

// AIP-155: a UUID, in the form 8-4-4-4-12.
absl::Status CheckRequestId(const std::string& id) {
  if (id.empty()) return absl::OkStatus();
  bool fits = id.size() == 36;
  for (std::size_t i = 0; fits && i < id.size(); ++i) {
    const bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
    fits = is_dash ? id[i] == '-' : absl::ascii_isxdigit(static_cast<unsigned char>(id[i]));
  }
  return fits ? absl::OkStatus() : BadField("request_id", "must be a UUID.");
}

absl::Status CheckName(std::string_view field, const std::string& name) {
  return IsJourneyName(name) ? absl::OkStatus()
                             : BadField(field, "must be \"journeys/{journey}\".");
}

bool NeedsCard(v1::Goal goal) {
  const auto plan = PlanOf(goal, /*security_word_forgotten=*/false);
  return std::any_of(plan.begin(), plan.end(),
                     [](v1::StepKind kind) { return !SpecOf(kind).on_portal; });
}

absl::StatusOr<int64_t> ReadPosition(std::string_view query, const std::string& token) {
  ILKIMZA_ASSIGN_OR_RETURN(const std::string position, ReadPageToken(query, token));
  int64_t value = 0;
  std::from_chars(position.data(), position.data() + position.size(), value);
  return value;
}

std::string Position(int64_t value) { return value == 0 ? "" : absl::StrCat(value); }

class JourneyApi : public v1::JourneyService::CallbackService {
 public:
  JourneyApi(const JourneyApiOptions& options, const Access& access, Engine& engine, Store& store)
      : options_(options), access_(access), engine_(engine), store_(store) {}

  grpc::ServerUnaryReactor* CreateJourney(grpc::CallbackServerContext* context,
                                          const v1::CreateJourneyRequest* request,
                                          v1::Journey* response) override {
    auto* reactor = context->DefaultReactor();
    auto wish = WishOf(*context, *request);
    if (!wish.ok()) {
      reactor->Finish(ToGrpcStatus(wish.status()));
    } else {
      engine_.Create(*wish, Respond(reactor, response));
    }
    return reactor;
  }

  grpc::ServerUnaryReactor* GetJourney(grpc::CallbackServerContext* context,
                                       const v1::GetJourneyRequest* request,
                                       v1::Journey* response) override {
    auto* reactor = context->DefaultReactor();
    Respond(reactor, response)(Get(*context, *request));
    return reactor;
  }

  grpc::ServerUnaryReactor* ListJourneys(grpc::CallbackServerContext* context,
                                         const v1::ListJourneysRequest* request,
                                         v1::ListJourneysResponse* response) override {
    auto* reactor = context->DefaultReactor();
    reactor->Finish(ToGrpcStatus(List(*context, *request, *response)));
    return reactor;
  }

  grpc::ServerUnaryReactor* ListJourneyEvents(grpc::CallbackServerContext* context,
                                              const v1::ListJourneyEventsRequest* request,
                                              v1::ListJourneyEventsResponse* response) override {
    auto* reactor = context->DefaultReactor();
    reactor->Finish(ToGrpcStatus(ListEvents(*context, *request, *response)));
    return reactor;
  }

  grpc::ServerWriteReactor<v1::WatchJourneyResponse>* WatchJourney(
      grpc::CallbackServerContext* context, const v1::WatchJourneyRequest* request) override {
    if (request->after_revision() < 0) {
      return RefuseWatch(BadField("after_revision", "must not be negative."));
    }
    const auto caller = access_.Identify(*context);
    if (!caller.ok()) return RefuseWatch(caller.status());
    const auto journey = Visible(*caller, "name", request->name());
    if (!journey.ok()) return RefuseWatch(journey.status());
    return StartWatch(engine_, access_, *caller, request->name(), request->after_revision());
  }

  grpc::ServerUnaryReactor* CancelJourney(grpc::CallbackServerContext* context,
                                          const v1::CancelJourneyRequest* request,
                                          v1::Journey* response) override {
    const auto cancel = [&](const std::string& actor, Engine::Done done) {
      engine_.Cancel(request->name(), actor, request->request_id(), std::move(done));
    };
    const auto check = [](const v1::Journey&) { return absl::OkStatus(); };
    return TakeChange(*context, *request, check, cancel, *response);
  }

  grpc::ServerUnaryReactor* RetryJourney(grpc::CallbackServerContext* context,
                                         const v1::RetryJourneyRequest* request,
                                         v1::Journey* response) override {
    const auto retry = [&](const std::string& actor, Engine::Done done) {
      engine_.Retry(request->name(), actor, request->way(), request->request_id(), std::move(done));
    };
    const auto check = [&](const v1::Journey& journey) {
      const absl::Status way = CheckWay(request->way());
      return way.ok() ? CheckGoal(journey.goal(), "name") : way;
    };
    return TakeChange(*context, *request, check, retry, *response);
  }

 private:
  static Engine::Done Respond(grpc::ServerUnaryReactor* reactor, v1::Journey* response) {
    return [reactor, response](const absl::StatusOr<JourneyPtr>& journey) {
      if (journey.ok()) *response = **journey;
      reactor->Finish(ToGrpcStatus(journey.status()));
    };
  }

  // The journey, if the caller may see it. One of somebody else reads as missing.
  absl::StatusOr<JourneyPtr> Visible(const Caller& caller, std::string_view field,
                                     const std::string& name) {
    ILKIMZA_RETURN_IF_ERROR(CheckName(field, name));
    ILKIMZA_ASSIGN_OR_RETURN(JourneyPtr journey, engine_.Get(name));
    if (caller.MaySee(journey->agent())) return journey;
    return MakeError(absl::StatusCode::kNotFound, v1::ERROR_REASON_JOURNEY_NOT_FOUND,
                     absl::StrCat("There is no journey '", name, "'."));
  }

  absl::StatusOr<JourneyPtr> Get(const grpc::CallbackServerContext& context,
                                 const v1::GetJourneyRequest& request) {
    ILKIMZA_ASSIGN_OR_RETURN(const Caller caller, access_.Identify(context));
    return Visible(caller, "name", request.name());
  }

  absl::StatusOr<NewJourney> WishOf(const grpc::CallbackServerContext& context,
                                    const v1::CreateJourneyRequest& request) {
    ILKIMZA_ASSIGN_OR_RETURN(const Caller caller, access_.Identify(context));
    ILKIMZA_RETURN_IF_ERROR(CheckRequestId(request.request_id()));
    if (!request.has_journey()) return BadField("journey", "must be given.");
    const v1::Journey& journey = request.journey();
    if (!v1::Goal_IsValid(journey.goal()) || journey.goal() == v1::GOAL_UNSPECIFIED) {
      return BadField("journey.goal", "must be a known goal, such as GOAL_GET_PIN.");
    }
    ILKIMZA_RETURN_IF_ERROR(CheckGoal(journey.goal(), "journey.goal"));
    NewJourney wish;
    wish.goal = journey.goal();
    wish.security_word_forgotten = journey.security_word_forgotten();
    wish.agent = caller.agent;
    wish.creator = caller.actor;
    wish.request_id = request.request_id();
    wish.portal_host = journey.portal_host() == v1::PORTAL_HOST_UNSPECIFIED ? options_.portal_host
                                                                            : journey.portal_host();
    if (wish.portal_host == v1::PORTAL_HOST_SERVER &&
        options_.portal_host != v1::PORTAL_HOST_SERVER) {
      return MakeError(absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_PORTAL_HOST_OFF,
                       "This server hosts no portal conversations; leave 'journey.portal_host' "
                       "out, or set portal_host = \"server\" in its configuration.");
    }
    if (!v1::PortalHost_IsValid(wish.portal_host)) {
      return BadField("journey.portal_host", "must be a known host.");
    }
    wish.profile = journey.profile().empty() ? options_.portal.name : journey.profile();
    if (!IsProfileName(wish.profile)) {
      return BadField("journey.profile", absl::StrCat("must be the name of a profile, such as \"",
                                                      portal::kDefaultProfile, "\"."));
    }
    wish.hotline = HotlineOf(options_.portal, wish.profile);
    if (journey.guided()) ILKIMZA_RETURN_IF_ERROR(CheckWay(v1::WAY_GUIDED));
    wish.guided = journey.guided() || options_.guided == GuidedMode::kAlways;
    if (!wish.guided && wish.profile == options_.portal.name) {
      ILKIMZA_RETURN_IF_ERROR(
          CheckDriven(options_.portal, wish.goal, wish.security_word_forgotten));
    }
    const bool needs_agent = wish.portal_host == v1::PORTAL_HOST_AGENT || NeedsCard(wish.goal);
    if (wish.agent.empty() && needs_agent) {
      return MakeError(absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_AGENT_NOT_ATTACHED,
                       "This journey needs the agent beside the holder; start it through the "
                       "agent's socket.");
    }
    return wish;
  }

  absl::Status List(const grpc::CallbackServerContext& context,
                    const v1::ListJourneysRequest& request, v1::ListJourneysResponse& response) {
    ILKIMZA_ASSIGN_OR_RETURN(const Caller caller, access_.Identify(context));
    if (!request.agent().empty() && !IsAgentName(request.agent())) {
      return BadField("agent", "must be \"agents/{agent}\".");
    }
    JourneyQuery query;
    query.active_only = request.active_only();
    if (!request.agent().empty()) query.agent = request.agent();
    if (!caller.IsOperator()) {
      if (query.agent && *query.agent != caller.agent) {
        return MakeError(absl::StatusCode::kPermissionDenied, v1::ERROR_REASON_NOT_ALLOWED,
                         "An agent sees its own journeys only.");
      }
      query.agent = caller.agent;
    }
    ILKIMZA_ASSIGN_OR_RETURN(query.limit, PageSize(request.page_size()));
    const std::string key =
        absl::StrCat("journeys ", query.agent.value_or("*"), query.active_only ? " active" : "");
    ILKIMZA_ASSIGN_OR_RETURN(query.before, ReadPosition(key, request.page_token()));
    ILKIMZA_ASSIGN_OR_RETURN(JourneyPage page, store_.ListJourneys(query));
    for (v1::Journey& journey : page.journeys) *response.add_journeys() = std::move(journey);
    response.set_next_page_token(MakePageToken(key, Position(page.next)));
    return absl::OkStatus();
  }

  absl::Status ListEvents(const grpc::CallbackServerContext& context,
                          const v1::ListJourneyEventsRequest& request,
                          v1::ListJourneyEventsResponse& response) {
    ILKIMZA_ASSIGN_OR_RETURN(const Caller caller, access_.Identify(context));
    ILKIMZA_RETURN_IF_ERROR(Visible(caller, "parent", request.parent()).status());
    ILKIMZA_ASSIGN_OR_RETURN(const int size, PageSize(request.page_size()));
    const std::string key = absl::StrCat("events ", request.parent());
    ILKIMZA_ASSIGN_OR_RETURN(const int64_t after, ReadPosition(key, request.page_token()));
    ILKIMZA_ASSIGN_OR_RETURN(EventPage page, store_.ListEvents(request.parent(), after, size));
    for (v1::JourneyEvent& event : page.events) {
      *response.add_journey_events() = std::move(event);
    }
    if (page.has_more) {
      const int64_t last = response.journey_events().rbegin()->revision();
      response.set_next_page_token(MakePageToken(key, Position(last)));
    }
    return absl::OkStatus();
  }

  // Whether the organisation lets people go for this, or on with it.
  [[nodiscard]] absl::Status CheckGoal(v1::Goal goal, const std::string& field) const {
    if (options_.goals_off.count(goal) == 0) return absl::OkStatus();
    return MakeError(absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_GOAL_SWITCHED_OFF,
                     absl::StrCat("This server's configuration has switched ", v1::Goal_Name(goal),
                                  " off (goals_off)."),
                     {{"field", field}});
  }

  // Whether the organisation lets portal steps be carried out in this way.
  [[nodiscard]] absl::Status CheckWay(v1::Way way) const {
    if (!v1::Way_IsValid(way)) return BadField("way", "must be a known way.");
    const bool is_off = way == v1::WAY_GUIDED   ? options_.guided == GuidedMode::kNever
                        : way == v1::WAY_DRIVEN ? options_.guided == GuidedMode::kAlways
                                                : false;
    if (!is_off) return absl::OkStatus();
    return MakeError(absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_WAY_SWITCHED_OFF,
                     absl::StrCat("The server's configuration has switched ", v1::Way_Name(way),
                                  " off ('journey.guided')."));
  }

  // Calls `change` with who asks, unless `check` has something against it for this journey.
  template <typename Request, typename Check, typename Change>
  grpc::ServerUnaryReactor* TakeChange(grpc::CallbackServerContext& context, const Request& request,
                                       const Check& check, const Change& change,
                                       v1::Journey& response) {
    auto* reactor = context.DefaultReactor();
    const auto caller = access_.Identify(context);
    absl::Status status = caller.status();
    if (status.ok()) status = CheckChange(*caller, request, check);
    if (!status.ok()) {
      reactor->Finish(ToGrpcStatus(status));
    } else {
      change(caller->actor, Respond(reactor, &response));
    }
    return reactor;
  }

  template <typename Request, typename Check>
  absl::Status CheckChange(const Caller& caller, const Request& request, const Check& check) {
    ILKIMZA_ASSIGN_OR_RETURN(const JourneyPtr journey, Visible(caller, "name", request.name()));
    ILKIMZA_RETURN_IF_ERROR(CheckRequestId(request.request_id()));
    return check(*journey);
  }

  const JourneyApiOptions options_;
  const Access& access_;
  Engine& engine_;
  Store& store_;
};

}  // namespace

std::unique_ptr<v1::JourneyService::CallbackService> MakeJourneyService(
    const JourneyApiOptions& options, const Access& access, Engine& engine, Store& store) {
  return std::make_unique<JourneyApi>(options, access, engine, store);
}

}  // namespace ilkimza::server
