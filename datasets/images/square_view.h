#pragma once

#include <memory>
#include <string>

#include "datasets/images/view_parts.h"
#include "datasets/images/views.h"

namespace repbench {

/// What all geometries share: a square side and the check of the output's size.
class SquareView : public ViewTransform {
 public:
  explicit SquareView(int size) : size_(size) {}

  int size() const final { return size_; }
  void apply(const PicturePart& part, RandomStream& stream, std::span<uint8_t> output) const final;

 protected:
  void check_output(std::span<uint8_t> output, int channels) const;

 private:
  virtual void fill(const PicturePart& part, RandomStream& stream, uint8_t* output) const = 0;
  int size_;
};

struct Sides {
  int height, width;
};

/// Writes `window` of the picture resized to `sides`; `border` (a pixel) where it reaches outside.
void resample_padded(const PicturePart& part, const Sides& sides, Interpolation interpolation,
                     const CropWindow& window, const uint8_t* border, uint8_t* output);

/// The pixels that this reads; one pixel where the window lies outside.
CropWindow padded_source(int height, int width, const Sides& sides, Interpolation interpolation,
                         const CropWindow& window);

/// One row of a table of geometries.
struct ViewKind {
  std::string_view name;
  int version;
  std::string_view form;
  size_t most_parts;
  std::unique_ptr<ViewTransform> (*make)(const ViewParts& parts);
};

/// Views that show the whole picture or its centre, and those that draw a part of it.
std::span<const ViewKind> eval_views();
std::span<const ViewKind> crop_views();

}  // namespace repbench
