#include "datasets/images/bmp_header.h"

#include <fmt/format.h>

#include <algorithm>

#include "datasets/images/byte_order.h"

namespace repbench {
namespace {

constexpr size_t kFileHeader = 14, kOs2Header = 12;
constexpr uint32_t kRaw = 0, kRle8 = 1, kRle4 = 2, kBitFields = 3;

struct Masks {
  int bits;
  std::array<uint32_t, 4> rgba;
  std::array<int, 4> order;
  bool alpha;
};

/// The layouts of 24 and 32 bits that Pillow knows, by their masks.
constexpr std::array<Masks, 9> kMasks{{
    {32, {0xff0000, 0xff00, 0xff, 0}, {2, 1, 0, 3}, false},
    {32, {0xff000000, 0xff0000, 0xff00, 0}, {3, 2, 1, 0}, false},
    {32, {0xff000000, 0xff00, 0xff, 0}, {3, 1, 0, 2}, false},
    {32, {0xff000000, 0xff0000, 0xff00, 0xff}, {3, 2, 1, 0}, true},
    {32, {0xff, 0xff00, 0xff0000, 0xff000000}, {0, 1, 2, 3}, true},
    {32, {0xff0000, 0xff00, 0xff, 0xff000000}, {2, 1, 0, 3}, true},
    {32, {0xff000000, 0xff00, 0xff, 0xff0000}, {3, 1, 0, 2}, true},
    {32, {0, 0, 0, 0}, {2, 1, 0, 3}, true},
    {24, {0xff0000, 0xff00, 0xff, 0}, {2, 1, 0, 3}, false},
}};

class Parser {
 public:
  Parser(Bytes bytes, std::string_view name) : bytes_(bytes), name_(name) {}

  BmpHeader parse() {
    read_sizes();
    read_layout();
    if (header_.bits <= 8) read_palette();
    if (header_.pixels_at == 0) header_.pixels_at = at_;
    header_.unpacked_bits = header_.bits;
    if (header_.bits <= 8 && header_.kind == PixelKind::plain) header_.unpacked_bits = 8;
    if (header_.kind == PixelKind::bilevel) header_.unpacked_bits = 1;
    return header_;
  }

 private:
  uint32_t field(size_t at) const { return little32(bytes_, kFileHeader + at); }
  uint32_t short_field(size_t at) const { return little16(bytes_, kFileHeader + at); }

  void read_sizes() {
    size_ = field(0);
    constexpr std::array<uint32_t, 7> kSizes{kOs2Header, 40, 52, 56, 64, 108, 124};
    if (std::ranges::find(kSizes, size_) == kSizes.end()) {
      fail_to_decode(name_, "a BMP header of 12, 40, 52, 56, 64, 108 or 124 bytes", std::to_string(size_));
    }
    at_ = kFileHeader + size_;
    if (bytes_.size() < at_) fail_to_decode(name_, "a whole BMP header", "a file that ends within it");
    const bool os2 = size_ == kOs2Header;
    header_.width = os2 ? short_field(4) : field(4);
    header_.height = os2 ? short_field(6) : field(8);
    header_.bits = static_cast<int>(short_field(os2 ? 10 : 14));
    header_.top_down = !os2 && header_.height >> 24 == 0xff;  // a negative height
    if (header_.top_down) header_.height = (int64_t{1} << 32) - header_.height;
    compression_ = os2 ? kRaw : field(16);
    colours_ = os2 ? 0 : field(32);
    entry_ = os2 ? 3 : 4;
    if (colours_ == 0) colours_ = uint64_t{1} << std::min(header_.bits, 32);
    header_.pixels_at = little32(bytes_, 10);
    if (header_.pixels_at == at_ && header_.bits <= 8) header_.pixels_at += entry_ * colours_;
  }

  void read_layout() {
    constexpr std::array<int, 6> kBits{1, 4, 8, 16, 24, 32};
    if (std::ranges::find(kBits, header_.bits) == kBits.end()) {
      fail_to_decode(name_, "a BMP of 1, 4, 8, 16, 24 or 32 bits", std::to_string(header_.bits));
    }
    header_.runs = compression_ == kRle8 || compression_ == kRle4;
    header_.nibbles = compression_ == kRle4;
    if (compression_ == kBitFields) return read_masks();
    if (compression_ != kRaw && !header_.runs) {
      fail_to_decode(name_, "a BMP of compression 0 to 3", std::to_string(compression_));
    }
    if (header_.runs && header_.bits > 8) fail_to_decode(name_, "a palette before run-length data", "none");
  }

  void read_masks() {
    // A header of 40 bytes has them behind it, without alpha.
    const bool inside = size_ >= 52;
    const size_t first = inside ? kFileHeader + 40 : at_;
    std::array<uint32_t, 4> masks{};
    for (size_t i = 0; i < 3; ++i) masks[i] = little32(bytes_, first + 4 * i);
    if (size_ >= 56) masks[3] = little32(bytes_, first + 12);
    if (!inside) at_ = std::min(at_ + 12, bytes_.size());
    if (header_.bits == 24) masks[3] = 0;
    for (const Masks& known : kMasks) {
      if (known.bits != header_.bits || known.rgba != masks) continue;
      header_.order = known.order;
      if (known.alpha) header_.kind = PixelKind::rgba, header_.channels = 4;
      return;
    }
    const bool five_bits = masks[2] == 0x1f && header_.bits == 16;
    if (five_bits && masks[0] == 0xf800 && masks[1] == 0x7e0) {
      header_.green_bits = 6;
    } else if (!five_bits || masks[0] != 0x7c00 || masks[1] != 0x3e0) {
      fail_to_decode(name_, "a known layout of BMP bit fields",
                     fmt::format("{} bits with masks {:x} {:x} {:x} {:x}", header_.bits, masks[0], masks[1],
                                 masks[2], masks[3]));
    }
  }

  /// A palette of greys in order is none: the pixels are grey, or black and white.
  void read_palette() {
    constexpr uint64_t kMostColours = 65536;
    if (colours_ > kMostColours) {
      fail_to_decode(name_, "a BMP palette of at most 65536 colours", std::to_string(colours_));
    }
    const Bytes stored = part(bytes_, at_, entry_ * colours_);
    at_ += stored.size();
    bool grey = true;
    std::vector<uint8_t>& palette = header_.palette;
    for (uint64_t i = 0; i < colours_; ++i) {
      const uint32_t expected = colours_ == 2 ? static_cast<uint32_t>(255 * i) : i & 255;
      for (size_t c = 0; c < 3; ++c) {
        const size_t place = entry_ * i + 2 - c;
        grey = grey && place < stored.size() && byte_at(stored, place) == expected;
        if ((i + 1) * entry_ <= stored.size())
          palette.push_back(static_cast<uint8_t>(byte_at(stored, place)));
      }
    }
    header_.channels = 1;
    header_.kind = !grey ? PixelKind::palette : colours_ <= 2 ? PixelKind::bilevel : PixelKind::plain;
    if (!grey && palette.size() > 768) {
      fail_to_decode(name_, "a BMP palette of at most 256 colours", std::to_string(colours_));
    }
    palette.resize(grey ? 0 : 768);
  }

  Bytes bytes_;
  std::string_view name_;
  BmpHeader header_{};
  size_t at_ = 0;  // behind what has been read
  uint32_t size_ = 0, compression_ = 0;
  uint64_t colours_ = 0, entry_ = 0;
};

}  // namespace

BmpHeader read_bmp_header(Bytes bytes, std::string_view name) {
  BmpHeader header = Parser(bytes, name).parse();
  check_size(header.height, header.width, INT64_MAX, name);
  return header;
}

}  // namespace repbench
