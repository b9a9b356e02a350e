#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace repbench {

/// An IDX file of bytes (the format of MNIST): dimensions and values in C order.
struct IdxFile {
  std::vector<int64_t> dimensions;
  std::vector<uint8_t> values;
};

/// Reads `content`, the bytes of the file `path`, gzipped or plain. Throws std::runtime_error naming the file
/// if the magic number, the number of dimensions or the number of values is not as announced.
IdxFile read_idx(const std::string& content, int dimensions, const std::filesystem::path& path);

}  // namespace repbench
