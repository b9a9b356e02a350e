#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "datasets/dataset.h"

// Small square RGB pictures of one size, all red values first, then green, then blue: CIFAR and STL-10.

namespace repbench {

struct PlanarPictures {
  std::string kind;  // of errors: "[kind] ..."
  std::string name, split;
  std::string id_prefix;  // ids are "PREFIX/00000", by the position in `pixels`
  std::vector<std::string> class_names;
  int side = 0;               // pixels
  bool column_major = false;  // in a plane, columns follow each other and not rows

  // The pictures: bytes of `owner`, 3 * side * side each; with labels, -1 where there is none.
  std::shared_ptr<const void> owner;
  std::span<const std::byte> pixels;
  std::vector<int64_t> labels;
  std::vector<int64_t> chosen;  // which of them, in the order of the data set; empty: all

  std::string source;
};

/// Hashes class names, labels and pixels as they lie there, so that it does not matter in which files they
/// came (of the pictures only the number of bytes, where they are more than 1 GiB). The fields fit each
/// other.
std::shared_ptr<const Dataset> make_planar_pictures(PlanarPictures pictures);

}  // namespace repbench
