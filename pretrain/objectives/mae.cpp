#include "pretrain/objectives/mae.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <stdexcept>

#include "pretrain/models/initialise.h"
#include "pretrain/models/patches.h"

namespace repbench {

void MaeOptions::describe(Options& options) {
  options.add("mask_ratio", &mask_ratio,
              {.help = "share of patches removed", .minimum = 0, .maximum = 0.999});
  options.add("decoder_depth", &decoder_depth,
              {.help = "decoder blocks; 0: a linear map, removed patches then know only their place",
               .unit = "blocks",
               .minimum = 0,
               .maximum = 64});
  options.add("decoder_width", &decoder_width,
              {.help = "decoder token width", .minimum = 4, .maximum = 8192});
  options.add("decoder_heads", &decoder_heads,
              {.help = "decoder heads; divides decoder_width", .minimum = 1, .maximum = 128});
  options.add("norm_pix", &norm_pix, {.help = "predict patches standardised one by one"});
}

Mae::Mae(std::unique_ptr<Vit> encoder, const MaeOptions& options)
    : encoder_(std::move(encoder)), options_(options) {
  const VitOptions& vit = encoder_->options();
  const int64_t width = options_.decoder_width;
  if (width % 4 != 0) {
    throw std::invalid_argument(
        fmt::format("[mae] key 'mae.decoder_width': expected a multiple of 4; got {}", width));
  }
  if (width % options_.decoder_heads != 0) {
    throw std::invalid_argument(
        fmt::format("[mae] key 'mae.decoder_heads': expected a divisor of decoder_width = {}; got {}", width,
                    options_.decoder_heads));
  }
  if (patches_kept(vit.patches(), options_.mask_ratio) == vit.patches()) {
    throw std::invalid_argument(
        fmt::format("[mae] key 'mae.mask_ratio': expected to remove at least one of {} patches; got {}",
                    vit.patches(), options_.mask_ratio));
  }
  decoder_embed = Linear(vit.width, width);
  mask_token = at::zeros({1, 1, width});
  decoder_pos_embed = sincos_positions(width, vit.grid());
  for (int64_t k = 0; k < options_.decoder_depth; ++k) {
    decoder_blocks.emplace_back(
        BlockOptions{.width = width, .heads = options_.decoder_heads, .eps = vit.norm_eps});
  }
  decoder_norm = LayerNorm(width, vit.norm_eps);
  decoder_pred = Linear(width, vit.patch_size * vit.patch_size * vit.channels);

  NamedTensors& list = decoder_parameters_;
  decoder_embed.list("decoder_embed", list);
  list.push_back({"mask_token", mask_token});
  list.push_back({"decoder_pos_embed", decoder_pos_embed});
  for (size_t k = 0; k < decoder_blocks.size(); ++k) {
    const std::string prefix = "decoder_blocks." + std::to_string(k);
    decoder_blocks[k].list_attention(prefix, list);
    decoder_blocks[k].list_mlp(prefix, list);
  }
  decoder_norm.list("decoder_norm", list);
  decoder_pred.list("decoder_pred", list);
  for (const NamedTensor& named : list) named.tensor.set_requires_grad(named.name != "decoder_pos_embed");
}

at::Tensor Mae::encode(const at::Tensor& images, const Masking& masking, const StageContext& context) const {
  const at::Tensor tokens = encoder_->forward(images, 0, 2, context);  // patch, position
  const at::Tensor patches = tokens.narrow(1, 1, tokens.size(1) - 1);
  const at::Tensor index = masking.ids_keep.unsqueeze(-1).expand({-1, -1, tokens.size(2)});
  const at::Tensor visible = at::cat({tokens.narrow(1, 0, 1), patches.gather(1, index)}, 1);
  return encoder_->forward(visible, 2, static_cast<int64_t>(encoder_->stages().size()), context);
}

at::Tensor Mae::decode(const at::Tensor& latent, const at::Tensor& ids_restore,
                       const StageContext& context) const {
  const at::Tensor embedded = decoder_embed(latent, context.compute).to(at::kFloat);
  const int64_t batch = embedded.size(0), patches = ids_restore.size(1), kept = embedded.size(1) - 1;
  const at::Tensor masked = mask_token.expand({batch, patches - kept, -1});
  const at::Tensor shuffled = at::cat({embedded.narrow(1, 1, kept), masked}, 1);
  const at::Tensor restored =
      shuffled.gather(1, ids_restore.unsqueeze(-1).expand({-1, -1, options_.decoder_width}));
  at::Tensor x = at::cat({embedded.narrow(1, 0, 1), restored}, 1) + decoder_pos_embed;
  for (const Block& block : decoder_blocks) x = block.transform(block.attend(x, context), context);
  return decoder_pred(decoder_norm(x.narrow(1, 1, patches)), context.compute).to(at::kFloat);
}

at::Tensor Mae::patchify(const at::Tensor& images) const {
  const int64_t p = encoder_->options().patch_size, grid = encoder_->options().grid(),
                channels = images.size(1);
  return images.view({images.size(0), channels, grid, p, grid, p})
      .permute({0, 2, 4, 3, 5, 1})
      .reshape({images.size(0), grid * grid, p * p * channels});
}

at::Tensor Mae::unpatchify(const at::Tensor& patches) const {
  const VitOptions& vit = encoder_->options();
  const int64_t p = vit.patch_size, grid = vit.grid();
  return patches.view({patches.size(0), grid, grid, p, p, vit.channels})
      .permute({0, 5, 1, 3, 2, 4})
      .reshape({patches.size(0), vit.channels, grid * p, grid * p});
}

at::Tensor Mae::loss(const at::Tensor& images, const at::Tensor& prediction, const at::Tensor& mask) const {
  at::Tensor target = patchify(images);
  if (options_.norm_pix) {
    const auto [variance, mean] =
        at::var_mean(target, at::IntArrayRef{-1}, /*unbiased=*/true, /*keepdim=*/true);
    target = (target - mean) / (variance + 1e-6).sqrt();
  }
  const at::Tensor per_patch = (prediction - target).square().mean(-1);
  return (per_patch * mask).sum() / mask.sum();
}

Measurements Mae::step(const Batch& batch, StepContext& context) {
  const StageContext stage{.training = true, .compute = context.execution->compute_dtype()};
  const at::Tensor images = encoder_->ingest(batch.views.at(0));
  const at::Tensor noise = mask_noise(batch.keys, encoder_->options().patches(), context.seed, batch.epoch);
  const Masking masking = random_masking(noise.to(images.device()), options_.mask_ratio);
  const at::Tensor latent = encode(images, masking, stage);
  const at::Tensor value = loss(images, decode(latent, masking.ids_restore, stage), masking.mask);
  const double measured = value.item<double>();
  context.backward(value, /*last=*/true);
  return {{"loss", measured}};
}

std::vector<ParameterGroup> Mae::parameter_groups(double weight_decay) {
  NamedTensors all = encoder_->parameters();
  all.insert(all.end(), decoder_parameters_.begin(), decoder_parameters_.end());
  return decay_groups(all, weight_decay);
}

int64_t Mae::forward_macs() const {
  const VitOptions& vit = encoder_->options();
  const int64_t patches = vit.patches(), visible = patches_kept(patches, options_.mask_ratio) + 1;
  int64_t total = encoder_->macs(0, static_cast<int64_t>(encoder_->stages().size()), visible);
  total += visible * decoder_embed.weight.numel();
  for (const Block& block : decoder_blocks)
    total += block.attention_macs(patches + 1) + block.mlp_macs(patches + 1);
  return total + patches * decoder_pred.weight.numel();
}

namespace {

class MaeRecipe final : public Recipe {
 public:
  void describe(Options& options) override {
    options.add_group("model", model_);
    options.add_group("mae", mae_);
  }

  InputSpec input() const override {
    InputSpec spec;
    spec.channels = model_.channels;
    spec.size = model_.image_size;
    spec.view = fmt::format("eval:{}:{}:bicubic", spec.size * 256 / 224, spec.size);
    spec.mean = spec.channels == 1 ? std::vector{0.449} : std::vector{0.485, 0.456, 0.406};
    spec.std = spec.channels == 1 ? std::vector{0.226} : std::vector{0.229, 0.224, 0.225};
    return spec;
  }

  std::string label() const override { return "MAE"; }

  std::string training_view() const override { return fmt::format("mae_train:{}", model_.image_size); }

  std::unique_ptr<Objective> make(const InputSpec& input, const std::shared_ptr<const Tokenizer>&,
                                  uint64_t seed) const override {
    VitOptions model = model_;
    model.resolve();
    auto objective = std::make_unique<Mae>(std::make_unique<Vit>(model, input), mae_);
    objective->encoder().initialise(seed);
    initialise(objective->own_tensors(), seed);
    return objective;
  }

 private:
  VitOptions model_;
  MaeOptions mae_;
};

}  // namespace

std::unique_ptr<Recipe> make_mae_recipe() { return std::make_unique<MaeRecipe>(); }

}  // namespace repbench
