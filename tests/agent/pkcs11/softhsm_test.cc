// A module that nobody here wrote, through the helper process.
#include "tests/agent/pkcs11/softhsm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <p11-kit/pkcs11.h>

#include <string>

#include "agent/pkcs11/modules.h"
#include "agent/pkcs11/return_values.h"
#include "base/error.h"
#include "tests/agent/pkcs11/rude_modules.h"

namespace ilkimza::agent::pkcs11 {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class SoftHsmTest : public ::testing::Test {
 protected:
  // The slot of our token, among SoftHSM's empty ones.
  static absl::StatusOr<uint64_t> FindSlot(ModuleUse& use) {
    ILKIMZA_ASSIGN_OR_RETURN(const auto slots, use.Slots());
    for (const Slot& slot : slots) {
      ILKIMZA_ASSIGN_OR_RETURN(const Token token, use.ReadToken(slot.id));
      if (token.label == SoftHsm::kLabel) return slot.id;
    }
    return absl::NotFoundError("no such token");
  }

  // `work` with the token's slot open.
  template <typename Work>
  void OnToken(const Work& work) {
    auto use = modules_.modules().front()->Use();
    ASSERT_TRUE(use.ok()) << use.status();
    const auto slot = FindSlot(*use);
    ASSERT_TRUE(slot.ok()) << slot.status();
    const absl::Status open = use->Open(*slot);
    ASSERT_TRUE(open.ok()) << open;
    work(*use, *slot);
  }

  SoftHsm token_;
  Modules modules_{OptionsFor({kSoftHsm})};
};

TEST_F(SoftHsmTest, TellsItsTokenAndCertificatesWithoutAPin) {
  OnToken([&](ModuleUse& use, uint64_t slot) {
    const auto token = use.ReadToken(slot);
    ASSERT_TRUE(token.ok()) << token.status();
    EXPECT_EQ(token->model, "SoftHSM v2");
    EXPECT_THAT(token->serial, Not(IsEmpty()));
    EXPECT_NE(token->flags & CKF_USER_PIN_INITIALIZED, 0);
    const auto list = use.Certificates(slot);
    ASSERT_TRUE(list.ok()) << list.status();
    ASSERT_THAT(list->certificates, SizeIs(1));
    EXPECT_EQ(list->certificates[0].der, token_.certificate());
    EXPECT_EQ(list->certificates[0].label, "Nitelikli Imza");
    EXPECT_EQ(list->certificates[0].id, "\x01");
  });
  EXPECT_THAT(modules_.Statuses().front().description, HasSubstr("SoftHSM"));
}

TEST_F(SoftHsmTest, AWrongPinIsSeenInTheFlagsAndARightOneClearsThem) {
  OnToken([](ModuleUse& use, uint64_t slot) {
    EXPECT_EQ(*use.Login(User::kHolder, "111111"), CKR_PIN_INCORRECT);
    EXPECT_NE(use.ReadToken(slot)->flags & CKF_USER_PIN_COUNT_LOW, 0);
  });
  OnToken([](ModuleUse& use, uint64_t slot) {
    EXPECT_NE(use.ReadToken(slot)->flags & CKF_USER_PIN_COUNT_LOW, 0);
    EXPECT_EQ(*use.Login(User::kHolder, SoftHsm::kPin), CKR_OK);
    EXPECT_EQ(use.ReadToken(slot)->flags & CKF_USER_PIN_COUNT_LOW, 0);
  });
}

TEST_F(SoftHsmTest, ChangesThePin) {
  OnToken([](ModuleUse& use, uint64_t) {
    EXPECT_EQ(*use.SetPin("111111", "583920"), CKR_PIN_INCORRECT);
    EXPECT_EQ(*use.SetPin(SoftHsm::kPin, "583920"), CKR_OK);
  });
  OnToken([](ModuleUse& use, uint64_t) {
    EXPECT_EQ(*use.Login(User::kHolder, SoftHsm::kPin), CKR_PIN_INCORRECT);
    EXPECT_EQ(*use.Login(User::kHolder, "583920"), CKR_OK);
  });
}

TEST_F(SoftHsmTest, TheSecurityOfficerSetsANewPin) {
  OnToken([](ModuleUse& use, uint64_t) {
    EXPECT_EQ(*use.Login(User::kSecurityOfficer, "11111111"), CKR_PIN_INCORRECT);
    EXPECT_EQ(*use.Login(User::kSecurityOfficer, SoftHsm::kOfficerPin), CKR_OK);
    EXPECT_EQ(*use.InitPin("583920"), CKR_OK);
  });
  OnToken([](ModuleUse& use, uint64_t) { EXPECT_EQ(*use.Login(User::kHolder, "583920"), CKR_OK); });
}

TEST_F(SoftHsmTest, SignsAfterALoginOnly) {
  OnToken([](ModuleUse& use, uint64_t) {
    EXPECT_FALSE(use.FindKey("\x01").ok());
    ASSERT_EQ(*use.Login(User::kHolder, SoftHsm::kPin), CKR_OK);
    const auto key = use.FindKey("\x01");
    ASSERT_TRUE(key.ok()) << key.status();
    EXPECT_TRUE(key->rsa);
    EXPECT_FALSE(key->asks_again);
    EXPECT_EQ(key->mechanism, Mechanism::kSha256RsaPkcs);
    const auto signature = use.Sign(key->mechanism, "to be signed", "");
    ASSERT_TRUE(signature.ok()) << signature.status();
    EXPECT_EQ(signature->pin_rv, CKR_OK);
    EXPECT_THAT(signature->signature, SizeIs(256));
    EXPECT_FALSE(use.FindKey("\x02").ok());
  });
}

TEST(ReturnValueTest, NamesAndMeanings) {
  EXPECT_EQ(ReturnValueName(CKR_PIN_INCORRECT), "CKR_PIN_INCORRECT");
  EXPECT_EQ(ReturnValueName(0x80001234), "0x80001234");
  EXPECT_EQ(MeaningOf(CKR_OK), PinMeaning::kRight);
  EXPECT_EQ(MeaningOf(CKR_PIN_INCORRECT), PinMeaning::kWrong);
  EXPECT_EQ(MeaningOf(CKR_PIN_LOCKED), PinMeaning::kBlocked);
  EXPECT_EQ(MeaningOf(CKR_PIN_LEN_RANGE), PinMeaning::kRefused);
  for (const CK_RV rv : {CKR_DEVICE_ERROR, CKR_DEVICE_REMOVED, CKR_GENERAL_ERROR,
                         CKR_FUNCTION_FAILED, CKR_ARGUMENTS_BAD}) {
    EXPECT_EQ(MeaningOf(rv), PinMeaning::kUnknown) << rv;
  }
}

}  // namespace
}  // namespace ilkimza::agent::pkcs11
