#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace repbench {

/// One tar file, and what its samples' ids begin with ("SHARD/"): unique.
struct Shard {
  std::filesystem::path file;
  std::string prefix;
};

struct ShardList {
  std::string name;            // of the data set, without its kind
  std::filesystem::path root;  // where class names and the like are looked for
  std::vector<Shard> shards;
  bool own_split = false;  // nothing says which split they are of: the 80/20 split by hash applies
};

/// "a-{000..011}.tar", "{train,val}.tar", and "::" between several, as webdataset and bash expand them: a
/// range whose ends are padded with zeros keeps its width. Throws std::invalid_argument for more than a
/// million.
std::vector<std::string> expand_braces(std::string_view pattern);

/// The shards of `split`: a tar file, a pattern, or a folder: with tars in sub-folders train, val (or
/// validation) and test, with tars that have one of these words in their names, or with any tars. Throws
/// std::invalid_argument for a split that the folder does not have, std::runtime_error for missing files
/// (counted), packed ones (.tar.gz and the like), and a shard that is named twice.
ShardList find_shards(const std::string& pattern, const std::string& split);

}  // namespace repbench
