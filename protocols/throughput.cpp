#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <stdexcept>
#include <tuple>

#include "datasets/random.h"
#include "files/hash.h"
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
  size_t subject = 0;              // whose it is
  int64_t calls = 1;               // of a timed block
  std::vector<double> rates = {};  // examples per second, one a repetition
};

/// What one measurement's reports have in common, and no others.
std::string measurement_id(std::span<const Subject> subjects) {
  Sha256 hash;
  hash.update(fmt::format("{} {}\n", std::chrono::system_clock::now().time_since_epoch().count(), getpid()));
  for (const Subject& subject : subjects) hash.update(subject.label + "\n");
  return hash.hex();
}

/// In which order a repetition takes them: workloads of one kind beside each other, and among these the
/// subjects forwards or backwards.
std::vector<Workload*> turn_of(std::vector<Workload>& workloads, bool backwards) {
  const std::vector<std::string_view> kinds = {"inference", "text_inference", "pretraining_step"};
  const auto place = [&](const Workload* workload) {
    const auto subject = static_cast<int64_t>(workload->subject);
    return std::tuple(std::find(kinds.begin(), kinds.end(), workload->name), backwards ? -subject : subject);
  };
  std::vector<Workload*> turn;
  for (Workload& workload : workloads) turn.push_back(&workload);
  std::sort(turn.begin(), turn.end(),
            [&](const Workload* a, const Workload* b) { return place(a) < place(b); });
  return turn;
}

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

  ProtocolResult run(const Subject& subject, const Task& task, const ProtocolContext& context) override {
    return std::move(run_in_turns({&subject, 1}, task, context).front());
  }

  std::vector<ProtocolResult> run_in_turns(std::span<const Subject> subjects, const Task&,
                                           const ProtocolContext& context) override {
    if (subjects.empty()) throw std::invalid_argument("[throughput] expected an encoder; got none");
    const std::string measurement = measurement_id(subjects);
    std::vector<Workload> workloads;
    for (size_t i = 0; i < subjects.size(); ++i) {
      for (Workload& workload : workloads_of(subjects[i], context)) {
        workload.subject = i;
        workloads.push_back(std::move(workload));
      }
    }
    for (Workload* workload : turn_of(workloads, false)) workload->calls = calls_per_block(*workload);
    for (int64_t repetition = 0; repetition < repetitions_; ++repetition) {
      for (Workload* workload : turn_of(workloads, repetition % 2 == 1)) time_block(*workload);
      context.progress("throughput", repetition + 1, repetitions_);
    }
    std::vector<ProtocolResult> results;
    for (size_t i = 0; i < subjects.size(); ++i) {
      results.push_back({summarise(workloads, i)});
      results.back().record.run["measurement"] = measurement;
      if (subjects.size() > 1) results.back().record.cost["encoders_in_turns"] = subjects.size();
    }
    return results;
  }

 private:
  /// What there is to time: a text side and a pretraining step only where there are such.
  std::vector<Workload> workloads_of(const Subject& subject, const ProtocolContext& context) const {
    const at::Tensor pictures = random_pictures(subject.encoder->input(), context.seed);
    std::vector<Workload> workloads = {inference(subject, pictures, context)};
    if (subject.encoder->text() != nullptr) workloads.push_back(text_inference(subject, context));
    if (!subject.checkpoint.empty()) workloads.push_back(pretraining(subject, pictures, context));
    return workloads;
  }

  void time_block(Workload& workload) const {
    const double seconds = seconds_of([&] {
      for (int64_t call = 0; call < workload.calls; ++call) workload.run();
    });
    workload.rates.push_back(static_cast<double>(workload.calls * batch_) / seconds);
  }

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

  static Record summarise(const std::vector<Workload>& workloads, size_t subject) {
    Record record;
    for (const Workload& workload : workloads) {
      if (workload.subject != subject) continue;
      const MeanAndDeviation rate = mean_and_deviation(workload.rates);
      Metric metric;
      metric.name = fmt::format("{}_{}_per_second", workload.name, workload.examples);
      metric.value = rate.mean;
      metric.unit = workload.examples + "/s";
      metric.headline = record.metrics.empty();
      metric.n = rate.n;
      metric.standard_error = rate.standard_deviation / std::sqrt(static_cast<double>(rate.n));
      metric.interval = rate.interval;
      metric.repetitions = {"timed block", workload.rates};
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
