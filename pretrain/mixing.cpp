#include "pretrain/mixing.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string_view>
#include <tuple>
#include <utility>

namespace repbench {
namespace {

void check_between(std::string_view what, double value, double high) {
  if (value >= 0.0 && value <= high) return;
  throw std::invalid_argument(
      fmt::format("[mixing] expected {} between 0 and {}; got {}", what, high, value));
}

// The logarithm of a variate of Gamma(alpha, 1): small alphas give numbers too small to be represented.
double draw_log_gamma(double alpha, RandomStream& stream) {
  if (alpha < 1.0) {  // Gamma(alpha + 1) times uniform^(1 / alpha)
    const double larger = draw_log_gamma(alpha + 1.0, stream);
    return larger + std::log(1.0 - stream.uniform()) / alpha;
  }
  const double d = alpha - 1.0 / 3.0, c = 1.0 / std::sqrt(9.0 * d);
  while (true) {
    const double x = stream.normal();
    const double root = 1.0 + c * x;
    if (root <= 0.0) continue;
    const double v = root * root * root;
    if (std::log(1.0 - stream.uniform()) < 0.5 * x * x + d - d * v + d * std::log(v)) return std::log(d * v);
  }
}

// [begin, end) of a side that is `cut` long around `center`, within the picture.
std::pair<int64_t, int64_t> span_around(int64_t center, int64_t cut, int64_t side) {
  return {std::clamp<int64_t>(center - cut / 2, 0, side),
          std::clamp<int64_t>(center + (cut + 1) / 2, 0, side)};
}

}  // namespace

void check(const MixOptions& options) {
  check_between("an alpha of mixup", options.mixup, 1000);
  check_between("an alpha of cutmix", options.cutmix, 1000);
  check_between("a probability", options.probability, 1);
  check_between("a probability of switching", options.switching, 1);
  check_between("a label smoothing", options.label_smoothing, 1);
}

double draw_beta(double alpha, RandomStream& stream) {
  const double a = draw_log_gamma(alpha, stream), b = draw_log_gamma(alpha, stream);
  return 1.0 / (1.0 + std::exp(b - a));
}

Mix cut_around(double share, int64_t row, int64_t column, int64_t height, int64_t width) {
  const double ratio = std::sqrt(1.0 - share);
  const auto cut_of = [&](int64_t side) { return static_cast<int64_t>(static_cast<double>(side) * ratio); };
  Mix mix{.cut = true};
  std::tie(mix.top, mix.bottom) = span_around(row, cut_of(height), height);
  std::tie(mix.left, mix.right) = span_around(column, cut_of(width), width);
  const auto area = static_cast<double>((mix.bottom - mix.top) * (mix.right - mix.left));
  mix.share = 1.0 - area / static_cast<double>(height * width);
  return mix;
}

Mix draw_mix(const MixOptions& options, int64_t height, int64_t width, RandomStream& stream) {
  if (!options.mixes() || stream.uniform() >= options.probability) return {};
  const bool cut = options.cutmix > 0.0 && (options.mixup <= 0.0 || stream.uniform() < options.switching);
  const double share = draw_beta(cut ? options.cutmix : options.mixup, stream);
  if (!cut) return {.share = share};
  const int64_t row = stream.integer(height);
  return cut_around(share, row, stream.integer(width), height, width);
}

at::Tensor mix_images(const at::Tensor& images, const Mix& mix) {
  if (mix.share == 1.0) return images;
  const at::Tensor partners = images.flip(0);
  if (!mix.cut) return images * mix.share + partners * (1.0 - mix.share);
  at::Tensor mixed = images.clone();
  const auto window = [&](const at::Tensor& all) {
    return all.slice(2, mix.top, mix.bottom).slice(3, mix.left, mix.right);
  };
  window(mixed).copy_(window(partners));
  return mixed;
}

at::Tensor mix_labels(const at::Tensor& labels, int64_t classes, double label_smoothing, const Mix& mix) {
  const double off = label_smoothing / static_cast<double>(classes);
  const at::Tensor targets = at::full({labels.size(0), classes}, off, labels.options().dtype(at::kFloat))
                                 .scatter_(1, labels.unsqueeze(1), 1.0 - label_smoothing + off);
  return mix.share == 1.0 ? targets : targets * mix.share + targets.flip(0) * (1.0 - mix.share);
}

at::Tensor soft_cross_entropy(const at::Tensor& logits, const at::Tensor& targets) {
  return -(targets * logits.log_softmax(1, at::kFloat)).sum(1).mean();
}

}  // namespace repbench
