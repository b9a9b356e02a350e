#include "protocols/throughput/works.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <c10/core/GradMode.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <fmt/format.h>

#include "datasets/loader.h"
#include "datasets/random.h"
#include "pretrain/checkpoint.h"
#include "pretrain/objective.h"
#include "pretrain/optimizer.h"

namespace repbench {
namespace {

/// What was asked of a device is done when this returns.
void wait_for(at::Device device) {
  if (!device.is_cpu()) c10::impl::VirtualGuardImpl(device.type()).synchronizeDevice(device.index());
}

/// [B, H, W, C] uint8
at::Tensor random_pictures(const InputSpec& input, int64_t batch, uint64_t seed) {
  const at::Tensor pictures = at::empty({batch, input.size, input.size, input.channels}, at::kByte);
  RandomStream stream(seed, Purpose::view, 0, 0);
  uint8_t* out = pictures.mutable_data_ptr<uint8_t>();
  for (int64_t i = 0; i < pictures.numel(); ++i) out[i] = static_cast<uint8_t>(stream.bits());
  return pictures;
}

/// Texts that fill the context: SOT, random ids, EOT at the last place. [B, N] int64
at::Tensor random_tokens(const TextSide& side, int64_t batch, uint64_t seed) {
  const int64_t length = side.context_length(), start = side.vocabulary_size() - 2;
  const at::Tensor tokens = at::empty({batch, length}, at::kLong);
  RandomStream stream(seed, Purpose::caption, 0, 0);
  int64_t* out = tokens.mutable_data_ptr<int64_t>();
  for (int64_t i = 0; i < tokens.numel(); ++i) out[i] = stream.integer(start);
  tokens.select(1, 0).fill_(start);
  tokens.select(1, length - 1).fill_(side.vocabulary_size() - 1);
  return tokens;
}

void run_trunk(const ReadyEncoder& ready, const at::Tensor& pictures) {
  const c10::NoGradGuard no_grad;
  const Encoder& encoder = *ready.encoder;
  encoder.forward(encoder.ingest({pictures, Axes::BHWC}), 0, encoder.trunk_end(), ready.stage);
  wait_for(ready.device);
}

Batch random_batch(Objective& objective, int64_t size, uint64_t seed) {
  Batch batch;
  batch.views.push_back({random_pictures(objective.encoder().input(), size, seed), Axes::BHWC});
  for (int64_t i = 0; i < size; ++i) {
    batch.indices.push_back(i);
    batch.keys.push_back(static_cast<uint64_t>(i));
  }
  if (const TextSide* side = objective.encoder().text()) batch.tokens = random_tokens(*side, size, seed);
  return batch;
}

/// Batches of a data set, one loader a block.
class Feed {
 public:
  Feed(std::shared_ptr<const Dataset> dataset, IndexList examples, std::string view, LoaderOptions options,
       std::function<void(const SourceStatistics&)> on_read)
      : dataset_(std::move(dataset)),
        examples_(std::move(examples)),
        view_(std::move(view)),
        options_(std::move(options)),
        on_read_(std::move(on_read)) {}

  void start() {
    source_ = make_loader(dataset_, examples_, {make_view(view_)}, options_);
    source_->begin(epoch_, step_);
    next();
    waited_before_ = source_->statistics().waited;
  }

  Batch next() {
    std::optional<Batch> batch = source_->next();
    if (!batch) {
      step_ = 0;
      source_->begin(++epoch_);
      batch = source_->next();
    }
    ++step_;
    return *std::move(batch);
  }

  double waited() const { return source_->statistics().waited - waited_before_; }

  void stop() {
    on_read_(source_->statistics());
    source_.reset();
  }

 private:
  std::shared_ptr<const Dataset> dataset_;
  IndexList examples_;
  std::string view_;
  LoaderOptions options_;
  std::function<void(const SourceStatistics&)> on_read_;
  std::unique_ptr<BatchSource> source_;
  int64_t epoch_ = 0, step_ = 0;  // where the next batch is
  double waited_before_ = 0;
};

}  // namespace

int64_t ReadyEncoder::weight_bytes() const {
  int64_t bytes = 0;
  for (const NamedTensor& named : encoder->parameters()) bytes += static_cast<int64_t>(named.tensor.nbytes());
  return bytes;
}

ReadyEncoder ready_encoder(const Subject& subject, const Execution& execution) {
  ReadyEncoder ready{
      subject.encoder->clone(), {.training = false, .compute = execution.compute_dtype()}, execution.device};
  ready.encoder->to(execution.device);
  ready.encoder->convert_matrices(execution.compute_dtype());
  return ready;
}

Work inference_work(const ReadyEncoder& ready, uint64_t seed) {
  return {"inference", "images", ready.encoder->macs(0, ready.encoder->trunk_end()),
          [ready, seed](int64_t batch) -> Call {
            const at::Tensor pictures = random_pictures(ready.encoder->input(), batch, seed).to(ready.device);
            return [ready, pictures] {
              run_trunk(ready, pictures);
              return pictures.size(0);
            };
          }};
}

Work text_work(const ReadyEncoder& ready, uint64_t seed) {
  const TextSide& side = *ready.encoder->text();
  return {"text_inference", "texts", side.macs(side.context_length()), [ready, seed](int64_t batch) -> Call {
            const at::Tensor tokens = random_tokens(*ready.encoder->text(), batch, seed);
            return [ready, tokens] {
              const c10::NoGradGuard no_grad;
              ready.encoder->text()->features(tokens, ready.stage);
              wait_for(ready.device);
              return tokens.size(0);
            };
          }};
}

Work pretraining_work(const Subject& subject, const Execution& execution, uint64_t seed) {
  const std::shared_ptr<Objective> objective = load_objective(subject.checkpoint);
  move_to(*objective, execution.device);
  const auto make = [objective, execution, seed](int64_t size) -> Call {
    const auto optimizer = std::make_shared<AdamW>(objective->parameter_groups(0.05), AdamWOptions{});
    return [objective, optimizer, execution, batch = random_batch(*objective, size, seed)] {
      StepContext step{
          .step = 0, .total_steps = 1, .execution = &execution, .backward = [](const at::Tensor& loss, bool) {
            loss.backward();
          }};
      optimizer->zero_gradients();
      objective->step(batch, step);
      optimizer->step(0.0, 0);
      wait_for(execution.device);
      return batch.size();
    };
  };
  return {"pretraining_step", "images", 3 * objective->forward_macs(), make};
}

Workload matrix_product(at::ScalarType dtype, int64_t n, at::Device device, uint64_t seed) {
  at::Generator generator = at::detail::createCPUGenerator(seed);
  const auto random = [&] { return at::empty({n, n}).uniform_(-1, 1, generator).to(device).to(dtype); };
  const at::Tensor a = random(), b = random(), product = at::empty_like(a);
  Workload workload;
  workload.name = dtype == at::kFloat ? "matmul_fp32" : "matmul_bf16";
  workload.examples = "products";
  workload.macs = n * n * n;
  workload.call = [a, b, product, device] {
    const c10::NoGradGuard no_grad;
    at::Tensor out = product;
    at::mm_out(out, a, b);
    wait_for(device);
    return int64_t{1};
  };
  return workload;
}

Workload pipeline(const ReadyEncoder& ready, const Task& task, int64_t batch,
                  const ProtocolContext& context) {
  const LoaderOptions options{.batch_size = batch,
                              .workers = context.workers,
                              .channels = static_cast<int>(ready.encoder->input().channels)};
  const auto feed =
      std::make_shared<Feed>(task.test, task.test_examples, task.view, options, context.on_source_read);
  Workload workload;
  workload.name = "pipeline";
  workload.batch = batch;
  workload.macs = ready.encoder->macs(0, ready.encoder->trunk_end());
  workload.begin_block = [feed] { feed->start(); };
  workload.end_block = [feed] { feed->stop(); };
  workload.waited = [feed] { return feed->waited(); };
  workload.call = [ready, feed] {
    const Batch read = feed->next();
    run_trunk(ready, read.views[0].data);
    return read.size();
  };
  return workload;
}

}  // namespace repbench
