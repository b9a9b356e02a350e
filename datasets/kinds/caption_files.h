#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

// Text files that say which captions belong to which picture. Errors are std::runtime_error
// "[captions] FILE:LINE: expected ...; got ...": a line of another form, an empty caption, broken UTF-8.

namespace repbench {

struct CaptionedPicture {
  std::string name;                   // as the file writes it
  std::vector<std::string> captions;  // in the file's order, without white space around them
  std::string split = "";             // where the file knows it
};

/// Flickr's token files: lines `name.jpg#K<TAB>caption`. Pictures in the order of their first line.
std::vector<CaptionedPicture> read_token_file(const std::string& content, const std::filesystem::path& path);

struct CaptionColumns {
  std::string image = "filepath", caption = "title";  // open_clip's names
};

/// A table with a header that has both columns, in any order and among others; quotes as in Python's csv
/// module. Rows of the same file are captions of one picture.
std::vector<CaptionedPicture> read_caption_table(const std::string& content,
                                                 const std::filesystem::path& path, char delimiter,
                                                 const CaptionColumns& columns);

/// Flickr30k's results.csv from Kaggle: a header, then lines `name.jpg| K| caption` without quotes. One line
/// of the published file lacks the second bar: `name.jpg| K caption` is read too.
std::vector<CaptionedPicture> read_bar_table(const std::string& content, const std::filesystem::path& path);

/// Flickr30k's flickr_annotations_30k.csv from Hugging Face: the columns raw (a JSON list of captions), split
/// and filename, among others. Throws for a picture that has two rows.
std::vector<CaptionedPicture> read_annotation_table(const std::string& content,
                                                    const std::filesystem::path& path);

/// One name a line; empty lines are passed over.
std::vector<std::string> read_name_list(const std::string& content, const std::filesystem::path& path);

}  // namespace repbench
