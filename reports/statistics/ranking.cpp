#include "reports/statistics/ranking.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace repbench {
namespace {

constexpr double kUndefined = -1;  // of a class without relevant rows

/// Rows so far, at the end of a tie.
struct Threshold {
  double relevant = 0, all = 0;
};

/// Calls `visit(so far)` at the end of each tie that has rows in the sample; returns the totals.
template <class Rows, class Visit>
Threshold walk(const Rows& rows, std::span<const uint32_t> counts, Visit visit) {
  Threshold so_far, before;
  for (const auto& row : rows) {
    const double count = counts.empty() ? 1 : counts[row.index];
    so_far.all += count;
    if (row.relevant) so_far.relevant += count;
    if (!row.ends_tie || so_far.all == before.all) continue;
    visit(so_far);
    before = so_far;
  }
  return so_far;
}

template <class Rows>
double average_precision(const Rows& rows, std::span<const uint32_t> counts) {
  double sum = 0, relevant_before = 0;
  const Threshold total = walk(rows, counts, [&](const Threshold& so_far) {
    sum += (so_far.relevant - relevant_before) * so_far.relevant / so_far.all;
    relevant_before = so_far.relevant;
  });
  return total.relevant == 0 ? kUndefined : sum / total.relevant;
}

/// `thresholds` is room that is used again.
template <class Rows>
double average_precision_11_point(const Rows& rows, std::span<const uint32_t> counts,
                                  std::vector<Threshold>& thresholds) {
  thresholds.clear();
  const Threshold total = walk(rows, counts, [&](const Threshold& so_far) { thresholds.push_back(so_far); });
  if (total.relevant == 0) return kUndefined;
  double sum = 0, highest = 0;
  int tenth = 10;  // the recall that the next summand asks for, exactly
  for (auto at = thresholds.rbegin(); at != thresholds.rend(); ++at) {
    for (; tenth >= 0 && 10 * at->relevant < tenth * total.relevant; --tenth) sum += highest;
    highest = std::max(highest, at->relevant / at->all);
  }
  return (sum + (tenth + 1) * highest) / 11;
}

template <class Rows>
double area_under_roc(const Rows& rows, std::span<const uint32_t> counts) {
  double pairs = 0;  // in the wrong order
  Threshold before;
  const Threshold total = walk(rows, counts, [&](const Threshold& so_far) {
    const double others_before = before.all - before.relevant, others = so_far.all - so_far.relevant;
    pairs += (so_far.relevant - before.relevant) * (others_before + others) / 2;
    before = so_far;
  });
  const double all_pairs = total.relevant * (total.all - total.relevant);
  return all_pairs == 0 ? kUndefined : 1 - pairs / all_pairs;
}

}  // namespace

Rankings::Rankings(std::span<const double> scores, std::span<const double> relevant,
                   std::span<const int64_t> classes) {
  if (scores.size() != relevant.size() || scores.size() != classes.size()) {
    throw std::logic_error(fmt::format("[ranking] expected columns of one length; got {}, {} and {}",
                                       scores.size(), relevant.size(), classes.size()));
  }
  for (size_t i = 0; i < scores.size(); ++i) {
    if (classes[i] >= 0) rows_.push_back({classes[i], scores[i], i, relevant[i] != 0, true});
  }
  std::sort(rows_.begin(), rows_.end(), [](const Row& a, const Row& b) {
    if (a.of_class != b.of_class) return a.of_class < b.of_class;
    if (a.score != b.score) return a.score > b.score;
    return a.index < b.index;
  });
  for (size_t i = 0; i < rows_.size(); ++i) {
    const bool ends_class = i + 1 == rows_.size() || rows_[i + 1].of_class != rows_[i].of_class;
    rows_[i].ends_tie = ends_class || rows_[i + 1].score != rows_[i].score;
    if (ends_class) ends_.push_back(i + 1);
  }
}

template <class Measure>
double Rankings::mean_over_classes(double without, Measure measure) const {
  double sum = 0, classes = 0;
  size_t begin = 0;
  for (const size_t end : ends_) {
    const double value = measure(std::span(rows_).subspan(begin, end - begin));
    begin = end;
    if (value == kUndefined) continue;
    sum += value;
    ++classes;
  }
  return classes == 0 ? without : sum / classes;
}

double Rankings::mean_average_precision(std::span<const uint32_t> counts) const {
  return mean_over_classes(0, [&](auto rows) { return average_precision(rows, counts); });
}

double Rankings::mean_average_precision_11_point(std::span<const uint32_t> counts) const {
  std::vector<Threshold> room;
  return mean_over_classes(0, [&](auto rows) { return average_precision_11_point(rows, counts, room); });
}

double Rankings::roc_auc(std::span<const uint32_t> counts) const {
  return mean_over_classes(0.5, [&](auto rows) { return area_under_roc(rows, counts); });
}

}  // namespace repbench
