#include "datasets/kinds/label_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <unordered_map>

#include "datasets/kinds/csv_rows.h"
#include "datasets/kinds/text_lines.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSolutionHeader = "ImageId,PredictionString";

std::vector<FileLabel> solution_rows(std::string_view content, const fs::path& path, std::string_view where) {
  std::vector<FileLabel> labels;
  CsvRows rows(content, path, ',', where);
  std::vector<std::string> row;
  rows.next(row);  // the header
  while (rows.next(row)) {
    if (row.size() != 2) fail_at_line(where, path, rows.line(), "2 columns", std::to_string(row.size()));
    const std::string_view label = split_at_first_space(trimmed(row[1])).first;
    if (row[0].empty() || label.empty())
      fail_at_line(where, path, rows.line(), "a picture and a label", "none");
    labels.push_back({row[0], std::string(label), rows.line()});
  }
  return labels;
}

std::vector<FileLabel> plain_lines(std::string_view content, const fs::path& path, std::string_view where) {
  std::vector<FileLabel> labels;
  for (const TextLine& line : text_lines(content)) {
    const auto [picture, label] = split_at_last_space(line.text);
    if (label.empty()) {
      labels.push_back({"", std::string(picture), line.number});
    } else {
      labels.push_back({std::string(picture), std::string(label), line.number});
    }
    if (labels.back().picture.empty() != labels.front().picture.empty() ||
        (labels.back().picture.empty() && !is_integer(labels.back().label))) {
      fail_at_line(where, path, line.number, "a number on every line, or PICTURE LABEL on every line",
                   excerpt(line.text));
    }
  }
  return labels;
}

}  // namespace

std::vector<FileLabel> read_label_file(const fs::path& path, std::string_view where) {
  const std::string content = read_text(path, where);
  std::vector<FileLabel> labels = content.starts_with(kSolutionHeader) ? solution_rows(content, path, where)
                                                                       : plain_lines(content, path, where);
  if (labels.empty()) {
    throw std::runtime_error(fmt::format("[{}] {}: expected labels; got none", where, path.string()));
  }
  std::unordered_map<std::string_view, size_t> lines;
  for (const FileLabel& label : labels) {
    if (label.picture.empty()) continue;
    if (const auto [found, is_new] = lines.emplace(label.picture, label.line); !is_new) {
      fail_at_line(where, path, label.line, "every picture once",
                   fmt::format("{}, which line {} has too", excerpt(label.picture), found->second));
    }
  }
  return labels;
}

bool are_numbers(const std::vector<FileLabel>& labels) {
  return std::all_of(labels.begin(), labels.end(),
                     [](const FileLabel& row) { return is_integer(row.label); });
}

std::vector<int64_t> numbered_labels(const std::vector<FileLabel>& labels, size_t classes,
                                     const fs::path& path, std::string_view where) {
  const auto most = static_cast<int64_t>(classes);
  std::vector<int64_t> numbers;
  bool has_first = false, has_last = false;
  for (const FileLabel& row : labels) {
    const int64_t number = clamped_integer(row.label, most + 1);
    has_first |= number == 0;
    has_last |= number == most;
    if (number < 0 || number > most || (has_first && has_last)) {
      fail_at_line(where, path, row.line, fmt::format("labels from 1 to {}, or from 0 to {}", most, most - 1),
                   has_first && has_last ? fmt::format("both 0 and {}", most) : row.label);
    }
    numbers.push_back(number);
  }
  if (!has_first && !has_last) {
    throw std::runtime_error(fmt::format(
        "[{}] {}: expected a label 0 or {}, to tell whether they count from 0 or from 1; got neither", where,
        path.string(), most));
  }
  if (!has_first) {
    for (int64_t& number : numbers) --number;
  }
  return numbers;
}

}  // namespace repbench
