#include "datasets/images/tiff_file.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>

namespace repbench {
namespace {

std::string one_line(const char* format, va_list arguments) {
  std::array<char, 200> text{};
  std::vsnprintf(text.data(), text.size(), format, arguments);
  std::string line = text.data();
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  std::ranges::replace_if(line, control, ' ');
  return line;
}

}  // namespace

/// libtiff's file functions on bytes in memory.
struct TiffMemory {
  static TiffFile& file(thandle_t handle) { return *static_cast<TiffFile*>(handle); }

  static tmsize_t read(thandle_t handle, void* to, tmsize_t size) {
    TiffFile& self = file(handle);
    if (size <= 0 || self.at_ >= self.bytes_.size()) return 0;
    const size_t count = std::min<size_t>(static_cast<size_t>(size), self.bytes_.size() - self.at_);
    std::memcpy(to, self.bytes_.data() + self.at_, count);
    self.at_ += count;
    return static_cast<tmsize_t>(count);
  }
  static tmsize_t write(thandle_t, void*, tmsize_t) { return 0; }
  static toff_t seek(thandle_t handle, toff_t offset, int from) {
    TiffFile& self = file(handle);
    if (from == SEEK_SET) self.at_ = offset;
    if (from == SEEK_CUR) self.at_ += offset;
    if (from == SEEK_END) self.at_ = self.bytes_.size() + offset;
    return self.at_;
  }
  static int close(thandle_t) { return 0; }
  static toff_t size(thandle_t handle) { return file(handle).bytes_.size(); }
};

TiffFile::TiffFile(Bytes bytes, std::string_view name) : bytes_(bytes), name_(name) {
  constexpr tmsize_t kMostMemory = tmsize_t{1} << 31;  // for one buffer
  TIFFOpenOptions* options = TIFFOpenOptionsAlloc();
  if (options == nullptr) throw std::bad_alloc();
  TIFFOpenOptionsSetErrorHandlerExtR(options, complain, this);
  TIFFOpenOptionsSetWarningHandlerExtR(options, warn, this);
  TIFFOpenOptionsSetMaxSingleMemAlloc(options, kMostMemory);
  // "m": the bytes are not mapped by libtiff; it reads them.
  tiff_.reset(TIFFClientOpenExt("TIFF", "rm", this, TiffMemory::read, TiffMemory::write, TiffMemory::seek,
                                TiffMemory::close, TiffMemory::size, nullptr, nullptr, options));
  TIFFOpenOptionsFree(options);
  if (tiff_ == nullptr) fail();
  check();
}

int TiffFile::complain(TIFF*, void* self, const char*, const char* format, va_list arguments) {
  // Only the first complaint says what was wrong; a file may hold anything, and the line stays one.
  std::string& complaint = static_cast<TiffFile*>(self)->complaint_;
  if (complaint.empty()) complaint = one_line(format, arguments);
  return 1;
}

// Without its colours a palette's picture would be taken for grey.
int TiffFile::warn(TIFF*, void* self, const char*, const char* format, va_list arguments) {
  const std::string warning = one_line(format, arguments);
  std::string& complaint = static_cast<TiffFile*>(self)->complaint_;
  if (complaint.empty() && warning.find("\"ColorMap\"") != warning.npos) complaint = warning;
  return 1;
}

void TiffFile::fail(std::string_view expected, std::string_view got) const {
  fail_to_decode(name_, expected, got);
}

void TiffFile::fail() const {
  fail("a whole TIFF picture", complaint_.empty() ? "damaged or missing data" : complaint_);
}

}  // namespace repbench
