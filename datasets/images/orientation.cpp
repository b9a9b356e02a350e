#include "datasets/images/orientation.h"

#include <algorithm>
#include <string_view>

#include "datasets/images/byte_order.h"

namespace repbench {
namespace {

constexpr uint64_t kOrientationTag = 0x0112;
constexpr uint64_t kShort = 3, kLong = 4;  // the tag's types of two and of four bytes

std::string_view text_of(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

/// 0 if the block has no such tag: a TIFF file of one directory (twelve bytes an entry) without a picture.
int exif_orientation(Bytes exif) {
  using namespace std::string_view_literals;
  for (int i = 0; i < 2 && text_of(exif).starts_with("Exif\0\0"sv); ++i) exif = exif.subspan(6);
  const bool big_endian = text_of(exif).starts_with("MM");
  if (!big_endian && !text_of(exif).starts_with("II")) return 0;
  const auto number = [&](size_t at, int size) { return number_at(exif, at, size, big_endian); };
  const size_t directory = number(4, 4);
  const size_t entries = number(directory, 2);
  int orientation = 0;
  for (size_t i = 0; i < entries; ++i) {
    const size_t entry = directory + 2 + 12 * i;
    if (entry + 12 > exif.size()) break;
    const size_t type = number(entry + 2, 2);
    if (number(entry, 2) != kOrientationTag || (type != kShort && type != kLong)) continue;
    if (number(entry + 4, 4) != 1) continue;
    const uint64_t value = number(entry + 8, type == kShort ? 2 : 4);
    orientation = value <= 8 ? static_cast<int>(value) : 9;  // 9: said, but nothing that we know
  }
  return orientation;
}

int xmp_orientation(Bytes xmp) {
  constexpr std::string_view kName = "tiff:Orientation";
  const std::string_view text = text_of(xmp);
  for (size_t at = text.find(kName); at != text.npos; at = text.find(kName, at + 1)) {
    std::string_view rest = text.substr(at + kName.size());
    if (rest.starts_with("=\"")) {
      rest.remove_prefix(2);
    } else if (rest.starts_with(">")) {
      rest.remove_prefix(1);
    } else {
      continue;
    }
    if (!rest.empty() && rest.front() >= '0' && rest.front() <= '9') return rest.front() - '0';
  }
  return 1;
}

}  // namespace

int orientation_of(const Metadata& metadata) {
  int orientation = exif_orientation(metadata.exif);
  if (orientation == 0) orientation = xmp_orientation(metadata.xmp);
  return orientation >= 1 && orientation <= 8 ? orientation : 1;
}

void turn(Image& image, int orientation) {
  if (orientation == 1) return;
  const bool swap = lies_on_its_side(orientation);
  // Read backwards along the stored rows (x) and columns (y)?
  const bool backwards_x = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const bool backwards_y = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  Image turned = image;
  if (swap) std::swap(turned.height, turned.width);
  uint8_t* to = turned.pixels.data();
  for (int y = 0; y < turned.height; ++y) {
    for (int x = 0; x < turned.width; ++x, to += image.channels) {
      const int row = swap ? x : y, column = swap ? y : x;
      const int from_row = backwards_y ? image.height - 1 - row : row;
      const int from_column = backwards_x ? image.width - 1 - column : column;
      std::copy_n(image.row(from_row) + static_cast<int64_t>(from_column) * image.channels, image.channels,
                  to);
    }
  }
  image = std::move(turned);
}

}  // namespace repbench
