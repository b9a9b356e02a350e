#include <fmt/format.h>
#include <png.h>
#include <zlib.h>

#include <algorithm>
#include <csetjmp>
#include <cstring>
#include <vector>

#include "datasets/images/byte_order.h"
#include "datasets/images/codecs.h"

namespace repbench {
namespace {

// The first chunk: signature (8), length (4), "IHDR", width (4), height (4), bits, colour type, ...
struct Header {
  int64_t width, height;
  int bits, colour_type;
};

Header read_header(Bytes bytes, std::string_view name) {
  if (bytes.size() < 33 || std::memcmp(bytes.data() + 12, "IHDR", 4) != 0) {
    fail_to_decode(name, "a PNG header", "no IHDR chunk");
  }
  return {big32(bytes, 16), big32(bytes, 20), static_cast<int>(byte_at(bytes, 24)),
          static_cast<int>(byte_at(bytes, 25))};
}

struct Layout {
  PixelKind kind;
  int channels;
};

/// Pillow's modes; it has none for grey with 16-bit alpha and reads that as RGBA.
Layout layout_of(const Header& header) {
  switch (header.colour_type) {
    case PNG_COLOR_TYPE_GRAY:
      if (header.bits == 1) return {PixelKind::bilevel, 1};
      return header.bits == 16 ? Layout{PixelKind::grey16, 2} : Layout{PixelKind::plain, 1};
    case PNG_COLOR_TYPE_PALETTE:
      return {PixelKind::palette, 1};
    case PNG_COLOR_TYPE_GRAY_ALPHA:
      return header.bits == 16 ? Layout{PixelKind::rgba, 4} : Layout{PixelKind::grey_alpha, 2};
    case PNG_COLOR_TYPE_RGB_ALPHA:
      return {PixelKind::rgba, 4};
    default:
      return {PixelKind::plain, 3};
  }
}

// libpng reports an error by a jump back to where setjmp stood: what is between holds no destructors.
struct Reader {
  Bytes left;
  char trouble[160] = "";
};

void on_error(png_structp png, png_const_charp message) {
  auto* reader = static_cast<Reader*>(png_get_error_ptr(png));
  std::strncpy(reader->trouble, message, sizeof(reader->trouble) - 1);
  png_longjmp(png, 1);
}

// What Pillow does not mind, we do not; but pixels with another checksum than the writer's are not his.
void on_warning(png_structp png, png_const_charp message) {
  if (std::strstr(message, "IDAT: incorrect data check") != nullptr) png_error(png, message);
}

void on_read(png_structp png, png_bytep to, size_t count) {
  auto* reader = static_cast<Reader*>(png_get_io_ptr(png));
  if (count > reader->left.size()) png_error(png, "the file ends early");
  std::memcpy(to, reader->left.data(), count);
  reader->left = reader->left.subspan(count);
}

/// Bytes in Pillow's order; 16-bit values lose the lower one, except grey ones, where it comes first.
void ask_for_native_pixels(png_structp png, const Layout& layout) {
  // libpng would spread a palette, too.
  if (layout.kind != PixelKind::palette) png_set_expand_gray_1_2_4_to_8(png);
  png_set_packing(png);
  if (layout.kind == PixelKind::grey16) {
    png_set_swap(png);
  } else {
    png_set_strip_16(png);
  }
  if (layout.kind == PixelKind::rgba) png_set_gray_to_rgb(png);
  png_set_interlace_handling(png);
}

/// The palette's colours as RGB triples, at most 256.
void copy_palette(png_structp png, png_infop info, uint8_t* to) {
  png_colorp colours = nullptr;
  int count = 0;
  if (to == nullptr || png_get_PLTE(png, info, &colours, &count) == 0) return;
  for (int i = 0; i < std::min(count, 256); ++i, to += 3) {
    to[0] = colours[i].red;
    to[1] = colours[i].green;
    to[2] = colours[i].blue;
  }
}

/// False if libpng jumped: `reader.trouble` then says why. The palette's colours go to `palette` (768 bytes).
bool read_rows(Reader& reader, const Layout& layout, size_t row_bytes, uint8_t** rows, uint8_t* palette) {
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &reader, on_error, on_warning);
  png_infop info = png == nullptr ? nullptr : png_create_info_struct(png);
  if (info == nullptr || setjmp(png_jmpbuf(png)) != 0) {
    png_destroy_read_struct(&png, &info, nullptr);
    return false;
  }
  png_set_read_fn(png, &reader, on_read);
  png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  // Profiles, texts and the like are skipped: they change no pixel, and may announce any size.
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
  png_read_info(png, info);
  // As in Pillow: a wrong CRC matters up to the pixels, which have a checksum of their own.
  png_set_crc_action(png, PNG_CRC_QUIET_USE, PNG_CRC_QUIET_USE);
  ask_for_native_pixels(png, layout);
  png_read_update_info(png, info);
  if (png_get_rowbytes(png, info) != row_bytes) png_error(png, "another size or kind than its header's");
  copy_palette(png, info, palette);
  png_read_image(png, rows);
  png_read_end(png, nullptr);
  png_destroy_read_struct(&png, &info, nullptr);
  return true;
}

bool is_chunk(Bytes bytes, size_t at, std::string_view kind) {
  return std::memcmp(bytes.data() + at + 4, kind.data(), 4) == 0;
}

/// Calls `visit(position, payload)` for each whole chunk until it says false; returns the position behind the
/// last one visited.
template <typename Visit>
size_t walk(Bytes bytes, Visit visit) {
  size_t at = 8;
  while (bytes.size() > at && bytes.size() - at >= 12) {
    const size_t length = big32(bytes, at);
    if (length > bytes.size() - at - 12) break;
    const size_t start = at;
    at += length + 12;
    if (!visit(start, bytes.subspan(start + 8, length))) return at;
  }
  return bytes.size();
}

}  // namespace

void decode_png(Bytes bytes, std::string_view name, Image& image) {
  const Header header = read_header(bytes, name);
  const Layout layout = layout_of(header);
  // Deflate packs at most 1032 bytes into one.
  const int64_t pixel_bits = layout.channels == 1 ? std::max(header.bits, 1) : 8 * layout.channels;
  const int64_t limit =
      static_cast<int64_t>(std::min<size_t>(bytes.size(), size_t{1} << 40)) * 1032 * 8 / pixel_bits;
  allocate_pixels(image, header.height, header.width, layout.channels, layout.kind, limit, name);
  if (layout.kind == PixelKind::palette) image.palette.assign(768, 0);
  std::vector<uint8_t*> rows(static_cast<size_t>(image.height));
  for (int y = 0; y < image.height; ++y) rows[y] = image.row(y);
  Reader reader{bytes};
  uint8_t* const palette = image.palette.empty() ? nullptr : image.palette.data();
  if (!read_rows(reader, layout, static_cast<size_t>(image.width) * image.channels, rows.data(), palette)) {
    fail_to_decode(name, "a whole PNG picture",
                   std::string("damaged or missing data (") + reader.trouble + ")");
  }
}

PictureInfo png_info(Bytes bytes, std::string_view name) {
  const Header header = read_header(bytes, name);
  check_size(header.height, header.width, INT64_MAX, name);
  return {static_cast<int>(header.height), static_cast<int>(header.width), "PNG"};
}

std::string png_damage(Bytes bytes, std::string_view) {
  std::string damage;
  walk(bytes, [&](size_t at, Bytes payload) {
    const auto* kind = reinterpret_cast<const Bytef*>(bytes.data() + at + 4);
    const uLong sum = crc32(0, kind, static_cast<uInt>(payload.size() + 4));
    if (sum != big32(bytes, at + 8 + payload.size())) damage = fmt::format("a wrong CRC at byte {}", at);
    return damage.empty() && !is_chunk(bytes, at, "IEND");
  });
  return damage;
}

size_t png_end(Bytes bytes) {
  return walk(bytes, [&](size_t at, Bytes) { return !is_chunk(bytes, at, "IEND"); });
}

Metadata png_metadata(Bytes bytes) {
  using namespace std::string_view_literals;
  constexpr std::string_view kXmp = "XML:com.adobe.xmp\0\0"sv;  // the keyword, then 0: not compressed
  Metadata metadata;
  walk(bytes, [&](size_t at, Bytes payload) {
    if (is_chunk(bytes, at, "eXIf")) metadata.exif = payload;
    if (is_chunk(bytes, at, "iTXt") && payload.size() > kXmp.size() &&
        std::memcmp(payload.data(), kXmp.data(), kXmp.size()) == 0) {
      metadata.xmp = payload;
    }
    return true;
  });
  return metadata;
}

}  // namespace repbench
