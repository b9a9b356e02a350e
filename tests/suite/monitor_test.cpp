#include "suite/monitor.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <sstream>

#include "files/safetensors.h"
#include "pretrain/checkpoint.h"
#include "protocols/feature_quality.h"
#include "protocols/features.h"
#include "suite/pretraining.h"
#include "tests/files/error_message.h"
#include "tests/suite/command_line.h"

namespace repbench {
namespace {

class Monitor : public testing::Test {
 protected:
  /// A run of two epochs of four steps.
  std::filesystem::path pretrain(const std::string& name, const std::vector<std::string>& assignments) const {
    PretrainOptions options = load_pretrain_options(read_json(preset_), preset_, assignments);
    Progress progress("test: ");
    run_pretraining(options, folder_ / name, /*may_resume=*/true, progress);
    return folder_ / name;
  }

  static std::vector<Json> log_of(const std::filesystem::path& run) {
    std::vector<Json> lines;
    std::istringstream text(read_file(run / "log.jsonl"));
    for (std::string line; std::getline(text, line);) lines.push_back(parse_json(line, "log.jsonl"));
    return lines;
  }

  /// The bytes of model, objective and optimizer.
  static std::map<std::string, std::string> tensors_of(const std::filesystem::path& run) {
    std::map<std::string, std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(*latest_checkpoint(run))) {
      if (entry.path().extension() == ".safetensors")
        files[entry.path().filename().string()] = read_file(entry.path());
    }
    return files;
  }

  ScratchFolder folder_;
  std::string preset_ = toy_preset(folder_);
};

TEST_F(Monitor, ChangesNoBitOfTheTraining) {
  const auto plain = tensors_of(pretrain("plain", {})),
             watched = tensors_of(pretrain("watched", {"monitor.every=1", "monitor.pictures=12"}));
  EXPECT_GE(plain.size(), 2U);
  EXPECT_EQ(plain, watched);
}

TEST_F(Monitor, WritesWhatTheFeaturesAreIntoTheLogEverySoManyEpochs) {
  const std::filesystem::path run = pretrain("run", {"monitor.every=1", "monitor.pictures=12"});
  const std::vector<Json> lines = log_of(run);
  ASSERT_EQ(lines.size(), 8U);
  for (size_t i = 0; i < 8; ++i) EXPECT_EQ(lines[i].contains("rankme"), i == 3 || i == 7) << i;
  const LoadedEncoder saved = load_encoder(run);
  const auto held = open_dataset(DatasetSpec::parse(toy_idx(folder_)), "test");
  const IndexList examples = draw_examples(*held, all_examples(*held), 12, 0);
  const std::vector<std::string> taps = {saved.encoder->default_taps().front()};
  const at::Tensor features =
      compute_features(*saved.encoder, held, examples, "small_eval:8", taps, {}).by_tap.at(taps[0]);
  EXPECT_NEAR(lines[7].at("rankme").get<double>(), rankme(features), 1e-9);
  EXPECT_NEAR(lines[7].at("uniformity").get<double>(), uniformity(features), 1e-9);
  EXPECT_NEAR(lines[7].at("feature_std").get<double>(), feature_std(features), 1e-9);
}

TEST_F(Monitor, IsOffByDefaultAndLooksAtTheEndInAnyCase) {
  for (const Json& line : log_of(pretrain("off", {}))) EXPECT_FALSE(line.contains("rankme"));
  const std::vector<Json> lines = log_of(pretrain("rare", {"monitor.every=5", "monitor.pictures=12"}));
  for (size_t i = 0; i < 8; ++i) EXPECT_EQ(lines[i].contains("rankme"), i == 7) << i;
}

TEST_F(Monitor, MayBeTurnedOnWhenARunIsResumed) {
  pretrain("run", {"train.epochs=2"});
  EXPECT_NO_THROW(pretrain("run", {"train.epochs=2", "monitor.every=1"}));
}

TEST_F(Monitor, AnotherSplitOrTapIsAnError) {
  const auto message = [&](const std::string& assignment) {
    return error_message<std::invalid_argument>([&] { pretrain("bad", {"monitor.every=1", assignment}); });
  };
  EXPECT_PRED2(contains, message("monitor.split=tset"), "tset");
  EXPECT_PRED2(contains, message("monitor.pictures=1"), "key 'monitor.pictures'");
  EXPECT_PRED2(contains, message("monitor.tap=clss"), "clss");
}

}  // namespace
}  // namespace repbench
