#pragma once

#include <filesystem>
#include <string>
#include <string_view>

// COCO's files are splits, and say so by their names: annotations/{instances,captions}_{train,val}2017.json
// beside the pictures in train2017/ and val2017/.

namespace repbench {

/// The split that a file's name tells, "" if it tells none.
std::string coco_split_of(const std::filesystem::path& file);

/// The file of a split: this one, or the one beside it (instances_val2017.json of instances_train2017.json).
/// This one for "all", and where its name tells no split. Throws std::invalid_argument naming the splits that
/// there are.
std::filesystem::path coco_file_of_split(const std::filesystem::path& file, const std::string& split,
                                         std::string_view kind);

/// train2017/ in `root`, or beside the file or its folder; else `root`, or the file's folder. Throws
/// std::runtime_error if there is none.
std::filesystem::path coco_picture_folder(const std::filesystem::path& root,
                                          const std::filesystem::path& file, std::string_view kind);

}  // namespace repbench
