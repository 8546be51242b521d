// The language of the texts that people read, chosen without the C library's
// locales: a machine where tr_TR was never generated still speaks Turkish.
//
// Thread-safety: `InitTexts` once, before other threads start; all else is free.
//
//   const Language language = LanguageOfEnvironment();
//   InitTexts();
//   Texts texts(language);
//   std::puts(texts.Say("The journey goes on.").c_str());
#ifndef ILKIMZA_CLIENTS_SDK_LANGUAGE_H_
#define ILKIMZA_CLIENTS_SDK_LANGUAGE_H_

#include <optional>
#include <string>
#include <string_view>

// Marks a text for the catalogue where it is translated later.
#define ILKIMZA_TEXT(text) text

namespace ilkimza::client {

enum class Language { kEnglish, kTurkish };

// "tr" or "en".
std::string_view LanguageCode(Language language);
// Takes "tr", "en", and locale names such as "tr_TR.UTF-8"; nothing for others.
std::optional<Language> LanguageOf(std::string_view code);

// By GNU gettext's rule: the first of LC_ALL, LC_MESSAGES and LANG that is set is the
// locale; unless that is "C" or "POSIX", LANGUAGE goes before it. English where
// nothing is said or the language is not one of ours.
Language LanguageOfEnvironment();

// Makes the catalogue known to gettext. It is looked for beside the running
// program, in "../share/locale", so that a build tree and an installed program
// both find their own. Sets LC_MESSAGES and LANGUAGE of this process: call it
// early in `main`, but ask LanguageOfEnvironment before. False where no catalogue is found; all
// texts are English then.
bool InitTexts();
// The same with a directory of one's own.
bool InitTexts(const std::string& locale_directory);

// Texts in one language.
class Texts {
 public:
  explicit Texts(Language language) : language_(language) {}

  [[nodiscard]] Language language() const { return language_; }
  // `text` is English and stands in the catalogue.
  [[nodiscard]] std::string Say(const char* text) const;

 private:
  Language language_;
};

}  // namespace ilkimza::client

#endif  // ILKIMZA_CLIENTS_SDK_LANGUAGE_H_
