#include "suite/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>

namespace repbench {
namespace {

constexpr double kTerminalInterval = 0.2;  // seconds between two updates
constexpr double kPlainInterval = 10.0;

double seconds_between(std::chrono::steady_clock::time_point a, std::chrono::steady_clock::time_point b) {
  return std::chrono::duration<double>(b - a).count();
}

}  // namespace

std::string format_seconds(double seconds) {
  const int64_t whole = std::llround(seconds);
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
}

Progress::Progress(std::string prefix) : prefix_(std::move(prefix)), terminal_(isatty(STDERR_FILENO) != 0) {}

Progress::~Progress() { clear(); }

void Progress::clear() {
  if (terminal_ && dirty_) fmt::print(stderr, "\r\033[K");
  dirty_ = false;
}

void Progress::say(std::string_view line) {
  clear();
  fmt::print(stderr, "{}{}\n", prefix_, line);
}

void Progress::update(std::string_view what, int64_t done, int64_t total, std::string_view remark) {
  const auto now = std::chrono::steady_clock::now();
  const bool again = done < last_;  // the same work on something else
  last_ = done;
  if (what != what_ || again) {
    what_ = what;
    first_ = done;
    start_ = shown_ = now;
    if (done < total) return;  // no rate yet
  }
  const double interval = terminal_ ? kTerminalInterval : kPlainInterval;
  if (seconds_between(shown_, now) < interval && !(done == total && seconds_between(start_, now) > interval))
    return;
  shown_ = now;
  const double rate = static_cast<double>(done - first_) / std::max(1e-9, seconds_between(start_, now));
  const std::string left = rate > 0 ? format_seconds(static_cast<double>(total - done) / rate) : "?";
  const std::string line = fmt::format("{}{} {}/{}  {:.3g}/s  {} left{}{}", prefix_, what, done, total, rate,
                                       left, remark.empty() ? "" : "  ", remark);
  if (terminal_) {
    fmt::print(stderr, "\r\033[K{}", line);
    std::fflush(stderr);
    dirty_ = true;
  } else {
    fmt::print(stderr, "{}\n", line);
  }
}

}  // namespace repbench
