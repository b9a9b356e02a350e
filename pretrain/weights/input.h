#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pretrain/encoder.h"

// What pictures look like before a foreign encoder sees them.

namespace repbench {

/// ImageNet's mean and deviation. `resize` is the shorter side before a crop to `size`, both in pixels.
InputSpec imagenet_input(int64_t channels, int64_t size, int64_t resize);

/// CLIP's mean and deviation, no margin (Radford et al. 2021, its code).
InputSpec clip_input(int64_t channels, int64_t size);

/// timm's `pretrained_cfg`: mean, std, crop_pct, interpolation, input_size. What is absent stays.
void apply_timm(const Json& pretrained, InputSpec& input, std::vector<std::string>& warnings);

/// open_clip's `preprocess_cfg`: mean, std, interpolation, resize_mode, size.
void apply_open_clip(const Json& preprocess, InputSpec& input, std::vector<std::string>& warnings);

/// Hugging Face's preprocessor_config.json: image_mean, image_std, size, crop_size, resample.
void apply_hugging_face(const Json& preprocessor, InputSpec& input, std::vector<std::string>& warnings);

/// The same, the other way round.
Json timm_pretrained_cfg(const InputSpec& input);
Json open_clip_preprocess_cfg(const InputSpec& input);
Json hugging_face_preprocessor(const InputSpec& input);

/// Adds a warning where two inputs normalise differently.
void warn_of_other_statistics(const InputSpec& got, const InputSpec& usual, const std::string& family,
                              std::vector<std::string>& warnings);

}  // namespace repbench
