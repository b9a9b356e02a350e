#include <gtest/gtest.h>

#include <algorithm>

#include "suite/evaluation.h"
#include "tests/datasets/idx_folder.h"
#include "tests/files/scratch_folder.h"
#include "tests/protocols/toy_clip.h"

// What makes two reports comparable, over whole evaluations.

namespace repbench {
namespace {

struct LockedReport {
  const char* protocol;
  const char* settings;
  const char* expected;
};

// Made by the program before reports kept their `identity`. A change here makes every older report
// incomparable.
const std::vector<LockedReport> kLocked = {
    {"linear_probe", R"({"classifier": "ridge"})",
     "9a34f3e28c7816f0d279c4be9cafbed1401cc03dbbefd9bb2c83f33962f7e796"},
    {"linear_probe", R"({"C": [0.1, 1], "train_limit": 40, "seed": 3})",
     "94c3f13dd18060c34d31da0dd24c95693333ec93a5362e5f7513f949d7cd0144"},
    {"knn", R"({"k": [1, 5], "headline_k": 5, "limit": 12})",
     "bfe90fd58ee3b55b9941c756066a5683dacf855a175c33616477b62d62dbe1d9"},
    {"zero_shot", R"({"prompts": "prompts.json"})",
     "8f8d28b933c2e43411b5fd261acf90830fb2ce9bba5d3e83715827c5ab440733"},
    {"few_shot", R"({"shots": [1, 2], "seeds": 2, "prompts": "off"})",
     "a6d1b188957e8a2c6852ad8ffa18abe1b9c002414ae74ff261107a3917d62d40"},
    {"finetune", R"({"points": ["0", "all"], "train": {"epochs": 1, "warmup_epochs": 0, "batch_size": 16}})",
     "2f036be9f3e863f25900f59de2de16808fbf8f3a6afe8f28f93635b63f0ca292"},
    {"throughput", R"({"repetitions": 3, "block_seconds": 0.01, "batch": 2})",
     "bde4be5db0dff129d60e79af86e4db80364d901294e5f923108c79328b6f14a5"},
    {"reconstruction", R"({"examples": 8, "rows": 4})",
     "3130a7ca440c5bd1f631ec50a109d6d6315feed4352fb754db03996b0cd71a30"},
    {"visualise", R"({"examples": 12, "shown": 2})",
     "fd73ed6892e1dc5b9612f29867d27b1f347a91c04894a21b6c23e7c3e70947a7"},
    {"calibration", R"({"C": 0.1})", "5ab85e55c4bd65247949efe206fd2ae269ddde3217c75d035827354feda1dfe8"},
    {"label_free", R"({"lidar_views": 2})",
     "f38e424e6b7223fd3bf8a314bef26c7d565bebc8e6f77a395f299663b94966d2"}};

class ReportIdentity : public testing::Test {
 protected:
  ReportIdentity() {
    for (const auto& [split, count] : {std::pair("train", 64U), std::pair("test", 20U)}) {
      std::vector<uint8_t> pixels, labels;
      for (uint32_t i = 0; i < count * 20; ++i) pixels.push_back(static_cast<uint8_t>(37 * i + i / 7));
      for (uint32_t i = 0; i < count; ++i) labels.push_back(static_cast<uint8_t>(i % 2));
      write_file_atomically(idx_path(folder_ / "data", split, "images-idx3"),
                            idx_bytes({count, 5, 4}, pixels));
      write_file_atomically(idx_path(folder_ / "data", split, "labels-idx1"), idx_bytes({count}, labels));
    }
    write_file_atomically(
        folder_ / "prompts.json",
        R"({"source": "a test", "class_names": ["even", "odd"], "templates": ["an {} one", "the {} one"]})");
  }

  Record evaluate(const std::string& protocol, Json settings) const {
    if (settings.value("prompts", "") == "prompts.json")
      settings["prompts"] = (folder_ / "prompts.json").string();
    Evaluation evaluation =
        prepare_evaluation(protocol, "idx:" + (folder_ / "data").string(), settings, "test", {});
    const bool texts = protocol == "zero_shot";
    const Subject subject =
        texts ? toy_clip({{"even", {1, 0, 0, 0}}, {"odd", {0, 1, 0, 0}}}) : tiny_mae(folder_ / "run", 0);
    Progress progress("test: ");
    return run_evaluation(evaluation, subject, folder_ / "report", progress);
  }

  ScratchFolder folder_;
};

TEST_F(ReportIdentity, FingerprintsStayWhatTheyWere) {
  for (const LockedReport& row : kLocked) {
    const Record record = evaluate(row.protocol, Json::parse(row.settings));
    EXPECT_EQ(record.fingerprint, row.expected) << row.protocol << " " << row.settings;
    const Record read = read_record(folder_ / "report" / "report.json");
    EXPECT_EQ(fingerprint(read), row.expected) << "what was written gives it again";
  }
}

TEST_F(ReportIdentity, NamesTheSettingsThatChangeResults) {
  const auto has = [](const Record& record, const std::string& key) {
    return std::find(record.identity.begin(), record.identity.end(), key) != record.identity.end();
  };
  const Record knn = evaluate("knn", {{"k", {1}}, {"headline_k", 1}});
  for (const char* key : {"k", "temperature", "seed", "limit", "test_split", "precision"})
    EXPECT_TRUE(has(knn, key)) << key;
  for (const char* key : {"workers", "device", "threads", "batch_size", "cache", "test_index"})
    EXPECT_FALSE(has(knn, key)) << key;
  const Record words = evaluate("zero_shot", {{"prompts", "prompts.json"}});
  EXPECT_FALSE(has(words, "prompts")) << "their content counts, not the file's name";
  EXPECT_TRUE(words.dataset.at("hashes").contains("prompts"));
  EXPECT_TRUE(has(words, "templates"));
  EXPECT_FALSE(has(evaluate("visualise", {{"examples", 4}}), "shown"));
}

}  // namespace
}  // namespace repbench
