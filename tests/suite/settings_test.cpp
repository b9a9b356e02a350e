#include <ATen/ATen.h>

#include <algorithm>
#include <map>

#include "files/atomic.h"
#include "pretrain/tensors.h"
#include "reports/record.h"
#include "tests/suite/command_line.h"

// Files of settings, kept heads, and what a run that fails leaves behind.

namespace repbench {
namespace {

class EvaluationSettings : public testing::Test {
 protected:
  EvaluationSettings() {
    const at::Tensor labels = at::arange(90, at::kLong).remainder(3);
    const at::Tensor split = at::arange(90, at::kLong).ge(60).to(at::kLong);
    save_tensors(folder_ / "blobs.safetensors",
                 {{"features", at::one_hot(labels, 3).to(at::kFloat)}, {"labels", labels}, {"split", split}});
    write_file_atomically(
        folder_ / "weak.json",
        "// a recipe\n{\"protocol\": \"linear_probe\", \"C\": [0.5], \"normalisation\": [\"none\"]}");
  }
  Finished evaluate(const std::string& arguments) {
    return run_repbench(folder_, "evaluate " + (folder_ / "blobs.safetensors").string() +
                                     " --protocol linear_probe " + arguments + " --out " + out_.string());
  }
  void expect_trouble(const std::string& arguments, const std::string& words) {
    const Finished finished = evaluate(arguments);
    EXPECT_EQ(finished.exit_code, 2) << arguments;
    EXPECT_EQ(std::count(finished.err.begin(), finished.err.end(), '\n'), 1) << finished.err;
    EXPECT_NE(finished.err.find(words), std::string::npos) << words << " in " << finished.err;
  }
  std::string file(const std::string& name) { return (folder_ / name).string(); }

  ScratchFolder folder_;
  std::filesystem::path out_ = folder_ / "out";
  std::filesystem::path report_ = out_ / "features-blobs.linear_probe-logistic";
};

TEST_F(EvaluationSettings, ComeFromAFileAndAreNamedAfterIt) {
  ASSERT_EQ(evaluate("--settings " + file("weak.json")).exit_code, 0);
  const Record record = read_record(report_ / "report.json");
  EXPECT_EQ(record.requested.at("C"), Json({0.5}));
  EXPECT_EQ(record.requested.at("recipe"), "weak");
  EXPECT_EQ(std::count(record.identity.begin(), record.identity.end(), "recipe"), 0)
      << "a name changes nothing";
  ASSERT_EQ(evaluate("--settings " + file("weak.json") + " C=[0.25] --force").exit_code, 0);
  EXPECT_EQ(read_record(report_ / "report.json").requested.at("C"), Json({0.25}))
      << "assignments go before it";
}

TEST_F(EvaluationSettings, OfAnotherProtocolOrWithAWrongKeyAreRefused) {
  write_file_atomically(folder_ / "knn.json", "{\"protocol\": \"knn\"}");
  write_file_atomically(folder_ / "wrong.json", "{\"protocol\": \"linear_probe\", \"Cs\": [1]}");
  expect_trouble("--settings " + file("knn.json"),
                 "knn.json: expected the key 'protocol' with one of --protocol");
  expect_trouble("--settings " + file("wrong.json"), "wrong.json] key 'Cs'");
  expect_trouble("--settings " + file("weak.json") + " --settings " + file("weak.json"),
                 "one file a protocol");
  expect_trouble("--settings " + file("none.json"), "none.json");
}

TEST_F(EvaluationSettings, AHeadIsKeptBesideItsReportAndJudgedAgain) {
  ASSERT_EQ(evaluate("").exit_code, 0);
  const std::string head = (folder_ / "head.safetensors").string();
  std::filesystem::copy_file(report_ / "head.safetensors", head);
  const auto before = read_outcomes(report_ / "report.json")->column("prediction");
  ASSERT_EQ(evaluate("head=" + head + " --force").exit_code, 0);
  const Record judged = read_record(report_ / "report.json");
  EXPECT_EQ(read_outcomes(report_ / "report.json")->column("prediction"), before);
  EXPECT_TRUE(judged.dataset.at("hashes").contains("head"));
  EXPECT_EQ(std::count(judged.identity.begin(), judged.identity.end(), "head"), 0)
      << "its place does not count";
  EXPECT_FALSE(std::filesystem::exists(report_ / "head.safetensors")) << "nothing of the earlier run is left";
}

TEST_F(EvaluationSettings, ARunThatFailsLeavesTheReportAsItWas) {
  ASSERT_EQ(evaluate("").exit_code, 0);
  std::map<std::string, std::string> before;
  for (const auto& entry : std::filesystem::directory_iterator(report_))
    before[entry.path().filename().string()] = read_file(entry.path());
  EXPECT_GE(before.size(), 3U);
  expect_trouble("headline=roc_auc --force", "key 'headline'");
  std::map<std::string, std::string> after;
  for (const auto& entry : std::filesystem::directory_iterator(report_))
    after[entry.path().filename().string()] = read_file(entry.path());
  EXPECT_EQ(after, before);
}

}  // namespace
}  // namespace repbench
