#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <optional>

#include "pretrain/models/vit.h"
#include "protocols/classifier.h"
#include "tests/pretrain/golden_tensors.h"
#include "tests/protocols/toy_subject.h"

// MAE's fine-tuning against ten steps of PyTorch and timm (tests/golden/finetune_mae.py).

namespace repbench {
namespace {

constexpr int64_t kBatch = 4;

const GoldenTensors& golden() {
  static const GoldenTensors file(std::filesystem::path(REPBENCH_SOURCE_DIR) /
                                  "tests/golden/finetune_mae.safetensors");
  return file;
}

/// The file's pictures in its order.
class InOrder final : public BatchSource {
 public:
  void begin(int64_t, int64_t step, int, int) override { step_ = step; }

  std::optional<Batch> next() override {
    if (step_ >= *batches_per_epoch()) return std::nullopt;
    Batch batch;
    batch.views = {{pictures_.narrow(0, step_ * kBatch, kBatch), Axes::BHWC}};
    batch.labels = labels_.narrow(0, step_ * kBatch, kBatch);
    for (int64_t i = 0; i < kBatch; ++i) batch.indices.push_back(step_ * kBatch + i);
    batch.keys.assign(batch.indices.begin(), batch.indices.end());
    ++step_;
    return batch;
  }

  std::optional<int64_t> batches_per_epoch() const override { return pictures_.size(0) / kBatch; }
  SourceStatistics statistics() const override { return {}; }

 private:
  at::Tensor pictures_ = golden().at("pictures"), labels_ = golden().at("labels");
  int64_t step_ = 0;
};

/// The classifier with the file's mixes in place of draws.
class WithMixes final : public Objective {
 public:
  explicit WithMixes(Classifier& classifier) : classifier_(classifier) {}

  Measurements step(const Batch& batch, StepContext& context) override {
    const at::Tensor row = golden().at("mixes")[context.step];
    const auto number = [&](int64_t column) { return row[column].item<double>(); };
    const auto side = [&](int64_t column) { return static_cast<int64_t>(number(column)); };
    const Mix mix{number(0), number(1) > 0, side(2), side(3), side(4), side(5)};
    return classifier_.step_mixed(batch, mix, context);
  }
  void after_step(const StepContext& context) override { classifier_.after_step(context); }
  std::vector<ParameterGroup> parameter_groups(double weight_decay) override {
    return classifier_.parameter_groups(weight_decay);
  }
  Encoder& encoder() override { return classifier_.encoder(); }
  NamedTensors own_tensors() override { return classifier_.own_tensors(); }
  int64_t forward_macs() const override { return classifier_.forward_macs(); }

 private:
  Classifier& classifier_;
};

struct Steps final : Observer {
  void on_step(const StepReport& report, const Trainer&) override {
    losses.push_back(report.measurements.at(0).second);
    norms.push_back(report.gradient_norm);
  }
  std::vector<double> losses, norms;
};

/// The tiny ViT of the file: norms what is pooled by itself, or has fc_norm put in place of its last norm.
std::unique_ptr<Encoder> encoder_of(bool norms_what_is_pooled) {
  Json config = {{"image_size", 16}, {"patch_size", 4},  {"channels", 1},    {"width", 32},     {"heads", 4},
                 {"depth", 3},       {"name", "custom"}, {"mlp_ratio", 4.0}, {"norm_eps", 1e-6}};
  const InputSpec input{1, 16, "small_eval:16", {0.5}, {0.25}};
  if (norms_what_is_pooled) {
    VitVariant variant;
    variant.final_norm = "pooled";
    Options fields;
    variant.describe(fields);
    Json values = fields.to_json();
    values["final_norm"] = "pooled";
    config["variant"] = values;
  }
  return make_encoder("vit", config, input);
}

Classifier classifier_of(bool norms_what_is_pooled) {
  std::unique_ptr<Encoder> encoder = encoder_of(norms_what_is_pooled);
  const c10::NoGradGuard no_grad;
  for (const auto& [name, tensor] : encoder->parameters()) {
    if (!name.starts_with("norm.")) golden().fill({{name, tensor}});
  }
  return Classifier(std::move(encoder), {.head_norm = HeadNorm::fc_norm,
                                         .head_std = 2e-5,
                                         .classes = 5,
                                         .layer_decay = 0.65,
                                         .label_smoothing = 0.1,
                                         .ema = 0.8});
}

TrainOptions recipe() {
  TrainOptions options;
  options.epochs = 2;
  options.batch_size = kBatch;
  options.lr = 4e-3;
  options.min_lr = 1e-4;
  options.warmup_epochs = 0.5;
  options.weight_decay = 0.05;
  options.beta2 = 0.999;
  return options;
}

NamedTensors all_tensors(Classifier& classifier) {
  NamedTensors all = classifier.encoder().parameters();
  for (const NamedTensor& named : classifier.own_tensors()) all.push_back(named);
  return all;
}

void expect_golden(const std::string& run, Classifier& classifier, Objective& objective) {
  for (const NamedTensor& named : classifier.own_tensors()) {
    const bool average = named.name.starts_with("ema.");
    const c10::NoGradGuard no_grad;
    named.tensor.copy_(golden().at("param." + (average ? named.name.substr(4) : named.name)));
  }
  InOrder source;
  Trainer trainer(objective, source, recipe(), Execution(), 0);
  Steps steps;
  Observer* observers[] = {&steps};
  trainer.fit(observers);
  const at::Tensor losses = golden().at(run + ".losses"), norms = golden().at(run + ".norms");
  ASSERT_EQ(static_cast<int64_t>(steps.losses.size()), losses.numel());
  for (int64_t i = 0; i < losses.numel(); ++i) {
    EXPECT_NEAR(steps.losses[static_cast<size_t>(i)], losses[i].item<double>(), 1e-4) << "step " << i;
    EXPECT_NEAR(steps.norms[static_cast<size_t>(i)] / norms[i].item<double>(), 1, 1e-3) << "step " << i;
  }
  const NamedTensors tensors = all_tensors(classifier);
  for (const char* name : {"head.weight", "head.bias", "fc_norm.weight", "cls_token", "patch_embed.proj.bias",
                           "blocks.1.mlp.fc1.bias"}) {
    EXPECT_LT(relative_error(tensor_named(tensors, name).detach(),
                             golden().at(run + ".last." + name).reshape_as(tensor_named(tensors, name))),
              2e-3)
        << name;
  }
  for (const char* name : {"ema.head.weight", "ema.blocks.1.mlp.fc1.bias"}) {
    const std::string stored = run + "." + name;
    EXPECT_LT(relative_error(tensor_named(tensors, name), golden().at(stored)), 2e-3) << name;
  }
}

TEST(FinetuneRecipe, TenStepsAreThoseOfPyTorch) {
  Classifier classifier = classifier_of(/*norms_what_is_pooled=*/false);
  expect_golden("plain", classifier, classifier);
}

TEST(FinetuneRecipe, TenStepsAreThoseOfPyTorchForAnEncoderWithItsOwnFcNorm) {
  Classifier classifier = classifier_of(/*norms_what_is_pooled=*/true);
  expect_golden("plain", classifier, classifier);
}

TEST(FinetuneRecipe, TenMixedStepsAreThoseOfPyTorch) {
  Classifier classifier = classifier_of(/*norms_what_is_pooled=*/false);
  WithMixes objective(classifier);
  expect_golden("mixed", classifier, objective);
}

}  // namespace
}  // namespace repbench
