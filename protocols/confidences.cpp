#include "protocols/confidences.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>

#include "protocols/solvers/checks.h"

namespace repbench {
namespace {

at::Tensor checked_logits(const at::Tensor& logits, const at::Tensor& labels) {
  if (!logits.defined() || logits.dim() != 2 || logits.numel() == 0 || !logits.is_floating_point())
    refuse("calibration", "floating-point logits [N, K] with N, K > 0", describe(logits));
  check_labels("calibration", labels, logits.size(0), logits.size(1));
  const at::Tensor rows = logits.to(at::kCPU, at::kDouble);
  if (!at::isfinite(rows).all().item<bool>()) refuse("calibration", "finite logits", "another");
  return rows - rows.amax({1}, /*keepdim=*/true);
}

std::vector<double> column_of(const at::Tensor& values) {
  const at::Tensor plain = values.contiguous();
  return {plain.const_data_ptr<double>(), plain.const_data_ptr<double>() + plain.numel()};
}

}  // namespace

Confidences confidences(const at::Tensor& logits, const at::Tensor& labels, double temperature) {
  if (!(temperature > 0)) refuse("calibration", "a temperature above 0", fmt::format("{}", temperature));
  const at::Tensor rows = checked_logits(logits, labels), of_label = labels.cpu().unsqueeze(1);
  const at::Tensor logs = at::log_softmax(rows / temperature, 1), probabilities = logs.exp();
  const at::Tensor truth = at::zeros_like(probabilities).scatter(1, of_label, 1.0);
  return {column_of(std::get<0>(probabilities.max(1))),
          column_of((probabilities - truth).square().sum(at::IntArrayRef{1})),
          column_of(-logs.gather(1, of_label).squeeze(1))};
}

double fit_temperature(const at::Tensor& logits, const at::Tensor& labels) {
  const at::Tensor rows = checked_logits(logits, labels);
  const at::Tensor of_label = rows.gather(1, labels.cpu().unsqueeze(1)).mean();
  struct Derivatives {
    double first, second;
  };
  const auto at_scale = [&](double scale) -> Derivatives {
    const at::Tensor weighted = at::softmax(scale * rows, 1) * rows;
    const at::Tensor mean = weighted.sum(at::IntArrayRef{1});
    const at::Tensor variance = (weighted * rows).sum(at::IntArrayRef{1}) - mean.square();
    return {(mean.mean() - of_label).item<double>(), variance.mean().item<double>()};
  };
  double low = 1 / kHighestTemperature, high = 1 / kLeastTemperature, scale = 1;
  if (at_scale(low).first >= 0) return kHighestTemperature;
  if (at_scale(high).first <= 0) return kLeastTemperature;
  constexpr int kMostSteps = 200;
  for (int step = 0; step < kMostSteps; ++step) {
    const Derivatives loss = at_scale(scale);
    (loss.first < 0 ? low : high) = scale;
    double next = scale - loss.first / loss.second;
    if (!(next > low && next < high)) next = std::sqrt(low * high);
    const bool done = std::abs(next - scale) <= 1e-13 * scale;
    scale = next;
    if (done) break;
  }
  return 1 / scale;
}

}  // namespace repbench
