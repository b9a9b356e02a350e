#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "datasets/batch_source.h"
#include "datasets/dataset.h"
#include "datasets/splits.h"

namespace repbench {

/// What was extracted of a data set: example i of `examples` is row rows[i].
struct ExtractedExamples {
  std::shared_ptr<const Dataset> dataset;
  IndexList examples;
  std::vector<int64_t> rows;
  at::Tensor features;  // [M, D] float32
  at::Tensor labels;    // [M] int64
};

/// Features in the place of pictures: the batches of a loader that shuffles with this seed and leaves out the
/// short last batch hold the same examples in the same order.
class FeatureBatches final : public BatchSource {
 public:
  FeatureBatches(ExtractedExamples extracted, int64_t batch_size, uint64_t seed);

  void begin(int64_t epoch, int64_t step = 0, int rank = 0, int world = 1) override;
  std::optional<Batch> next() override;
  std::optional<int64_t> batches_per_epoch() const override;
  SourceStatistics statistics() const override { return {}; }

 private:
  ExtractedExamples extracted_;
  int64_t batch_size_;
  uint64_t seed_;
  int64_t epoch_ = 0, step_ = 0;
  int rank_ = 0, world_ = 1;
  std::vector<int64_t> order_;  // of the epoch: positions in the list of examples
};

}  // namespace repbench
