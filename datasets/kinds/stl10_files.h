#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// The files of STL-10: in a folder, where pictures are mapped, or in stl10_binary.tar.gz, where they are
// read.

namespace repbench {

constexpr size_t kStl10Side = 96;
constexpr size_t kStl10Bytes = 3 * kStl10Side * kStl10Side;  // of a picture

/// Bytes that `owner` keeps.
struct Stl10File {
  std::string place;  // for messages
  std::shared_ptr<const void> owner;
  std::span<const std::byte> bytes;
};

/// Reads these files, in this order, from the folder `path`, from stl10_binary or stl10_binary.tar.gz in it,
/// or from the archive `path`. Throws std::runtime_error "[stl10] PATH: ...": nothing found, a file missing,
/// an archive that is damaged or cut, unlabeled_X.bin wanted from an archive (unpacked it can be mapped).
std::vector<Stl10File> read_stl10_files(const std::filesystem::path& path,
                                        std::span<const std::string> names);

/// Ten lines of positions of training pictures, from 0, each at most once a line. Throws std::runtime_error
/// naming the line.
std::vector<std::vector<int64_t>> read_stl10_folds(const Stl10File& file, int64_t pictures);

}  // namespace repbench
