#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "datasets/kinds/class_file.h"
#include "datasets/kinds/listed_pictures.h"

namespace repbench {

/// A folder of pictures whose classes a label file tells.
struct LabelledFiles {
  std::filesystem::path folder;
  std::string prefix;  // of the ids: "val/"
  std::filesystem::path labels;
  std::optional<ClassFile> classes;
  std::vector<std::string> train_classes;  // for labels that are words, where there is no class file
};

/// Fills in pictures and class names, in the order of the pictures' names. Labels that are numbers need a
/// class file in their order: ILSVRC2012's ids do not count the sorted folders. Throws std::runtime_error
/// naming the file: pictures without labels or labels without pictures (the first, and how many), words that
/// are no class, and as read_label_file says.
void read_labelled_files(const LabelledFiles& files, ListedPictures& list);

}  // namespace repbench
