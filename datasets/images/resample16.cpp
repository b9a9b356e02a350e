#include <algorithm>
#include <vector>

#include "datasets/images/resample.h"
#include "datasets/images/taps.h"

// Pillow resizes its mode I;16 with weights in double precision; the pixels between the passes are rounded.

namespace repbench {
namespace {

using Weights = Taps<double>;

double value(const uint8_t* pixel) { return pixel[0] + 256 * pixel[1]; }

void put(double sum, uint8_t* pixel) {
  const int rounded = static_cast<int>(sum >= 0.0 ? sum + 0.5 : sum - 0.5);
  const int clipped = std::clamp(rounded, 0, 0xffff);
  pixel[0] = static_cast<uint8_t>(clipped & 0xff);
  pixel[1] = static_cast<uint8_t>(clipped >> 8);
}

// `step` bytes lie between the inputs of one sum.
void filter_pixel(const uint8_t* input, int64_t step, const Weights& taps, int output, uint8_t* pixel) {
  const double* weights = taps.of(output);
  double sum = 0.0;
  for (int k = 0; k < taps.count[output]; ++k, input += step) sum += value(input) * weights[k];
  put(sum, pixel);
}

Image horizontal(const PixelView& source, const Weights& taps) {
  Image result{source.height, taps.size(), 2, {}, PixelKind::grey16};
  result.pixels.resize(static_cast<size_t>(source.height) * result.width * 2);
  for (int y = 0; y < source.height; ++y) {
    for (int x = 0; x < result.width; ++x) {
      filter_pixel(source.row(y) + 2 * int64_t{taps.first[x]}, 2, taps, x, result.row(y) + 2 * int64_t{x});
    }
  }
  return result;
}

Image vertical(const PixelView& source, const Weights& taps) {
  Image result{taps.size(), source.width, 2, {}, PixelKind::grey16};
  result.pixels.resize(static_cast<size_t>(result.height) * source.width * 2);
  for (int y = 0; y < result.height; ++y) {
    for (int x = 0; x < source.width; ++x) {
      const int64_t column = 2 * int64_t{x};
      filter_pixel(source.row(taps.first[y]) + column, source.stride, taps, y, result.row(y) + column);
    }
  }
  return result;
}

// Here Pillow multiplies where it adds repeatedly for 8 bits (`nearest_inputs`); the rounding differs.
int nearest_input(const Axis& axis, int output) {
  const auto from = static_cast<double>(static_cast<float>(axis.from));
  const double step =
      static_cast<double>(static_cast<float>(axis.to) - static_cast<float>(axis.from)) / axis.outputs;
  const int input = static_cast<int>(step * (output + 0.5) + from);
  return input < axis.inputs ? input : -1;
}

void nearest(const Axis& rows, const Axis& columns, const PixelView& picture, uint8_t* output) {
  std::vector<int> positions(static_cast<size_t>(columns.outputs));
  for (int x = 0; x < columns.outputs; ++x) positions[x] = nearest_input(columns, x);
  for (int i = 0; i < rows.outputs; ++i) {
    const int y = nearest_input(rows, i);
    for (const int x : positions) {
      const uint8_t* const pixel = y < 0 || x < 0 ? nullptr : picture.row(y) + 2 * int64_t{x};
      *output++ = pixel ? pixel[0] : 0;
      *output++ = pixel ? pixel[1] : 0;
    }
  }
}

Image copy(const PixelView& source) {
  Image same{source.height, source.width, 2, {}, PixelKind::grey16};
  for (int y = 0; y < source.height; ++y) {
    same.pixels.insert(same.pixels.end(), source.row(y), source.row(y) + 2 * int64_t{source.width});
  }
  return same;
}

}  // namespace

void resample16(const PixelView& picture, int height, int width, Interpolation interpolation, const Box& box,
                uint8_t* output) {
  if (interpolation == Interpolation::nearest) {
    return nearest({picture.height, box.top, box.bottom, height, 0, height},
                   {picture.width, box.left, box.right, width, 0, width}, picture, output);
  }
  const Axis rows{picture.height, box.top, box.bottom, height, 0, height};
  const Axis columns{picture.width, box.left, box.right, width, 0, width};
  const bool start_with_rows = rows_first(rows, columns);
  const auto pass = [&](const PixelView& source, bool along_rows) {
    const Axis& axis = along_rows ? rows : columns;
    if (!filtered(axis)) return copy(source);
    Weights taps;
    compute_taps(interpolation, axis, taps);
    return along_rows ? vertical(source, taps) : horizontal(source, taps);
  };
  const Image between = pass(picture, start_with_rows);
  const Image result = pass(view_of(between), !start_with_rows);
  std::copy(result.pixels.begin(), result.pixels.end(), output);
}

}  // namespace repbench
