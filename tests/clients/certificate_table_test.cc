// What is on the portal and on the chips, side by side.
#include "clients/sdk/certificate_table.h"

#include <gtest/gtest.h>

#include <set>

#include "base/clock.h"
#include "clients/sdk/sentences.h"

namespace ilkimza::client {
namespace {

constexpr char kCard[] = "87211470000000000017";
const absl::Time kNow = absl::FromUnixSeconds(1'900'000'000);

v1::PortalCertificate Row(const char* number,
                          v1::PortalCertificateState state = v1::PORTAL_CERTIFICATE_STATE_ACTIVE) {
  v1::PortalCertificate row;
  row.set_card_serial(kCard);
  row.set_serial_number(number);
  row.set_type("Nitelikli Elektronik Sertifika");
  row.set_state(state);
  *row.mutable_start_time() = ToProto(kNow - absl::Hours(100));
  *row.mutable_end_time() = ToProto(kNow + absl::Hours(1000));
  return row;
}

v1::Certificate OnChip(const char* number) {
  v1::Certificate certificate;
  certificate.set_label("İmza");
  certificate.set_serial_number(number);
  certificate.set_qualified(true);
  certificate.set_validity(v1::CERTIFICATE_VALIDITY_VALID);
  *certificate.mutable_not_before() = ToProto(kNow - absl::Hours(101));
  *certificate.mutable_not_after() = ToProto(kNow + absl::Hours(1023));
  return certificate;
}

Chip ChipWith(std::vector<v1::Certificate> certificates) {
  return {kCard, std::move(certificates)};
}

std::vector<CertificateRow> Compare(const std::vector<v1::PortalCertificate>& portal,
                                    const std::vector<Chip>& chips) {
  return CompareCertificates(portal, chips, kNow);
}

TEST(CertificateTableTest, TheSameOneIsKnownByItsNumberHoweverItIsWritten) {
  for (const auto& [portal, chip] : {std::pair("A1B", "0A1B"), std::pair("0a:1b", "A1B"),
                                     std::pair("0A1B", "0A1B"), std::pair("A1B", "00 0a 1b")}) {
    const auto rows = Compare({Row(portal)}, {ChipWith({OnChip(chip)})});
    ASSERT_EQ(rows.size(), 1U) << portal;
    EXPECT_EQ(rows[0].place, Place::kSame) << portal << " " << chip;
    EXPECT_EQ(rows[0].serial_number, "A1B");
    EXPECT_EQ(rows[0].standing, Standing::kValid);
    EXPECT_EQ(rows[0].title, "Nitelikli Elektronik Sertifika");
  }
}

TEST(CertificateTableTest, OnlyOnOneSide) {
  const auto rows = Compare({Row("A1")}, {ChipWith({OnChip("B2")})});
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].place, Place::kPortalOnly);
  EXPECT_EQ(rows[1].place, Place::kChipOnly);
  EXPECT_EQ(rows[1].serial_number, "B2");
  EXPECT_EQ(rows[1].title, "İmza");
  EXPECT_EQ(rows[1].card_serial, kCard);
}

TEST(CertificateTableTest, WithoutAChipNothingIsCompared) {
  EXPECT_EQ(Compare({Row("A1")}, {})[0].place, Place::kNotCompared);
  const Chip unread{.card_serial = kCard, .certificates = {}, .unread = true};
  EXPECT_EQ(Compare({Row("A1")}, {unread})[0].place, Place::kNotCompared);
  Chip other = ChipWith({OnChip("A1")});
  other.card_serial = "87211470000000000025";
  const auto rows = Compare({Row("A1")}, {other});
  EXPECT_EQ(rows[0].place, Place::kNotCompared);
  // The same number on another card is another certificate.
  EXPECT_EQ(rows[1].place, Place::kChipOnly);
}

TEST(CertificateTableTest, WithoutANumberTheDayDecidesWhereItIsSure) {
  EXPECT_EQ(Compare({Row("")}, {ChipWith({OnChip("B2")})})[0].place, Place::kSame);
  // Two that end on that day: which of them it is, nobody knows.
  EXPECT_EQ(Compare({Row("")}, {ChipWith({OnChip("B2"), OnChip("B3")})})[0].place,
            Place::kPortalOnly);
  v1::Certificate later = OnChip("B2");
  *later.mutable_not_after() = ToProto(kNow + absl::Hours(2000));
  EXPECT_EQ(Compare({Row("")}, {ChipWith({later})})[0].place, Place::kPortalOnly);
}

TEST(CertificateTableTest, AnAuthoritysCertificateIsNobodys) {
  v1::Certificate authority = OnChip("CA");
  authority.set_qualified(false);
  EXPECT_TRUE(Compare({}, {ChipWith({authority})}).empty());
  authority.set_has_private_key(true);
  EXPECT_EQ(Compare({}, {ChipWith({authority})}).size(), 1U);
}

TEST(CertificateTableTest, HowEachStands) {
  struct Case {
    v1::PortalCertificateState state;
    int begins;
    int ends;
    Standing standing;
  };
  const Case cases[] = {
      {v1::PORTAL_CERTIFICATE_STATE_ACTIVE, -9, 99, Standing::kValid},
      {v1::PORTAL_CERTIFICATE_STATE_NOT_ACTIVATED, -9, 99, Standing::kNotActivated},
      {v1::PORTAL_CERTIFICATE_STATE_NOT_YET_VALID, 9, 99, Standing::kNotYetValid},
      {v1::PORTAL_CERTIFICATE_STATE_REVOKED, -99, -50, Standing::kRevoked},
      {v1::PORTAL_CERTIFICATE_STATE_EXPIRED, -99, -50, Standing::kExpired},
      {v1::PORTAL_CERTIFICATE_STATE_UNSPECIFIED, -9, 99, Standing::kUnknown},
      // The dates are as good as the word for it.
      {v1::PORTAL_CERTIFICATE_STATE_ACTIVE, -99, -50, Standing::kExpired},
      {v1::PORTAL_CERTIFICATE_STATE_NOT_ACTIVATED, 9, 99, Standing::kNotYetValid},
      // The day it ends on is not over.
      {v1::PORTAL_CERTIFICATE_STATE_ACTIVE, -99, -1, Standing::kValid}};
  for (const Case& given : cases) {
    v1::PortalCertificate row = Row("A1", given.state);
    *row.mutable_start_time() = ToProto(kNow + absl::Hours(given.begins));
    *row.mutable_end_time() = ToProto(kNow + absl::Hours(given.ends));
    EXPECT_EQ(Compare({row}, {})[0].standing, given.standing)
        << v1::PortalCertificateState_Name(given.state) << " " << given.begins;
  }
}

TEST(CertificateTableTest, AnOldChipHasOnlyEndedCertificates) {
  v1::Certificate ended = OnChip("A1");
  ended.set_validity(v1::CERTIFICATE_VALIDITY_EXPIRED);
  EXPECT_TRUE(IsOld(ChipWith({ended})));
  EXPECT_FALSE(IsOld(ChipWith({ended, OnChip("A2")})));
  EXPECT_FALSE(IsOld(ChipWith({})));
  v1::Certificate future = OnChip("A2");
  future.set_validity(v1::CERTIFICATE_VALIDITY_NOT_YET_VALID);
  EXPECT_FALSE(IsOld(ChipWith({ended, future})));
  // Not told by an older agent: nothing is said.
  ended.set_validity(v1::CERTIFICATE_VALIDITY_UNSPECIFIED);
  EXPECT_FALSE(IsOld(ChipWith({ended})));
}

TEST(CertificateTableTest, EachHasANameAndWords) {
  const Texts texts(Language::kEnglish);
  std::set<std::string> names;
  std::set<std::string> words;
  for (int value = 0; value <= static_cast<int>(Standing::kRevoked); ++value) {
    names.emplace(StandingName(static_cast<Standing>(value)));
    words.insert(StandingTitle(texts, static_cast<Standing>(value)));
  }
  for (int value = 0; value <= static_cast<int>(Place::kNotCompared); ++value) {
    names.emplace(PlaceName(static_cast<Place>(value)));
    words.insert(PlaceTitle(texts, static_cast<Place>(value)));
  }
  EXPECT_EQ(names.size(), 10U);
  EXPECT_EQ(words.size(), 10U);
}

TEST(HolderOfTest, IsTheNameOnTheQualifiedCertificate) {
  Chip chip;
  const auto add = [&](const char* subject, bool qualified) {
    chip.certificates.emplace_back().set_subject(subject);
    chip.certificates.back().set_qualified(qualified);
  };
  EXPECT_EQ(HolderOf(chip), "");
  add("CN=Another", false);
  EXPECT_EQ(HolderOf(chip), "");
  add("C=TR,serialNumber=*********46", true);
  EXPECT_EQ(HolderOf(chip), "");
  add("serialNumber=1\\,CN=no,CN=AYŞE\\,\x1b YILMAZ,C=TR", true);
  EXPECT_EQ(HolderOf(chip), "AYŞE, YILMAZ");
}

}  // namespace
}  // namespace ilkimza::client
