#include "pretrain/execution.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <dlfcn.h>
#include <fmt/format.h>
#include <malloc.h>
#include <torch/headeronly/version.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <limits>
#include <stdexcept>
#include <thread>

namespace repbench {
namespace {

/// CUDA comes in as a plug-in, so that the executable starts on machines without it. Empty if it loaded.
std::string load_cuda() {
  static const std::string error = [] {
    if (dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL) == nullptr) return std::string(dlerror());
    return std::string(at::hasCUDA() ? "" : "no CUDA device answers");
  }();
  return error;
}

at::Device choose_device(const std::string& name) {
  if (name != "auto" && name != "cpu" && name != "cuda") {
    throw std::invalid_argument(
        fmt::format("[execution] expected the device auto, cpu or cuda; got '{}'", name));
  }
  if (name == "cpu") return at::Device(at::kCPU);
  const bool device_file = std::filesystem::exists("/dev/nvidiactl");
  if (name == "auto" && !device_file) return at::Device(at::kCPU);
  const std::string error = load_cuda();
  if (error.empty()) return at::Device(at::kCUDA, 0);
  if (name == "auto") return at::Device(at::kCPU);
  throw std::runtime_error(
      fmt::format("[execution] device=cuda: expected a CUDA device and its libraries; got: {}", error));
}

Precision choose_precision(const std::string& name) {
  if (name == "fp32") return Precision::fp32;
  if (name == "bf16") return Precision::bf16;
  throw std::invalid_argument(fmt::format("[execution] expected the precision fp32 or bf16; got '{}'", name));
}

/// Large temporaries come and go every step; keeping their pages saves the faults.
void keep_large_allocations() {
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
}

std::string cpu_model() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown";
}

/// The kernel keeps one peak a process; measuring a stretch of time of its own forgets it.
void forget_peak() { std::ofstream("/proc/self/clear_refs") << "5"; }

int64_t kernels_peak() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stoll(line.substr(6)) * 1024;
  }
  return 0;
}

int64_t& peak_of_earlier_stretches() {
  static int64_t bytes = 0;
  return bytes;
}

}  // namespace

void ExecutionOptions::describe(Options& options) {
  options.add("device", &device,
              {.help = "where to run", .choices = {"auto", "cpu", "cuda"}, .identity = false});
  options.add("precision", &precision,
              {.help = "operands of matrix products; norms, softmax and losses are always fp32",
               .choices = {"fp32", "bf16"}});
  options.add("threads", &threads,
              {.help = "intra-op threads", .minimum = 0, .maximum = 1024, .zero = "all", .identity = false});
}

Execution start_execution(const ExecutionOptions& options) {
  Execution execution;
  const int cores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  execution.threads = options.threads > 0 ? static_cast<int>(options.threads) : cores;
  execution.precision = choose_precision(options.precision);
  at::set_num_threads(execution.threads);
  keep_large_allocations();
  execution.device = choose_device(options.device);
  return execution;
}

AttentionKernel attention_kernel(bool training, at::ScalarType dtype, int64_t tokens) {
  if (!training) return AttentionKernel::flash;
  return dtype == at::kBFloat16 || tokens < 128 ? AttentionKernel::math : AttentionKernel::flash;
}

Json environment(const Execution& execution) {
  return {
      {"cpu", cpu_model()},
      {"cores", static_cast<int64_t>(std::thread::hardware_concurrency())},
      {"threads", execution.threads},
      {"device", execution.device.str()},
      {"precision", execution.precision == Precision::bf16 ? "bf16" : "fp32"},
      {"libtorch", TORCH_VERSION},
      {"mkl", at::get_mkl_version()},
      {"onednn", at::get_mkldnn_version()},
      {"cpu_capability", at::get_cpu_capability()},
      {"attention", {{"inference", "flash"}, {"training", "math below 128 tokens or in bf16, else flash"}}},
      {"compiler", __VERSION__}};
}

void reset_peak_memory() {
  peak_of_earlier_stretches() = 0;
  forget_peak();
}

int64_t peak_memory_bytes() { return std::max(peak_of_earlier_stretches(), kernels_peak()); }

int64_t peak_memory_of(const std::function<void()>& work) {
  peak_of_earlier_stretches() = peak_memory_bytes();
  forget_peak();
  work();
  return kernels_peak();
}

}  // namespace repbench
