// What a pivot says of its numbers: bold, daggers, averages.
#include "reports/pivot/marks.h"

#include <gtest/gtest.h>

#include "tests/files/error_message.h"
#include "tests/reports/pivot/observed.h"

namespace repbench {
namespace {

using Cells = std::vector<std::pair<size_t, size_t>>;

/// Of n examples, so that intervals do not decide by themselves.
Record small(const std::string& label, int correct, int n) { return sample_record(label, "knn", correct, n); }

TEST(BoldBest, LiesBeyondAllOtherIntervals) {
  EXPECT_EQ(pivot_of({small("A", 800, 1000), small("BB", 900, 1000), small("CCC", 810, 1000)}).bold,
            (Cells{{1, 1}}));
  EXPECT_EQ(pivot_of({small("A", 800, 1000), small("BB", 900, 1000), small("CCC", 880, 1000)}).bold, Cells{})
      << "the next best overlaps";
  EXPECT_EQ(pivot_of({small("A", 800, 1000)}).bold, Cells{}) << "best of one";
}

TEST(BoldBest, IsTheLowestWhereLessIsBetter) {
  std::vector<Record> records = {small("A", 800, 1000), small("BB", 900, 1000)};
  for (Record& record : records) {
    record.metrics[0].direction = Direction::lower_is_better;
    record.metrics[0].column.clear();
  }
  EXPECT_EQ(pivot_of(records).bold, (Cells{{0, 1}}));
  for (Record& record : records) record.metrics[0].direction = Direction::neither;
  EXPECT_EQ(pivot_of(records).bold, Cells{});
}

TEST(BoldBest, IsNoneAmongWhatMayNotBeCompared) {
  const Record low = small("A", 800, 1000), high = small("BB", 900, 1000);
  EXPECT_EQ(pivot_of({low, with_setting(high, "k", 5)}).bold, Cells{}) << "another k";
  EXPECT_EQ(
      pivot_of({on_dataset(low, "a"), on_dataset(high, "b")}, {.rows = {"dataset"}, .columns = {"protocol"}})
          .bold,
      Cells{})
      << "other data";
  Record bare = high;
  bare.metrics[0].interval.reset();
  EXPECT_EQ(pivot_of({low, bare}).bold, Cells{}) << "no interval";
}

TEST(BoldBest, MayBeASettingThatTheRowsShow) {
  const Table table =
      pivot_of({with_setting(small("A", 800, 1000), "k", 5), with_setting(small("A", 900, 1000), "k", 20)},
               {.rows = {"setting.k"}, .columns = {"protocol"}});
  EXPECT_EQ(table.bold, (Cells{{1, 1}}));
  EXPECT_EQ(table.rows[1][1].substr(0, 6), "90.0 %");
}

TEST(BoldBest, OfSeedsTakesTheirOwnInterval) {
  const auto seeds = [](double ratio, int correct, int spread) {
    return std::vector<Record>{masked(ratio, 0, "knn", correct - spread), masked(ratio, 1, "knn", correct),
                               masked(ratio, 2, "knn", correct + spread)};
  };
  const auto table = [&](int spread) {
    std::vector<Record> records = seeds(0.5, 8000, spread);
    for (const Record& record : seeds(0.75, 8300, spread)) records.push_back(record);
    return pivot_of(records, {.rows = {"mae.mask_ratio"}, .columns = {"protocol"}});
  };
  EXPECT_EQ(table(10).bold, (Cells{{1, 1}}));
  EXPECT_EQ(table(200).bold, Cells{});
}

TEST(Dagger, MarksWhatDiffersFromTheFirstRow) {
  const Table table =
      pivot_of({judged("A", "knn"), judged("BB", "knn", 0, 20), judged("CCC", "knn", 10, 12)});
  EXPECT_FALSE(table.rows[0][1].ends_with("†"));
  EXPECT_TRUE(table.rows[1][1].ends_with("]†")) << table.rows[1][1];
  EXPECT_FALSE(table.rows[2][1].ends_with("†"));
  EXPECT_PRED2(contains, table.note,
               "†: differs significantly from the first row of its column by an exact McNemar test (mid-p) "
               "on the same "
               "examples, corrected by Holm's method over 2 tests at 5 %.");
}

/// Six lost and none won: p = 1/64, which one test at 5 % believes and ten do not.
TEST(Dagger, IsCorrectedForTheNumberOfTests) {
  std::vector<Record> records = {judged("A", "knn"), judged("BB", "knn", 6)};
  EXPECT_TRUE(pivot_of(records).rows[1][1].ends_with("†"));
  for (int i = 0; i < 9; ++i) records.push_back(judged("C" + std::to_string(i), "knn"));
  const Table table = pivot_of(records);
  EXPECT_FALSE(table.rows[1][1].ends_with("†"));
  EXPECT_PRED2(contains, table.note, "No cell differs significantly from the first row of its column");
  EXPECT_PRED2(contains, table.note, "over 10 tests");
}

TEST(Dagger, NeedsOutcomesOfTheSameExamplesInOneWay) {
  Record without = judged("BB", "knn", 0, 50), renamed = without;
  without.outcomes.reset();
  without.metrics[0].column.clear();
  EXPECT_EQ(pivot_of({judged("A", "knn"), without}).note.find("McNemar"), std::string::npos);
  renamed.outcomes->tables[0].ids[0] = "another";
  EXPECT_EQ(pivot_of({judged("A", "knn"), renamed}).note.find("McNemar"), std::string::npos);
  const Record other = with_setting(judged("BB", "knn", 0, 50), "k", 5);
  EXPECT_EQ(pivot_of({judged("A", "knn"), other}).note.find("McNemar"), std::string::npos);
}

TEST(Dagger, ComparesSeedsInPairs) {
  std::vector<Record> records;
  for (const int seed : {0, 1, 2}) {
    records.push_back(masked(0.5, seed, "knn", 8000 + 10 * seed));
    records.push_back(masked(0.75, seed, "knn", 8100 + 11 * seed));
  }
  const Table table = pivot_of(records, {.rows = {"mae.mask_ratio"}, .columns = {"protocol"}});
  EXPECT_TRUE(table.rows[1][1].ends_with("(n = 3)†")) << table.rows[1][1];
  EXPECT_PRED2(contains, table.note, "by a paired t test over seeds, corrected");
}

TEST(Dagger, ReadsTheOutcomesFromTheirFiles) {
  const ScratchFolder folder;
  write_record(folder / "a", judged("A", "knn"));
  write_record(folder / "b", judged("BB", "knn", 0, 20));
  const auto runs = read_runs({folder.path()});
  EXPECT_FALSE(runs[0].record.outcomes.has_value()) << "not before they are needed";
  EXPECT_TRUE(pivot_table(runs, {}).rows[1][1].ends_with("†"));
  std::filesystem::remove(folder / "b/outcomes.json");
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] { pivot_table(runs, {}); }),
               "outcomes.json");
}

/// Three encoders on three data sets; `last` is what the third encoder gets on the third.
std::vector<Record> three_by_three(int last) {
  std::vector<Record> records;
  const int correct[3][3] = {{800, 700, 600}, {810, 710, 610}, {790, 690, last}};
  const char* names[] = {"A", "BB", "CCC"};
  for (int model = 0; model < 3; ++model) {
    for (int task = 0; task < 3; ++task)
      records.push_back(on_dataset(sample_record(names[model], "knn", correct[model][task]),
                                   std::string(1, static_cast<char>('x' + task))));
  }
  return records;
}

TEST(Average, IsOverCompleteRowsAndSaysWhatItHides) {
  const Table agreeing = pivot_of(three_by_three(590), {.columns = {"dataset"}, .average = true});
  EXPECT_EQ(agreeing.columns.back(), "average");
  EXPECT_EQ(agreeing.rows[0].back(), "70.0 %");
  EXPECT_PRED2(
      contains, agreeing.note,
      "agree with Spearman's 1.00 on average, least (1.00) x and y. BB leads whichever column is dropped.");
  const Table odd = pivot_of(three_by_three(900), {.columns = {"dataset"}, .average = true});
  EXPECT_PRED2(contains, odd.note, "Without z, BB leads instead of CCC.");
  std::vector<Record> records = three_by_three(590);
  records.pop_back();
  const Table incomplete = pivot_of(records, {.columns = {"dataset"}, .average = true});
  EXPECT_EQ(incomplete.rows[2].back(), "—");
  EXPECT_PRED2(contains, incomplete.note, "of complete rows only (1 of 3 lack a cell).");
  EXPECT_PRED2(contains, incomplete.note, "takes three complete rows: not known here");
}

TEST(Average, IsRefusedOverWhatIsNoShare) {
  std::vector<Record> records = three_by_three(590);
  records[2].metrics[0].unit = "images/s";
  records[2].metrics[0].name = "inference_images_per_second";
  const std::string message = error_message<std::invalid_argument>(
      [&] { pivot_of(records, {.columns = {"dataset"}, .average = true}); });
  EXPECT_PRED2(contains, message,
               "--average: expected shares of which more is better in every column; got "
               "inference_images_per_second in z");
  EXPECT_PRED2(contains,
               error_message<std::invalid_argument>([&] { pivot_of({records[0]}, {.average = true}); }),
               "--average: expected two columns or more; got 1");
}

}  // namespace
}  // namespace repbench
