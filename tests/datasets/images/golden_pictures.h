#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "datasets/images/image.h"
#include "files/safetensors.h"
#include "tests/datasets/golden.h"

namespace repbench {

/// One picture of tests/golden/pictures_<format>.safetensors.
struct GoldenPicture {
  std::string name, file;
  std::string mode;  // Pillow's; "I16" for "I;16"
  Image native, rgb;
  std::vector<uint8_t> palette;
};

inline std::span<const std::byte> bytes_of(const std::string& content) {
  return std::as_bytes(std::span(content.data(), content.size()));
}

/// `format` is jpeg, png, webp, bmp, tiff or oriented.
inline std::vector<GoldenPicture> golden_pictures(const std::string& format) {
  const SafetensorsFile golden(golden_folder() / ("pictures_" + format + ".safetensors"));
  std::map<std::string, GoldenPicture> pictures;
  for (const auto& [key, tensor] : golden.tensors()) {
    const size_t dot = key.rfind('.');
    const std::string what = key.substr(dot + 1);
    GoldenPicture& picture = pictures[key.substr(0, dot)];
    picture.name = key.substr(0, dot);
    const auto* data = reinterpret_cast<const char*>(tensor.bytes.data());
    if (what == "file") {
      picture.file.assign(data, tensor.bytes.size());
    } else if (what == "rgb") {
      picture.rgb = as_image(tensor);
    } else if (what == "palette") {
      picture.palette.assign(data, data + tensor.bytes.size());
    } else {
      picture.mode = what;
      picture.native = as_image(tensor);
    }
  }
  std::vector<GoldenPicture> list;
  for (auto& [name, picture] : pictures) list.push_back(std::move(picture));
  return list;
}

inline GoldenPicture golden_picture(const std::string& format, const std::string& name) {
  for (GoldenPicture& picture : golden_pictures(format)) {
    if (picture.name == name) return picture;
  }
  throw std::runtime_error("no golden picture " + name);
}

}  // namespace repbench
