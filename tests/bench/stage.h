// A practice portal of its own, as a process, with its controls: what the holder
// would read, and how everything is set back. Not thread-safe.
#ifndef ILKIMZA_TESTS_BENCH_STAGE_H_
#define ILKIMZA_TESTS_BENCH_STAGE_H_

#include <memory>
#include <string>
#include <string_view>

#include "tests/support/http.h"
#include "tests/support/process.h"

namespace ilkimza::bench {

// The holder who walks: the first one of sandbox/world.json.
struct Person {
  static constexpr char kId[] = "27391460596";
  static constexpr char kEmail[] = "ayse.isik@ornek.example";
  static constexpr char kPhone[] = "5421234525";
  static constexpr char kNewWord[] = "Deniz7Mavisi";
  static constexpr char kSerial[] = "87211470000000000000";
};

class Stage {
 public:
  // How many connections the portal keeps at once.
  explicit Stage(int connections = 96);

  [[nodiscard]] const std::string& phone_url() const { return phone_url_; }
  [[nodiscard]] const std::string& portal_url() const { return portal_url_; }
  [[nodiscard]] const std::string& ca_file() const { return ca_file_; }

  // Everything as at the start, pages in this style and charset.
  void Reset(std::string_view style, std::string_view charset) const;
  // What reached the portal since the last Reset, for comparing.
  [[nodiscard]] std::string Requests() const;

  [[nodiscard]] std::string ReadCaptcha(std::string_view image) const;
  [[nodiscard]] std::string LastSmsCode() const;
  [[nodiscard]] std::string LastMailLink() const;

 private:
  testing::TempDir folder_;
  std::string ca_file_;
  std::unique_ptr<testing::Process> sandbox_;
  std::string portal_url_;
  std::string phone_url_;
  std::unique_ptr<testing::HttpClient> phone_;
};

}  // namespace ilkimza::bench

#endif  // ILKIMZA_TESTS_BENCH_STAGE_H_
