#include "datasets/kinds/idx_file.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <string_view>

namespace repbench {
namespace {

constexpr int64_t kBestCompression = 1032;  // of deflate: output bytes per input byte

[[noreturn]] void fail(const std::filesystem::path& path, std::string_view expected, std::string_view got) {
  throw std::runtime_error(fmt::format("[idx] {}: expected {}; got {}", path.string(), expected, got));
}

// Hands out the bytes of a plain or gzipped file. A gzip stream must end where the file ends.
class Bytes {
 public:
  Bytes(const std::string& content, const std::filesystem::path& path)
      : path_(path), gzipped_(content.starts_with("\x1f\x8b")) {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
    stream_.avail_in = static_cast<uInt>(content.size());
    if (gzipped_ && inflateInit2(&stream_, 16 + MAX_WBITS) != Z_OK) throw std::bad_alloc();
  }
  ~Bytes() {
    if (gzipped_) inflateEnd(&stream_);
  }
  Bytes(const Bytes&) = delete;
  Bytes& operator=(const Bytes&) = delete;

  // Up to `count` bytes; fewer only at the end.
  size_t read(uint8_t* output, size_t count) {
    if (gzipped_) return inflate_some(output, count);
    const size_t available = std::min<size_t>(count, stream_.avail_in);
    if (available > 0) std::memcpy(output, stream_.next_in, available);
    stream_.next_in += available;
    stream_.avail_in -= static_cast<uInt>(available);
    return available;
  }

  int64_t most() const { return stream_.avail_in * (gzipped_ ? kBestCompression : 1); }

  void expect_end() {
    uint8_t extra;
    if (read(&extra, 1) > 0) fail(path_, "the announced number of bytes", "more");
    if (gzipped_ && (!ended_ || stream_.avail_in > 0)) {
      fail(path_, "a whole gzip stream", ended_ ? "bytes after its end" : "a truncated one");
    }
  }

 private:
  size_t inflate_some(uint8_t* output, size_t count) {
    stream_.next_out = output;
    stream_.avail_out = static_cast<uInt>(count);
    while (!ended_ && stream_.avail_out > 0) {
      const int status = inflate(&stream_, Z_NO_FLUSH);
      if (status == Z_STREAM_END) ended_ = true;
      if (status == Z_BUF_ERROR) break;  // the input ends early
      if (status != Z_OK && status != Z_STREAM_END) {
        fail(path_, "gzip data", stream_.msg != nullptr ? stream_.msg : "damaged data");
      }
    }
    return count - stream_.avail_out;
  }

  const std::filesystem::path& path_;
  bool gzipped_;
  bool ended_ = false;
  z_stream stream_{};
};

uint32_t big_endian(const uint8_t* bytes) {
  return uint32_t{bytes[0]} << 24 | uint32_t{bytes[1]} << 16 | uint32_t{bytes[2]} << 8 | bytes[3];
}

// Magic number: two zeros, 8 for unsigned bytes, the number of dimensions.
void check_magic(Bytes& bytes, int dimensions, const std::filesystem::path& path) {
  uint8_t magic[4] = {};
  const uint32_t expected = 0x0800u + static_cast<uint32_t>(dimensions);
  if (bytes.read(magic, 4) == 4 && big_endian(magic) == expected) return;
  fail(path, fmt::format("an IDX file of bytes with {} dimensions (magic {:08x})", dimensions, expected),
       fmt::format("{:08x}", big_endian(magic)));
}

}  // namespace

IdxFile read_idx(const std::string& content, int dimensions, const std::filesystem::path& path) {
  if (content.size() > UINT32_MAX) fail(path, "less than 4 GiB", fmt::format("{} bytes", content.size()));
  Bytes bytes(content, path);
  check_magic(bytes, dimensions, path);
  IdxFile file;
  int64_t count = 1;
  const int64_t most = std::min<int64_t>(bytes.most() + kBestCompression, UINT32_MAX);
  for (int i = 0; i < dimensions; ++i) {
    uint8_t size[4];
    if (bytes.read(size, 4) < 4) fail(path, fmt::format("{} dimensions", dimensions), "a truncated header");
    file.dimensions.push_back(big_endian(size));
    if (file.dimensions.back() == 0) fail(path, "dimensions of at least 1", "0");
    if (file.dimensions.back() > most / count)
      fail(path, "a whole file", "dimensions that it is too short for");
    count *= file.dimensions.back();
  }
  file.values.resize(static_cast<size_t>(count));
  const size_t got = bytes.read(file.values.data(), file.values.size());
  if (got < file.values.size()) {
    fail(path, fmt::format("{} values", count), fmt::format("{} (the file is truncated)", got));
  }
  bytes.expect_end();
  return file;
}

}  // namespace repbench
