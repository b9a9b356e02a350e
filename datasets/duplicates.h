#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "datasets/picture_print.h"

namespace repbench {

/// Two pictures that show the same: `first` < `second`.
struct Duplicate {
  size_t first, second;
  bool exact;         // the same pixels
  double difference;  // of the thumbnails, in levels
};

/// What counts as nearly the same: encoded again, resized, brighter; not cropped or mirrored.
struct Nearness {
  int bits = 10;      // of pHash that may differ, at most 15
  double levels = 8;  // of the thumbnails, root mean square
};

/// Every picture with the one it is closest to among the earlier ones of each group (a split): the first with
/// the same pixels, else the nearest. Sorted by `second`, then `first`. Two hashes that differ in at most
/// `bits` agree in one of bits + 1 parts: only such pairs are compared.
std::vector<Duplicate> find_duplicates(std::span<const PicturePrint> prints, std::span<const int> groups,
                                       const Nearness& nearness = {});

}  // namespace repbench
