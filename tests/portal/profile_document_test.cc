// portal/profiles/README.md describes the schema of profiles field by field. Whoever
// changes profile.proto is told here what the page lacks, or says too much.
#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>

#include "ilkimza/profile/v1/profile.pb.h"

namespace ilkimza::portal {
namespace {

using Names = std::set<std::string>;

// What stands in the first column of the tables, by the heading over them.
std::map<std::string, Names> Documented() {
  std::ifstream file(PROFILE_DOCUMENT);
  EXPECT_TRUE(file) << "no " << PROFILE_DOCUMENT;
  std::map<std::string, Names> documented;
  std::string heading;
  for (std::string line; std::getline(file, line);) {
    if (line.rfind('#', 0) == 0) {
      heading = line.substr(line.find_first_not_of("# "));
    } else if (line.rfind("| `", 0) == 0) {
      documented[heading].insert(line.substr(3, line.find('`', 3) - 3));
    }
  }
  return documented;
}

TEST(ProfileDocumentTest, SaysEveryFieldAndValueOfTheSchemaAndNoOther) {
  const auto* schema = profile::v1::Profile::descriptor()->file();
  std::map<std::string, Names> expected;
  for (int i = 0; i < schema->message_type_count(); ++i) {
    const auto* message = schema->message_type(i);
    for (int j = 0; j < message->field_count(); ++j) {
      expected[message->name()].insert(message->field(j)->name());
    }
  }
  for (int i = 0; i < schema->enum_type_count(); ++i) {
    const auto* type = schema->enum_type(i);
    for (int j = 0; j < type->value_count(); ++j) {
      expected[type->name()].insert(type->value(j)->name());
    }
  }
  EXPECT_EQ(Documented(), expected);
}

}  // namespace
}  // namespace ilkimza::portal
