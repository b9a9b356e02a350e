#include <algorithm>
#include <vector>

#include "datasets/images/codecs.h"
#include "datasets/images/convert.h"
#include "datasets/images/jpeg_session.h"

namespace repbench {
namespace {

// Pillow assumes Adobe's habit of storing inks inverted.
void invert(uint8_t* values, int64_t count) {
  for (int64_t i = 0; i < count; ++i) values[i] = static_cast<uint8_t>(255 - values[i]);
}

/// What libjpeg gives for a picture, without pixels.
Image layout_of(const jpeg_decompress_struct& jpeg) {
  Image layout;
  layout.channels = jpeg.num_components;
  layout.kind = jpeg.num_components == 4 ? PixelKind::cmyk : PixelKind::plain;
  return layout;
}

void read_rows(jpeg_decompress_struct& jpeg, Image& image) {
  jpeg_start_decompress(&jpeg);
  while (jpeg.output_scanline < jpeg.output_height) {
    JSAMPROW row = image.row(static_cast<int>(jpeg.output_scanline));
    jpeg_read_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_decompress(&jpeg);
}

/// Columns that a row of a region is decoded for: fancy upsampling looks at the neighbours of a pixel, and
/// does not know them at the edges of what is decoded.
struct Columns {
  JDIMENSION left, width;
};

Columns decoded_columns(const jpeg_decompress_struct& jpeg, const CropWindow& window) {
  const int margin = 2 * jpeg.max_h_samp_factor;
  const int left = std::max(0, window.left - margin);
  const int right = std::min(static_cast<int>(jpeg.image_width), window.left + window.width + margin);
  return {static_cast<JDIMENSION>(left), static_cast<JDIMENSION>(right - left)};
}

/// Decodes the window's rows one by one into `row` and hands the window's part of each to `take`.
template <typename Take>
void read_window(jpeg_decompress_struct& jpeg, const CropWindow& window, Columns columns, uint8_t* row,
                 const Take& take) {
  jpeg_start_decompress(&jpeg);
  jpeg_crop_scanline(&jpeg, &columns.left, &columns.width);
  const auto top = static_cast<JDIMENSION>(window.top);
  if (top > 0) jpeg_skip_scanlines(&jpeg, top);
  const int64_t offset = static_cast<int64_t>(window.left) - columns.left;
  for (int y = 0; y < window.height; ++y) {
    jpeg_read_scanlines(&jpeg, &row, 1);
    take(y, row + offset * jpeg.output_components);
  }
}

}  // namespace

void decode_jpeg(Bytes bytes, std::string_view name, Image& image) {
  JpegSession session(bytes, name);
  jpeg_decompress_struct& jpeg = session.state();
  const Image layout = layout_of(jpeg);
  allocate_pixels(image, jpeg.image_height, jpeg.image_width, layout.channels, layout.kind, session.limit(),
                  name);
  session.run([&] { read_rows(jpeg, image); });
  if (layout.kind == PixelKind::cmyk) invert(image.pixels.data(), std::ssize(image.pixels));
}

void decode_jpeg_region(Bytes bytes, int channels, const CropWindow& window, std::string_view name,
                        Image& image) {
  JpegSession session(bytes, name);
  jpeg_decompress_struct& jpeg = session.state();
  const Image layout = layout_of(jpeg);
  check_size(jpeg.image_height, jpeg.image_width, session.limit(), name);
  allocate_pixels(image, window.height, window.width, channels, PixelKind::plain, INT64_MAX, name);
  std::vector<uint8_t> row(static_cast<size_t>(jpeg.image_width) * layout.channels);
  const int64_t values = static_cast<int64_t>(window.width) * layout.channels;
  const auto take = [&](int y, uint8_t* pixels) {
    if (layout.kind == PixelKind::cmyk) invert(pixels, values);
    if (layout.kind == PixelKind::plain && layout.channels == channels) {
      std::copy_n(pixels, values, image.row(y));
    } else {
      convert_pixels(layout, pixels, static_cast<size_t>(window.width), channels, image.row(y));
    }
  };
  session.run([&] { read_window(jpeg, window, decoded_columns(jpeg, window), row.data(), take); });
}

std::string jpeg_damage(Bytes bytes, std::string_view name) {
  JpegSession session(bytes, name);
  Image image;
  const Image layout = layout_of(session.state());
  allocate_pixels(image, session.state().image_height, session.state().image_width, layout.channels,
                  layout.kind, session.limit(), name);
  session.run([&] { read_rows(session.state(), image); });
  return std::string(session.overlooked());
}

PictureInfo jpeg_info(Bytes bytes, std::string_view name) {
  JpegSession session(bytes, name);
  const jpeg_decompress_struct& jpeg = session.state();
  return {static_cast<int>(jpeg.image_height), static_cast<int>(jpeg.image_width), "JPEG"};
}

}  // namespace repbench
