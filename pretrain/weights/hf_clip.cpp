#include <fmt/format.h>

#include "files/checked_json.h"
#include "pretrain/models/clip.h"
#include "pretrain/weights/clip_tokenizer_of.h"
#include "pretrain/weights/format.h"
#include "pretrain/weights/input.h"

namespace repbench {
namespace {

constexpr Renaming kNames[] = {
    {"visual.conv1.weight", "vision_model.embeddings.patch_embedding.weight"},
    {"visual.class_embedding", "vision_model.embeddings.class_embedding"},
    {"visual.positional_embedding", "vision_model.embeddings.position_embedding.weight"},
    {"visual.ln_pre.*", "vision_model.pre_layrnorm.*"},
    {"visual.transformer.resblocks.{}.ln_1.*", "vision_model.encoder.layers.{}.layer_norm1.*"},
    {"visual.transformer.resblocks.{}.attn.in_proj_weight",
     "vision_model.encoder.layers.{}.self_attn.q_proj.weight|vision_model.encoder.layers.{}.self_attn.k_proj."
     "weight|"
     "vision_model.encoder.layers.{}.self_attn.v_proj.weight"},
    {"visual.transformer.resblocks.{}.attn.in_proj_bias",
     "vision_model.encoder.layers.{}.self_attn.q_proj.bias|vision_model.encoder.layers.{}.self_attn.k_proj."
     "bias|"
     "vision_model.encoder.layers.{}.self_attn.v_proj.bias"},
    {"visual.transformer.resblocks.{}.attn.out_proj.*",
     "vision_model.encoder.layers.{}.self_attn.out_proj.*"},
    {"visual.transformer.resblocks.{}.ln_2.*", "vision_model.encoder.layers.{}.layer_norm2.*"},
    {"visual.transformer.resblocks.{}.mlp.c_fc.*", "vision_model.encoder.layers.{}.mlp.fc1.*"},
    {"visual.transformer.resblocks.{}.mlp.c_proj.*", "vision_model.encoder.layers.{}.mlp.fc2.*"},
    {"visual.ln_post.*", "vision_model.post_layernorm.*"},
    {"visual.proj", "visual_projection.weight", true},
    {"positional_embedding", "text_model.embeddings.position_embedding.weight"},
    {"token_embedding.weight", "text_model.embeddings.token_embedding.weight"},
    {"transformer.resblocks.{}.ln_1.*", "text_model.encoder.layers.{}.layer_norm1.*"},
    {"transformer.resblocks.{}.attn.in_proj_weight",
     "text_model.encoder.layers.{}.self_attn.q_proj.weight|text_model.encoder.layers.{}.self_attn.k_proj."
     "weight|"
     "text_model.encoder.layers.{}.self_attn.v_proj.weight"},
    {"transformer.resblocks.{}.attn.in_proj_bias",
     "text_model.encoder.layers.{}.self_attn.q_proj.bias|text_model.encoder.layers.{}.self_attn.k_proj.bias|"
     "text_model.encoder.layers.{}.self_attn.v_proj.bias"},
    {"transformer.resblocks.{}.attn.out_proj.*", "text_model.encoder.layers.{}.self_attn.out_proj.*"},
    {"transformer.resblocks.{}.ln_2.*", "text_model.encoder.layers.{}.layer_norm2.*"},
    {"transformer.resblocks.{}.mlp.c_fc.*", "text_model.encoder.layers.{}.mlp.fc1.*"},
    {"transformer.resblocks.{}.mlp.c_proj.*", "text_model.encoder.layers.{}.mlp.fc2.*"},
    {"ln_final.*", "text_model.final_layer_norm.*"},
    {"text_projection", "text_projection.weight", true}};

constexpr const char* kPatch = "vision_model.embeddings.patch_embedding.weight";

ClipOptions options_of(const WeightsSource& source) {
  ClipOptions options;
  options.width = source.size(kPatch, 0);
  options.channels = source.size(kPatch, 1);
  options.patch_size = source.size(kPatch, 2);
  options.depth = source.count("vision_model.encoder.layers");
  options.heads = 0;  // the tensors do not tell
  options.embed_dim = source.size("visual_projection.weight", 0);
  const int64_t side = square_side(source.size("vision_model.embeddings.position_embedding.weight", 0) - 1);
  options.image_size = std::max<int64_t>(1, side) * options.patch_size;
  options.mlp_ratio = static_cast<double>(source.size("vision_model.encoder.layers.0.mlp.fc1.weight", 0)) /
                      static_cast<double>(options.width);
  options.position_resize = "bicubic";
  TextOptions& text = options.text;
  text.context_length = source.size("text_model.embeddings.position_embedding.weight", 0);
  text.width = source.size("text_model.embeddings.token_embedding.weight", 1);
  text.depth = source.count("text_model.encoder.layers");
  text.heads = 0;
  options.text_variant.vocabulary = source.size("text_model.embeddings.token_embedding.weight", 0);
  options.text_variant.mlp_ratio =
      static_cast<double>(source.size("text_model.encoder.layers.0.mlp.fc1.weight", 0)) /
      static_cast<double>(text.width);
  return options;
}

/// The end of a text: transformers takes the highest id where eos_token_id is 2, a mistake of old
/// configurations that it keeps, and the first eos_token_id else.
int64_t end_token(const CheckedJson& text, int64_t vocabulary) {
  const auto eos = text.find("eos_token_id");
  if (!eos || eos->integer() == 2 || eos->integer() == vocabulary - 1) return -1;
  return eos->integer();
}

void apply_tower(const CheckedJson& tower, int64_t& heads, std::string& activation,
                 const std::string& other) {
  if (const auto count = tower.find("num_attention_heads")) heads = count->integer();
  if (const auto eps = tower.find("layer_norm_eps"); eps && eps->number() != 1e-5) eps->fail("1e-05, CLIP's");
  if (const auto act = tower.find("hidden_act")) {
    activation = act->text();
    if (activation != "gelu" && activation != "quick_gelu") act->fail("gelu or quick_gelu");
    if (!other.empty() && activation != other) act->fail("the other tower's activation, " + other);
  }
}

void apply_config(const WeightsSource& source, ClipOptions& options, WeightsReading& reading) {
  if (!source.config.is_object()) {
    reading.guess({"activation"},
                  "no config.json beside the weights: the activation is assumed to be "
                  "quick_gelu, transformers' default; where it "
                  "is not, say --assume activation=gelu");
    return;
  }
  const CheckedJson config(source.config, "[weights] " + source.config_path.string());
  std::string first;
  if (const auto vision = config.find("vision_config")) {
    apply_tower(*vision, options.heads, options.activation, "");
    first = options.activation;
  }
  if (const auto text = config.find("text_config")) {
    apply_tower(*text, options.text.heads, options.activation, first);
    options.text_variant.end_token = end_token(*text, options.text_variant.vocabulary);
  }
}

}  // namespace

bool is_hf_clip(const WeightsSource& source) {
  return source.has_prefix("vision_model.") && source.has_prefix("text_model.");
}

WeightsReading read_hf_clip(const WeightsSource& source) {
  WeightsReading reading;
  reading.kind = "clip";
  ClipOptions options = options_of(source);
  apply_config(source, options, reading);
  guess_heads(options.width, options.heads, "heads", options.heads, reading);
  guess_heads(options.text.width, options.text.heads, "text.heads", options.text.heads, reading);
  reading.elements = clip_elements(options);
  reading.model = clip_config(options);
  reading.input = clip_input(options.channels, options.image_size);
  const InputSpec usual = reading.input;
  apply_hugging_face(source.preprocessor, reading.input, reading.warnings);
  warn_of_other_statistics(reading.input, usual, "CLIP", reading.warnings);
  reading.tokenizer = tokenizer_of_vocabulary(options.text_variant.vocabulary, reading.warnings);
  reading.names = kNames;
  reading.left_out = {"*position_ids"};
  return reading;
}

ExportedWeights write_hf_clip(const Encoder& encoder) {
  const auto& clip = dynamic_cast<const Clip&>(encoder);
  const ClipOptions& options = clip.options();
  ExportedWeights exported{"model.safetensors", tensors_for_export(encoder, kNames), {}, {}};
  const int64_t vocabulary = encoder.text()->vocabulary_size();
  const int64_t end = options.text_variant.end_token < 0 ? vocabulary - 1 : options.text_variant.end_token;
  exported.files["config.json"] = {
      {"architectures", {"CLIPModel"}},
      {"model_type", "clip"},
      {"dtype", "float32"},
      {"projection_dim", options.embed_dim},
      {"text_config",
       {{"model_type", "clip_text_model"},
        {"vocab_size", vocabulary},
        {"bos_token_id", vocabulary - 2},
        {"eos_token_id", end},
        {"pad_token_id", 1},
        {"hidden_act", options.activation},
        {"hidden_size", options.text.width},
        {"intermediate_size", mlp_width(options.text.width, options.text_variant.mlp_ratio)},
        {"layer_norm_eps", 1e-5},
        {"max_position_embeddings", options.text.context_length},
        {"num_attention_heads", options.text.heads},
        {"num_hidden_layers", options.text.depth},
        {"projection_dim", options.embed_dim}}},
      {"vision_config",
       {{"model_type", "clip_vision_model"},
        {"hidden_act", options.activation},
        {"hidden_size", options.width},
        {"intermediate_size", mlp_width(options.width, options.mlp_ratio)},
        {"image_size", options.image_size},
        {"layer_norm_eps", 1e-5},
        {"num_attention_heads", options.heads},
        {"num_channels", options.channels},
        {"num_hidden_layers", options.depth},
        {"patch_size", options.patch_size},
        {"projection_dim", options.embed_dim}}}};
  exported.files["preprocessor_config.json"] = hugging_face_preprocessor(encoder.input());
  if (vocabulary != kClipVocabulary)
    exported.warnings.emplace_back(
        "the vocabulary is not CLIP's: CLIPTokenizer does not fit, give the model ids");
  return exported;
}

}  // namespace repbench
