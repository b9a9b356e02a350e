#include <cmath>

#include "files/json.h"
#include "tests/suite/command_line.h"

// The noise of `shapes` is a dial from what a small CLIP reads well to what nobody can.

namespace repbench {
namespace {

class Difficulty : public testing::Test {
 protected:
  void SetUp() override {
    const Finished finished = run_repbench(
        folder_, "pretrain '" REPBENCH_SOURCE_DIR
                 "/configs/pretrain/clip_shapes_demo.json' "
                 "dataset=shapes:size=24:train=8192 view=small_eval:24 eval_view=small_eval:24 seed=1 "
                 "model.image_size=24 model.patch_size=6 model.width=48 model.depth=2 model.text.width=48 "
                 "model.text.depth=1 model.embed_dim=48 train.epochs=4 train.batch_size=128 --out " +
                     (folder_ / "run").string());
    ASSERT_EQ(finished.exit_code, 0) << finished.err;
  }

  /// Zero-shot accuracy of colours under this much noise.
  double accuracy(double noise) {
    const std::string out = (folder_ / fmt::format("noise-{}", noise)).string();
    const Finished finished =
        run_repbench(folder_, fmt::format("evaluate {} --protocol zero_shot --dataset "
                                          "shapes:task=colour:size=24:test={}:noise={} --out {}",
                                          (folder_ / "run").string(), kPictures, noise, out));
    EXPECT_EQ(finished.exit_code, 0) << finished.err;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(out)) {
      if (entry.path().filename() != "report.json") continue;
      const Json report = read_json(entry.path());
      for (const Json& metric : report.at("metrics"))
        if (metric.at("name") == "accuracy") return metric.at("value").get<double>();
    }
    ADD_FAILURE() << "no accuracy in " << out;
    return 0;
  }

  static constexpr int kPictures = 2000;
  ScratchFolder folder_;
};

TEST_F(Difficulty, SlidesAScoreDownToChance) {
  const std::vector<double> noises = {0, 0.4, 0.6, 0.8, 1};
  std::vector<double> scores;
  for (const double noise : noises) scores.push_back(accuracy(noise));
  EXPECT_GT(scores.front(), 0.5);
  for (size_t i = 1; i < scores.size(); ++i) {
    EXPECT_LT(scores[i], scores[i - 1]) << "noise " << noises[i];
  }
  const double chance = 1.0 / 8, z = 3.29;  // 99.9 %
  EXPECT_NEAR(scores.back(), chance, z * std::sqrt(chance * (1 - chance) / kPictures));
}

}  // namespace
}  // namespace repbench
