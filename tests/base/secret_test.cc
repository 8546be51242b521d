#include "base/secret.h"

#include <gtest/gtest.h>

#include <sstream>
#include <type_traits>

namespace ilkimza {
namespace {

template <typename T>
concept Streamable = requires(std::ostream& out, const T& value) {
  out << value;
};

static_assert(!std::is_copy_constructible_v<Secret> && !std::is_copy_assignable_v<Secret>);
static_assert(std::is_nothrow_move_constructible_v<Secret>);
static_assert(!Streamable<Secret>);
static_assert(!std::is_convertible_v<Secret, std::string>);

TEST(Secret, TakingAStringWipesItsSource) {
  std::string typed(100, 'x');
  const char* bytes = typed.data();
  const Secret secret(std::move(typed));
  EXPECT_EQ(secret.view(), std::string(100, 'x'));
  EXPECT_EQ(*bytes, '\0');
}

TEST(Secret, MovingLeavesTheSourceEmpty) {
  Secret a(std::string_view("1234"));
  Secret b(std::move(a));
  EXPECT_TRUE(a.empty());
  EXPECT_EQ(b.view(), "1234");
  a = std::move(b);
  EXPECT_EQ(a.view(), "1234");
  EXPECT_TRUE(b.empty());
}

TEST(Secret, ComparesByContents) {
  EXPECT_TRUE(Secret(std::string_view("12")) == Secret(std::string_view("12")));
  EXPECT_FALSE(Secret(std::string_view("12")) == Secret(std::string_view("13")));
  EXPECT_FALSE(Secret(std::string_view("12")) == Secret(std::string_view("123")));
  EXPECT_TRUE(Secret() == Secret());
}

TEST(Secret, WipeEmptiesIt) {
  Secret secret(std::string_view("1234"));
  secret.Wipe();
  EXPECT_TRUE(secret.empty());
  secret.Wipe();
}

TEST(SecretDeathTest, UseAfterFreeFaultsInsteadOfLeaking) {
  EXPECT_DEATH(
      {
        Secret secret(std::string_view("1234"));
        const char* bytes = secret.view().data();
        secret.Wipe();
        volatile char leaked = *bytes;
        (void)leaked;
      },
      "");
}

TEST(Wipe, OverwritesSpareCapacityToo) {
  std::string text = std::string(64, 's');
  text.resize(40);
  const char* bytes = text.data();
  Wipe(text);
  EXPECT_TRUE(text.empty());
  EXPECT_EQ(bytes[0], '\0');
  EXPECT_EQ(bytes[50], '\0');
}

}  // namespace
}  // namespace ilkimza
