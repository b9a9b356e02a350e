#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

// `labels=FILE`: the classes of pictures that lie in one folder, as ImageNet's validation set does.

namespace repbench {

struct FileLabel {
  std::string picture;  // a file's name, perhaps without extension; "" where the order says which
  std::string label;
  size_t line;
};

/// In the order of the file. Forms: one number a line, in the order of the pictures' names
/// (ILSVRC2012_validation_ground_truth.txt); `PICTURE LABEL`; a CSV with the columns ImageId and
/// PredictionString, whose first word is the label (LOC_val_solution.csv). Throws std::runtime_error
/// "[where] FILE:LINE: ...": another form, an empty file, a picture twice (naming both lines).
std::vector<FileLabel> read_label_file(const std::filesystem::path& path, std::string_view where);

/// Do all labels count?
bool are_numbers(const std::vector<FileLabel>& labels);

/// Numbers as labels from 0. They count from 0 if there is a 0, from 1 if there is `classes`; with neither
/// nobody could tell. Throws std::runtime_error naming FILE:LINE of a number that fits no way of counting.
std::vector<int64_t> numbered_labels(const std::vector<FileLabel>& labels, size_t classes,
                                     const std::filesystem::path& path, std::string_view where);

}  // namespace repbench
