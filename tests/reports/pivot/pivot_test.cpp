#include "reports/pivot/pivot.h"

#include <gtest/gtest.h>

#include <chrono>

#include "tests/files/error_message.h"
#include "tests/reports/pivot/observed.h"

namespace repbench {
namespace {

using Texts = std::vector<std::string>;

std::string refusal(const std::vector<Record>& records, const PivotOptions& options) {
  return error_message<std::invalid_argument>([&] { pivot_of(records, options); });
}

TEST(Pivot, HasEncodersByDataSetAndProtocolWhereNothingElseIsAskedFor) {
  const Table table = pivot_of({sample_record("untrained", "knn", 700), sample_record("MAE", "knn", 800),
                                sample_record("MAE", "linear_probe", 850)});
  EXPECT_EQ(table.title, "encoder by dataset, protocol");
  EXPECT_EQ(table.columns, (Texts{"encoder", "fashion_mnist: knn", "fashion_mnist: linear_probe"}));
  ASSERT_EQ(table.rows.size(), 2u);
  EXPECT_EQ(table.rows[0], (Texts{"MAE", "80.0 % [77.4, 82.4]", "85.0 % [82.7, 87.1]"}))
      << "controls come last";
  EXPECT_EQ(table.rows[1][2], "—");
  EXPECT_PRED2(contains, table.note, "Headline metric of each protocol with its 95 % interval.");
}

TEST(Pivot, PutsAnyOptionOnRowsAndAnySettingOnColumns) {
  PivotOptions options{.rows = {"mae.mask_ratio"}, .columns = {"setting.k"}};
  const auto record = [](double ratio, int k, int correct) {
    return with_setting(masked(ratio, 0, "knn", correct), "k", k);
  };
  const Table table =
      pivot_of({record(0.75, 20, 8200), record(0.5, 20, 8000), record(0.5, 5, 7900)}, options);
  EXPECT_EQ(table.columns, (Texts{"mask_ratio", "k=5", "k=20"})) << "numbers ascend";
  EXPECT_EQ(table.rows[0][0], "0.5");
  EXPECT_EQ(table.rows[1][0], "0.75");
  EXPECT_EQ(table.rows[1][1], "—");
  options = {.rows = {"mae.mask_ratio", "mae.decoder_depth"}, .columns = {"setting.k"}};
  EXPECT_EQ(pivot_of({record(0.75, 20, 8200)}, options).columns,
            (Texts{"mask_ratio", "decoder_depth", "k=20"}));
  options = {.rows = {"config.mae.mask_ratio"}, .columns = {"dataset.hashes.test"}};
  EXPECT_EQ(pivot_of({record(0.75, 20, 8200)}, options).columns, (Texts{"mask_ratio", "test=22"}));
}

TEST(Pivot, PoolsSeedsAndShowsThemApartWhereAsked) {
  const std::vector<Record> records = {masked(0.5, 0, "knn", 8000), masked(0.5, 1, "knn", 8100)};
  const Table pooled = pivot_of(records, {.rows = {"mae.mask_ratio"}, .columns = {"protocol"}});
  EXPECT_EQ(pooled.rows, (std::vector<Texts>{{"0.5", "80.50 ± 0.71 % (n = 2)"}}));
  EXPECT_PRED2(contains, pooled.note, "mean ± sample standard deviation over n seeds");
  const Table apart = pivot_of(records, {.rows = {"seed"}, .columns = {"protocol"}});
  ASSERT_EQ(apart.rows.size(), 2u);
  EXPECT_EQ(apart.rows[1][0], "1");
}

TEST(Pivot, CountsACopiedReportOnce) {
  const Table table = pivot_of({sample_record("MAE", "knn", 800), sample_record("MAE", "knn", 800)});
  EXPECT_EQ(table.rows[0][1], "80.0 % [77.4, 82.4]");
}

TEST(Pivot, NamesBothFilesAndWhatDiffersInTwoReportsForOneCell) {
  const Record record = masked(0.5, 0, "knn", 8000);
  const auto refused = [&](const Record& other) {
    return refusal({record, other}, {.rows = {"encoder"}, .columns = {"protocol"}});
  };
  EXPECT_PRED2(
      contains, refused(masked(0.75, 0, "knn", 8000)),
      "two reports for one cell, 0/report.json and 1/report.json, which differ in config.mae.mask_ratio: "
      "0.5 and 0.75");
  EXPECT_PRED2(contains, refused(masked(0.75, 1, "knn", 8000)), "config.mae.mask_ratio");
  EXPECT_PRED2(contains, refused(with_setting(record, "k", 5)), "differ in setting.k: — and 5");
  EXPECT_PRED2(contains, refused(on_dataset(record, "cifar10")),
               "differ in dataset: fashion_mnist and cifar10");
  Record other = record;
  other.protocol_version = 2;
  other.fingerprint = fingerprint(other);
  EXPECT_PRED2(contains, refused(other), "differ in protocol.version: 1 and 2");
  other = record;
  other.dataset["hashes"]["test"] = "33";
  other.fingerprint = fingerprint(other);
  EXPECT_PRED2(contains, refused(other), "differ in dataset.hashes.test: 22 and 33");
  other = record;
  other.checkpoint["sha256"] = std::string(64, 'f');
  EXPECT_PRED2(contains, refused(other), "differ in checkpoint.sha256");
  other = record;
  other.metrics[0] = accuracy_metric(8100, 10000);
  EXPECT_PRED2(contains, refused(other), "differ in the measured value: 0.8 and 0.81");
  EXPECT_PRED2(
      contains,
      refusal({record, masked(0.5, 0, "linear_probe", 8000)}, {.rows = {"encoder"}, .columns = {"dataset"}}),
      "differ in protocol: knn and linear_probe");
}

TEST(Pivot, KeepsWhatFulfilsEveryCondition) {
  const std::vector<Record> records = {masked(0.5, 0, "knn", 8000), masked(0.75, 0, "knn", 8200),
                                       masked(0.75, 0, "linear_probe", 8300)};
  const PivotOptions options{
      .rows = {"encoder"}, .columns = {"protocol"}, .where = {"mae.mask_ratio=0.750", "protocol=knn"}};
  EXPECT_EQ(pivot_of(records, options).rows, (std::vector<Texts>{{"MAE", "82.0 % [81.2, 82.7]"}}));
  EXPECT_PRED2(contains, refusal(records, {.where = {"mae.mask_ratio=0.6"}}),
               "--where mae.mask_ratio: expected one of 0.5, 0.75; got '0.6'");
  EXPECT_PRED2(contains, refusal(records, {.where = {"protocol"}}), "expected KEY=VALUE; got 'protocol'");
  EXPECT_PRED2(contains, refusal(records, {.where = {"=knn"}}), "expected KEY=VALUE");
}

TEST(Pivot, NamesTheNearestKey) {
  const std::vector<Record> records = {masked(0.5, 0, "knn", 8000)};
  EXPECT_PRED2(contains, refusal(records, {.rows = {"mae.mask_ration"}}), "(did you mean 'mae.mask_ratio'?)");
  EXPECT_PRED2(contains, refusal(records, {.columns = {"setting.sovler"}}),
               "(did you mean 'setting.solver'?)");
  EXPECT_PRED2(contains, refusal(records, {.where = {"protocl=knn"}}), "(did you mean 'protocol'?)");
  EXPECT_PRED2(contains, refusal(records, {.rows = {"encoder"}, .columns = {"encoder"}}),
               "got 'encoder' twice");
  EXPECT_PRED2(contains, refusal(records, {.rows = {}}), "a key for rows and one for columns; got none");
}

TEST(Pivot, ShowsAMetricByItsName) {
  Record record = sample_record("MAE", "knn", 800);
  Metric second = accuracy_metric(900, 1000);
  second.name = "accuracy_top5";
  second.headline = false;
  record.metrics.push_back(second);
  EXPECT_PRED2(contains, pivot_of({record}, {.metric = "accuracy_top5"}).rows[0][1], "90.0 %");
  const Table all = pivot_of({record}, {.rows = {"metric"}, .columns = {"protocol"}, .metric = "all"});
  EXPECT_EQ(all.rows.size(), 2u);
  EXPECT_EQ(all.columns[1], "knn");
  EXPECT_PRED2(contains, refusal({record}, {.metric = "all"}),
               "differ in metric: accuracy and accuracy_top5");
  EXPECT_PRED2(contains, refusal({record}, {.metric = "acuracy"}), "(did you mean 'accuracy'?)");
  EXPECT_PRED2(contains, refusal({record}, {.metric = "masked_mse"}),
               "expected it in one of 1 reports; got none");
}

TEST(Pivot, SaysInTheHeadingWhichMetricLeadsWhereItIsNotAccuracy) {
  Record record = sample_record("CLIP", "retrieval", 800);
  record.metrics[0].name = "text_to_image_recall_at_1";
  EXPECT_EQ(pivot_of({record}).columns[1], "fashion_mnist: retrieval, text_to_image_recall_at_1");
}

TEST(ReadRuns, FindsReportsBelowFolders) {
  const ScratchFolder folder;
  write_record(folder / "a/knn", sample_record("MAE", "knn", 800));
  write_record(folder / "b/knn", sample_record("CLIP", "knn", 700));
  const auto runs = read_runs({folder / "a", folder / "b"});
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_EQ(runs[0].file, folder / "a/knn/report.json");
  EXPECT_EQ(pivot_table(runs, {}).rows.size(), 2u);
  std::filesystem::create_directory(folder / "empty");
  const std::string message = error_message<std::runtime_error>([&] { read_runs({folder / "empty"}); });
  EXPECT_PRED2(contains, message, "/empty; found none");
}

/// The budget for reading and tabulating 10,000 is ten seconds; this is the tabulating.
TEST(Pivot, TabulatesTenThousandReportsWithinTenSeconds) {
  std::vector<repbench::Run> runs;
  const Record bare = masked(0.5, 0, "knn", 8000);
  for (int i = 0; i < 10000; ++i) {
    Record record = bare;
    record.protocol = i < 5000 ? "knn" : "few_shot";
    record.checkpoint["config"] = {{"seed", i % 10}, {"mae", {{"mask_ratio", 0.1 + 0.001 * (i / 10 % 500)}}}};
    record.metrics[0].value = 0.8 + 0.0001 * (i % 100);
    runs.push_back({std::to_string(i), std::move(record)});
  }
  const auto start = std::chrono::steady_clock::now();
  const Table table = pivot_table(runs, {.rows = {"mae.mask_ratio"}, .columns = {"protocol"}});
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  EXPECT_EQ(table.rows.size(), 500u);
  EXPECT_PRED2(contains, table.rows[0][1], "(n = 10)");
  EXPECT_LT(seconds.count(), 10);
}

}  // namespace
}  // namespace repbench
