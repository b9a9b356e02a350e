#include "pretrain/models/vit.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <stdexcept>

#include "pretrain/models/initialise.h"
#include "pretrain/models/kinds.h"
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

}  // namespace

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
      cls_token(at::zeros({1, 1, options.width})),
      pos_embed(sincos_positions(options.width, options.grid())),
      norm(options.width, options.norm_eps) {
  patch_embed.weight =
      at::zeros({options_.width, options_.channels, options_.patch_size, options_.patch_size});
  patch_embed.bias = at::zeros({options_.width});
  for (int64_t k = 0; k < options_.depth; ++k) {
    blocks.emplace_back(options_.width, options_.heads, options_.mlp_ratio, options_.norm_eps);
  }
  list_stages();
  for (const NamedTensor& named : parameters()) named.tensor.set_requires_grad(named.name != "pos_embed");
}

void Vit::list_stages() {
  stages_.push_back({"patch", {}});
  patch_embed.list("patch_embed.proj", stages_.back().parameters);
  stages_.push_back({"position", {{"cls_token", cls_token}, {"pos_embed", pos_embed}}});
  for (size_t k = 0; k < blocks.size(); ++k) {
    const std::string prefix = fmt::format("blocks.{}", k);
    stages_.push_back({fmt::format("block.{}.attention", k), {}});
    blocks[k].list_attention(prefix, stages_.back().parameters);
    stages_.push_back({fmt::format("block.{}.mlp", k), {}});
    blocks[k].list_mlp(prefix, stages_.back().parameters);
  }
  stages_.push_back({"norm", {}});
  norm.list("norm", stages_.back().parameters);
}

Json Vit::config() const {
  VitOptions copy = options_;
  Options fields;
  copy.describe(fields);
  return fields.to_json();
}

at::Tensor Vit::add_positions(const at::Tensor& patches) const {
  const at::Tensor positions = interpolate_positions(pos_embed, patches.size(1), patches.size(2));
  const at::Tensor tokens = patches.flatten(1, 2);
  const at::Tensor cls = (cls_token + positions.narrow(1, 0, 1)).expand({tokens.size(0), 1, options_.width});
  return at::cat({cls, tokens + positions.narrow(1, 1, tokens.size(1))}, 1);
}

at::Tensor Vit::forward(at::Tensor x, int64_t from, int64_t to, const StageContext& context) const {
  for (int64_t stage = from; stage < to; ++stage) {
    const int64_t half = stage - 2;
    if (stage == 0) {
      x = project_patches(x, patch_embed, context.compute);
    } else if (stage == 1) {
      x = add_positions(x);
    } else if (half == 2 * options_.depth) {
      x = norm(x);
    } else {
      const Block& block = blocks[static_cast<size_t>(half / 2)];
      x = half % 2 == 0 ? block.attend(x, context) : block.transform(x, context);
    }
  }
  return x;
}

std::map<std::string, at::Tensor> Vit::features(const at::Tensor& images, std::span<const std::string> taps,
                                                const StageContext& context) const {
  return token_features(*this, images, taps, context, [&](const at::Tensor& x) {
    return blocks.back().attn.weights(blocks.back().norm1(x), context.compute);
  });
}

int64_t Vit::macs(int64_t from, int64_t to, int64_t tokens) const {
  const int64_t alive = tokens < 0 ? options_.patches() + 1 : tokens;
  int64_t total = 0;
  for (int64_t stage = from; stage < to; ++stage) {
    if (stage == 0) total += options_.patches() * patch_embed.weight.numel();
    if (stage < 2 || stage == 2 + 2 * options_.depth) continue;
    const Block& block = blocks[static_cast<size_t>((stage - 2) / 2)];
    total += stage % 2 == 0 ? block.attention_macs(alive) : block.mlp_macs(alive);
  }
  return total;
}

std::unique_ptr<Encoder> Vit::clone() const {
  auto copy = std::make_unique<Vit>(options_, input_);
  copy_values(*this, *copy);
  return copy;
}

void Vit::initialise(uint64_t seed) { repbench::initialise(parameters(), seed); }

std::unique_ptr<Encoder> make_vit(const Json& config, const InputSpec& input,
                                  const std::shared_ptr<const Tokenizer>&) {
  VitOptions options;
  Options fields;
  options.describe(fields);
  fields.set_every(config, "model");
  options.resolve();
  return std::make_unique<Vit>(options, input);
}

}  // namespace repbench
