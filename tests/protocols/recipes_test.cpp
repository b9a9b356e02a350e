#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "datasets/images/views.h"
#include "suite/evaluation.h"

// The settings files in configs/protocols, as `repbench evaluate --settings FILE` reads them.

namespace repbench {
namespace {

std::vector<std::filesystem::path> recipes() {
  std::vector<std::filesystem::path> files;
  const auto folder = std::filesystem::path(REPBENCH_SOURCE_DIR) / "configs/protocols";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

class Recipes : public testing::TestWithParam<std::filesystem::path> {
 protected:
  Json values() const { return read_json(GetParam()); }
  Evaluation evaluation() const {
    Json settings = values();
    const auto protocol = settings.at("protocol").get<std::string>();
    settings.erase("protocol");
    return prepare_evaluation(protocol, "fashion_mnist", settings, GetParam().string(), {});
  }
};

INSTANTIATE_TEST_SUITE_P(Files, Recipes, testing::ValuesIn(recipes()),
                         [](const auto& row) { return row.param.stem().string(); });

TEST_P(Recipes, AreSettingsOfTheProtocolThatTheyName) {
  ASSERT_TRUE(values().is_object());
  EXPECT_GT(values().size(), 1U);
  EXPECT_NO_THROW(evaluation());
}

TEST_P(Recipes, NameViewsThatExist) {
  const std::string view = evaluation().requested.value("train_view", std::string());
  if (view.empty()) return;
  EXPECT_EQ(specification_of(make_views(view)), view) << "write it in full";
}

TEST(MaeRecipes, HaveTheRatesAndBatchesOfThePaper) {
  const auto values = [](const char* name) {
    return read_json(std::filesystem::path(REPBENCH_SOURCE_DIR) / "configs/protocols" / name);
  };
  const auto batch = [](const Json& recipe) {
    return recipe.at("train").at("batch_size").get<int64_t>() *
           recipe.at("train").value("accumulation", int64_t{1});
  };
  for (const char* size : {"base", "large", "huge"}) {
    const Json recipe = values(("mae_finetune_vit_" + std::string(size) + ".json").c_str());
    EXPECT_EQ(batch(recipe), 1024) << size;
    EXPECT_EQ(recipe.at("head_norm"), "fc_norm") << size;
    EXPECT_EQ(recipe.at("train").at("weight_decay"), 0.05) << size;
  }
  EXPECT_EQ(batch(values("mae_from_scratch_vit_base.json")), 4096);
  EXPECT_EQ(batch(values("mae_partial_finetune_vit_large.json")), 1024);
}

}  // namespace
}  // namespace repbench
