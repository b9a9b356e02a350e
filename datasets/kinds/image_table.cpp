#include "datasets/kinds/image_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <unordered_map>

#include "datasets/kinds/csv_rows.h"
#include "datasets/kinds/text_lines.h"
#include "files/nearest.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kKind = "image_list";

using Names = std::vector<std::string>;

const Names kImageColumns = {"image", "filepath", "path", "filename", "file"};
const Names kLabelColumns = {"label", "class", "target"};
const Names kSplitColumns = {"split"};

[[noreturn]] void fail(const fs::path& path, std::string_view expected, std::string_view got) {
  throw std::runtime_error(fmt::format("[{}] {}: expected {}; got {}", kKind, path.string(), expected, got));
}

std::optional<size_t> position_of(const std::string& name, const Names& header) {
  const auto found = std::find(header.begin(), header.end(), name);
  if (found == header.end()) return std::nullopt;
  return static_cast<size_t>(found - header.begin());
}

// The column that was asked for, else the first of the usual ones that is there.
std::optional<size_t> find_column(const std::string& wanted, const Names& usual, const Names& header,
                                  const fs::path& path) {
  if (!wanted.empty()) {
    const auto found = position_of(wanted, header);
    if (!found) {
      fail(path, fmt::format("a header with the column {}", excerpt(wanted)),
           excerpt(fmt::format("{}", fmt::join(header, ", "))) + did_you_mean(wanted, header));
    }
    return found;
  }
  for (const std::string& name : usual) {
    if (const auto found = position_of(name, header)) return found;
  }
  return std::nullopt;
}

Names header_of(std::string_view content, char delimiter, const fs::path& path) {
  Names header;
  CsvRows(content, path, delimiter, kKind).next(header);
  for (std::string& name : header) name = trimmed(name);
  return header;
}

bool names_an_image(const Names& header, const ImageColumns& columns) {
  if (!columns.image.empty()) return position_of(columns.image, header).has_value();
  return std::any_of(kImageColumns.begin(), kImageColumns.end(),
                     [&](const std::string& name) { return position_of(name, header).has_value(); });
}

// Nothing for a list of lines `PATH LABEL`.
std::optional<char> delimiter_of(std::string_view content, const ImageColumns& columns,
                                 const fs::path& path) {
  if (path.extension() == ".csv") return ',';
  if (path.extension() == ".tsv") return '\t';
  const std::string_view first = content.substr(0, content.find('\n'));
  for (const char delimiter : {'\t', ','}) {
    if (names_an_image(header_of(first, delimiter, path), columns)) return delimiter;
  }
  return std::nullopt;
}

class TableReader {
 public:
  explicit TableReader(const fs::path& path) : path_(path) {}

  void add(std::string_view image, std::string_view label, std::string_view split, size_t line) {
    image = trimmed(image);
    label = trimmed(label);
    split = trimmed(split);
    if (image.empty()) fail_at_line(kKind, path_, line, "the path of a picture", "none");
    if (table_.has_labels && label.empty()) fail_at_line(kKind, path_, line, "a label", "none");
    if (table_.has_splits && split.empty()) fail_at_line(kKind, path_, line, "a split", "none");
    if (split == "valid" || split == "validation") split = "val";
    ImageRow row{fs::path(image).lexically_normal().string(), std::string(label), std::string(split), line};
    if (const auto [found, is_new] = lines_.emplace(row.image, line); !is_new) {
      fail_at_line(kKind, path_, line, "every picture once",
                   fmt::format("{}, which line {} has too", excerpt(row.image), found->second));
    }
    table_.rows.push_back(std::move(row));
  }

  void read_columns(std::string_view content, char delimiter, const ImageColumns& columns) {
    const Names header = header_of(content, delimiter, path_);
    const auto image = find_column(columns.image, kImageColumns, header, path_);
    if (!image) {
      fail(path_, fmt::format("a header with one of the columns {}", fmt::join(kImageColumns, ", ")),
           header.empty() ? "an empty file" : excerpt(fmt::format("{}", fmt::join(header, ", "))));
    }
    const auto label = find_column(columns.label, kLabelColumns, header, path_);
    const auto split = find_column(columns.split, kSplitColumns, header, path_);
    table_.has_labels = label.has_value();
    table_.has_splits = split.has_value();
    CsvRows rows(content, path_, delimiter, kKind);
    Names row;
    rows.next(row);  // the header
    while (rows.next(row)) {
      if (row.size() != header.size()) {
        fail_at_line(kKind, path_, rows.line(), fmt::format("{} columns as in the header", header.size()),
                     std::to_string(row.size()));
      }
      add(row[*image], label ? row[*label] : "", split ? row[*split] : "", rows.line());
    }
  }

  void read_lines(std::string_view content) {
    table_.has_labels = true;
    for (const TextLine& line : text_lines(content)) {
      const auto [image, label] = split_at_last_space(line.text);
      if (label.empty()) fail_at_line(kKind, path_, line.number, "PATH LABEL", excerpt(line.text));
      add(image, label, "", line.number);
    }
  }

  ImageTable take() && {
    if (table_.rows.empty()) fail(path_, "rows with pictures", "none");
    return std::move(table_);
  }

 private:
  const fs::path& path_;
  ImageTable table_;
  std::unordered_map<std::string, size_t> lines_;
};

}  // namespace

ImageTable read_image_table(const fs::path& path, const ImageColumns& columns) {
  const std::string content = read_text(path, kKind);
  TableReader reader(path);
  if (const auto delimiter = delimiter_of(content, columns, path)) {
    reader.read_columns(content, *delimiter, columns);
  } else {
    if (!columns.image.empty() || !columns.label.empty() || !columns.split.empty()) {
      fail(path, "a header with the columns that were asked for", "a list of lines PATH LABEL");
    }
    reader.read_lines(content);
  }
  return std::move(reader).take();
}

}  // namespace repbench
