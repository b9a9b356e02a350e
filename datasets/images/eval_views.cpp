#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "datasets/images/crop_rule.h"
#include "datasets/images/decode.h"
#include "datasets/images/native_resize.h"
#include "datasets/images/square_view.h"

namespace repbench {
namespace {

constexpr int kLongestResized = 1 << 26;  // pixels: a strip must not make us allocate without bounds
constexpr Colour kBlack{0, 0, 0};
constexpr Colour kImageNetMean{124, 116, 104};

// The long side under torchvision's Resize(int): the short side becomes `size`, the long side is truncated.
double long_side(int height, int width, int size) {
  const auto [shorter, longer] = std::minmax(height, width);
  return static_cast<double>(int64_t{size} * longer) / shorter;
}

// timm's ResizeKeepRatio(longest=1): the long side becomes `size`, the short side is rounded to even.
Sides long_side_rule(int height, int width, int size) {
  const double ratio = std::max(static_cast<double>(height) / size, static_cast<double>(width) / size);
  const auto scaled = [&](int side) { return std::max(static_cast<int>(std::nearbyint(side / ratio)), 1); };
  return {scaled(height), scaled(width)};
}

// How a centre crop's picture is resized.
enum class Rule { short_side, long_side, squashed };

struct CenterOptions {
  std::string resolved;  // the specification
  Rule rule = Rule::short_side;
  int resized = 0;
  Interpolation interpolation = Interpolation::bicubic;
  Colour border = kBlack;
};

// Resize, then cut out the centre.
class CenterView : public SquareView {
 public:
  CenterView(int size, CenterOptions options) : SquareView(size), options_(std::move(options)) {}

  std::string specification() const override { return options_.resolved; }
  bool random() const override { return false; }

  CropWindow source(int height, int width, RandomStream) const override {
    const Sides sides = resized(height, width);
    return padded_source(height, width, sides, options_.interpolation,
                         center_crop(sides.height, sides.width, size()));
  }

 protected:
  Sides resized(int height, int width) const {
    if (options_.rule == Rule::squashed) return {options_.resized, options_.resized};
    if (options_.rule == Rule::long_side) return long_side_rule(height, width, options_.resized);
    const double scaled = long_side(height, width, options_.resized);
    if (scaled > kLongestResized) {
      throw std::runtime_error(fmt::format(
          "[view] {}: expected a picture of at most {} resized pixels along its long side; got {}x{}",
          specification(), kLongestResized, height, width));
    }
    const int longer = static_cast<int>(scaled);
    return width <= height ? Sides{longer, options_.resized} : Sides{options_.resized, longer};
  }
  Interpolation interpolation() const { return options_.interpolation; }

 private:
  void fill(const PicturePart& part, RandomStream&, uint8_t* output) const override {
    const Sides sides = resized(part.height, part.width);
    const CropWindow window = center_crop(sides.height, sides.width, size());
    const Colour border = shown_in(options_.border, part.pixels.channels);
    resample_padded(part, sides, options_.interpolation, window, border.data(), output);
  }

  CenterOptions options_;
};

// CLIP's order: what a palette, alpha or 16 bits mean is asked after the resizing.
class NativeView final : public CenterView {
 public:
  using CenterView::CenterView;

  bool native() const override { return true; }

  void apply_native(const Image& image, int channels, RandomStream&,
                    std::span<uint8_t> output) const override {
    check_output(output, channels);
    const Sides sides = resized(image.height, image.width);
    const Image whole = resize_native(image, sides.height, sides.width, interpolation());
    const Image plain = convert(center_crop_native(whole, size(), size()), channels);
    std::copy(plain.pixels.begin(), plain.pixels.end(), output.begin());
  }
};

std::unique_ptr<ViewTransform> make_eval(const ViewParts& parts) {
  const int resized = parts.side(1, "a resized side");
  const int crop = parts.has(2) ? parts.side(2, "a crop") : resized;
  const Interpolation interpolation = parts.interpolation(3);
  CenterOptions options{fmt::format("{}:{}:{}:{}", parts.label(), resized, crop, name(interpolation)),
                        Rule::short_side, resized, interpolation, kBlack};
  if (parts.kind() == "clip_eval") return std::make_unique<NativeView>(crop, std::move(options));
  return std::make_unique<CenterView>(crop, std::move(options));
}

// floor(size / crop_pct), as timm reckons it.
int resized_side(const ViewParts& parts, int size, double crop_pct) {
  const double side = std::floor(size / crop_pct);
  if (side > kLargestSide) {
    parts.fail(fmt::format("a SIZE / CROP_PCT of at most {}", kLargestSide), fmt::format("{}", side));
  }
  return static_cast<int>(side);
}

double crop_pct(const ViewParts& parts, double missing) {
  return parts.has(2) ? parts.real(2, "a crop_pct", 0.01, 1.0) : missing;
}

std::unique_ptr<ViewTransform> make_timm_eval(const ViewParts& parts) {
  const int size = parts.side(1, "a size");
  const double pct = crop_pct(parts, 0.875);
  const Interpolation interpolation = parts.interpolation(3);
  return std::make_unique<CenterView>(
      size, CenterOptions{fmt::format("{}:{}:{}:{}", parts.label(), size, pct, name(interpolation)),
                          Rule::short_side, resized_side(parts, size, pct), interpolation, kBlack});
}

std::unique_ptr<ViewTransform> make_squash(const ViewParts& parts) {
  const int size = parts.side(1, "a size");
  const Interpolation interpolation = parts.interpolation(2);
  return std::make_unique<CenterView>(
      size, CenterOptions{fmt::format("{}:{}:{}", parts.label(), size, name(interpolation)), Rule::squashed,
                          size, interpolation, kBlack});
}

std::unique_ptr<ViewTransform> make_border(const ViewParts& parts) {
  const int size = parts.side(1, "a size");
  const double pct = crop_pct(parts, 1.0);
  const Interpolation interpolation = parts.interpolation(3);
  const Colour fill = parts.has(4) ? parts.colour(4) : kImageNetMean;
  const std::string resolved =
      fmt::format("{}:{}:{}:{}:{}", parts.label(), size, pct, name(interpolation), written(fill));
  return std::make_unique<CenterView>(
      size, CenterOptions{resolved, Rule::long_side, resized_side(parts, size, pct), interpolation, fill});
}

std::unique_ptr<ViewTransform> make_small_eval(const ViewParts& parts) {
  const int size = parts.side(1, "a size");
  return std::make_unique<CenterView>(
      size, CenterOptions{fmt::format("{}:{}", parts.label(), size), Rule::squashed, size,
                          Interpolation::bicubic, kBlack});
}

constexpr std::array<ViewKind, 6> kKinds = {
    {{"eval", 1, "eval:RESIZE:CROP:INTERPOLATION", 3, make_eval},
     {"timm_eval", 1, "timm_eval:SIZE:CROP_PCT:INTERPOLATION", 3, make_timm_eval},
     {"squash", 1, "squash:SIZE:INTERPOLATION", 2, make_squash},
     {"border", 1, "border:SIZE:CROP_PCT:INTERPOLATION:FILL", 4, make_border},
     {"clip_eval", 1, "clip_eval:RESIZE:CROP:INTERPOLATION", 3, make_eval},
     {"small_eval", 1, "small_eval:SIZE", 1, make_small_eval}}};

}  // namespace

std::span<const ViewKind> eval_views() { return kKinds; }

}  // namespace repbench
