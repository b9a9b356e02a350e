#include "reports/references.h"

#include <gtest/gtest.h>

#include <map>
#include <numeric>

#include "files/atomic.h"
#include "tests/files/error_message.h"
#include "tests/files/scratch_folder.h"

namespace repbench {
namespace {

double value_of(const std::string& table, const std::string& axis_value, const std::string& column) {
  const auto cell = find_reference_table(table).cell(axis_value, column);
  if (!cell) ADD_FAILURE() << "no cell " << axis_value << " / " << column << " in " << table;
  return cell ? cell->value : -1;
}

bool is_verified(const std::string& table, const std::string& axis_value, const std::string& column) {
  return find_reference_table(table).cell(axis_value, column).value().verified;
}

/// A source of one table with two rows, before a test spoils it.
Json invented() {
  return Json::parse(R"({"name": "invented", "source": "A paper", "tables": [{
    "name": "depth", "where": "Table 1", "verified": true, "conditions": {"epochs": 800}, "axis": "mae.decoder_depth",
    "columns": [{"name": "linear probing", "protocol": "linear_probe", "metric": "accuracy", "unit": "%"},
                {"name": "cost", "protocol": "pretraining", "metric": "time", "unit": "h",
                 "conditions": {"epochs": 400}}],
    "rows": [[1, 65.5, 120], ["8", 73.5, null]],
    "exceptions": [{"row": 1, "column": "cost", "verified": false, "note": "estimated",
                    "conditions": {"hardware": "a TPU"}}]}]})");
}

std::vector<Reference> read_back(const Json& document, const std::string& file = "invented.json") {
  const ScratchFolder folder;
  write_file_atomically(folder / file, document.dump());
  return read_references(folder.path());
}

std::string refusal(const Json& document, const std::string& file = "invented.json") {
  const std::string message = error_message<std::invalid_argument>([&] { read_back(document, file); });
  EXPECT_PRED2(contains, message, "[references] ");
  EXPECT_PRED2(contains, message, file + ": expected ");
  return message;
}

Json spoilt(const std::string& pointer, const Json& value) {
  Json document = invented();
  document[Json::json_pointer(pointer)] = value;
  return document;
}

Json without(const std::string& pointer, const std::string& key) {
  Json document = invented();
  document[Json::json_pointer(pointer)].erase(key);
  return document;
}

TEST(References, HaveWhereVerifiedAndConditionsInEveryTable) {
  std::map<std::string, size_t> tables;
  for (const Reference& reference : read_references()) {
    tables[reference.name] = reference.tables.size();
    for (const ReferenceTable& table : reference.tables) {
      EXPECT_FALSE(table.where.empty() || table.conditions.empty() || table.source.empty()) << table.name;
      size_t cells = 0;
      for (const ReferenceRow& row : table.rows) {
        for (const ReferenceColumn& column : table.columns)
          cells += table.cell(row.value, column.name).has_value() ? 1 : 0;
      }
      EXPECT_GT(cells, 0u) << table.name;
    }
  }
  for (const std::string source : {"clip", "clip_benchmark", "mae", "mae_pytorch", "mmselfsup", "open_clip"})
    EXPECT_GT(tables[source], 1u) << source;
}

TEST(References, HoldMaesTablesAndFigures) {
  EXPECT_EQ(value_of("mae:decoder_depth", "1", "linear probing"), 65.5);
  EXPECT_EQ(value_of("mae:decoder_width", "256", "fine-tuning"), 84.8);
  EXPECT_EQ(value_of("mae:mask_token", "in the encoder", "linear probing"), 59.6);
  EXPECT_EQ(value_of("mae:target", "dVAE tokens", "linear probing"), 71.6);
  EXPECT_EQ(value_of("mae:norm_pix", "true", "fine-tuning"), 85.4);
  EXPECT_EQ(value_of("mae:augmentation", "none", "fine-tuning"), 84.0);
  EXPECT_EQ(value_of("mae:mask_sampling", "grid 75 %", "linear probing"), 66.0);
  EXPECT_EQ(value_of("mae:mask_ratio", "0.75", "linear probing"), 73.5);
  EXPECT_EQ(value_of("mae:mask_ratio", "0.4", "fine-tuning"), 84.7);
  EXPECT_EQ(value_of("mae:epochs", "1600", "linear probing"), 75.1);
  EXPECT_EQ(value_of("mae:wall_clock", "ViT-H, decoder depth 1", "speed-up"), 4.1);
  EXPECT_EQ(value_of("mae:imagenet", "BEiT ViT-L/16", "fine-tuning"), 85.2);
  EXPECT_EQ(value_of("mae:transfer_classification", "MAE ViT-H/14 448", "iNaturalist 2018"), 86.8);
  EXPECT_EQ(value_of("mae:partial_finetuning", "0.5", "MAE"), 79.1);
  EXPECT_EQ(value_of("mae:partial_finetuning", "4", "MoCo v3"), 81.6);
  EXPECT_EQ(value_of("mae:linear_probing", "MAE ViT-L/16", "linear probing"), 75.8);
  EXPECT_EQ(value_of("mae:robustness", "MAE ViT-H/14", "ImageNet-A"), 68.2);
  for (const Reference& reference : read_references()) {
    if (reference.name != "mae") continue;
    for (const ReferenceTable& table : reference.tables) EXPECT_TRUE(table.verified) << table.name;
  }
}

TEST(References, HoldAlexNetsAccuraciesOnImageNetC) {
  EXPECT_NEAR(value_of("imagenet_c:alexnet", "AlexNet", "fog"), 18.0676, 1e-9);
  EXPECT_NEAR(value_of("imagenet_c:alexnet", "AlexNet", "jpeg_compression"), 39.35, 1e-9);
  EXPECT_FALSE(is_verified("imagenet_c:alexnet", "AlexNet", "brightness"));
}

TEST(References, HoldClipsTablesAndFigures) {
  EXPECT_EQ(value_of("clip:linear_probe", "ViT-L/14-336", "ImageNet"), 85.4);
  EXPECT_EQ(value_of("clip:zero_shot", "RN50x16", "KITTI"), 33.9);
  EXPECT_EQ(value_of("clip:distribution_shift", "objectnet", "linear probe of CLIP"), 66.2);
  EXPECT_EQ(value_of("clip:objectives", "contrastive, bag of words", "learning speed"), 4);
  EXPECT_EQ(value_of("clip:few_shot_equivalence", "CLIP, linear probe", "equals zero-shot CLIP at"), 4);
  EXPECT_EQ(value_of("clip:zero_shot_efficiency_summary", "median", "equals zero-shot at"), 5.4);
  EXPECT_EQ(value_of("clip:prompts", "80 templates, averaged", "gain over the row above"), 3.5);
  EXPECT_EQ(value_of("clip:retrieval", "coco_captions", "image R@1"), 37.8);
}

TEST(References, SayWhichCellsOfClipWereRecalledOnly) {
  EXPECT_TRUE(is_verified("clip:linear_probe", "RN50", "SUN397"));
  EXPECT_TRUE(is_verified("clip:linear_probe", "ViT-B/32", "VOC2007"));
  EXPECT_FALSE(is_verified("clip:linear_probe", "ViT-B/16", "VOC2007"));
  EXPECT_TRUE(is_verified("clip:zero_shot", "ViT-B/16", "ImageNet"));
  EXPECT_FALSE(is_verified("clip:zero_shot", "ViT-L/14", "Food101"));
  const auto quoted = find_reference_table("clip:zero_shot").cell("RN50", "MNIST").value();
  EXPECT_TRUE(quoted.verified);
  EXPECT_PRED2(contains, quoted.note, "openai/CLIP#164");
  EXPECT_TRUE(is_verified("clip:distribution_shift", "imagenetv2", "zero-shot CLIP"));
}

/// The means over 27 data sets were worked out apart from the files.
TEST(References, HoldTwentySevenColumnsWithTheirMeans) {
  const std::map<std::string, std::pair<double, double>> means = {
      {"RN50", {75.8, 54.7}},     {"RN101", {77.4, 56.2}},    {"RN50x4", {78.6, 57.9}},
      {"RN50x16", {81.1, 61.5}},  {"RN50x64", {83.0, 66.1}},  {"ViT-B/32", {78.1, 57.9}},
      {"ViT-B/16", {80.9, 61.0}}, {"ViT-L/14", {84.2, 66.8}}, {"ViT-L/14-336", {85.1, 67.6}}};
  const auto mean = [](const ReferenceRow& row) {
    EXPECT_EQ(row.cells.size(), 27u);
    return std::accumulate(row.cells.begin(), row.cells.end(), 0.0,
                           [](double sum, const auto& cell) { return sum + *cell; }) /
           27;
  };
  for (const ReferenceRow& row : find_reference_table("clip:linear_probe").rows)
    EXPECT_NEAR(mean(row), means.at(row.value).first, 0.0501) << row.value;
  for (const ReferenceRow& row : find_reference_table("clip:zero_shot").rows)
    EXPECT_NEAR(mean(row), means.at(row.value).second, 0.0501) << row.value;
}

/// The file that it was copied from has the average of its 38 columns.
TEST(References, HoldOpenClipsColumnsWithTheirAverages) {
  const ReferenceTable scores = find_reference_table("open_clip:zero_shot");
  EXPECT_EQ(scores.columns.size(), 38u);
  for (const ReferenceRow& row : scores.rows) {
    double sum = 0;
    for (const auto& cell : row.cells) sum += cell.value();
    EXPECT_NEAR(sum / 38, value_of("open_clip:average", row.value, "average of 38"), 0.02) << row.value;
  }
  EXPECT_EQ(value_of("open_clip:zero_shot", "ViT-B/32", "ImageNet 1k"), 63.32);
  EXPECT_EQ(value_of("clip_benchmark:retrieval", "ViT-B/32", "COCO text R@1"), 50.12);
  EXPECT_EQ(value_of("mmselfsup:vit_base_epochs", "800", "linear probing"), 65.1);
  EXPECT_EQ(value_of("mae_pytorch:linear_probing", "MAE ViT-H/14", "linear probing"), 77.2);
}

TEST(References, JoinNumbersAsNumbersAndNamesByTheirLetters) {
  EXPECT_TRUE(same_axis_value("0.75", "0.750"));
  EXPECT_FALSE(same_axis_value("0.75", "0.7"));
  EXPECT_FALSE(same_axis_value("1", "true"));
  EXPECT_TRUE(same_axis_value("ViT-B/32", "vit_b_32"));
  EXPECT_FALSE(same_axis_value("ViT-B/32", "ViT-B/16"));
  EXPECT_FALSE(same_axis_value("—", "?"));
  EXPECT_EQ(value_of("clip:zero_shot", "vit-l-14-336", "ImageNet"), 76.2);
}

TEST(References, GiveACellTheConditionsOfItsTableItsColumnAndItsOwn) {
  const ReferenceTable table = read_back(invented()).at(0).tables.at(0);
  EXPECT_EQ(table.name, "invented:depth");
  const ReferenceCell cell = table.cell("1", "cost").value();
  EXPECT_EQ(cell.value, 120);
  EXPECT_EQ(cell.unit, "h");
  EXPECT_EQ(cell.source, "A paper");
  EXPECT_EQ(cell.where, "Table 1");
  EXPECT_FALSE(cell.verified);
  EXPECT_EQ(cell.note, "estimated");
  EXPECT_EQ(cell.conditions, (Json{{"epochs", 400}, {"hardware", "a TPU"}}));
  EXPECT_TRUE(table.cell("8", "linear probing").value().verified);
  EXPECT_EQ(table.cell("8", "linear probing").value().conditions, (Json{{"epochs", 800}}));
  EXPECT_FALSE(table.cell("8", "cost").has_value()) << "the paper has none";
  EXPECT_FALSE(table.cell("3", "cost").has_value()) << "nor this row";
}

TEST(References, NameTheNearestTableAndColumn) {
  const std::string table =
      error_message<std::invalid_argument>([] { find_reference_table("mae:decoder_dept"); });
  EXPECT_PRED2(contains, table, "[references] expected a published table: ");
  EXPECT_PRED2(contains, table, "(did you mean 'mae:decoder_depth'?)");
  const std::string column = error_message<std::invalid_argument>(
      [] { find_reference_table("mae:decoder_depth").cell("1", "linear probe"); });
  EXPECT_PRED2(contains, column, "(did you mean 'linear probing'?)");
}

TEST(References, NameTheKeyThatIsMissingOrUnknown) {
  for (const std::string key : {"where", "verified", "conditions", "axis", "columns", "rows", "name"})
    EXPECT_PRED2(contains, refusal(without("/tables/0", key)), "the key tables[0]." + key + "; got none");
  for (const std::string key : {"protocol", "metric", "unit"})
    EXPECT_PRED2(contains, refusal(without("/tables/0/columns/0", key)), "tables[0].columns[0]." + key);
  EXPECT_PRED2(contains, refusal(spoilt("/tables/0/verifed", true)), "(did you mean 'verified'?)");
  EXPECT_PRED2(contains, refusal(without("", "source")), "the key source; got none");
}

TEST(References, RefuseATableThatCannotBeRead) {
  EXPECT_PRED2(contains, refusal(spoilt("/tables/0/rows/0/1", 165.5)),
               "a percentage at tables[0].rows[0][1]; got 165.5");
  EXPECT_PRED2(contains, refusal(spoilt("/tables/0/rows/0/1", -1)), "a percentage");
  EXPECT_PRED2(contains, refusal(spoilt("/tables/0/rows/0/1", "x")),
               "a number at tables[0].rows[0][1]; got \"x\"");
  EXPECT_PRED2(contains, refusal(spoilt("/tables/0/rows/1", {8, 1})),
               "a value of the axis and 2 cells at tables[0].rows[1]");
  EXPECT_PRED2(contains, refusal(spoilt("/tables/0/rows/1/0", 1.0)), "each row once at tables[0].rows[1][0]");
  EXPECT_PRED2(contains, refusal(spoilt("/tables/0/rows/1/0", nullptr)), "a number, a text or a flag");
  EXPECT_PRED2(contains, refusal(spoilt("/tables/0/columns/1/name", "linear probing")), "each name once");
  EXPECT_PRED2(contains, refusal(spoilt("/tables/1", invented()["tables"][0])),
               "each name once at tables[1].name");
  EXPECT_PRED2(contains, refusal(spoilt("/tables/0/conditions", Json::object())), "at least one condition");
  EXPECT_PRED2(contains, refusal(spoilt("/tables/0/conditions/epochs", {1})), "tables[0].conditions.epochs");
  EXPECT_PRED2(contains, refusal(spoilt("/tables/0/verified", 1)), "true or false at tables[0].verified");
  EXPECT_PRED2(contains, refusal(spoilt("/tables/0/where", "")), "a text at tables[0].where");
  EXPECT_PRED2(contains, refusal(spoilt("/tables", Json::array())), "at least one table");
  EXPECT_PRED2(contains, refusal(spoilt("/tables/0/rows", Json::array())), "at least one row");
  EXPECT_PRED2(contains, refusal(spoilt("/tables/0/columns", Json::array())), "at least one column");
  EXPECT_PRED2(contains, refusal(invented(), "other.json"), "the file's name, other at name");
}

TEST(References, RefuseAnExceptionForACellThatIsNotThere) {
  EXPECT_PRED2(contains, refusal(spoilt("/tables/0/exceptions/0/row", 2)), "a row of the table");
  EXPECT_PRED2(contains, refusal(spoilt("/tables/0/exceptions/0/column", "costs")), "a column of the table");
  EXPECT_PRED2(contains, refusal(spoilt("/tables/0/exceptions/0", {{"verified", false}})),
               "a row, a column or both");
}

TEST(References, NameAFolderWithoutFiles) {
  const ScratchFolder folder;
  const std::string empty = error_message<std::runtime_error>([&] { read_references(folder.path()); });
  EXPECT_PRED2(contains, empty,
               folder.path().string() + ": expected a folder with files NAME.json; got none");
  EXPECT_THROW(read_references(folder / "missing"), std::runtime_error);
}

}  // namespace
}  // namespace repbench
