#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <span>
#include <string>
#include <vector>

#include "protocols/protocol.h"

namespace repbench {

/// Changes whenever extracted numbers may change: a part of the cache's key.
inline constexpr int kExtractorVersion = 1;

struct FeatureSet {
  std::map<std::string, at::Tensor> by_tap;  // [N, D] float32, on the CPU
  at::Tensor labels;                         // [N] int64
  std::vector<std::string> ids;
};

/// Frozen features of these examples: every picture is read once for all taps. Cached under
/// sha256(weights, extractor version, taps, view, data set and split hash, precision, device kind).
/// A broken cache file is named in a warning and made anew. Of a file of features: its rows, not cached.
FeatureSet extract_features(const Subject& subject, std::shared_ptr<const Dataset> dataset,
                            const IndexList& examples, std::string_view view,
                            std::span<const std::string> taps, const ProtocolContext& context);

/// The same without a cache and for one named view: what `embed` writes.
FeatureSet compute_features(const Encoder& encoder, std::shared_ptr<const Dataset> dataset,
                            const IndexList& examples, std::string_view view,
                            std::span<const std::string> taps, const ProtocolContext& context);

/// The rows of a feature set.
at::Tensor rows_of(const at::Tensor& tensor, const std::vector<int64_t>& rows);

/// Mean and deviation over rows, for standardising others alike; constant columns are left at 0.
struct Standardiser {
  at::Tensor mean, scale;  // [D] float32
  static Standardiser fit(const at::Tensor& features);
  at::Tensor apply(const at::Tensor& features) const;
};

/// Positions within `from` of the two parts of a stratified hold-out, for choosing settings on training data.
struct SelectionSplit {
  std::vector<int64_t> kept, held_out;
};
SelectionSplit selection_split(const Dataset& dataset, const IndexList& from, double share, uint64_t seed);

}  // namespace repbench
