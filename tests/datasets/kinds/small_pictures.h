#pragma once

#include <filesystem>
#include <string>

#include "datasets/dataset.h"
#include "files/archive.h"
#include "files/atomic.h"
#include "files/hash.h"
#include "files/json.h"
#include "tests/datasets/golden.h"

// tests/golden/small_pictures: CIFAR's and STL-10's archives, and what torchvision reads from them.

namespace repbench {

inline std::filesystem::path small_pictures() { return golden_folder() / "small_pictures"; }

/// Unpacks an archive of a few small files into a folder.
inline void unpack(const std::filesystem::path& archive, const std::filesystem::path& folder) {
  read_archive(
      archive, "test", [](std::string_view) { return uint64_t{10'000'000}; },
      [&](std::string_view name, const std::string& content) {
        write_file_atomically(folder / name, content);
      });
}

/// Over the pixels of all pictures, in order.
inline std::string pixels_sha256(const Dataset& dataset) {
  Sha256 hash;
  for (int64_t i = 0; i < dataset.size(); ++i) {
    const Image image = pixels(dataset.get(i), 3);
    hash.update(std::as_bytes(std::span(image.pixels)));
  }
  return hash.hex();
}

/// What torchvision gave for a split.
inline Json expected_row(const std::string& archives, std::string_view split) {
  const Json document = read_json(small_pictures() / "expected.json");
  for (const Json& row : document.at("rows")) {
    if (row.at("archives") == archives && row.at("split") == split) return row;
  }
  return {};
}

}  // namespace repbench
