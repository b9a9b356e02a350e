#include "protocols/solvers/checks.h"

#include <ATen/ATen.h>

#include <cmath>
#include <sstream>
#include <stdexcept>
#include <tuple>

namespace repbench {

void refuse(const std::string& where, const std::string& expected, const std::string& got) {
  throw std::invalid_argument("[" + where + "] expected " + expected + "; got " + got);
}

std::string describe(const at::Tensor& tensor) {
  if (!tensor.defined()) return "nothing";
  std::ostringstream text;
  text << at::toString(tensor.scalar_type()) << " " << tensor.sizes();
  return text.str();
}

void check_features(const std::string& where, const at::Tensor& features) {
  const bool shaped = features.defined() && features.dim() == 2 && features.numel() > 0;
  if (!shaped || (features.scalar_type() != at::kFloat && features.scalar_type() != at::kDouble)) {
    refuse(where, "float32 or float64 features [N, D] with N, D > 0", describe(features));
  }
  // A sum is not finite as soon as one term is not, and is far cheaper than a mask; it may overflow, though.
  if (std::isfinite(features.sum().item<double>())) return;
  if (!at::isfinite(features).all().item<bool>()) refuse(where, "finite features", "NaN or infinity");
}

void check_squares(const std::string& where, const at::Tensor& features) {
  constexpr double kMost = 1e15;
  if (features.abs().max().item<double>() > kMost) refuse(where, "features of at most 1e15", "larger ones");
}

void check_labels(const std::string& where, const at::Tensor& labels, int64_t n, int64_t classes) {
  if (classes < 1) refuse(where, "at least one class", std::to_string(classes));
  if (!labels.defined() || labels.dim() != 1 || labels.size(0) != n || labels.scalar_type() != at::kLong) {
    refuse(where, "int64 labels [" + std::to_string(n) + "]", describe(labels));
  }
  if (n == 0) return;
  const auto [low, high] = at::aminmax(labels);
  if (low.item<int64_t>() < 0 || high.item<int64_t>() >= classes) {
    refuse(where, "labels in 0 ... " + std::to_string(classes - 1),
           std::to_string(low.item<int64_t>()) + " ... " + std::to_string(high.item<int64_t>()));
  }
}

void check_positive(const std::string& where, const std::string& name, const std::vector<double>& values) {
  if (values.empty()) refuse(where, "at least one value of " + name, "none");
  for (const double value : values) {
    if (value > 0 && std::isfinite(value)) continue;
    std::ostringstream text;
    text << value;
    refuse(where, name + " > 0 and finite", text.str());
  }
}

}  // namespace repbench
