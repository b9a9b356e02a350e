#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "pretrain/checkpoint.h"
#include "tests/files/error_message.h"
#include "tests/files/scratch_folder.h"
#include "tests/pretrain/golden_tensors.h"
#include "tests/pretrain/tiny_mae.h"

// A run that is killed and resumed ends with the bits of a run that was not.

namespace repbench {
namespace {

struct Killed {};

/// Saves after five steps, then dies.
struct DiesAtFive final : Observer {
  explicit DiesAtFive(std::filesystem::path folder) : run(std::move(folder)) {}
  void on_step(const StepReport& report, const Trainer& trainer) override {
    if (report.step != 5) return;
    save_checkpoint(run, {trainer, tiny_options_json(), {1.5, report.examples, 0.25}}, 1);
    throw Killed();
  }
  std::filesystem::path run;
};

NamedTensors straight_run(int workers, Precision precision, const TrainOptions& options) {
  TinyRun run(workers, precision, options);
  EXPECT_EQ(run.trainer.fit({}).step, 10);
  return copied(run.state());
}

NamedTensors interrupted_run(Precision precision, const TrainOptions& options) {
  const ScratchFolder folder;
  {
    TinyRun first(1, precision, options);
    DiesAtFive killer(folder.path());
    Observer* observers[] = {&killer};
    EXPECT_THROW(first.trainer.fit(observers), Killed);
  }
  TinyRun second(2, precision, options);
  const TrainingCost cost = resume(folder.path(), second.trainer, tiny_options_json());
  EXPECT_EQ(cost.seconds, 1.5);
  EXPECT_EQ(cost.examples, 5 * options.batch_size * options.accumulation);
  EXPECT_EQ(cost.final_loss, 0.25);
  EXPECT_EQ(second.trainer.step(), 5);
  EXPECT_EQ(second.trainer.fit({}).step, 10);
  return copied(second.state());
}

TEST(Resume, EndsWithTheSameBitsInSinglePrecision) {
  const TrainOptions options = tiny_train_options();
  expect_identical(interrupted_run(Precision::fp32, options), straight_run(1, Precision::fp32, options));
}

TEST(Resume, EndsWithTheSameBitsInBfloat16) {
  const TrainOptions options = tiny_train_options();
  expect_identical(interrupted_run(Precision::bf16, options), straight_run(1, Precision::bf16, options));
}

TEST(Resume, EndsWithTheSameBitsInTheMiddleOfAnAccumulatingEpoch) {
  TrainOptions options = tiny_train_options();
  options.batch_size = 4;
  options.accumulation = 2;
  expect_identical(interrupted_run(Precision::fp32, options), straight_run(1, Precision::fp32, options));
}

TEST(Training, GivesTheSameBitsForOneAndFourWorkers) {
  const TrainOptions options = tiny_train_options();
  expect_identical(straight_run(1, Precision::fp32, options), straight_run(4, Precision::fp32, options));
}

TEST(Training, ChangesEveryTrainedTensorAndLowersTheLoss) {
  TrainOptions options = tiny_train_options();
  options.epochs = 60;
  TinyRun run(1, Precision::fp32, options);
  struct Losses final : Observer {
    void on_step(const StepReport& report, const Trainer&) override {
      values.push_back(report.measurements[0].second);
    }
    std::vector<double> values;
  } losses;
  const NamedTensors before = copied(run.objective->encoder().parameters());
  Observer* observers[] = {&losses};
  run.trainer.fit(observers);
  for (const auto& [name, tensor] : run.objective->encoder().parameters()) {
    EXPECT_EQ(at::equal(tensor, tensor_named(before, name)), name == "pos_embed") << name;
  }
  EXPECT_LT(losses.values.back(), 0.95 * losses.values.front());
}

}  // namespace
}  // namespace repbench
