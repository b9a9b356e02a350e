#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace repbench {

struct CocoPicture {
  std::string file_name;
  std::vector<int64_t> labels;  // positions of the categories that are annotated, ascending
};

struct CocoFile {
  std::vector<std::string> categories;  // names, by ascending id
  std::vector<CocoPicture> pictures;    // in the order of the file
};

/// Reads COCO's instances JSON as a stream: outlines and all else that is not asked for take no memory. An
/// annotation of a crowd counts like any other. Throws std::runtime_error "[coco_instances] FILE: ...": no
/// JSON (with the place), a key missing (images[3].file_name), an id twice, an annotation of an unknown
/// picture or category, more than 256 levels.
CocoFile read_coco_file(const std::filesystem::path& path);

}  // namespace repbench
