#include "protocols/throughput/summary.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "protocols/throughput/ranking.h"
#include "reports/statistics/intervals.h"

namespace repbench {
namespace {

constexpr const char* kMatmul = "matmul_";

Metric block_metric(std::string name, std::string unit, const std::vector<double>& blocks) {
  const MeanAndDeviation mean = mean_and_deviation(blocks);
  Metric metric;
  metric.name = std::move(name);
  metric.value = mean.mean;
  metric.unit = std::move(unit);
  metric.n = mean.n;
  metric.standard_error = mean.standard_deviation / std::sqrt(static_cast<double>(mean.n));
  metric.interval = mean.interval;
  metric.repetitions = {"timed block", blocks};
  return metric;
}

void add_rate(const Workload& workload, Record& record) {
  record.metrics.push_back(block_metric(fmt::format("{}_{}_per_second", workload.name, workload.examples),
                                        workload.examples + "/s", workload.rates));
  Metric& rate = record.metrics.back();
  rate.headline = record.metrics.size() == 1;
  rate.interval->low = std::max(0.0, rate.interval->low);  // few blocks far apart
}

void add_percentiles(const Workload& workload, Record& record) {
  for (const int percent : {50, 95, 99}) {
    Metric metric;
    metric.name = fmt::format("{}_ms_p{}", workload.name, percent);
    metric.value = 1e3 * quantile(workload.call_seconds, percent / 100.0);
    metric.unit = "ms";
    metric.direction = Direction::lower_is_better;
    metric.n = static_cast<int64_t>(workload.call_seconds.size());
    record.metrics.push_back(std::move(metric));
  }
}

void add_wait_share(const Workload& workload, Record& record) {
  Metric metric = block_metric(workload.name + "_wait_share", "", workload.wait_shares);
  metric.direction = Direction::lower_is_better;
  metric.interval = Interval{std::max(0.0, metric.interval->low), std::min(1.0, metric.interval->high)};
  record.metrics.push_back(std::move(metric));
}

void add_curve(const Workload& workload, Record& record) {
  Curve repetitions;
  repetitions.name = workload.name + " by repetition";
  repetitions.x_label = "repetition";
  repetitions.y_label = workload.examples + "/s";
  for (size_t i = 0; i < workload.rates.size(); ++i) repetitions.x.push_back(static_cast<double>(i + 1));
  repetitions.y = workload.rates;
  record.curves.push_back(std::move(repetitions));
}

double gflops(const Workload& workload, double rate) {
  return 2e-9 * static_cast<double>(workload.macs) * rate;
}

/// Each block against the product's block of the same repetition: what slows both cancels.
double share_of(const Workload& workload, const Workload& peak) {
  std::vector<double> shares;
  for (size_t i = 0; i < workload.rates.size(); ++i)
    shares.push_back(gflops(workload, workload.rates[i]) / gflops(peak, peak.rates[i]));
  return mean_and_deviation(shares).mean;
}

void add_cost(const Workload& workload, const Workload& peak, Record& record) {
  record.cost["macs_per_example"][workload.name] = workload.macs;
  record.cost["gflops_per_second"][workload.name] = gflops(workload, mean_and_deviation(workload.rates).mean);
  record.cost["share_of_matmul_peak"][workload.name] = share_of(workload, peak);
}

}  // namespace

void summarise(std::span<const Workload> workloads, size_t subject, const Workload& peak, Record& record) {
  for (const Workload& workload : workloads) {
    if (workload.name.starts_with(kMatmul)) {
      record.cost["matmul_peak_gflops"][workload.name.substr(std::string(kMatmul).size())] =
          gflops(workload, mean_and_deviation(workload.rates).mean);
      continue;
    }
    if (workload.subject != subject) continue;
    add_rate(workload, record);
    if (workload.waited) {
      add_wait_share(workload, record);
    } else {
      add_percentiles(workload, record);
    }
    if (!workload.name.ends_with("_batch1")) add_curve(workload, record);
    record.resolved["batch"][workload.name] = workload.batch;
    record.resolved["warm_up"][workload.name] = {{"calls", workload.warm_up.calls},
                                                 {"steady", workload.warm_up.steady}};
    add_cost(workload, peak, record);
  }
}

void rank_among(std::span<Record*> records, const std::vector<std::string>& labels) {
  if (records.size() < 2) return;
  std::vector<std::vector<double>> rates;
  for (const Record* record : records) rates.push_back(record->headline().repetitions.value().values);
  const std::vector<Rank> ranks = rank_by_rates(rates);
  const auto names = [&](const std::vector<size_t>& subjects) {
    std::vector<std::string> of;
    for (const size_t subject : subjects) of.push_back(labels[subject]);
    return of;
  };
  for (size_t i = 0; i < records.size(); ++i) {
    records[i]->resolved["rank_among"] = {{"metric", records[i]->headline().name},
                                          {"place", ranks[i].place},
                                          {"of", records.size()},
                                          {"tied_with", names(ranks[i].tied_with)},
                                          {"faster_than", names(ranks[i].faster_than)}};
    if (ranks[i].tied_with.empty()) continue;
    records[i]->warnings.push_back(
        fmt::format("{}: its interval overlaps that of {}: which is faster is not told",
                    records[i]->headline().name, fmt::join(names(ranks[i].tied_with), ", ")));
  }
}

}  // namespace repbench
