#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "datasets/images/views.h"
#include "protocols/feature_quality.h"
#include "protocols/features.h"
#include "protocols/kinds.h"
#include "protocols/metrics.h"
#include "protocols/view_features.h"
#include "reports/metric_kinds.h"
#include "reports/statistics/intervals.h"

namespace repbench {
namespace {

constexpr int64_t kWidestLidar = 8192;  // it factorises a matrix of width x width

Metric metric_of(const char* name, double value, int64_t n) {
  const MetricKind& kind = find_metric_kind(name);
  Metric metric;
  metric.name = name;
  metric.unit = kind.unit;
  metric.direction = kind.direction;
  metric.ceiling = kind.ceiling;
  metric.value = value;
  metric.n = n;
  return metric;
}

/// Measures of one view of each picture.
void report_features(const at::Tensor& features, Record& record) {
  const int64_t n = features.size(0), width = features.size(1);
  const RankEstimate rank = rankme_with_error(features);
  Metric headline = metric_of("rankme", rank.value, n);
  headline.headline = true;
  headline.standard_error = rank.standard_error;
  headline.interval = rank.interval;
  record.metrics.push_back(std::move(headline));
  const CovarianceSpectrum spectrum = covariance_spectrum(features);
  record.metrics.push_back(metric_of("effective_rank", spectrum.effective_rank, n));
  record.metrics.push_back(metric_of("participation_ratio", spectrum.participation_ratio, n));
  record.metrics.push_back(metric_of("feature_std", feature_std(features), n));
  record.metrics.push_back(metric_of("uniformity", uniformity(features), n));
  record.resolved["width"] = width;
  if (n < width) {
    record.warnings.push_back(
        fmt::format("rankme is at most min(pictures, width): {} pictures bound it, not the {} dimensions; "
                    "compare it at an equal number of pictures alone",
                    n, width));
  }
}

/// The mean over pictures, with a row a picture.
void report_alignment(const at::Tensor& views, const Dataset& dataset, const IndexList& examples,
                      Record& record) {
  const at::Tensor values = alignments(views);
  OutcomeTable table = picture_table(dataset, examples.indices);
  table.columns["alignment"] = {values.const_data_ptr<double>(),
                                values.const_data_ptr<double>() + values.numel()};
  const MeanAndDeviation mean = mean_and_deviation(table.columns.at("alignment"));
  Metric metric = metric_of("alignment", mean.mean, mean.n);
  metric.standard_error = mean.standard_deviation / std::sqrt(static_cast<double>(mean.n));
  metric.interval = {std::max(0.0, mean.interval.low), mean.interval.high};
  metric.column = "alignment";
  record.metrics.push_back(std::move(metric));
  record.outcomes = Outcomes{dataset.class_names(), {std::move(table)}};
}

class LabelFree final : public Protocol {
 public:
  void describe(Options& options) override {
    options.add("tap", &tap_, {.help = "the feature; empty: the first of the encoder's own list"});
    options.add("views", &views_,
                {.help = "of alignment and lidar: a view with chance; empty: MoCo v2's at the evaluation "
                         "view's size"});
    options.add("lidar_views", &lidar_views_,
                {.help = "views of each picture for alignment and lidar (the paper's 50)",
                 .minimum = 0,
                 .maximum = 1e4,
                 .zero = "without both"});
    options.add("lidar_pictures", &lidar_pictures_,
                {.help = "pictures for alignment and lidar (the paper's 1000), class-balanced",
                 .unit = "pictures",
                 .minimum = 2,
                 .maximum = 1e9});
  }

  ProtocolResult run(const Subject& subject, const Task& task, const ProtocolContext& context) override {
    if (task.test_examples.size() < 2)
      throw std::invalid_argument(
          fmt::format("[label_free] expected at least two pictures; got {}", task.test_examples.size()));
    if (lidar_views_ == 1)
      throw std::invalid_argument("[label_free] key 'lidar_views': expected 0, or at least two; got 1");
    const std::string tap = tap_.empty() ? subject.encoder->default_taps().front() : tap_;
    const std::vector<std::string> taps = {tap};
    const FeatureSet test =
        extract_features(subject, task.test, task.test_examples, task.view, taps, context);
    Record record;
    record.resolved["tap"] = tap;
    report_features(test.by_tap.at(tap), record);
    if (lidar_views_ == 0) return {std::move(record)};
    if (subject.features != nullptr) {
      record.warnings.emplace_back(
          "without alignment and lidar: they need several views of a picture, and a file of features has "
          "one");
      return {std::move(record)};
    }
    report_views(subject, task, tap, context, record);
    return {std::move(record)};
  }

 private:
  void report_views(const Subject& subject, const Task& task, const std::string& tap,
                    const ProtocolContext& context, Record& record) const {
    const std::string wanted = views_.empty() ? fmt::format("crop:{}:0.2:1:bicubic+flip+jitter+grey+blur",
                                                            make_view(task.view)->size())
                                              : views_;
    const std::unique_ptr<ViewTransform> view = make_view(wanted);
    if (!view->random())
      throw std::invalid_argument(
          fmt::format("[label_free] key 'views': expected a view with chance; got '{}'", wanted));
    const IndexList examples = draw_examples(*task.test, task.test_examples, lidar_pictures_, context.seed);
    record.resolved["views"] = view->specification();
    record.resolved["lidar_pictures"] = examples.size();
    const at::Tensor features = view_features(*subject.encoder, task.test, examples, view->specification(),
                                              lidar_views_, tap, context);
    report_alignment(features, *task.test, examples, record);
    const int64_t width = features.size(2);
    if (width > kWidestLidar) {
      record.warnings.push_back(fmt::format(
          "without lidar: it is measured up to a width of {}; this one is {}", kWidestLidar, width));
      return;
    }
    record.metrics.push_back(metric_of("lidar", lidar(features), examples.size()));
    if (examples.size() <= width)
      record.warnings.push_back(
          fmt::format("lidar is below the number of pictures: {} of them bound it, not "
                      "the {} dimensions",
                      examples.size(), width));
  }

  std::string tap_;
  std::string views_;
  int64_t lidar_views_ = 50;
  int64_t lidar_pictures_ = 1000;
};

}  // namespace

std::unique_ptr<Protocol> make_label_free() { return std::make_unique<LabelFree>(); }

}  // namespace repbench
