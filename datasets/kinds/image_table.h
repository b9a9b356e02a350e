#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

// The table of `image_list`: which pictures, of which classes, in which splits.

namespace repbench {

struct ImageRow {
  std::string image;  // a path, in normal form
  std::string label;  // "" where the table has none
  std::string split;  // likewise; "valid" and "validation" are "val"
  size_t line;
};

struct ImageTable {
  std::vector<ImageRow> rows;
  bool has_labels = false, has_splits = false;
};

/// Names of columns; "" for the usual ones: image, filepath, path, filename, file; label, class, target;
/// split.
struct ImageColumns {
  std::string image, label, split;
};

/// A CSV (.csv) or TSV (.tsv) with a header, quoted as by Python's csv module; of another file the first line
/// tells, and one without the name of a column begins a list of lines `PATH LABEL`. Throws std::runtime_error
/// "[image_list] FILE:LINE: ...": no such column, another number of columns than the header's, an empty
/// field, bytes that are no UTF-8, a quote that is never closed, a path twice (naming both lines), no rows.
ImageTable read_image_table(const std::filesystem::path& path, const ImageColumns& columns);

}  // namespace repbench
