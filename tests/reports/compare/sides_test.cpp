#include "reports/compare/sides.h"

#include <gtest/gtest.h>

#include "tests/files/error_message.h"
#include "tests/reports/compare/reports_on_disk.h"

namespace repbench {
namespace {

TEST(Side, IsOneReportOrAFolderOfThem) {
  const ScratchFolder folder;
  write_record(folder / "x/fashion_mnist.knn", judged("MAE", "knn"));
  write_record(folder / "x/fashion_mnist.linear_probe", judged("MAE", "linear_probe"));
  EXPECT_EQ(read_side(folder / "x/fashion_mnist.knn/report.json").cells.size(), 1U);
  EXPECT_EQ(read_side(folder / "x/fashion_mnist.knn").cells.size(), 1U);
  EXPECT_EQ(read_side(folder.path()).cells.size(), 2U);
}

TEST(Side, KeepsSeedsOfOneSettingInOneCell) {
  const ScratchFolder folder;
  for (const int seed : {2, 0, 1})
    write_record(folder / std::to_string(seed), with_seed(judged("MAE", "knn"), seed));
  const Side side = read_side(folder.path());
  ASSERT_EQ(side.cells.size(), 1U);
  ASSERT_EQ(side.cells[0].runs.size(), 3U);
  EXPECT_EQ(side.cells[0].runs[0].file, folder / "0/report.json");
  EXPECT_EQ(side.cells[0].runs[2].file, folder / "2/report.json");
}

TEST(Side, SeparatesWhatWasMeasuredInAnotherWay) {
  const ScratchFolder folder;
  write_record(folder / "a", with_setting(judged("MAE", "knn"), "k", 20));
  write_record(folder / "b", with_setting(judged("MAE", "knn"), "k", 10));
  EXPECT_EQ(read_side(folder.path()).cells.size(), 2U);
}

TEST(Side, RefusesTwoReportsForOneCellAndNamesBoth) {
  const ScratchFolder folder;
  write_record(folder / "monday", judged("MAE", "knn"));
  write_record(folder / "tuesday", judged("MAE", "knn", 3));
  const std::string message = error_message<std::invalid_argument>([&] { read_side(folder.path()); });
  EXPECT_PRED2(contains, message, "monday/report.json");
  EXPECT_PRED2(contains, message, "tuesday/report.json");
  EXPECT_PRED2(contains, message, "expected one report a cell");
}

TEST(Side, NeedsAReport) {
  const ScratchFolder folder;
  EXPECT_PRED2(contains, error_message<std::runtime_error>([&] { read_side(folder.path()); }), "found none");
  EXPECT_PRED2(contains, error_message<std::runtime_error>([&] { read_side("/no/such"); }), "/no/such");
}

Record on_dataset(Record record, const std::string& name, const std::string& sha256) {
  record.dataset["name"] = name;
  record.checkpoint["sha256"] = sha256;
  record.fingerprint = fingerprint(record);
  return record;
}

TEST(Side, CallsFilesOfFeaturesByTheirLabelThoughEachDataSetHasAnother) {
  const ScratchFolder folder;
  for (const char* name : {"d1", "d2"}) {
    write_record(folder / name, on_dataset(judged("features", "knn"), name, std::string(64, name[1])));
  }
  for (const ReportCell& cell : read_side(folder.path()).cells)
    EXPECT_EQ(cell.encoder, "features") << cell.dataset;
}

TEST(Side, TellsWaysOfOneProtocolApart) {
  const ScratchFolder folder;
  for (const int k : {10, 20})
    write_record(folder / std::to_string(k), with_setting(judged("MAE", "knn"), "k", k));
  const Side side = read_side(folder.path());
  ASSERT_EQ(side.cells.size(), 2U);
  EXPECT_EQ(side.cells[0].variant, "k=10");
  EXPECT_EQ(side.cells[1].variant, "k=20");
}

}  // namespace
}  // namespace repbench
