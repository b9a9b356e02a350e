#include "datasets/kinds/text_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <system_error>

#include "files/atomic.h"
#include "files/utf8.h"

namespace repbench {
namespace {

constexpr std::string_view kSpace = " \t\r\n\f\v";

}  // namespace

std::string read_text(const std::filesystem::path& path, std::string_view where) {
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(path, error);
  // A pipe without a writer would be waited for.
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
    throw std::runtime_error(
        fmt::format("[{}] {}: expected a text file; got no regular file", where, path.string()));
  }
  std::string content = read_file(path);
  if (content.starts_with("\xEF\xBB\xBF")) content.erase(0, 3);
  if (const auto broken = find_broken_utf8(content)) {
    const auto line =
        1 + std::count(content.begin(), content.begin() + static_cast<std::ptrdiff_t>(*broken), '\n');
    fail_at_line(where, path, static_cast<size_t>(line), "UTF-8 text",
                 fmt::format("the byte {:02x}", static_cast<unsigned char>(content[*broken])));
  }
  return content;
}

std::string_view trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

std::vector<TextLine> text_lines(std::string_view content) {
  std::vector<TextLine> lines;
  size_t number = 1;
  for (size_t begin = 0; begin < content.size(); ++number) {
    const size_t end = std::min(content.find('\n', begin), content.size());
    const std::string_view text = trimmed(content.substr(begin, end - begin));
    if (!text.empty()) lines.push_back({number, text});
    begin = end + 1;
  }
  return lines;
}

SplitLine split_at_first_space(std::string_view line) {
  const size_t space = std::min(line.find_first_of(kSpace), line.size());
  return {line.substr(0, space), trimmed(line.substr(space))};
}

SplitLine split_at_last_space(std::string_view line) {
  const size_t space = line.find_last_of(kSpace);
  if (space == std::string_view::npos) return {line, {}};
  return {trimmed(line.substr(0, space)), line.substr(space + 1)};
}

bool is_integer(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

int64_t clamped_integer(std::string_view text, int64_t most) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  int64_t value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec != std::errc() || value > most) value = most;
  return negative ? -value : value;
}

std::string excerpt(std::string_view text) {
  constexpr size_t kMost = 60;
  std::string result(text.substr(0, kMost));
  std::replace_if(
      result.begin(), result.end(), [](unsigned char c) { return c < 32 || c > 126; }, '?');
  return "'" + result + (text.size() > kMost ? "...'" : "'");
}

void fail_at_line(std::string_view where, const std::filesystem::path& path, size_t line,
                  std::string_view expected, std::string_view got) {
  throw std::runtime_error(
      fmt::format("[{}] {}:{}: expected {}; got {}", where, path.string(), line, expected, got));
}

}  // namespace repbench
