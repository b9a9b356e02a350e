#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "pretrain/models/vit.h"
#include "pretrain/weights/format.h"
#include "pretrain/weights/input.h"

namespace repbench {
namespace {

// timm's names are ours; the methods' own files differ in these.
constexpr Renaming kDinov2[] = {{"reg_token", "register_tokens"},
                                {"blocks.{}.mlp.fc1.*", "blocks.{}.mlp.w12.*"},
                                {"blocks.{}.mlp.fc2.*", "blocks.{}.mlp.w3.*"}};
constexpr Renaming kDinov2Plain[] = {{"reg_token", "register_tokens"}};
constexpr Renaming kDeit3[] = {{"blocks.{}.ls1.gamma", "blocks.{}.gamma_1"},
                               {"blocks.{}.ls2.gamma", "blocks.{}.gamma_2"}};

enum class Family { timm, mae, dinov2, clip };

Family family_of(const WeightsSource& source) {
  if (source.has("norm_pre.weight")) return Family::clip;
  const Json& model =
      source.notes().is_object() && source.notes().contains("args") ? source.notes()["args"] : Json();
  const bool by_args = model.is_object() && model.contains("mask_ratio");
  if (source.has("decoder_embed.weight") || by_args) return Family::mae;
  if (source.has("register_tokens") || (source.has("mask_token") && source.has("blocks.0.ls1.gamma")))
    return Family::dinov2;
  const std::string name = source.path.filename().string();
  const std::string architecture =
      source.config.is_object() ? source.config.value("architecture", std::string()) : std::string();
  if (name.find("mae_") != std::string::npos || name.find(".mae") != std::string::npos) return Family::mae;
  if (architecture.find("dinov2") != std::string::npos || name.find("dinov2") != std::string::npos)
    return Family::dinov2;
  return Family::timm;
}

/// Which tokens have positions follows from how many there are: with the prefix, with the class token, or the
/// patches alone must make a square.
void set_positions(const WeightsSource& source, VitOptions& options) {
  VitVariant& variant = options.variant;
  const int64_t rows = source.size("pos_embed", 1);
  const bool with_registers_between = source.has("register_tokens");  // Meta's files: they have no positions
  int64_t side = 0;
  if (!with_registers_between) {
    variant.positioned = "prefix";
    side = square_side(rows - variant.prefix());
  }
  if (side == 0) {
    variant.positioned = "class";
    side = square_side(rows - variant.positioned_prefix());
  }
  if (side == 0) {
    variant.positioned = "none";
    side = square_side(rows);
  }
  if (side == 0) {
    throw std::invalid_argument(fmt::format(
        "[weights] {}: tensor 'pos_embed': expected positions of a square grid and of {} tokens before it; "
        "got {}",
        source.path.string(), variant.prefix(), rows));
  }
  if (variant.prefix() == 1 && variant.positioned == "prefix") variant.positioned = "class";
  options.image_size = side * options.patch_size;
}

/// As the code does that the file comes from: timm's own with antialias; the methods' each in their way.
std::string position_resize_of(const WeightsSource& source, Family family) {
  const bool by_timm = source.config.is_object() && source.config.contains("architecture");
  if (by_timm || family == Family::timm || family == Family::clip) return "antialias";
  if (family == Family::mae) return "bicubic";
  if (source.has("register_tokens")) return "antialias";
  return source.has("mask_token") ? "dinov2" : "antialias";
}

VitOptions options_of(const WeightsSource& source, Family family) {
  VitOptions options;
  options.width = source.size("patch_embed.proj.weight", 0);
  options.channels = source.size("patch_embed.proj.weight", 1);
  options.patch_size = source.size("patch_embed.proj.weight", 2);
  options.depth = source.count("blocks");
  options.heads = 0;  // the tensors do not tell
  const bool packed = source.has("blocks.0.mlp.w12.weight");
  const int64_t hidden = source.size(packed ? "blocks.0.mlp.w12.weight" : "blocks.0.mlp.fc1.weight", 0),
                inner = source.size(packed ? "blocks.0.mlp.w3.weight" : "blocks.0.mlp.fc2.weight", 1);
  options.mlp_ratio = static_cast<double>(hidden) / static_cast<double>(options.width);
  options.norm_eps = family == Family::clip ? 1e-5 : 1e-6;
  VitVariant& variant = options.variant;
  variant.class_token = source.has("cls_token");
  variant.distillation_token = source.has("dist_token");
  const char* const registers = source.has("register_tokens") ? "register_tokens" : "reg_token";
  if (source.has(registers)) variant.register_tokens = source.size(registers, 1);
  variant.positions = family == Family::mae ? "fixed" : "learned";
  variant.position_resize = position_resize_of(source, family);
  variant.patch_bias = source.has("patch_embed.proj.bias");
  variant.norm_pre = source.has("norm_pre.weight");
  variant.qkv_bias = source.has("blocks.0.attn.qkv.bias");
  variant.layer_scale = source.has("blocks.0.ls1.gamma") || source.has("blocks.0.gamma_1");
  variant.activation = 2 * inner == hidden ? "swiglu" : "gelu";
  variant.final_norm = source.has("fc_norm.weight") && !source.has("norm.weight") ? "pooled" : "tokens";
  set_positions(source, options);
  return options;
}

InputSpec input_of(const VitOptions& options, Family family, const WeightsSource& source,
                   WeightsReading& reading) {
  const int64_t size = options.image_size;
  InputSpec input = imagenet_input(options.channels, size, size * 256 / 224);
  if (family == Family::clip) input = clip_input(options.channels, size);
  if (family == Family::dinov2 && size >= 448) input = imagenet_input(options.channels, size, size);
  const InputSpec usual = input;
  if (source.config.is_object() && source.config.contains("pretrained_cfg")) {
    apply_timm(source.config["pretrained_cfg"], input, reading.warnings);
    if (family == Family::mae || family == Family::dinov2)
      warn_of_other_statistics(input, usual, family == Family::mae ? "MAE" : "DINOv2", reading.warnings);
  } else if (family == Family::timm) {
    reading.guess(
        {"input.mean", "input.std", "input.view"},
        fmt::format("mean, std and crop are not in the file: ImageNet's and {} are assumed (timm's augreg "
                    "weights take "
                    "0.5); say them by --assume input.mean=... input.std=... input.view=...",
                    input.view));
  }
  return input;
}

/// Where an architecture's name says what its tensors do not.
struct Architecture {
  std::string_view part;  // of the name
  int64_t heads;          // 0: the usual ones
  std::string_view activation;
};
constexpr Architecture kArchitectures[] = {
    {"vit_base_patch16_gap_224", 16, ""}, {"giantopt", 16, "gelu_tanh"}, {"siglip", 0, "gelu_tanh"},
    {"quickgelu", 0, "quick_gelu"},       {"test_vit4", 3, ""},          {"test_vit", 2, ""}};

// They differ in the computation and not in the names of their tensors.
constexpr std::string_view kOthers[] = {"rpn",  "rope", "naflex", "eva", "aimv2",
                                        "beit", "_xp_", "pwee",   "18x2"};

void apply_architecture(const WeightsSource& source, const std::string& name, VitOptions& options) {
  for (const std::string_view other : kOthers) {
    if (name.find(other) == std::string::npos) continue;
    throw std::invalid_argument(fmt::format(
        "[weights] {}: expected the architecture of a plain ViT; got '{}', whose blocks are others",
        source.config_path.string(), name));
  }
  options.heads = usual_heads(options.width);
  for (const Architecture& row : kArchitectures) {
    if (name.find(row.part) == std::string::npos) continue;
    if (row.heads > 0) options.heads = row.heads;
    if (!row.activation.empty()) options.variant.activation = row.activation;
    break;
  }
}

/// What a timm configuration says and weights do not.
void apply_config(const WeightsSource& source, Family family, VitOptions& options, WeightsReading& reading) {
  if (!source.config.is_object() || !source.config.contains("architecture")) {
    if (family == Family::clip) {
      reading.guess({"variant.activation"},
                    "the activation is not in the weights: gelu is assumed, as timm's names "
                    "without 'quickgelu' have it; OpenAI's "
                    "weights want --assume variant.activation=quick_gelu");
    }
    return;
  }
  const std::string architecture = source.config["architecture"].get<std::string>();
  apply_architecture(source, architecture, options);
  const Json arguments = source.config.value("model_args", Json::object());
  if (arguments.is_object() && arguments.contains("num_heads") && arguments["num_heads"].is_number_integer())
    options.heads = arguments["num_heads"].get<int64_t>();
  const Json activation = arguments.is_object() ? arguments.value("act_layer", Json()) : Json();
  if (activation == "quick_gelu" || activation == "gelu_tanh" || activation == "gelu")
    options.variant.activation = activation.get<std::string>();
  const Json tag = source.config.value("pretrained_cfg", Json::object()).value("tag", Json(""));
  if (tag.is_string() && tag.get<std::string>().starts_with("openai") &&
      options.variant.activation == "gelu") {
    reading.warnings.push_back(
        fmt::format("the tag says openai, whose weights were trained with quick_gelu; the architecture {} "
                    "says gelu, which is used",
                    architecture));
  }
}

/// An architecture whose own arguments are right where a configuration cannot say them: eps, distillation,
/// SwiGLU.
std::string architecture_for(const VitOptions& options) {
  const VitVariant& variant = options.variant;
  if (variant.distillation_token) return "deit_base_distilled_patch16_224";
  if (variant.activation == "swiglu")
    return variant.register_tokens > 0 ? "vit_giant_patch14_reg4_dinov2" : "vit_giant_patch14_dinov2";
  if (variant.norm_pre)
    return variant.activation == "quick_gelu" ? "vit_base_patch32_clip_quickgelu_224"
                                              : "vit_base_patch32_clip_224";
  return "vit_base_patch16_224";
}

/// timm gives positions to all tokens before the patches or to none of them: where others have none, the
/// class token's is added to it. So it is where that position is nothing, which stands for none (DeiT III by
/// way of Hugging Face). True if the patches alone are left with positions.
bool take_positions_apart(const VitVariant& variant, NamedTensors& tensors) {
  at::Tensor* cls = nullptr;
  at::Tensor* positions = nullptr;
  for (NamedTensor& named : tensors) {
    if (named.name == "cls_token") cls = &named.tensor;
    if (named.name == "pos_embed") positions = &named.tensor;
  }
  if (variant.positioned_prefix() != 1) return variant.positioned_prefix() == 0;
  const at::Tensor first = positions->narrow(1, 0, 1);
  const bool nothing = variant.positions == "learned" && !first.any().item<bool>();
  if (variant.prefix() == 1 && !nothing) return false;
  *cls = *cls + first;
  *positions = positions->narrow(1, 1, positions->size(1) - 1).contiguous();
  return true;
}

}  // namespace

bool is_timm(const WeightsSource& source) {
  return source.has("patch_embed.proj.weight") || source.has("blocks.0.norm1.weight");
}

WeightsReading read_timm(const WeightsSource& source) {
  const Family family = family_of(source);
  WeightsReading reading;
  reading.kind = "vit";
  VitOptions options = options_of(source, family);
  apply_config(source, family, options, reading);
  reading.input = input_of(options, family, source, reading);
  guess_heads(options.width, options.heads, "heads", options.heads, reading);
  reading.elements = transformer_elements(options.width, options.depth, options.mlp_ratio, options.patches());
  reading.model = vit_config(options);
  if (source.has("blocks.0.mlp.w12.weight")) {
    reading.names = kDinov2;
  } else if (source.has("register_tokens")) {
    reading.names = kDinov2Plain;
  } else if (source.has("blocks.0.gamma_1")) {
    reading.names = kDeit3;
  }
  reading.left_out = {"head.*",    "head_dist.*", "pre_logits.*", "mask_token",
                      "decoder_*", "dino_head.*", "ibot_head.*"};
  return reading;
}

ExportedWeights write_timm(const Encoder& encoder) {
  const VitOptions& options = dynamic_cast<const Vit&>(encoder).options();
  const VitVariant& variant = options.variant;
  expect_for_export(variant.patch_bias == !variant.norm_pre, "timm",
                    "a norm before the blocks goes with a patch projection without bias there, and only so");
  ExportedWeights exported{"model.safetensors", tensors_for_export(encoder, {}), {}, {}};
  const bool patches_alone = take_positions_apart(variant, exported.tensors);
  Json arguments = {{"img_size", options.image_size},
                    {"patch_size", options.patch_size},
                    {"in_chans", options.channels},
                    {"embed_dim", options.width},
                    {"depth", options.depth},
                    {"num_heads", options.heads},
                    {"mlp_ratio", options.mlp_ratio},
                    {"qkv_bias", variant.qkv_bias},
                    {"pre_norm", variant.norm_pre},
                    {"class_token", variant.class_token},
                    {"init_values", variant.layer_scale ? Json(1e-5) : Json(nullptr)}};
  const std::string pool = variant.class_token && variant.final_norm == "tokens" ? "token" : "avg";
  if (!variant.distillation_token) {
    arguments["global_pool"] = pool;
    arguments["no_embed_class"] = patches_alone;
    arguments["reg_tokens"] = variant.register_tokens;
    arguments["fc_norm"] = variant.final_norm == "pooled";
  }
  if (variant.activation == "quick_gelu" || variant.activation == "gelu_tanh")
    arguments["act_layer"] = variant.activation;
  exported.files["config.json"] = {{"architecture", architecture_for(options)},
                                   {"num_classes", 0},
                                   {"num_features", options.width},
                                   {"global_pool", pool},
                                   {"model_args", arguments},
                                   {"pretrained_cfg", timm_pretrained_cfg(encoder.input())}};
  const double eps = variant.norm_pre ? 1e-5 : 1e-6;
  if (options.norm_eps != eps)
    exported.warnings.push_back(
        fmt::format("timm's norms have eps {:g} there, these weights {:g}", eps, options.norm_eps));
  return exported;
}

}  // namespace repbench
