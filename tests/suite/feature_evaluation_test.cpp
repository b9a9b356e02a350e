#include <ATen/ATen.h>

#include <algorithm>

#include "pretrain/tensors.h"
#include "reports/record.h"
#include "tests/suite/command_line.h"

// Features through the built program.

namespace repbench {
namespace {

class FeatureEvaluation : public testing::Test {
 protected:
  Finished run(const std::string& arguments) { return run_repbench(folder_, arguments); }
  std::string path(const std::string& name) { return (folder_ / name).string(); }
  void expect_success(const std::string& arguments) {
    const Finished finished = run(arguments);
    ASSERT_EQ(finished.exit_code, 0) << arguments << ": " << finished.err;
  }
  void expect_trouble(const std::string& arguments, const std::string& words) {
    const Finished finished = run(arguments);
    EXPECT_EQ(finished.exit_code, 2) << arguments;
    EXPECT_EQ(std::count(finished.err.begin(), finished.err.end(), '\n'), 1) << finished.err;
    EXPECT_NE(finished.err.find(words), std::string::npos) << words << " in " << finished.err;
  }
  static Json numbers(const Record& record) {
    Json json = Json::array();
    for (const Metric& metric : record.metrics) json.push_back({metric.name, metric.value});
    return json;
  }

  ScratchFolder folder_;
  std::string preset_ = toy_preset(folder_);
};

TEST_F(FeatureEvaluation, EmbeddedSplitsGiveTheNumbersOfTheCheckpoint) {
  expect_success("pretrain " + preset_ + " --out " + path("run"));
  std::filesystem::create_directories(path("embedded"));
  for (const std::string split : {"train", "test"}) {
    expect_success("embed " + path("run") + " idx:" + path("data") + " --split " + split +
                   " --tap mean --set precision=fp32 --out " + path("embedded/" + split + ".safetensors"));
  }
  for (const std::string settings : {"linear_probe", "knn k=1,5 headline_k=5"}) {
    const std::string rest = " seed=3 precision=fp32 --protocol " + settings;
    expect_success("evaluate " + path("run") + " --dataset idx:" + path("data") + rest + " taps=mean --out " +
                   path("a"));
    expect_success("evaluate " + path("embedded") + rest + " --label mine --out " + path("b"));
  }
  for (const std::string protocol : {"linear_probe-logistic", "knn"}) {
    const std::string a = path("a/idx-data." + protocol + "/report.json"),
                      b = path("b/features-idx-data." + protocol + "/report.json");
    const Record ours = read_record(a), features = read_record(b);
    EXPECT_EQ(numbers(ours), numbers(features)) << protocol;
    EXPECT_EQ(read_outcomes(a)->column("prediction"), read_outcomes(b)->column("prediction"));
    EXPECT_EQ(read_outcomes(a)->tables[0].ids, read_outcomes(b)->tables[0].ids);
    EXPECT_EQ(features.checkpoint.at("kind"), "features");
    EXPECT_EQ(features.checkpoint.at("label"), "mine");
    EXPECT_EQ(features.checkpoint.at("made_by").at("weights"), ours.checkpoint.at("sha256"));
    EXPECT_EQ(features.dataset.at("splits"), ours.dataset.at("splits"));
    EXPECT_TRUE(features.warnings.empty() || features.warnings == ours.warnings);
  }
  expect_success("report " + path("a") + " " + path("b") + " --out " + path("page.html"));
}

TEST_F(FeatureEvaluation, OtherFeaturesOfTheSameRowsAreComparable) {
  const at::Tensor labels = at::arange(60, at::kLong).remainder(3);
  const at::Tensor good = at::one_hot(labels, 3).to(at::kFloat), poor = good + at::randn({60, 3});
  save_tensors(path("good.safetensors"), {{"features", good}, {"labels", labels}}, {{"dataset", "blobs"}});
  save_tensors(path("poor.safetensors"), {{"features", poor}, {"labels", labels}}, {{"dataset", "blobs"}});
  for (const std::string name : {"good", "poor"}) {
    expect_success("evaluate " + path(name + ".safetensors") + " --protocol knn k=1 headline_k=1 --out " +
                   path(name));
  }
  const Record a = read_record(path("good/features-blobs.knn/report.json")),
               b = read_record(path("poor/features-blobs.knn/report.json"));
  EXPECT_EQ(a.fingerprint, b.fingerprint);
  EXPECT_NE(a.checkpoint.at("sha256"), b.checkpoint.at("sha256"));
  EXPECT_DOUBLE_EQ(a.headline().value, 1.0);
  ASSERT_EQ(a.warnings.size(), 1U);
  EXPECT_NE(a.warnings[0].find("the file says no split: 20 % of its rows"), std::string::npos);
  const Finished table = run("report " + path("good") + " " + path("poor"));
  EXPECT_NE(table.out.find("| good |"), std::string::npos) << table.out;
  EXPECT_NE(table.out.find("| poor |"), std::string::npos) << table.out;
}

TEST_F(FeatureEvaluation, TellsWhatIsWrongInOneLine) {
  const at::Tensor labels = at::arange(60, at::kLong).remainder(3), features = at::randn({60, 3});
  save_tensors(path("f.safetensors"), {{"features", features}, {"labels", labels}});
  save_tensors(path("taps.safetensors"), {{"cls", features}, {"labels", labels}});
  const std::string evaluate = "evaluate " + path("f.safetensors") + " --out " + path("x");
  expect_trouble(evaluate + " --protocol knn --dataset fashion_mnist",
                 "[evaluate] --dataset: expected none with a file of features");
  expect_trouble(evaluate + " --protocol linear_probe,finetune", "[finetune] expected an encoder");
  expect_trouble(evaluate + " --protocol throughput", "got a file of features");
  expect_trouble(evaluate + " --protocol knn view=eval:8", "key 'view'");
  expect_trouble(evaluate + " --protocol zero_shot",
                 "'text_features' with a row for each of 3 classes; got none");
  expect_trouble(evaluate + " --protocol knn --like " + path("f.safetensors"), "--like");
  expect_trouble("evaluate " + path("taps.safetensors") + " --protocol knn --out " + path("x"),
                 "expected a tensor 'features'; got cls, labels");
  EXPECT_FALSE(std::filesystem::exists(path("x"))) << "nothing ran";
}

}  // namespace
}  // namespace repbench
