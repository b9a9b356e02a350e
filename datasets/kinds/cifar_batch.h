#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/kinds/cifar_files.h"

// What is in CIFAR's files. Errors are std::runtime_error "[kind] PLACE: ...".

namespace repbench {

constexpr size_t kCifarSide = 32;
constexpr size_t kCifarBytes = 3 * kCifarSide * kCifarSide;  // of a picture: planes of red, green and blue

struct CifarBatch {
  std::vector<int64_t> labels;
  std::string pixels;  // kCifarBytes a picture
};

/// Records of `label_bytes` labels, of which the one at `label_at` counts, and a picture.
CifarBatch read_binary_batch(const CifarFile& file, std::string_view kind, size_t label_bytes,
                             size_t label_at);

/// A pickled dict with the array `data` and a list of labels; texts may be Python 2's.
CifarBatch read_pickled_batch(const CifarFile& file, std::string_view kind, std::string_view labels_key);

/// One name a line.
std::vector<std::string> read_plain_names(const CifarFile& file, std::string_view kind);

/// A list of texts in a pickled dict.
std::vector<std::string> read_pickled_names(const CifarFile& file, std::string_view kind,
                                            std::string_view key);

}  // namespace repbench
