#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace repbench {

struct Subject;

/// A linear classifier that was trained on one feature of one encoder, and is worth nothing on another:
/// scores = weight x + bias.
struct TrainedHead {
  std::string encoder_sha256;  // Subject::sha256: of the weights
  std::string tap;             // of the encoder: what is pooled, and how
  std::string view;            // evaluation view of the pictures
  std::string feature_norm;    // of a row before the head: "none", or "l2" (to length 1)
  std::string trained_as;      // what turns scores into probabilities: "softmax", "sigmoid" or "none"
  std::vector<std::string> class_names;
  at::Tensor weight;  // [K, D] float64
  at::Tensor bias;    // [K] float64
};

/// A safetensors file; the same head gives the same bytes.
void write_head(const std::filesystem::path& file, const TrainedHead& head);

/// Throws std::invalid_argument "[head] FILE: expected ...; got ..." for another kind of file, or one whose
/// tensors are not of the promised shapes and finite.
TrainedHead read_head(const std::filesystem::path& file);

/// Throws std::invalid_argument "[head] FILE: expected ...; got ..." where the head belongs to other weights,
/// another view or other classes.
void check_belongs(const TrainedHead& head, const std::filesystem::path& file, const Subject& subject,
                   std::string_view view, const std::vector<std::string>& class_names);

/// Scores [N, K] float64 of features [N, D] of the head's tap.
at::Tensor head_scores(const TrainedHead& head, const at::Tensor& features);

}  // namespace repbench
