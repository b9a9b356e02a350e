#include "suite/experiment.h"

#include <stdexcept>

#include "suite/run_store.h"
#include "tests/files/error_message.h"
#include "tests/suite/command_line.h"

namespace repbench {
namespace {

class ExperimentFile : public testing::Test {
 protected:
  Json good() const {
    return {{"pretrain", "preset.json"},
            {"grid", {{"mae.mask_ratio", {0.5, 0.75}}, {"mae.decoder_depth", {1, 2}}}},
            {"seeds", {3, 4}},
            {"controls", {"untrained", "raw_pixels"}},
            {"evaluations", {{{"protocol", "knn"}, {"dataset", "idx:" + (folder_ / "data").string()}}}},
            {"budgets", {{"smoke", {{"train.epochs", 1}}}}}};
  }
  Experiment load(const Json& json, const std::string& budget = "") const {
    write_file_atomically(folder_ / "experiment.json", json.dump());
    return load_experiment(folder_ / "experiment.json", budget, {});
  }
  std::string refusal(const std::string& key, const Json& value) const {
    Json json = good();
    json[Json::json_pointer("/" + key)] = value;
    return error_message<std::invalid_argument>([&] { load(json); });
  }

  ScratchFolder folder_;
  std::string preset_ = toy_preset(folder_);
};

TEST_F(ExperimentFile, IsTheProductOfGridAndSeedsAndThenTheControls) {
  const Experiment experiment = load(good());
  ASSERT_EQ(experiment.cells.size(), 10U);
  EXPECT_EQ(experiment.cells[0].name, "mae.decoder_depth=1,mae.mask_ratio=0.5,seed=3");
  EXPECT_EQ(experiment.cells[7].name, "mae.decoder_depth=2,mae.mask_ratio=0.75,seed=4");
  EXPECT_EQ(experiment.cells[8].control, "untrained");
  EXPECT_EQ(experiment.cells[9].control, "raw_pixels");
}

TEST_F(ExperimentFile, ABudgetSetsKeysOnTopOfThePreset) {
  const Experiment experiment = load(good(), "smoke");
  EXPECT_EQ(experiment.cells[0].assignments.front(), "train.epochs=1");
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] { load(good(), "smok"); }),
               "smoke; got 'smok' (did you mean 'smoke'?)");
}

TEST_F(ExperimentFile, NamesItselfTheKeyAndWhatWasExpected) {
  const std::string file = (folder_ / "experiment.json").string();
  EXPECT_PRED2(contains, refusal("girds", 1), file);
  EXPECT_PRED2(contains, refusal("sedes", 1), "sedes (did you mean 'seeds'?)");
  EXPECT_PRED2(contains, refusal("seeds", "0"), file + ": expected a list at seeds; got \"0\"");
  EXPECT_PRED2(contains, refusal("seeds", Json::array()), "at least one seed at seeds");
  EXPECT_PRED2(contains, refusal("seeds", {0.5}), "expected an integer at seeds[0]; got 0.5");
  EXPECT_PRED2(contains, refusal("grid", 3), "expected an object at grid");
  EXPECT_PRED2(contains, refusal("grid/mae.mask_ratio", 0.5), "expected a list at grid.mae.mask_ratio");
  EXPECT_PRED2(contains, refusal("grid/mae.mask_ratio", {1.5}), "mae.mask_ratio");
  EXPECT_PRED2(contains, refusal("grid/mae.mask_ration", {0.5}), "did you mean 'mae.mask_ratio'?");
  EXPECT_PRED2(contains, refusal("controls", {"random"}), "expected untrained or raw_pixels at controls[0]");
  EXPECT_PRED2(contains, refusal("evaluations/0/protocol", "knnn"), "did you mean 'knn'?");
  EXPECT_PRED2(contains, refusal("evaluations/0/set", {{"kk", 1}}), "'kk'");
  EXPECT_PRED2(contains, refusal("evaluations", Json::array()), "at least one evaluation");
  EXPECT_PRED2(contains, refusal("evaluations/1", good().at("evaluations").at(0)), "a 'name' of its own");
  EXPECT_PRED2(contains, refusal("grid/seed", {1, 2}), "the seeds under 'seeds' at grid.seed");
  EXPECT_PRED2(contains, refusal("seeds", {1, 1}), "expected different cells");
  EXPECT_PRED2(contains, refusal("set", {{"mae.mask_ratio", 2}}), file);
  EXPECT_PRED2(contains, refusal("evaluations/0/protocoll", 1), "evaluations[0].protocoll");
}

TEST_F(ExperimentFile, AMissingPresetIsNamed) {
  Json json = good();
  json["pretrain"] = "absent.json";
  EXPECT_PRED2(contains, error_message<std::runtime_error>([&] { load(json); }), "absent.json");
}

TEST(RunStore, TwoNeverWorkOnOneCell) {
  const ScratchFolder folder;
  const Cell first(folder / "cell", {{"a", 1}});
  EXPECT_PRED2(contains, error_message<std::runtime_error>([&] {
                 Cell(folder / "cell", {{"a", 1}});
               }),
               "another process works on this cell");
}

TEST(RunStore, AFinishedCellIsKnownAndAnotherOfOtherSettingsRefused) {
  const ScratchFolder folder;
  Cell(folder / "cell", {{"a", 1}}).finish();
  EXPECT_TRUE(Cell(folder / "cell", {{"a", 1}}).finished());
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] {
                 Cell(folder / "cell", {{"a", 2}});
               }),
               "cell.json");
}

}  // namespace
}  // namespace repbench
