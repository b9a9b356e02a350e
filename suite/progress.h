#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace repbench {

/// Progress on stderr: on a terminal one line that is rewritten, with rate and time left; otherwise a plain
/// line at most every few seconds. Used by one thread.
class Progress {
 public:
  explicit Progress(std::string prefix);
  ~Progress();

  /// `done` of `total`, with an optional remark ("loss 0.412").
  void update(std::string_view what, int64_t done, int64_t total, std::string_view remark = "");

  /// A full line of its own.
  void say(std::string_view line);

 private:
  void clear();
  std::string prefix_;
  bool terminal_;
  bool dirty_ = false;
  std::string what_;
  int64_t first_ = 0, last_ = 0;
  std::chrono::steady_clock::time_point start_, shown_;
};

/// "42 s", "3 min 20 s", "1 h 05 min".
std::string format_seconds(double seconds);

}  // namespace repbench
