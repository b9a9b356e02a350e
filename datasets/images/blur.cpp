#include "datasets/images/blur.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "datasets/images/colour.h"

namespace repbench {
namespace {

constexpr int kPasses = 3;

// A box of 2 * reach + 1 whole pixels and a part of one at each end; weights in 24-bit fixed point.
struct BoxFilter {
  int reach;
  uint32_t whole, part;

  explicit BoxFilter(float radius) : reach(static_cast<int>(radius)) {
    constexpr uint32_t kOne = 1U << 24;
    whole = static_cast<uint32_t>(static_cast<float>(kOne) / (radius * 2 + 1));
    part = (kOne - static_cast<uint32_t>(reach * 2 + 1) * whole) / 2;
  }
};

// Of the box whose `kPasses`-fold blur has this variance.
float box_radius(float deviation) {
  const float variance = deviation * deviation / static_cast<float>(kPasses);
  const auto length = static_cast<float>(std::sqrt(12.0 * variance + 1.0));
  const auto whole = static_cast<float>(std::floor((length - 1.0) / 2.0));
  float part = (2 * whole + 1) * (whole * (whole + 1) - 3 * variance);
  part /= 6 * (variance - (whole + 1) * (whole + 1));
  return whole + part;
}

// One line, `reach` + 1 copies of its ends on both sides: output x is the sum around padded[x + reach + 1].
void blur_line(const BoxFilter& box, const std::vector<uint8_t>& padded, int length, uint8_t* output) {
  const int far = 2 * box.reach + 2;
  uint32_t sum = 0;
  for (int k = 0; k < far - 1; ++k) sum += padded[k];  // of the box one step before the first
  for (int x = 0; x < length; ++x) {
    sum += padded[x + far - 1] - static_cast<uint32_t>(padded[x]);
    const uint32_t ends = static_cast<uint32_t>(padded[x]) + padded[x + far];
    output[x] = static_cast<uint8_t>((sum * box.whole + ends * box.part + (1U << 23)) >> 24);
  }
}

// The passes along one row's values of one channel, which lie `step` bytes apart.
void blur_values(const BoxFilter& box, uint8_t* first, int length, int64_t step) {
  thread_local std::vector<uint8_t> padded, line;
  const int border = box.reach + 1;
  line.resize(length);
  padded.resize(static_cast<size_t>(length) + 2 * static_cast<size_t>(border));
  for (int x = 0; x < length; ++x) line[x] = first[x * step];
  for (int pass = 0; pass < kPasses; ++pass) {
    std::fill_n(padded.begin(), border, line.front());
    std::copy(line.begin(), line.end(), padded.begin() + border);
    std::fill_n(padded.end() - border, border, line.back());
    blur_line(box, padded, length, line.data());
  }
  for (int x = 0; x < length; ++x) first[x * step] = line[x];
}

// One pass down all columns at once.
void blur_columns(const BoxFilter& box, const PixelBuffer& pixels) {
  thread_local std::vector<uint8_t> copy;
  thread_local std::vector<uint32_t> sums;
  copy.assign(pixels.data, pixels.data + pixels.bytes());
  const size_t row = static_cast<size_t>(pixels.width) * pixels.channels;
  const auto input = [&](int y) { return copy.data() + std::clamp(y, 0, pixels.height - 1) * row; };
  sums.assign(row, 0);
  for (int y = -box.reach - 1; y < box.reach; ++y) {
    const uint8_t* const added = input(y);
    for (size_t x = 0; x < row; ++x) sums[x] += added[x];
  }
  for (int y = 0; y < pixels.height; ++y) {
    const uint8_t* const before = input(y - box.reach - 1);
    const uint8_t* const last = input(y + box.reach);
    const uint8_t* const after = input(y + box.reach + 1);
    uint8_t* const output = pixels.row(y);
    uint32_t* const sum = sums.data();
    for (size_t x = 0; x < row; ++x) {
      sum[x] += last[x] - static_cast<uint32_t>(before[x]);
      const uint32_t ends = static_cast<uint32_t>(before[x]) + after[x];
      output[x] = static_cast<uint8_t>((sum[x] * box.whole + ends * box.part + (1U << 23)) >> 24);
    }
  }
}

}  // namespace

void gaussian_blur(const PixelBuffer& pixels, double radius) {
  const float reach = box_radius(static_cast<float>(radius));
  if (!(reach > 0.0F)) return;
  const BoxFilter box(reach);
  for (int y = 0; y < pixels.height; ++y) {
    for (int c = 0; c < pixels.channels; ++c) {
      blur_values(box, pixels.row(y) + c, pixels.width, pixels.channels);
    }
  }
  for (int pass = 0; pass < kPasses; ++pass) blur_columns(box, pixels);
}

void adjust_sharpness(const PixelBuffer& pixels, double factor) {
  const auto single = static_cast<float>(factor);
  if (single == 1.0F || pixels.width < 3 || pixels.height < 3) return;
  thread_local std::vector<uint8_t> copy;
  copy.assign(pixels.data, pixels.data + pixels.bytes());
  const int64_t row = static_cast<int64_t>(pixels.width) * pixels.channels;
  for (int y = 1; y + 1 < pixels.height; ++y) {
    for (int64_t x = pixels.channels; x < row - pixels.channels; ++x) {
      const uint8_t* const at = copy.data() + y * row + x;
      int sum = 4 * at[0];  // 5 in the middle, 1 around it
      for (int64_t line = -row; line <= row; line += row) {
        sum += at[line - pixels.channels] + at[line] + at[line + pixels.channels];
      }
      pixels.data[y * row + x] = blend((2 * sum + 13) / 26, at[0], single);
    }
  }
}

}  // namespace repbench
