#include "datasets/kinds/caption_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <stdexcept>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "datasets/kinds/csv_rows.h"
#include "datasets/kinds/text_lines.h"
#include "files/json.h"
#include "files/utf8.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const fs::path& path, size_t line, std::string_view expected, std::string_view got) {
  fail_at_line("captions", path, line, expected, got);
}

void check_utf8(std::string_view text, const fs::path& path, size_t line) {
  if (const auto broken = find_broken_utf8(text)) {
    fail(path, line, "UTF-8 text",
         fmt::format("the byte {:02x} after {}", static_cast<unsigned char>(text[*broken]),
                     excerpt(text.substr(0, *broken))));
  }
}

// Calls `use(line without its end, number from 1)` for every line that is not empty.
template <class Use>
void for_lines(std::string_view content, const Use& use) {
  size_t number = 1;
  for (size_t begin = 0; begin < content.size(); ++number) {
    const size_t end = std::min(content.find('\n', begin), content.size());
    const std::string_view line = content.substr(begin, end - begin);
    if (!trimmed(line).empty()) use(line, number);
    begin = end + 1;
  }
}

class CaptionCollection {
 public:
  explicit CaptionCollection(const fs::path& path) : path_(path) {}

  // False if the picture has captions already: this is one more.
  bool add(std::string_view name, std::string_view caption, size_t line, std::string_view split = "") {
    check_utf8(name, path_, line);
    check_utf8(caption, path_, line);
    caption = trimmed(caption);
    if (name.empty()) fail(path_, line, "the name of a picture", "none");
    if (caption.empty()) fail(path_, line, "a caption of " + std::string(name), "an empty one");
    const auto [found, is_new] = positions_.try_emplace(std::string(name), pictures_.size());
    if (is_new) pictures_.push_back({std::string(name), {}, std::string(split)});
    pictures_[found->second].captions.emplace_back(caption);
    return is_new;
  }

  std::vector<CaptionedPicture> take() && {
    if (pictures_.empty()) {
      throw std::runtime_error(fmt::format("[captions] {}: expected captions; got none", path_.string()));
    }
    return std::move(pictures_);
  }

 private:
  const fs::path& path_;
  std::vector<CaptionedPicture> pictures_;
  std::unordered_map<std::string, size_t> positions_;
};

bool is_number(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](unsigned char letter) { return std::isdigit(letter) != 0; });
}

// A table's rows, all as wide as its header, whose columns are found by name.
class Table {
 public:
  Table(std::string_view content, const fs::path& path, char delimiter)
      : path_(path), delimiter_(delimiter), rows_(content, path, delimiter) {
    if (rows_.next(header_)) return;
    throw std::runtime_error(
        fmt::format("[captions] {}: expected a header with columns; got an empty file", path.string()));
  }

  size_t column(const std::string& wanted) const {
    const auto found = std::find(header_.begin(), header_.end(), wanted);
    if (found != header_.end()) return static_cast<size_t>(found - header_.begin());
    std::string got;
    for (const std::string& name : header_) got += (got.empty() ? "" : ", ") + excerpt(name);
    fail(path_, 1,
         fmt::format("a header with a column '{}', after {}", wanted, delimiter_ == '\t' ? "tabs" : "commas"),
         got);
  }

  bool next(std::vector<std::string>& row) {
    if (!rows_.next(row)) return false;
    if (row.size() != header_.size()) {
      fail(path_, line(), fmt::format("{} columns as in the header", header_.size()),
           std::to_string(row.size()));
    }
    return true;
  }

  size_t line() const { return rows_.line(); }

 private:
  const fs::path& path_;
  char delimiter_;
  CsvRows rows_;
  std::vector<std::string> header_;
};

std::string_view without_byte_order_mark(std::string_view content) {
  return content.starts_with("\xEF\xBB\xBF") ? content.substr(3) : content;
}

// "name| K| caption", or "name| K caption": the name and the caption.
std::pair<std::string_view, std::string_view> split_at_bars(std::string_view line, const fs::path& path,
                                                            size_t number) {
  const size_t bar = std::min(line.find('|'), line.size());
  const std::string_view rest = trimmed(line.substr(std::min(bar + 1, line.size())));
  const size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
  const size_t caption = rest.find_first_not_of(' ', digits);
  if (digits == 0 || caption == std::string_view::npos || (caption == digits && rest[caption] != '|')) {
    check_utf8(line, path, number);
    fail(path, number, "NAME| NUMBER| CAPTION", excerpt(line));
  }
  return {trimmed(line.substr(0, bar)), rest.substr(rest[caption] == '|' ? caption + 1 : caption)};
}

std::vector<std::string> json_texts(const std::string& text, const fs::path& path, size_t line) {
  check_utf8(text, path, line);
  try {
    const Json list = parse_json(text, "raw", Comments::refused);
    if (list.is_array() && !list.empty() &&
        std::all_of(list.begin(), list.end(), [](const Json& item) { return item.is_string(); })) {
      return list.get<std::vector<std::string>>();
    }
  } catch (const std::invalid_argument&) {
  }
  fail(path, line, "a JSON list of captions in the column raw", excerpt(text));
}

}  // namespace

std::vector<CaptionedPicture> read_token_file(const std::string& content, const fs::path& path) {
  CaptionCollection pictures(path);
  std::unordered_set<std::string_view> keys;
  for_lines(without_byte_order_mark(content), [&](std::string_view line, size_t number) {
    const size_t tab = line.find('\t');
    const std::string_view key = line.substr(0, tab);
    const size_t hash = key.rfind('#');
    if (tab == std::string_view::npos || hash == std::string_view::npos || !is_number(key.substr(hash + 1))) {
      check_utf8(line, path, number);
      fail(path, number, "NAME#NUMBER, a tab and a caption", excerpt(line));
    }
    pictures.add(key.substr(0, hash), line.substr(tab + 1), number);
    if (!keys.insert(key).second) fail(path, number, "every caption once", std::string(key) + " again");
  });
  return std::move(pictures).take();
}

std::vector<CaptionedPicture> read_caption_table(const std::string& content, const fs::path& path,
                                                 char delimiter, const CaptionColumns& columns) {
  Table table(without_byte_order_mark(content), path, delimiter);
  const size_t image = table.column(columns.image), caption = table.column(columns.caption);
  CaptionCollection pictures(path);
  for (std::vector<std::string> row; table.next(row);) pictures.add(row[image], row[caption], table.line());
  return std::move(pictures).take();
}

std::vector<CaptionedPicture> read_bar_table(const std::string& content, const fs::path& path) {
  CaptionCollection pictures(path);
  bool header = true;
  for_lines(without_byte_order_mark(content), [&](std::string_view line, size_t number) {
    if (!std::exchange(header, false)) {
      const auto [name, caption] = split_at_bars(line, path, number);
      pictures.add(name, caption, number);
    } else if (!line.starts_with("image_name|")) {
      fail(path, number, "the header image_name| comment_number| comment", excerpt(line));
    }
  });
  return std::move(pictures).take();
}

std::vector<CaptionedPicture> read_annotation_table(const std::string& content, const fs::path& path) {
  Table table(without_byte_order_mark(content), path, ',');
  const size_t raw = table.column("raw"), split = table.column("split"), image = table.column("filename");
  CaptionCollection pictures(path);
  for (std::vector<std::string> row; table.next(row);) {
    bool first = true;
    for (const std::string& caption : json_texts(row[raw], path, table.line())) {
      const bool is_new = pictures.add(row[image], caption, table.line(), row[split]);
      if (std::exchange(first, false) && !is_new) {
        fail(path, table.line(), "every picture once", row[image] + " again");
      }
    }
  }
  return std::move(pictures).take();
}

std::vector<std::string> read_name_list(const std::string& content, const fs::path& path) {
  std::vector<std::string> names;
  for_lines(without_byte_order_mark(content), [&](std::string_view line, size_t number) {
    check_utf8(line, path, number);
    names.emplace_back(trimmed(line));
  });
  return names;
}

}  // namespace repbench
