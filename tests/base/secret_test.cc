#include "base/secret.h"

#include <gtest/gtest.h>

#include <sstream>
#include <thread>
#include <type_traits>
#include <vector>

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

TEST(SecretDeathTest, ReadingBeyondItFaults) {
  for (const std::size_t size : {1, 6, 1024, 1025, 70'000}) {
    EXPECT_DEATH(
        {
          const Secret secret(std::string(size, 's'));
          volatile char beyond = secret.view().data()[size];
          (void)beyond;
        },
        "");
  }
}

TEST(Secret, ManyLiveSideBySideAndOneAfterAnother) {
  for (int round = 0; round < 3; ++round) {
    std::vector<Secret> secrets;
    for (std::size_t i = 1; i < 200; ++i) {
      secrets.emplace_back(std::string(i * 7, static_cast<char>(i)));
    }
    for (std::size_t i = 1; i < 200; ++i) {
      EXPECT_EQ(secrets[i - 1].view(), std::string(i * 7, static_cast<char>(i)));
    }
  }
}

TEST(Secret, IsMadeAndWipedByManyThreads) {
  std::vector<std::jthread> threads;
  for (char c = 'a'; c < 'i'; ++c) {
    threads.emplace_back([c] {
      for (std::size_t i = 1; i < 500; ++i) {
        const Secret secret(std::string(1 + i % 40, c));
        ASSERT_EQ(secret.view(), std::string(1 + i % 40, c));
      }
    });
  }
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
