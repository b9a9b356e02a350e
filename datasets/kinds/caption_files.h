#pragma once

#include <filesystem>
#include <string>
#include <vector>

// Text files that say which captions belong to which picture. Errors are std::runtime_error
// "[captions] FILE:LINE: expected ...; got ...": a line of another form, an empty caption, broken UTF-8.

namespace repbench {

struct CaptionedPicture {
  std::string name;                   // as the file writes it
  std::vector<std::string> captions;  // in the file's order, without white space around them
};

/// Flickr8k's token file: lines `name.jpg#K<TAB>caption`. Pictures in the order of their first line.
std::vector<CaptionedPicture> read_token_file(const std::string& content, const std::filesystem::path& path);

/// open_clip's TSV: a header with the columns `filepath` and `title`, in any order and among others; quotes
/// as in Python's csv module. Rows of the same file are captions of one picture.
std::vector<CaptionedPicture> read_caption_tsv(const std::string& content, const std::filesystem::path& path);

/// One name a line; empty lines are passed over.
std::vector<std::string> read_name_list(const std::string& content, const std::filesystem::path& path);

}  // namespace repbench
