#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/dataset.h"
#include "datasets/splits.h"
#include "files/json.h"

// A draw or a split as a file that others can use: which examples of which data set.

namespace repbench {

/// Our own form is JSON with these keys; a text file of one id, or one position from 0 on, a line is read
/// too.
struct IndexFile {
  std::string dataset, split;    // the specification's text, and its split; "" in text files
  std::string hash;              // sha256 over the ids with newlines in between; "" in text files
  std::vector<std::string> ids;  // or positions, where the file is text
  Json origin;                   // how they were drawn, such as {"seed": 0, "count": 100}
  bool is_json = false;
};

/// Throws std::runtime_error naming the file, and the key or the line: broken JSON, no ids, an id twice, ids
/// that do not have the hash.
IndexFile load_index_file(const std::filesystem::path& path);

/// The examples that the file names. Throws std::runtime_error for ids that the data set lacks (counted, the
/// first named). Lines of a text file are positions where they all are integers and none is an id.
IndexList find_examples(const IndexFile& file, const std::filesystem::path& path, const Dataset& dataset);

/// Both together, for a data set that is open already: its split must be the file's.
IndexList read_index_file(const std::filesystem::path& path, const Dataset& dataset);

/// Writes our form, atomically; `spec` is the text that opens the data set.
void write_index_file(const std::filesystem::path& path, std::string_view spec, const Dataset& dataset,
                      const IndexList& list, const Json& origin);

}  // namespace repbench
