#include <algorithm>

#include "reports/record.h"
#include "tests/suite/command_line.h"

// Encoders measured in turns, through the built program.

namespace repbench {
namespace {

class Beside : public testing::Test {
 protected:
  std::string path(const std::string& name) { return (folder_ / name).string(); }
  Finished evaluate(const std::string& arguments) {
    return run_repbench(
        folder_, "evaluate " + arguments +
                     " --protocol throughput repetitions=3 block_seconds=0.01 batch=2 matmul_size=64 --out " +
                     path("reports"));
  }
  void pretrain(const std::string& name, const std::string& settings) {
    const Finished finished =
        run_repbench(folder_, "pretrain " + preset_ + " " + settings + " --out " + path(name));
    ASSERT_EQ(finished.exit_code, 0) << finished.err;
  }
  Record report(const std::string& folder) {
    return read_record(folder_ / "reports" / folder / "synthetic.throughput" / "report.json");
  }
  void expect_trouble(const Finished& finished, const std::string& words) {
    EXPECT_EQ(finished.exit_code, 2) << finished.out;
    EXPECT_EQ(std::count(finished.err.begin(), finished.err.end(), '\n'), 1) << finished.err;
    EXPECT_NE(finished.err.find(words), std::string::npos) << words << " in " << finished.err;
  }

  ScratchFolder folder_;
  std::string preset_ = toy_preset(folder_);
};

TEST_F(Beside, EveryEncoderGetsAReportOfOneMeasurement) {
  pretrain("a", "label='a: wide'");
  pretrain("b", "label=.b model.depth=1");
  const std::string arguments =
      path("a") + " --beside " + path("b") + " --beside raw_pixels --like " + path("a");
  const Finished finished = evaluate(arguments);
  ASSERT_EQ(finished.exit_code, 0) << finished.err;
  const Record a = report("a__wide"), b = report("_b"), pixels = report("raw_pixels");
  EXPECT_EQ(a.checkpoint.at("label"), "a: wide");
  EXPECT_EQ(b.checkpoint.at("label"), ".b");
  EXPECT_NE(a.checkpoint.at("sha256"), b.checkpoint.at("sha256"));
  EXPECT_EQ(a.run.at("measurement"), b.run.at("measurement"));
  EXPECT_EQ(a.run.at("measurement"), pixels.run.at("measurement"));
  for (const char* key : {"time", "command", "commit", "dirty"}) EXPECT_TRUE(a.run.contains(key)) << key;
  EXPECT_EQ(a.fingerprint, b.fingerprint);
  EXPECT_EQ(a.headline().repetitions.value().values.size(), 3U);
  EXPECT_EQ(evaluate(arguments).exit_code, 0) << "the same again is no loss";
  EXPECT_NE(report("_b").run.at("measurement"), b.run.at("measurement"));
  expect_trouble(evaluate(arguments + " seed=1"), "--force");
}

TEST_F(Beside, OneEncoderStaysWhereItWas) {
  pretrain("a", "");
  ASSERT_EQ(evaluate(path("a")).exit_code, 0);
  EXPECT_TRUE(report("").run.contains("measurement"));
  EXPECT_EQ(evaluate(path("a")).exit_code, 0) << "the same again is no loss";
}

TEST_F(Beside, LabelsTellReportsApart) {
  pretrain("a", "");
  expect_trouble(evaluate(path("a") + " --beside " + path("a")), "--label");
  expect_trouble(evaluate(path("a") + " --beside " + path("a") + " --label 'x y' --label x_y"),
                 "'x_y' twice");
  EXPECT_EQ(evaluate(path("a") + " --beside " + path("a") + " --label one --label two").exit_code, 0);
  EXPECT_EQ(report("two").checkpoint.at("label"), "two");
  expect_trouble(evaluate(path("a") + " --label one --label two"), "at most one an encoder (1); got 2");
}

TEST_F(Beside, OtherProtocolsAreRefusedBeforeAnythingIsLoaded) {
  const Finished finished =
      run_repbench(folder_, "evaluate " + path("absent") + " --beside " + path("neither") +
                                " --protocol throughput,knn --out " + path("reports"));
  expect_trouble(
      finished,
      "[evaluate] --beside: expected a protocol that measures encoders in turns (throughput); got knn");
}

TEST_F(Beside, FeaturesHaveNoSpeed) {
  pretrain("a", "");
  const Finished embedded = run_repbench(folder_, "embed " + path("a") + " idx:" + path("data") +
                                                      " --tap mean --out " + path("features.safetensors"));
  ASSERT_EQ(embedded.exit_code, 0) << embedded.err;
  expect_trouble(evaluate(path("a") + " --beside " + path("features.safetensors")),
                 "[throughput] expected an encoder with weights; got a file of features");
}

}  // namespace
}  // namespace repbench
