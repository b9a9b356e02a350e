#include "reports/grid.h"

#include <gtest/gtest.h>

#include "reports/axes.h"
#include "reports/table.h"
#include "tests/reports/sample_record.h"

namespace repbench {
namespace {

const std::vector<std::string> kAxes = {"objective.mask_ratio", "objective.decoder_depth"};

std::vector<Record> small_grid() {
  std::vector<Record> records;
  for (const double mask_ratio : {0.9, 0.5, 0.75}) {
    for (const int depth : {1, 4}) {
      for (const int seed : {0, 1}) {
        const int correct = 8000 + static_cast<int>(100 * mask_ratio) + 10 * depth + 100 * seed;
        records.push_back(grid_record(mask_ratio, depth, seed, "knn", correct));
      }
    }
  }
  records.push_back(sample_record("raw pixels", "knn", 8125, 10000));
  return records;
}

std::vector<const Record*> trained(const std::vector<Record>& records) {
  std::vector<const Record*> pointers = pointers_to(records);
  std::erase_if(pointers, [](const Record* record) { return is_control(*record); });
  return pointers;
}

TEST(VaryingOptions, AreFoundWithoutTheSeedAndTheLongestNumericAxisFirst) {
  EXPECT_EQ(varying_options(trained(small_grid())), kAxes);
}

TEST(VaryingOptions, LeaveOutWhatFollowsFromTheOthers) {
  std::vector<Record> records = small_grid();
  for (Record& record : records) {
    if (is_control(record)) continue;
    Json& config = record.checkpoint["config"];
    config["out"] = record.checkpoint["sha256"];  // a path: one for each run
    config["label"] = config["objective"]["mask_ratio"] == 0.9 ? "high" : "low";
  }
  EXPECT_EQ(varying_options(trained(records)), kAxes);
}

TEST(VaryingOptions, AreFoundWhereEachSettingHasItsOwnSeed) {
  const std::vector<Record> records = {grid_record(0.5, 1, 0, "knn", 8000),
                                       grid_record(0.75, 1, 1, "knn", 8000)};
  EXPECT_EQ(varying_options(pointers_to(records)), (std::vector<std::string>{"objective.mask_ratio"}));
}

TEST(VaryingOptions, AreNoneWhereOnlySeedsDiffer) {
  const std::vector<Record> records = {grid_record(0.5, 1, 0, "knn", 8000),
                                       grid_record(0.5, 1, 1, "knn", 8000)};
  EXPECT_TRUE(varying_options(pointers_to(records)).empty());
}

TEST(GridTable, HasARowForEachCombinationInOrderAndControlsAtTheEnd) {
  const Table table = grid_table(small_grid(), kAxes);
  EXPECT_EQ(table.columns, (std::vector<std::string>{"mask_ratio", "decoder_depth", "fashion_mnist: knn"}));
  ASSERT_EQ(table.rows.size(), 7u);
  EXPECT_EQ(table.rows[0], (std::vector<std::string>{"0.5", "1", "81.10 ± 0.71 % (n = 2)"}));
  EXPECT_EQ(table.rows[1][1], "4");
  EXPECT_EQ(table.rows[4][0], "0.9");
  EXPECT_EQ(table.rows[6], (std::vector<std::string>{"raw pixels", "", "81.2 % [80.5, 82.0]"}));
}

TEST(GridTable, ShowsMissingCellsAndSingleRunsWithTheirInterval) {
  const Table table =
      grid_table({grid_record(0.5, 1, 0, "knn", 8000), grid_record(0.75, 1, 0, "linear_probe", 8100)}, kAxes);
  ASSERT_EQ(table.rows.size(), 2u);
  EXPECT_EQ(table.rows[0][2], "80.0 % [79.2, 80.8]");
  EXPECT_EQ(table.rows[0][3], "—");
  EXPECT_EQ(table.rows[1][2], "—");
}

TEST(GridFigures, DrawASeriesForEachValueOfTheSecondAxis) {
  const std::vector<Record> records = small_grid();
  const std::vector<Figure> figures = grid_figures(pointers_to(records), kAxes);
  ASSERT_EQ(figures.size(), 1u);
  const Figure& figure = figures[0];
  EXPECT_EQ(figure.x_label, "mask ratio");
  EXPECT_EQ(figure.y_label, "accuracy, %");
  ASSERT_EQ(figure.series.size(), 3u);
  EXPECT_EQ(figure.series[0].name, "decoder_depth = 1");
  EXPECT_EQ(figure.series[0].x, (std::vector<double>{0.5, 0.75, 0.9}));
  EXPECT_NEAR(figure.series[0].y[0], 81.1, 1e-9);
  // Student's t over two seeds half a point to both sides of the mean.
  EXPECT_NEAR(figure.series[0].intervals[0].low, 81.1 - 12.706204736 * 0.5, 1e-6);
  EXPECT_TRUE(figure.series[2].level);
  EXPECT_EQ(figure.series[2].name, "raw pixels");
}

TEST(GridFigures, UseTheMetricsOwnIntervalForOneSeed) {
  const std::vector<Record> records = {grid_record(0.5, 1, 0, "knn", 8000),
                                       grid_record(0.75, 1, 0, "knn", 8200)};
  const std::vector<Figure> figures = grid_figures(pointers_to(records), {kAxes[0]});
  ASSERT_EQ(figures.size(), 1u);
  ASSERT_EQ(figures[0].series.size(), 1u);
  EXPECT_NEAR(figures[0].series[0].intervals[0].low, 100 * wilson_interval(8000, 10000).low, 1e-9);
}

TEST(GridFigures, AreNoneForAnAxisOfNames) {
  Record a = grid_record(0.5, 1, 0, "knn", 8000), b = grid_record(0.5, 1, 0, "knn", 8200);
  a.checkpoint["config"]["objective"]["target"] = "pixel";
  b.checkpoint["config"]["objective"]["target"] = "normalised";
  const std::vector<Record> records = {a, b};
  EXPECT_EQ(varying_options(pointers_to(records)), (std::vector<std::string>{"objective.target"}));
  EXPECT_TRUE(grid_figures(pointers_to(records), {"objective.target"}).empty());
}

TEST(VaryingOptions, DoNotIncludeWhichExamplesASeedDraws) {
  Record a = grid_record(0.5, 1, 0, "knn", 8000), b = grid_record(0.5, 1, 1, "knn", 8100);
  a.checkpoint["config"]["data"]["examples_sha256"] = "aa";
  b.checkpoint["config"]["data"]["examples_sha256"] = "bb";
  EXPECT_TRUE(varying_options({&a, &b}).empty());
  EXPECT_EQ(setting_of(a), setting_of(b));
}

}  // namespace
}  // namespace repbench
