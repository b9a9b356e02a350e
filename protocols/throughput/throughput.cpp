#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>

#include "files/hash.h"
#include "protocols/kinds.h"
#include "protocols/throughput/memory.h"
#include "protocols/throughput/precision_check.h"
#include "protocols/throughput/summary.h"
#include "protocols/throughput/works.h"

namespace repbench {
namespace {

constexpr double kSweepShare = 0.25;  // of a block's time, for a look at one size

/// What one measurement's reports have in common, and no others.
std::string measurement_id(std::span<const Subject> subjects) {
  Sha256 hash;
  hash.update(fmt::format("{} {}\n", std::chrono::system_clock::now().time_since_epoch().count(), getpid()));
  for (const Subject& subject : subjects) hash.update(subject.label + "\n");
  return hash.hex();
}

/// The first calls are not like the others: memory is taken, kernels are made.
Call broken_in(const MakeCall& make, int64_t batch) {
  Call call = make(batch);
  call();
  call();
  return call;
}

class Throughput final : public Protocol {
 public:
  void describe(Options& options) override {
    options.add("batch", &batch_,
                {.help = "examples a call",
                 .unit = "examples",
                 .minimum = 0,
                 .maximum = 1e6,
                 .zero = "fastest of batches"});
    options.add("batches", &batches_,
                {.help = "sizes to look at, rising; the last is the pretraining step's",
                 .unit = "examples",
                 .minimum = 1,
                 .maximum = 1e6});
    options.add("longest_call", &longest_call_,
                {.help = "sizes whose calls would take longer are not looked at",
                 .unit = "s",
                 .minimum = 0.001,
                 .maximum = 3600});
    options.add("repetitions", &repetitions_,
                {.help = "timed blocks of each workload, interleaved", .minimum = 3, .maximum = 1e4});
    options.add("block_seconds", &block_seconds_,
                {.help = "length of a timed block; a warm-up is two at most",
                 .unit = "s",
                 .minimum = 0.01,
                 .maximum = 600});
    options.add("warmup_calls", &warmup_calls_,
                {.help = "fewest calls before timing; goes on until steady", .minimum = 1, .maximum = 1e4});
    options.add("matmul_size", &matmul_size_,
                {.help = "rows of the square matrices whose product is the machine's peak",
                 .minimum = 0,
                 .maximum = 32768,
                 .zero = "2048, on CUDA 8192"});
    options.add("precision_examples", &precision_examples_,
                {.help = "with --dataset: pictures whose features at this precision are held against fp32",
                 .unit = "pictures",
                 .minimum = 0,
                 .maximum = 1e9,
                 .zero = "none"});
  }

  ProtocolResult run(const Subject& subject, const Task& task, const ProtocolContext& context) override {
    return std::move(run_in_turns({&subject, 1}, task, context).front());
  }

  std::vector<ProtocolResult> run_in_turns(std::span<const Subject> subjects, const Task& task,
                                           const ProtocolContext& context) override {
    if (subjects.empty()) throw std::invalid_argument("[throughput] expected an encoder; got none");
    check_batches();
    const std::string measurement = measurement_id(subjects);
    std::vector<ProtocolResult> results(subjects.size());
    std::vector<Workload> workloads = matrix_products(context);
    const size_t peak = workloads.size() - 1;
    for (size_t i = 0; i < subjects.size(); ++i) {
      for (Workload& workload :
           workloads_of(subjects[i], seen_by(subjects[i], task), context, results[i].record)) {
        workload.subject = i;
        workloads.push_back(std::move(workload));
      }
    }
    measure(workloads, context);
    std::vector<Record*> records;
    std::vector<std::string> labels;
    for (size_t i = 0; i < subjects.size(); ++i) {
      Record& record = results[i].record;
      summarise(workloads, i, workloads[peak], record);
      if (task.test && precision_examples_ > 0)
        check_precision(subjects[i], seen_by(subjects[i], task), context, precision_examples_, record);
      record.run["measurement"] = measurement;
      if (subjects.size() > 1) record.cost["encoders_in_turns"] = subjects.size();
      records.push_back(&record);
      labels.push_back(subjects[i].label);
    }
    rank_among(records, labels);
    return results;
  }

 private:
  void check_batches() const {
    const bool rising = std::is_sorted(batches_.begin(), batches_.end(), std::less_equal<>());
    if (!batches_.empty() && rising) return;
    throw std::invalid_argument(
        fmt::format("[throughput] key 'batches': expected rising sizes, at least one; got [{}]",
                    fmt::join(batches_, ", ")));
  }

  /// Under the subject's own view where the task names none.
  static Task seen_by(const Subject& subject, Task task) {
    if (task.view.empty()) task.view = subject.encoder->input().view;
    return task;
  }

  /// The last is of the dtype in which encoders run here.
  std::vector<Workload> matrix_products(const ProtocolContext& context) const {
    const Execution& execution = context.execution;
    const int64_t size = matmul_size_ > 0 ? matmul_size_ : execution.device.is_cpu() ? 2048 : 8192;
    std::vector<Workload> products = {matrix_product(at::kFloat, size, execution.device, context.seed)};
    if (execution.compute_dtype() != at::kFloat)
      products.push_back(matrix_product(execution.compute_dtype(), size, execution.device, context.seed));
    return products;
  }

  /// What there is to time: a text side, a pretraining step and real pictures only where there are such.
  std::vector<Workload> workloads_of(const Subject& subject, const Task& task, const ProtocolContext& context,
                                     Record& record) const {
    const Execution& execution = context.execution;
    const ReadyEncoder ready = ready_encoder(subject, execution);
    record.cost["weight_bytes"] = ready.weight_bytes();
    std::vector<Workload> workloads;
    const auto add_at_both = [&](const Work& work) {
      workloads.push_back(
          at_batch(work, chosen_batch(work, execution.device, record), execution.device, record));
      Work single = work;
      single.name += "_batch1";
      workloads.push_back(at_batch(single, 1, execution.device, record));
    };
    add_at_both(inference_work(ready, context.seed));
    const int64_t batch = workloads.front().batch;
    if (ready.encoder->text() != nullptr) add_at_both(text_work(ready, context.seed));
    if (!subject.checkpoint.empty()) {
      const Work step = pretraining_work(subject, execution, context.seed);
      workloads.push_back(at_batch(step, batch_ > 0 ? batch_ : batches_.back(), execution.device, record));
    }
    if (task.test)
      workloads.push_back(pipeline(ready, task, std::min(batch, task.test_examples.size()), context));
    else
      record.resolved["pipeline"] = "none: no data set was named";
    return workloads;
  }

  int64_t chosen_batch(const Work& work, at::Device device, Record& record) const {
    if (batch_ > 0) return batch_;
    const Sweep sweep = sweep_batches([&](int64_t batch) { return broken_in(work.make, batch); }, batches_,
                                      kSweepShare * block_seconds_, longest_call_, steady_seconds);
    release_cached_memory(device);
    Curve curve;
    curve.name = work.name + " by batch";
    curve.x_label = "batch";
    curve.y_label = work.examples + "/s";
    curve.x.assign(sweep.batches.begin(), sweep.batches.end());
    curve.y = sweep.rates;
    record.curves.push_back(std::move(curve));
    if (!sweep.ended.empty()) record.resolved["sweep_ended"][work.name] = sweep.ended;
    if (sweep.out_of_memory) record.warnings.push_back(fmt::format("{}: {}", work.name, sweep.ended));
    return fastest_batch(sweep);
  }

  /// At this size or, where memory runs out, below; what it takes goes to the record's cost.
  static Workload at_batch(const Work& work, int64_t batch, at::Device device, Record& record) {
    MemoryPeaks peaks;
    const auto make = [&](int64_t size) {
      Call call;
      peaks = memory_peaks(device, [&] { call = broken_in(work.make, size); });
      return call;
    };
    MadeCall made = make_with_back_off(make, batch, [&] { release_cached_memory(device); });
    if (!made.refused.empty()) {
      record.warnings.push_back(fmt::format("{}: memory was too small for {}; measured at {}", work.name,
                                            fmt::join(made.refused, ", "), made.batch));
    }
    record.cost["allocator_peak_bytes"][work.name] = peaks.allocator_bytes;
    record.cost["rss_peak_bytes"][work.name] = peaks.resident_bytes;
    Workload workload;
    workload.name = work.name;
    workload.examples = work.examples;
    workload.macs = work.macs;
    workload.batch = made.batch;
    workload.call = std::move(made.call);
    return workload;
  }

  void measure(std::vector<Workload>& workloads, const ProtocolContext& context) const {
    for (Workload* workload : turn_of(workloads, false))
      prepare_blocks(*workload, warmup_calls_, block_seconds_, steady_seconds);
    for (int64_t repetition = 0; repetition < repetitions_; ++repetition) {
      for (Workload* workload : turn_of(workloads, repetition % 2 == 1))
        time_block(*workload, steady_seconds);
      context.progress("throughput", repetition + 1, repetitions_);
    }
  }

  int64_t batch_ = 0;
  std::vector<int64_t> batches_ = {1, 2, 4, 8, 16, 32, 64, 128, 256};
  double longest_call_ = 10.0;
  int64_t repetitions_ = 9;
  double block_seconds_ = 1.0;
  int64_t warmup_calls_ = 10;
  int64_t matmul_size_ = 0;
  int64_t precision_examples_ = 500;
};

}  // namespace

std::unique_ptr<Protocol> make_throughput() { return std::make_unique<Throughput>(); }

}  // namespace repbench
