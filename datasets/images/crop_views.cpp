#include <fmt/format.h>

#include <array>

#include "datasets/images/crop_rule.h"
#include "datasets/images/geometry.h"
#include "datasets/images/square_view.h"

namespace repbench {
namespace {

constexpr Range kRatios{3.0 / 4.0, 4.0 / 3.0};

bool draw_flip(RandomStream& stream) { return stream.uniform() < 0.5; }

using CropRule = CropWindow (*)(int height, int width, const Range& scale, const Range& ratio,
                                const std::function<double()>& uniform);

struct CropOptions {
  std::string resolved;  // the specification
  CropRule rule = random_resized_crop;
  Range scale;
  Interpolation interpolation = Interpolation::bicubic;
  bool flips = false;
};

class CropView final : public SquareView {
 public:
  CropView(int size, CropOptions options) : SquareView(size), options_(std::move(options)) {}

  std::string specification() const override { return options_.resolved; }
  bool random() const override { return true; }

  CropWindow source(int height, int width, RandomStream stream) const override {
    return draw_crop(height, width, stream);
  }

 private:
  CropWindow draw_crop(int height, int width, RandomStream& stream) const {
    return options_.rule(height, width, options_.scale, kRatios, [&] { return stream.uniform(); });
  }

  void fill(const PicturePart& part, RandomStream& stream, uint8_t* output) const override {
    const CropWindow window = draw_crop(part.height, part.width, stream);
    const bool flipped = options_.flips && draw_flip(stream);
    // Cut out first: the filter does not see the pixels around the crop.
    const PicturePart cut = whole_picture(part.window(window));
    resample(cut, size(), size(), options_.interpolation, whole_box(cut), {0, 0, size(), size()}, output);
    if (flipped) mirror({output, size(), size(), part.pixels.channels});
  }

  CropOptions options_;
};

class SmallTrainView final : public SquareView {
 public:
  SmallTrainView(std::string resolved, int size, int padding)
      : SquareView(size), resolved_(std::move(resolved)), padding_(padding) {}

  std::string specification() const override { return resolved_; }
  bool random() const override { return true; }

  CropWindow source(int height, int width, RandomStream stream) const override {
    return padded_source(height, width, {size(), size()}, Interpolation::bicubic, draw_window(stream));
  }

 private:
  CropWindow draw_window(RandomStream& stream) const {
    const int top = static_cast<int>(stream.integer(2 * padding_ + 1)) - padding_;
    const int left = static_cast<int>(stream.integer(2 * padding_ + 1)) - padding_;
    return {top, left, size(), size()};
  }

  void fill(const PicturePart& part, RandomStream& stream, uint8_t* output) const override {
    constexpr uint8_t kBlackPixel[4] = {};
    const CropWindow window = draw_window(stream);
    const bool flipped = draw_flip(stream);
    resample_padded(part, {size(), size()}, Interpolation::bicubic, window, kBlackPixel, output);
    if (flipped) mirror({output, size(), size(), part.pixels.channels});
  }

  std::string resolved_;  // the specification
  int padding_;
};

// mae_train and clip_train: up to the whole picture.
std::unique_ptr<ViewTransform> make_train(const ViewParts& parts, double missing_scale, bool flips) {
  const int size = parts.side(1, "a size");
  const double scale = parts.has(2) ? parts.real(2, "a smallest scale", 1e-4, 1.0) : missing_scale;
  const Interpolation interpolation = parts.interpolation(3);
  return std::make_unique<CropView>(
      size, CropOptions{fmt::format("{}:{}:{}:{}", parts.label(), size, scale, name(interpolation)),
                        random_resized_crop,
                        {scale, 1.0},
                        interpolation,
                        flips});
}

std::unique_ptr<ViewTransform> make_mae_train(const ViewParts& parts) { return make_train(parts, 0.2, true); }
std::unique_ptr<ViewTransform> make_clip_train(const ViewParts& parts) {
  return make_train(parts, 0.9, false);
}

std::unique_ptr<ViewTransform> make_crop(const ViewParts& parts) {
  const int size = parts.side(1, "a size");
  const double low = parts.has(2) ? parts.real(2, "a smallest scale", 1e-4, 1.0) : 0.08;
  const double high = parts.has(3) ? parts.real(3, "a largest scale", low, 1.0) : 1.0;
  const Interpolation interpolation = parts.interpolation(4);
  CropRule rule = random_resized_crop;
  if (parts.kind() == "single_crop") rule = single_crop;
  return std::make_unique<CropView>(
      size, CropOptions{fmt::format("{}:{}:{}:{}:{}", parts.label(), size, low, high, name(interpolation)),
                        rule,
                        {low, high},
                        interpolation,
                        false});
}

std::unique_ptr<ViewTransform> make_small_train(const ViewParts& parts) {
  const int size = parts.side(1, "a size");
  const int padding = parts.has(2) ? parts.integer(2, "a padding", 0, kLargestSide) : 4;
  return std::make_unique<SmallTrainView>(fmt::format("{}:{}:{}", parts.label(), size, padding), size,
                                          padding);
}

constexpr std::array<ViewKind, 5> kKinds = {
    {{"crop", 1, "crop:SIZE:MIN_SCALE:MAX_SCALE:INTERPOLATION", 4, make_crop},
     {"single_crop", 1, "single_crop:SIZE:MIN_SCALE:MAX_SCALE:INTERPOLATION", 4, make_crop},
     {"mae_train", 1, "mae_train:SIZE:MIN_SCALE:INTERPOLATION", 3, make_mae_train},
     {"clip_train", 1, "clip_train:SIZE:MIN_SCALE:INTERPOLATION", 3, make_clip_train},
     {"small_train", 1, "small_train:SIZE:PADDING", 2, make_small_train}}};

}  // namespace

std::span<const ViewKind> crop_views() { return kKinds; }

CropWindow random_resized_crop(int height, int width, double min_scale, double max_scale,
                               RandomStream& stream) {
  return random_resized_crop(height, width, {min_scale, max_scale}, kRatios,
                             [&] { return stream.uniform(); });
}

}  // namespace repbench
