#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/dataset.h"

namespace repbench {

/// Those of a data set's classes that are judged and can be predicted (ImageNet-A and -R: 200 of 1,000).
struct ClassSubset {
  std::vector<int64_t> classes;    // ascending, each once
  std::vector<std::string> names;  // of them
  std::string sha256;              // over places and names

  bool is_all() const { return names.empty(); }

  /// The columns of these classes. scores [N, K] -> [N, K'].
  at::Tensor columns(const at::Tensor& scores) const;

  /// Places within the subset. labels [N] int64 in 0 ... K-1, `ids` of the examples. Throws
  /// std::invalid_argument "[WHERE] key 'classes': ..." naming the first example of another class.
  at::Tensor labels_within(const at::Tensor& labels, const std::vector<std::string>& ids,
                           const Dataset& dataset, std::string_view where) const;
};

/// `wanted`: names of classes in any spelling (datasets/text/class_names.h), or their numbers from 0; one
/// path with a "/" or ending in ".json": a file with a JSON list of these. Empty: all classes. Throws
/// std::invalid_argument "[WHERE] key 'classes': expected ...; got ..." for a class that is not the data
/// set's, that is meant twice, or whose name is that of two.
ClassSubset class_subset(const std::vector<std::string>& wanted, const Dataset& dataset,
                         std::string_view where);

}  // namespace repbench
