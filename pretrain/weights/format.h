#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pretrain/encoder.h"
#include "pretrain/weights/names.h"
#include "pretrain/weights/source.h"

namespace repbench {

/// What a format makes of a source.
struct WeightsReading {
  std::string kind;  // of encoder
  Json model;        // its configuration; heads are 0 where neither the weights nor a configuration tell them
  InputSpec input;
  std::shared_ptr<const Tokenizer> tokenizer;
  std::span<const Renaming> names;    // of the encoder's tensors in the source
  std::vector<std::string> left_out;  // patterns of names that are known and no part of an encoder
  std::vector<std::string> warnings;
};

/// A row of the table of formats (pretrain/weights/formats.cpp): whose names and conventions they are.
struct WeightsFormat {
  std::string_view name;
  std::string_view summary;
  bool (*recognises)(const WeightsSource& source);
  /// Reads the architecture from the configuration, else from shapes. Throws std::invalid_argument naming
  /// file and key.
  WeightsReading (*read)(const WeightsSource& source);
};
std::span<const WeightsFormat> weights_formats();

bool is_timm(const WeightsSource& source);
WeightsReading read_timm(const WeightsSource& source);
bool is_hf_vit(const WeightsSource& source);
WeightsReading read_hf_vit(const WeightsSource& source);
bool is_hf_clip(const WeightsSource& source);
WeightsReading read_hf_clip(const WeightsSource& source);
bool is_open_clip(const WeightsSource& source);
WeightsReading read_open_clip(const WeightsSource& source);

/// Heads of the published Transformers of this width; 0 for a width that none has.
int64_t usual_heads(int64_t width);

/// The side of a square grid of `patches`, 0 if they make none.
int64_t square_side(int64_t patches);

}  // namespace repbench
