#include "pretrain/objectives/clip.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

namespace repbench {
namespace {

at::Tensor unit(const at::Tensor& features) {
  return features / at::linalg_vector_norm(features, 2, at::IntArrayRef{-1}, /*keepdim=*/true);
}

at::Tensor logits_of(const at::Tensor& image, const at::Tensor& text, const at::Tensor& logit_scale) {
  return logit_scale.exp() * at::mm(unit(image), unit(text).t());
}

at::Tensor symmetric_cross_entropy(const at::Tensor& logits) {
  const at::Tensor target = at::arange(logits.size(0), logits.options().dtype(at::kLong));
  return (at::cross_entropy_loss(logits, target) + at::cross_entropy_loss(logits.t(), target)) / 2;
}

}  // namespace

at::Tensor clip_loss(const at::Tensor& image, const at::Tensor& text, const at::Tensor& logit_scale) {
  return symmetric_cross_entropy(logits_of(image, text, logit_scale));
}

ClipObjective::ClipObjective(std::unique_ptr<Clip> encoder) : encoder_(std::move(encoder)) {}

Measurements ClipObjective::step(const Batch& batch, StepContext& context) {
  if (!batch.tokens.defined()) {
    throw std::invalid_argument("[clip] expected a data set with captions; got pictures alone");
  }
  const StageContext stage{.training = true, .compute = context.execution->compute_dtype()};
  const at::Tensor images = encoder_->ingest(batch.views.at(0));
  const std::string tap = "projected";
  const at::Tensor image = encoder_->features(images, {&tap, 1}, stage).at(tap);
  const at::Tensor text = encoder_->text()->features(batch.tokens, stage);
  const at::Tensor logits = logits_of(image, text, encoder_->text()->logit_scale);
  const at::Tensor loss = symmetric_cross_entropy(logits);
  const at::Tensor own = at::arange(logits.size(0), logits.options().dtype(at::kLong));
  const auto accuracy = logits.argmax(1).eq(own).to(at::kFloat).mean().item<double>();
  const auto value = loss.item<double>();
  context.backward(loss, /*last=*/true);
  return {{"loss", value}, {"batch_accuracy", accuracy}, {"scale", encoder_->text()->scale()}};
}

std::vector<ParameterGroup> ClipObjective::parameter_groups(double weight_decay) {
  return decay_groups(encoder_->parameters(), weight_decay);
}

void ClipObjective::after_step(const StepContext&) {
  const c10::NoGradGuard no_grad;
  encoder_->text()->logit_scale.clamp_(0.0, std::log(100.0));
}

int64_t ClipObjective::forward_macs() const {
  return encoder_->macs(0, static_cast<int64_t>(encoder_->stages().size()), -1) +
         encoder_->text()->macs(encoder_->text()->context_length());
}

namespace {

class ClipRecipe final : public Recipe {
 public:
  void describe(Options& options) override {
    options.add_group("model", model_);
    options.add("tokenizer.kind", &tokenizer_,
                {.help = "clip: CLIP's own 49,408 tokens; bpe: trained on the data set's captions",
                 .choices = {"clip", "bpe"}});
    options.add(
        "tokenizer.vocabulary_size", &vocabulary_size_,
        {.help = "of bpe, SOT and EOT included", .unit = "tokens", .minimum = 514, .maximum = 1 << 20});
  }

  InputSpec input() const override {
    InputSpec spec;
    spec.channels = model_.channels;
    spec.size = model_.image_size;
    spec.view = fmt::format("eval:{0}:{0}:bicubic", model_.image_size);
    spec.mean = model_.channels == 1 ? std::vector{0.449} : std::vector{0.48145466, 0.4578275, 0.40821073};
    spec.std = model_.channels == 1 ? std::vector{0.226} : std::vector{0.26862954, 0.26130258, 0.27577711};
    return spec;
  }

  std::string label() const override { return "CLIP"; }

  std::string training_view() const override { return fmt::format("clip_train:{}", model_.image_size); }

  std::optional<TextRecipe> text() const override {
    return TextRecipe{tokenizer_, vocabulary_size_, model_.text.context_length};
  }

  std::unique_ptr<Objective> make(const InputSpec& input, const std::shared_ptr<const Tokenizer>& tokenizer,
                                  uint64_t seed) const override {
    ClipOptions model = model_;
    model.resolve();
    auto clip = std::make_unique<Clip>(model, input, tokenizer);
    clip->initialise(seed);
    return std::make_unique<ClipObjective>(std::move(clip));
  }

 private:
  ClipOptions model_;
  std::string tokenizer_ = "clip";
  int64_t vocabulary_size_ = 1024;
};

}  // namespace

std::unique_ptr<Recipe> make_clip_recipe() { return std::make_unique<ClipRecipe>(); }

}  // namespace repbench
