#include <gtest/gtest.h>

#include "reports/page_sections.h"
#include "tests/files/error_message.h"
#include "tests/reports/sample_record.h"

namespace repbench {
namespace {

Record mae() {
  Record record = sample_record("MAE", "knn", 810);
  record.checkpoint["config"] = {{"objective", "mae"},
                                 {"dataset", "fashion_mnist"},
                                 {"view", "mae_train:28"},
                                 {"seed", 0},
                                 {"mae", {{"mask_ratio", 0.75}, {"norm_pix", false}}},
                                 {"train", {{"epochs", 7.0}, {"batch_size", 256}}}};
  record.checkpoint["model"] = {{"depth", 4}, {"width", 128}, {"heads", 4}, {"patch_size", 4}};
  record.checkpoint["training"] = {
      {"steps", 1638}, {"examples_seen", 419328}, {"macs_per_example", 40'293'888}, {"final_loss", 0.202237}};
  record.cost["training_seconds"] = 251.5;
  return record;
}

Record clip() {
  Record record = sample_record("CLIP", "knn", 790);
  record.checkpoint["kind"] = "clip";
  record.checkpoint["config"] = {{"objective", "clip"}, {"dataset", "shapes"}, {"seed", 0}};
  record.checkpoint["model"] = {{"depth", 4},
                                {"text", {{"depth", 3}, {"width", 128}, {"context_length", 32}}}};
  record.checkpoint["training"] = {{"steps", 700}};
  return record;
}

Table table_of(const std::vector<Record>& records) {
  PageData data;
  data.records = records;
  const Section section = encoder_section(data);
  return section.parts.empty() ? Table{} : std::get<Table>(section.parts.at(0));
}

std::vector<std::string> line(const Table& table, const std::string& name) {
  for (const auto& row : table.rows) {
    if (row[0] == name) return {row.begin() + 1, row.end()};
  }
  ADD_FAILURE() << "no line " << name << " in\n" << to_markdown(table);
  return {};
}

using Cells = std::vector<std::string>;

TEST(Encoders, AreComparedByHowTheyWereMade) {
  const Table table = table_of({clip(), mae(), sample_record("raw pixels", "knn", 700)});
  EXPECT_EQ(table.columns, (Cells{"encoder", "CLIP", "MAE"})) << "controls were not pretrained";
  EXPECT_EQ(line(table, "kind"), (Cells{"CLIP", "ViT"}));
  EXPECT_EQ(line(table, "picture encoder"), (Cells{"4 blocks", "4 blocks, width 128, 4 heads, patch 4"}));
  EXPECT_EQ(line(table, "text encoder"), (Cells{"3 blocks, width 128, tokens a text: 32", "—"}));
  EXPECT_EQ(line(table, "parameters"), (Cells{"1.81 M", "1.81 M"}));
  EXPECT_EQ(line(table, "pretraining task")[1], "MAE: fill in the removed patches (75 %)");
  EXPECT_PRED2(contains, line(table, "loss")[0], "cross-entropy");
  EXPECT_EQ(line(table, "training data"), (Cells{"shapes", "fashion_mnist"}));
  EXPECT_EQ(line(table, "examples seen"), (Cells{"—", "419 k"}));
  EXPECT_EQ(line(table, "epochs"), (Cells{"—", "7"}));
  EXPECT_EQ(line(table, "training view"), (Cells{"—", "mae_train:28"}));
  EXPECT_EQ(line(table, "MACs per example"), (Cells{"—", "40.3 M"}));
  EXPECT_EQ(line(table, "MACs, all examples"), (Cells{"—", "16.9 T"}));
  EXPECT_EQ(line(table, "training time"), (Cells{"—", "4 min 12 s"}));
  EXPECT_EQ(line(table, "final loss"), (Cells{"—", "0.2022"}));
  EXPECT_EQ(line(table, "results, fashion_mnist")[1], "knn: 81.0 %");
}

TEST(Encoders, OfSeveralSeedsShowTheMeanOfWhatWasMeasured) {
  Record second = mae();
  second.checkpoint["config"]["seed"] = 1;
  second.checkpoint["sha256"] = std::string(64, 'e');
  second.cost["training_seconds"] = 253.5;
  second.checkpoint["training"]["final_loss"] = 0.21;
  const Table table = table_of({mae(), second});
  EXPECT_EQ(line(table, "training time"), (Cells{"4 min 13 s ± 1.41 s (n = 2)"}));
  EXPECT_EQ(line(table, "examples seen"), (Cells{"419 k"}));
}

TEST(Encoders, OfAGridStandOneUnderTheOther) {
  std::vector<Record> records;
  for (const double ratio : {0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9})
    records.push_back(grid_record(ratio, 1, 0, "knn", 800));
  const Table table = table_of(records);
  EXPECT_EQ(table.rows.size(), 7u);
  EXPECT_EQ(table.columns[0], "encoder");
  EXPECT_EQ(table.rows[0][0], "MAE mask_ratio=0.3");
}

TEST(Encoders, NeedAnEncoder) {
  EXPECT_TRUE(table_of({sample_record("untrained", "knn", 700)}).rows.empty());
}

}  // namespace
}  // namespace repbench
