#include "protocols/throughput/memory.h"

#include <c10/core/Allocator.h>
#include <c10/core/CachingDeviceAllocator.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <new>
#include <string_view>
#include <unordered_map>

#include "pretrain/execution.h"

namespace repbench {
namespace {

/// Hears of every allocation on the CPU; frees of what it did not see begin do not count.
class LiveBytes final : public c10::MemoryReportingInfoBase {
 public:
  void reportMemoryUsage(void* address, int64_t bytes, size_t, size_t, c10::Device device) override {
    if (!device.is_cpu()) return;
    const std::scoped_lock lock(mutex_);
    if (bytes > 0) {
      sizes_[address] = bytes;
      live_ += bytes;
      peak_ = std::max(peak_, live_);
    } else if (const auto found = sizes_.find(address); found != sizes_.end()) {
      live_ -= found->second;
      sizes_.erase(found);
    }
  }
  bool memoryProfilingEnabled() const override { return true; }

  int64_t peak() const {
    const std::scoped_lock lock(mutex_);
    return peak_;
  }

 private:
  mutable std::mutex mutex_;
  std::unordered_map<void*, int64_t> sizes_;
  int64_t live_ = 0, peak_ = 0;
};

int64_t allocator_peak(c10::Device device, const std::function<void()>& work) {
  if (device.is_cpu()) {
    const auto live = std::make_shared<LiveBytes>();
    const c10::DebugInfoGuard guard(c10::DebugInfoKind::PROFILER_STATE, live);
    work();
    return live->peak();
  }
  c10::DeviceAllocator* allocator = c10::getDeviceAllocator(device.type());
  constexpr size_t kAllPools = 0;
  const auto bytes = [&] { return allocator->getDeviceStats(device.index()).allocated_bytes[kAllPools]; };
  allocator->resetPeakStats(device.index());
  const int64_t before = bytes().current;
  work();
  return bytes().peak - before;
}

}  // namespace

MemoryPeaks memory_peaks(c10::Device device, const std::function<void()>& work) {
  MemoryPeaks peaks;
  peaks.resident_bytes = peak_memory_of([&] { peaks.allocator_bytes = allocator_peak(device, work); });
  return peaks;
}

namespace {

bool says(const std::exception& error, std::string_view words) {
  return std::string_view(error.what()).find(words) != std::string_view::npos;
}

}  // namespace

bool is_out_of_memory(const std::exception& error) {
  return dynamic_cast<const std::bad_alloc*>(&error) != nullptr ||
         dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr ||
         says(error, "DefaultCPUAllocator: can't allocate memory") ||
         says(error, "could not create a primitive") || says(error, "could not create a memory");  // oneDNN
}

void release_cached_memory(c10::Device device) {
  if (!device.is_cpu()) c10::getDeviceAllocator(device.type())->emptyCache();
}

}  // namespace repbench
