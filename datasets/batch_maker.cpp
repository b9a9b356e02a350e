#include "datasets/batch_maker.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "datasets/captions.h"
#include "datasets/epoch_order.h"
#include "datasets/random.h"

namespace repbench {
namespace {

constexpr double kMostBroken = 0.5;

[[noreturn]] void refuse(std::string_view expected, int64_t got) {
  throw std::invalid_argument(fmt::format("[loader] expected {}; got {}", expected, got));
}

// With the example's name in it.
std::string named(const std::string& id, const std::exception& error) {
  if (std::string_view(error.what()).find(id) != std::string_view::npos) return error.what();
  return fmt::format("[loader] {}: {}", id, error.what());
}

}  // namespace

// ---- Broken pictures ----

BrokenPictures::BrokenPictures(double share, int64_t examples)
    : share_(share),
      examples_(examples),
      most_(static_cast<int64_t>(share * static_cast<double>(examples))) {}

bool BrokenPictures::knows(int64_t index) const {
  const std::lock_guard lock(mutex_);
  return numbers_.contains(index);
}

void BrokenPictures::add(int64_t index, const std::string& message) {
  const std::lock_guard lock(mutex_);
  if (!numbers_.try_emplace(index, messages_.size()).second) return;
  messages_.push_back(message);
  if (static_cast<int64_t>(messages_.size()) <= most_) return;
  throw std::runtime_error(
      fmt::format("[loader] expected at most {} broken pictures ({:g} % of {}); got {}, the last: {}", most_,
                  100 * share_, examples_, messages_.size(), message));
}

std::vector<std::string> BrokenPictures::messages() const {
  const std::lock_guard lock(mutex_);
  return messages_;
}

// ---- Batches ----

BatchMaker::BatchMaker(std::shared_ptr<const Dataset> dataset, IndexList examples, Views views,
                       const LoaderOptions& options)
    : dataset_(std::move(dataset)),
      examples_(std::move(examples)),
      options_(options),
      rendering_{.views = std::move(views),
                 .channels = options.channels == 0 ? dataset_->channels() : options.channels,
                 .seed = options.seed,
                 .regions = options.regions},
      broken_(options.tolerate_broken, examples_.size()) {
  if (options.batch_size < 1) refuse("a batch size of at least 1", options.batch_size);
  if (options.workers < 1) refuse("at least 1 worker", options.workers);
  if (options.prefetch < 1) refuse("at least 1 batch to prefetch", options.prefetch);
  if (!(options.tolerate_broken >= 0.0 && options.tolerate_broken <= kMostBroken)) {
    throw std::invalid_argument(
        fmt::format("[loader] expected a share of broken pictures from 0 to {}; got {}", kMostBroken,
                    options.tolerate_broken));
  }
  if (options.shuffle_window < 0) refuse("a shuffle window of at least 0", options.shuffle_window);
  if (rendering_.channels != 1 && rendering_.channels != 3) refuse("1 or 3 channels", rendering_.channels);
  if (rendering_.views.empty()) refuse("at least 1 view", 0);
  if (batches() < 1) refuse("enough examples for one batch", examples_.size());
  const auto [least, most] = std::minmax_element(examples_.indices.begin(), examples_.indices.end());
  if (*least < 0) refuse("indices of at least 0", *least);
  if (*most >= dataset_->size()) refuse(fmt::format("indices below {}", dataset_->size()), *most);
}

int64_t BatchMaker::batches() const {
  const int64_t spare = options_.drop_last ? 0 : options_.batch_size - 1;
  return (examples_.size() + spare) / options_.batch_size;
}

EpochPlan BatchMaker::plan(int64_t epoch, int rank, int world) const {
  EpochPlan plan{epoch, batches(), rank, world, {}};
  if (options_.shuffle) {
    plan.order = epoch_order(*dataset_, examples_, options_.seed, static_cast<uint64_t>(epoch),
                             options_.shuffle_window);
  }
  return plan;
}

Batch BatchMaker::make(const EpochPlan& plan, int64_t step, const std::function<bool()>& cancelled) {
  const int64_t first = step * options_.batch_size;
  const int64_t global = std::min(options_.batch_size, examples_.size() - first);
  const int64_t from = first + global * plan.rank / plan.world;
  const int64_t to = first + global * (plan.rank + 1) / plan.world;
  Batch batch = allocate(to - from);
  batch.epoch = plan.epoch;
  StageSeconds seconds;
  int64_t done = 0;
  for (; done < to - from && !cancelled(); ++done) {
    const int64_t position = plan.order.empty() ? from + done : plan.order[from + done];
    fill_or_replace(batch, done, examples_.indices[position], seconds);
  }
  const std::lock_guard lock(mutex_);
  seconds_ += seconds;
  pictures_ += done;
  return batch;
}

SourceStatistics BatchMaker::statistics() const {
  const std::lock_guard lock(mutex_);
  return {0, seconds_.read, seconds_.decode, seconds_.view, pictures_, broken_.messages()};
}

Batch BatchMaker::allocate(int64_t size) const {
  Batch batch;
  for (const auto& view : rendering_.views) {
    const at::Tensor data = at::empty({size, view->size(), view->size(), rendering_.channels}, at::kByte);
    batch.views.push_back({data, Axes::BHWC});
  }
  batch.labels = at::empty({size}, at::kLong);
  if (options_.tokenizer) batch.tokens = at::empty({size, options_.context_length}, at::kLong);
  batch.indices.resize(static_cast<size_t>(size));
  batch.keys.resize(static_cast<size_t>(size));
  return batch;
}

void BatchMaker::fill_or_replace(Batch& batch, int64_t place, int64_t index, StageSeconds& seconds) {
  if (fill_if_whole(batch, place, index, seconds)) return;
  RandomStream stream(options_.seed, Purpose::replacement, static_cast<uint64_t>(batch.epoch),
                      hash64(dataset_->id(index)));
  // Ends: there are more whole pictures than broken ones, or `add` has thrown.
  while (!fill_if_whole(batch, place, examples_.indices[stream.integer(examples_.size())], seconds)) {
  }
}

// False if the picture is broken, and that is tolerated.
bool BatchMaker::fill_if_whole(Batch& batch, int64_t place, int64_t index, StageSeconds& seconds) {
  if (broken_.tolerates_any() && broken_.knows(index)) return false;
  try {
    fill(batch, place, index, seconds);
    return true;
  } catch (const std::exception& error) {
    const std::string message = named(dataset_->id(index), error);
    const bool of_the_world = dynamic_cast<const std::runtime_error*>(&error) != nullptr;
    if (broken_.tolerates_any() && of_the_world) {
      broken_.add(index, message);
      return false;
    }
    if (of_the_world && options_.tolerate_broken > 0) {
      throw std::runtime_error(fmt::format("{} (tolerated are {:g} % of the {} pictures, which is none)",
                                           message, 100 * options_.tolerate_broken, examples_.size()));
    }
    if (message == error.what()) throw;
    throw std::runtime_error(message);
  }
}

void BatchMaker::fill(Batch& batch, int64_t place, int64_t index, StageSeconds& seconds) const {
  const auto start = std::chrono::steady_clock::now();
  const Example example = dataset_->get(index);
  seconds.read += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  batch.indices[place] = index;
  batch.keys[place] = hash64(example.id);
  batch.labels.mutable_data_ptr<int64_t>()[place] = example.labels.size() == 1 ? example.labels[0] : -1;
  if (options_.tokenizer) fill_caption(batch, place, example);
  std::vector<std::span<uint8_t>> outputs;
  for (size_t v = 0; v < rendering_.views.size(); ++v) {
    const auto size = static_cast<size_t>(rendering_.views[v]->size());
    const size_t bytes = size * size * rendering_.channels;
    outputs.emplace_back(batch.views[v].data.mutable_data_ptr<uint8_t>() + place * bytes, bytes);
  }
  render(rendering_, example, static_cast<uint64_t>(batch.epoch), outputs, seconds);
}

void BatchMaker::fill_caption(Batch& batch, int64_t place, const Example& example) const {
  const std::string& caption = choose_caption(example, options_.seed, static_cast<uint64_t>(batch.epoch));
  const std::vector<int64_t> tokens =
      encode(*options_.tokenizer, caption, options_.context_length, TooLong::cut);
  std::copy(tokens.begin(), tokens.end(),
            batch.tokens.mutable_data_ptr<int64_t>() + place * options_.context_length);
}

}  // namespace repbench
