#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "datasets/dataset.h"

// What most kinds come down to: a list of picture files, each with classes, captions, or both.

namespace repbench {

struct ListedPicture {
  std::string id;  // as printable_name gives it: unique, the same on every machine
  std::filesystem::path file;
  std::vector<int64_t> labels = {};
  std::vector<std::string> captions = {};
  std::vector<int64_t> difficult = {};  // classes that count neither way (datasets/difficult_labels.h)
};

struct ListedPictures {
  std::string kind;  // of errors: "[kind] ..."
  std::string name, split;
  std::vector<std::string> class_names = {};
  std::vector<ListedPicture> pictures;  // in the order of the data set
  std::string source, licence = "";
  std::vector<std::string> problems = {};  // Dataset::problems; missing pictures are added to them
};

/// Checks the list and hashes it: class names, ids, labels, captions, and the pictures (their contents up to
/// 1 GiB in all, else their sizes). Throws std::runtime_error naming the file: no pictures, an id twice, a
/// picture that cannot be read, a label out of range. Missing pictures are counted, and a problem of the data
/// set.
std::shared_ptr<const Dataset> make_picture_list(ListedPictures list);

/// A file's name as an id or a class name: bytes that are no UTF-8 become "\xNN".
std::string printable_name(const std::filesystem::path& path);

/// For data without official splits: true for the test part. Of every class (of all, where there are no
/// labels) the fifth, at least one where there are two, whose ids hash lowest; of pictures without labels
/// 1,000 at most.
std::vector<bool> own_test_part(const std::vector<ListedPicture>& pictures);

/// Leaves the pictures of `split` ("train", "test" or "all") by own_test_part. Throws std::invalid_argument
/// for another split, std::runtime_error if none is left.
void keep_own_split(ListedPictures& list);

}  // namespace repbench
