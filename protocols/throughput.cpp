#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <functional>

#include "datasets/random.h"
#include "pretrain/checkpoint.h"
#include "pretrain/optimizer.h"
#include "protocols/kinds.h"
#include "reports/statistics/intervals.h"

namespace repbench {
namespace {

double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// A piece of work that is timed in repetitions.
struct Workload {
  std::string name;
  std::function<void()> run;
  int64_t macs = 0;  // of one example
  std::string examples = "images";
  std::vector<double> rates = {};  // examples per second, one a repetition
};

class Throughput final : public Protocol {
 public:
  void describe(Options& options) override {
    options.add("batch", &batch_,
                {.help = "pictures a call", .unit = "pictures", .minimum = 1, .maximum = 1e6});
    options.add("repetitions", &repetitions_,
                {.help = "timed blocks of each workload, interleaved", .minimum = 3, .maximum = 1e4});
    options.add("block_seconds", &block_seconds_,
                {.help = "length of a timed block", .unit = "s", .minimum = 0.01, .maximum = 600});
    options.add("warmup_calls", &warmup_calls_,
                {.help = "fewest calls before timing; goes on until steady", .minimum = 1, .maximum = 1e4});
  }

  ProtocolResult run(const Subject& subject, const Task&, const ProtocolContext& context) override {
    const InputSpec& input = subject.encoder->input();
    const at::Tensor pictures = random_pictures(input, context.seed);
    std::vector<Workload> workloads = {inference(subject, pictures, context)};
    if (subject.encoder->text() != nullptr) workloads.push_back(text_inference(subject, context));
    if (!subject.checkpoint.empty()) workloads.push_back(pretraining(subject, pictures, context));

    std::vector<int64_t> calls;
    for (Workload& workload : workloads) calls.push_back(calls_per_block(workload));
    for (int64_t repetition = 0; repetition < repetitions_; ++repetition) {
      for (size_t w = 0; w < workloads.size(); ++w) {
        const double seconds = seconds_of([&] {
          for (int64_t call = 0; call < calls[w]; ++call) workloads[w].run();
        });
        workloads[w].rates.push_back(static_cast<double>(calls[w] * batch_) / seconds);
      }
      context.progress("throughput", repetition + 1, repetitions_);
    }
    return {summarise(workloads)};
  }

 private:
  at::Tensor random_pictures(const InputSpec& input, uint64_t seed) const {
    const at::Tensor pictures = at::empty({batch_, input.size, input.size, input.channels}, at::kByte);
    RandomStream stream(seed, Purpose::view, 0, 0);
    uint8_t* out = pictures.mutable_data_ptr<uint8_t>();
    for (int64_t i = 0; i < pictures.numel(); ++i) out[i] = static_cast<uint8_t>(stream.bits());
    return pictures;
  }

  static Workload inference(const Subject& subject, const at::Tensor& pictures,
                            const ProtocolContext& context) {
    std::shared_ptr<Encoder> encoder = subject.encoder->clone();
    encoder->to(context.execution.device);
    encoder->convert_matrices(context.execution.compute_dtype());
    const StageContext stage{.training = false, .compute = context.execution.compute_dtype()};
    const int64_t end = encoder->trunk_end();
    return {"inference",
            [encoder, pictures, stage, end] {
              const c10::NoGradGuard no_grad;
              encoder->forward(encoder->ingest({pictures, Axes::BHWC}), 0, end, stage).mean().item<float>();
            },
            encoder->macs(0, end)};
  }

  /// Texts that fill the context: SOT, random ids, EOT at the last place.
  at::Tensor random_tokens(const TextSide& side, uint64_t seed) const {
    const int64_t length = side.context_length(), start = side.vocabulary_size() - 2;
    const at::Tensor tokens = at::empty({batch_, length}, at::kLong);
    RandomStream stream(seed, Purpose::caption, 0, 0);
    int64_t* out = tokens.mutable_data_ptr<int64_t>();
    for (int64_t i = 0; i < tokens.numel(); ++i) out[i] = stream.integer(start);
    tokens.select(1, 0).fill_(start);
    tokens.select(1, length - 1).fill_(side.vocabulary_size() - 1);
    return tokens;
  }

  Workload text_inference(const Subject& subject, const ProtocolContext& context) const {
    std::shared_ptr<Encoder> encoder = subject.encoder->clone();
    encoder->to(context.execution.device);
    encoder->convert_matrices(context.execution.compute_dtype());
    const StageContext stage{.training = false, .compute = context.execution.compute_dtype()};
    const at::Tensor tokens = random_tokens(*encoder->text(), context.seed);
    return {"text_inference",
            [encoder, tokens, stage] {
              const c10::NoGradGuard no_grad;
              encoder->text()->features(tokens, stage).mean().item<float>();
            },
            encoder->text()->macs(encoder->text()->context_length()), "texts"};
  }

  Workload pretraining(const Subject& subject, const at::Tensor& pictures,
                       const ProtocolContext& context) const {
    std::shared_ptr<Objective> objective = load_objective(subject.checkpoint);
    move_to(*objective, context.execution.device);
    auto optimizer = std::make_shared<AdamW>(objective->parameter_groups(0.05), AdamWOptions{});
    Batch batch;
    batch.views.push_back({pictures, Axes::BHWC});
    for (int64_t i = 0; i < pictures.size(0); ++i) {
      batch.indices.push_back(i);
      batch.keys.push_back(static_cast<uint64_t>(i));
    }
    if (const TextSide* side = objective->encoder().text()) batch.tokens = random_tokens(*side, context.seed);
    const int64_t macs = 3 * objective->forward_macs();
    return {"pretraining_step",
            [objective, optimizer, batch, execution = context.execution] {
              StepContext step{.step = 0,
                               .total_steps = 1,
                               .execution = &execution,
                               .backward = [](const at::Tensor& loss, bool) { loss.backward(); }};
              optimizer->zero_gradients();
              objective->step(batch, step);
              optimizer->step(0.0, 0);
            },
            macs};
  }

  /// Warms up until the last five calls take as long as the five before (within 5 %), then sizes a block.
  int64_t calls_per_block(const Workload& workload) const {
    std::vector<double> seconds;
    const auto mean_of_five = [&](size_t back) {
      double sum = 0;
      for (size_t i = 0; i < 5; ++i) sum += seconds[seconds.size() - 1 - back - i];
      return sum / 5;
    };
    while (true) {
      seconds.push_back(seconds_of(workload.run));
      const auto calls = static_cast<int64_t>(seconds.size());
      const bool steady = calls >= 10 && std::abs(mean_of_five(0) / mean_of_five(5) - 1.0) < 0.05;
      if (calls >= std::max<int64_t>(warmup_calls_, 10) && (steady || calls >= 10 * warmup_calls_)) break;
    }
    return std::max<int64_t>(1, std::llround(block_seconds_ / mean_of_five(0)));
  }

  Record summarise(const std::vector<Workload>& workloads) const {
    Record record;
    for (const Workload& workload : workloads) {
      const MeanAndDeviation rate = mean_and_deviation(workload.rates);
      Metric metric;
      metric.name = fmt::format("{}_{}_per_second", workload.name, workload.examples);
      metric.value = rate.mean;
      metric.unit = workload.examples + "/s";
      metric.headline = &workload == &workloads.front();
      metric.n = rate.n;
      metric.standard_error = rate.standard_deviation / std::sqrt(static_cast<double>(rate.n));
      metric.interval = rate.interval;
      record.metrics.push_back(std::move(metric));
      Curve repetitions;
      repetitions.name = workload.name + " by repetition";
      repetitions.x_label = "repetition";
      repetitions.y_label = workload.examples + "/s";
      for (size_t i = 0; i < workload.rates.size(); ++i) repetitions.x.push_back(static_cast<double>(i + 1));
      repetitions.y = workload.rates;
      record.curves.push_back(std::move(repetitions));
      record.cost["macs_per_example"][workload.name] = workload.macs;
      record.cost["gflops_per_second"][workload.name] = 2e-9 * static_cast<double>(workload.macs) * rate.mean;
    }
    return record;
  }

  int64_t batch_ = 256;
  int64_t repetitions_ = 9;
  double block_seconds_ = 1.0;
  int64_t warmup_calls_ = 10;
};

}  // namespace

std::unique_ptr<Protocol> make_throughput() { return std::make_unique<Throughput>(); }

}  // namespace repbench
