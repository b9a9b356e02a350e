#include "pretrain/models/clip.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <stdexcept>

#include "pretrain/models/clip_initialise.h"
#include "pretrain/models/kinds.h"
#include "pretrain/models/patches.h"
#include "pretrain/models/taps.h"

namespace repbench {
namespace {

constexpr double kEps = 1e-5;

struct NamedSize {
  std::string_view name;
  int64_t width, depth, heads, patch_size, embed_dim, text_width, text_heads;
};

constexpr NamedSize kSizes[] = {{"ViT-B-32", 768, 12, 12, 32, 512, 512, 8},
                                {"ViT-B-16", 768, 12, 12, 16, 512, 512, 8},
                                {"ViT-L-14", 1024, 24, 16, 14, 768, 768, 12}};

}  // namespace

void ClipOptions::describe(Options& options) {
  options.add(
      "name", &name,
      {.help = "a named size sets both towers", .choices = {"custom", "ViT-B-32", "ViT-B-16", "ViT-L-14"}});
  options.add("image_size", &image_size,
              {.help = "side of the input", .unit = "pixels", .minimum = 1, .maximum = 4096});
  options.add("patch_size", &patch_size,
              {.help = "side of a patch", .unit = "pixels", .minimum = 1, .maximum = 512});
  options.add("channels", &channels, {.help = "1 (grey) or 3 (RGB)", .minimum = 1, .maximum = 3});
  options.add("width", &width, {.help = "token width", .minimum = 4, .maximum = 16384});
  options.add("depth", &depth, {.help = "number of blocks", .unit = "blocks", .minimum = 1, .maximum = 256});
  options.add("heads", &heads, {.help = "attention heads; divides width", .minimum = 1, .maximum = 256});
  options.add("activation", &activation,
              {.help = "of both towers: quick_gelu is OpenAI's", .choices = {"gelu", "quick_gelu"}});
  options.add("embed_dim", &embed_dim,
              {.help = "width of the space shared by pictures and texts", .minimum = 1, .maximum = 16384});
  options.add_group("text", text);
}

void ClipOptions::describe_variant(Options& options) {
  options.add("variant.mlp_ratio", &mlp_ratio,
              {.help = "MLP width / token width of the image tower", .minimum = 0.1, .maximum = 16});
  options.add("variant.position_resize", &position_resize,
              {.help = "of positions to another grid", .choices = {"bicubic", "antialias"}});
  options.add_group("variant.text", text_variant);
}

void ClipOptions::resolve() {
  for (const NamedSize& size : kSizes) {
    if (name != size.name) continue;
    width = size.width;
    depth = size.depth;
    heads = size.heads;
    patch_size = size.patch_size;
    embed_dim = size.embed_dim;
    text = {77, size.text_width, 12, size.text_heads};
  }
  if (image_size % patch_size != 0) {
    throw std::invalid_argument(fmt::format(
        "[model] expected image_size divisible by patch_size; got {} and {}", image_size, patch_size));
  }
}

Clip::Clip(const ClipOptions& options, InputSpec input, std::shared_ptr<const Tokenizer> tokenizer)
    : options_(options),
      input_(std::move(input)),
      class_embedding_(at::zeros({options.width})),
      positional_embedding_(at::zeros({1 + options.patches(), options.width})),
      ln_pre_(options.width, kEps),
      ln_post_(options.width, kEps),
      blocks_(options.depth, {.width = options.width,
                              .heads = options.heads,
                              .mlp_ratio = options.mlp_ratio,
                              .eps = kEps,
                              .activation = activation_named(options.activation)}),
      proj_(at::zeros({options.width, options.embed_dim})),
      text_(options.text, options.text_variant, options.embed_dim, activation_named(options.activation),
            std::move(tokenizer)) {
  conv1_.weight = at::zeros({options_.width, options_.channels, options_.patch_size, options_.patch_size});
  list_stages();
  for (const NamedTensor& named : parameters()) named.tensor.set_requires_grad(true);
}

void Clip::list_stages() {
  stages_.push_back({"patch", {{"visual.conv1.weight", conv1_.weight}}});
  stages_.push_back({"position",
                     {{"visual.class_embedding", class_embedding_},
                      {"visual.positional_embedding", positional_embedding_}}});
  ln_pre_.list("visual.ln_pre", stages_.back().parameters);
  blocks_.add_stages("visual.transformer.resblocks", Naming::open_clip, stages_);
  stages_.push_back({"norm", {}});
  ln_post_.list("visual.ln_post", stages_.back().parameters);
  stages_.push_back({"projection", {{"visual.proj", proj_}}});
}

Json clip_config(ClipOptions options) {
  Options fields;
  options.describe(fields);
  options.describe_variant(fields);
  return fields.to_json();
}

at::Tensor Clip::add_positions(const at::Tensor& patches) const {
  const at::Tensor positions =
      interpolate_positions(positional_embedding_.unsqueeze(0), patches.size(1), patches.size(2), 1,
                            position_resize_named(options_.position_resize));
  const at::Tensor tokens = patches.flatten(1, 2);
  const at::Tensor cls = class_embedding_.expand({tokens.size(0), 1, options_.width});
  return ln_pre_(at::cat({cls, tokens}, 1) + positions);
}

at::Tensor Clip::forward(at::Tensor x, int64_t from, int64_t to, const StageContext& context) const {
  for (int64_t stage = from; stage < to; ++stage) {
    const int64_t half = stage - 2;
    if (stage == 0) {
      x = project_patches(x, conv1_, context.compute);
    } else if (stage == 1) {
      x = add_positions(x);
    } else if (half < blocks_.halves()) {
      x = blocks_.run(half, x, context);
    } else if (half == blocks_.halves()) {
      x = ln_post_(x);
    } else {
      x = at::matmul(x.to(context.compute), proj_.to(context.compute)).to(at::kFloat);
    }
  }
  return x;
}

std::map<std::string, at::Tensor> Clip::features(const at::Tensor& images, std::span<const std::string> taps,
                                                 const StageContext& context) const {
  return token_features(*this, images, taps, context,
                        [&](const at::Tensor& x) { return blocks_.last_attention(x, context.compute); });
}

int64_t Clip::macs(int64_t from, int64_t to, int64_t tokens) const {
  const int64_t alive = tokens < 0 ? options_.patches() + 1 : tokens;
  int64_t total = 0;
  for (int64_t stage = from; stage < to; ++stage) {
    const int64_t half = stage - 2;
    if (stage == 0) total += options_.patches() * conv1_.weight.numel();
    if (half >= 0 && half < blocks_.halves()) total += blocks_.macs(half, alive);
    if (half > blocks_.halves()) total += proj_.numel();  // the class token's
  }
  return total;
}

std::unique_ptr<Encoder> Clip::clone() const {
  auto copy = std::make_unique<Clip>(options_, input_, text_.tokenizer());
  copy_values(*this, *copy);
  return copy;
}

void Clip::initialise(uint64_t seed) {
  initialise_clip(parameters(), {options_.width, options_.text.width, options_.text.depth}, seed);
}

std::unique_ptr<Encoder> make_clip(const Json& config, const InputSpec& input,
                                   const std::shared_ptr<const Tokenizer>& tokenizer) {
  ClipOptions options;
  Options fields;
  options.describe(fields);
  options.describe_variant(fields);
  fields.set_every(with_variant(config, fields), "model");
  options.resolve();
  return std::make_unique<Clip>(options, input, tokenizer);
}

}  // namespace repbench
