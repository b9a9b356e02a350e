#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>

#include "files/checked_json.h"
#include "pretrain/models/vit.h"
#include "pretrain/weights/format.h"
#include "pretrain/weights/input.h"

namespace repbench {
namespace {

constexpr Renaming kShared[] = {
    {"cls_token", "embeddings.cls_token"},
    {"dist_token", "embeddings.distillation_token"},
    {"reg_token", "embeddings.register_tokens"},
    {"pos_embed", "embeddings.position_embeddings"},
    {"patch_embed.proj.*", "embeddings.patch_embeddings.projection.*"},
    {"blocks.{}.attn.qkv.*",
     "encoder.layer.{}.attention.attention.query.*|encoder.layer.{}.attention.attention.key.*|"
     "encoder.layer.{}.attention.attention.value.*"},
    {"blocks.{}.attn.proj.*", "encoder.layer.{}.attention.output.dense.*"},
    {"norm.*", "layernorm.*"}};

constexpr Renaming kVit[] = {{"blocks.{}.norm1.*", "encoder.layer.{}.layernorm_before.*"},
                             {"blocks.{}.norm2.*", "encoder.layer.{}.layernorm_after.*"},
                             {"blocks.{}.mlp.fc1.*", "encoder.layer.{}.intermediate.dense.*"},
                             {"blocks.{}.mlp.fc2.*", "encoder.layer.{}.output.dense.*"}};

constexpr Renaming kDinov2[] = {{"blocks.{}.norm1.*", "encoder.layer.{}.norm1.*"},
                                {"blocks.{}.norm2.*", "encoder.layer.{}.norm2.*"},
                                {"blocks.{}.ls1.gamma", "encoder.layer.{}.layer_scale1.lambda1"},
                                {"blocks.{}.ls2.gamma", "encoder.layer.{}.layer_scale2.lambda1"},
                                {"blocks.{}.mlp.*", "encoder.layer.{}.mlp.*"}};

constexpr Renaming kSwiglu[] = {{"blocks.{}.mlp.fc1.*", "encoder.layer.{}.mlp.weights_in.*"},
                                {"blocks.{}.mlp.fc2.*", "encoder.layer.{}.mlp.weights_out.*"}};

/// The first row that fits counts.
std::vector<Renaming> joined(std::initializer_list<std::span<const Renaming>> tables) {
  std::vector<Renaming> rows;
  for (const std::span<const Renaming> table : tables) rows.insert(rows.end(), table.begin(), table.end());
  return rows;
}

std::span<const Renaming> names_of(const VitVariant& variant) {
  static const std::vector<Renaming> vit = joined({kShared, kVit}), dinov2 = joined({kShared, kDinov2}),
                                     swiglu = joined({kSwiglu, kShared, kDinov2});
  if (variant.activation == "swiglu") return swiglu;
  return variant.layer_scale ? dinov2 : vit;
}

constexpr const char* kPatch = "embeddings.patch_embeddings.projection.weight";

std::string model_type(const WeightsSource& source) {
  return source.config.is_object() ? source.config.value("model_type", std::string()) : std::string();
}

bool is_dinov2(const WeightsSource& source) { return source.has_prefix("encoder.layer.0.layer_scale1"); }

std::string activation_of(const CheckedJson& name) {
  const std::string text = name.text();
  if (text == "gelu" || text == "quick_gelu") return text;
  if (text == "gelu_new" || text == "gelu_pytorch_tanh") return "gelu_tanh";
  name.fail("gelu, gelu_new, gelu_pytorch_tanh or quick_gelu");
}

/// What the tensors' shapes say.
VitOptions options_of(const WeightsSource& source) {
  VitOptions options;
  options.width = source.size(kPatch, 0);
  options.channels = source.size(kPatch, 1);
  options.patch_size = source.size(kPatch, 2);
  options.depth = source.count("encoder.layer");
  options.heads = 0;  // the tensors do not tell
  VitVariant& variant = options.variant;
  variant.layer_scale = is_dinov2(source);
  const bool swiglu = source.has("encoder.layer.0.mlp.weights_in.weight");
  const std::string up = swiglu                ? "encoder.layer.0.mlp.weights_in.weight"
                         : variant.layer_scale ? "encoder.layer.0.mlp.fc1.weight"
                                               : "encoder.layer.0.intermediate.dense.weight";
  options.mlp_ratio = static_cast<double>(source.size(up, 0)) / static_cast<double>(options.width);
  options.norm_eps = 1e-6;
  variant.distillation_token = source.has("embeddings.distillation_token");
  if (source.has("embeddings.register_tokens"))
    variant.register_tokens = source.size("embeddings.register_tokens", 1);
  variant.positions = source.has_prefix("decoder.") || model_type(source) == "vit_mae" ? "fixed" : "learned";
  if (variant.register_tokens > 0) variant.position_resize = "antialias";
  variant.positioned = variant.distillation_token ? "prefix" : "class";
  variant.qkv_bias = source.has("encoder.layer.0.attention.attention.query.bias");
  variant.activation = swiglu ? "swiglu" : "gelu";
  const int64_t side =
      square_side(source.size("embeddings.position_embeddings", 1) - variant.positioned_prefix());
  options.image_size = std::max<int64_t>(1, side) * options.patch_size;
  return options;
}

void apply_config(const WeightsSource& source, VitOptions& options, WeightsReading& reading) {
  if (!source.config.is_object()) {
    reading.guess({"norm_eps", "variant.activation"},
                  "no config.json beside the weights: eps 1e-6 and exact GELU are assumed");
    return;
  }
  const CheckedJson config(source.config, "[weights] " + source.config_path.string());
  if (const auto heads = config.find("num_attention_heads")) options.heads = heads->integer();
  if (const auto act = config.find("hidden_act"); act && options.variant.activation != "swiglu")
    options.variant.activation = activation_of(*act);
  if (const auto eps = config.find("layer_norm_eps")) options.norm_eps = eps->number();
  if (options.norm_eps != 1e-6) {
    reading.warnings.push_back(fmt::format(
        "layer_norm_eps is {:g} by the configuration and used; the papers' code and timm have 1e-06",
        options.norm_eps));
  }
}

/// Is DINOv2 the only model of Hugging Face's that has what this one has?
bool needs_dinov2(const VitVariant& variant) { return variant.layer_scale || variant.register_tokens > 0; }

void check_exportable(const VitOptions& options) {
  const VitVariant& variant = options.variant;
  const auto expect = [](bool holds, std::string_view what) { expect_for_export(holds, "hf", what); };
  expect(variant.class_token, "its ViTs have a class token");
  expect(!variant.norm_pre, "its ViTs have no norm before the blocks");
  expect(variant.patch_bias, "its patch projections have a bias");
  expect(variant.final_norm == "tokens", "its ViTs norm the tokens, not what is pooled");
  if (needs_dinov2(variant)) {
    expect(variant.layer_scale, "registers come with layer scale there");
    expect(!variant.distillation_token, "DINOv2 has no distillation token");
    const int64_t hidden = (static_cast<int64_t>(static_cast<double>(options.width * 4) * 2 / 3) + 7) / 8 * 8;
    expect(variant.activation != "swiglu" ||
               std::llround(options.mlp_ratio * static_cast<double>(options.width)) == 2 * hidden,
           "its SwiGLU has the hidden width of DINOv2's giant");
    expect(variant.activation == "swiglu" || options.mlp_ratio == std::round(options.mlp_ratio),
           "DINOv2's MLP is a whole number of times as wide as its tokens");
  } else {
    expect(variant.activation != "swiglu", "its ViTs have no SwiGLU");
  }
}

/// Class positions of zeros where ours has none: the class token then stays as it is.
void add_class_position(const VitVariant& variant, NamedTensors& tensors) {
  if (variant.positioned != "none") return;
  for (NamedTensor& named : tensors) {
    if (named.name != "embeddings.position_embeddings") continue;
    named.tensor = at::cat({at::zeros_like(named.tensor.narrow(1, 0, 1)), named.tensor}, 1);
  }
}

}  // namespace

bool is_hf_vit(const WeightsSource& source) { return source.has(kPatch); }

WeightsReading read_hf_vit(const WeightsSource& source) {
  WeightsReading reading;
  reading.kind = "vit";
  VitOptions options = options_of(source);
  apply_config(source, options, reading);
  guess_heads(options.width, options.heads, "heads", options.heads, reading);
  reading.elements = transformer_elements(options.width, options.depth, options.mlp_ratio, options.patches());
  reading.model = vit_config(options);
  const int64_t size = options.image_size;
  reading.input = imagenet_input(options.channels, size, size * 256 / 224);
  if (source.preprocessor.is_object()) {
    apply_hugging_face(source.preprocessor, reading.input, reading.warnings);
  } else {
    reading.guess(
        {"input.mean", "input.std", "input.view"},
        fmt::format(
            "no preprocessor_config.json beside the weights: ImageNet's mean and std and {} are assumed",
            reading.input.view));
  }
  reading.names = names_of(options.variant);
  reading.left_out = {"pooler.*",  "classifier.*",          "cls_classifier.*", "distillation_classifier.*",
                      "decoder.*", "embeddings.mask_token", "*position_ids"};
  return reading;
}

ExportedWeights write_hf_vit(const Encoder& encoder) {
  const VitOptions& options = dynamic_cast<const Vit&>(encoder).options();
  const VitVariant& variant = options.variant;
  check_exportable(options);
  ExportedWeights exported{"model.safetensors", tensors_for_export(encoder, names_of(variant)), {}, {}};
  add_class_position(variant, exported.tensors);
  Json config = {{"dtype", "float32"},
                 {"hidden_size", options.width},
                 {"num_hidden_layers", options.depth},
                 {"num_attention_heads", options.heads},
                 {"hidden_act", variant.activation == "gelu_tanh" ? "gelu_pytorch_tanh" : variant.activation},
                 {"layer_norm_eps", options.norm_eps},
                 {"image_size", options.image_size},
                 {"patch_size", options.patch_size},
                 {"num_channels", options.channels},
                 {"qkv_bias", variant.qkv_bias},
                 {"hidden_dropout_prob", 0.0},
                 {"attention_probs_dropout_prob", 0.0}};
  if (needs_dinov2(variant)) {
    const bool registers = variant.register_tokens > 0, swiglu = variant.activation == "swiglu";
    config["model_type"] = registers ? "dinov2_with_registers" : "dinov2";
    config["architectures"] = {registers ? "Dinov2WithRegistersModel" : "Dinov2Model"};
    if (registers) config["num_register_tokens"] = variant.register_tokens;
    config["mlp_ratio"] = swiglu ? 4 : std::llround(options.mlp_ratio);
    config["use_swiglu_ffn"] = swiglu;
    if (swiglu) config["hidden_act"] = "gelu";
    // Its mask token serves pretraining alone, but it is a parameter of the model.
    exported.tensors.push_back({"embeddings.mask_token", at::zeros({1, options.width})});
  } else {
    config["model_type"] = variant.distillation_token ? "deit" : "vit";
    config["architectures"] = {variant.distillation_token ? "DeiTModel" : "ViTModel"};
    config["intermediate_size"] = mlp_width(options.width, options.mlp_ratio);
    exported.warnings.emplace_back(
        "there is no pooler: load it with add_pooling_layer=False, or leave pooler_output alone");
  }
  exported.files["config.json"] = std::move(config);
  exported.files["preprocessor_config.json"] = hugging_face_preprocessor(encoder.input());
  return exported;
}

}  // namespace repbench
