#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pretrain/encoder.h"
#include "pretrain/models/clip.h"
#include "pretrain/weights/names.h"
#include "pretrain/weights/source.h"

namespace repbench {

/// What neither the weights nor a configuration say, and is taken from the family: a warning, unless the user
/// assumes all of `keys`.
struct WeightsGuess {
  std::vector<std::string> keys;
  std::string warning;
};

/// What a format makes of a source.
struct WeightsReading {
  std::string kind;                 // of encoder
  Json model;                       // its configuration
  std::vector<std::string> untold;  // keys of it that neither the weights nor a configuration tell
  double elements = 0;  // of its large tensors: what it would take is known before memory is asked for
  InputSpec input;
  std::shared_ptr<const Tokenizer> tokenizer;
  std::span<const Renaming> names;    // of the encoder's tensors in the source
  std::vector<std::string> left_out;  // patterns of names that are known and no part of an encoder
  std::vector<std::string> warnings;
  std::vector<WeightsGuess> guesses;

  void guess(std::vector<std::string> keys, std::string warning) {
    guesses.push_back({std::move(keys), std::move(warning)});
  }
};

/// What a format makes of an encoder: a folder's content.
struct ExportedWeights {
  std::string tensors_file;  // "model.safetensors"
  NamedTensors tensors;
  std::map<std::string, Json> files;  // "config.json" ...
  std::vector<std::string> warnings;  // what the format cannot say
};

/// A row of the table of formats (pretrain/weights/formats.cpp): whose names and conventions they are.
struct WeightsFormat {
  std::string_view name;
  std::string_view summary;
  bool (*recognises)(const WeightsSource& source);
  /// Reads the architecture from the configuration, else from shapes. Throws std::invalid_argument naming
  /// file and key.
  WeightsReading (*read)(const WeightsSource& source);
  std::string_view target;  // of `convert`: whose library loads what `write` makes
  bool (*writes)(const Encoder& encoder);
  /// Throws std::invalid_argument "[convert] ..." for what the library has no model of.
  ExportedWeights (*write)(const Encoder& encoder);
};
std::span<const WeightsFormat> weights_formats();

bool is_timm(const WeightsSource& source);
WeightsReading read_timm(const WeightsSource& source);
ExportedWeights write_timm(const Encoder& encoder);
bool is_hf_vit(const WeightsSource& source);
WeightsReading read_hf_vit(const WeightsSource& source);
ExportedWeights write_hf_vit(const Encoder& encoder);
bool is_hf_clip(const WeightsSource& source);
WeightsReading read_hf_clip(const WeightsSource& source);
ExportedWeights write_hf_clip(const Encoder& encoder);
bool is_open_clip(const WeightsSource& source);
WeightsReading read_open_clip(const WeightsSource& source);
ExportedWeights write_open_clip(const Encoder& encoder);

/// Throws std::invalid_argument "[convert] TARGET has no such model: WHAT" unless `holds`.
void expect_for_export(bool holds, std::string_view target, std::string_view what);

/// The encoder's tensors under a format's names.
NamedTensors tensors_for_export(const Encoder& encoder, std::span<const Renaming> names);

/// Heads of a Transformer of this width where no configuration told them (`told` 0): the usual ones as a
/// guess, or one head and `key` untold.
void guess_heads(int64_t width, int64_t told, const std::string& key, int64_t& heads,
                 WeightsReading& reading);

double clip_elements(const ClipOptions& options);

/// Elements of a Transformer's matrices, and of `rows` embeddings of its width.
double transformer_elements(int64_t width, int64_t depth, double mlp_ratio, int64_t rows);

/// Heads of the published Transformers of this width; 0 for a width that none has.
int64_t usual_heads(int64_t width);

/// The side of a square grid of `patches`, 0 if they make none.
int64_t square_side(int64_t patches);

}  // namespace repbench
