#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <exception>
#include <functional>

namespace repbench {

struct MemoryPeaks {
  /// Most bytes alive at once among those that the work took from LibTorch's allocator. On a CPU: exact, of
  /// what the calling thread allocates (backward passes run in it too; scratch of oneDNN and MKL comes from
  /// elsewhere). On another device: by its caching allocator's statistics.
  int64_t allocator_bytes = 0;
  int64_t resident_bytes = 0;  // of the whole process, memory that it keeps for later included
};

/// What `work` takes. What it throws passes through.
MemoryPeaks memory_peaks(c10::Device device, const std::function<void()>& work);

/// Did memory run out: std::bad_alloc, c10::OutOfMemoryError, or what LibTorch's CPU allocator throws?
bool is_out_of_memory(const std::exception& error);

/// Gives memory that no tensor uses back to the device. On a CPU there is none.
void release_cached_memory(c10::Device device);

}  // namespace repbench
