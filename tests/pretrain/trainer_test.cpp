#include "pretrain/trainer.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <limits>

#include "pretrain/models/kinds.h"
#include "tests/files/error_message.h"
#include "tests/pretrain/golden_tensors.h"
#include "tests/pretrain/tiny_mae.h"

namespace repbench {
namespace {

/// Linear regression of the label on the pixels: the loss is a mean over examples.
class LineObjective final : public Objective {
 public:
  Measurements step(const Batch& batch, StepContext& context) override {
    contexts.push_back(context);
    sizes.push_back(batch.size());
    const at::Tensor pixels = encoder_->ingest(batch.views.at(0)).flatten(1);
    at::Tensor loss = (pixels.matmul(weight) - batch.labels.to(at::kFloat)).square().mean();
    if (context.step == poisoned_step) loss = loss * std::numeric_limits<double>::quiet_NaN();
    context.backward(loss, true);
    return {{"loss", loss.item<double>()}, {"micro_batch", static_cast<double>(context.micro_batch)}};
  }

  std::vector<ParameterGroup> parameter_groups(double weight_decay) override {
    return decay_groups({{"weight", weight}}, weight_decay);
  }
  Encoder& encoder() override { return *encoder_; }
  NamedTensors own_tensors() override { return {{"weight", weight}}; }
  int64_t forward_macs() const override { return 64; }
  void before_epoch(BatchSource&) override { ++epochs; }
  void after_step(const StepContext& context) override { after.push_back(context.step); }

  at::Tensor weight = at::full({64}, 0.01).set_requires_grad(true);
  int64_t poisoned_step = -1;
  std::vector<StepContext> contexts;
  std::vector<int64_t> sizes, after;
  int epochs = 0;

 private:
  std::unique_ptr<Encoder> encoder_ = make_raw_pixels(Json::object(), tiny_input());
};

/// Keeps what it saw.
struct Witness final : Observer {
  explicit Witness(const LineObjective& line) : objective(line) {}
  void on_step(const StepReport& report, const Trainer& trainer) override {
    EXPECT_EQ(report.step, trainer.step());
    reports.push_back(report);
    gradients.push_back(objective.weight.grad().clone());
    weights.push_back(objective.weight.detach().clone());
  }
  void on_finish(const StepReport& report, const Trainer&) override { finished = report.step; }

  const LineObjective& objective;
  std::vector<StepReport> reports;
  std::vector<at::Tensor> gradients, weights;
  int64_t finished = -1;
};

/// A run of LineObjective; members are there to look at.
struct LineRun {
  explicit LineRun(const TrainOptions& options)
      : source(tiny_source(options.batch_size, 1, "small_eval:8")),
        trainer(objective, *source, options, Execution(), 7) {}
  StepReport fit() {
    Observer* observers[] = {&witness};
    return trainer.fit(observers);
  }

  LineObjective objective;
  std::unique_ptr<BatchSource> source;
  Trainer trainer;
  Witness witness{objective};
};

TrainOptions options_of(int64_t batch_size, int64_t accumulation, double epochs = 2) {
  TrainOptions options;
  options.batch_size = batch_size;
  options.accumulation = accumulation;
  options.epochs = epochs;
  options.base_lr = 0.1;
  options.warmup_epochs = 1;
  return options;
}

TEST(Trainer, AccumulatesTwoBatchesOfFourToTheGradientsOfEight) {
  LineRun whole(options_of(8, 1)), halves(options_of(4, 2));
  whole.fit();
  halves.fit();
  ASSERT_EQ(whole.witness.gradients.size(), 4u);
  ASSERT_EQ(halves.witness.gradients.size(), 4u);
  for (size_t step = 0; step < 4; ++step) {
    EXPECT_LT(relative_error(halves.witness.gradients[step], whole.witness.gradients[step]), 1e-5);
    EXPECT_NEAR(halves.witness.reports[step].measurements[0].second,
                whole.witness.reports[step].measurements[0].second, 1e-5);
  }
  EXPECT_LT(relative_error(halves.objective.weight.detach(), whole.objective.weight.detach()), 1e-4);
}

TEST(Trainer, ShowsObserversEveryStep) {
  LineRun run(options_of(8, 1));
  const StepReport last = run.fit();
  ASSERT_EQ(run.witness.reports.size(), 4u);
  EXPECT_EQ(run.witness.finished, 4);
  EXPECT_EQ(last.step, 4);
  const StepReport& third = run.witness.reports[2];
  EXPECT_EQ(third.step, 3);
  EXPECT_EQ(third.total_steps, 4);
  EXPECT_EQ(third.steps_per_epoch, 2);
  EXPECT_EQ(third.epoch, 1.0);
  EXPECT_EQ(third.examples, 24);
  EXPECT_NEAR(third.gradient_norm, run.witness.gradients[2].norm().item<double>(), 1e-4);
  EXPECT_GE(third.seconds, run.witness.reports[1].seconds);
}

TEST(Trainer, FollowsTheScheduleFromARateOfZero) {
  LineRun run(options_of(8, 1));
  const at::Tensor start = run.objective.weight.detach().clone();
  run.fit();
  const double peak = 0.1 * 8 / 256;
  std::vector<double> rates;
  for (const StepReport& report : run.witness.reports) rates.push_back(report.learning_rate);
  ASSERT_EQ(rates.size(), 4u);
  EXPECT_EQ(rates[0], 0.0);
  EXPECT_DOUBLE_EQ(rates[1], peak / 2);
  EXPECT_DOUBLE_EQ(rates[2], peak);
  EXPECT_DOUBLE_EQ(rates[3], peak / 2);
  EXPECT_TRUE(at::equal(run.witness.weights[0], start));
  EXPECT_FALSE(at::equal(run.witness.weights[1], start));
}

TEST(Trainer, ReportsMeansOverMicroBatches) {
  LineRun run(options_of(4, 2));
  run.fit();
  EXPECT_EQ(run.witness.reports[0].measurements[1], (std::pair<std::string, double>("micro_batch", 0.5)));
}

TEST(Trainer, TellsTheObjectiveWhereItIs) {
  LineRun run(options_of(4, 2));
  run.fit();
  ASSERT_EQ(run.objective.contexts.size(), 8u);
  const StepContext& context = run.objective.contexts[7];
  EXPECT_EQ(context.step, 3);
  EXPECT_EQ(context.total_steps, 4);
  EXPECT_EQ(context.epoch, 1.5);
  EXPECT_EQ(context.micro_batch, 1);
  EXPECT_EQ(context.micro_batches, 2);
  EXPECT_EQ(context.seed, 7u);
  EXPECT_EQ(run.objective.epochs, 2);
  EXPECT_EQ(run.objective.after, (std::vector<int64_t>{0, 1, 2, 3}));
}

TEST(Trainer, StopsAtALossThatIsNotANumberBeforeTheUpdate) {
  LineRun run(options_of(8, 1));
  run.objective.poisoned_step = 2;
  const std::string message = error_message<std::runtime_error>([&] { run.fit(); });
  EXPECT_PRED2(contains, message, "[train] step 3: expected a finite loss; got nan");
  EXPECT_EQ(run.witness.reports.size(), 2u);
  EXPECT_EQ(run.trainer.step(), 2);
  EXPECT_TRUE(at::equal(run.objective.weight.detach(), run.witness.weights.back()));
}

TEST(Trainer, RunsPartsOfAnEpoch) {
  LineRun run(options_of(8, 1, 1.5));
  run.fit();
  EXPECT_EQ(run.trainer.total_steps(), 3);
  EXPECT_EQ(run.witness.reports.size(), 3u);
}

TEST(Trainer, OnlyFinishesWhenThereIsNothingToDo) {
  LineRun run(options_of(8, 1, 0));
  EXPECT_EQ(run.fit().step, 0);
  EXPECT_TRUE(run.witness.reports.empty());
  EXPECT_EQ(run.witness.finished, 0);
}

TEST(Trainer, RefusesAnEpochWithoutAFullStep) {
  LineObjective objective;
  const auto source = tiny_source(8);
  const std::string message = error_message<std::invalid_argument>(
      [&] { Trainer(objective, *source, options_of(8, 3), Execution(), 7); });
  EXPECT_PRED2(contains, message, "2 batches of 8 and accumulation 3");
}

TEST(Trainer, CountsTheExamplesOfAShortLastBatch) {
  const std::shared_ptr<const Dataset> dataset = ToyDataset::of(20, 5);
  const auto source =
      make_loader(dataset, all_examples(*dataset), {make_view("small_eval:8")}, {.batch_size = 8});
  LineObjective objective;
  Trainer trainer(objective, *source, options_of(8, 1, 1), Execution(), 7);
  EXPECT_EQ(trainer.fit({}).examples, 20);
  EXPECT_EQ(objective.sizes, (std::vector<int64_t>{8, 8, 4}));
}

TEST(Trainer, ClipsTheGradientsThatItApplies) {
  TrainOptions options = options_of(8, 1);
  options.clip_norm = 0.5;
  LineRun run(options);
  run.fit();
  EXPECT_GT(run.witness.reports[0].gradient_norm, 0.5);
  EXPECT_NEAR(run.witness.gradients[0].norm().item<double>(), 0.5, 1e-4);
}

}  // namespace
}  // namespace repbench
