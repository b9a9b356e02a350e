#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "datasets/batch_source.h"
#include "datasets/dataset.h"
#include "datasets/images/views.h"
#include "datasets/splits.h"
#include "datasets/text/tokenizer.h"

namespace repbench {

struct LoaderOptions {
  int64_t batch_size = 256;  // examples, over all ranks
  int workers = 1;           // threads that read, decode and transform; at least 1
  int prefetch = 4;          // batches finished or in work, at least one a worker: bounds the memory
  bool shuffle = false;      // a new order every epoch
  bool drop_last = false;    // leave out the short last batch
  uint64_t seed = 0;
  int channels = 0;                                      // 1 or 3; 0: the data set's own
  std::shared_ptr<const Tokenizer> tokenizer = nullptr;  // fills Batch::tokens with one caption an epoch
  int64_t context_length = 0;                            // of the tokens; longer captions are cut
};

/// Batches of `examples` under one or more views. The batches are identical for any number of workers: order
/// views and captions are drawn from (seed, epoch, example id). Worker threads stop when the source is
/// destroyed.
std::unique_ptr<BatchSource> make_loader(std::shared_ptr<const Dataset> dataset, IndexList examples,
                                         std::vector<std::shared_ptr<const ViewTransform>> views,
                                         const LoaderOptions& options);

}  // namespace repbench
