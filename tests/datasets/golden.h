#pragma once

#include <cstring>
#include <filesystem>
#include <string>

#include "datasets/images/image.h"
#include "files/safetensors.h"

namespace repbench {

/// tests/golden in the source tree.
inline std::filesystem::path golden_folder() {
  return std::filesystem::path(__FILE__).parent_path().parent_path() / "golden";
}

/// An [H, W, C] tensor of bytes.
inline Image as_image(const TensorView& tensor) {
  Image image{static_cast<int>(tensor.shape.at(0)), static_cast<int>(tensor.shape.at(1)),
              static_cast<int>(tensor.shape.at(2)), std::vector<uint8_t>(tensor.bytes.size())};
  std::memcpy(image.pixels.data(), tensor.bytes.data(), tensor.bytes.size());
  return image;
}

}  // namespace repbench
