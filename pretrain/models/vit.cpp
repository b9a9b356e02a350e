#include "pretrain/models/vit.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <stdexcept>

#include "pretrain/models/initialise.h"
#include "pretrain/models/kinds.h"
#include "pretrain/models/patches.h"
#include "pretrain/models/taps.h"

namespace repbench {
namespace {

struct NamedSize {
  std::string_view name;
  int64_t width, depth, heads, patch_size;
};

constexpr NamedSize kSizes[] = {{"vit_tiny", 192, 12, 3, 0},
                                {"vit_small", 384, 12, 6, 0},
                                {"vit_base", 768, 12, 12, 0},
                                {"vit_large", 1024, 24, 16, 0},
                                {"vit_huge", 1280, 32, 16, 14}};

/// Sin-cos positions of the grid, zeros for the prefix.
at::Tensor first_positions(const VitOptions& options) {
  const at::Tensor patches = sincos_positions(options.width, options.grid()).narrow(1, 1, options.patches());
  return at::cat({at::zeros({1, options.variant.positioned_prefix(), options.width}), patches}, 1);
}

}  // namespace

void VitVariant::describe(Options& options) {
  options.add("class_token", &class_token, {.help = "a class token before the patches"});
  options.add("distillation_token", &distillation_token, {.help = "DeiT's second token"});
  options.add("register_tokens", &register_tokens,
              {.help = "tokens behind the class token", .minimum = 0, .maximum = 1024});
  options.add("positions", &positions,
              {.help = "fixed: sin-cos and not trained", .choices = {"fixed", "learned"}});
  options.add(
      "positioned", &positioned,
      {.help = "tokens that have positions besides the patches", .choices = {"none", "class", "prefix"}});
  options.add(
      "position_resize", &position_resize,
      {.help = "of positions to another grid: bicubic (MAE, HF), antialias (timm, open_clip) or dinov2",
       .choices = {"bicubic", "antialias", "dinov2"}});
  options.add("patch_bias", &patch_bias, {.help = "the patch projection has a bias"});
  options.add("norm_pre", &norm_pre, {.help = "a norm before the blocks, as in CLIP"});
  options.add("qkv_bias", &qkv_bias, {.help = "queries, keys and values have a bias"});
  options.add("layer_scale", &layer_scale, {.help = "a factor a channel on each branch"});
  options.add("activation", &activation,
              {.help = "of the MLPs", .choices = {"gelu", "quick_gelu", "gelu_tanh", "swiglu"}});
  options.add(
      "final_norm", &final_norm,
      {.help = "of the tokens (norm), or of what is pooled (fc_norm)", .choices = {"tokens", "pooled"}});
}

int64_t VitVariant::positioned_prefix() const {
  if (positioned == "prefix") return prefix();
  return positioned == "class" && class_token ? 1 : 0;
}

void VitOptions::describe(Options& options) {
  options.add("name", &name,
              {.help = "a named size sets width, depth and heads",
               .choices = {"custom", "vit_tiny", "vit_small", "vit_base", "vit_large", "vit_huge"}});
  options.add("image_size", &image_size,
              {.help = "side of the input", .unit = "pixels", .minimum = 1, .maximum = 4096});
  options.add("patch_size", &patch_size,
              {.help = "side of a patch", .unit = "pixels", .minimum = 1, .maximum = 512});
  options.add("channels", &channels, {.help = "1 (grey) or 3 (RGB)", .minimum = 1, .maximum = 3});
  options.add("width", &width, {.help = "token width", .minimum = 4, .maximum = 16384});
  options.add("depth", &depth, {.help = "number of blocks", .unit = "blocks", .minimum = 1, .maximum = 256});
  options.add("heads", &heads, {.help = "attention heads; divides width", .minimum = 1, .maximum = 256});
  options.add("mlp_ratio", &mlp_ratio, {.help = "MLP width / token width", .minimum = 0.1, .maximum = 16});
  options.add("norm_eps", &norm_eps, {.help = "LayerNorm epsilon", .minimum = 1e-12, .maximum = 1e-2});
}

void VitOptions::resolve() {
  for (const NamedSize& size : kSizes) {
    if (name != size.name) continue;
    width = size.width;
    depth = size.depth;
    heads = size.heads;
    if (size.patch_size != 0) patch_size = size.patch_size;
  }
  if (image_size % patch_size != 0) {
    throw std::invalid_argument(fmt::format(
        "[model] expected image_size divisible by patch_size; got {} and {}", image_size, patch_size));
  }
  if (width % heads != 0 || width % 4 != 0) {
    throw std::invalid_argument(fmt::format(
        "[model] expected a width divisible by heads and by 4; got width {} and heads {}", width, heads));
  }
}

Vit::Vit(const VitOptions& options, InputSpec input)
    : options_(options),
      input_(std::move(input)),
      pos_embed(first_positions(options)),
      blocks(options.depth, {.width = options.width,
                             .heads = options.heads,
                             .mlp_ratio = options.mlp_ratio,
                             .eps = options.norm_eps,
                             .activation = activation_named(options.variant.activation),
                             .qkv_bias = options.variant.qkv_bias,
                             .layer_scale = options.variant.layer_scale}),
      norm(options.width, options.norm_eps) {
  const VitVariant& variant = options_.variant;
  if (variant.class_token) cls_token = at::zeros({1, 1, options_.width});
  if (variant.distillation_token) dist_token = at::zeros({1, 1, options_.width});
  if (variant.register_tokens > 0) reg_token = at::zeros({1, variant.register_tokens, options_.width});
  if (variant.norm_pre) norm_pre = LayerNorm(options_.width, options_.norm_eps);
  patch_embed.weight =
      at::zeros({options_.width, options_.channels, options_.patch_size, options_.patch_size});
  if (variant.patch_bias) patch_embed.bias = at::zeros({options_.width});
  list_stages();
  for (const NamedTensor& named : parameters()) {
    named.tensor.set_requires_grad(named.name != "pos_embed" || variant.positions == "learned");
  }
}

void Vit::list_stages() {
  stages_.push_back({"patch", {}});
  patch_embed.list("patch_embed.proj", stages_.back().parameters);
  stages_.push_back({"position", {}});
  NamedTensors& position = stages_.back().parameters;
  if (cls_token.defined()) position.push_back({"cls_token", cls_token});
  if (dist_token.defined()) position.push_back({"dist_token", dist_token});
  if (reg_token.defined()) position.push_back({"reg_token", reg_token});
  position.push_back({"pos_embed", pos_embed});
  if (options_.variant.norm_pre) norm_pre.list("norm_pre", position);
  blocks.add_stages("blocks", Naming::timm, stages_);
  stages_.push_back({"norm", {}});
  norm.list(options_.variant.final_norm == "pooled" ? "fc_norm" : "norm", stages_.back().parameters);
}

Json vit_config(VitOptions options) {
  Options fields;
  options.describe(fields);
  fields.add_group("variant", options.variant);
  return fields.to_json();
}

/// The tokens before the patches [1, P, D].
at::Tensor Vit::prefix() const {
  std::vector<at::Tensor> tokens;
  for (const at::Tensor& token : {cls_token, dist_token, reg_token}) {
    if (token.defined()) tokens.push_back(token);
  }
  return tokens.empty() ? at::zeros({1, 0, options_.width}, pos_embed.options().requires_grad(false))
                        : at::cat(tokens, 1);
}

at::Tensor Vit::add_positions(const at::Tensor& patches) const {
  const int64_t placed = options_.variant.positioned_prefix(), all = options_.variant.prefix();
  const at::Tensor positions = interpolate_positions(pos_embed, patches.size(1), patches.size(2), placed,
                                                     position_resize_named(options_.variant.position_resize));
  const at::Tensor tokens = patches.flatten(1, 2), before = prefix();
  at::Tensor first = before.narrow(1, 0, placed) + positions.narrow(1, 0, placed);
  if (all > placed) first = at::cat({first, before.narrow(1, placed, all - placed)}, 1);
  first = first.expand({tokens.size(0), all, options_.width});
  const at::Tensor x = at::cat({first, tokens + positions.narrow(1, placed, tokens.size(1))}, 1);
  return options_.variant.norm_pre ? norm_pre(x) : x;
}

at::Tensor Vit::forward(at::Tensor x, int64_t from, int64_t to, const StageContext& context) const {
  for (int64_t stage = from; stage < to; ++stage) {
    const int64_t half = stage - 2;
    if (stage == 0) {
      x = project_patches(x, patch_embed, context.compute);
    } else if (stage == 1) {
      x = add_positions(x);
    } else if (half < blocks.halves()) {
      x = blocks.run(half, x, context);
    } else if (options_.variant.final_norm == "tokens") {
      x = norm(x);
    }
  }
  return x;
}

std::map<std::string, at::Tensor> Vit::features(const at::Tensor& images, std::span<const std::string> taps,
                                                const StageContext& context) const {
  return token_features(*this, images, taps, context,
                        [&](const at::Tensor& x) { return blocks.last_attention(x, context.compute); });
}

std::vector<std::string> Vit::default_taps() const {
  if (!options_.variant.class_token || options_.variant.final_norm == "pooled") return {"mean"};
  return {"cls", "mean", "cls+mean"};
}

at::Tensor Vit::pool(const at::Tensor& tokens, std::string_view how) const {
  const auto normed = [this](const at::Tensor& pooled) {
    return options_.variant.final_norm == "pooled" ? norm(pooled) : pooled;
  };
  if (how == "cls+mean") return at::cat({pool(tokens, "cls"), pool(tokens, "mean")}, 1);
  return normed(Encoder::pool(tokens, how));
}

int64_t Vit::macs(int64_t from, int64_t to, int64_t tokens) const {
  const int64_t alive = tokens < 0 ? options_.patches() + options_.variant.prefix() : tokens;
  int64_t total = 0;
  for (int64_t stage = from; stage < to; ++stage) {
    if (stage == 0) total += options_.patches() * patch_embed.weight.numel();
    if (stage >= 2 && stage - 2 < blocks.halves()) total += blocks.macs(stage - 2, alive);
  }
  return total;
}

std::unique_ptr<Encoder> Vit::clone() const {
  auto copy = std::make_unique<Vit>(options_, input_);
  copy_values(*this, *copy);
  return copy;
}

void Vit::initialise(uint64_t seed) {
  repbench::initialise(parameters(), seed);
  if (options_.variant.positions == "fixed") return;
  const c10::NoGradGuard no_grad;
  const at::Generator generator = at::detail::createCPUGenerator(parameter_seed(seed, "pos_embed"));
  pos_embed.copy_(at::empty(pos_embed.sizes()).normal_(0.0, 0.02, generator));
}

std::unique_ptr<Encoder> make_vit(const Json& config, const InputSpec& input,
                                  const std::shared_ptr<const Tokenizer>&) {
  VitOptions options;
  Options fields;
  options.describe(fields);
  fields.add_group("variant", options.variant);
  fields.set_every(with_variant(config, fields), "model");
  options.resolve();
  return std::make_unique<Vit>(options, input);
}

}  // namespace repbench
