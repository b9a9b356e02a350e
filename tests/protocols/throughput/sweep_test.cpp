#include "protocols/throughput/sweep.h"

#include <gtest/gtest.h>

#include <new>
#include <stdexcept>

#include "tests/protocols/throughput/fake_time.h"

namespace repbench {
namespace {

/// A call of B examples takes `fixed` seconds and 0.1 an example; above `most` memory runs out.
MakeCall machine(const FakeTime& time, double fixed, int64_t most = 1 << 20) {
  return [=](int64_t batch) {
    if (batch > most) throw std::bad_alloc();
    return time.taking({fixed + 0.1 * static_cast<double>(batch)}, batch);
  };
}

TEST(Sweep, MeasuresEverySizeAndChoosesTheFastest) {
  const FakeTime time;
  const Sweep sweep = sweep_batches(machine(time, 1), std::vector<int64_t>{1, 2, 4}, 10, 100, time.clock());
  EXPECT_EQ(sweep.batches, (std::vector<int64_t>{1, 2, 4}));
  ASSERT_EQ(sweep.rates.size(), 3U);
  EXPECT_NEAR(sweep.rates[0], 1 / 1.1, 1e-12);
  EXPECT_NEAR(sweep.rates[2], 4 / 1.4, 1e-12);
  EXPECT_EQ(sweep.ended, "");
  EXPECT_EQ(fastest_batch(sweep), 4);
}

TEST(Sweep, OfEqualSizesTheSmallestIsChosen) { EXPECT_EQ(fastest_batch({{1, 2, 4, 8}, {5, 9, 9, 7}}), 2); }

TEST(Sweep, EndsWhereMemoryDoes) {
  const FakeTime time;
  const Sweep sweep =
      sweep_batches(machine(time, 1, 3), std::vector<int64_t>{1, 2, 4, 8}, 1, 100, time.clock());
  EXPECT_EQ(sweep.batches, (std::vector<int64_t>{1, 2}));
  EXPECT_TRUE(sweep.out_of_memory);
  EXPECT_EQ(sweep.ended, "memory was too small for 4");
}

TEST(Sweep, EndsBeforeACallThatWouldTakeTooLong) {
  const FakeTime time;
  const Sweep sweep = sweep_batches(machine(time, 0), std::vector<int64_t>{10, 20, 100}, 1, 5, time.clock());
  EXPECT_EQ(sweep.batches, (std::vector<int64_t>{10, 20}));
  EXPECT_FALSE(sweep.out_of_memory);
  EXPECT_EQ(sweep.ended, "a call of 100 would take 10.0 s, longest_call is 5 s");
}

TEST(Sweep, ASingleSizeIsMeasuredHoweverLongItTakes) {
  const FakeTime time;
  EXPECT_EQ(sweep_batches(machine(time, 50), std::vector<int64_t>{1}, 1, 5, time.clock()).batches.size(), 1U);
}

TEST(Sweep, OtherTroubleThanMemoryIsNotTakenForIt) {
  const FakeTime time;
  const MakeCall broken = [&](int64_t batch) {
    if (batch > 1) throw std::runtime_error("broken");
    return time.taking({1});
  };
  EXPECT_THROW(sweep_batches(broken, std::vector<int64_t>{1, 2}, 1, 100, time.clock()), std::runtime_error);
  EXPECT_THROW(make_with_back_off(broken, 2), std::runtime_error);
}

TEST(BackOff, TakesTheNextLowerPowerOfTwoThatFits) {
  const FakeTime time;
  int failures = 0;
  const MadeCall made = make_with_back_off(machine(time, 1, 5), 24, [&] { ++failures; });
  EXPECT_EQ(made.batch, 4);
  EXPECT_EQ(made.refused, (std::vector<int64_t>{24, 16, 8}));
  EXPECT_EQ(failures, 3);
  EXPECT_EQ(made.call(), 4);
}

TEST(BackOff, LeavesWhatFitsAlone) {
  const FakeTime time;
  const MadeCall made = make_with_back_off(machine(time, 1), 24);
  EXPECT_EQ(made.batch, 24);
  EXPECT_TRUE(made.refused.empty());
}

TEST(BackOff, ASingleExampleThatDoesNotFitIsTheCallers) {
  const FakeTime time;
  EXPECT_THROW(make_with_back_off(machine(time, 1, 0), 4), std::bad_alloc);
}

}  // namespace
}  // namespace repbench
