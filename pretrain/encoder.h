#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "configs/options.h"
#include "datasets/batch.h"
#include "datasets/text/tokenizer.h"
#include "files/json.h"
#include "pretrain/tensors.h"

namespace repbench {

/// What an encoder expects to see.
struct InputSpec {
  int64_t channels = 3;
  int64_t size = 224;             // side of the square input in pixels
  std::string view;               // evaluation view, e.g. "eval:256:224:bicubic"
  std::vector<double> mean, std;  // per channel, for pixels scaled to [0, 1]

  Json to_json() const;
  static InputSpec from_json(const Json& json);
};

/// One step of an encoder's computation and the parameters that it alone uses.
struct Stage {
  std::string name;  // a ViT: patch, position, block.K.attention, block.K.mlp, norm
  NamedTensors parameters;
};

/// Stochastic depth while training (Huang et al. 2016), as timm's DropPath: a branch of block k of L is left
/// out for an example with probability rate * k / (L - 1), and scaled up by 1 / (1 - probability) where it is
/// kept. Draws are keyed by (seed, step, example), not by the batch that an example is in.
struct DropPath {
  double rate = 0;  // of the last block, in [0, 1)
  uint64_t seed = 0;
  uint64_t step = 0;
  std::span<const uint64_t> keys;  // one an example of the batch
};

struct StageContext {
  bool training = false;                // gradients will be asked for
  at::ScalarType compute = at::kFloat;  // operands of matrix products
  const DropPath* drop_path = nullptr;  // null: no branch is left out
};

/// The other half of a picture-text encoder.
class TextSide {
 public:
  virtual ~TextSide() = default;

  /// Null where only ids are known, as of weights with a vocabulary of their own.
  virtual std::shared_ptr<const Tokenizer> tokenizer() const = 0;
  virtual int64_t vocabulary_size() const = 0;
  virtual int64_t context_length() const = 0;

  /// tokens [B, N] int64 (SOT, ids, EOT, zeros; N up to the context length) to features [B, E] fp32, not
  /// normalised, in the space of the tap `projected`. What stands behind a text's EOT changes nothing.
  virtual at::Tensor features(const at::Tensor& tokens, const StageContext& context) const = 0;

  /// The factor on cosines: exp(logit_scale).
  virtual double scale() const = 0;

  /// The text side's own, logit_scale included.
  virtual const NamedTensors& parameters() const = 0;

  /// Multiply-accumulates of one text of `tokens` tokens.
  virtual int64_t macs(int64_t tokens) const = 0;
};

/// A picture encoder as a list of stages. Partial fine-tuning, layer-wise decay, prefix caches and masking
/// are all made of running some stages. Nothing here is about classification. Activations between stages are
/// fp32.
class Encoder {
 public:
  virtual ~Encoder() = default;

  virtual std::string kind() const = 0;  // a row of encoder_kinds()
  virtual Json config() const = 0;       // enough to make it again
  virtual const InputSpec& input() const = 0;
  virtual const std::vector<Stage>& stages() const = 0;

  /// Runs stages [from, to). Stage 0 takes images [B, C, H, W] float, normalised; a ViT then carries tokens
  /// [B, P + N, D] float, and any subset of the patch tokens may be taken out between stages.
  virtual at::Tensor forward(at::Tensor x, int64_t from, int64_t to, const StageContext& context) const = 0;

  /// Named features of images [B, C, H, W] float (normalised, any size that the model takes), in one pass.
  /// `cls`, `mean`, `cls+mean` [B, D or 2D]; `block:K:cls` etc. after block K (from 0); `tokens` [B, P + N,
  /// D]; `attention` [B, heads, P + N, P + N] of the last block; `projected` [B, E] where there is a text
  /// side. Throws std::invalid_argument listing the known taps.
  virtual std::map<std::string, at::Tensor> features(const at::Tensor& images,
                                                     std::span<const std::string> taps,
                                                     const StageContext& context) const = 0;

  /// Tokens before the patches: the class token first, where there is one, then others such as registers.
  virtual int64_t prefix_tokens() const { return 1; }

  /// A vector an example of the trunk's last tokens [B, P + N, D], normed where the model norms what is
  /// pooled: `cls`, `mean` (of the patches) [B, D], or `cls+mean` [B, 2D].
  virtual at::Tensor pool(const at::Tensor& tokens, std::string_view how) const;

  /// The taps that a probe tries when none are named.
  virtual std::vector<std::string> default_taps() const = 0;

  /// Multiply-accumulates of one picture through stages [from, to) with `tokens` tokens alive (-1: all).
  virtual int64_t macs(int64_t from, int64_t to, int64_t tokens = -1) const = 0;

  /// An independent copy: same values, own storage.
  virtual std::unique_ptr<Encoder> clone() const = 0;

  /// Draws every trained parameter anew, by the method's own rule, from the seed alone.
  virtual void initialise(uint64_t seed) = 0;

  /// Null for an encoder of pictures alone.
  virtual const TextSide* text() const { return nullptr; }

  /// Every parameter, in stage order, then the text side's. The tensors are the model's own: writing to them
  /// changes it.
  NamedTensors parameters() const;

  /// The number of stages without a last `projection`, which serves the space shared with texts alone.
  int64_t trunk_end() const;

  /// Index of a stage by name. Throws std::invalid_argument naming the nearest.
  int64_t stage_index(std::string_view name) const;

  /// uint8 [B, H, W, C] to normalised float [B, C, H, W] on the encoder's device: the one place that casts
  /// pixels.
  at::Tensor ingest(const View& view) const;

  /// Moves parameters to a device.
  void to(at::Device device);

  /// Converts the weights of matrix products once, for inference only; norms, positions and tokens stay fp32.
  void convert_matrices(at::ScalarType dtype);
};

/// A row of the table of encoders (pretrain/models/kinds.cpp).
struct EncoderKind {
  std::string_view name;
  std::string_view summary;
  std::unique_ptr<Encoder> (*make)(const Json& config, const InputSpec& input,
                                   const std::shared_ptr<const Tokenizer>& tokenizer);
};
std::span<const EncoderKind> encoder_kinds();

/// A configuration's group "variant" says in what weights made elsewhere differ from what is trained here.
/// Where it is as in `plain` it is not stored; where it is not stored, it is the fields' defaults.
Json without_plain_variant(Json config, const Json& plain);
Json with_variant(Json config, const Options& fields);

/// Copies every parameter's values and whether it is trained; the two are of one shape.
void copy_values(const Encoder& from, const Encoder& to);

/// `tokenizer` is for kinds with a text side. Throws std::invalid_argument for an unknown kind, or a config
/// with a wrong or missing key.
std::unique_ptr<Encoder> make_encoder(std::string_view kind, const Json& config, const InputSpec& input,
                                      const std::shared_ptr<const Tokenizer>& tokenizer = nullptr);

}  // namespace repbench
