#include "protocols/feature_batches.h"

#include <ATen/ATen.h>

#include "datasets/epoch_order.h"
#include "datasets/random.h"

namespace repbench {

FeatureBatches::FeatureBatches(ExtractedExamples extracted, int64_t batch_size, uint64_t seed)
    : extracted_(std::move(extracted)), batch_size_(batch_size), seed_(seed) {}

void FeatureBatches::begin(int64_t epoch, int64_t step, int rank, int world) {
  order_ = epoch_order(*extracted_.dataset, extracted_.examples, seed_, static_cast<uint64_t>(epoch),
                       /*window=*/0);
  epoch_ = epoch;
  step_ = step;
  rank_ = rank;
  world_ = world;
}

std::optional<Batch> FeatureBatches::next() {
  if (step_ >= *batches_per_epoch()) return std::nullopt;
  const int64_t first = step_++ * batch_size_;
  const int64_t from = first + batch_size_ * rank_ / world_, to = first + batch_size_ * (rank_ + 1) / world_;
  Batch batch;
  batch.epoch = epoch_;
  std::vector<int64_t> rows;
  for (int64_t place = from; place < to; ++place) {
    const auto position = static_cast<size_t>(order_[static_cast<size_t>(place)]);
    batch.indices.push_back(extracted_.examples.indices[position]);
    batch.keys.push_back(hash64(extracted_.dataset->id(batch.indices.back())));
    rows.push_back(extracted_.rows[position]);
  }
  const at::Tensor chosen = at::tensor(rows, at::kLong);
  batch.features = extracted_.features.index_select(0, chosen);
  batch.labels = extracted_.labels.index_select(0, chosen);
  return batch;
}

std::optional<int64_t> FeatureBatches::batches_per_epoch() const {
  return extracted_.examples.size() / batch_size_;
}

}  // namespace repbench
