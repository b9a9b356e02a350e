#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "datasets/batch_source.h"
#include "datasets/dataset.h"
#include "datasets/rendering.h"
#include "datasets/splits.h"
#include "datasets/text/tokenizer.h"

namespace repbench {

struct LoaderOptions {
  int64_t batch_size = 256;    // examples, over all ranks
  int workers = 1;             // threads that read, decode and transform; at least 1
  int prefetch = 4;            // batches finished or in work, at least one a worker: bounds the memory
  bool shuffle = false;        // a new order every epoch
  int64_t shuffle_window = 0;  // of data in tar shards: examples that are shuffled together; 0: all
  bool drop_last = false;      // leave out the short last batch
  uint64_t seed = 0;
  int channels = 0;              // 1 or 3; 0: the data set's own
  bool regions = false;          // decode no more of a picture than its views read (for training)
  double tolerate_broken = 0.0;  // share of the examples whose pictures may be broken (for training)
  std::shared_ptr<const Tokenizer> tokenizer = nullptr;  // fills Batch::tokens with one caption an epoch
  int64_t context_length = 0;                            // of the tokens; longer captions are cut
};

/// Batches of `examples` under one or more views. The batches are identical for any number of workers: order,
/// views and captions are drawn from (seed, epoch, example id). An example whose picture is broken is an
/// error, or, as far as they are tolerated, named in the statistics and replaced by another, drawn likewise.
/// Worker threads stop when the source is destroyed.
std::unique_ptr<BatchSource> make_loader(std::shared_ptr<const Dataset> dataset, IndexList examples,
                                         Views views, const LoaderOptions& options);

}  // namespace repbench
