#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "datasets/class_balance.h"
#include "datasets/dataset.h"
#include "datasets/duplicates.h"

namespace repbench {

/// One thing to know about a data set.
struct DataFinding {
  std::string kind;   // "broken picture", "exact duplicate", "near duplicate", ...
  std::string where;  // an example's id, or a split
  std::string text;
  bool problem = true;  // else worth a line, and no more
};

struct SplitSummary {
  std::string name;
  int64_t examples = 0, broken = 0, captions = 0;
  ClassBalance classes;
  int smallest_side = 0, largest_side = 0;  // pixels, over whole pictures
  std::vector<std::pair<std::string, int64_t>>
      formats;                  // "JPEG": how many; "pixels" where nothing is encoded
  std::string contents_sha256;  // over ids, labels, captions and the bytes of every picture, sorted by id
};

struct DataReport {
  std::vector<SplitSummary> splits;
  std::vector<DataFinding> findings;

  bool has_problems() const;
};

struct VerifyOptions {
  int workers = 1;
  Nearness nearness;
  std::function<void(int64_t done, int64_t total)> progress = [](auto, auto) {};
};

/// Reads and decodes every picture of the splits of one data set, to its last byte, and compares all with
/// each other. Finds: what opening would have refused; broken
/// and damaged pictures; bytes after a picture's end (no problem); the same or nearly the same
/// picture twice, in one split or two, and whether the classes agree; ids in two splits; classes that are
/// empty, or that differ between splits; examples with neither class nor caption.
DataReport verify_data(std::span<const std::shared_ptr<const Dataset>> splits, const VerifyOptions& options);

}  // namespace repbench
