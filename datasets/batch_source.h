#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "datasets/batch.h"

namespace repbench {

/// What a source did since its construction. Seconds of workers are summed over threads.
struct SourceStatistics {
  double waited = 0;                              // seconds that `next` made its caller wait
  double read = 0, decode = 0, view = 0;          // seconds of the workers
  int64_t pictures = 0;                           // that were decoded
  std::vector<std::string> broken_pictures = {};  // what was wrong with each, in the order of finding
};

/// Where batches come from: a loader, cached features, a tar stream. Trainers and extractors know only this.
class BatchSource {
 public:
  virtual ~BatchSource() = default;

  /// Starts `epoch` at its batch number `step`; the batches that follow are those of an uninterrupted epoch.
  /// Rank r of `world` sees the r-th share of every global batch, so a position does not depend on the world
  /// size.
  virtual void begin(int64_t epoch, int64_t step = 0, int rank = 0, int world = 1) = 0;

  /// The next batch, or nothing at the end of the epoch. Rethrows what a worker threw.
  virtual std::optional<Batch> next() = 0;

  /// Batches in an epoch, where it is known.
  virtual std::optional<int64_t> batches_per_epoch() const = 0;

  virtual SourceStatistics statistics() const = 0;
};

}  // namespace repbench
