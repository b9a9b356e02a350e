#include <fmt/format.h>

#include <algorithm>

#include "files/checked_json.h"
#include "pretrain/models/clip.h"
#include "pretrain/models/clip_resnet.h"
#include "pretrain/weights/clip_tokenizer_of.h"
#include "pretrain/weights/format.h"
#include "pretrain/weights/input.h"

namespace repbench {
namespace {

// CustomTextCLIP keeps the text tower under `text.`.
constexpr Renaming kCustomText[] = {{"positional_embedding", "text.positional_embedding"},
                                    {"text_projection", "text.text_projection"},
                                    {"token_embedding.*", "text.token_embedding.*"},
                                    {"transformer.*", "text.transformer.*"},
                                    {"ln_final.*", "text.ln_final.*"}};

std::string text_prefix(const WeightsSource& source) { return source.has_prefix("text.") ? "text." : ""; }

/// A switch of open_clip's configuration that has to be as it is in CLIP.
struct Required {
  const char* key;
  Json value;
};

void check_tower(const CheckedJson& tower, std::span<const Required> required,
                 const std::vector<std::string>& read) {
  for (const auto& entry : tower.object().items()) {
    const std::string& key = entry.key();
    const Json& got = entry.value();
    if (std::find(read.begin(), read.end(), key) != read.end() || got.is_null()) continue;
    const auto row = std::find_if(required.begin(), required.end(),
                                  [&](const Required& wanted) { return key == wanted.key; });
    if (row == required.end()) tower.at(key).fail("no such key: what it does is not built in");
    if (got != row->value)
      tower.at(key).fail(row->value.is_null() ? "none: such towers are not built in"
                                              : row->value.dump() + ", as in CLIP");
  }
}

/// Throws for towers that are not CLIP's.
void check_config(const CheckedJson& model) {
  static const std::vector<Required> kVision = {
      {"timm_model_name", nullptr},    {"attentional_pool", false},    {"no_ln_pre", false},
      {"pos_embed_type", "learnable"}, {"pool_type", "tok"},           {"final_ln_after_pool", false},
      {"ls_init_value", nullptr},      {"global_average_pool", false}, {"input_patchnorm", false},
      {"norm_kwargs", Json::object()}, {"act_kwargs", Json::object()}};
  static const std::vector<Required> kText = {
      {"hf_model_name", nullptr},    {"embed_cls", false},           {"no_causal_mask", false},
      {"pool_type", "argmax"},       {"final_ln_after_pool", false}, {"proj_bias", false},
      {"ls_init_value", nullptr},    {"proj_type", "linear"},        {"norm_kwargs", Json::object()},
      {"act_kwargs", Json::object()}};
  // What is read, and what only training, other poolings or open_clip's own tokenizer knows.
  check_tower(model.at("vision_cfg"), kVision,
              {"image_size", "layers", "width", "head_width", "mlp_ratio", "patch_size", "patch_dropout",
               "output_tokens", "attn_pooler_queries", "attn_pooler_heads"});
  check_tower(model.at("text_cfg"), kText,
              {"context_length", "vocab_size", "width", "heads", "layers", "mlp_ratio", "output_tokens",
               "pad_id", "eos_id", "hf_tokenizer_name", "tokenizer_kwargs"});
}

/// The object with vision_cfg and text_cfg: at the top, or under model_cfg.
std::optional<CheckedJson> model_config(const WeightsSource& source) {
  if (!source.config.is_object()) return std::nullopt;
  const CheckedJson config(source.config, "[weights] " + source.config_path.string());
  if (auto inner = config.find("model_cfg")) return inner;
  return config.find("vision_cfg") ? std::optional(config) : std::nullopt;
}

TextOptions text_of(const WeightsSource& source) {
  const std::string prefix = text_prefix(source);
  TextOptions text;
  text.context_length = source.size(prefix + "positional_embedding", 0);
  text.width = source.size(prefix + "positional_embedding", 1);
  text.depth = source.count(prefix + "transformer.resblocks");
  text.heads = 0;  // the tensors do not tell
  return text;
}

TextVariant text_variant_of(const WeightsSource& source) {
  const std::string prefix = text_prefix(source);
  TextVariant variant;
  variant.vocabulary = source.size(prefix + "token_embedding.weight", 0);
  variant.mlp_ratio =
      static_cast<double>(source.size(prefix + "transformer.resblocks.0.mlp.c_fc.weight", 0)) /
      static_cast<double>(source.size(prefix + "transformer.resblocks.0.mlp.c_fc.weight", 1));
  return variant;
}

int64_t positive(const CheckedJson& value) {
  const int64_t number = value.integer();
  if (number < 1 || number > kLargestSize) value.fail("an integer from 1 to a thousand million");
  return number;
}

/// From a complete configuration, without a look at the tensors: what is missing or of another shape is then
/// named.
TextOptions text_of(const CheckedJson& config) {
  TextOptions text;
  if (const auto length = config.find("context_length")) text.context_length = positive(*length);
  if (const auto width = config.find("width")) text.width = positive(*width);
  if (const auto layers = config.find("layers")) text.depth = positive(*layers);
  if (const auto heads = config.find("heads")) text.heads = positive(*heads);
  return text;
}

TextVariant text_variant_of(const CheckedJson& config) {
  TextVariant variant{.vocabulary = kClipVocabulary};
  if (const auto ids = config.find("vocab_size")) variant.vocabulary = positive(*ids);
  if (const auto ratio = config.find("mlp_ratio")) variant.mlp_ratio = ratio->number();
  return variant;
}

/// QuickGELU is not in the weights: the configuration says it, or the file's name.
std::string activation_of(const WeightsSource& source, const std::optional<CheckedJson>& config,
                          WeightsReading& reading) {
  const std::string name = source.path.filename().string();
  const bool named_quick =
      name.find("quickgelu") != std::string::npos || name.find("openai") != std::string::npos;
  if (config) {
    const CheckedJson whole(source.config, "[weights] " + source.config_path.string());
    auto flag = config->find("quick_gelu");
    if (!flag) flag = whole.find("quick_gelu");
    const bool quick = flag && flag->flag();
    if (named_quick && !quick)
      reading.warnings.push_back(fmt::format("the file's name says quick_gelu, {} says gelu, which is used",
                                             source.config_path.filename().string()));
    return quick ? "quick_gelu" : "gelu";
  }
  if (named_quick) return "quick_gelu";
  if (source.file->format() == "torchscript") return "quick_gelu";  // OpenAI's archives
  reading.guess({"activation"},
                "the activation is not in the weights: gelu is assumed, as in LAION-2B's and "
                "DataComp's; OpenAI's, MetaCLIP's and "
                "DFN's want --assume activation=quick_gelu");
  return "gelu";
}

int64_t image_size_of(const CheckedJson& vision) {
  const auto size = vision.find("image_size");
  if (!size) return 224;
  if (!size->is_list()) return positive(*size);
  const std::vector<CheckedJson> sides = size->items();
  if (sides.empty()) size->fail("a height and a width");
  return positive(sides.front());
}

ClipOptions vit_of(const CheckedJson& config) {
  const CheckedJson vision = config.at("vision_cfg");
  ClipOptions options;
  options.image_size = image_size_of(vision);
  options.patch_size = positive(vision.at("patch_size"));
  options.width = positive(vision.at("width"));
  options.depth = positive(vision.at("layers"));
  const auto head_width = vision.find("head_width");
  options.heads = options.width / (head_width ? positive(*head_width) : 64);
  if (const auto ratio = vision.find("mlp_ratio")) options.mlp_ratio = ratio->number();
  options.embed_dim = positive(config.at("embed_dim"));
  options.text = text_of(config.at("text_cfg"));
  options.text_variant = text_variant_of(config.at("text_cfg"));
  return options;
}

ClipOptions vit_of(const WeightsSource& source) {
  ClipOptions options;
  options.width = source.size("visual.conv1.weight", 0);
  options.channels = source.size("visual.conv1.weight", 1);
  options.patch_size = source.size("visual.conv1.weight", 2);
  options.depth = source.count("visual.transformer.resblocks");
  options.heads = 0;  // the tensors do not tell
  options.embed_dim = source.size("visual.proj", 1);
  const int64_t side = square_side(source.size("visual.positional_embedding", 0) - 1);
  options.image_size = std::max<int64_t>(1, side) * options.patch_size;
  options.mlp_ratio = static_cast<double>(source.size("visual.transformer.resblocks.0.mlp.c_fc.weight", 0)) /
                      static_cast<double>(options.width);
  options.text = text_of(source);
  options.text_variant = text_variant_of(source);
  return options;
}

ClipResnetOptions resnet_of(const CheckedJson& config) {
  const CheckedJson vision = config.at("vision_cfg");
  ClipResnetOptions options;
  options.image_size = image_size_of(vision);
  options.layers = vision.at("layers").integers();
  options.width = positive(vision.at("width"));
  const auto head_width = vision.find("head_width");
  options.heads = options.width * 32 / (head_width ? positive(*head_width) : 64);
  options.embed_dim = positive(config.at("embed_dim"));
  options.text = text_of(config.at("text_cfg"));
  options.text_variant = text_variant_of(config.at("text_cfg"));
  return options;
}

ClipResnetOptions resnet_of(const WeightsSource& source) {
  ClipResnetOptions options;
  options.channels = source.size("visual.conv1.weight", 1);
  options.width = source.size("visual.layer1.0.conv1.weight", 0);
  options.layers.clear();
  for (int layer = 1; layer <= 4; ++layer)
    options.layers.push_back(source.count(fmt::format("visual.layer{}", layer)));
  options.heads = 0;
  options.embed_dim = source.size("visual.attnpool.c_proj.weight", 0);
  options.image_size = 32 * square_side(source.size("visual.attnpool.positional_embedding", 0) - 1);
  options.text = text_of(source);
  options.text_variant = text_variant_of(source);
  return options;
}

double text_elements(const TextOptions& text, const TextVariant& variant) {
  return transformer_elements(text.width, text.depth, variant.mlp_ratio,
                              text.context_length + variant.vocabulary);
}

/// A bottleneck of inner width c has some 17 c^2 weights; attention's pooling four matrices of the last map's
/// width.
double resnet_elements(const ClipResnetOptions& options) {
  double inner = static_cast<double>(options.width);
  double elements = 4 * 32 * 32 * inner * inner;
  for (const int64_t blocks : options.layers) {
    elements += 17 * static_cast<double>(blocks) * inner * inner;
    inner *= 2;
  }
  return elements + text_elements(options.text, options.text_variant);
}

}  // namespace

double clip_elements(const ClipOptions& options) {
  return transformer_elements(options.width, options.depth, options.mlp_ratio, options.patches()) +
         text_elements(options.text, options.text_variant);
}

bool is_open_clip(const WeightsSource& source) {
  return source.has_prefix("visual.") &&
         (source.has_prefix("transformer.resblocks.") || source.has_prefix("text.transformer.resblocks."));
}

WeightsReading read_open_clip(const WeightsSource& source) {
  WeightsReading reading;
  const std::optional<CheckedJson> config = model_config(source);
  if (config) check_config(*config);
  const std::string activation = activation_of(source, config, reading);
  int64_t vocabulary = 0;
  if (source.has_prefix("visual.layer1.")) {
    ClipResnetOptions options = config ? resnet_of(*config) : resnet_of(source);
    options.activation = activation;
    vocabulary = options.text_variant.vocabulary;
    reading.kind = "clip_resnet";
    guess_heads(32 * options.width, options.heads, "heads", options.heads, reading);
    guess_heads(options.text.width, options.text.heads, "text.heads", options.text.heads, reading);
    reading.elements = resnet_elements(options);
    reading.model = clip_resnet_config(options);
    reading.input = clip_input(options.channels, options.image_size);
  } else {
    ClipOptions options = config ? vit_of(*config) : vit_of(source);
    options.activation = activation;
    vocabulary = options.text_variant.vocabulary;
    reading.kind = "clip";
    guess_heads(options.width, options.heads, "heads", options.heads, reading);
    guess_heads(options.text.width, options.text.heads, "text.heads", options.text.heads, reading);
    reading.elements = clip_elements(options);
    reading.model = clip_config(options);
    reading.input = clip_input(options.channels, options.image_size);
  }
  if (source.config.is_object() && source.config.contains("preprocess_cfg")) {
    const InputSpec usual = reading.input;
    apply_open_clip(source.config["preprocess_cfg"], reading.input, reading.warnings);
    warn_of_other_statistics(reading.input, usual, "CLIP", reading.warnings);
  }
  reading.tokenizer = tokenizer_of_vocabulary(vocabulary, reading.warnings);
  if (!text_prefix(source).empty()) reading.names = kCustomText;
  reading.left_out = {"attn_mask", "text.attn_mask", "input_resolution", "context_length", "vocab_size"};
  return reading;
}

ExportedWeights write_open_clip(const Encoder& encoder) {
  const Json config = encoder.config();
  ExportedWeights exported{"open_clip_model.safetensors", tensors_for_export(encoder, {}), {}, {}};
  const Json& text = config.at("text");
  Json vision = {{"image_size", config.at("image_size")}, {"width", config.at("width")}};
  Json text_cfg = {{"context_length", text.at("context_length")},
                   {"vocab_size", encoder.text()->vocabulary_size()},
                   {"width", text.at("width")},
                   {"heads", text.at("heads")},
                   {"layers", text.at("depth")}};
  if (encoder.kind() == "clip") {
    const int64_t width = config.at("width").get<int64_t>(), heads = config.at("heads").get<int64_t>();
    vision["layers"] = config.at("depth");
    vision["patch_size"] = config.at("patch_size");
    vision["head_width"] = width / heads;
    const Json variant = config.value("variant", Json::object());
    vision["mlp_ratio"] = variant.value("mlp_ratio", 4.0);
    text_cfg["mlp_ratio"] = variant.value("text", Json::object()).value("mlp_ratio", 4.0);
    expect_for_export(variant.value("text", Json::object()).value("end_token", -1) < 0, "open_clip",
                      "a text ends at its highest id there, not at a chosen one");
  } else {
    vision["layers"] = config.at("layers");
    vision["head_width"] = config.at("width").get<int64_t>() * 32 / config.at("heads").get<int64_t>();
    vision["patch_size"] = nullptr;
  }
  exported.files["open_clip_config.json"] = {{"model_cfg",
                                              {{"embed_dim", config.at("embed_dim")},
                                               {"quick_gelu", config.at("activation") == "quick_gelu"},
                                               {"vision_cfg", vision},
                                               {"text_cfg", text_cfg}}},
                                             {"preprocess_cfg", open_clip_preprocess_cfg(encoder.input())}};
  if (encoder.text()->vocabulary_size() != kClipVocabulary)
    exported.warnings.emplace_back(
        "the vocabulary is not CLIP's: open_clip's own tokenizer does not fit, give it ids");
  return exported;
}

}  // namespace repbench
