#include "pretrain/execution.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/files/error_message.h"

namespace repbench {
namespace {

/// Leaves the process's threads as they were.
class ExecutionTest : public testing::Test {
 protected:
  ~ExecutionTest() override { at::set_num_threads(threads_); }
  int threads_ = at::get_num_threads();
};

TEST_F(ExecutionTest, SetsPrecisionAndThreads) {
  const Execution execution = start_execution({.device = "cpu", .precision = "bf16", .threads = 2});
  EXPECT_EQ(execution.compute_dtype(), at::kBFloat16);
  EXPECT_EQ(execution.threads, 2);
  EXPECT_EQ(at::get_num_threads(), 2);
  EXPECT_TRUE(execution.device.is_cpu());
  EXPECT_EQ(start_execution({.device = "cpu", .precision = "fp32", .threads = 1}).compute_dtype(),
            at::kFloat);
}

TEST_F(ExecutionTest, TakesAllCoresUnlessTold) { EXPECT_GE(start_execution({.device = "cpu"}).threads, 1); }

TEST_F(ExecutionTest, IsOneProcessByDefault) {
  const Execution execution;
  EXPECT_EQ(execution.communicator->rank(), 0);
  EXPECT_EQ(execution.communicator->world(), 1);
  at::Tensor value = at::ones({2});
  execution.communicator->all_reduce_sum(value);
  EXPECT_TRUE(at::equal(value, at::ones({2})));
}

TEST_F(ExecutionTest, SaysWhyThereIsNoCuda) {
  if (std::filesystem::exists("/dev/nvidiactl")) GTEST_SKIP() << "this machine has a CUDA device";
  const std::string message = error_message<std::runtime_error>(
      [] { start_execution({.device = "cuda", .precision = "fp32", .threads = 1}); });
  EXPECT_PRED2(contains, message, "[execution] device=cuda: expected a CUDA device");
}

TEST_F(ExecutionTest, RefusesAnUnknownDeviceOrPrecision) {
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([] { start_execution({.device = "tpu"}); }),
               "'tpu'");
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([] {
                 start_execution({.device = "cpu", .precision = "fp8"});
               }),
               "'fp8'");
}

TEST_F(ExecutionTest, RefusesAnUnknownDeviceAmongTheOptions) {
  ExecutionOptions options;
  Options fields;
  options.describe(fields);
  const std::string message =
      error_message<std::invalid_argument>([&] { fields.set_from_text("device=tpu"); });
  EXPECT_PRED2(contains, message, "device");
  EXPECT_PRED2(contains, message, "cuda");
  EXPECT_FALSE(fields.to_json(/*identity_only=*/true).contains("threads"));
  EXPECT_TRUE(fields.to_json(/*identity_only=*/true).contains("precision"));
}

TEST_F(ExecutionTest, DescribesTheEnvironmentForReports) {
  const Json found = environment(start_execution({.device = "cpu", .precision = "fp32", .threads = 1}));
  for (const char* key : {"cpu", "cores", "threads", "device", "precision", "libtorch", "mkl", "onednn",
                          "cpu_capability", "attention", "compiler"}) {
    EXPECT_TRUE(found.contains(key)) << key;
  }
  EXPECT_EQ(found["threads"], 1);
  EXPECT_EQ(found["device"], "cpu");
  EXPECT_EQ(found["precision"], "fp32");
  EXPECT_EQ(found["libtorch"].get<std::string>().substr(0, 4), "2.11");
  EXPECT_NO_THROW(canonical_json(found));
}

TEST_F(ExecutionTest, ChoosesPlainProductsForShortOrRoundedTraining) {
  EXPECT_EQ(attention_kernel(false, at::kBFloat16, 17), AttentionKernel::flash);
  EXPECT_EQ(attention_kernel(true, at::kBFloat16, 197), AttentionKernel::math);
  EXPECT_EQ(attention_kernel(true, at::kFloat, 50), AttentionKernel::math);
  EXPECT_EQ(attention_kernel(true, at::kFloat, 197), AttentionKernel::flash);
}

TEST_F(ExecutionTest, MeasuresThePeakOfMemorySinceTheLastReset) {
  const int64_t large = int64_t{256} << 20;
  std::vector<char>(static_cast<size_t>(large), 1).swap(*std::make_unique<std::vector<char>>());
  EXPECT_GT(peak_memory_bytes(), large);
  const int64_t before = peak_memory_bytes();
  reset_peak_memory();
  EXPECT_LT(peak_memory_bytes(), before);
  EXPECT_GT(peak_memory_bytes(), 10 << 20);
}

TEST_F(ExecutionTest, MeasuresThePeakOfAStretchWithoutForgettingTheOther) {
  const int64_t large = int64_t{256} << 20;
  reset_peak_memory();
  std::vector<char>(static_cast<size_t>(large), 1).swap(*std::make_unique<std::vector<char>>());
  const int64_t before = peak_memory_bytes();
  EXPECT_LT(peak_memory_of([] {}), before);
  EXPECT_GE(peak_memory_bytes(), before);
  EXPECT_GT(peak_memory_of([&] { std::vector<char>(static_cast<size_t>(large), 1).back() = 0; }), large);
}

}  // namespace
}  // namespace repbench
