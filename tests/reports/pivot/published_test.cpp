// The paper's numbers beside ours.
#include "reports/pivot/published.h"

#include <gtest/gtest.h>

#include "tests/files/error_message.h"
#include "tests/reports/pivot/observed.h"

namespace repbench {
namespace {

using Texts = std::vector<std::string>;

TEST(Published, StandsBesideOursByTheOptionOnItsAxis) {
  const Table table =
      pivot_of({masked(0.5, 0, "linear_probe", 8000), masked(0.75, 0, "linear_probe", 8200),
                masked(0.99, 0, "linear_probe", 7000), masked(0.75, 0, "knn", 8100)},
               {.rows = {"mae.mask_ratio"}, .columns = {"protocol"}, .reference = "mae:mask_ratio"});
  EXPECT_EQ(table.columns, (Texts{"mask_ratio", "linear_probe", "mae:mask_ratio, linear probing", "knn"}));
  EXPECT_EQ(table.rows[0][2], "69.9 (Figure 5)");
  EXPECT_EQ(table.rows[1][2], "73.5 (Figure 5)");
  EXPECT_EQ(table.rows[2][2], "—") << "not in the paper";
  EXPECT_PRED2(contains, table.note, "He et al., Masked Autoencoders");
  EXPECT_PRED2(contains, table.note, "measured under dataset = imagenet1k, decoder_depth = 8,");
  EXPECT_PRED2(contains, table.note, "epochs = 800");
}

TEST(Published, KeepsMarksOnOurOwnColumns) {
  const Table table = pivot_of(
      {masked(0.5, 0, "knn", 8000), masked(0.75, 0, "knn", 9000), masked(0.5, 0, "linear_probe", 8000),
       masked(0.75, 0, "linear_probe", 9000)},
      {.rows = {"mae.mask_ratio"}, .columns = {"protocol"}, .average = true, .reference = "mae:mask_ratio"});
  EXPECT_EQ(table.columns,
            (Texts{"mask_ratio", "knn", "linear_probe", "mae:mask_ratio, linear probing", "average"}));
  EXPECT_EQ(table.bold, (std::vector<std::pair<size_t, size_t>>{{1, 1}, {1, 2}}));
  EXPECT_EQ(table.rows[1].back(), "90.0 %") << "of our columns alone";
}

TEST(Published, IsOfTheSameDataSetAndEncoder) {
  const auto clip = [](const std::string& label, const std::string& dataset, int correct) {
    return on_dataset(sample_record(label, "zero_shot", correct), dataset);
  };
  const Table table = pivot_of(
      {clip("ViT-B-32", "cifar10", 890), clip("ViT-B-32", "imagenet1k", 630), clip("ours", "cifar10", 500)},
      {.columns = {"dataset"}, .reference = "clip:zero_shot"});
  EXPECT_EQ(table.columns, (Texts{"encoder", "cifar10", "clip:zero_shot, CIFAR10", "imagenet1k",
                                  "clip:zero_shot, ImageNet"}));
  EXPECT_EQ(table.rows[0][2], "91.3 (Table 11, unverified)");
  EXPECT_EQ(table.rows[0][4], "63.2 (Table 11)");
  EXPECT_EQ(table.rows[1][2], "—");
  EXPECT_PRED2(contains, table.note, "Most cells are recalled");
  const Table turned =
      pivot_of({clip("ViT-B-32", "cifar10", 890), clip("ViT-B-32", "imagenet1k", 630)},
               {.rows = {"dataset"}, .columns = {"encoder"}, .reference = "open_clip:zero_shot"});
  EXPECT_EQ(turned.columns, (Texts{"dataset", "ViT-B-32", "open_clip:zero_shot"}));
  EXPECT_EQ(turned.rows[0][2], "89.83 (docs/openclip_results.csv)");
  EXPECT_EQ(turned.rows[1][2], "63.32 (docs/openclip_results.csv)");
}

TEST(Published, TakesRetrievalByItsMetric) {
  Record record = on_dataset(sample_record("ViT-L-14-336", "retrieval", 600), "coco_captions");
  record.metrics[0].name = "image_to_text_recall_at_1";
  const Table table = pivot_of({record}, {.columns = {"dataset"}, .reference = "clip:retrieval"});
  ASSERT_EQ(table.columns.size(), 3u);
  EXPECT_PRED2(contains, table.rows[0][2], "58.4 (");
}

TEST(Published, MatchesTunedBlocksAndTheWholeEncoder) {
  Record record = sample_record("MAE", "finetune", 850);
  record.metrics.clear();
  for (const char* name : {"accuracy_0.5", "accuracy_4", "accuracy_all"}) {
    record.metrics.push_back(accuracy_metric(850, 1000));
    record.metrics.back().name = name;
    record.metrics.back().headline = record.metrics.size() == 3;
  }
  const PivotOptions by_blocks{
      .rows = {"metric"}, .columns = {"protocol"}, .metric = "all", .reference = "mae:partial_finetuning"};
  const Table blocks = pivot_of({record}, by_blocks);
  EXPECT_EQ(blocks.columns,
            (Texts{"metric", "finetune", "mae:partial_finetuning, MAE", "mae:partial_finetuning, MoCo v3"}));
  EXPECT_EQ(blocks.rows[0][2], "79.1 (Figure 9)");
  EXPECT_EQ(blocks.rows[1][3], "81.6 (Figure 9)");
  record.checkpoint["config"] = {{"mae", {{"decoder_depth", 8}}}};
  const Table whole = pivot_of({record}, {.rows = {"mae.decoder_depth"},
                                          .columns = {"metric"},
                                          .metric = "all",
                                          .reference = "mae:decoder_depth"});
  EXPECT_EQ(whole.columns, (Texts{"decoder_depth", "accuracy_0.5", "accuracy_4", "accuracy_all",
                                  "mae:decoder_depth, fine-tuning"}))
      << "the paper tunes the whole encoder";
}

TEST(Published, SaysWhereNothingFits) {
  const Record record = masked(0.75, 0, "knn", 8000);
  const Table table = pivot_of(
      {record}, {.rows = {"mae.mask_ratio"}, .columns = {"protocol"}, .reference = "mae:mask_ratio"});
  EXPECT_EQ(table.columns.size(), 2u);
  EXPECT_PRED2(contains, table.note, "mae:mask_ratio (He et al.");
  EXPECT_PRED2(contains, table.note, "has no number for any cell here.");
  const auto refusal = [&](const std::string& reference) {
    return error_message<std::invalid_argument>([&] { pivot_of({record}, {.reference = reference}); });
  };
  EXPECT_PRED2(contains, refusal("mae:decoder_width"),
               "--reference mae:decoder_width: expected reports with a value of mae.decoder_width");
  EXPECT_PRED2(contains, refusal("mae:mask_rato"), "(did you mean 'mae:mask_ratio'?)");
}

}  // namespace
}  // namespace repbench
