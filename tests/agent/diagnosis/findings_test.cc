// From what was seen to findings, and the whole diagnosis on a made-up machine.
#include "agent/diagnosis/findings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/time/clock.h"
#include "agent/diagnosis/diagnosis.h"
#include "base/clock.h"
#include "base/error.h"

namespace ilkimza::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;
using State = ServiceLook::State;

absl::Status Error(v1::ErrorReason reason, absl::StatusCode code = absl::StatusCode::kUnavailable) {
  return MakeError(code, reason, "made up");
}

std::vector<std::pair<v1::Check, v1::FindingKind>> Kinds(const Findings& findings) {
  std::vector<std::pair<v1::Check, v1::FindingKind>> kinds;
  for (const v1::Finding& finding : findings) kinds.emplace_back(finding.check(), finding.kind());
  return kinds;
}

v1::Card Card(v1::CardFamily family = v1::CARD_FAMILY_AKIS_V1) {
  v1::Card card;
  card.set_name("cards/1");
  card.set_serial("1");
  card.set_reader("readers/a");
  card.set_family(family);
  if (family == v1::CARD_FAMILY_AKIS_V1) card.add_operations(v1::CARD_OPERATION_GET_PIN_STATE);
  return card;
}

v1::Reader Reader(v1::ReaderState state) {
  v1::Reader reader;
  reader.set_name("readers/a");
  reader.set_display_name("A 00 00");
  reader.set_state(state);
  return reader;
}

TEST(ServiceFindings, EachStateIsNamedAndWhatFollowsIsNotChecked) {
  const auto blocked = v1::FINDING_KIND_BLOCKED;
  const std::vector<std::pair<State, v1::FindingKind>> table = {
      {State::kStopped, v1::FINDING_KIND_SERVICE_STOPPED},
      {State::kNotInstalled, v1::FINDING_KIND_SERVICE_NOT_INSTALLED},
      {State::kSilent, v1::FINDING_KIND_SERVICE_SILENT}};
  for (const auto& [state, kind] : table) {
    const Findings findings = ServiceFindings({.state = state});
    EXPECT_THAT(Kinds(findings),
                ElementsAre(Pair(v1::CHECK_SMART_CARD_SERVICE, kind),
                            Pair(v1::CHECK_PERMISSION, blocked), Pair(v1::CHECK_DRIVER, blocked)));
    EXPECT_EQ(findings[0].verdict(), v1::VERDICT_FAULT);
  }
  EXPECT_THAT(Kinds(ServiceFindings({.state = State::kForbidden})),
              ElementsAre(Pair(v1::CHECK_SMART_CARD_SERVICE, v1::FINDING_KIND_SERVICE_RUNS),
                          Pair(v1::CHECK_PERMISSION, v1::FINDING_KIND_NOT_PERMITTED),
                          Pair(v1::CHECK_DRIVER, blocked)));
}

TEST(ServiceFindings, AReaderThatUsbShowsAndTheServiceDoesNotHasNoDriver) {
  const Findings none = ServiceFindings({.state = State::kRuns, .usb_readers = {"072f:90cc ACS"}});
  EXPECT_EQ(none[2].kind(), v1::FINDING_KIND_DRIVER_MISSING);
  EXPECT_EQ(none[2].verdict(), v1::VERDICT_FAULT);
  EXPECT_EQ(none[2].device(), "072f:90cc ACS");
  const Findings one_of_two = ServiceFindings(
      {.state = State::kRuns, .readers = {"A 00 00"}, .usb_readers = {"1:1", "2:2"}});
  EXPECT_EQ(one_of_two[2].verdict(), v1::VERDICT_WARNING);
  const Findings fine =
      ServiceFindings({.state = State::kRuns, .readers = {"A"}, .usb_readers = {"1:1"}});
  EXPECT_EQ(fine[2].kind(), v1::FINDING_KIND_DRIVER_FITS);
}

TEST(ReaderFindings, TellWhatIsInEachReader) {
  v1::ListReadersResponse readers;
  v1::ListCardsResponse cards;
  EXPECT_EQ(ReaderFindings(readers, cards)[0].kind(), v1::FINDING_KIND_READER_MISSING);
  *readers.add_readers() = Reader(v1::READER_STATE_EMPTY);
  EXPECT_THAT(Kinds(ReaderFindings(readers, cards)),
              ElementsAre(Pair(v1::CHECK_READER, v1::FINDING_KIND_READER_PRESENT),
                          Pair(v1::CHECK_CARD, v1::FINDING_KIND_CARD_ABSENT)));
  const std::vector<std::pair<v1::ReaderState, v1::FindingKind>> table = {
      {v1::READER_STATE_CARD_MUTE, v1::FINDING_KIND_CARD_MUTE},
      {v1::READER_STATE_IN_USE_EXCLUSIVELY, v1::FINDING_KIND_CARD_HELD},
      {v1::READER_STATE_CARD_PRESENT, v1::FINDING_KIND_CARD_ANSWERS}};
  *cards.add_cards() = Card();
  for (const auto& [state, kind] : table) {
    *readers.mutable_readers(0) = Reader(state);
    EXPECT_EQ(ReaderFindings(readers, cards)[1].kind(), kind);
  }
  readers.mutable_readers(0)->set_state(v1::READER_STATE_IN_USE_EXCLUSIVELY);
  readers.mutable_readers(0)->add_programs("imzager\n");
  EXPECT_THAT(ReaderFindings(readers, cards)[1].programs(), ElementsAre("imzager "));
  *readers.mutable_readers(0) = Reader(v1::READER_STATE_CARD_PRESENT);
  *cards.mutable_cards(0) = Card(v1::CARD_FAMILY_AKIS_V2);
  EXPECT_EQ(ReaderFindings(readers, cards)[1].kind(), v1::FINDING_KIND_CARD_NEEDS_MODULE);
  *cards.mutable_cards(0) = Card(v1::CARD_FAMILY_UNKNOWN);
  EXPECT_EQ(ReaderFindings(readers, cards)[1].kind(), v1::FINDING_KIND_CARD_UNKNOWN);
  const auto failed = Error(v1::ERROR_REASON_CARD_TIMEOUT);
  EXPECT_EQ(ReaderFindings(failed, failed)[0].verdict(), v1::VERDICT_NOT_CHECKED);
}

TEST(AgentCertificateFinding, SaysWhatBecomesOfIt) {
  using Look = CertificateLook;
  const absl::Time now = absl::Now();
  const auto of = [now](const Look& look) { return AgentCertificateFinding(look, now); };
  EXPECT_EQ(of({}).kind(), v1::FINDING_KIND_AGENT_CERTIFICATE_NOT_NEEDED);
  EXPECT_EQ(of({}).verdict(), v1::VERDICT_OK);
  EXPECT_EQ(of({.state = Look::State::kMissing}).kind(),
            v1::FINDING_KIND_AGENT_CERTIFICATE_MISSING);
  EXPECT_EQ(of({.state = Look::State::kUnusable}).verdict(), v1::VERDICT_FAULT);
  Look look{.state = Look::State::kThere, .not_after = now + absl::Hours(1)};
  EXPECT_EQ(of(look).kind(), v1::FINDING_KIND_AGENT_CERTIFICATE_VALID);
  EXPECT_EQ(FromProto(of(look).time()), look.not_after);
  look.renewal = Error(v1::ERROR_REASON_SERVER_UNREACHABLE);
  EXPECT_EQ(of(look).kind(), v1::FINDING_KIND_AGENT_CERTIFICATE_NOT_RENEWED);
  EXPECT_EQ(of(look).verdict(), v1::VERDICT_WARNING);
  EXPECT_EQ(of(look).reason(), v1::ERROR_REASON_SERVER_UNREACHABLE);
  look.not_after = now;
  EXPECT_EQ(of(look).kind(), v1::FINDING_KIND_AGENT_CERTIFICATE_EXPIRED);
  EXPECT_EQ(of(look).verdict(), v1::VERDICT_FAULT);
}

TEST(PinFindings, UnknownIsNeverAFault) {
  v1::PinState state;
  const auto find = [&](v1::TriesLeft pin, v1::TriesLeft puk) {
    state.set_tries_left(pin);
    state.set_puk_tries_left(puk);
    return PinFindings(Card(), state);
  };
  const Findings unknown = find(v1::TRIES_LEFT_UNKNOWN, v1::TRIES_LEFT_UNKNOWN);
  ASSERT_EQ(unknown.size(), 1U);
  EXPECT_EQ(unknown[0].kind(), v1::FINDING_KIND_PIN_UNTOLD);
  EXPECT_EQ(unknown[0].verdict(), v1::VERDICT_NOT_CHECKED);
  EXPECT_EQ(unknown[0].tries_left_count(), -1);
  const Findings unsupported = PinFindings(Card(), Error(v1::ERROR_REASON_OPERATION_UNSUPPORTED));
  EXPECT_EQ(unsupported[0].kind(), v1::FINDING_KIND_PIN_UNTOLD);
  const Findings failed = PinFindings(Card(), Error(v1::ERROR_REASON_CARD_REMOVED));
  EXPECT_EQ(failed[0].verdict(), v1::VERDICT_NOT_CHECKED);
  EXPECT_EQ(failed[0].reason(), v1::ERROR_REASON_CARD_REMOVED);
}

TEST(PinFindings, PinAndPukTogether) {
  v1::PinState state;
  const auto kinds = [&](v1::TriesLeft pin, v1::TriesLeft puk) {
    state.set_tries_left(pin);
    state.set_puk_tries_left(puk);
    std::vector<v1::FindingKind> found;
    for (const v1::Finding& finding : PinFindings(Card(), state)) found.push_back(finding.kind());
    return found;
  };
  using v1::TRIES_LEFT_ALL;
  using v1::TRIES_LEFT_NONE;
  using v1::TRIES_LEFT_ONE;
  using v1::TRIES_LEFT_SOME;
  EXPECT_THAT(kinds(TRIES_LEFT_ALL, TRIES_LEFT_ALL), ElementsAre(v1::FINDING_KIND_PIN_READY));
  EXPECT_THAT(kinds(TRIES_LEFT_SOME, TRIES_LEFT_SOME),
              ElementsAre(v1::FINDING_KIND_PIN_SOME_TRIES, v1::FINDING_KIND_PUK_SOME_TRIES));
  EXPECT_THAT(kinds(TRIES_LEFT_ONE, TRIES_LEFT_ONE),
              ElementsAre(v1::FINDING_KIND_PIN_LAST_TRY, v1::FINDING_KIND_PUK_LAST_TRY));
  EXPECT_THAT(kinds(TRIES_LEFT_NONE, TRIES_LEFT_ALL), ElementsAre(v1::FINDING_KIND_PIN_BLOCKED));
  EXPECT_THAT(kinds(TRIES_LEFT_NONE, TRIES_LEFT_NONE), ElementsAre(v1::FINDING_KIND_PIN_LOST));
  EXPECT_THAT(kinds(TRIES_LEFT_ALL, TRIES_LEFT_NONE),
              ElementsAre(v1::FINDING_KIND_PIN_READY, v1::FINDING_KIND_PUK_BLOCKED));
  state.set_not_initialised(true);
  EXPECT_THAT(kinds(TRIES_LEFT_ALL, TRIES_LEFT_ALL), ElementsAre(v1::FINDING_KIND_PIN_NOT_SET));
}

class CertificateFindingTest : public ::testing::Test {
 protected:
  void Add(int begins, int ends, bool qualified = true, bool key = true) {
    v1::Certificate& certificate = *list_.add_certificates();
    *certificate.mutable_not_before() = ToProto(now_ + absl::Hours(24 * begins));
    *certificate.mutable_not_after() = ToProto(now_ + absl::Hours(24 * ends));
    certificate.set_qualified(qualified);
    certificate.set_has_private_key(key);
    certificate.set_subject("CN=AYSE");
  }
  v1::Finding Find() { return CertificateFinding(Card(), list_, now_); }

  const absl::Time now_ = absl::FromUnixSeconds(1'800'000'000);
  v1::ListCertificatesResponse list_;
};

TEST_F(CertificateFindingTest, TheBestOfThoseThatSignCounts) {
  Add(-900, -1, /*qualified=*/false);
  Add(-900, 900, /*qualified=*/true, /*key=*/false);
  EXPECT_EQ(Find().kind(), v1::FINDING_KIND_CERTIFICATE_MISSING);
  Add(-900, -1);
  EXPECT_EQ(Find().kind(), v1::FINDING_KIND_CERTIFICATE_EXPIRED);
  EXPECT_EQ(FromProto(Find().time()), now_ - absl::Hours(24));
  Add(2, 900);
  EXPECT_EQ(Find().kind(), v1::FINDING_KIND_CERTIFICATE_NOT_YET_VALID);
  EXPECT_EQ(FromProto(Find().time()), now_ + absl::Hours(48));
  Add(-1, 29);
  EXPECT_EQ(Find().kind(), v1::FINDING_KIND_CERTIFICATE_ENDS_SOON);
  EXPECT_EQ(Find().verdict(), v1::VERDICT_WARNING);
  Add(-1, 900);
  EXPECT_EQ(Find().kind(), v1::FINDING_KIND_CERTIFICATE_VALID);
}

TEST(ModuleFindings, WhatIsMissingMattersOnlyWhereItIsNeeded) {
  EXPECT_EQ(ModuleFindings(std::nullopt, false)[0].kind(), v1::FINDING_KIND_MODULE_NOT_NEEDED);
  EXPECT_EQ(ModuleFindings(std::nullopt, true)[0].verdict(), v1::VERDICT_FAULT);
  const std::vector<ModuleLook> looks = {
      {.path = "/usr/lib/libakisp11.so", .state = ModuleLook::State::kWrongArchitecture},
      {.path = "/usr/lib/none.so", .state = ModuleLook::State::kAbsent}};
  const Findings findings = ModuleFindings(looks, false);
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].kind(), v1::FINDING_KIND_MODULE_ARCHITECTURE);
  EXPECT_EQ(findings[0].verdict(), v1::VERDICT_WARNING);
  EXPECT_EQ(ModuleFindings(looks, true)[0].verdict(), v1::VERDICT_FAULT);
  EXPECT_EQ(ModuleFindings(std::vector<ModuleLook>{{.path = "/x.so", .configured = true}}, false)[0]
                .kind(),
            v1::FINDING_KIND_MODULE_NOT_THERE);
}

TEST(PortalFinding, EachWayToMissItIsNamed) {
  const std::vector<std::pair<v1::ErrorReason, v1::FindingKind>> table = {
      {v1::ERROR_REASON_PORTAL_UNREACHABLE, v1::FINDING_KIND_PORTAL_UNREACHABLE},
      {v1::ERROR_REASON_PORTAL_UNTRUSTED, v1::FINDING_KIND_PORTAL_UNTRUSTED},
      {v1::ERROR_REASON_OFF_SITE, v1::FINDING_KIND_PORTAL_ODD},
      {v1::ERROR_REASON_PAGE_UNREADABLE, v1::FINDING_KIND_PORTAL_ODD},
      {v1::ERROR_REASON_BAD_CONFIGURATION, v1::FINDING_KIND_LOOK_FAILED}};
  for (const auto& [reason, kind] : table) {
    EXPECT_EQ(PortalFinding({.status = Error(reason)}, {}, "https://p").kind(), kind);
  }
  EXPECT_EQ(PortalFinding({.http_status = 200}, {}, "https://p").kind(),
            v1::FINDING_KIND_PORTAL_REACHED);
  EXPECT_EQ(PortalFinding({.http_status = 503}, {}, "https://p").kind(),
            v1::FINDING_KIND_PORTAL_ODD);
  const v1::Finding by_server = PortalFinding(
      {.status = Error(v1::ERROR_REASON_PORTAL_UNREACHABLE)}, {.hosts_portal = true}, "https://p");
  EXPECT_EQ(by_server.kind(), v1::FINDING_KIND_PORTAL_BY_SERVER);
  EXPECT_EQ(by_server.verdict(), v1::VERDICT_WARNING);
}

TEST(ClockFinding, TheServerIsBelievedFirst) {
  const auto find = [](std::optional<absl::Duration> portal, std::optional<absl::Duration> server) {
    return ClockFinding({.clock_ahead = portal}, {.clock_ahead = server});
  };
  EXPECT_EQ(find({}, {}).verdict(), v1::VERDICT_NOT_CHECKED);
  EXPECT_EQ(find(absl::Hours(5), absl::Seconds(1)).verdict(), v1::VERDICT_OK);
  EXPECT_EQ(find(absl::Minutes(-3), {}).verdict(), v1::VERDICT_WARNING);
  EXPECT_EQ(find(absl::Minutes(-3), {}).clock_ahead().seconds(), -180);
  EXPECT_EQ(find({}, absl::Hours(24 * 365)).verdict(), v1::VERDICT_FAULT);
}

TEST(Bounded, CutsAtACharacterAndTakesControlsOut) {
  EXPECT_EQ(Bounded("a\n\x1b[31mb"), "a  [31mb");
  std::string text(199, 'a');
  EXPECT_EQ(Bounded(text + "ş"), text);
  EXPECT_EQ(Bounded(text + "bc"), text + "b");
}

// A machine without any card.
class NoCards final : public CardLook {
 public:
  absl::StatusOr<v1::ListReadersResponse> Readers() override {
    ++asked;
    return v1::ListReadersResponse();
  }
  absl::StatusOr<v1::ListCardsResponse> Cards() override { return v1::ListCardsResponse(); }
  absl::StatusOr<v1::PinState> PinState(const std::string&) override { return v1::PinState(); }
  absl::StatusOr<v1::ListCertificatesResponse> Certificates(const std::string&) override {
    return v1::ListCertificatesResponse();
  }
  int asked = 0;
};

TEST(Diagnose, HasAFindingForEachCheckInTheirOrder) {
  for (const State state : {State::kRuns, State::kStopped, State::kForbidden}) {
    Probes probes;
    probes.service = [state] { return ServiceLook{.state = state}; };
    probes.server = [](const std::stop_token&) { return ServerLook(); };
    probes.portal = [](const std::stop_token&) { return PortalLook(); };
    NoCards cards;
    const v1::DiagnoseResponse response = Diagnose(probes, cards, SystemClock(), {});
    int last = 0;
    std::set<int> seen;
    for (const v1::Finding& finding : response.findings()) {
      EXPECT_GE(finding.check(), last);
      last = finding.check();
      seen.insert(last);
      EXPECT_NE(finding.verdict(), v1::VERDICT_UNSPECIFIED);
      EXPECT_NE(finding.kind(), v1::FINDING_KIND_UNSPECIFIED);
    }
    EXPECT_EQ(seen.size(), static_cast<size_t>(v1::Check_descriptor()->value_count() - 1));
    // Without the service the card side is not even asked.
    EXPECT_EQ(cards.asked, state == State::kRuns ? 1 : 0);
  }
}

}  // namespace
}  // namespace ilkimza::agent
