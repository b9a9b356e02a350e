#include "datasets/images/jpeg_session.h"

#include <jerror.h>

#include <algorithm>

namespace repbench {
namespace {

// A few bytes make a scan, and each scan visits all blocks: without a limit a small file could take hours.
constexpr int kMostScans = 500;
constexpr int64_t kSmallPicture = int64_t{1} << 20;  // pixels

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

// A Huffman code has at least one bit for each 8x8 block. Arithmetic coding has no such floor: what it saves
// on blocks that are all alike is guessed generously.
int64_t most_pixels(const jpeg_decompress_struct& state, size_t bytes) {
  const int64_t huffman = static_cast<int64_t>(std::min<size_t>(bytes, SIZE_MAX >> 20)) * 8 * 64;
  return state.arith_code ? std::max(kSmallPicture, huffman * 64) : huffman;
}

}  // namespace

JpegSession::JpegSession(Bytes bytes, std::string_view name) : name_(name) {
  jpeg_decompress_struct& jpeg = libjpeg_.state;
  jpeg = {};
  libjpeg_.overlooked[0] = '\0';
  jpeg.err = jpeg_std_error(&libjpeg_.errors);
  jpeg.client_data = &libjpeg_;
  libjpeg_.errors.error_exit = leave;
  libjpeg_.errors.emit_message = warn;
  libjpeg_.errors.output_message = be_silent;
  libjpeg_.progress = {};
  libjpeg_.progress.progress_monitor = count_scans;
  const auto open = [&] {
    jpeg_create_decompress(&jpeg);
    jpeg.progress = &libjpeg_.progress;
    jpeg_mem_src(&jpeg, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
    jpeg_read_header(&jpeg, TRUE);
  };
  // A constructor that throws runs no destructor.
  if (!attempt(open)) {
    jpeg_destroy_decompress(&jpeg);
    fail();
  }
  const int components = jpeg.num_components;
  if (components != 1 && components != 3 && components != 4) {
    jpeg_destroy_decompress(&jpeg);
    fail_to_decode(name, "1, 3 or 4 components", std::to_string(components));
  }
  jpeg.out_color_space = components == 1 ? JCS_GRAYSCALE : components == 3 ? JCS_RGB : JCS_CMYK;
  jpeg.dct_method = JDCT_ISLOW;
  jpeg.do_fancy_upsampling = TRUE;
  limit_ = most_pixels(jpeg, bytes.size());
}

JpegSession::~JpegSession() { jpeg_destroy_decompress(&libjpeg_.state); }

void JpegSession::fail() const { fail_to_decode(name_, "a whole JPEG picture", libjpeg_.message); }

void JpegSession::leave(j_common_ptr state) {
  auto* self = static_cast<Libjpeg*>(state->client_data);
  state->err->format_message(state, self->message);
  std::longjmp(self->escape, 1);
}

void JpegSession::count_scans(j_common_ptr state) {
  auto* self = static_cast<Libjpeg*>(state->client_data);
  if (self->state.input_scan_number <= kMostScans) return;
  std::snprintf(self->message, sizeof(self->message), "more than %d scans", kMostScans);
  std::longjmp(self->escape, 1);
}

void JpegSession::warn(j_common_ptr state, int level) {
  if (level >= 0) return;
  if (pixels_are_lost(state->err->msg_code)) leave(state);
  auto* self = static_cast<Libjpeg*>(state->client_data);
  if (self->overlooked[0] == '\0') state->err->format_message(state, self->overlooked);
}

}  // namespace repbench
