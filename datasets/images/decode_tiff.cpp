#include <algorithm>
#include <vector>

#include "datasets/images/orientation.h"
#include "datasets/images/tiff_file.h"

namespace repbench {
namespace {

constexpr int64_t kSmallPicture = int64_t{1} << 22;
constexpr int64_t kMostPixelsPerByte = int64_t{1} << 15;  // flat black and white under zstd: 17000

int64_t most_pixels(const TiffFile& file, const TiffLayout& layout) {
  const auto bytes = static_cast<int64_t>(std::min<size_t>(file.bytes().size(), size_t{1} << 40));
  if (file.field<uint16_t>(TIFFTAG_COMPRESSION) == COMPRESSION_NONE) {
    return bytes * 8 / (int64_t{layout.bits} * layout.samples) + 1;
  }
  return std::max(kSmallPicture, bytes * kMostPixelsPerByte);
}

/// libtiff guesses where a strip is too short; a file that ends early is refused.
void check_extents(const TiffFile& file) {
  TIFF* const tiff = file.get();
  const uint32_t count = TIFFIsTiled(tiff) != 0 ? TIFFNumberOfTiles(tiff) : TIFFNumberOfStrips(tiff);
  for (uint32_t i = 0; i < count; ++i) {
    const uint64_t offset = TIFFGetStrileOffset(tiff, i), size = TIFFGetStrileByteCount(tiff, i);
    if (offset > file.bytes().size() || size > file.bytes().size() - offset) {
      file.fail("a whole TIFF picture", "a file that ends before its pixels do");
    }
  }
}

/// Numbers of 1, 2 or 4 bits, the highest first, spread over 0 ... 255 unless they are places in a palette.
void unpack_small(const TiffLayout& layout, const uint8_t* from, int64_t count, uint8_t* to) {
  const int most = (1 << layout.bits) - 1;
  const int scale = layout.kind == PixelKind::palette ? 1 : 255 / most;
  for (int64_t x = 0; x < count; ++x) {
    const int64_t bit = x * layout.bits;
    const int value = from[bit / 8] >> (8 - layout.bits - bit % 8) & most;
    to[x] = static_cast<uint8_t>((layout.inverted ? most - value : value) * scale);
  }
}

void divide_by_alpha(uint8_t* rgba, int64_t count) {
  for (int64_t x = 0; x < count; ++x, rgba += 4) {
    for (int c = 0; c < 3 && rgba[3] != 255; ++c) {
      rgba[c] = rgba[3] == 0 ? uint8_t{0} : static_cast<uint8_t>(std::min(rgba[c] * 255 / rgba[3], 255));
    }
  }
}

/// `count` pixels of all samples, side by side.
void unpack_pixels(const TiffLayout& layout, const uint8_t* from, int64_t count, uint8_t* to) {
  if (layout.bits < 8) return unpack_small(layout, from, count, to);
  if (layout.kind == PixelKind::grey16) {
    for (int64_t x = 0; x < count; ++x) {  // libtiff gives the machine's byte order
      const auto value = static_cast<uint16_t>(from[2 * x] | from[2 * x + 1] << 8);
      to[2 * x] = static_cast<uint8_t>(value);
      to[2 * x + 1] = static_cast<uint8_t>(value >> 8);
    }
    return;
  }
  const int bytes = layout.bits / 8;  // the higher one of two comes last
  uint8_t* pixel = to;
  for (int64_t x = 0; x < count; ++x, from += layout.samples * bytes) {
    for (int c = 0; c < layout.channels; ++c) {
      const uint8_t value = from[c * bytes + bytes - 1];
      *pixel++ = layout.inverted ? static_cast<uint8_t>(255 - value) : value;
    }
  }
  if (layout.premultiplied) divide_by_alpha(to, count);
}

void unpack_plane(const TiffLayout& layout, const uint8_t* from, int64_t count, uint8_t* to) {
  for (int64_t x = 0; x < count; ++x) to[x * layout.channels] = from[x];
}

void read_strips(const TiffFile& file, const TiffLayout& layout, Image& image) {
  std::vector<uint8_t> row(static_cast<size_t>(TIFFScanlineSize64(file.get())));
  const int planes = layout.separate ? layout.channels : 1;
  const int64_t expected = (layout.width * layout.bits * (layout.separate ? 1 : layout.samples) + 7) / 8;
  if (std::ssize(row) < expected) file.fail();
  for (int plane = 0; plane < planes; ++plane) {
    for (int y = 0; y < image.height; ++y) {
      if (TIFFReadScanline(file.get(), row.data(), static_cast<uint32_t>(y), static_cast<uint16_t>(plane)) !=
          1) {
        file.fail();
      }
      if (layout.separate) {
        unpack_plane(layout, row.data(), layout.width, image.row(y) + plane);
      } else {
        unpack_pixels(layout, row.data(), layout.width, image.row(y));
      }
    }
  }
}

struct Tiles {
  int64_t height, width, row_bytes;
};

Tiles read_tiles_size(const TiffFile& file, const TiffLayout& layout) {
  const int64_t height = file.field<uint32_t>(TIFFTAG_TILELENGTH),
                width = file.field<uint32_t>(TIFFTAG_TILEWIDTH);
  // A tile may be larger than its picture, but not by much.
  check_size(height, width, std::max(kSmallPicture, 4 * layout.height * layout.width), file.name());
  const int64_t row_bytes = (width * layout.bits * (layout.separate ? 1 : layout.samples) + 7) / 8;
  if (TIFFTileSize64(file.get()) != static_cast<uint64_t>(height * row_bytes)) file.fail();
  return {height, width, row_bytes};
}

void read_tiles(const TiffFile& file, const TiffLayout& layout, Image& image) {
  const Tiles tiles = read_tiles_size(file, layout);
  std::vector<uint8_t> tile(static_cast<size_t>(tiles.height * tiles.row_bytes));
  const int planes = layout.separate ? layout.channels : 1;
  const auto read_one = [&](int plane, int64_t top, int64_t left) {
    const uint32_t index = TIFFComputeTile(file.get(), static_cast<uint32_t>(left),
                                           static_cast<uint32_t>(top), 0, static_cast<uint16_t>(plane));
    if (TIFFReadEncodedTile(file.get(), index, tile.data(), std::ssize(tile)) != std::ssize(tile))
      file.fail();
    const int64_t width = std::min(tiles.width, layout.width - left);
    for (int64_t y = 0; y < std::min(tiles.height, layout.height - top); ++y) {
      const uint8_t* from = tile.data() + y * tiles.row_bytes;
      uint8_t* to = image.row(static_cast<int>(top + y)) + left * layout.channels;
      layout.separate ? unpack_plane(layout, from, width, to + plane)
                      : unpack_pixels(layout, from, width, to);
    }
  };
  for (int plane = 0; plane < planes; ++plane) {
    for (int64_t top = 0; top < layout.height; top += tiles.height) {
      for (int64_t left = 0; left < layout.width; left += tiles.width) read_one(plane, top, left);
    }
  }
}

void read_palette(const TiffFile& file, const TiffLayout& layout, Image& image) {
  std::array<uint16_t*, 3> colours{};
  if (TIFFGetField(file.get(), TIFFTAG_COLORMAP, &colours[0], &colours[1], &colours[2]) != 1) {
    file.fail("a TIFF colour map", "none");
  }
  image.palette.assign(768, 0);
  for (int i = 0; i < 1 << layout.bits; ++i) {
    for (int c = 0; c < 3; ++c) image.palette[3 * i + c] = static_cast<uint8_t>(colours[c][i] >> 8);
  }
}

}  // namespace

void decode_tiff(Bytes bytes, std::string_view name, Image& image) {
  const TiffFile file(bytes, name);
  const TiffLayout layout = read_tiff_layout(file);
  check_size(layout.height, layout.width, most_pixels(file, layout), name);
  check_extents(file);
  if (file.field<uint16_t>(TIFFTAG_PHOTOMETRIC) == PHOTOMETRIC_YCBCR) {
    TIFFSetField(file.get(), TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
  }
  allocate_pixels(image, layout.height, layout.width, layout.channels, layout.kind, INT64_MAX, name);
  if (layout.kind == PixelKind::palette) read_palette(file, layout, image);
  TIFFIsTiled(file.get()) != 0 ? read_tiles(file, layout, image) : read_strips(file, layout, image);
  file.check();
  if (layout.separate && layout.premultiplied)
    divide_by_alpha(image.pixels.data(), layout.height * layout.width);
  turn(image, layout.orientation);
}

PictureInfo tiff_info(Bytes bytes, std::string_view name) {
  const TiffFile file(bytes, name);
  const TiffLayout layout = read_tiff_layout(file);
  check_size(layout.height, layout.width, INT64_MAX, name);
  const auto height = static_cast<int>(layout.height), width = static_cast<int>(layout.width);
  if (lies_on_its_side(layout.orientation)) return {width, height, "TIFF"};
  return {height, width, "TIFF"};
}

}  // namespace repbench
