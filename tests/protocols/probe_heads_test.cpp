#include "protocols/probe_heads.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "datasets/loader.h"
#include "pretrain/trainer.h"
#include "protocols/feature_batches.h"
#include "protocols/features.h"
#include "protocols/joined_taps.h"
#include "protocols/probe_trials.h"
#include "tests/files/error_message.h"
#include "tests/pretrain/golden_tensors.h"
#include "tests/protocols/toy_subject.h"

namespace repbench {
namespace {

/// Rows of features in their order, the same in every epoch.
class RowBatches final : public BatchSource {
 public:
  RowBatches(at::Tensor features, at::Tensor labels, int64_t batch_size)
      : features_(std::move(features)), labels_(std::move(labels)), batch_size_(batch_size) {}

  void begin(int64_t epoch, int64_t step, int, int) override {
    epoch_ = epoch;
    step_ = step;
  }
  std::optional<Batch> next() override {
    Batch batch;
    batch.epoch = epoch_;
    batch.features = features_.narrow(0, step_ * batch_size_, batch_size_);
    batch.labels = labels_.narrow(0, step_++ * batch_size_, batch_size_);
    batch.indices.resize(static_cast<size_t>(batch_size_));
    return batch;
  }
  std::optional<int64_t> batches_per_epoch() const override { return labels_.numel() / batch_size_; }
  SourceStatistics statistics() const override { return {}; }

 private:
  at::Tensor features_, labels_;
  int64_t batch_size_, epoch_ = 0, step_ = 0;
};

class Losses final : public Observer {
 public:
  void on_step(const StepReport& report, const Trainer&) override {
    values.push_back(report.measurements.at(0).second);
  }
  std::vector<double> values;
};

TrainOptions recipe(const std::string& optimizer, double warmup_epochs) {
  TrainOptions train;
  train.optimizer = optimizer;
  train.epochs = 5;
  train.warmup_epochs = warmup_epochs;
  train.batch_size = 32;
  train.base_lr = 1;
  train.weight_decay = 0;
  return train;
}

/// Ten steps as PyTorch takes them (tests/golden/probe_recipes.py).
void expect_golden(const std::string& name, double peak, double warmup_epochs, bool batch_norm) {
  const GoldenTensors golden(std::filesystem::path(__FILE__).parent_path().parent_path() /
                             "golden/probe_recipes.safetensors");
  const double base_lr = peak * 256 / 32;
  ProbeHeads heads(nullptr, {{"cls", 16}},
                   {.taps = {"cls"}, .base_lrs = {base_lr}, .batch_norm = batch_norm, .classes = 5});
  {
    const c10::NoGradGuard no_grad;
    tensor_named(heads.own_tensors(), "heads.0.weight").copy_(golden.at("weight"));
  }
  RowBatches source(golden.at(name + ".features"), golden.at("labels"), 32);
  Trainer trainer(heads, source, recipe(name, warmup_epochs), Execution(), 0);
  Losses losses;
  Observer* observers[] = {&losses};
  trainer.fit(observers);
  EXPECT_LT(relative_error(at::tensor(losses.values, at::kDouble), golden.at(name + ".losses")), 1e-6);
  const NamedTensors own = heads.own_tensors();
  EXPECT_LT(relative_error(tensor_named(own, "heads.0.weight").detach(), golden.at(name + ".weight")), 2e-6);
  EXPECT_LT(relative_error(tensor_named(own, "heads.0.bias").detach(), golden.at(name + ".bias")), 2e-6);
  if (!batch_norm) return;
  for (const std::string statistic : {"running_mean", "running_var"}) {
    EXPECT_LT(relative_error(tensor_named(own, "norms.0." + statistic), golden.at(name + "." + statistic)),
              1e-6);
  }
}

TEST(ProbeHeads, TakeMaesTenStepsAsPyTorchDoes) { expect_golden("lars", 6.4, 1, true); }

TEST(ProbeHeads, TakeMocoV3sTenStepsAsPyTorchDoes) { expect_golden("sgd", 0.75, 0, false); }

/// Sixty rows of two parts, of which the first says what the label is.
struct Rows {
  at::Tensor labels = at::arange(60, at::kLong).remainder(3);
  at::Tensor a =
      at::one_hot(labels, 3).to(at::kFloat) + 0.3 * at::sin(at::arange(180, at::kFloat)).view({60, 3});
  at::Tensor b = at::cos(at::arange(300, at::kFloat)).view({60, 5});

  at::Tensor of(const std::string& parts) const {
    return parts == "a" ? a : parts == "b" ? b : at::cat({a, b}, 1);
  }
};

using Widths = std::vector<std::pair<std::string, int64_t>>;

NamedTensors learned(const Widths& widths, const ProbeHeads::Settings& settings, const std::string& parts,
                     const std::string& optimizer, double weight_decay = 0,
                     std::vector<int64_t>* diverged_at = nullptr) {
  const Rows rows;
  ProbeHeads heads(nullptr, widths, settings);
  RowBatches source(rows.of(parts), rows.labels, 20);
  TrainOptions train = recipe(optimizer, 1);
  train.epochs = 10;
  train.batch_size = 20;
  train.weight_decay = weight_decay;
  Trainer trainer(heads, source, train, Execution(), 0);
  trainer.fit({});
  for (const ProbeHeads::Head& head : heads.heads()) {
    if (diverged_at != nullptr) diverged_at->push_back(head.diverged_at);
  }
  return copied(heads.own_tensors());
}

class ManyHeads : public testing::TestWithParam<std::tuple<const char*, bool>> {};

INSTANTIATE_TEST_SUITE_P(Recipes, ManyHeads,
                         testing::Combine(testing::Values("lars", "sgd", "adamw"), testing::Bool()),
                         [](const auto& row) {
                           return std::string(std::get<0>(row.param)) +
                                  (std::get<1>(row.param) ? "_with_batch_norm" : "");
                         });

TEST_P(ManyHeads, LearnInOnePassWhatEachLearnsAloneToTheBit) {
  const auto& [optimizer, batch_norm] = GetParam();
  const std::vector<double> rates = {0.5, 20, 3};
  const ProbeHeads::Settings all{
      .taps = {"a", "b", "b|a"}, .base_lrs = rates, .batch_norm = batch_norm, .classes = 3, .seed = 7};
  const NamedTensors together = learned({{"a", 3}, {"b", 5}}, all, "ab", optimizer);
  size_t head = 0;
  for (const std::string tap : {"a", "b", "b|a"}) {
    const std::string parts = tap == "b|a" ? "ab" : tap;
    const Widths widths = parts == "ab" ? Widths{{"a", 3}, {"b", 5}} : Widths{{parts, parts == "a" ? 3 : 5}};
    for (const double rate : rates) {
      ProbeHeads::Settings one = all;
      one.taps = {tap};
      one.base_lrs = {rate};
      const NamedTensors alone = learned(widths, one, parts, optimizer);
      for (const std::string name : {".weight", ".bias"}) {
        EXPECT_TRUE(at::equal(tensor_named(together, "heads." + std::to_string(head) + name),
                              tensor_named(alone, "heads.0" + name)))
            << tap << " " << rate << " " << name;
      }
      ++head;
    }
  }
}

constexpr double kDecay = 1;  // times a huge learning rate, it multiplies the weights in every step

TEST(ProbeHeads, OneThatDivergesLeavesTheOthersAsTheyWouldBe) {
  ProbeHeads::Settings settings{.taps = {"a"}, .base_lrs = {1, 1e6, 3}, .batch_norm = true, .classes = 3};
  std::vector<int64_t> diverged_at;
  const NamedTensors with = learned({{"a", 3}}, settings, "a", "sgd", kDecay, &diverged_at);
  EXPECT_EQ(diverged_at[0], 0);
  EXPECT_GT(diverged_at[1], 1);
  EXPECT_EQ(diverged_at[2], 0);
  settings.base_lrs = {1, 3};
  const NamedTensors without = learned({{"a", 3}}, settings, "a", "sgd", kDecay);
  for (const std::string name : {".weight", ".bias"}) {
    EXPECT_TRUE(at::equal(tensor_named(with, "heads.0" + name), tensor_named(without, "heads.0" + name)));
    EXPECT_TRUE(at::equal(tensor_named(with, "heads.2" + name), tensor_named(without, "heads.1" + name)));
  }
}

TEST(ProbeHeads, WhereAllDivergeTheTrainerStops) {
  const ProbeHeads::Settings settings{
      .taps = {"a"}, .base_lrs = {1e6, 2e6}, .batch_norm = true, .classes = 3};
  const std::string message = error_message<std::runtime_error>([&] {
    learned({{"a", 3}}, settings, "a", "sgd", kDecay);
  });
  EXPECT_TRUE(message.starts_with("[train] step ")) << message;
  EXPECT_PRED2(contains, message, "expected a finite loss; got nan");
}

TEST(ProbeTrials, AHeadThatTheLastStepBrokeIsNoResult) {
  const Rows rows;
  ProbeHeads heads(nullptr, {{"a", 3}}, {.taps = {"a"}, .base_lrs = {1, 2}, .classes = 3});
  RowBatches source(rows.a, rows.labels, 20);
  TrainOptions none = recipe("sgd", 0);
  none.epochs = 0;
  Trainer trainer(heads, source, none, Execution(), 0);
  const FeatureSet test{{{"a", rows.a}}, rows.labels, {}};
  const ProtocolContext context;
  const auto break_weight = [&](const std::string& name) {
    const c10::NoGradGuard no_grad;
    tensor_named(heads.own_tensors(), name).fill_(std::numeric_limits<float>::infinity());
  };
  break_weight("heads.0.weight");
  ProbeTrials some(heads, &test, test, 0, context);
  Observer* first[] = {&some};
  trainer.fit(first);
  EXPECT_EQ(some.last().trial.head, 1U);
  ASSERT_EQ(some.trials().size(), 2U);
  EXPECT_FALSE(some.trials()[0].finite);
  EXPECT_EQ(some.to_json(some.trials()[0]).at("diverged_at_step"), 0);
  break_weight("heads.1.bias");
  ProbeTrials nothing(heads, &test, test, 0, context);
  Observer* second[] = {&nothing};
  EXPECT_EQ(error_message<std::runtime_error>([&] { trainer.fit(second); }),
            "[linear_probe] step 0: expected a head with finite scores; got none of 2");
}

TEST(ProbeHeads, FoldTheBatchNormIntoTheHead) {
  const Rows rows;
  ProbeHeads heads(nullptr, {{"a", 3}, {"b", 5}}, {.taps = {"a|b"}, .base_lrs = {30}, .classes = 3});
  RowBatches source(rows.of("ab"), rows.labels, 20);
  TrainOptions train = recipe("sgd", 1);
  train.batch_size = 20;
  Trainer trainer(heads, source, train, Execution(), 0);
  trainer.fit({});
  const auto [weight, bias] = heads.folded(0);
  EXPECT_EQ(weight.scalar_type(), at::kDouble);
  const at::Tensor scores = at::addmm(bias, rows.of("ab").to(at::kDouble), weight.t());
  EXPECT_LT(relative_error(heads.scores(0, {{"a", rows.a}, {"b", rows.b}}), scores), 1e-5);
}

TEST(ProbeHeads, WithoutAnEncoderHaveNoneToExport) {
  ProbeHeads heads(nullptr, {{"a", 3}}, {.taps = {"a"}, .base_lrs = {1}, .classes = 3});
  EXPECT_EQ(error_message<std::logic_error>([&] { heads.encoder(); }),
            "[linear_probe] expected an encoder; got features alone");
  EXPECT_EQ(heads.forward_macs(), 9);
}

TEST(FeatureBatches, HoldTheLoadersExamplesInItsOrder) {
  const auto data = std::make_shared<ToyPictures>("train", 23);
  std::vector<int64_t> indices;
  for (int64_t i = 0; i < 23; i += 1 + i % 2) indices.push_back(i);
  const IndexList examples = these_examples(*data, indices);
  ExtractedExamples extracted{
      data, examples, {}, at::arange(60, at::kFloat).view({30, 2}), at::zeros({30}, at::kLong)};
  for (size_t i = 0; i < indices.size(); ++i) {
    extracted.rows.push_back(29 - static_cast<int64_t>(i));
    extracted.labels[29 - static_cast<int64_t>(i)] = data->label(indices[i]);
  }
  FeatureBatches features(extracted, 4, 5);
  const auto loader = make_loader(data, examples, {make_view("small_eval:8")},
                                  {.batch_size = 4, .shuffle = true, .drop_last = true, .seed = 5});
  EXPECT_EQ(features.batches_per_epoch(), loader->batches_per_epoch());
  for (const int64_t step : {0, 1}) {
    for (const int rank : {0, 1, 2}) {
      features.begin(3, step, rank, 3);
      loader->begin(3, step, rank, 3);
      while (const std::optional<Batch> expected = loader->next()) {
        const std::optional<Batch> batch = features.next();
        ASSERT_TRUE(batch.has_value());
        EXPECT_EQ(batch->indices, expected->indices);
        EXPECT_EQ(batch->keys, expected->keys);
        EXPECT_TRUE(at::equal(batch->labels, expected->labels));
        EXPECT_EQ(batch->features.sizes(), (at::IntArrayRef{batch->size(), 2}));
      }
      EXPECT_FALSE(features.next().has_value());
    }
  }
}

TEST(JoinedTaps, StandSideBySide) {
  EXPECT_EQ(parts_of("block:1:cls|cls+mean"), (std::vector<std::string>{"block:1:cls", "cls+mean"}));
  EXPECT_EQ(distinct_parts(std::vector<std::string>{"b|a", "a", "c"}),
            (std::vector<std::string>{"b", "a", "c"}));
  const Rows rows;
  EXPECT_TRUE(at::equal(join_parts({{"a", rows.a}, {"b", rows.b}}, "b|a"), at::cat({rows.b, rows.a}, 1)));
  for (const std::string tap : {"", "|", "cls|", "|cls", "cls||mean"}) {
    EXPECT_EQ(error_message<std::invalid_argument>([&] { parts_of(tap); }),
              "[linear_probe] key 'taps': expected a tap, or several with | between them; got '" + tap + "'");
  }
}

TEST(IntermediateTaps, PassTheLastNormWhereTheyAreAskedTo) {
  const Task task = toy_task(12, 4);
  const Subject subject = tiny_vit();
  const std::vector<std::string> taps = {"cls", "block:1:norm:cls", "block:1:cls", "block:0:tokens",
                                         "block:0:norm:cls+mean"};
  const std::map<std::string, at::Tensor> by_tap =
      compute_features(*subject.encoder, task.train, task.train_examples, task.view, taps, {}).by_tap;
  EXPECT_TRUE(at::equal(by_tap.at("block:1:norm:cls"), by_tap.at("cls")))
      << "the last block's is the encoder's";
  EXPECT_FALSE(at::equal(by_tap.at("block:1:cls"), by_tap.at("cls")));
  const c10::NoGradGuard no_grad;
  const int64_t norm = subject.encoder->stage_index("norm");
  const at::Tensor tokens = subject.encoder->forward(by_tap.at("block:0:tokens"), norm, norm + 1, {});
  EXPECT_TRUE(at::equal(by_tap.at("block:0:norm:cls+mean"), subject.encoder->pool(tokens, "cls+mean")));
  const std::string message = error_message<std::invalid_argument>([&] {
    compute_features(*subject.encoder, task.train, task.train_examples, task.view,
                     std::vector<std::string>{"block:0:normed:cls"}, {});
  });
  EXPECT_PRED2(contains, message, "block:K:norm:");
}

}  // namespace
}  // namespace repbench
