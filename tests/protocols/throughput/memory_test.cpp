#include "protocols/throughput/memory.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <new>
#include <stdexcept>

namespace repbench {
namespace {

int64_t peak_of(const std::function<void()>& work) { return memory_peaks(at::kCPU, work).allocator_bytes; }

at::Tensor bytes(int64_t count) { return at::empty({count}, at::kByte); }

TEST(Memory, CountsTheMostBytesAliveAtOnceExactly) {
  EXPECT_EQ(peak_of([] {
              const at::Tensor kept = bytes(1000);
              bytes(5000);
              bytes(3000);
              const at::Tensor more = bytes(200);
            }),
            6000);
  EXPECT_EQ(peak_of([] {}), 0);
}

TEST(Memory, DoesNotCountWhatWasThereBefore) {
  at::Tensor before = bytes(1 << 20);
  EXPECT_EQ(peak_of([&] {
              before.reset();
              bytes(70);
            }),
            70);
}

TEST(Memory, CountsTheResultsOfOperationsAndTheirGradients) {
  const at::Tensor a = at::ones({16, 16}), weight = at::ones({16, 16}).requires_grad_();
  EXPECT_EQ(peak_of([&] { at::Tensor sum = a + a; }), 16 * 16 * 4);
  EXPECT_GE(peak_of([&] { (a * weight).sum().backward(); }), 2 * 16 * 16 * 4) << "backward is heard of, too";
}

TEST(Memory, SeesTheProcessGrow) {
  const int64_t large = int64_t{256} << 20;
  const MemoryPeaks peaks = memory_peaks(at::kCPU, [&] { bytes(large).fill_(1); });
  EXPECT_EQ(peaks.allocator_bytes, large);
  EXPECT_GT(peaks.resident_bytes, large);
}

TEST(Memory, LetsErrorsThrough) {
  EXPECT_THROW(memory_peaks(at::kCPU, [] { throw std::runtime_error("broken"); }), std::runtime_error);
}

TEST(Memory, KnowsWhenItRanOut) {
  EXPECT_TRUE(is_out_of_memory(std::bad_alloc()));
  EXPECT_FALSE(is_out_of_memory(std::runtime_error("broken")));
  try {
    bytes(int64_t{1} << 60);
    FAIL() << "a machine with an exabyte";
  } catch (const std::exception& error) {
    EXPECT_TRUE(is_out_of_memory(error)) << error.what();
  }
  try {
    at::ones({2}).view({3});
    FAIL();
  } catch (const std::exception& error) {
    EXPECT_FALSE(is_out_of_memory(error));
  }
}

}  // namespace
}  // namespace repbench
