#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// What a webdataset tar holds, found in one pass over its headers: the pictures themselves are not read.

namespace repbench {

/// A picture in a tar, with what is said about it.
struct ShardSample {
  std::string key;                    // as printable_name gives it, control characters as "\xNN" too
  uint64_t offset = 0, size = 0;      // of the encoded picture
  int64_t label = -1;                 // -1: none
  std::vector<std::string> captions;  // without white space around them
};

struct TarIndex {
  std::string listing_hash;          // sha256 over the members' names and sizes, and the texts
  std::string contents_hash;         // over all of that and every member's contents; "" if not asked for
  std::vector<ShardSample> samples;  // in the tar's order
};

/// webdataset's key and extension: before and behind the first dot of the base name, the extension in lower
/// case. Nothing for what it passes over: names without a dot, "__NAME__" in front; and for hidden files.
std::optional<std::pair<std::string, std::string>> split_member_name(const std::string& name);

/// Members that follow each other with the same key are a sample: a picture (of several the one with the
/// plainest extension, jpg before png), its captions (txt: one; else json with "caption", "text" or
/// "captions") and its class (cls, or json with "label" or "cls"). Throws std::runtime_error "[shards] FILE:
/// ...": a damaged tar (as TarReader), a key that comes again, an extension twice, no picture, broken text.
TarIndex index_tar(const std::filesystem::path& tar, bool hash_contents);

}  // namespace repbench
