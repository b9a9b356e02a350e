#include <gtest/gtest.h>

#include "tests/files/error_message.h"
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
  EXPECT_EQ(metric->repetitions.value().unit, "timed block");
  EXPECT_EQ(metric->repetitions->values, repetitions.y);
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

std::vector<ProtocolResult> run_in_turns(const std::vector<Subject>& subjects,
                                         const Json& settings = kQuick) {
  const std::unique_ptr<Protocol> protocol = find_protocol("throughput").make();
  Options fields;
  protocol->describe(fields);
  fields.set_all(settings, "test");
  return protocol->run_in_turns(subjects, Task(), {});
}

/// Writes down when it runs.
class Loud final : public Encoder {
 public:
  Loud(char name, std::shared_ptr<std::string> log) : name_(name), log_(std::move(log)) {}

  std::string kind() const override { return "loud"; }
  Json config() const override { return Json::object(); }
  const InputSpec& input() const override { return input_; }
  const std::vector<Stage>& stages() const override { return stages_; }
  at::Tensor forward(at::Tensor x, int64_t, int64_t, const StageContext&) const override {
    if (log_->empty() || log_->back() != name_) log_->push_back(name_);
    return x;
  }
  std::map<std::string, at::Tensor> features(const at::Tensor&, std::span<const std::string>,
                                             const StageContext&) const override {
    return {};
  }
  std::vector<std::string> default_taps() const override { return {}; }
  int64_t macs(int64_t, int64_t, int64_t) const override { return 0; }
  void initialise(uint64_t) override {}
  std::unique_ptr<Encoder> clone() const override { return std::make_unique<Loud>(*this); }

 private:
  char name_;
  std::shared_ptr<std::string> log_;
  InputSpec input_ = toy_input();
  std::vector<Stage> stages_ = {{"speak", {}}};
};

TEST(Throughput, SubjectsAreWarmedUpFirstAndThenTakeTurnsForwardsAndBackwards) {
  const auto log = std::make_shared<std::string>();
  std::vector<Subject> subjects;
  for (const char name : {'A', 'B', 'C'})
    subjects.push_back(subject_of(std::make_shared<Loud>(name, log), std::string(1, name)));
  run_in_turns(subjects);
  // Warm-up ABC, then ABC, CBA, ABC, CBA; who is last in one repetition is first in the next.
  EXPECT_EQ(*log, "ABCABCBABCBA");
}

TEST(Throughput, InTurnsEverySubjectHasItsOwnRatesOfOneMeasurement) {
  const ScratchFolder folder;
  const std::vector<Subject> subjects = {tiny_mae(folder / "run", 0), tiny_vit()};
  const std::vector<ProtocolResult> results = run_in_turns(subjects);
  ASSERT_EQ(results.size(), 2U);
  expect_repetitions(results[0].record, 0, "inference");
  expect_repetitions(results[0].record, 1, "pretraining_step");
  expect_repetitions(results[1].record, 0, "inference");
  EXPECT_EQ(results[1].record.metrics.size(), 1U) << "what is no checkpoint of ours has no pretraining step";
  EXPECT_NE(results[0].record.curves[0].y, results[1].record.curves[0].y);
  EXPECT_EQ(results[0].record.cost.at("encoders_in_turns"), 2);
}

TEST(Throughput, AMeasurementHasANameThatNoOtherHas) {
  const std::vector<ProtocolResult> pair = run_in_turns({tiny_vit(), raw_pixels()}),
                                    again = run_in_turns({tiny_vit(), raw_pixels()});
  const auto name = [](const ProtocolResult& result) {
    return result.record.run.at("measurement").get<std::string>();
  };
  EXPECT_EQ(name(pair[0]), name(pair[1]));
  EXPECT_EQ(name(pair[0]).size(), 64U);
  EXPECT_NE(name(pair[0]), name(again[0]));
  EXPECT_NE(name(run_protocol("throughput", kQuick, tiny_vit(), Task())), name(pair[0]));
}

TEST(Throughput, NobodyToMeasureIsAnError) {
  EXPECT_EQ(error_message<std::invalid_argument>([] { run_in_turns({}); }),
            "[throughput] expected an encoder; got none");
}

}  // namespace
}  // namespace repbench
