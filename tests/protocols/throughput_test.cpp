#include <gtest/gtest.h>

#include "tests/files/scratch_folder.h"
#include "tests/protocols/toy_subject.h"

namespace repbench {
namespace {

const Json kQuick = {{"batch", 2}, {"repetitions", 4}, {"block_seconds", 0.01}, {"warmup_calls", 1}};

void expect_repetitions(const Record& record, size_t curve, const std::string& workload) {
  const Metric* metric = record.find(workload + "_images_per_second");
  ASSERT_NE(metric, nullptr);
  EXPECT_EQ(metric->n, 4);
  EXPECT_EQ(metric->unit, "images/s");
  const Curve& repetitions = record.curves.at(curve);
  EXPECT_EQ(repetitions.name, workload + " by repetition");
  ASSERT_EQ(repetitions.y.size(), 4U);
  double sum = 0;
  for (const double rate : repetitions.y) {
    EXPECT_GT(rate, 0);
    sum += rate;
  }
  EXPECT_NEAR(metric->value, sum / 4, 1e-6 * sum);
  EXPECT_LE(metric->interval->low, metric->value);
  EXPECT_GE(metric->interval->high, metric->value);
}

TEST(Throughput, MeasuresInferenceWithoutData) {
  const Subject subject = tiny_vit();
  const Record record = run_protocol("throughput", kQuick, subject, Task()).record;
  EXPECT_EQ(record.metrics.size(), 1U);
  EXPECT_EQ(record.headline().name, "inference_images_per_second");
  expect_repetitions(record, 0, "inference");
  const auto end = static_cast<int64_t>(subject.encoder->stages().size());
  EXPECT_EQ(record.cost.at("macs_per_example").at("inference"), subject.encoder->macs(0, end));
  EXPECT_FALSE(record.outcomes.has_value());
}

TEST(Throughput, MeasuresAPretrainingStepOfACheckpoint) {
  const ScratchFolder folder;
  const Subject subject = tiny_mae(folder / "run", 0);
  const Record record = run_protocol("throughput", kQuick, subject, Task()).record;
  EXPECT_EQ(record.headline().name, "inference_images_per_second");
  expect_repetitions(record, 0, "inference");
  expect_repetitions(record, 1, "pretraining_step");
  EXPECT_EQ(record.cost.at("macs_per_example").at("pretraining_step"),
            3 * load_objective(subject.checkpoint)->forward_macs());
  EXPECT_GT(record.cost.at("gflops_per_second").at("pretraining_step").get<double>(), 0);
}

TEST(Throughput, MeasuringLeavesTheCheckpointAlone) {
  const ScratchFolder folder;
  const Subject subject = tiny_mae(folder / "run", 0);
  run_protocol("throughput", kQuick, subject, Task());
  EXPECT_EQ(load_encoder(folder / "run").sha256, subject.sha256);
  EXPECT_EQ(hash_of(subject.encoder->parameters()), subject.sha256);
}

TEST(Throughput, RunsInHalfPrecision) {
  ProtocolContext context;
  context.execution.precision = Precision::bf16;
  EXPECT_GT(run_protocol("throughput", kQuick, tiny_vit(), Task(), context).record.headline().value, 0);
}

TEST(Throughput, MeasuresTheControlWithoutAModel) {
  const Record record = run_protocol("throughput", kQuick, raw_pixels(), Task()).record;
  EXPECT_EQ(record.cost.at("macs_per_example").at("inference"), 0);
}

}  // namespace
}  // namespace repbench
