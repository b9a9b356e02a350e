#include "protocols/throughput/summary.h"

#include <gtest/gtest.h>

namespace repbench {
namespace {

TEST(Summary, EqualEncodersAreNotToldApart) {
  const auto rates = [](double first) {
    Record record;
    Metric metric;
    metric.name = "inference_images_per_second";
    metric.headline = true;
    metric.repetitions = {"timed block", {first, first + 1, first + 2}};
    record.metrics.push_back(metric);
    return record;
  };
  Record a = rates(10), b = rates(11), c = rates(1000);
  std::vector<Record*> records = {&a, &b, &c};
  rank_among(records, {"A", "B", "C"});
  EXPECT_EQ(a.resolved.at("rank_among"), (Json{{"metric", "inference_images_per_second"},
                                               {"place", 2},
                                               {"of", 3},
                                               {"tied_with", {"B"}},
                                               {"faster_than", Json::array()}}));
  EXPECT_EQ(b.resolved.at("rank_among").at("place"), 2);
  EXPECT_EQ(c.resolved.at("rank_among").at("place"), 1);
  EXPECT_EQ(c.resolved.at("rank_among").at("faster_than"), (Json{"A", "B"}));
  EXPECT_EQ(a.warnings,
            std::vector<std::string>{
                "inference_images_per_second: its interval overlaps that of B: which is faster is not told"});
  EXPECT_TRUE(c.warnings.empty());
}

TEST(Summary, PercentilesAreOfSingleCallsAndSharesOfTheSameRepetition) {
  Workload work;
  work.name = "inference";
  work.macs = 500'000'000;
  work.rates = {10, 20};
  for (int i = 1; i <= 101; ++i) work.call_seconds.push_back(0.001 * (102 - i));
  Workload peak;
  peak.name = "matmul_fp32";
  peak.macs = 1'000'000'000;
  peak.rates = {20, 80};
  Record record;
  summarise(std::vector{work, peak}, 0, peak, record);
  EXPECT_NEAR(record.find("inference_ms_p50")->value, 51, 1e-9);
  EXPECT_NEAR(record.find("inference_ms_p95")->value, 96, 1e-9);
  EXPECT_NEAR(record.find("inference_ms_p99")->value, 100, 1e-9);
  EXPECT_EQ(record.find("inference_ms_p99")->n, 101);
  EXPECT_EQ(record.headline().value, 15);
  EXPECT_EQ(record.headline().interval->low, 0) << "two blocks far apart: Student's t reaches below";
  EXPECT_NEAR(record.cost.at("gflops_per_second").at("inference").get<double>(), 15, 1e-9);
  EXPECT_NEAR(record.cost.at("matmul_peak_gflops").at("fp32").get<double>(), 100, 1e-9);
  EXPECT_NEAR(record.cost.at("share_of_matmul_peak").at("inference").get<double>(),
              (10.0 / 40 + 20.0 / 160) / 2, 1e-12);
}

}  // namespace
}  // namespace repbench
