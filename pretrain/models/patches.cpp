#include "pretrain/models/patches.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <stdexcept>

namespace repbench {

at::Tensor project_patches(const at::Tensor& images, const Linear& projection, at::ScalarType compute) {
  const int64_t channels = projection.weight.size(1), p = projection.weight.size(2);
  const int64_t rows = images.size(2) / p, columns = images.size(3) / p;
  if (images.size(1) != channels || rows * p != images.size(2) || columns * p != images.size(3)) {
    throw std::invalid_argument(
        fmt::format("[model] expected images [B, {}, H, W] with sides divisible by {}; got {} x {} x {}",
                    channels, p, images.size(1), images.size(2), images.size(3)));
  }
  // A convolution of stride p is a matrix product on patches laid out as (channel, row, column).
  const at::Tensor patches = images.view({images.size(0), channels, rows, p, columns, p})
                                 .permute({0, 2, 4, 1, 3, 5})
                                 .reshape({images.size(0), rows, columns, channels * p * p});
  const at::Tensor bias = projection.bias.defined() ? projection.bias.to(compute) : at::Tensor();
  return at::linear(patches.to(compute), projection.weight.flatten(1).to(compute), bias).to(at::kFloat);
}

at::Tensor sincos_positions(int64_t width, int64_t grid) {
  if (width % 4 != 0) {
    throw std::invalid_argument(
        fmt::format("[model] expected a width divisible by 4 for sin-cos positions; got {}", width));
  }
  const at::TensorOptions f64(at::kDouble);
  const at::Tensor frequency =
      at::pow(10000.0, -at::arange(width / 4, f64) / (static_cast<double>(width) / 4.0));
  const at::Tensor steps = at::arange(grid, f64);
  const auto axis = [&](const at::Tensor& place) {
    const at::Tensor angle = place.reshape({-1, 1}) * frequency;
    return at::cat({angle.sin(), angle.cos()}, 1);
  };
  const at::Tensor columns = axis(steps.repeat({grid}));
  const at::Tensor rows = axis(steps.repeat_interleave(grid));
  const at::Tensor patches = at::cat({columns, rows}, 1).to(at::kFloat);
  return at::cat({at::zeros({1, width}), patches}, 0).unsqueeze(0);
}

PositionResize position_resize_named(const std::string& name) {
  if (name == "antialias") return PositionResize::antialias;
  return name == "dinov2" ? PositionResize::dinov2 : PositionResize::bicubic;
}

at::Tensor interpolate_positions(const at::Tensor& positions, int64_t grid_height, int64_t grid_width,
                                 int64_t prefix, PositionResize how) {
  const int64_t patches = positions.size(1) - prefix;
  const auto grid = static_cast<int64_t>(std::lround(std::sqrt(static_cast<double>(patches))));
  if (grid == grid_height && grid == grid_width) return positions;
  const at::Tensor rows =
      positions.narrow(1, prefix, patches).reshape({1, grid, grid, -1}).permute({0, 3, 1, 2});
  const std::array<int64_t, 2> size = {grid_height, grid_width};
  at::Tensor resampled;
  if (how == PositionResize::antialias) {
    resampled = at::_upsample_bicubic2d_aa(rows.contiguous(), size, /*align_corners=*/false);
  } else if (how == PositionResize::dinov2) {
    const auto factor = [&](int64_t side) {
      return (static_cast<double>(side) + 0.1) / static_cast<double>(grid);
    };
    resampled =
        at::upsample_bicubic2d(rows, size, /*align_corners=*/false, factor(grid_height), factor(grid_width));
  } else {
    resampled = at::upsample_bicubic2d(rows, size, /*align_corners=*/false);
  }
  const at::Tensor flat = resampled.permute({0, 2, 3, 1}).reshape({1, grid_height * grid_width, -1});
  return at::cat({positions.narrow(1, 0, prefix), flat}, 1);
}

}  // namespace repbench
