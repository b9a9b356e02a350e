#include <csetjmp>
#include <cstdint>
#include <cstdio>
#include <vector>
// jpeglib.h wants cstdio's FILE first.
#include <jpeglib.h>
// jerror.h wants jpeglib.h.
#include <jerror.h>

#include "datasets/images/codecs.h"

namespace repbench {
namespace {

// libjpeg leaves by longjmp: the functions that call it hold no object with a destructor.
struct Decompressor {
  jpeg_decompress_struct state;
  jpeg_error_mgr errors;
  std::jmp_buf escape;
  char message[JMSG_LENGTH_MAX];
};

void leave(j_common_ptr state) {
  auto* self = static_cast<Decompressor*>(state->client_data);
  state->err->format_message(state, self->message);
  std::longjmp(self->escape, 1);
}

bool pixels_are_lost(int warning) {
  switch (warning) {
    case JWRN_JPEG_EOF:
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_ARITH_BAD_CODE:
    case JWRN_MUST_RESYNC:
      return true;
    default:
      return false;
  }
}

void warn(j_common_ptr state, int level) {
  if (level < 0 && pixels_are_lost(state->err->msg_code)) leave(state);
}

void be_silent(j_common_ptr) {}

template <typename Step>
bool attempt(Decompressor& jpeg, Step step) {
  if (setjmp(jpeg.escape) != 0) return false;
  step();
  return true;
}

// Owns what libjpeg allocates.
class Jpeg {
 public:
  explicit Jpeg(std::string_view name) : name_(name) {
    jpeg_.state = {};
    jpeg_.state.err = jpeg_std_error(&jpeg_.errors);
    jpeg_.state.client_data = &jpeg_;
    jpeg_.errors.error_exit = leave;
    jpeg_.errors.emit_message = warn;
    jpeg_.errors.output_message = be_silent;
  }
  ~Jpeg() { jpeg_destroy_decompress(&jpeg_.state); }
  Jpeg(const Jpeg&) = delete;
  Jpeg& operator=(const Jpeg&) = delete;

  jpeg_decompress_struct& open(std::span<const std::byte> bytes) {
    run([&] {
      jpeg_create_decompress(&jpeg_.state);
      jpeg_mem_src(&jpeg_.state, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
      jpeg_read_header(&jpeg_.state, TRUE);
    });
    return jpeg_.state;
  }

  template <typename Step>
  void run(Step step) {
    if (!attempt(jpeg_, step)) fail_to_decode(name_, "a whole JPEG picture", jpeg_.message);
  }

 private:
  Decompressor jpeg_;
  std::string_view name_;
};

// Pillow assumes Adobe's habit of storing inks inverted, then multiplies each by what the black ink leaves.
void inks_to_rgb(const uint8_t* inks, int width, uint8_t* rgb) {
  for (int x = 0; x < width; ++x, inks += 4, rgb += 3) {
    const int rest = inks[3];
    for (int c = 0; c < 3; ++c) {
      const int product = (255 - inks[c]) * rest + 128;
      rgb[c] = static_cast<uint8_t>(rest - (((product >> 8) + product) >> 8));
    }
  }
}

void read_rows(jpeg_decompress_struct& state, Image& image, uint8_t* inks) {
  jpeg_start_decompress(&state);
  while (state.output_scanline < state.output_height) {
    uint8_t* row = image.row(static_cast<int>(state.output_scanline));
    JSAMPROW target = inks != nullptr ? inks : row;
    jpeg_read_scanlines(&state, &target, 1);
    if (inks != nullptr) inks_to_rgb(inks, image.width, row);
  }
  jpeg_finish_decompress(&state);
}

}  // namespace

Image decode_jpeg(std::span<const std::byte> bytes, std::string_view name) {
  Jpeg jpeg(name);
  jpeg_decompress_struct& state = jpeg.open(bytes);
  const int components = state.num_components;
  if (components != 1 && components != 3 && components != 4) {
    fail_to_decode(name, "1, 3 or 4 components", std::to_string(components));
  }
  state.out_color_space = components == 1 ? JCS_GRAYSCALE : components == 3 ? JCS_RGB : JCS_CMYK;
  state.dct_method = JDCT_ISLOW;
  state.do_fancy_upsampling = TRUE;

  // A Huffman code has at least one bit for each 8x8 block; arithmetic coding has no such floor.
  const int64_t limit = state.arith_code ? INT64_MAX : static_cast<int64_t>(bytes.size()) * 8 * 64;
  Image image = allocate_pixels(state.image_height, state.image_width, components == 1 ? 1 : 3, limit, name);
  std::vector<uint8_t> inks(components == 4 ? static_cast<size_t>(image.width) * 4 : 0);
  uint8_t* const row = components == 4 ? inks.data() : nullptr;
  jpeg.run([&] { read_rows(state, image, row); });
  return image;
}

}  // namespace repbench
