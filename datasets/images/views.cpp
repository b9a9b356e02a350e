#include "datasets/images/views.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>
#include <vector>

#include "datasets/images/crop_rule.h"
#include "datasets/images/resample.h"
#include "datasets/images/view_parts.h"
#include "files/nearest.h"

namespace repbench {
namespace {

constexpr Range kRatios{3.0 / 4.0, 4.0 / 3.0};

Box whole(const PixelView& picture) {
  return {0, 0, static_cast<double>(picture.width), static_cast<double>(picture.height)};
}

struct Sides {
  int height, width;
};

// torchvision's Resize(int): the short side becomes `size`, the long side is truncated.
Sides short_side_rule(int height, int width, int size) {
  const auto [shorter, longer] = std::minmax(height, width);
  const int scaled = static_cast<int>(static_cast<double>(int64_t{size} * longer) / shorter);
  return width <= height ? Sides{scaled, size} : Sides{size, scaled};
}

// `window` of the resized picture, black where it reaches outside.
void resample_padded(const PixelView& picture, Sides resized, Interpolation interpolation,
                     const CropWindow& window, uint8_t* output) {
  const int top = std::max(window.top, 0), left = std::max(window.left, 0);
  const CropWindow inside{top, left, std::min(window.top + window.height, resized.height) - top,
                          std::min(window.left + window.width, resized.width) - left};
  if (inside.height == window.height && inside.width == window.width) {
    resample(picture, resized.height, resized.width, interpolation, whole(picture), window, output);
    return;
  }
  const size_t row = static_cast<size_t>(window.width) * picture.channels;
  std::memset(output, 0, row * window.height);
  if (inside.height < 1 || inside.width < 1) return;
  const size_t used = static_cast<size_t>(inside.width) * picture.channels;
  thread_local std::vector<uint8_t> pixels;
  pixels.resize(used * inside.height);
  resample(picture, resized.height, resized.width, interpolation, whole(picture), inside, pixels.data());
  output += (top - window.top) * row + static_cast<size_t>(left - window.left) * picture.channels;
  for (int y = 0; y < inside.height; ++y) std::memcpy(output + y * row, pixels.data() + y * used, used);
}

void flip_rows(uint8_t* pixels, int size, int channels) {
  for (int y = 0; y < size; ++y, pixels += static_cast<int64_t>(size) * channels) {
    if (channels == 1) {
      std::reverse(pixels, pixels + size);
      continue;
    }
    for (int left = 0, right = size - 1; left < right; ++left, --right) {
      std::swap_ranges(pixels + left * channels, pixels + (left + 1) * channels, pixels + right * channels);
    }
  }
}

bool draw_flip(RandomStream& stream) { return stream.uniform() < 0.5; }

// What all views share: a square side and the check of the output's size.
class SquareView : public ViewTransform {
 public:
  explicit SquareView(int size) : size_(size) {}

  int size() const final { return size_; }

  void apply(const Image& image, RandomStream& stream, std::span<uint8_t> output) const final {
    if (output.size() != static_cast<size_t>(size_) * size_ * image.channels) {
      throw std::invalid_argument(fmt::format("[view] {}: expected {}x{}x{} bytes of output; got {}",
                                              specification(), size_, size_, image.channels, output.size()));
    }
    fill(view_of(image), stream, output.data());
  }

 private:
  virtual void fill(const PixelView& picture, RandomStream& stream, uint8_t* output) const = 0;
  int size_;
};

class EvalView final : public SquareView {
 public:
  EvalView(int resized, int crop, Interpolation interpolation)
      : SquareView(crop), resized_(resized), interpolation_(interpolation) {}

  std::string specification() const override {
    return fmt::format("eval:{}:{}:{}", resized_, size(), name(interpolation_));
  }
  bool random() const override { return false; }

 private:
  void fill(const PixelView& picture, RandomStream&, uint8_t* output) const override {
    const Sides sides = short_side_rule(picture.height, picture.width, resized_);
    const CropWindow window = center_crop(sides.height, sides.width, size());
    resample_padded(picture, sides, interpolation_, window, output);
  }

  int resized_;
  Interpolation interpolation_;
};

class CropTrainView final : public SquareView {
 public:
  CropTrainView(std::string_view kind, int size, double min_scale, Interpolation interpolation, bool flips)
      : SquareView(size), kind_(kind), min_scale_(min_scale), interpolation_(interpolation), flips_(flips) {}

  std::string specification() const override {
    return fmt::format("{}:{}:{}:{}", kind_, size(), min_scale_, name(interpolation_));
  }
  bool random() const override { return true; }

 private:
  void fill(const PixelView& picture, RandomStream& stream, uint8_t* output) const override {
    const CropWindow window = random_resized_crop(picture.height, picture.width, min_scale_, 1.0, stream);
    const bool flipped = flips_ && draw_flip(stream);
    // Cut out first: the filter does not see the pixels around the crop.
    const PixelView part = picture.part(window);
    resample(part, size(), size(), interpolation_, whole(part), {0, 0, size(), size()}, output);
    if (flipped) flip_rows(output, size(), picture.channels);
  }

  std::string_view kind_;  // a literal
  double min_scale_;
  Interpolation interpolation_;
  bool flips_;
};

class SmallEvalView final : public SquareView {
 public:
  using SquareView::SquareView;

  std::string specification() const override { return fmt::format("small_eval:{}", size()); }
  bool random() const override { return false; }

 private:
  void fill(const PixelView& picture, RandomStream&, uint8_t* output) const override {
    const CropWindow all{0, 0, size(), size()};
    resample(picture, size(), size(), Interpolation::bicubic, whole(picture), all, output);
  }
};

class SmallTrainView final : public SquareView {
 public:
  SmallTrainView(int size, int padding) : SquareView(size), padding_(padding) {}

  std::string specification() const override { return fmt::format("small_train:{}:{}", size(), padding_); }
  bool random() const override { return true; }

 private:
  void fill(const PixelView& picture, RandomStream& stream, uint8_t* output) const override {
    const int top = static_cast<int>(stream.integer(2 * padding_ + 1)) - padding_;
    const int left = static_cast<int>(stream.integer(2 * padding_ + 1)) - padding_;
    const bool flipped = draw_flip(stream);
    const CropWindow window{top, left, size(), size()};
    resample_padded(picture, {size(), size()}, Interpolation::bicubic, window, output);
    if (flipped) flip_rows(output, size(), picture.channels);
  }

  int padding_;
};

std::unique_ptr<ViewTransform> make_eval(const ViewParts& parts) {
  const int resized = parts.side(1, "a resized side");
  const int crop = parts.has(2) ? parts.side(2, "a crop") : resized;
  return std::make_unique<EvalView>(resized, crop, parts.interpolation(3));
}

std::unique_ptr<ViewTransform> make_mae_train(const ViewParts& parts) {
  const int size = parts.side(1, "a size");
  const double scale = parts.has(2) ? parts.real(2, "a smallest scale", 1e-4, 1.0) : 0.2;
  return std::make_unique<CropTrainView>("mae_train", size, scale, parts.interpolation(3), true);
}

std::unique_ptr<ViewTransform> make_clip_train(const ViewParts& parts) {
  const int size = parts.side(1, "a size");
  const double scale = parts.has(2) ? parts.real(2, "a smallest scale", 1e-4, 1.0) : 0.9;
  return std::make_unique<CropTrainView>("clip_train", size, scale, parts.interpolation(3), false);
}

std::unique_ptr<ViewTransform> make_small_eval(const ViewParts& parts) {
  return std::make_unique<SmallEvalView>(parts.side(1, "a size"));
}

std::unique_ptr<ViewTransform> make_small_train(const ViewParts& parts) {
  const int size = parts.side(1, "a size");
  const int padding = parts.has(2) ? parts.integer(2, "a padding", 0, kLargestSide) : 4;
  return std::make_unique<SmallTrainView>(size, padding);
}

struct ViewKind {
  std::string_view name, form;
  size_t most_parts;
  std::unique_ptr<ViewTransform> (*make)(const ViewParts& parts);
};

constexpr std::array<ViewKind, 5> kKinds = {
    {{"eval", "eval:RESIZE:CROP:INTERPOLATION", 3, make_eval},
     {"mae_train", "mae_train:SIZE:MIN_SCALE:INTERPOLATION", 3, make_mae_train},
     {"clip_train", "clip_train:SIZE:MIN_SCALE:INTERPOLATION", 3, make_clip_train},
     {"small_eval", "small_eval:SIZE", 1, make_small_eval},
     {"small_train", "small_train:SIZE:PADDING", 2, make_small_train}}};

}  // namespace

std::unique_ptr<ViewTransform> make_view(std::string_view specification) {
  const ViewParts parts(specification);
  for (const ViewKind& kind : kKinds) {
    if (parts.kind() != kind.name) continue;
    if (parts.count() < 1 || parts.count() > kind.most_parts) {
      parts.fail(kind.form, fmt::format("{} parts after the kind", parts.count()));
    }
    return kind.make(parts);
  }
  std::vector<std::string> names, forms;
  for (const ViewKind& kind : kKinds) {
    names.emplace_back(kind.name);
    forms.emplace_back(kind.form);
  }
  parts.fail(fmt::format("{}", fmt::join(forms, ", ")),
             fmt::format("'{}'{}", parts.kind(), did_you_mean(parts.kind(), names)));
}

CropWindow random_resized_crop(int height, int width, double min_scale, double max_scale,
                               RandomStream& stream) {
  return random_resized_crop(height, width, {min_scale, max_scale}, kRatios,
                             [&] { return stream.uniform(); });
}

}  // namespace repbench
