#include <fmt/format.h>

#include <algorithm>

#include "datasets/images/orientation.h"
#include "datasets/images/tiff_file.h"

namespace repbench {
namespace {

/// The fields that say what a pixel is.
struct Fields {
  int photometric, compression, bits, samples, format;
  bool separate, big_endian, reversed;
  std::vector<int> extra;  // what the samples beyond the colours are

  std::string text() const {
    return fmt::format("photometric {}, {} x {} bits of format {}, extra samples ({}), compression {}{}{}",
                       photometric, samples, bits, format, fmt::join(extra, ", "), compression,
                       separate ? ", separate planes" : "", reversed ? ", reversed bits" : "");
  }
};

Fields read_fields(const TiffFile& file) {
  const auto number = [&](ttag_t tag) { return static_cast<int>(file.field<uint16_t>(tag)); };
  Fields fields{number(TIFFTAG_PHOTOMETRIC),
                number(TIFFTAG_COMPRESSION),
                number(TIFFTAG_BITSPERSAMPLE),
                number(TIFFTAG_SAMPLESPERPIXEL),
                number(TIFFTAG_SAMPLEFORMAT),
                number(TIFFTAG_PLANARCONFIG) == PLANARCONFIG_SEPARATE,
                TIFFIsBigEndian(file.get()) != 0,
                number(TIFFTAG_FILLORDER) == FILLORDER_LSB2MSB,
                {}};
  uint16_t count = 0;
  uint16_t* extra = nullptr;
  if (TIFFGetField(file.get(), TIFFTAG_EXTRASAMPLES, &count, &extra) == 1) {
    fields.extra.assign(extra, extra + count);
  }
  return fields;
}

bool is_readable(int compression) {
  constexpr std::array<int, 11> kKnown{COMPRESSION_NONE,          COMPRESSION_CCITTRLE, COMPRESSION_CCITTFAX3,
                                       COMPRESSION_CCITTFAX4,     COMPRESSION_LZW,      COMPRESSION_JPEG,
                                       COMPRESSION_ADOBE_DEFLATE, COMPRESSION_PACKBITS, COMPRESSION_DEFLATE,
                                       COMPRESSION_LZMA,          COMPRESSION_ZSTD};
  return std::ranges::find(kKnown, compression) != kKnown.end() &&
         TIFFIsCODECConfigured(static_cast<uint16_t>(compression)) != 0;
}

bool plain_bytes(const Fields& fields) { return fields.format == SAMPLEFORMAT_UINT && fields.bits == 8; }

// Each of the functions below says whether Pillow reads such pixels, and as what.

bool grey(const Fields& fields, TiffLayout& layout) {
  const bool white_is_zero = fields.photometric == PHOTOMETRIC_MINISWHITE;
  layout.inverted = white_is_zero;
  if (fields.samples == 2) {
    if (!plain_bytes(fields) || white_is_zero || fields.extra.size() != 1) return false;
    if (fields.extra[0] == EXTRASAMPLE_UNASSALPHA) layout.kind = PixelKind::grey_alpha, layout.channels = 2;
    return fields.extra[0] == EXTRASAMPLE_UNASSALPHA || fields.extra[0] == EXTRASAMPLE_UNSPECIFIED;
  }
  if (fields.samples != 1 || !fields.extra.empty()) return false;
  if (fields.bits == 8 && !white_is_zero && fields.format == SAMPLEFORMAT_INT) return !fields.reversed;
  if (fields.format != SAMPLEFORMAT_UINT) return false;
  if (fields.bits == 16) {
    layout.kind = PixelKind::grey16;
    layout.channels = 2;
    layout.inverted = false;  // Pillow leaves these as they are
    return !fields.reversed && !(white_is_zero && fields.big_endian);
  }
  if (fields.bits == 1) layout.kind = PixelKind::bilevel;
  return fields.bits == 1 || fields.bits == 2 || fields.bits == 4 || fields.bits == 8;
}

bool rest_is_unspecified(const std::vector<int>& extra, size_t from) {
  return std::all_of(extra.begin() + static_cast<int64_t>(std::min(from, extra.size())), extra.end(),
                     [](int kind) { return kind == EXTRASAMPLE_UNSPECIFIED; });
}

bool rgb(const Fields& fields, TiffLayout& layout) {
  if (fields.format != SAMPLEFORMAT_UINT || (fields.bits != 8 && fields.bits != 16)) return false;
  const auto most = fields.bits == 8 ? 6 : 4;
  if (fields.samples < 3 || fields.samples > most || !rest_is_unspecified(fields.extra, 1)) return false;
  // Unsaid, a fourth sample is alpha.
  const bool unsaid = fields.samples == 4 && fields.extra.empty();
  if (!unsaid && std::ssize(fields.extra) != fields.samples - 3) return false;
  const int first = unsaid ? EXTRASAMPLE_UNASSALPHA : fields.samples == 3 ? 0 : fields.extra[0];
  layout.premultiplied = first == EXTRASAMPLE_ASSOCALPHA;
  const bool alpha = layout.premultiplied || first == EXTRASAMPLE_UNASSALPHA;
  layout.kind = alpha ? PixelKind::rgba : PixelKind::plain;
  layout.channels = alpha ? 4 : 3;
  return alpha || first == EXTRASAMPLE_UNSPECIFIED;
}

bool palette(const Fields& fields, TiffLayout& layout) {
  layout.kind = PixelKind::palette;
  if (fields.format != SAMPLEFORMAT_UINT) return false;
  if (fields.samples == 2)
    return fields.bits == 8 && fields.extra == std::vector<int>{EXTRASAMPLE_UNSPECIFIED};
  return fields.samples == 1 && fields.extra.empty() &&
         (fields.bits == 1 || fields.bits == 2 || fields.bits == 4 || fields.bits == 8);
}

bool cmyk(const Fields& fields, TiffLayout& layout) {
  layout.kind = PixelKind::cmyk;
  layout.channels = 4;
  if (fields.format != SAMPLEFORMAT_UINT || fields.samples < 4) return false;
  if (std::ssize(fields.extra) != fields.samples - 4 || !rest_is_unspecified(fields.extra, 0)) return false;
  return fields.bits == 8 ? fields.samples <= 6 : fields.bits == 16 && fields.samples == 4;
}

/// libtiff's JPEG turns these into RGB; other YCbCr pixels are left to those who need them.
bool ycbcr(const Fields& fields, TiffLayout& layout) {
  layout.channels = 3;
  return plain_bytes(fields) && fields.samples == 3 && fields.extra.empty() && !fields.separate &&
         fields.compression == COMPRESSION_JPEG;
}

bool known(const Fields& fields, TiffLayout& layout) {
  switch (fields.photometric) {
    case PHOTOMETRIC_MINISWHITE:
    case PHOTOMETRIC_MINISBLACK:
      return grey(fields, layout);
    case PHOTOMETRIC_RGB:
      return rgb(fields, layout);
    case PHOTOMETRIC_PALETTE:
      return palette(fields, layout);
    case PHOTOMETRIC_SEPARATED:
      return cmyk(fields, layout);
    case PHOTOMETRIC_YCBCR:
      return ycbcr(fields, layout);
    default:
      return false;
  }
}

int orientation_of(const TiffFile& file) {
  uint16_t orientation = 0;
  if (TIFFGetField(file.get(), TIFFTAG_ORIENTATION, &orientation) == 1) {
    return orientation >= 1 && orientation <= 8 ? orientation : 1;
  }
  uint32_t size = 0;
  void* packet = nullptr;
  if (TIFFGetField(file.get(), TIFFTAG_XMLPACKET, &size, &packet) != 1) return 1;
  return orientation_of(Metadata{{}, {static_cast<const std::byte*>(packet), size}});
}

}  // namespace

TiffLayout read_tiff_layout(const TiffFile& file) {
  Fields fields = read_fields(file);
  TiffLayout layout{file.field<uint32_t>(TIFFTAG_IMAGELENGTH), file.field<uint32_t>(TIFFTAG_IMAGEWIDTH)};
  layout.separate = fields.separate && fields.samples > 1;
  layout.orientation = orientation_of(file);
  layout.samples = fields.samples;
  layout.bits = fields.bits;
  // Planes of unspecified extra samples are never looked at.
  if (layout.separate && rest_is_unspecified(fields.extra, 0)) {
    fields.samples -= static_cast<int>(fields.extra.size());
    fields.extra.clear();
  }
  const bool readable = known(fields, layout) && is_readable(fields.compression) &&
                        !(fields.reversed && fields.bits == 16) && !(layout.separate && fields.bits != 8);
  if (!readable) file.fail("a TIFF layout that is read", fields.text());
  return layout;
}

}  // namespace repbench
