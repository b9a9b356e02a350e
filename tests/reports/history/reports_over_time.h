#pragma once

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "tests/files/scratch_folder.h"
#include "tests/reports/sample_record.h"

// Invented histories: checkpoints that are trained again and again, and judged on the same pictures.

namespace repbench {

/// The same numbers on every machine.
class Dice {
 public:
  explicit Dice(uint64_t seed) : random_(seed) {}

  double uniform() { return static_cast<double>(random_() >> 11) * 0x1p-53; }

  double normal() {
    return std::sqrt(-2 * std::log(1 - uniform())) * std::cos(2 * 3.14159265358979 * uniform());
  }

 private:
  std::mt19937_64 random_;
};

/// Which pictures a newly trained checkpoint gets right: four in five are easy, the others hard, but for some
/// that are not for this one, so that two trainings disagree on 6 %. `loss`: of the accuracy, spread over the
/// easy ones.
inline std::vector<float> outcomes_of_a_training(Dice& dice, size_t pictures, double loss = 0) {
  std::vector<float> correct;
  for (size_t i = 0; i < pictures; ++i) {
    const bool easy = i % 5 != 0;
    const bool unusual = dice.uniform() < 0.031 + (easy ? loss / 0.8 : 0);
    correct.push_back(easy != unusual);
  }
  return correct;
}

/// A report whose accuracy is that of these outcomes.
inline Record report_at(const std::string& time, const std::vector<float>& correct,
                        const std::string& label = "MAE") {
  const int n = static_cast<int>(correct.size());
  int right = 0;
  for (const float one : correct) right += one == 1;
  Record record = sample_record(label, "knn", right, n);
  record.outcomes->tables[0].columns["correct"].assign(correct.begin(), correct.end());
  record.run["time"] = time;
  return record;
}

inline Record with_checkpoint(Record record, int number) {
  record.checkpoint["sha256"] = fmt::format("{:064x}", number);
  return record;
}

/// "2026-03-01T12:00:00Z" for 0, then a day later each.
inline std::string day(int number) {
  return fmt::format("2026-{:02}-{:02}T12:00:00Z", 3 + number / 28, 1 + number % 28);
}

/// An empty folder and reports below it, each in a folder of its own.
class ReportsOverTime {
 public:
  void add(const std::string& name, const Record& record) { write_record(folder_ / name, record); }

  /// In order of writing.
  void add(const Record& record) { add(fmt::format("r{:03}", count_++), record); }

  std::filesystem::path path() const { return folder_.path(); }
  std::filesystem::path operator/(const std::string& name) const { return folder_ / name; }

 private:
  ScratchFolder folder_;
  int count_ = 0;
};

}  // namespace repbench
