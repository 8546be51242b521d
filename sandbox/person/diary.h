// What happened in which step and for how long: headlines on the way, and a table
// at the end. Not thread-safe.
#ifndef ILKIMZA_SANDBOX_PERSON_DIARY_H_
#define ILKIMZA_SANDBOX_PERSON_DIARY_H_

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace ilkimza::sandbox {

class Diary {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // Takes a line of the program down; returns a headline when a step begins, else
  // nothing.
  std::string Hear(const nlohmann::json& line, Time now);
  // Ends the step under way.
  void Close(Time now);
  // "step | outcome | seconds", one line each, in the order of the journey's plan.
  [[nodiscard]] std::string Table(const std::string& step, const std::string& outcome,
                                  const std::string& seconds) const;

 private:
  struct Entry {
    std::string step;
    std::string state;
    std::string reason;
    std::string title;
    std::chrono::duration<double> spent{0};
  };

  Entry& Of(const std::string& step);
  void Begin(const std::string& step, Time now);

  std::vector<Entry> entries_;
  std::string current_;
  Time since_;
};

}  // namespace ilkimza::sandbox

#endif  // ILKIMZA_SANDBOX_PERSON_DIARY_H_
