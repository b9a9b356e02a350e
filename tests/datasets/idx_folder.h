#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <filesystem>
#include <string>
#include <vector>

#include "datasets/images/image.h"
#include "files/atomic.h"
#include "tests/datasets/noise_picture.h"

namespace repbench {

inline std::string big_endian(uint32_t value) {
  std::string bytes;
  for (const int shift : {24, 16, 8, 0}) bytes += static_cast<char>(value >> shift & 255);
  return bytes;
}

/// The bytes of an IDX file.
inline std::string idx_bytes(const std::vector<uint32_t>& dimensions, const std::vector<uint8_t>& values) {
  std::string bytes = big_endian(0x0800 + static_cast<uint32_t>(dimensions.size()));
  for (const uint32_t dimension : dimensions) bytes += big_endian(dimension);
  return bytes + std::string(values.begin(), values.end());
}

inline std::string gzip(const std::string& bytes) {
  z_stream stream{};
  if (deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK) ADD_FAILURE();
  std::string packed(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  if (deflate(&stream, Z_FINISH) != Z_STREAM_END) ADD_FAILURE();
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

inline std::filesystem::path idx_path(const std::filesystem::path& folder, std::string_view split,
                                      std::string_view content) {
  return folder / fmt::format("{}-{}-ubyte", split == "test" ? "t10k" : split, content);
}

/// Noise pictures of 5x4 pixels with these labels, as plain files of one split.
inline Image write_idx_split(const std::filesystem::path& folder, std::string_view split,
                             const std::vector<uint8_t>& labels) {
  const auto count = static_cast<uint32_t>(labels.size());
  const Image noise = noise_picture(static_cast<int>(count) * 5, 4, 1);
  write_file_atomically(idx_path(folder, split, "images-idx3"), idx_bytes({count, 5, 4}, noise.pixels));
  write_file_atomically(idx_path(folder, split, "labels-idx1"), idx_bytes({count}, labels));
  return noise;
}

}  // namespace repbench
