#include <png.h>

#include <algorithm>
#include <csetjmp>
#include <cstring>
#include <vector>

#include "datasets/images/codecs.h"

namespace repbench {
namespace {

// The first chunk: signature (8), length (4), "IHDR", width (4), height (4), bits, colour type, ...
struct Header {
  int64_t width, height;
  int bits, colour_type;

  bool grey() const { return (colour_type & PNG_COLOR_MASK_COLOR) == 0; }
  bool alpha() const { return (colour_type & PNG_COLOR_MASK_ALPHA) != 0; }
  // Pillow reads 16-bit grey as numbers above its 8-bit range and clips them; other 16-bit kinds lose the low
  // byte.
  bool clipped() const { return grey() && bits == 16 && !alpha(); }
};

int64_t big_endian(const std::byte* bytes) {
  int64_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8 | std::to_integer<int64_t>(bytes[i]);
  return value;
}

Header read_header(std::span<const std::byte> bytes, std::string_view name) {
  if (bytes.size() < 33 || std::memcmp(bytes.data() + 12, "IHDR", 4) != 0) {
    fail_to_decode(name, "a PNG header", "no IHDR chunk");
  }
  return {big_endian(bytes.data() + 16), big_endian(bytes.data() + 20), std::to_integer<int>(bytes[24]),
          std::to_integer<int>(bytes[25])};
}

// libpng reports an error by a jump back to where setjmp stood: what is between holds no destructors.
struct Reader {
  std::span<const std::byte> left;
  char trouble[160] = "";
};

void on_error(png_structp png, png_const_charp message) {
  auto* reader = static_cast<Reader*>(png_get_error_ptr(png));
  std::strncpy(reader->trouble, message, sizeof(reader->trouble) - 1);
  png_longjmp(png, 1);
}

void on_warning(png_structp, png_const_charp) {}  // what Pillow does not mind, we do not

void on_read(png_structp png, png_bytep to, size_t count) {
  auto* reader = static_cast<Reader*>(png_get_io_ptr(png));
  if (count > reader->left.size()) png_error(png, "the file ends early");
  std::memcpy(to, reader->left.data(), count);
  reader->left = reader->left.subspan(count);
}

/// 8 bits a channel, grey or RGB, transparency ignored; 16-bit grey in the machine's byte order.
void ask_for_plain_pixels(png_structp png, const Header& header) {
  png_set_expand_gray_1_2_4_to_8(png);
  if (header.colour_type == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png);
  png_set_strip_alpha(png);
  if (header.clipped()) {
    png_set_swap(png);
  } else {
    png_set_strip_16(png);
  }
  png_set_interlace_handling(png);
}

/// False if libpng jumped: `reader.trouble` then says why.
bool read_rows(Reader& reader, const Header& header, size_t row_bytes, uint8_t** rows) {
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &reader, on_error, on_warning);
  png_infop info = png == nullptr ? nullptr : png_create_info_struct(png);
  if (info == nullptr || setjmp(png_jmpbuf(png)) != 0) {
    png_destroy_read_struct(&png, &info, nullptr);
    return false;
  }
  png_set_read_fn(png, &reader, on_read);
  png_read_info(png, info);
  ask_for_plain_pixels(png, header);
  png_read_update_info(png, info);
  if (png_get_rowbytes(png, info) != row_bytes) png_error(png, "another size or kind than its header's");
  png_read_image(png, rows);
  png_read_end(png, nullptr);
  png_destroy_read_struct(&png, &info, nullptr);
  return true;
}

void read_pixels(std::span<const std::byte> bytes, const Header& header, size_t row_bytes,
                 std::vector<uint8_t*>& rows, std::string_view name) {
  Reader reader{bytes};
  if (!read_rows(reader, header, row_bytes, rows.data())) {
    fail_to_decode(name, "a whole PNG picture",
                   std::string("damaged or missing data (") + reader.trouble + ")");
  }
}

}  // namespace

Image decode_png(std::span<const std::byte> bytes, std::string_view name) {
  const Header header = read_header(bytes, name);
  // Deflate packs at most 1032 bytes into one; a pixel has at least one bit.
  const int64_t limit = static_cast<int64_t>(bytes.size()) * 1032 * 8;
  Image image = allocate_pixels(header.height, header.width, header.grey() ? 1 : 3, limit, name);
  const auto row_values = static_cast<size_t>(image.width) * image.channels;
  std::vector<uint8_t*> rows(static_cast<size_t>(image.height));
  if (!header.clipped()) {
    for (int y = 0; y < image.height; ++y) rows[y] = image.row(y);
    read_pixels(bytes, header, row_values, rows, name);
    return image;
  }
  std::vector<uint16_t> wide(row_values * rows.size());
  for (size_t y = 0; y < rows.size(); ++y) rows[y] = reinterpret_cast<uint8_t*>(&wide[y * row_values]);
  read_pixels(bytes, header, 2 * row_values, rows, name);
  for (size_t y = 0; y < rows.size(); ++y) {
    std::transform(&wide[y * row_values], &wide[y * row_values] + row_values, image.row(static_cast<int>(y)),
                   [](uint16_t value) { return static_cast<uint8_t>(std::min<uint16_t>(value, 255)); });
  }
  return image;
}

}  // namespace repbench
