#include "protocols/prefix_source.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "datasets/epoch_order.h"

namespace repbench {
namespace {

/// The view's pictures, and those from the first on again until there are `size`.
View filled_up(const View& view, int64_t size) {
  const int64_t present = view.data.size(0);
  if (present == size) return view;
  const at::Tensor rows = at::arange(size, at::kLong).remainder(present);
  return {view.data.index_select(0, rows), view.axes};
}

/// A row for each example, shaped like the first ones.
at::Tensor allocate(const at::Tensor& first, int64_t examples, int64_t memory) {
  const int64_t each = first.numel() / first.size(0) * static_cast<int64_t>(sizeof(float));
  if (each > memory / 2 / examples) {
    throw std::invalid_argument(fmt::format(
        "[finetune] key 'prefix_cache': expected at most {} bytes, half of the memory; got {} for "
        "{} pictures of {}",
        memory / 2, each * examples, examples, each));
  }
  std::vector<int64_t> shape = first.sizes().vec();
  shape[0] = examples;
  return at::empty(shape, at::kFloat);
}

class PrefixSource final : public BatchSource {
 public:
  PrefixSource(std::shared_ptr<const Dataset> dataset, IndexList examples, PrefixTable table,
               const LoaderOptions& options)
      : dataset_(std::move(dataset)),
        examples_(std::move(examples)),
        table_(std::move(table)),
        options_(options) {
    if (table_.indices == examples_.indices) return;
    throw std::logic_error(
        fmt::format("[finetune] expected a prefix of each of {} examples, in their order; got {}",
                    examples_.size(), table_.indices.size()));
  }

  void begin(int64_t epoch, int64_t step, int rank, int world) override {
    order_.clear();
    if (options_.shuffle) {
      order_ = epoch_order(*dataset_, examples_, options_.seed, static_cast<uint64_t>(epoch),
                           options_.shuffle_window);
    }
    epoch_ = epoch;
    step_ = step;
    rank_ = rank;
    world_ = world;
  }

  std::optional<Batch> next() override {
    if (step_ >= *batches_per_epoch()) return std::nullopt;
    const int64_t first = options_.batch_size * step_++;
    const int64_t global = std::min(options_.batch_size, examples_.size() - first);
    return batch_of(first + global * rank_ / world_, first + global * (rank_ + 1) / world_);
  }

  std::optional<int64_t> batches_per_epoch() const override {
    const int64_t spare = options_.drop_last ? 0 : options_.batch_size - 1;
    return (examples_.size() + spare) / options_.batch_size;
  }

  SourceStatistics statistics() const override { return {}; }

 private:
  Batch batch_of(int64_t from, int64_t to) const {
    Batch batch;
    batch.epoch = epoch_;
    std::vector<int64_t> rows;
    for (int64_t place = from; place < to; ++place) {
      const int64_t row = order_.empty() ? place : order_[static_cast<size_t>(place)];
      rows.push_back(row);
      batch.indices.push_back(table_.indices[static_cast<size_t>(row)]);
      batch.keys.push_back(table_.keys[static_cast<size_t>(row)]);
    }
    const at::Tensor chosen = at::tensor(rows, at::kLong);
    batch.features = table_.values.index_select(0, chosen);
    batch.labels = table_.labels.index_select(0, chosen);
    return batch;
  }

  std::shared_ptr<const Dataset> dataset_;
  IndexList examples_;
  PrefixTable table_;
  LoaderOptions options_;
  std::vector<int64_t> order_;  // rows; empty: as they come
  int64_t epoch_ = 0, step_ = 0;
  int rank_ = 0, world_ = 1;
};

}  // namespace

PrefixTable compute_prefixes(BatchSource& source, int64_t examples, int64_t batch_size, int64_t memory,
                             const PrefixFunction& prefix,
                             const std::function<void(int64_t done)>& progress) {
  const c10::NoGradGuard no_grad;
  PrefixTable table;
  std::vector<at::Tensor> labels;
  int64_t done = 0;
  source.begin(0);
  while (std::optional<Batch> batch = source.next()) {
    const at::Tensor values = prefix(filled_up(batch->views.at(0), batch_size));
    if (!table.values.defined()) table.values = allocate(values, examples, memory);
    table.values.narrow(0, done, batch->size()).copy_(values.narrow(0, 0, batch->size()));
    labels.push_back(batch->labels);
    table.indices.insert(table.indices.end(), batch->indices.begin(), batch->indices.end());
    table.keys.insert(table.keys.end(), batch->keys.begin(), batch->keys.end());
    done += batch->size();
    progress(done);
  }
  table.labels = at::cat(labels);
  return table;
}

std::unique_ptr<BatchSource> make_prefix_source(std::shared_ptr<const Dataset> dataset, IndexList examples,
                                                PrefixTable table, const LoaderOptions& options) {
  return std::make_unique<PrefixSource>(std::move(dataset), std::move(examples), std::move(table), options);
}

int64_t physical_memory() {
  return static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<int64_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace repbench
