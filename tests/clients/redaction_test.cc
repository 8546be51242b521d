#include "clients/sdk/redaction.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace ilkimza::client {
namespace {

TEST(Redacted, TakesPersonsOut) {
  const Person person{.names = {"ayse", "Yılmaz", "muhasebe-pc7"}, .home = "/srv/users/ayse"};
  struct Case {
    const char* text;
    const char* expected;
  };
  for (const Case& given : std::initializer_list<Case>{
           {"ACS ACR39U 00 00", "ACS ACR39U 00 00"},
           {"/srv/users/ayse/lib/libakisp11.so", "~/lib/libakisp11.so"},
           {"/home/mehmet/x.so", "/home/[...]/x.so"},
           {"/run/user/1000/ilkimza", "/run/user/[...]/ilkimza"},
           {"okuyucu Ayse Yılmaz", "okuyucu [...] [...]"},
           {"payse aysegul", "payse aysegul"},
           {"ayse@example.org 00", "[...] 00"},
           {"proxy http://ayse:pw@p:1", "proxy [...]"},
           {"MUHASEBE-PC7.local:7443", "[...].local:7443"},
           {"10000000146", "[...]"},
           {"no 87211470000000000042.", "no ...0042."},
           {"Gemalto (0A1B2C3D) 00 00", "Gemalto (...) 00 00"},
           {"Reader [CCID Interface] (2) 00", "Reader [CCID Interface] (2) 00"},
           {"", ""},
           {"(", "("},
           {"https://portal.example:8443", "https://portal.example:8443"}}) {
    EXPECT_EQ(Redacted(given.text, person), given.expected) << given.text;
  }
}

TEST(Redacted, EveryTextOfAFinding) {
  const Person person{.names = {"ayse"}, .home = "/home/ayse"};
  v1::Finding finding;
  // All texts, also those that a later version adds.
  const auto* type = v1::Finding::descriptor();
  const auto* access = v1::Finding::GetReflection();
  for (int i = 0; i < type->field_count(); ++i) {
    const auto* field = type->field(i);
    if (field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_STRING) continue;
    if (field->is_repeated()) {
      access->AddString(&finding, field, "ayse 10000000146 ayse");
    } else {
      access->SetString(&finding, field, "ayse 10000000146 ayse");
    }
  }
  const v1::Finding redacted = Redacted(finding, person);
  for (int i = 0; i < type->field_count(); ++i) {
    const auto* field = type->field(i);
    if (field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_STRING) continue;
    const std::string text = field->is_repeated() ? access->GetRepeatedString(redacted, field, 0)
                                                  : access->GetString(redacted, field);
    EXPECT_EQ(text.find("10000000146"), std::string::npos) << type->field(i)->name();
    if (type->field(i)->name() == "card_serial") continue;
    EXPECT_EQ(text.find("ayse"), std::string::npos) << type->field(i)->name();
  }
}

TEST(ThisPerson, KnowsAccountAndHome) {
  setenv("USER", "ornekkisi", 1);
  setenv("HOME", "/srv/ornekkisi", 1);
  EXPECT_EQ(Redacted("ornekkisi: /srv/ornekkisi/x", ThisPerson()), "[...]: ~/x");
}

}  // namespace
}  // namespace ilkimza::client
