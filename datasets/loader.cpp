#include "datasets/loader.h"

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

#include "datasets/batch_maker.h"

namespace repbench {
namespace {

// A batch, or what was thrown instead.
struct Outcome {
  Batch batch;
  std::exception_ptr error;
};

[[noreturn]] void refuse(std::string_view expected, int64_t got) {
  throw std::invalid_argument(fmt::format("[loader] expected {}; got {}", expected, got));
}

// Workers claim batch numbers in order and may run ahead of the consumer by `window_` batches.
class Loader final : public BatchSource {
 public:
  Loader(std::unique_ptr<BatchMaker> maker, const LoaderOptions& options)
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
    if (step < 0 || step > maker_->batches())
      refuse(fmt::format("a step from 0 to {}", maker_->batches()), step);
    if (world < 1 || rank < 0 || rank >= world) refuse(fmt::format("a rank below {}", world), rank);
    auto plan = std::make_shared<const EpochPlan>(maker_->plan(epoch, rank, world));
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

  std::optional<int64_t> batches_per_epoch() const override { return maker_->batches(); }

  SourceStatistics statistics() const override {
    SourceStatistics statistics = maker_->statistics();
    const std::lock_guard lock(mutex_);
    statistics.waited = seconds_waited_;
    return statistics;
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
      const std::shared_ptr<const EpochPlan> plan = plan_;
      const int64_t step = claimed_++;
      lock.unlock();
      Outcome outcome = attempt(*plan, step);
      lock.lock();
      if (plan != plan_) continue;  // begin() was called meanwhile
      finished_.emplace(step, std::move(outcome));
      if (step == delivered_) has_finished_.notify_one();
    }
  }

  Outcome attempt(const EpochPlan& plan, int64_t step) const {
    Outcome outcome;
    try {
      outcome.batch = maker_->make(plan, step, [&] { return current_ != &plan; });
    } catch (...) {
      outcome.error = std::current_exception();
    }
    return outcome;
  }

  const std::unique_ptr<BatchMaker> maker_;
  const int64_t window_;

  mutable std::mutex mutex_;
  std::condition_variable may_claim_, has_finished_;
  std::shared_ptr<const EpochPlan> plan_;
  std::atomic<const EpochPlan*> current_ = nullptr;  // plan_, for workers to look at in the middle of a batch
  int64_t claimed_ = 0;                              // the next batch to work on
  int64_t delivered_ = 0;                            // the next batch to hand out
  std::map<int64_t, Outcome> finished_;
  double seconds_waited_ = 0.0;
  bool stopped_ = false;
  std::vector<std::thread> workers_;  // last: they use all of the above
};

}  // namespace

std::unique_ptr<BatchSource> make_loader(std::shared_ptr<const Dataset> dataset, IndexList examples,
                                         Views views, const LoaderOptions& options) {
  return std::make_unique<Loader>(
      std::make_unique<BatchMaker>(std::move(dataset), std::move(examples), std::move(views), options),
      options);
}

}  // namespace repbench
