#include "datasets/images/resample.h"

#include <algorithm>
#include <cstring>
#include <tuple>
#include <vector>

#include "datasets/images/taps.h"

// Vectors of 32-bit products need SSE4.1 or AVX2, which the x86-64 baseline lacks; the loader picks at start.
// The results are integers, so they are the same in every clone. (The sanitizers cannot run the resolvers.)
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
#define REPBENCH_KERNEL __attribute__((target_clones("default", "avx2")))
#else
#define REPBENCH_KERNEL
#endif

namespace repbench {
namespace {

constexpr int32_t kHalf = 1 << (kFractionBits - 1);
using Weights = Taps<int32_t>;

inline uint8_t clip(int32_t sum) { return static_cast<uint8_t>(std::clamp(sum >> kFractionBits, 0, 255)); }

REPBENCH_KERNEL void grey_row(const uint8_t* input, const Weights& taps, int outputs, uint8_t* output) {
  for (int i = 0; i < outputs; ++i) {
    const uint8_t* pixel = input + taps.first[i];
    const int32_t* weights = taps.of(i);
    int32_t sum = kHalf;
    for (int k = 0; k < taps.count[i]; ++k) sum += pixel[k] * weights[k];
    output[i] = clip(sum);
  }
}

// Four lanes a pixel, of which `kChannels` count: `input` can be read some bytes past the last pixel.
template <int kChannels>
inline __attribute__((always_inline)) void colour_row(const uint8_t* input, const Weights& taps, int outputs,
                                                      uint8_t* output) {
  using Bytes [[gnu::vector_size(4)]] = uint8_t;
  using Lanes [[gnu::vector_size(16)]] = int32_t;
  for (int i = 0; i < outputs; ++i) {
    const uint8_t* pixel = input + kChannels * taps.first[i];
    const int32_t* weights = taps.of(i);
    Lanes sum = {kHalf, kHalf, kHalf, kHalf};
    for (int k = 0; k < taps.count[i]; ++k, pixel += kChannels) {
      Bytes bytes;
      std::memcpy(&bytes, pixel, sizeof bytes);
      sum += __builtin_convertvector(bytes, Lanes) * weights[k];
    }
    for (int c = 0; c < kChannels; ++c) output[kChannels * i + c] = clip(sum[c]);
  }
}

REPBENCH_KERNEL void two_channel_row(const uint8_t* input, const Weights& taps, int outputs,
                                     uint8_t* output) {
  colour_row<2>(input, taps, outputs, output);
}

REPBENCH_KERNEL void rgb_row(const uint8_t* input, const Weights& taps, int outputs, uint8_t* output) {
  colour_row<3>(input, taps, outputs, output);
}

REPBENCH_KERNEL void four_channel_row(const uint8_t* input, const Weights& taps, int outputs,
                                      uint8_t* output) {
  colour_row<4>(input, taps, outputs, output);
}

// Columns [0, bytes) of one output row; `input` points to the first row that it reads.
constexpr int kBlock = 32;

template <int kColumns>
inline void column_block(const uint8_t* input, int64_t stride, const int32_t* weights, int count,
                         uint8_t* output) {
  int32_t sums[kColumns];
  for (int j = 0; j < kColumns; ++j) sums[j] = kHalf;
  for (int k = 0; k < count; ++k, input += stride) {
    for (int j = 0; j < kColumns; ++j) sums[j] += input[j] * weights[k];
  }
  for (int j = 0; j < kColumns; ++j) output[j] = clip(sums[j]);
}

REPBENCH_KERNEL void vertical_row(const uint8_t* input, int64_t stride, const int32_t* weights, int count,
                                  int64_t bytes, uint8_t* output) {
  int64_t x = 0;
  for (; x + kBlock <= bytes; x += kBlock) {
    column_block<kBlock>(input + x, stride, weights, count, output + x);
  }
  for (; x + 4 <= bytes; x += 4) column_block<4>(input + x, stride, weights, count, output + x);
  for (; x < bytes; ++x) column_block<1>(input + x, stride, weights, count, output + x);
}

using RowKernel = void (*)(const uint8_t* input, const Weights& taps, int outputs, uint8_t* output);
constexpr RowKernel kRowKernels[] = {grey_row, two_channel_row, rgb_row, four_channel_row};

// Every row of `source` along x. Taps count from the source's first column.
void horizontal_pass(const PixelView& source, const Weights& taps, uint8_t* output) {
  const int outputs = taps.size();
  const size_t bytes = static_cast<size_t>(source.width) * source.channels;
  const RowKernel row = kRowKernels[source.channels - 1];
  const bool reads_past = source.channels == 2 || source.channels == 3;
  thread_local std::vector<uint8_t> padded;
  if (reads_past) padded.resize(bytes + 2);
  for (int y = 0; y < source.height; ++y, output += static_cast<int64_t>(outputs) * source.channels) {
    if (reads_past) std::memcpy(padded.data(), source.row(y), bytes);
    row(reads_past ? padded.data() : source.row(y), taps, outputs, output);
  }
}

// Every column of `source` along y. Taps count from the source's first row.
void vertical_pass(const PixelView& source, const Weights& taps, uint8_t* output) {
  const int64_t bytes = static_cast<int64_t>(source.width) * source.channels;
  for (int i = 0; i < taps.size(); ++i, output += bytes) {
    vertical_row(source.row(taps.first[i]), source.stride, taps.of(i), taps.count[i], bytes, output);
  }
}

// The pixels in between are 8-bit too, so the order counts.
void two_passes(const PixelView& source, const Weights& columns, const Weights& rows, bool start_with_rows,
                uint8_t* output) {
  thread_local std::vector<uint8_t> pixels;
  PixelView between = source;
  (start_with_rows ? between.height : between.width) = start_with_rows ? rows.size() : columns.size();
  between.stride = static_cast<int64_t>(between.width) * source.channels;
  pixels.resize(between.stride * between.height);
  between.data = pixels.data();
  if (start_with_rows) {
    vertical_pass(source, rows, pixels.data());
    horizontal_pass(between, columns, output);
  } else {
    horizontal_pass(source, columns, pixels.data());
    vertical_pass(between, rows, output);
  }
}

void copy_rows(const PixelView& from, uint8_t* output) {
  const size_t bytes = static_cast<size_t>(from.width) * from.channels;
  for (int y = 0; y < from.height; ++y, output += bytes) std::memcpy(output, from.row(y), bytes);
}

struct Axes {
  Axis rows, columns;
};

Axes axes_of(const PicturePart& picture, int height, int width, const Box& box, const CropWindow& window) {
  return {{picture.height, box.top, box.bottom, height, window.top, window.height},
          {picture.width, box.left, box.right, width, window.left, window.width}};
}

void nearest(const PicturePart& picture, const Axes& axes, uint8_t* output) {
  thread_local std::vector<int> rows, columns;
  nearest_inputs(axes.rows, rows);
  nearest_inputs(axes.columns, columns);
  const int channels = picture.pixels.channels;
  for (const int y : rows) {
    for (const int x : columns) {
      if (y < 0 || x < 0) {
        std::memset(output, 0, channels);
      } else {
        std::memcpy(output, picture.at(y, x), channels);
      }
      output += channels;
    }
  }
}

}  // namespace

PixelView PixelView::part(const CropWindow& window) const {
  return {row(window.top) + static_cast<int64_t>(window.left) * channels, window.height, window.width,
          channels, stride};
}

PixelView view_of(const Image& image) {
  return {image.pixels.data(), image.height, image.width, image.channels,
          static_cast<int64_t>(image.width) * image.channels};
}

PicturePart whole_picture(const PixelView& pixels) { return {pixels, 0, 0, pixels.height, pixels.width}; }

PixelView PicturePart::window(const CropWindow& wanted) const {
  return pixels.part({wanted.top - top, wanted.left - left, wanted.height, wanted.width});
}

CropWindow resample_source(int picture_height, int picture_width, int height, int width,
                           Interpolation interpolation, const CropWindow& window) {
  const PicturePart picture{{}, 0, 0, picture_height, picture_width};
  const auto [rows, columns] = axes_of(picture, height, width, whole_box(picture), window);
  CropWindow used = window;
  if (interpolation == Interpolation::nearest || filtered(rows)) {
    std::tie(used.top, used.height) = inputs_of(interpolation, rows);
  }
  if (interpolation == Interpolation::nearest || filtered(columns)) {
    std::tie(used.left, used.width) = inputs_of(interpolation, columns);
  }
  return used;
}

Box whole_box(const PicturePart& picture) {
  return {0, 0, static_cast<double>(picture.width), static_cast<double>(picture.height)};
}

void resample(const PicturePart& picture, int height, int width, Interpolation interpolation, const Box& box,
              const CropWindow& window, uint8_t* output) {
  const Axes axes = axes_of(picture, height, width, box, window);
  const bool along_x = filtered(axes.columns), along_y = filtered(axes.rows);
  if (!along_x && !along_y) return copy_rows(picture.window(window), output);
  if (interpolation == Interpolation::nearest) return nearest(picture, axes, output);

  thread_local Weights columns, rows;
  CropWindow used = window;  // the source pixels that count
  if (along_x) {
    compute_taps(interpolation, axes.columns, columns);
    std::tie(used.left, used.width) = columns.rebase();
  }
  if (along_y) {
    compute_taps(interpolation, axes.rows, rows);
    std::tie(used.top, used.height) = rows.rebase();
  }
  const PixelView source = picture.window(used);
  if (!along_y) return horizontal_pass(source, columns, output);
  if (!along_x) return vertical_pass(source, rows, output);
  two_passes(source, columns, rows, rows_first(axes.rows, axes.columns), output);
}

}  // namespace repbench
