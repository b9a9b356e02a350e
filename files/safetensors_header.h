#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "files/tensor_view.h"

// The JSON header of a safetensors file, shared by its reader and its writer.

namespace repbench {

constexpr uint64_t safetensors_max_header = 100'000'000;  // bytes; the limit of the original library

struct SafetensorsEntry {
  DType dtype;
  std::vector<int64_t> shape;
  uint64_t begin = 0;  // bytes into the data
  uint64_t end = 0;
};

struct SafetensorsHeader {
  std::map<std::string, SafetensorsEntry> tensors;
  std::map<std::string, std::string> metadata;
};

/// Checks everything that the header says against itself and against the number of bytes that follow it.
/// Throws std::runtime_error "[safetensors] SOURCE: ...".
SafetensorsHeader parse_safetensors_header(std::string_view text, uint64_t data_bytes,
                                           std::string_view source);

struct SafetensorsContents {
  std::map<std::string, TensorView> tensors;
  std::map<std::string, std::string> metadata;
};

/// The views of a whole file's bytes. Throws std::runtime_error "[safetensors] SOURCE: ...".
SafetensorsContents read_safetensors(std::span<const std::byte> file, std::string_view source);

/// Place of a dtype in a file: larger alignment first, as the original library orders them.
size_t dtype_order(DType dtype);

}  // namespace repbench
