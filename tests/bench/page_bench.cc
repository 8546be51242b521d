#include <gumbo.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "portal/page.h"
#include "portal/profile.h"
#include "portal/screen.h"
#include "sandbox/renderer.h"
#include "tests/bench/benches.h"
#include "tests/bench/replay.h"
#include "tests/bench/walk.h"
#include "tests/bench/wiping.h"

namespace ilkimza::bench {
namespace {

constexpr double kMicro = 1e6;

// A page as our browser hands it over, and as the parser alone wants it.
struct Sample {
  portal::Response response;
  portal::WipedString utf8;
};

std::vector<std::string> PathsOf(sandbox::Style style) {
  std::vector<std::string> paths = {"/"};
  for (int i = 0; i < sandbox::kScreenCount; ++i) {
    const auto screen = static_cast<sandbox::Screen>(i);
    // These end the session of whoever looks; the way there shows them anyhow.
    if (screen == sandbox::Screen::kLoggedOut || screen == sandbox::Screen::kSessionEnded) continue;
    paths.push_back(sandbox::RendererOf(style).PathOf(screen));
  }
  return paths;
}

std::vector<Sample> SavePagesOf(const Stage& stage, sandbox::Style style,
                                const std::string& charset, const portal::Profile& profile) {
  const std::string name(sandbox::NameOf(style));
  const auto reset = [&] { stage.Reset(name, charset); };
  reset();
  const Recording first = RecordMainPath(stage);
  reset();
  const Script script = WriteScript(first, RecordMainPath(stage));
  const std::string menu = sandbox::RendererOf(style).PathOf(sandbox::Screen::kMenu);
  std::vector<Sample> samples;
  for (const SavedPage& saved : SavePages(script, stage, PathsOf(style), menu, reset)) {
    Sample sample;
    sample.response.address = Take(portal::ParseAddress("", saved.url), "a page's address");
    sample.response.status = 200;
    sample.response.content_type = saved.content_type;
    sample.response.body.assign(saved.bytes);
    const portal::Charset found = Take(
        portal::DetectCharset(saved.content_type, saved.bytes, profile.charset()), "a charset");
    sample.utf8 = Take(portal::ToUtf8(saved.bytes, found), "a page in UTF-8");
    samples.push_back(std::move(sample));
  }
  return samples;
}

// CPU seconds for one page, the mean of as many rounds as can be measured well.
template <typename Do>
double Seconds(Effort effort, const std::vector<Sample>& samples, Do each) {
  const double enough = Choose(effort, 0.001, 0.02, 0.1);
  double seconds = 0;
  int rounds = 0;
  const double start = CpuNow();
  do {
    for (const Sample& sample : samples) each(sample);
    ++rounds;
    seconds = CpuNow() - start;
  } while (seconds < enough);
  return seconds / (rounds * static_cast<double>(samples.size()));
}

void ToScreen(const Sample& sample, const portal::Profile& profile) {
  const auto page = portal::Page::Parse(sample.response, profile.charset());
  DieUnless(page.ok(), "a page of the sandbox cannot be read");
  const auto seen = portal::Recognise(*page, profile);
  [[maybe_unused]] static volatile int kept = 0;
  kept = static_cast<int>(seen.kind);
}

void ParseOnly(const Sample& sample) {
  GumboOutput* tree =
      gumbo_parse_with_options(&kGumboDefaultOptions, sample.utf8.data(), sample.utf8.size());
  gumbo_destroy_output(&kGumboDefaultOptions, tree);
}

Row BenchSamples(Effort effort, const std::vector<Sample>& samples, std::string_view what,
                 const portal::Profile& profile) {
  std::vector<double> ours;
  std::vector<double> bare;
  const int rounds = Choose(effort, 1, 9, 25);
  for (int i = 0; i < rounds; ++i) {
    {
      const Wiping wiping;
      ours.push_back(Seconds(effort, samples, [&](const auto& one) { ToScreen(one, profile); }));
    }
    bare.push_back(Seconds(effort, samples, [](const auto& one) { ParseOnly(one); }));
  }
  return {.what = absl::StrCat("page to screen, ", samples.size(), " pages, ",
                               absl::string_view(what.data(), what.size())),
          .unit = "us",
          .ours = Median(ours) * kMicro,
          .baseline = Median(bare) * kMicro,
          .aim = Row::Aim::kAtMost,
          .limit = 1.5};
}

}  // namespace

void BenchPages(Effort effort, const Stage& stage, Table& table) {
  const auto profile =
      Take(Take(portal::Profile::Named("kamusm"), "the profile").WithEntrance(stage.portal_url()),
           "the entrance");
  for (const sandbox::Style style : sandbox::kStyles) {
    for (const std::string charset : {"utf-8", "iso-8859-9"}) {
      const auto samples = SavePagesOf(stage, style, charset, profile);
      const std::string what = std::string(sandbox::NameOf(style)) + " " + charset;
      table.Add(BenchSamples(effort, samples, what, profile));
      if (effort == Effort::kSmoke) return;
    }
  }
}

}  // namespace ilkimza::bench
