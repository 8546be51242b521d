// No portal is wired into the code: what the profiles say of their portals stands in
// the profiles, and nowhere in the sources.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_replace.h"
#include "portal/built_in_profiles.h"
#include "portal/profile.h"
#include "portal/text.h"

namespace ilkimza::portal {
namespace {

namespace fs = std::filesystem;

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

// The string literals of C++, as they are written; adjacent ones are one.
class Scanner {
 public:
  explicit Scanner(const std::string& source) : source_(source) {}

  std::vector<std::string> Literals() {
    while (at_ < source_.size()) {
      const char c = source_[at_];
      if (Starts("//")) {
        After("\n");
      } else if (Starts("/*")) {
        After("*/");
      } else if (Starts("R\"(")) {
        const std::size_t from = at_ + 3;
        After(")\"");
        Add(source_.substr(from, at_ - 2 - from));
      } else if (c == '"') {
        Add(Quoted(c));
      } else if (c == '\'' && !InNumber()) {
        Quoted(c);
        adjacent_ = false;
      } else {
        adjacent_ = adjacent_ && (c == ' ' || c == '\n');
        ++at_;
      }
    }
    return std::move(literals_);
  }

 private:
  bool Starts(std::string_view with) const {
    return std::string_view(source_).substr(at_, with.size()) == with;
  }
  void After(std::string_view end) {
    const std::size_t found = source_.find(end, at_);
    at_ = found == std::string::npos ? source_.size() : found + end.size();
  }
  // 10'000
  bool InNumber() const { return at_ > 0 && source_[at_ - 1] >= '0' && source_[at_ - 1] <= '9'; }
  // What stands between two of `quote`.
  std::string Quoted(char quote) {
    std::string text;
    for (++at_; at_ < source_.size() && source_[at_] != quote; ++at_) {
      if (source_[at_] == '\\') ++at_;
      if (at_ < source_.size()) text.push_back(source_[at_]);
    }
    ++at_;
    return text;
  }
  void Add(const std::string& text) {
    if (adjacent_) {
      literals_.back() += text;
    } else {
      literals_.push_back(text);
    }
    adjacent_ = true;
  }

  const std::string& source_;
  std::size_t at_ = 0;
  bool adjacent_ = false;
  std::vector<std::string> literals_;
};

std::vector<std::string> LiteralsOf(const std::string& source) {
  return Scanner(source).Literals();
}

struct Source {
  std::string path;
  std::vector<std::string> literals;
  // What people are told, in another language.
  bool is_translation = false;
};

// Everything that is not there to play a portal, or to test.
const std::vector<Source>& Sources() {
  static const auto* sources = new std::vector<Source>([] {
    std::vector<Source> all;
    for (const char* folder : {"base", "portal", "agent", "server", "clients"}) {
      for (const auto& entry :
           fs::recursive_directory_iterator(fs::path(ILKIMZA_SOURCE_DIR) / folder)) {
        const std::string extension = entry.path().extension();
        if (extension != ".cc" && extension != ".h" && extension != ".po") continue;
        all.push_back({entry.path().lexically_relative(ILKIMZA_SOURCE_DIR),
                       LiteralsOf(ReadFile(entry.path())), extension == ".po"});
      }
    }
    return all;
  }());
  return *sources;
}

// Folded words that only a portal would say: of more than one word, or not of ASCII.
void Keep(const std::vector<std::string>& words, std::set<std::string>& kept) {
  for (const std::string& word : words) {
    const bool plain = std::all_of(word.begin(), word.end(), [](char c) {
      return static_cast<unsigned char>(c) < 0x80 && c != ' ' && c != '/';
    });
    if (!plain) kept.insert(word);
  }
}

std::set<std::string> WordsOf(const Profile& profile) {
  std::set<std::string> words;
  for (const auto& field : profile.fields()) Keep(field.names, words);
  for (const auto& button : profile.buttons()) Keep(button.names, words);
  for (const auto& value : profile.values()) Keep(value.labels, words);
  for (const auto& screen : profile.screens()) {
    Keep(screen.headings, words);
    for (const auto& text : screen.texts) Keep(text.parts, words);
  }
  for (const auto& message : profile.messages()) {
    for (const auto& sentence : message.sentences) Keep(sentence.parts, words);
  }
  return words;
}

// As the profile writes it: its name, its hotline with and without blanks, and what is
// written on its pages in more than one word.
std::vector<std::string> SaidOf(const Profile& profile) {
  std::vector<std::string> said = {profile.display_name(), profile.hotline(),
                                   absl::StrReplaceAll(profile.hotline(), {{" ", ""}})};
  const auto keep = [&](const std::string& shown) {
    if (shown.find(' ') != std::string::npos) said.push_back(shown);
  };
  for (const auto& field : profile.fields()) keep(field.shown);
  for (const auto& button : profile.buttons()) keep(button.shown);
  for (const auto& screen : profile.screens()) keep(screen.shown);
  EXPECT_THAT(said, ::testing::Each(::testing::Not(::testing::IsEmpty())));
  return said;
}

class WiringTest : public ::testing::TestWithParam<BuiltInProfile> {
 protected:
  const Profile profile_ = *Profile::Named(GetParam().name);
};

TEST_P(WiringTest, NoWordOfThePortalIsInTheCode) {
  const std::set<std::string> words = WordsOf(profile_);
  ASSERT_GT(words.size(), 20U);
  for (const Source& source : Sources()) {
    // Our own word for a field may well be the portal's.
    if (source.is_translation) continue;
    for (const std::string& literal : source.literals) {
      EXPECT_EQ(words.count(FoldLabel(literal)), 0U) << source.path << " says \"" << literal << '"';
    }
  }
}

TEST_P(WiringTest, NoHostOfThePortalIsInTheCode) {
  const auto entrance = ParseAddress("", profile_.entrance());
  ASSERT_TRUE(entrance.ok());
  std::string domain = entrance->origin.substr(entrance->origin.find("//") + 2);
  domain = domain.substr(domain.find('.') + 1);
  for (const Source& source : Sources()) {
    for (const std::string& literal : source.literals) {
      EXPECT_EQ(literal.find(domain), std::string::npos) << source.path << ": " << literal;
    }
  }
}

// What people are told is not of one portal either: neither its name, nor its number, nor
// one of its labels inside a sentence.
TEST_P(WiringTest, NoSentenceSpeaksOfThePortal) {
  const std::vector<std::string> said = SaidOf(profile_);
  ASSERT_GT(said.size(), 10U);
  for (const Source& source : Sources()) {
    for (const std::string& literal : source.literals) {
      for (const std::string& words : said) {
        EXPECT_EQ(literal.find(words), std::string::npos) << source.path << ": " << literal;
      }
    }
  }
}

// Where nobody names a portal, one place says which is meant.
TEST_P(WiringTest, OnePlaceNamesAProfile) {
  for (const Source& source : Sources()) {
    if (source.path == "portal/default_profile.h") continue;
    for (const std::string& literal : source.literals) {
      EXPECT_NE(literal, profile_.name()) << source.path;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(BuiltIn, WiringTest, ::testing::ValuesIn(BuiltInProfiles()),
                         [](const auto& info) { return std::string(info.param.name); });

// The test above reads what it means to read.
TEST(LiteralsTest, AreWhatStandsInTheSource) {
  EXPECT_THAT(LiteralsOf("f(\"a\" // \"no\"\n  \"b\", '\"', \"c\\\"d\"); /* \"no\" */ "
                         "R\"(e\"f)\" + 10'000 + \"g\""),
              ::testing::ElementsAre("ab", "c\"d", "e\"f", "g"));
  EXPECT_GT(Sources().size(), 100U);
}

}  // namespace
}  // namespace ilkimza::portal
