#include <gtest/gtest.h>

#include "tests/protocols/throughput/fake_time.h"

namespace repbench {
namespace {

TEST(Timing, IsSteadyWhereTheMediansOfTwoFivesAreWithinOnePercent) {
  std::vector<double> seconds = {1, 1, 1, 9, 9, 1.009, 1.009, 1.009, 0, 9};
  EXPECT_TRUE(is_steady(seconds)) << "medians 1 and 1.009";
  seconds[5] = seconds[6] = seconds[7] = 1.011;
  EXPECT_FALSE(is_steady(seconds));
  seconds[5] = seconds[6] = seconds[7] = 0.989;
  EXPECT_FALSE(is_steady(seconds)) << "faster is not steady either";
}

TEST(Timing, IsNotSteadyBeforeTenCalls) {
  EXPECT_FALSE(is_steady(std::vector<double>(9, 1.0)));
  EXPECT_TRUE(is_steady(std::vector<double>(10, 1.0)));
}

TEST(Timing, WarmsUpUntilSteady) {
  const FakeTime time;
  const WarmUp warm = warm_up(time.taking({8, 7, 6, 5, 4, 3, 2, 1}), 1, 1e9, time.clock());
  EXPECT_TRUE(warm.steady);
  EXPECT_EQ(warm.calls, 15) << "the first at which the five before the last, 3 2 1 1 1, have the median 1";
  EXPECT_EQ(warm.call_seconds, 1);
}

TEST(Timing, WarmsUpForTheFewestCallsAtLeast) {
  const FakeTime time;
  EXPECT_EQ(warm_up(time.taking({1}), 30, 1e9, time.clock()).calls, 30);
}

TEST(Timing, AWarmUpThatNeverSettlesEndsWithItsTime) {
  const FakeTime time;
  std::vector<double> slower;
  for (int i = 0; i < 100; ++i) slower.push_back(1.0 + i);
  const WarmUp warm = warm_up(time.taking(slower), 10, 50, time.clock());
  EXPECT_FALSE(warm.steady);
  EXPECT_EQ(warm.calls, 10) << "1 + 2 + ... + 10 = 55";
  EXPECT_EQ(warm.call_seconds, 8) << "median of 6 ... 10";
}

TEST(Timing, ASlowCallIsMadeTwiceAndTheFirstDoesNotCount) {
  const FakeTime time;
  const WarmUp warm = warm_up(time.taking({100, 60}), 10, 2, time.clock());
  EXPECT_EQ(warm.calls, 2);
  EXPECT_EQ(warm.call_seconds, 60);
}

TEST(Timing, FillsABlockWithCalls) {
  const FakeTime time;
  Workload workload;
  workload.call = time.taking({0.1});
  prepare_blocks(workload, 10, 1.0, time.clock());
  EXPECT_EQ(workload.calls, 10);
  workload.call = time.taking({30});
  prepare_blocks(workload, 10, 1.0, time.clock());
  EXPECT_EQ(workload.calls, 1) << "one at least";
}

TEST(Timing, ABlocksRateIsItsExamplesByItsTime) {
  const FakeTime time;
  Workload workload;
  workload.calls = 3;
  workload.call = time.taking({1, 2, 3}, 4);
  time_block(workload, time.clock());
  time_block(workload, time.clock());
  EXPECT_EQ(workload.rates, (std::vector<double>{12.0 / 6, 12.0 / 9}));
  EXPECT_EQ(workload.call_seconds, (std::vector<double>{1, 2, 3, 3, 3, 3}));
  EXPECT_TRUE(workload.wait_shares.empty());
}

TEST(Timing, StartingAndStoppingABlockIsNotTimed) {
  const FakeTime time;
  Workload workload;
  std::string order;
  workload.begin_block = [&] { time.pass(100), order += "("; };
  workload.end_block = [&] { time.pass(100), order += ")"; };
  workload.call = time.taking({2});
  workload.waited = [] { return 0.5; };
  time_block(workload, time.clock());
  EXPECT_EQ(workload.rates, std::vector<double>{0.5});
  EXPECT_EQ(workload.wait_shares, std::vector<double>{0.25});
  EXPECT_EQ(order, "()");
}

TEST(Timing, ATurnGoesByNameAndThenBySubjectForwardsOrBackwards) {
  std::vector<Workload> workloads;
  for (const size_t subject : {0U, 1U}) {
    for (const char* name : {"b", "a"}) {
      Workload workload;
      workload.name = name;
      workload.subject = subject;
      workloads.push_back(workload);
    }
  }
  const auto order = [&](bool backwards) {
    std::string text;
    for (const Workload* workload : turn_of(workloads, backwards))
      text += workload->name + std::to_string(workload->subject);
    return text;
  };
  EXPECT_EQ(order(false), "b0b1a0a1");
  EXPECT_EQ(order(true), "b1b0a1a0");
}

}  // namespace
}  // namespace repbench
