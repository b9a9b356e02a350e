#pragma once

#include <string_view>
#include <vector>

#include "files/tensor_file.h"
#include "files/tensor_source.h"

// What a reader of one format hands to TensorFile.

namespace repbench {

struct TensorContents {
  std::string_view format;
  std::vector<TensorGroup> groups;
  Json notes;
};

/// Adds a tensor to a group, charged. Throws std::runtime_error "[weights] FILE: ..." if its name is there
/// already, is no UTF-8, or is longer than 64 kB.
void add_tensor(TensorSource& source, TensorGroup& group, std::string name, TensorView view);

}  // namespace repbench
