#include "datasets/kinds/caption_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <stdexcept>
#include <string_view>
#include <unordered_map>

#include "datasets/kinds/csv_rows.h"
#include "files/utf8.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const fs::path& path, size_t line, std::string_view expected, std::string_view got) {
  throw std::runtime_error(
      fmt::format("[captions] {}:{}: expected {}; got {}", path.string(), line, expected, got));
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\f\v";
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

// For messages: short, on one line, valid UTF-8.
std::string brief(std::string_view text) {
  std::string result(text.substr(0, 40));
  for (char& letter : result) {
    if (static_cast<unsigned char>(letter) < 32 || static_cast<unsigned char>(letter) > 126) letter = '?';
  }
  return "'" + result + (text.size() > 40 ? "...'" : "'");
}

void check_utf8(std::string_view text, const fs::path& path, size_t line) {
  if (const auto broken = find_broken_utf8(text)) {
    fail(path, line, "UTF-8 text",
         fmt::format("the byte {:02x} after {}", static_cast<unsigned char>(text[*broken]),
                     brief(text.substr(0, *broken))));
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

class PictureList {
 public:
  explicit PictureList(const fs::path& path) : path_(path) {}

  void add(std::string_view name, std::string_view caption, size_t line) {
    check_utf8(name, path_, line);
    check_utf8(caption, path_, line);
    caption = trimmed(caption);
    if (name.empty()) fail(path_, line, "the name of a picture", "none");
    if (caption.empty()) fail(path_, line, "a caption of " + std::string(name), "an empty one");
    const auto [found, is_new] = positions_.try_emplace(std::string(name), pictures_.size());
    if (is_new) pictures_.push_back({std::string(name), {}});
    pictures_[found->second].captions.emplace_back(caption);
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

size_t column_of(const std::string& wanted, const std::vector<std::string>& header, const fs::path& path) {
  const auto found = std::find(header.begin(), header.end(), wanted);
  if (found != header.end()) return static_cast<size_t>(found - header.begin());
  std::string got;
  for (const std::string& name : header) got += (got.empty() ? "" : ", ") + brief(name);
  fail(path, 1, fmt::format("a header with a column '{}', after tabs", wanted), got);
}

std::string_view without_byte_order_mark(std::string_view content) {
  return content.starts_with("\xEF\xBB\xBF") ? content.substr(3) : content;
}

}  // namespace

std::vector<CaptionedPicture> read_token_file(const std::string& content, const fs::path& path) {
  PictureList pictures(path);
  for_lines(without_byte_order_mark(content), [&](std::string_view line, size_t number) {
    const size_t tab = line.find('\t');
    const std::string_view key = line.substr(0, tab);
    const size_t hash = key.rfind('#');
    if (tab == std::string_view::npos || hash == std::string_view::npos || !is_number(key.substr(hash + 1))) {
      check_utf8(line, path, number);
      fail(path, number, "NAME#NUMBER, a tab and a caption", brief(line));
    }
    pictures.add(key.substr(0, hash), line.substr(tab + 1), number);
  });
  return std::move(pictures).take();
}

std::vector<CaptionedPicture> read_caption_tsv(const std::string& content, const fs::path& path) {
  CsvRows rows(without_byte_order_mark(content), path);
  std::vector<std::string> header;
  if (!rows.next(header)) {
    throw std::runtime_error(
        fmt::format("[captions] {}: expected a header with the columns filepath and "
                    "title; got an empty file",
                    path.string()));
  }
  const size_t file = column_of("filepath", header, path), title = column_of("title", header, path);
  PictureList pictures(path);
  for (std::vector<std::string> row; rows.next(row);) {
    if (row.size() != header.size()) {
      fail(path, rows.line(), fmt::format("{} columns as in the header", header.size()),
           std::to_string(row.size()));
    }
    pictures.add(row[file], row[title], rows.line());
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
