#include <webp/decode.h>
#include <webp/demux.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "datasets/images/byte_order.h"
#include "datasets/images/codecs.h"

namespace repbench {
namespace {

// A picture of one colour, without loss, takes hardly more than its header: libwebp itself writes one byte
// for 26000 pixels. Small pictures are believed.
constexpr int64_t kMostPixelsPerByte = int64_t{1} << 15;
constexpr int64_t kSmallPicture = int64_t{1} << 22;

WebPData data_of(Bytes bytes) { return {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}; }

WebPBitstreamFeatures features_of(Bytes bytes, std::string_view name) {
  WebPBitstreamFeatures features;
  const WebPData data = data_of(bytes);
  if (WebPGetFeatures(data.bytes, data.size, &features) != VP8_STATUS_OK) {
    fail_to_decode(name, "a WebP header", "damaged or missing data");
  }
  check_size(features.height, features.width, INT64_MAX, name);
  return features;
}

struct Demuxer {
  void operator()(WebPDemuxer* demuxer) const { WebPDemuxDelete(demuxer); }
};

/// The first frame; libwebp's iterator, which must be released.
class FirstFrame {
 public:
  FirstFrame(Bytes bytes, std::string_view name) {
    const WebPData data = data_of(bytes);
    demuxer_.reset(WebPDemux(&data));
    if (demuxer_ == nullptr || WebPDemuxGetFrame(demuxer_.get(), 1, &frame_) == 0) {
      fail_to_decode(name, "a whole WebP picture", "damaged or missing data");
    }
  }
  ~FirstFrame() { WebPDemuxReleaseIterator(&frame_); }
  FirstFrame(const FirstFrame&) = delete;
  FirstFrame& operator=(const FirstFrame&) = delete;

  const WebPIterator& get() const { return frame_; }
  int64_t height() const { return WebPDemuxGetI(demuxer_.get(), WEBP_FF_CANVAS_HEIGHT); }
  int64_t width() const { return WebPDemuxGetI(demuxer_.get(), WEBP_FF_CANVAS_WIDTH); }

 private:
  std::unique_ptr<WebPDemuxer, Demuxer> demuxer_;
  WebPIterator frame_{};
};

/// Decodes a frame to its place on the canvas `image`.
bool decode_frame(const WebPIterator& frame, Image& image) {
  WebPDecoderConfig config;
  if (WebPInitDecoderConfig(&config) == 0) return false;
  const int64_t stride = static_cast<int64_t>(image.width) * image.channels;
  const int64_t offset = frame.y_offset * stride + static_cast<int64_t>(frame.x_offset) * image.channels;
  config.output.colorspace = image.channels == 4 ? MODE_RGBA : MODE_RGB;
  config.output.is_external_memory = 1;
  config.output.u.RGBA.rgba = image.pixels.data() + offset;
  config.output.u.RGBA.stride = static_cast<int>(stride);
  config.output.u.RGBA.size = image.pixels.size() - static_cast<size_t>(offset);
  return WebPDecode(frame.fragment.bytes, frame.fragment.size, &config) == VP8_STATUS_OK;
}

}  // namespace

void decode_webp(Bytes bytes, std::string_view name, Image& image) {
  const bool alpha = features_of(bytes, name).has_alpha != 0;
  const FirstFrame first(bytes, name);
  const WebPIterator& frame = first.get();
  const auto size = static_cast<int64_t>(std::min<size_t>(bytes.size(), size_t{1} << 40));
  allocate_pixels(image, first.height(), first.width(), alpha ? 4 : 3,
                  alpha ? PixelKind::rgba : PixelKind::plain,
                  std::max(kSmallPicture, size * kMostPixelsPerByte), name);
  if (frame.x_offset < 0 || frame.y_offset < 0 || frame.width > image.width - frame.x_offset ||
      frame.height > image.height - frame.y_offset) {
    fail_to_decode(name, "a frame inside its WebP picture", "one that leaves it");
  }
  // What an animation's first frame does not cover is black and transparent.
  if (frame.width != image.width || frame.height != image.height) std::ranges::fill(image.pixels, uint8_t{0});
  if (!decode_frame(frame, image)) {
    fail_to_decode(name, "a whole WebP picture", "damaged or missing data");
  }
}

PictureInfo webp_info(Bytes bytes, std::string_view name) {
  const WebPBitstreamFeatures features = features_of(bytes, name);
  return {features.height, features.width, "WEBP"};
}

size_t webp_end(Bytes bytes) {
  const uint64_t end = uint64_t{8} + little32(bytes, 4) + little32(bytes, 4) % 2;
  return static_cast<size_t>(std::min<uint64_t>(end, bytes.size()));
}

Metadata webp_metadata(Bytes bytes) {
  Metadata metadata;
  // Chunks: name (4), length (4), payload, padded to an even length.
  for (uint64_t at = 12; at + 8 <= bytes.size();) {
    const Bytes payload = part(bytes, at + 8, little32(bytes, at + 4));
    if (std::memcmp(bytes.data() + at, "EXIF", 4) == 0 && metadata.exif.empty()) metadata.exif = payload;
    if (std::memcmp(bytes.data() + at, "XMP ", 4) == 0 && metadata.xmp.empty()) metadata.xmp = payload;
    at += uint64_t{8} + little32(bytes, at + 4) + little32(bytes, at + 4) % 2;
  }
  return metadata;
}

}  // namespace repbench
