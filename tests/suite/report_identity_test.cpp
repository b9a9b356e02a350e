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

// Made by the program before reports kept their `identity`; those of knn and zero_shot by version 2 of them.
// A change here makes every older report incomparable.
const std::vector<LockedReport> kLocked = {
    {"linear_probe", R"({"classifier": "ridge"})",
     "057404a1d5d2e3f75ab7353e6b569c002260f671eeb9259f36a5d4a461ee8651"},
    {"linear_probe", R"({"C": [0.1, 1], "train_limit": 40, "seed": 3})",
     "d58abcef330306fa331bba617a40d1e7f3f43ecf960f9c0e101eb8de16d483c8"},
    {"knn", R"({"k": [1, 5], "headline_k": 5, "limit": 12})",
     "f85f7d4fecb5974a6fe848b1fe4125c6ffcfb336b10b8230cba60105b326442f"},
    {"zero_shot", R"({"prompts": "prompts.json"})",
     "b85bd610572a24eeae320a80c76c5e62ace2e6fc64cd63deedeb54654f04f8a7"},
    {"few_shot", R"({"shots": [1, 2], "seeds": 2, "prompts": "off"})",
     "47954809eebe0c21c6d4d89dc34c21f882df220b1dd3107aac283c4271cd1282"},
    {"finetune", R"({"points": ["0", "all"], "train": {"epochs": 1, "warmup_epochs": 0, "batch_size": 16}})",
     "e627c297ef8228f52eaf68686297fe9011aa3e458d1f4526079fa01948ddd418"},
    {"throughput", R"({"repetitions": 3, "block_seconds": 0.01, "batch": 2, "matmul_size": 64})",
     "bf0929879ae0452f47b985d3899a337b7b5df58b44729160a27c4be2bf27d39c"},
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
    const bool texts = protocol == "zero_shot" || protocol == "retrieval";
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

TEST_F(ReportIdentity, WhatFilesSayCountsNotWhereTheyLie) {
  const auto has = [](const Record& record, const std::string& key) {
    return std::find(record.identity.begin(), record.identity.end(), key) != record.identity.end();
  };
  const auto written = [&](const std::string& name, const std::string& content) {
    write_file_atomically(folder_ / name, content);
    return (folder_ / name).string();
  };
  const Json words = {{"prompts", "prompts.json"}};
  const auto with = [&](const char* key, const Json& value) {
    Json settings = words;
    settings[key] = value;
    return evaluate("zero_shot", settings);
  };
  const Record plain = evaluate("zero_shot", words), listed = with("classes", {"1", "0"}),
               from_file = with("classes", {written("classes.json", R"([0, 1])")});
  EXPECT_FALSE(has(listed, "classes"));
  EXPECT_TRUE(has(plain, "classes"));
  EXPECT_EQ(listed.fingerprint, from_file.fingerprint);
  EXPECT_NE(listed.fingerprint, plain.fingerprint);
  const std::string other = R"({"class_names": ["even", "odd"], "templates": ["{}"]})";
  std::filesystem::create_directories(folder_ / "elsewhere");
  const Record compared = with("compare", {written("other.json", other)});
  EXPECT_EQ(compared.fingerprint, with("compare", {written("elsewhere/other.json", other)}).fingerprint);
  EXPECT_FALSE(has(compared, "compare"));
  const std::string another = R"({"class_names": ["even", "odd"], "templates": ["a {}"]})";
  EXPECT_NE(compared.fingerprint, with("compare", {written("other.json", another)}).fingerprint);
}

TEST_F(ReportIdentity, GroupsAreKnownByTheirContent) {
  const auto judged = [&](const std::string& name, const std::string& caption) {
    const Json row = {{"picture", "test/00000"}, {"captions", {caption}}, {"negatives", {"odd"}}};
    write_file_atomically(folder_ / name, Json{{"hard_negatives", Json::array({row})}}.dump());
    return evaluate("retrieval", {{"groups", (folder_ / name).string()}});
  };
  const Record record = judged("a.json", "even");
  EXPECT_TRUE(record.dataset.at("hashes").contains("groups"));
  EXPECT_EQ(record.fingerprint, judged("b.json", "even").fingerprint);
  EXPECT_NE(record.fingerprint, judged("a.json", "evenly").fingerprint);
}

TEST_F(ReportIdentity, DrawsOfNeighboursAreAPartOfIt) {
  const Json settings = {{"n_per_class", {2, 4}}, {"seeds", 2}};
  const Record record = evaluate("knn", settings);
  EXPECT_TRUE(record.dataset.at("hashes").contains("draws"));
  EXPECT_EQ(read_record(folder_ / "report" / "report.json").fingerprint, record.fingerprint);
  EXPECT_TRUE(std::filesystem::exists(folder_ / "report/draws/seed1-shots4.index.json"));
}

TEST_F(ReportIdentity, LeaveOneOutIsNoOversight) {
  const Record record =
      evaluate("knn", {{"leave_one_out", true}, {"test_split", "train"}, {"k", {1}}, {"headline_k", 1}});
  EXPECT_EQ(record.headline().n, 64);
  EXPECT_TRUE(record.warnings.empty()) << record.warnings.front();
  EXPECT_FALSE(evaluate("knn", {{"test_split", "train"}, {"k", {1}}, {"headline_k", 1}}).warnings.empty());
}

}  // namespace
}  // namespace repbench
