#include <sys/stat.h>

#include <algorithm>

#include "files/json.h"
#include "reports/record.h"
#include "tests/datasets/golden.h"
#include "tests/suite/command_line.h"

// Data sets through the built program.

namespace repbench {
namespace {

class DataCommands : public testing::Test {
 protected:
  Finished run(const std::string& arguments) { return run_repbench(folder_, arguments); }
  std::string path(const std::string& name) { return (folder_ / name).string(); }

  static std::string picture(const std::string& name) { return read_file(golden_folder() / "jpeg" / name); }
  void put(const std::string& name, const std::string& content) {
    write_file_atomically(folder_ / name, content);
  }

  void expect_success(const std::string& arguments) {
    const Finished finished = run(arguments);
    ASSERT_EQ(finished.exit_code, 0) << arguments << ": " << finished.err;
  }

  static bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
  }

  Record evaluated(const std::string& settings, const std::string& out, const std::string& folder) {
    expect_success("evaluate " + path("run") + " --dataset idx:" + path("data") + " precision=fp32 " +
                   settings + " --out " + path(out));
    return read_record(path(out) + "/" + folder + "/report.json");
  }

  ScratchFolder folder_;
};

TEST_F(DataCommands, VerifyAnswersYesNoOrTrouble) {
  put("pets/train/cat/a.jpg", picture("420.jpg"));
  put("pets/train/dog/b.jpg", picture("grey.jpg"));
  const Finished yes = run("data verify image_folder:" + path("pets"));
  EXPECT_EQ(yes.exit_code, 0) << yes.err;
  EXPECT_TRUE(has(yes.out, "train: 2 pictures, 2 JPEG")) << yes.out;
  EXPECT_TRUE(has(yes.out, "no problems")) << yes.out;

  put("pets/test/dog/c.jpg", picture("420.jpg"));
  put("pets/test/cat/broken.jpg", picture("grey.jpg").substr(0, 200));
  const Finished no = run("data verify image_folder:" + path("pets") + " --json " + path("findings.json"));
  EXPECT_EQ(no.exit_code, 1);
  EXPECT_TRUE(has(no.out, "broken picture: test/cat/broken.jpg: ")) << no.out;
  EXPECT_TRUE(has(no.out,
                  "exact duplicate: test/dog/c.jpg: of train/cat/a.jpg (train and test); their classes "
                  "differ: 'cat' and 'dog'"))
      << no.out;
  const Json findings = read_json(path("findings.json"));
  EXPECT_EQ(findings["findings"].size(), 2U);
  EXPECT_EQ(findings["splits"][1]["broken"], 1);

  const Finished trouble = run("data verify image_folder:" + path("nowhere"));
  EXPECT_EQ(trouble.exit_code, 2);
  EXPECT_EQ(std::count(trouble.err.begin(), trouble.err.end(), '\n'), 1) << trouble.err;
}

TEST_F(DataCommands, VerifyLooksAtEverythingWhateverIsMissing) {
  put("pets/train/cat/a.jpg", picture("420.jpg"));
  put("pets/train/dog/b.jpg", picture("420.jpg"));
  std::filesystem::create_directories(path("pets/train/empty"));
  std::filesystem::create_symlink(path("gone.jpg"), path("pets/train/cat/link.jpg"));
  put("pets/val/no_class.jpg", picture("grey.jpg"));
  const Finished finished = run("data verify image_folder:" + path("pets"));
  EXPECT_EQ(finished.exit_code, 1) << finished.err;
  for (const std::string part :
       {"pets/train/empty: expected pictures",
        "link.jpg: expected a picture; got no such file (1 of 3 pictures",
        "empty class: train: no example of class 2 ('empty')", "exact duplicate: train/dog/b.jpg",
        "broken picture: train/cat/link.jpg", "split that cannot be opened: val: [image_folder] "}) {
    EXPECT_TRUE(has(finished.out, part)) << part << " in " << finished.out;
  }
}

TEST_F(DataCommands, ViewsWaitForNoPipeAndReadNamesOfAnyBytes) {
  ASSERT_EQ(mkfifo(path("pipe.jpg").c_str(), 0600), 0);
  const Finished refused =
      run("view " + path("pipe.jpg") + " --view squash:8 --out " + path("a.safetensors"));
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_TRUE(has(refused.err, "pipe.jpg: expected a regular file; got a folder, a pipe or a device"))
      << refused.err;
  put("n\xff.jpg", picture("420.jpg"));
  const Finished read =
      run("view '" + path("n\xff.jpg") + "' --view squash:8 --out " + path("b.safetensors"));
  EXPECT_EQ(read.exit_code, 0) << read.err;
  EXPECT_TRUE(has(read_file(path("b.safetensors")), "n\\\\xff.jpg"));
}

TEST_F(DataCommands, VerifyNamesClassesWhoseNumbersAreSortedAsText) {
  for (const std::string name : {"1", "2", "10"})
    put("digits/train/" + name + "/a" + name + ".jpg", picture("420.jpg"));
  const Finished finished = run("data verify image_folder:" + path("digits") + " --splits train");
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_TRUE(has(finished.out,
                  "class order: image_folder:digits: class 1 is '10' and class 2 is '2': their numbers fall"))
      << finished.out;
}

TEST_F(DataCommands, ADrawLiesBesideTheReportAndCanBeRepeated) {
  expect_success("pretrain " + toy_preset(folder_) + " --out " + path("run"));
  const std::string settings = "--protocol knn k=1 headline_k=1 seed=5", folder = "idx-data.knn";
  const Record drawn = evaluated(settings + " limit=7 train_limit=30", "a", folder);
  const Json index = read_json(path("a/" + folder + "/test.index.json"));
  EXPECT_EQ(index["ids"].size(), 7U);
  EXPECT_EQ(index["hash"], drawn.dataset["hashes"]["test_examples"]);
  const std::string files = " test_index=" + path("a/" + folder + "/test.index.json") +
                            " train_index=" + path("a/" + folder + "/train.index.json");
  const Record repeated = evaluated(settings + files, "b", folder);
  EXPECT_EQ(repeated.dataset["hashes"], drawn.dataset["hashes"]);
  EXPECT_EQ(repeated.headline().value, drawn.headline().value);
  EXPECT_EQ(drawn.dataset["class_balance"]["test"]["smallest"], 3);
  EXPECT_GT(drawn.cost["data"]["pictures"].get<int64_t>(), 0);
}

TEST_F(DataCommands, FewShotDrawsCanBeSomebodyElses) {
  expect_success("pretrain " + toy_preset(folder_) + " --out " + path("run"));
  const std::string settings = "--protocol few_shot shots=1,2 seeds=2", folder = "idx-data.few_shot-logistic";
  const Record drawn = evaluated(settings, "a", folder);
  const std::string draws = path("a/" + folder + "/draws");
  for (const std::string name : {"seed0-shots1", "seed0-shots2", "seed1-shots1", "seed1-shots2"})
    EXPECT_TRUE(std::filesystem::exists(draws + "/" + name + ".index.json")) << name;
  const Record same = evaluated(settings + " draws=" + draws, "b", folder);
  EXPECT_EQ(same.fingerprint, drawn.fingerprint);
  EXPECT_EQ(same.headline().value, drawn.headline().value);

  std::filesystem::copy_file(draws + "/seed1-shots1.index.json", draws + "/seed0-shots1.index.json",
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_NE(evaluated(settings + " draws=" + draws, "c", folder).fingerprint, drawn.fingerprint)
      << "other pictures, another number";
  std::filesystem::copy_file(draws + "/seed0-shots2.index.json", draws + "/seed0-shots1.index.json",
                             std::filesystem::copy_options::overwrite_existing);
  const Finished refused = run("evaluate " + path("run") + " --dataset idx:" + path("data") + " " + settings +
                               " draws=" + draws + " --out " + path("d"));
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_TRUE(has(refused.err, "seed0-shots1.index.json: expected 1 examples of class 0")) << refused.err;
}

TEST_F(DataCommands, ACellOfAnExperimentDependsOnWhatItsIndexFileHolds) {
  toy_preset(folder_);
  put("some.txt", "0\n1\n2\n3\n");
  write_file_atomically(path("experiment.json"), fmt::format(R"({{
    "pretrain": "preset.json", "evaluations": [{{"protocol": "knn", "dataset": "idx:{}",
    "set": {{"k": [1], "headline_k": 1, "test_index": "{}"}}}}]}})",
                                                             path("data"), path("some.txt")));
  const std::string command = "run " + path("experiment.json") + " --out " + path("cells");
  expect_success(command);
  expect_success(command);
  put("some.txt", "0\n1\n2\n5\n");
  const Finished refused = run(command);
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_TRUE(has(refused.err, "cell.json")) << refused.err;
}

TEST_F(DataCommands, SeveralViewsOfAPictureAreWrittenEachUnderItsNumber) {
  put("a.jpg", picture("420.jpg"));
  const Finished finished =
      run("view " + path("a.jpg") + " --view '2*crop:16:0.5:1;small_eval:8' --out " + path("v.safetensors"));
  ASSERT_EQ(finished.exit_code, 0) << finished.err;
  EXPECT_TRUE(has(finished.out, "1 pictures under 2*crop:16:0.5:1:bicubic;small_eval:8")) << finished.out;
  const std::string written = read_file(path("v.safetensors"));
  for (const std::string number : {":0", ":1", ":2"}) EXPECT_TRUE(has(written, "a.jpg" + number)) << number;
}

// 400 pictures; the last few are cut.
class BrokenTraining : public DataCommands {
 protected:
  Finished pretrain(int broken, const std::string& settings) {
    const std::string whole = picture("420.jpg");
    for (int i = 0; i < 400; ++i) {
      const bool cut = i >= 400 - broken;
      put(fmt::format("pets/train/{}/{:03}.jpg", i % 2, i), cut ? whole.substr(0, whole.size() / 2) : whole);
    }
    toy_preset(folder_);
    return run("pretrain " + path("preset.json") + " dataset=image_folder:" + path("pets") +
               " train.epochs=1 " + "train.warmup_epochs=0 view=crop:8 " + settings + " --out " +
               path("run"));
  }
};

TEST_F(BrokenTraining, NamesAndReplacesAsManyAsTolerated) {
  const Finished finished = pretrain(2, "tolerate_broken=0.005");
  ASSERT_EQ(finished.exit_code, 0) << finished.err;
  EXPECT_TRUE(has(finished.err, "warning: replaced a broken picture: [decode] train/0/398.jpg"))
      << finished.err;
  EXPECT_TRUE(has(finished.err, "train/1/399.jpg")) << finished.err;
  const std::string config =
      read_file(path("run/" + read_file(path("run/latest")).substr(0, 11) + "/config.json"));
  EXPECT_EQ(parse_json(config, "config")["training"]["broken_pictures"], 2);
}

TEST_F(BrokenTraining, StopsAtTheFirstUnlessTheyAreTolerated) {
  const Finished finished = pretrain(2, "");
  EXPECT_EQ(finished.exit_code, 2) << "0.1 % of 400 is none";
  EXPECT_EQ(std::count(finished.err.begin(), finished.err.end(), '\n'), 1) << finished.err;
}

TEST_F(DataCommands, ARunIsResumedOnItsOwnDataAlone) {
  const std::string preset = toy_preset(folder_);
  expect_success("pretrain " + preset + " --out " + path("run"));
  write_idx_split(folder_ / "data", "train", std::vector<uint8_t>(64, 0));
  const Finished finished = run("pretrain " + preset + " train.epochs=3 --resume --out " + path("run"));
  EXPECT_EQ(finished.exit_code, 2);
  const Finished same = run("pretrain " + preset + " --resume --out " + path("run"));
  EXPECT_EQ(same.exit_code, 2);
  EXPECT_TRUE(has(same.err, "data.sha256")) << same.err;
}

}  // namespace
}  // namespace repbench
