#include "datasets/loader.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <utility>

#include "datasets/captions.h"
#include "datasets/random.h"

namespace repbench {
namespace {

// One epoch as one rank sees it; never changed once made, so that workers read it without a lock.
struct Plan {
  int64_t epoch;
  int64_t batches;
  int rank, world;
  std::vector<int64_t> order;  // positions in the index list; empty: as they come
};

// A batch, or what was thrown instead.
struct Outcome {
  Batch batch;
  std::exception_ptr error;
};

[[noreturn]] void refuse(std::string_view expected, int64_t got) {
  throw std::invalid_argument(fmt::format("[loader] expected {}; got {}", expected, got));
}

// Turns a plan and a batch number into a batch. Const, so that all workers share it.
class BatchMaker {
 public:
  BatchMaker(std::shared_ptr<const Dataset> dataset, IndexList examples,
             std::vector<std::shared_ptr<const ViewTransform>> views, const LoaderOptions& options)
      : dataset_(std::move(dataset)),
        examples_(std::move(examples)),
        views_(std::move(views)),
        options_(options),
        channels_(options.channels == 0 ? dataset_->channels() : options.channels) {
    if (options.batch_size < 1) refuse("a batch size of at least 1", options.batch_size);
    if (options.workers < 1) refuse("at least 1 worker", options.workers);
    if (options.prefetch < 1) refuse("at least 1 batch to prefetch", options.prefetch);
    if (channels_ != 1 && channels_ != 3) refuse("1 or 3 channels", channels_);
    if (views_.empty()) refuse("at least 1 view", 0);
    if (batches() < 1) refuse("enough examples for one batch", examples_.size());
    const auto [least, most] = std::minmax_element(examples_.indices.begin(), examples_.indices.end());
    if (*least < 0) refuse("indices of at least 0", *least);
    if (*most >= dataset_->size()) refuse(fmt::format("indices below {}", dataset_->size()), *most);
  }

  int64_t batches() const {
    const int64_t spare = options_.drop_last ? 0 : options_.batch_size - 1;
    return (examples_.size() + spare) / options_.batch_size;
  }

  Plan plan(int64_t epoch, int rank, int world) const {
    Plan plan{epoch, batches(), rank, world, {}};
    if (options_.shuffle)
      plan.order = permutation(examples_.size(), options_.seed, static_cast<uint64_t>(epoch));
    return plan;
  }

  // An incomplete batch if `cancelled` says so.
  template <typename Cancelled>
  Batch make(const Plan& plan, int64_t step, Cancelled cancelled) const {
    const int64_t first = step * options_.batch_size;
    const int64_t global = std::min(options_.batch_size, examples_.size() - first);
    const int64_t from = first + global * plan.rank / plan.world;
    const int64_t to = first + global * (plan.rank + 1) / plan.world;
    Batch batch = allocate(to - from);
    batch.epoch = plan.epoch;
    for (int64_t i = 0; i < to - from && !cancelled(); ++i) {
      const int64_t position = plan.order.empty() ? from + i : plan.order[from + i];
      fill_named(batch, i, examples_.indices[position]);
    }
    return batch;
  }

 private:
  Batch allocate(int64_t size) const {
    Batch batch;
    for (const auto& view : views_) {
      const at::Tensor data = at::empty({size, view->size(), view->size(), channels_}, at::kByte);
      batch.views.push_back({data, Axes::BHWC});
    }
    batch.labels = at::empty({size}, at::kLong);
    if (options_.tokenizer) batch.tokens = at::empty({size, options_.context_length}, at::kLong);
    batch.indices.resize(static_cast<size_t>(size));
    batch.keys.resize(static_cast<size_t>(size));
    return batch;
  }

  void fill_named(Batch& batch, int64_t place, int64_t index) const {
    try {
      fill(batch, place, index);
    } catch (const std::exception& error) {
      const std::string id = dataset_->id(index);
      if (std::string_view(error.what()).find(id) != std::string_view::npos) throw;
      throw std::runtime_error(fmt::format("[loader] {}: {}", id, error.what()));
    }
  }

  void fill(Batch& batch, int64_t place, int64_t index) const {
    const Example example = dataset_->get(index);
    batch.indices[place] = index;
    batch.keys[place] = hash64(example.id);
    batch.labels.mutable_data_ptr<int64_t>()[place] = example.labels.size() == 1 ? example.labels[0] : -1;

    if (options_.tokenizer) {
      const std::string& caption = choose_caption(example, options_.seed, static_cast<uint64_t>(batch.epoch));
      const std::vector<int64_t> tokens =
          encode(*options_.tokenizer, caption, options_.context_length, TooLong::cut);
      std::copy(tokens.begin(), tokens.end(),
                batch.tokens.mutable_data_ptr<int64_t>() + place * options_.context_length);
    }
    const Image* image = std::get_if<Image>(&example.picture);
    Image converted;
    if (image == nullptr || image->channels != channels_) image = &(converted = pixels(example, channels_));
    RandomStream stream(options_.seed, Purpose::view, static_cast<uint64_t>(batch.epoch), batch.keys[place]);
    for (size_t v = 0; v < views_.size(); ++v) {
      const size_t bytes = static_cast<size_t>(views_[v]->size()) * views_[v]->size() * channels_;
      uint8_t* const output = batch.views[v].data.mutable_data_ptr<uint8_t>() + place * bytes;
      views_[v]->apply(*image, stream, {output, bytes});
    }
  }

  std::shared_ptr<const Dataset> dataset_;
  IndexList examples_;
  std::vector<std::shared_ptr<const ViewTransform>> views_;
  LoaderOptions options_;
  int channels_;
};

// Workers claim batch numbers in order and may run ahead of the consumer by `window_` batches.
class Loader final : public BatchSource {
 public:
  Loader(BatchMaker maker, const LoaderOptions& options)
      : maker_(std::move(maker)), window_(std::max(options.prefetch, options.workers)) {
    for (int i = 0; i < options.workers; ++i) workers_.emplace_back([this] { work(); });
  }

  ~Loader() override {
    {
      const std::lock_guard lock(mutex_);
      stopped_ = true;
      current_ = nullptr;
    }
    may_claim_.notify_all();
    for (std::thread& worker : workers_) worker.join();
  }

  void begin(int64_t epoch, int64_t step, int rank, int world) override {
    if (epoch < 0) refuse("an epoch of at least 0", epoch);
    if (step < 0 || step > maker_.batches())
      refuse(fmt::format("a step from 0 to {}", maker_.batches()), step);
    if (world < 1 || rank < 0 || rank >= world) refuse(fmt::format("a rank below {}", world), rank);
    auto plan = std::make_shared<const Plan>(maker_.plan(epoch, rank, world));
    {
      const std::lock_guard lock(mutex_);
      plan_ = std::move(plan);
      current_ = plan_.get();
      claimed_ = delivered_ = step;
      finished_.clear();
    }
    may_claim_.notify_all();
  }

  std::optional<Batch> next() override {
    std::unique_lock lock(mutex_);
    if (!plan_) throw std::logic_error("[loader] expected begin() before next(); got none");
    if (delivered_ == plan_->batches) return std::nullopt;
    const auto start = std::chrono::steady_clock::now();
    has_finished_.wait(lock, [&] { return finished_.contains(delivered_); });
    seconds_waited_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    Outcome outcome = std::move(finished_.extract(delivered_).mapped());
    ++delivered_;
    lock.unlock();
    may_claim_.notify_one();
    if (outcome.error) std::rethrow_exception(outcome.error);
    return std::move(outcome.batch);
  }

  std::optional<int64_t> batches_per_epoch() const override { return maker_.batches(); }

  double seconds_waited() const override {
    const std::lock_guard lock(mutex_);
    return seconds_waited_;
  }

 private:
  bool work_is_waiting() const {
    return plan_ && claimed_ < plan_->batches && claimed_ < delivered_ + window_;
  }

  void work() {
    std::unique_lock lock(mutex_);
    while (true) {
      may_claim_.wait(lock, [&] { return stopped_ || work_is_waiting(); });
      if (stopped_) return;
      const std::shared_ptr<const Plan> plan = plan_;
      const int64_t step = claimed_++;
      lock.unlock();
      Outcome outcome = attempt(*plan, step);
      lock.lock();
      if (plan != plan_) continue;  // begin() was called meanwhile
      finished_.emplace(step, std::move(outcome));
      if (step == delivered_) has_finished_.notify_one();
    }
  }

  Outcome attempt(const Plan& plan, int64_t step) const {
    Outcome outcome;
    try {
      outcome.batch = maker_.make(plan, step, [&] { return current_ != &plan; });
    } catch (...) {
      outcome.error = std::current_exception();
    }
    return outcome;
  }

  const BatchMaker maker_;
  const int64_t window_;

  mutable std::mutex mutex_;
  std::condition_variable may_claim_, has_finished_;
  std::shared_ptr<const Plan> plan_;
  std::atomic<const Plan*> current_ = nullptr;  // plan_, for workers to look at in the middle of a batch
  int64_t claimed_ = 0;                         // the next batch to work on
  int64_t delivered_ = 0;                       // the next batch to hand out
  std::map<int64_t, Outcome> finished_;
  double seconds_waited_ = 0.0;
  bool stopped_ = false;
  std::vector<std::thread> workers_;  // last: they use all of the above
};

}  // namespace

std::unique_ptr<BatchSource> make_loader(std::shared_ptr<const Dataset> dataset, IndexList examples,
                                         std::vector<std::shared_ptr<const ViewTransform>> views,
                                         const LoaderOptions& options) {
  BatchMaker maker(std::move(dataset), std::move(examples), std::move(views), options);
  return std::make_unique<Loader>(std::move(maker), options);
}

}  // namespace repbench
