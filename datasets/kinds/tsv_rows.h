#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace repbench {

/// Reads tab-separated rows as Python's `csv.reader(file, delimiter="\t")` does: a field that begins with a
/// quote ends with one; tabs and line ends may stand in between, and "" is a quote. Empty lines are passed
/// over. Throws std::runtime_error naming the file and the line where a quote is opened and never closed.
class TsvRows {
 public:
  /// Keeps views of `content` and `path`.
  TsvRows(std::string_view content, const std::filesystem::path& path) : content_(content), path_(path) {}

  /// False at the end.
  bool next(std::vector<std::string>& fields);

  /// Where the last row began, counted from 1.
  size_t line() const { return row_line_; }

 private:
  void read_field(std::string& field);
  void read_quoted(std::string& field);
  bool at_line_end() const { return content_[position_] == '\n' || content_[position_] == '\r'; }
  bool at_end() const { return position_ == content_.size(); }
  void skip_line_end();

  std::string_view content_;
  const std::filesystem::path& path_;
  size_t position_ = 0;
  size_t line_ = 1, row_line_ = 1;
};

}  // namespace repbench
