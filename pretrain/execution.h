#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "configs/options.h"
#include "files/json.h"

// Where and how everything runs, decided in this one place and written into every report.

namespace repbench {

struct ExecutionOptions {
  std::string device = "auto";
  std::string precision = "bf16";
  int64_t threads = 0;

  void describe(Options& options);
};

enum class Precision { fp32, bf16 };
enum class AttentionKernel { flash, math };

/// The processes that work together. One process: rank 0 of 1, and a sum over ranks is the value itself.
class Communicator {
 public:
  virtual ~Communicator() = default;
  virtual int rank() const { return 0; }
  virtual int world() const { return 1; }
  /// Replaces the tensor by its sum over all ranks.
  virtual void all_reduce_sum(at::Tensor&) const {}
};

struct Execution {
  at::Device device = at::Device(at::kCPU);
  Precision precision = Precision::fp32;
  int threads = 1;
  std::shared_ptr<const Communicator> communicator = std::make_shared<Communicator>();

  /// Operands of matrix products; everything else (residuals, norms, softmax, losses) is fp32.
  at::ScalarType compute_dtype() const { return precision == Precision::bf16 ? at::kBFloat16 : at::kFloat; }
};

/// Sets the process's threads and allocator, and loads CUDA when it is asked for (or `auto` finds a device).
/// Throws std::runtime_error if `cuda` is asked for and cannot be had.
Execution start_execution(const ExecutionOptions& options);

/// Training at short sequences is faster with plain products (bf16 flash backward is 4x slower at 17 tokens);
/// inference is always faster with the fused kernel.
AttentionKernel attention_kernel(bool training, at::ScalarType dtype, int64_t tokens);

/// CPU, threads, device, precision, library versions and kernels: a report's `environment`.
Json environment(const Execution& execution);

/// Peak resident memory of this process since the last reset, in bytes (Linux).
void reset_peak_memory();
int64_t peak_memory_bytes();

/// The same while `work` runs, for one thread at a time; peak_memory_bytes() goes on counting from its own
/// reset.
int64_t peak_memory_of(const std::function<void()>& work);

}  // namespace repbench
