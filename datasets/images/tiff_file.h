#pragma once

#include <tiffio.h>

#include <array>
#include <memory>
#include <string>

#include "datasets/images/codecs.h"

namespace repbench {

/// libtiff opened on bytes, which must outlive it; positioned at the first page. What libtiff complains about
/// is kept and not printed.
class TiffFile {
 public:
  TiffFile(Bytes bytes, std::string_view name);
  TiffFile(const TiffFile&) = delete;
  TiffFile& operator=(const TiffFile&) = delete;

  TIFF* get() const { return tiff_.get(); }
  Bytes bytes() const { return bytes_; }
  std::string_view name() const { return name_; }

  /// Throws if libtiff has complained about what it nevertheless went on with.
  void check() const {
    if (!complaint_.empty()) fail();
  }

  /// A field of one number; its default where the file does not say it.
  template <typename Number>
  Number field(ttag_t tag) const {
    Number value = 0;
    return TIFFGetFieldDefaulted(tiff_.get(), tag, &value) == 1 ? value : Number{0};
  }

  /// Throws "expected EXPECTED; got GOT", or what libtiff said.
  [[noreturn]] void fail(std::string_view expected, std::string_view got) const;
  [[noreturn]] void fail() const;

 private:
  struct Close {
    void operator()(TIFF* tiff) const { TIFFClose(tiff); }
  };

  static int complain(TIFF*, void* self, const char* module, const char* format, va_list arguments);
  static int warn(TIFF*, void* self, const char* module, const char* format, va_list arguments);

  Bytes bytes_;
  toff_t at_ = 0;
  std::string_view name_;
  std::string complaint_;
  std::unique_ptr<TIFF, Close> tiff_;

  friend struct TiffMemory;
};

/// How the pixels of a TIFF lie in the file, and what Pillow makes of them.
struct TiffLayout {
  int64_t height, width;  // as stored, before the orientation is applied
  PixelKind kind = PixelKind::plain;
  int channels = 1;
  int samples = 1;  // a stored pixel
  int bits = 8;     // a sample
  bool inverted = false;
  bool premultiplied = false;
  bool separate = false;  // a plane for each sample
  int orientation = 1;
};

/// Throws as decode() does where Pillow refuses the layout, or where we do.
TiffLayout read_tiff_layout(const TiffFile& file);

}  // namespace repbench
