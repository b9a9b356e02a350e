#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "files/json.h"

namespace repbench {

/// Features that somebody computed, with what they are judged by. Read from one file of tensors
/// (files/tensor_file.h), from a folder of two of them, train.* and test.*, or from a folder of plain arrays:
/// features.npy, labels.npy and so on. Arrays and texts of a file, by name:
///   features       [N, D] floating point, finite
///   labels         [N] integers, optional; negative: the row has none
///   ids            N texts or integers, each once, optional: "0", "1", ...
///   split          N texts "train" or "test", or integers 0 (train) or 1 (test), optional; of a single file
///   class_names    a text a class, optional
///   text_features  [M, D] floating point, optional; of two files, the test file's. One a class in the order
///                  of labels, or texts about rows
///   text_owner     [M] integers, the row that each text is about, optional: text i is about row i if M = N
///   dataset, weights, view   texts, optional: what was embedded, by what
/// Texts are arrays of strings or, in a safetensors file, metadata; lists of them as JSON.
struct FeatureFile {
  std::filesystem::path path;
  std::string name;                      // of the file or folder, without its extension
  std::string dataset;                   // as the file says, or `name`
  at::Tensor features;                   // [N, D] float32
  std::vector<int64_t> labels;           // [N], -1: none
  std::vector<std::string> ids;          // [N]
  std::vector<int64_t> split;            // [N], 0 train, 1 test; empty: not said
  std::vector<std::string> class_names;  // "0", "1", ... where they are not said; empty without labels
  at::Tensor text_features;              // [M, D] float32; undefined if there are none
  std::vector<int64_t> text_owner;       // [M] rows; empty if texts can be of classes alone
  bool owner_given = false;              // texts are of rows alone
  Json made_by = Json::object();         // "weights" and "view", as far as the file says
  std::string sha256;                    // of the features and text features as float32
  std::vector<std::string> warnings;

  int64_t size() const { return features.size(0); }

  /// Are there text features, one a class?
  bool has_class_texts() const;

  /// Ascending rows of "train" or "test"; all rows where the file says no split.
  std::vector<int64_t> rows_of_split(std::string_view wanted) const;
};

/// More classes than any data set has: a label beyond is taken for an error.
inline constexpr int64_t kMostClasses = 100'000;

/// Could this be meant as features? A file with an array `features` or `labels`, a .npy file, or a folder
/// with train.* or test.* files of tensors or features.npy. Never throws: what cannot be read is none.
bool is_feature_file(const std::filesystem::path& path);

/// Throws std::invalid_argument "[features] FILE: 'NAME': expected ...; got ..." for whatever is missing or
/// does not fit, and as files/tensor_file.h where the file itself is broken.
FeatureFile read_feature_file(const std::filesystem::path& path);

}  // namespace repbench
