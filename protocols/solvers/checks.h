#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

// What solvers and metrics demand of their input. All throw std::invalid_argument "[where] expected ...; got
// ...".

namespace repbench {

[[noreturn]] void refuse(const std::string& where, const std::string& expected, const std::string& got);

/// Type and sizes, "Float [3, 4]", or "nothing" for an undefined tensor.
std::string describe(const at::Tensor& tensor);

/// [N, D] float32 or float64, not empty, finite.
void check_features(const std::string& where, const at::Tensor& features);

/// No feature so large that sums of squares overflow float32.
void check_squares(const std::string& where, const at::Tensor& features);

/// [n] int64 in 0 ... classes - 1.
void check_labels(const std::string& where, const at::Tensor& labels, int64_t n, int64_t classes);

/// > 0 and finite; at least one.
void check_positive(const std::string& where, const std::string& name, const std::vector<double>& values);

}  // namespace repbench
