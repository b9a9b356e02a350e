#include <algorithm>

#include "datasets/images/bmp_header.h"
#include "datasets/images/byte_order.h"

namespace repbench {
namespace {

constexpr int64_t kSmallPicture = int64_t{1} << 22;

void unpack_16_bits(const BmpHeader& header, const std::byte* from, uint8_t* to) {
  const uint32_t greens = (1U << header.green_bits) - 1;
  for (int64_t x = 0; x < header.width; ++x, from += 2, to += 3) {
    const uint32_t pixel = std::to_integer<uint32_t>(from[0]) | std::to_integer<uint32_t>(from[1]) << 8;
    to[0] = static_cast<uint8_t>((pixel >> (5 + header.green_bits) & 31) * 255 / 31);
    to[1] = static_cast<uint8_t>((pixel >> 5 & greens) * 255 / greens);
    to[2] = static_cast<uint8_t>((pixel & 31) * 255 / 31);
  }
}

/// 1, 4 or 8 bits, the highest first.
void unpack_indices(const BmpHeader& header, const std::byte* from, uint8_t* to) {
  const int bits = header.unpacked_bits;
  const int per_byte = 8 / bits;
  for (int64_t x = 0; x < header.width; ++x) {
    const int shift = 8 - bits * (1 + static_cast<int>(x % per_byte));
    to[x] = static_cast<uint8_t>(std::to_integer<int>(from[x / per_byte]) >> shift & ((1 << bits) - 1));
  }
  if (header.kind != PixelKind::bilevel) return;
  for (int64_t x = 0; x < header.width; ++x) to[x] = to[x] != 0 ? 255 : 0;
}

void unpack_row(const BmpHeader& header, const std::byte* from, uint8_t* to) {
  if (header.bits <= 8) return unpack_indices(header, from, to);
  if (header.bits == 16) return unpack_16_bits(header, from, to);
  const int step = header.bits / 8;
  for (int64_t x = 0; x < header.width; ++x, from += step) {
    for (int c = 0; c < header.channels; ++c) *to++ = std::to_integer<uint8_t>(from[header.order[c]]);
  }
}

/// Rows lie in multiples of four bytes; the last one may lack its padding.
void read_rows(const BmpHeader& header, Bytes bytes, std::string_view name, Image& image) {
  const int64_t stride = (header.width * header.bits + 31) / 32 * 4;
  const int64_t row_bytes = (header.width * header.unpacked_bits + 7) / 8;
  if (row_bytes > stride) {
    fail_to_decode(name, "BMP rows that hold their pixels", "a grey palette of more than a pixel's bits");
  }
  const Bytes stored = part(bytes, header.pixels_at, bytes.size());
  const int64_t needed = (header.height - 1) * stride + row_bytes;
  if (std::ssize(stored) < needed) {
    fail_to_decode(name, "a whole BMP picture",
                   std::to_string(stored.size()) + " bytes of pixels in place of " + std::to_string(needed));
  }
  allocate_pixels(image, header.height, header.width, header.channels, header.kind, INT64_MAX, name);
  for (int64_t y = 0; y < header.height; ++y) {
    const int64_t row = header.top_down ? y : header.height - 1 - y;
    unpack_row(header, stored.data() + y * stride, image.row(static_cast<int>(row)));
  }
}

/// Run-length codes, filling the picture row by row from the first stored one.
class RunReader {
 public:
  RunReader(const BmpHeader& header, Bytes bytes, uint8_t* pixels)
      : nibbles_(header.nibbles),
        width_(header.width),
        total_(header.width * header.height),
        bytes_(bytes),
        at_(std::min<uint64_t>(header.pixels_at, bytes.size())),
        pixels_(pixels) {}

  /// False if the codes end before the picture does.
  bool read() {
    while (filled_ < total_ && left() >= 2) {
      const uint32_t count = take(), value = take();
      if (count > 0) {
        run(count, value);
      } else if (value == 0) {
        fill((width_ - filled_ % width_) % width_, 0);
        x_ = 0;
      } else if (value == 1 || !(value == 2 ? jump() : copy(value))) {
        break;
      }
    }
    return filled_ == total_;
  }

 private:
  size_t left() const { return bytes_.size() - at_; }
  uint32_t take() { return byte_at(bytes_, at_++); }

  void put(uint32_t value) {
    if (filled_ < total_) pixels_[filled_++] = static_cast<uint8_t>(value);
  }
  void fill(int64_t count, uint32_t value) {
    for (count = std::min(count, total_ - filled_); count > 0; --count) put(value);
  }

  void run(uint32_t wanted, uint32_t value) {
    const int64_t count = std::clamp<int64_t>(width_ - x_, 0, wanted);  // not beyond the row's end
    for (int64_t i = 0; i < count; ++i) put(!nibbles_ ? value : i % 2 == 0 ? value >> 4 : value & 15);
    x_ += count;
  }

  bool jump() {
    if (left() < 2) return false;
    const int64_t right = take(), up = take();
    fill(right + up * width_, 0);
    x_ = filled_ % width_;
    return true;
  }

  bool copy(uint32_t wanted) {
    const int64_t count = std::min<int64_t>(total_ - filled_, wanted);
    const auto size = static_cast<size_t>(nibbles_ ? (count + 1) / 2 : count);
    const bool whole = left() >= size;
    for (int64_t i = 0; i < count && at_ < bytes_.size(); ++i) {
      const uint32_t byte = byte_at(bytes_, at_);
      put(!nibbles_ ? byte : i % 2 == 0 ? byte >> 4 : byte & 15);
      if (!nibbles_ || i % 2 == 1 || i + 1 == count) ++at_;
    }
    x_ += wanted;
    at_ = std::min(at_ + at_ % 2, bytes_.size());  // codes begin at even places of the file
    return whole && filled_ < total_;
  }

  bool nibbles_;
  int64_t width_, total_, filled_ = 0, x_ = 0;
  Bytes bytes_;
  size_t at_;
  uint8_t* pixels_;
};

void read_runs(const BmpHeader& header, Bytes bytes, std::string_view name, Image& image) {
  // Two bytes stand for 255 pixels, and four may jump over many rows, but no one jumps over all.
  const int64_t limit =
      std::max(kSmallPicture, static_cast<int64_t>(std::min<size_t>(bytes.size(), size_t{1} << 40)) * 128);
  allocate_pixels(image, header.height, header.width, 1, header.kind, limit, name);
  if (!RunReader(header, bytes, image.pixels.data()).read()) {
    fail_to_decode(name, "a whole BMP picture", "run-length data that end early");
  }
  if (header.kind == PixelKind::bilevel) {
    for (uint8_t& pixel : image.pixels) pixel = pixel != 0 ? 255 : 0;
  }
  if (header.top_down) return;
  for (int y = 0; y < image.height / 2; ++y) {
    std::swap_ranges(image.row(y), image.row(y) + image.width, image.row(image.height - 1 - y));
  }
}

}  // namespace

void decode_bmp(Bytes bytes, std::string_view name, Image& image) {
  BmpHeader header = read_bmp_header(bytes, name);
  if (header.runs) {
    read_runs(header, bytes, name, image);
  } else {
    read_rows(header, bytes, name, image);
  }
  image.palette = std::move(header.palette);
}

PictureInfo bmp_info(Bytes bytes, std::string_view name) {
  const BmpHeader header = read_bmp_header(bytes, name);
  return {static_cast<int>(header.height), static_cast<int>(header.width), "BMP"};
}

}  // namespace repbench
