#include "datasets/images/resample.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <tuple>
#include <utility>
#include <vector>

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

constexpr int kFractionBits = 32 - 8 - 2;
constexpr int32_t kHalf = 1 << (kFractionBits - 1);

struct Filter {
  double (*weight)(double);
  double support;
};

double bilinear(double x) {
  x = std::abs(x);
  return x < 1.0 ? 1.0 - x : 0.0;
}

double bicubic(double x) {  // Keys, a = -1/2; Pillow's order of operations
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1;
  if (x < 2.0) return (((x - 5) * x + 8) * x - 4) * a;
  return 0.0;
}

Filter filter_of(Interpolation interpolation) {
  return interpolation == Interpolation::bicubic ? Filter{bicubic, 2.0} : Filter{bilinear, 1.0};
}

// Which inputs make an output, and with what weights: output i reads count[i] inputs from first[i].
struct Taps {
  int longest = 0;
  std::vector<int> first, count;
  std::vector<int32_t> weights;  // [outputs, longest], fixed point

  const int32_t* of(int output) const { return weights.data() + static_cast<int64_t>(output) * longest; }
  int size() const { return static_cast<int>(first.size()); }

  // Counts inputs from the first one that is read; gives that one and how many there are.
  std::pair<int, int> rebase() {
    const int start = first.front();
    for (int& input : first) input -= start;
    return {start, first.back() + count.back()};
  }
};

int32_t fixed_point(double weight) {  // half away from zero
  return static_cast<int32_t>((weight < 0 ? -0.5 : 0.5) + weight * (1 << kFractionBits));
}

// One axis: `inputs` pixels, of which [from, to) become `outputs`; taps for outputs [begin, begin + wanted).
struct Axis {
  int inputs;
  double from, to;
  int outputs, begin, wanted;
};

void compute_taps(const Filter& filter, const Axis& axis, Taps& taps) {
  const float from = static_cast<float>(axis.from), to = static_cast<float>(axis.to);  // as Pillow keeps them
  const double scale = static_cast<double>(to - from) / axis.outputs;
  const double widening = std::max(scale, 1.0);
  const double support = filter.support * widening;
  const double inverse = 1.0 / widening;
  taps.longest = static_cast<int>(std::ceil(support)) * 2 + 1;
  taps.first.resize(axis.wanted);
  taps.count.resize(axis.wanted);
  taps.weights.resize(static_cast<size_t>(axis.wanted) * taps.longest);

  thread_local std::vector<double> raw;
  raw.resize(taps.longest);
  for (int i = 0; i < axis.wanted; ++i) {
    const double center = from + (axis.begin + i + 0.5) * scale;
    const int first = std::max(static_cast<int>(center - support + 0.5), 0);
    const int count = std::min(static_cast<int>(center + support + 0.5), axis.inputs) - first;
    double sum = 0.0;
    for (int k = 0; k < count; ++k) sum += raw[k] = filter.weight((k + first - center + 0.5) * inverse);
    int32_t* weights = taps.weights.data() + static_cast<int64_t>(i) * taps.longest;
    for (int k = 0; k < count; ++k) weights[k] = fixed_point(sum != 0.0 ? raw[k] / sum : raw[k]);
    taps.first[i] = first;
    taps.count[i] = count;
  }
}

inline uint8_t clip(int32_t sum) { return static_cast<uint8_t>(std::clamp(sum >> kFractionBits, 0, 255)); }

REPBENCH_KERNEL void grey_row(const uint8_t* input, const Taps& taps, int outputs, uint8_t* output) {
  for (int i = 0; i < outputs; ++i) {
    const uint8_t* pixel = input + taps.first[i];
    const int32_t* weights = taps.of(i);
    int32_t sum = kHalf;
    for (int k = 0; k < taps.count[i]; ++k) sum += pixel[k] * weights[k];
    output[i] = clip(sum);
  }
}

// `input` can be read one byte past the last pixel: four lanes, of which three count.
REPBENCH_KERNEL void rgb_row(const uint8_t* input, const Taps& taps, int outputs, uint8_t* output) {
  using Bytes [[gnu::vector_size(4)]] = uint8_t;
  using Lanes [[gnu::vector_size(16)]] = int32_t;
  for (int i = 0; i < outputs; ++i) {
    const uint8_t* pixel = input + 3 * taps.first[i];
    const int32_t* weights = taps.of(i);
    Lanes sum = {kHalf, kHalf, kHalf, kHalf};
    for (int k = 0; k < taps.count[i]; ++k, pixel += 3) {
      Bytes bytes;
      std::memcpy(&bytes, pixel, sizeof bytes);
      sum += __builtin_convertvector(bytes, Lanes) * weights[k];
    }
    for (int c = 0; c < 3; ++c) output[3 * i + c] = clip(sum[c]);
  }
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

// Every row of `source` along x. Taps count from the source's first column.
void horizontal_pass(const PixelView& source, const Taps& taps, uint8_t* output) {
  const int outputs = taps.size();
  const size_t bytes = static_cast<size_t>(source.width) * source.channels;
  thread_local std::vector<uint8_t> padded;
  if (source.channels == 3) padded.resize(bytes + 1);
  for (int y = 0; y < source.height; ++y, output += static_cast<int64_t>(outputs) * source.channels) {
    if (source.channels == 1) {
      grey_row(source.row(y), taps, outputs, output);
    } else {
      std::memcpy(padded.data(), source.row(y), bytes);
      rgb_row(padded.data(), taps, outputs, output);
    }
  }
}

// Every column of `source` along y. Taps count from the source's first row.
void vertical_pass(const PixelView& source, const Taps& taps, uint8_t* output) {
  const int64_t bytes = static_cast<int64_t>(source.width) * source.channels;
  for (int i = 0; i < taps.size(); ++i, output += bytes) {
    vertical_row(source.row(taps.first[i]), source.stride, taps.of(i), taps.count[i], bytes, output);
  }
}

// The pixels in between are 8-bit too, so the order counts.
void two_passes(const PixelView& source, const Taps& columns, const Taps& rows, bool rows_first,
                uint8_t* output) {
  thread_local std::vector<uint8_t> pixels;
  PixelView between = source;
  (rows_first ? between.height : between.width) = rows_first ? rows.size() : columns.size();
  between.stride = static_cast<int64_t>(between.width) * source.channels;
  pixels.resize(between.stride * between.height);
  between.data = pixels.data();
  if (rows_first) {
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

// Nearest: Pillow steps through the source by repeated addition, whose rounding is part of the result.
void source_positions(double from, double to, int inputs, int outputs, std::vector<int>& positions) {
  const double step = static_cast<double>(static_cast<float>(to) - static_cast<float>(from)) / outputs;
  double at = static_cast<float>(from) + step * 0.5;
  positions.resize(outputs);
  for (int i = 0; i < outputs; ++i, at += step) {
    const int position = at < 0.0 ? -1 : static_cast<int>(at);
    positions[i] = position < inputs ? position : -1;
  }
}

void nearest(const PixelView& picture, int height, int width, const Box& box, const CropWindow& window,
             uint8_t* output) {
  thread_local std::vector<int> rows, columns;
  source_positions(box.top, box.bottom, picture.height, height, rows);
  source_positions(box.left, box.right, picture.width, width, columns);
  const int channels = picture.channels;
  for (int y = window.top; y < window.top + window.height; ++y) {
    for (int x = window.left; x < window.left + window.width; ++x, output += channels) {
      if (rows[y] < 0 || columns[x] < 0) {
        std::memset(output, 0, channels);
      } else {
        std::memcpy(output, picture.row(rows[y]) + columns[x] * channels, channels);
      }
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

void resample(const PixelView& picture, int height, int width, Interpolation interpolation, const Box& box,
              const CropWindow& window, uint8_t* output) {
  const bool along_x = width != picture.width || box.left != 0 || box.right != width;
  const bool along_y = height != picture.height || box.top != 0 || box.bottom != height;
  if (!along_x && !along_y) return copy_rows(picture.part(window), output);
  if (interpolation == Interpolation::nearest) return nearest(picture, height, width, box, window, output);

  thread_local Taps columns, rows;
  const Filter filter = filter_of(interpolation);
  CropWindow used = window;  // the source pixels that count
  if (along_x) {
    compute_taps(filter, {picture.width, box.left, box.right, width, window.left, window.width}, columns);
    std::tie(used.left, used.width) = columns.rebase();
  }
  if (along_y) {
    compute_taps(filter, {picture.height, box.top, box.bottom, height, window.top, window.height}, rows);
    std::tie(used.top, used.height) = rows.rebase();
  }
  const PixelView source = picture.part(used);
  if (!along_y) return horizontal_pass(source, columns, output);
  if (!along_x) return vertical_pass(source, rows, output);
  // Pillow 13 starts with the rows when they shrink much more than the columns (its pull request 9549).
  const int fewer_rows = picture.height - height, fewer_columns = picture.width - width;
  two_passes(source, columns, rows, fewer_rows > 0 && fewer_rows > 2 * int64_t{fewer_columns}, output);
}

}  // namespace repbench
