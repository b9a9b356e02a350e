#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "datasets/batch_source.h"
#include "datasets/loader.h"

namespace repbench {

/// One epoch as one rank sees it; never changed once made, so that workers read it without a lock.
struct EpochPlan {
  int64_t epoch;
  int64_t batches;
  int rank, world;
  std::vector<int64_t> order;  // positions in the index list; empty: as they come
};

/// Examples whose pictures could not be read, up to a tolerated number. Thread-safe.
class BrokenPictures {
 public:
  BrokenPictures(double share, int64_t examples);

  bool tolerates_any() const { return most_ > 0; }
  bool knows(int64_t index) const;

  /// Throws std::runtime_error with `message` in it when there are too many.
  void add(int64_t index, const std::string& message);

  std::vector<std::string> messages() const;

 private:
  double share_;
  int64_t examples_, most_;
  mutable std::mutex mutex_;
  std::map<int64_t, size_t> numbers_;  // by index: which of the messages
  std::vector<std::string> messages_;
};

/// Turns a plan and a batch number into a batch; shared by all workers.
class BatchMaker {
 public:
  /// Throws std::invalid_argument for options out of range.
  BatchMaker(std::shared_ptr<const Dataset> dataset, IndexList examples, Views views,
             const LoaderOptions& options);

  int64_t batches() const;
  EpochPlan plan(int64_t epoch, int rank, int world) const;

  /// An incomplete batch if `cancelled` says so.
  Batch make(const EpochPlan& plan, int64_t step, const std::function<bool()>& cancelled);

  /// All but `waited`.
  SourceStatistics statistics() const;

 private:
  Batch allocate(int64_t size) const;
  void fill_or_replace(Batch& batch, int64_t place, int64_t index, StageSeconds& seconds);
  bool fill_if_whole(Batch& batch, int64_t place, int64_t index, StageSeconds& seconds);
  void fill(Batch& batch, int64_t place, int64_t index, StageSeconds& seconds) const;
  void fill_caption(Batch& batch, int64_t place, const Example& example) const;

  std::shared_ptr<const Dataset> dataset_;
  IndexList examples_;
  LoaderOptions options_;
  Rendering rendering_;
  BrokenPictures broken_;
  mutable std::mutex mutex_;
  StageSeconds seconds_;
  int64_t pictures_ = 0;
};

}  // namespace repbench
