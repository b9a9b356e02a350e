#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "files/tensor_view.h"
#include "pretrain/tensors.h"

namespace repbench {

/// One row of a format's table of names: how it spells a tensor of ours. "{}" stands for a number, "*" at the
/// end for any rest. Several names of theirs, separated by "|", are joined along the first dimension.
struct Renaming {
  std::string_view ours, theirs;
  bool transposed = false;  // theirs is ours with rows and columns exchanged
};

/// A tensor of ours and where it is found in a file.
struct NameRule {
  std::string ours;
  std::vector<std::string> theirs;
  bool transposed = false;
};

/// One rule a tensor, in the order of `parameters`; the first row that fits counts, and a tensor without a
/// row is called the same on both sides.
std::vector<NameRule> name_rules(const NamedTensors& parameters, std::span<const Renaming> table);

/// Does `name` fit a pattern in which "*" stands for any text?
bool fits_pattern(std::string_view name, std::string_view pattern);

/// What a file's tensors are checked against.
struct FillOptions {
  std::vector<std::string> left_out;  // patterns of names that belong to the format and not to an encoder
  std::vector<std::string> allow_missing;  // patterns of names that may be absent
};

/// What became of the names that were not one to one.
struct FillReport {
  std::map<std::string, int64_t> left_out;  // names of the file that were not read, counted by pattern
  std::vector<std::string> missing;         // absent, and allowed to be: these tensors are as they were
};

/// Copies a file's tensors into ours, converting to our dtype; `release` is called for every view that was
/// read. Strict: throws std::invalid_argument "[weights] SOURCE: ..." listing missing, unexpected and
/// mis-shaped names (the first ten and a count, with the nearest match), or naming the first tensor that
/// holds NaN or infinity. Dimensions of 1 do not count in a comparison of shapes.
FillReport fill_tensors(const std::map<std::string, TensorView>& theirs, const NamedTensors& ours,
                        const std::vector<NameRule>& rules, const FillOptions& options,
                        const std::string& source, const std::function<void(const TensorView&)>& release);

/// The other way: our tensors under their names, transposed and split as the rules say.
NamedTensors their_tensors(const NamedTensors& ours, const std::vector<NameRule>& rules);

}  // namespace repbench
