#include "reports/metric_kinds.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <numeric>
#include <stdexcept>

#include "files/nearest.h"
#include "reports/statistics/calibration_error.h"
#include "reports/statistics/ranking.h"

namespace repbench {
namespace {

constexpr Direction kHigher = Direction::higher_is_better, kLower = Direction::lower_is_better;
constexpr std::string_view kImagesPerSecond = "images/s", kTextsPerSecond = "texts/s",
                           kDimensions = "dimensions", kSquaredError = "squared error";

// The first pattern that fits counts.
constexpr auto kKinds = std::to_array<MetricKind>({
    {"accuracy", "share of test examples whose highest score is their class's; ties go to the lower class", 1,
     "", kHigher, true, "1/K", 1, "test examples", 1, Aggregate::mean},
    {"accuracy_top5", "share of test examples whose class is among the five highest scores", 1, "", kHigher,
     false, "5/K", 1, "test examples", 1, Aggregate::mean},
    {"mean_per_class_accuracy", "mean over the classes in the test set of the accuracy within each", 1, "",
     kHigher, true, "1/K", 1, "test examples", 1, Aggregate::mean_per_class},
    {"accuracy_zero_shot", "accuracy of the class texts on the same test examples", 1, "", kHigher, false,
     "1/K", 1, "test examples", 1, Aggregate::mean},
    {"accuracy_all_examples", "accuracy of the same classifier on all training examples", 1, "", kHigher,
     false, "1/K", 1, "test examples", 1, Aggregate::mean},
    {"accuracy_{}_shot", "accuracy of a classifier that saw so many examples of each class, mean over draws",
     1, "", kHigher, true, "1/K", 1, "test examples times draws", 1, Aggregate::mean},
    {"accuracy_{}_per_class",
     "accuracy of a vote of so many training pictures of each class, mean over draws", 1, "", kHigher, true,
     "1/K", 1, "test examples times draws", 1, Aggregate::mean},
    {"accuracy_prompts_{}", "zero-shot accuracy by another set of prompts, all its templates together", 1, "",
     kHigher, false, "1/K", 1, "test examples", 1, Aggregate::mean},
    {"accuracy_single_prompt", "zero-shot accuracy by the first template alone", 1, "", kHigher, false, "1/K",
     1, "test examples", 1, Aggregate::mean},
    {"accuracy_ensemble", "zero-shot accuracy by the mean of all templates", 1, "", kHigher, false, "1/K", 1,
     "test examples", 1, Aggregate::mean},
    {"accuracy_{}_without_ema", "the same by the last weights, where accuracy is by their moving average", 1,
     "", kHigher, false, "1/K", 1, "test examples", 1, Aggregate::mean},
    {"accuracy_from_scratch", "accuracy after the same training from random weights", 1, "", kHigher, true,
     "1/K", 1, "test examples", 1, Aggregate::mean},
    {"accuracy_clean", "accuracy on the pictures as they are, beside their corrupted versions", 1, "",
     kHigher, true, "1/K", 1, "test examples", 1, Aggregate::mean},
    {"accuracy_corrupted",
     "accuracy on corrupted pictures, mean over corruptions of the mean over severities", 1, "", kHigher,
     true, "1/K", 1, "test examples", 1, Aggregate::mean},
    {"accuracy_corrupted_{}", "accuracy under one corruption, mean over severities", 1, "", kHigher, false,
     "1/K", 1, "test examples", 1, Aggregate::mean},
    {"accuracy_shifted_{}", "accuracy on other pictures of the same classes, among the classes they have", 1,
     "", kHigher, false, "1/K", 1, "test examples of the shifted set", 1, Aggregate::mean},
    {"accuracy_selected",
     "accuracy of the setting and epoch that are best on held-out training examples; ties go to the earlier",
     1, "", kHigher, false, "1/K", 1, "test examples", 1, Aggregate::mean},
    {"accuracy_best",
     "accuracy of the setting or epoch that is best on these test examples themselves: optimistic, as what "
     "is "
     "chosen by the test set is",
     1, "", kHigher, false, "1/K", 1, "test examples", 1, Aggregate::mean},
    {"accuracy_at_precision",
     "accuracy of the nearest class mean (of fp32 features) for features at the precision that was timed", 1,
     "", kHigher, false, "1/K", 1, "test examples", 1, Aggregate::mean},
    {"accuracy_at_fp32", "the same for features at fp32", 1, "", kHigher, false, "1/K", 1, "test examples", 1,
     Aggregate::mean},
    {"accuracy_{}", "accuracy with so many last blocks tuned; all: the whole encoder", 1, "", kHigher, true,
     "1/K", 1, "test examples", 1, Aggregate::mean},
    {"mean_top1_top5", "mean of accuracy and accuracy_top5: the metric of Kinetics700", 1, "", kHigher, true,
     "3/K", 1, "test examples", 1, Aggregate::mean},
    {"mean_average_precision",
     "mean over classes with positives of the mean precision at them, not interpolated; equal scores "
     "together",
     1, "", kHigher, true, "of a random order", 1, "test examples", 1, Aggregate::mean_average_precision},
    {"mean_average_precision_11_point",
     "mean over classes of the best precision at recalls 0, 0.1, ..., 1 or above: Pascal VOC 2007", 1, "",
     kHigher, true, "of a random order", 1, "test examples", 1, Aggregate::mean_average_precision_11_point},
    {"roc_auc", "share of (positive, other) pairs in the right order, equal scores half; mean over classes",
     1, "", kHigher, true, "1/2", 1, "test examples", 1, Aggregate::roc_auc},
    {"mean_corruption_error",
     "mCE: mean over corruptions of the error summed over severities, divided by the baseline's", 1,
     "of the baseline's", kLower, false, "", std::nullopt, "test examples", 1, Aggregate::none},
    {"relative_mean_corruption_error",
     "mean over corruptions of the error's growth over the clean one, divided by the baseline's", 1,
     "of the baseline's", kLower, false, "", std::nullopt, "test examples", 1, Aggregate::none},
    {"effective_robustness_{}",
     "accuracy under a shift less what a line through reference models says at the same clean accuracy", 1,
     "difference of shares", kHigher, false, "", std::nullopt, "test examples of the shifted set", 1,
     Aggregate::none},
    {"expected_calibration_error",
     "mean over test examples of |accuracy - mean confidence| in their bin, 15 bins of equal width", 1, "",
     kLower, true, "", 0, "test examples", 1, Aggregate::calibration_error},
    {"expected_calibration_error_equal_mass", "the same with 15 bins of equally many test examples", 1, "",
     kLower, false, "", 0, "test examples", 1, Aggregate::calibration_error_equal_mass},
    {"brier_score", "mean over test examples of the squared error of all classes' probabilities, 0 to 2", 1,
     kSquaredError, kLower, false, "", 0, "test examples", 1, Aggregate::mean},
    {"negative_log_likelihood", "mean over test examples of -ln of their class's probability", 1, "nats",
     kLower, false, "", 0, "test examples", 1, Aggregate::mean},
    {"expected_calibration_error_scaled",
     "expected_calibration_error after temperature scaling on held-out training data", 1, "", kLower, false,
     "", 0, "test examples", 1, Aggregate::calibration_error},
    {"expected_calibration_error_equal_mass_scaled",
     "expected_calibration_error_equal_mass after temperature scaling", 1, "", kLower, false, "", 0,
     "test examples", 1, Aggregate::calibration_error_equal_mass},
    {"brier_score_scaled", "brier_score after temperature scaling", 1, kSquaredError, kLower, false, "", 0,
     "test examples", 1, Aggregate::mean},
    {"negative_log_likelihood_scaled", "negative_log_likelihood after temperature scaling", 1, "nats", kLower,
     false, "", 0, "test examples", 1, Aggregate::mean},
    {"rankme",
     "exp of the entropy of the features' singular values over their sum, 1e-7 added: Garrido et al. 2023", 1,
     kDimensions, kHigher, true, "", std::nullopt, "test examples", 2, Aggregate::none},
    {"lidar",
     "the same of the eigenvalues of between-picture over within-picture covariance: Thilak et al. 2024", 1,
     kDimensions, kHigher, false, "", std::nullopt, "test examples", 2, Aggregate::none},
    {"effective_rank",
     "exp of the entropy of the eigenvalues of the features' covariance over their sum: Roy and Vetterli "
     "2007",
     1, kDimensions, Direction::neither, false, "", std::nullopt, "test examples", 2, Aggregate::none},
    {"participation_ratio", "squared sum over sum of squares of the eigenvalues of the features' covariance",
     1, kDimensions, Direction::neither, false, "", std::nullopt, "test examples", 2, Aggregate::none},
    {"feature_std",
     "mean over dimensions of the deviation of unit features, times the root of the width: 0 is collapse", 1,
     "", Direction::neither, false, "", std::nullopt, "test examples", 2, Aggregate::none},
    {"uniformity",
     "ln of the mean over pairs of exp(-2 squared distance) of unit features: Wang and Isola 2020", 1, "nats",
     kLower, false, "", std::nullopt, "test examples", 2, Aggregate::none},
    {"alignment",
     "mean over pictures of the squared distance between unit features of two views: Wang and Isola 2020", 1,
     "squared distance", kLower, false, "", 0, "test examples", 1, Aggregate::mean},
    {"text_to_image_recall_at_{}", "share of texts whose picture is among the k nearest", 1, "", kHigher,
     true, "k/pictures", 1, "texts", 1, Aggregate::share_at_most},
    {"image_to_text_recall_at_{}", "share of pictures with any of their texts among the k nearest", 1, "",
     kHigher, true, "by the number of texts", 1, "pictures", 1, Aggregate::share_at_most},
    {"text_to_image_median_rank", "median over texts of their picture's place, from 1", 1, "rank", kLower,
     false, "", 1, "texts", 1, Aggregate::median},
    {"image_to_text_median_rank", "median over pictures of their nearest own text's place, from 1", 1, "rank",
     kLower, false, "", 1, "pictures", 1, Aggregate::median},
    {"text_to_image_mean_rank", "mean over texts of their picture's place, from 1", 1, "rank", kLower, false,
     "", 1, "texts", 1, Aggregate::mean},
    {"image_to_text_mean_rank", "mean over pictures of their nearest own text's place, from 1", 1, "rank",
     kLower, false, "", 1, "pictures", 1, Aggregate::mean},
    {"hard_negative_accuracy",
     "share of pictures with a right caption above every one that is nearly right; ties lose", 1, "", kHigher,
     true, "mean of right/(right + negatives)", 1, "pictures with their captions", 1, Aggregate::mean},
    {"winoground_group_score", "share of pairs that win both the text and the image score; ties lose", 1, "",
     kHigher, true, "1/6", 1, "pairs of pictures and captions", 1, Aggregate::mean},
    {"winoground_text_score", "share of pairs in which each picture's own caption scores higher; ties lose",
     1, "", kHigher, true, "1/4", 1, "pairs of pictures and captions", 1, Aggregate::mean},
    {"winoground_image_score", "share of pairs in which each caption's own picture scores higher; ties lose",
     1, "", kHigher, true, "1/4", 1, "pairs of pictures and captions", 1, Aggregate::mean},
    {"masked_mse", "mean over pictures of the squared error on hidden patches", 1,
     "normalised pixels squared", kLower, true, "", std::nullopt, "pictures", 1, Aggregate::mean},
    {"attention_entropy", "mean over pictures of the class token's attention entropy, 1 for even attention",
     1, "", Direction::neither, true, "", 1, "pictures", 1, Aggregate::mean},
    {"inference_images_per_second", "pictures through the visual trunk in a second, mean over timed blocks",
     1, kImagesPerSecond, kHigher, true, "", std::nullopt, "timed blocks", 2, Aggregate::none},
    {"text_inference_texts_per_second", "texts through the text side in a second, mean over timed blocks", 1,
     kTextsPerSecond, kHigher, true, "", std::nullopt, "timed blocks", 2, Aggregate::none},
    {"pretraining_step_images_per_second",
     "examples through a step of pretraining in a second, mean over timed blocks", 1, kImagesPerSecond,
     kHigher, true, "", std::nullopt, "timed blocks", 2, Aggregate::none},
    {"inference_batch1_images_per_second",
     "pictures through the visual trunk in a second, one picture a call", 1, kImagesPerSecond, kHigher, false,
     "", std::nullopt, "timed blocks", 2, Aggregate::none},
    {"text_inference_batch1_texts_per_second", "texts through the text side in a second, one text a call", 1,
     kTextsPerSecond, kHigher, false, "", std::nullopt, "timed blocks", 2, Aggregate::none},
    {"pipeline_images_per_second",
     "pictures from the disk through decoding, view and visual trunk in a second, mean over timed blocks", 1,
     kImagesPerSecond, kHigher, false, "", std::nullopt, "timed blocks", 2, Aggregate::none},
    {"pipeline_wait_share", "share of the pipeline's time in which the encoder waited for pictures", 1, "",
     kLower, false, "", std::nullopt, "timed blocks", 2, Aggregate::none},
    {"{}_ms_p50", "milliseconds that half of the timed calls stay below", 1, "ms", kLower, false, "",
     std::nullopt, "timed calls", 2, Aggregate::none},
    {"{}_ms_p95", "milliseconds that 95 % of the timed calls stay below", 1, "ms", kLower, false, "",
     std::nullopt, "timed calls", 2, Aggregate::none},
    {"{}_ms_p99", "milliseconds that 99 % of the timed calls stay below", 1, "ms", kLower, false, "",
     std::nullopt, "timed calls", 2, Aggregate::none},
    {"top1_agreement_with_fp32",
     "share of test examples whose nearest class mean is the same at the precision timed and at fp32", 1, "",
     kHigher, false, "", 1, "test examples", 1, Aggregate::mean},
    {"feature_cosine_with_fp32",
     "mean cosine between a picture's features at the precision timed and at fp32", 1, "cosine", kHigher,
     false, "", 1, "test examples", 1, Aggregate::mean},
    {"feature_cosine_with_fp32_worst", "the smallest of these cosines", 1, "cosine", kHigher, false, "", 1,
     "test examples", 1, Aggregate::none},
});

/// What stands for {} in the name; empty if the name does not fit the pattern.
std::string_view wildcard_of(std::string_view pattern, std::string_view name) {
  const size_t hole = pattern.find("{}");
  if (hole == std::string_view::npos) return {};
  const std::string_view before = pattern.substr(0, hole), after = pattern.substr(hole + 2);
  if (name.size() <= before.size() + after.size() || !name.starts_with(before) || !name.ends_with(after))
    return {};
  return name.substr(before.size(), name.size() - before.size() - after.size());
}

bool fits(const MetricKind& kind, std::string_view name) {
  return kind.name == name || !wildcard_of(kind.name, name).empty();
}

uint32_t count_of(std::span<const uint32_t> counts, size_t row) { return counts.empty() ? 1 : counts[row]; }

double weighted_mean(const std::vector<double>& values, std::span<const uint32_t> counts) {
  double sum = 0, weight = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    sum += count_of(counts, i) * values[i];
    weight += count_of(counts, i);
  }
  return sum / weight;
}

double weighted_mean_per_class(const OutcomeTable& table, const std::vector<double>& values,
                               std::span<const uint32_t> counts) {
  const int64_t classes = *std::max_element(table.labels.begin(), table.labels.end()) + 1;
  std::vector<double> sums(static_cast<size_t>(std::max<int64_t>(classes, 0)), 0), weights = sums;
  for (size_t i = 0; i < values.size(); ++i) {
    if (table.labels[i] < 0) continue;
    sums[static_cast<size_t>(table.labels[i])] += count_of(counts, i) * values[i];
    weights[static_cast<size_t>(table.labels[i])] += count_of(counts, i);
  }
  double total = 0, present = 0;
  for (size_t k = 0; k < sums.size(); ++k) {
    if (weights[k] == 0) continue;
    total += sums[k] / weights[k];
    ++present;
  }
  return total / present;
}

/// The middle of the repeated values, or the mean of the two in the middle.
double weighted_median(const std::vector<double>& values, std::span<const uint32_t> counts) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return values[a] < values[b]; });
  uint64_t total = 0;
  for (size_t i = 0; i < values.size(); ++i) total += count_of(counts, i);
  const auto at = [&](uint64_t place) {
    uint64_t seen = 0;
    for (const size_t row : order) {
      seen += count_of(counts, row);
      if (seen > place) return values[row];
    }
    return values[order.back()];
  };
  return (at((total - 1) / 2) + at(total / 2)) / 2;
}

double limit_in(const Metric& metric, const MetricKind& kind) {
  const std::string_view text = wildcard_of(kind.name, metric.name);
  double limit = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
  if (error == std::errc() && end == text.data() + text.size()) return limit;
  throw std::invalid_argument(
      fmt::format("[metrics] {}: expected a number for {{}} in {}; got {}", metric.name, kind.name, text));
}

/// A column that the metric needs in the table of its own.
const std::vector<double>& column_beside(const Metric& metric, const OutcomeTable& table, const char* name) {
  const auto found = table.columns.find(name);
  if (found != table.columns.end()) return found->second;
  throw std::invalid_argument(fmt::format("[metrics] {}: expected a column '{}' beside '{}'; got none",
                                          metric.name, name, metric.column));
}

/// The column as the aggregate counts it.
std::vector<double> counted(const Metric& metric, const MetricKind& kind, const OutcomeTable& table) {
  std::vector<double> values = table.columns.at(metric.column);
  if (kind.aggregate != Aggregate::share_at_most) return values;
  const double limit = limit_in(metric, kind);
  for (double& value : values) value = value <= limit ? 1 : 0;
  return values;
}

}  // namespace

std::span<const MetricKind> metric_kinds() { return kKinds; }

const MetricKind& find_metric_kind(std::string_view metric_name, std::string_view where) {
  for (const MetricKind& kind : kKinds) {
    if (fits(kind, metric_name)) return kind;
  }
  std::vector<std::string> names;
  for (const MetricKind& kind : kKinds) names.emplace_back(kind.name);
  throw std::invalid_argument(
      fmt::format("{}: expected a metric that is defined (see: repbench list metrics); got '{}'{}", where,
                  metric_name, did_you_mean(metric_name, names)));
}

void check_metric(const Metric& metric, std::string_view where) {
  const MetricKind& kind = find_metric_kind(metric.name, where);
  const auto refuse = [&](const std::string& wanted, const std::string& got) {
    throw std::invalid_argument(
        fmt::format("{}: metric {}: expected {}; got {}", where, metric.name, wanted, got));
  };
  if (metric.version < 1 || metric.version > kind.version)
    refuse(fmt::format("a definition's version of 1 to {}", kind.version), std::to_string(metric.version));
  if (metric.unit != kind.unit)
    refuse(fmt::format("the unit '{}'", kind.unit), fmt::format("'{}'", metric.unit));
  if (metric.direction != kind.direction) refuse("the direction of its definition", "another");
  if (metric.headline && !kind.may_lead) refuse("no headline", "one");
  if (metric.ceiling && metric.ceiling != kind.ceiling)
    refuse(kind.ceiling ? fmt::format("the ceiling {}", *kind.ceiling) : "no ceiling",
           fmt::format("{}", *metric.ceiling));
  if (metric.n && *metric.n < kind.fewest)
    refuse(fmt::format("n of at least {} {}", kind.fewest, kind.denominator), std::to_string(*metric.n));
  if (!metric.column.empty() && kind.aggregate == Aggregate::none)
    refuse("no column of outcomes", "'" + metric.column + "'");
}

double aggregate_outcomes(const Metric& metric, const OutcomeTable& table, std::span<const uint32_t> counts) {
  const MetricKind& kind = find_metric_kind(metric.name);
  const std::vector<double>& plain = table.columns.at(metric.column);
  const bool empty = counts.empty()
                         ? plain.empty()
                         : std::all_of(counts.begin(), counts.end(), [](uint32_t c) { return c == 0; });
  if (empty)
    throw std::invalid_argument(
        fmt::format("[metrics] {}: expected {}; got none", metric.name, kind.denominator));
  switch (kind.aggregate) {
    case Aggregate::mean:
      return weighted_mean(plain, counts);
    case Aggregate::mean_per_class:
      return weighted_mean_per_class(table, plain, counts);
    case Aggregate::median:
      return weighted_median(plain, counts);
    case Aggregate::share_at_most:
      return weighted_mean(counted(metric, kind, table), counts);
    case Aggregate::none:
      break;
    case Aggregate::mean_average_precision:
    case Aggregate::mean_average_precision_11_point:
    case Aggregate::roc_auc:
    case Aggregate::calibration_error:
    case Aggregate::calibration_error_equal_mass:
      return outcomes_statistic(metric, table)(counts);
  }
  throw std::logic_error(fmt::format("[metrics] expected a metric of outcomes; got {}", metric.name));
}

ResampledStatistic outcomes_statistic(const Metric& metric, const OutcomeTable& table) {
  const Aggregate aggregate = find_metric_kind(metric.name).aggregate;
  const auto column = [&]() -> const std::vector<double>& { return table.columns.at(metric.column); };
  const auto rankings = [&] {
    return std::make_shared<const Rankings>(column(), column_beside(metric, table, "relevant"), table.labels);
  };
  const auto correct = [&]() -> const std::vector<double>& {
    return column_beside(metric, table, "correct");
  };
  switch (aggregate) {
    case Aggregate::mean_average_precision:
      return [r = rankings()](auto counts) { return r->mean_average_precision(counts); };
    case Aggregate::mean_average_precision_11_point:
      return [r = rankings()](auto counts) { return r->mean_average_precision_11_point(counts); };
    case Aggregate::roc_auc:
      return [r = rankings()](auto counts) { return r->roc_auc(counts); };
    case Aggregate::calibration_error:
      return [&confidences = column(), &hits = correct()](auto counts) {
        return expected_calibration_error(equal_width_bins(confidences, hits, counts));
      };
    case Aggregate::calibration_error_equal_mass:
      return [bins = std::make_shared<const EqualMassBins>(column(), correct())](auto counts) {
        return expected_calibration_error(bins->bins(counts));
      };
    default:
      return [&](auto counts) { return aggregate_outcomes(metric, table, counts); };
  }
}

std::vector<uint8_t> successes(const Metric& metric, const OutcomeTable& table) {
  const MetricKind& kind = find_metric_kind(metric.name);
  if (kind.unit != "" || (kind.aggregate != Aggregate::mean && kind.aggregate != Aggregate::share_at_most))
    return {};
  const std::vector<double> values = counted(metric, kind, table);
  std::vector<uint8_t> result;
  for (const double value : values) {
    if (value != 0 && value != 1) return {};
    result.push_back(value == 1);
  }
  return result;
}

bool is_saturated(const Metric& metric) {
  constexpr double kMostOfTheWay = 0.98;
  if (!metric.ceiling || metric.direction != Direction::higher_is_better) return false;
  const double chance = metric.chance.value_or(0);
  return *metric.ceiling > chance && (metric.value - chance) / (*metric.ceiling - chance) >= kMostOfTheWay;
}

}  // namespace repbench
