#pragma once

#include <ATen/ATen.h>

#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "files/safetensors.h"

namespace repbench {

/// scikit-learn's solutions: see tests/golden/README.md.
class GoldenSolutions {
 public:
  explicit GoldenSolutions(const std::string& name = "logistic")
      : file_(std::filesystem::path(__FILE__).parent_path().parent_path() / "golden" /
              (name + ".safetensors")) {}

  at::Tensor at(const std::string& name) const {
    const TensorView& view = file_.at(name);
    const at::Tensor copy = at::empty(view.shape, view.dtype == DType::i64 ? at::kLong : at::kDouble);
    std::memcpy(copy.data_ptr(), view.bytes.data(), view.bytes.size());
    return copy;
  }

  std::vector<double> values(const std::string& name) const {
    const at::Tensor tensor = at(name);
    return {tensor.const_data_ptr<double>(), tensor.const_data_ptr<double>() + tensor.numel()};
  }

 private:
  SafetensorsFile file_;
};

inline double largest_difference(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

}  // namespace repbench
