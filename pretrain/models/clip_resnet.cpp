#include "pretrain/models/clip_resnet.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <stdexcept>

#include "files/nearest.h"
#include "pretrain/models/clip_initialise.h"
#include "pretrain/models/kinds.h"

namespace repbench {
namespace {

struct NamedSize {
  std::string_view name;
  int64_t layers[4];
  int64_t width, image_size, embed_dim, text_width;
};

constexpr NamedSize kSizes[] = {{"RN50", {3, 4, 6, 3}, 64, 224, 1024, 512},
                                {"RN101", {3, 4, 23, 3}, 64, 224, 512, 512},
                                {"RN50x4", {4, 6, 10, 6}, 80, 288, 640, 640},
                                {"RN50x16", {6, 8, 18, 8}, 96, 384, 768, 768},
                                {"RN50x64", {3, 15, 36, 10}, 128, 448, 1024, 1024}};
constexpr int64_t kHeadWidth = 64;

const std::vector<std::string>& tap_names() {
  static const std::vector<std::string> names = {"mean",         "tokens",       "pooled",
                                                 "projected",    "layer:1:mean", "layer:2:mean",
                                                 "layer:3:mean", "layer:4:mean"};
  return names;
}

/// What the tap's stage gives, as a feature.
at::Tensor feature(const at::Tensor& x, const std::string& tap) {
  if (tap.ends_with("mean")) return x.mean({2, 3});
  return tap == "tokens" ? x.flatten(2).transpose(1, 2).contiguous() : x;
}

/// The stage that a tap is taken behind.
int64_t stage_of(const std::string& tap, const std::vector<int64_t>& layers) {
  int64_t blocks = 0;
  const bool inner = tap.starts_with("layer:");
  for (size_t layer = 0; layer < layers.size(); ++layer) {
    blocks += layers[layer];
    if (inner && tap[6] == static_cast<char>('1' + layer)) return blocks;
  }
  if (tap == "pooled") return blocks + 1;
  return tap == "projected" ? blocks + 2 : blocks;
}

ModifiedResnetOptions tower_of(const ClipResnetOptions& options) {
  return {.layers = options.layers,
          .image_size = options.image_size,
          .channels = options.channels,
          .width = options.width,
          .heads = options.heads,
          .embed_dim = options.embed_dim};
}

}  // namespace

void ClipResnetOptions::describe(Options& options) {
  options.add("name", &name,
              {.help = "a named size sets both towers and image_size",
               .choices = {"custom", "RN50", "RN101", "RN50x4", "RN50x16", "RN50x64"}});
  options.add(
      "image_size", &image_size,
      {.help = "side of the input; divisible by 32", .unit = "pixels", .minimum = 32, .maximum = 4096});
  options.add("channels", &channels, {.help = "1 (grey) or 3 (RGB)", .minimum = 1, .maximum = 3});
  options.add("layers", &layers, {.help = "blocks of each of the four layers", .minimum = 1, .maximum = 256});
  options.add(
      "width", &width,
      {.help = "channels of the stem; the last map has 32 times as many", .minimum = 2, .maximum = 512});
  options.add("heads", &heads,
              {.help = "heads of the attention pooling; divides 32 width", .minimum = 1, .maximum = 256});
  options.add("embed_dim", &embed_dim,
              {.help = "width of the space shared by pictures and texts", .minimum = 1, .maximum = 16384});
  options.add("activation", &activation,
              {.help = "of the text side: quick_gelu is OpenAI's", .choices = {"gelu", "quick_gelu"}});
  options.add_group("text", text);
  options.add_group("variant.text", text_variant);
}

void ClipResnetOptions::resolve() {
  for (const NamedSize& size : kSizes) {
    if (name != size.name) continue;
    layers.assign(std::begin(size.layers), std::end(size.layers));
    width = size.width;
    heads = 32 * size.width / kHeadWidth;
    image_size = size.image_size;
    embed_dim = size.embed_dim;
    text = {77, size.text_width, 12, size.text_width / kHeadWidth};
  }
  if (layers.size() != 4) {
    throw std::invalid_argument(
        fmt::format("[model] expected layers to be four numbers; got {}", fmt::join(layers, ", ")));
  }
  if (image_size % 32 != 0 || width % 2 != 0) {
    throw std::invalid_argument(fmt::format(
        "[model] expected image_size divisible by 32 and width by 2; got {} and {}", image_size, width));
  }
}

ClipResnet::ClipResnet(const ClipResnetOptions& options, InputSpec input,
                       std::shared_ptr<const Tokenizer> tokenizer)
    : options_(options),
      input_(std::move(input)),
      visual_(tower_of(options)),
      text_(options.text, options.text_variant, options.embed_dim, activation_named(options.activation),
            std::move(tokenizer)),
      stages_(visual_.stages()) {
  for (const auto& [name, tensor] : parameters()) tensor.set_requires_grad(!is_statistic(name));
}

Json clip_resnet_config(ClipResnetOptions options) {
  Options fields;
  options.describe(fields);
  return fields.to_json();
}

at::Tensor ClipResnet::forward(at::Tensor x, int64_t from, int64_t to, const StageContext& context) const {
  for (int64_t stage = from; stage < to; ++stage) x = visual_.run(stage, x, context);
  return x;
}

std::map<std::string, at::Tensor> ClipResnet::features(const at::Tensor& images,
                                                       std::span<const std::string> taps,
                                                       const StageContext& context) const {
  int64_t end = 0;
  for (const std::string& tap : taps) {
    const std::vector<std::string>& known = tap_names();
    if (std::find(known.begin(), known.end(), tap) == known.end())
      fail_unknown_name("clip_resnet", "a tap", tap, known);
    end = std::max(end, stage_of(tap, options_.layers) + 1);
  }
  std::map<std::string, at::Tensor> found;
  at::Tensor x = images;
  for (int64_t stage = 0; stage < end; ++stage) {
    x = visual_.run(stage, x, context);
    for (const std::string& tap : taps) {
      if (stage_of(tap, options_.layers) == stage) found[tap] = feature(x, tap);
    }
  }
  return found;
}

int64_t ClipResnet::macs(int64_t from, int64_t to, int64_t) const {
  int64_t total = 0;
  for (int64_t stage = from; stage < to; ++stage) total += visual_.macs(stage);
  return total;
}

std::unique_ptr<Encoder> ClipResnet::clone() const {
  auto copy = std::make_unique<ClipResnet>(options_, input_, text_.tokenizer());
  copy_values(*this, *copy);
  return copy;
}

void ClipResnet::initialise(uint64_t seed) {
  initialise_clip(parameters(), {options_.width, options_.text.width, options_.text.depth}, seed);
}

std::unique_ptr<Encoder> make_clip_resnet(const Json& config, const InputSpec& input,
                                          const std::shared_ptr<const Tokenizer>& tokenizer) {
  ClipResnetOptions options;
  Options fields;
  options.describe(fields);
  fields.set_every(config, "model");
  options.resolve();
  return std::make_unique<ClipResnet>(options, input, tokenizer);
}

}  // namespace repbench
