#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace repbench {

/// Reads rows as Python's `csv.reader(file, delimiter=...)` does: a field that begins with a quote ends with
/// one; delimiters and line ends may stand in between, and "" is a quote. Empty lines are passed over. Throws
/// std::runtime_error naming the file and the line where a quote is opened and never closed.
class CsvRows {
 public:
  /// Keeps views of `content`, `path` and `where` (the errors' prefix).
  CsvRows(std::string_view content, const std::filesystem::path& path, char delimiter = '\t',
          std::string_view where = "captions")
      : content_(content), path_(path), delimiter_(delimiter), where_(where) {}

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
  char delimiter_;
  std::string_view where_;
  size_t position_ = 0;
  size_t line_ = 1, row_line_ = 1;
};

}  // namespace repbench
