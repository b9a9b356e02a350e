#pragma once

#include <csetjmp>
#include <cstdint>
#include <cstdio>
#include <string_view>
// jpeglib.h wants cstdio's FILE first.
#include <jpeglib.h>

#include "datasets/images/codecs.h"

namespace repbench {

/// libjpeg opened on bytes, which must outlive it. Owns what libjpeg allocates.
class JpegSession {
 public:
  /// Reads the header and sets what Pillow sets: RGB, grey or CMYK, accurate IDCT, fancy upsampling.
  JpegSession(Bytes bytes, std::string_view name);
  ~JpegSession();
  JpegSession(const JpegSession&) = delete;
  JpegSession& operator=(const JpegSession&) = delete;

  jpeg_decompress_struct& state() { return libjpeg_.state; }

  /// The first thing that libjpeg found wrong and read over; "" if there was none.
  std::string_view overlooked() const { return libjpeg_.overlooked; }

  /// Pixels that so many bytes can hold.
  int64_t limit() const { return limit_; }

  /// Runs `step`, which calls libjpeg and may be left by longjmp: it holds no object with a destructor.
  /// Throws where libjpeg fails or loses pixels.
  template <typename Step>
  void run(Step step) {
    if (!attempt(step)) fail();
  }

 private:
  struct Libjpeg {
    jpeg_decompress_struct state;
    jpeg_error_mgr errors;
    jpeg_progress_mgr progress;
    std::jmp_buf escape;
    char message[JMSG_LENGTH_MAX];
    char overlooked[JMSG_LENGTH_MAX];
  };

  template <typename Step>
  bool attempt(Step& step) {
    if (setjmp(libjpeg_.escape) != 0) return false;
    step();
    return true;
  }
  [[noreturn]] void fail() const;

  static void leave(j_common_ptr state);
  static void warn(j_common_ptr state, int level);
  static void be_silent(j_common_ptr) {}
  static void count_scans(j_common_ptr state);

  Libjpeg libjpeg_;
  std::string_view name_;
  int64_t limit_ = 0;
};

}  // namespace repbench
