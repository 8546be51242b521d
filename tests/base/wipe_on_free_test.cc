// Freed heap blocks hold nothing of what was in them.
#include <gtest/gtest.h>
#include <malloc.h>

#include <cstdlib>
#include <cstring>
#include <string>

namespace {

constexpr char kMark[] = "GIZLI-7f3a-GIZLI-7f3a";

// Reads a block after it was freed. The allocator may have put its own list
// pointers at the start, so only bytes past them are looked at. The address goes
// through a volatile so that the compiler does not argue.
bool HoldsMark(volatile const char* freed, std::size_t size) {
  for (std::size_t i = 0; i + sizeof(kMark) <= size; ++i) {
    bool same = true;
    for (std::size_t k = 0; k + 1 < sizeof(kMark) && same; ++k) same = freed[i + k] == kMark[k];
    if (same) return true;
  }
  return false;
}

char* Marked(std::size_t size) {
  char* block = static_cast<char*>(std::malloc(size));
  std::memset(block, '.', size);
  std::memcpy(block + size / 2, kMark, sizeof(kMark) - 1);
  return block;
}

TEST(WipeOnFree, FreedBlocksOfAllSizesAreZero) {
  // Keeps the allocator from giving pages back, so that reading stays possible.
  void* fence = std::malloc(16);
  for (const std::size_t size : {64U, 500U, 2'000U, 60'000U}) {
    char* block = Marked(size);
    void* after = std::malloc(32);
    volatile const char* address = block;
    std::free(block);
    EXPECT_FALSE(HoldsMark(address, size)) << size;
    std::free(after);
  }
  std::free(fence);
}

TEST(WipeOnFree, ReallocWipesTheOldBlockAndKeepsTheContents) {
  char* block = Marked(400);
  void* fence = std::malloc(32);
  volatile const char* address = block;
  char* grown = static_cast<char*>(std::realloc(block, 40'000));
  ASSERT_NE(grown, nullptr);
  EXPECT_EQ(std::memcmp(grown + 200, kMark, sizeof(kMark) - 1), 0);
  EXPECT_FALSE(HoldsMark(address, 400));
  std::free(grown);
  std::free(fence);
}

TEST(WipeOnFree, OperatorDeleteIsCovered) {
  auto* text = new std::string(kMark + std::string(100, '.'));
  volatile const char* address = text->data();
  delete text;
  EXPECT_FALSE(HoldsMark(address, 120));
}

}  // namespace
