#pragma once

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <limits>
#include <string>

#include "files/safetensors.h"
#include "pretrain/tensors.h"

namespace repbench {

/// A golden file's contents as tensors.
class GoldenTensors {
 public:
  explicit GoldenTensors(const std::filesystem::path& path) : file_(path) {}

  at::Tensor at(const std::string& name) const { return to_tensor(file_.at(name)); }

  /// Copies `param.NAME` into every tensor NAME.
  void fill(const NamedTensors& tensors) const {
    const c10::NoGradGuard no_grad;
    // numpy writes a scalar with one dimension.
    for (const auto& [name, tensor] : tensors) tensor.copy_(at("param." + name).reshape(tensor.sizes()));
  }

 private:
  SafetensorsFile file_;
};

/// The largest difference, as a share of the largest magnitude that is expected.
inline double relative_error(const at::Tensor& got, const at::Tensor& expected) {
  if (got.sizes() != expected.sizes()) {
    ADD_FAILURE() << "expected the shape " << expected.sizes() << "; got " << got.sizes();
    return std::numeric_limits<double>::infinity();
  }
  const at::Tensor wanted = expected.to(at::kDouble);
  return ((got.to(at::kDouble) - wanted).abs().max() / wanted.abs().max()).item<double>();
}

/// The tensor of that name; a failure and an undefined tensor if there is none.
inline at::Tensor tensor_named(const NamedTensors& tensors, const std::string& name) {
  for (const NamedTensor& named : tensors) {
    if (named.name == name) return named.tensor;
  }
  ADD_FAILURE() << "no tensor is named " << name;
  return {};
}

/// Same names in the same order, same bits.
inline void expect_identical(const NamedTensors& a, const NamedTensors& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].name, b[i].name);
    EXPECT_TRUE(at::equal(a[i].tensor, b[i].tensor)) << a[i].name;
  }
}

/// Own storage: later training does not change it.
inline NamedTensors copied(const NamedTensors& tensors) {
  NamedTensors copies;
  for (const auto& [name, tensor] : tensors) copies.push_back({name, tensor.detach().clone()});
  return copies;
}

}  // namespace repbench
