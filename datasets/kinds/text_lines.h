#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

// Small text files that people write: lists of names, of labels. Errors are std::runtime_error
// "[where] FILE: ..." or "[where] FILE:LINE: ...".

namespace repbench {

/// The file as UTF-8 without a byte order mark. Names the line of a byte that is no UTF-8.
std::string read_text(const std::filesystem::path& path, std::string_view where);

struct TextLine {
  size_t number;          // from 1
  std::string_view text;  // without white space around it
};

/// The lines that are not empty; views of `content`.
std::vector<TextLine> text_lines(std::string_view content);

/// Without white space around it.
std::string_view trimmed(std::string_view text);

/// What stands before the first white space, and what after it.
struct SplitLine {
  std::string_view first, rest;
};
SplitLine split_at_first_space(std::string_view line);
SplitLine split_at_last_space(std::string_view line);

/// A whole number in decimal digits, perhaps with a sign: does the text have that form?
bool is_integer(std::string_view text);

/// Its value; numbers beyond `most` either way become +-most.
int64_t clamped_integer(std::string_view text, int64_t most);

/// Quoted for messages: short and on one line, whatever the bytes.
std::string excerpt(std::string_view text);

[[noreturn]] void fail_at_line(std::string_view where, const std::filesystem::path& path, size_t line,
                               std::string_view expected, std::string_view got);

}  // namespace repbench
