#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cmath>
#include <filesystem>

#include "files/atomic.h"
#include "files/hash.h"
#include "reports/record_json.h"
#include "tests/files/error_message.h"
#include "tests/files/scratch_folder.h"
#include "tests/reports/sample_record.h"

namespace repbench {
namespace {

std::string reading_error(const ScratchFolder& folder) {
  return error_message<std::invalid_argument>([&] { read_outcomes(folder / "report.json"); });
}

TEST(Outcomes, ComeBackAsTheyWereWritten) {
  const ScratchFolder folder;
  Record record = sample_record("MAE", "knn", 8, 10);
  record.outcomes->class_names = std::vector<std::string>(10, "a class");
  record.outcomes->tables.push_back({"text", {"a#0", "a#1"}, {-1, -1}, {{"image_rank", {1, 2.5}}}});
  write_record(folder.path(), record);
  const auto read = read_outcomes(folder / "report.json");
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->class_names, record.outcomes->class_names);
  ASSERT_EQ(read->tables.size(), 2U);
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(read->tables[i].unit, record.outcomes->tables[i].unit);
    EXPECT_EQ(read->tables[i].ids, record.outcomes->tables[i].ids);
    EXPECT_EQ(read->tables[i].labels, record.outcomes->tables[i].labels);
    EXPECT_EQ(read->tables[i].columns, record.outcomes->tables[i].columns);
  }
  EXPECT_EQ(read->column("image_rank"), (std::vector<double>{1, 2.5}));
  EXPECT_EQ(read->table_of("correct")->unit, "picture");
  EXPECT_EQ(read->table_of("corect"), nullptr);
  EXPECT_THROW(read->column("corect"), std::logic_error);
}

TEST(Outcomes, AreFoundByTheirHashInTheReport) {
  const ScratchFolder folder;
  write_record(folder.path(), sample_record("MAE", "knn", 8, 10));
  const Record report = read_record(folder / "report.json");
  EXPECT_EQ(report.outcomes_sha256, sha256_file(folder / "outcomes.json"));
  EXPECT_FALSE(report.outcomes.has_value()) << "they are loaded on demand";
}

TEST(Outcomes, AreAbsentWhereThereAreNone) {
  const ScratchFolder folder;
  write_record(folder.path(), sample_record("MAE", "knn", 8, 10));
  Record without = sample_record("MAE", "knn", 8, 10);
  without.outcomes.reset();
  without.metrics[0].column.clear();
  write_record(folder.path(), without);
  EXPECT_FALSE(read_outcomes(folder / "report.json").has_value());
  EXPECT_FALSE(std::filesystem::exists(folder / "outcomes.json"))
      << "an older report's outcomes must not linger";
}

TEST(Outcomes, AreRefusedWithAnotherHash) {
  const ScratchFolder folder;
  write_record(folder.path(), sample_record("MAE", "knn", 8, 10));
  std::string text = read_file(folder / "outcomes.json");
  text.replace(text.find("[1,1"), 4, "[0,1");
  write_file_atomically(folder / "outcomes.json", text);
  const std::string message = reading_error(folder);
  EXPECT_PRED2(contains, message, "outcomes.json");
  EXPECT_PRED2(contains, message, "sha256");
}

TEST(Outcomes, AreMissedWhenTheirFileIsGone) {
  const ScratchFolder folder;
  write_record(folder.path(), sample_record("MAE", "knn", 8, 10));
  std::filesystem::remove(folder / "outcomes.json");
  EXPECT_PRED2(contains, reading_error(folder), "no such file");
}

TEST(Outcomes, MustCountEachExampleOnceAndFillAllColumns) {
  const ScratchFolder folder;
  Record record = sample_record("MAE", "knn", 8, 10);
  record.outcomes->tables[0].ids[3] = record.outcomes->tables[0].ids[4];
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] { write_record(folder.path(), record); }),
               "test/4 twice");
  record = sample_record("MAE", "knn", 8, 10);
  record.outcomes->tables[0].labels.pop_back();
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] { write_record(folder.path(), record); }),
               "labels 9");
  record = sample_record("MAE", "knn", 8, 10);
  record.outcomes->tables.push_back(record.outcomes->tables[0]);
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] { write_record(folder.path(), record); }),
               "in two");
  record = sample_record("MAE", "knn", 8, 10);
  record.outcomes->tables[0].columns["score"] = std::vector<double>(10, std::nan(""));
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] { write_record(folder.path(), record); }),
               "finite numbers in score");
  for (const int64_t label : {int64_t{-2}, int64_t{1} << 40, int64_t{2}}) {
    record = sample_record("MAE", "knn", 8, 10);
    if (label == 2) record.outcomes->class_names = {"cat", "dog"};
    record.outcomes->tables[0].labels = std::vector<int64_t>(10, 0);
    record.outcomes->tables[0].labels[7] = label;
    EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] { write_record(folder.path(), record); }),
                 "got " + std::to_string(label) + " for test/7");
  }
}

TEST(Outcomes, AreCheckedEvenWhereTheHashAgrees) {
  const ScratchFolder folder;
  write_record(folder.path(), sample_record("MAE", "knn", 8, 10));
  std::string text = read_file(folder / "outcomes.json");
  text.replace(text.find("[1,1"), 2, "[\"one\"");
  write_file_atomically(folder / "outcomes.json", text);
  Json report = read_json(folder / "report.json");
  report["outcomes"]["sha256"] = sha256(text);
  report["sha256"] = seal_of(report);
  write_file_atomically(folder / "report.json", report.dump());
  EXPECT_PRED2(contains, reading_error(folder), "columns.correct");
}

TEST(Outcomes, OfAReportThatPointsElsewhereAreRefused) {
  const ScratchFolder folder;
  write_record(folder.path(), sample_record("MAE", "knn", 8, 10));
  Json report = read_json(folder / "report.json");
  report["outcomes"]["file"] = "../../etc/passwd";
  write_file_atomically(folder / "report.json", report.dump());
  EXPECT_PRED2(contains, reading_error(folder), "outcomes.file");
}

TEST(Outcomes, ThatAreAPipeAreNotWaitedFor) {
  const ScratchFolder folder;
  write_record(folder.path(), sample_record("MAE", "knn", 8, 10));
  std::filesystem::remove(folder / "outcomes.json");
  ASSERT_EQ(mkfifo((folder / "outcomes.json").c_str(), 0600), 0);
  EXPECT_PRED2(contains, error_message<std::runtime_error>([&] { read_outcomes(folder / "report.json"); }),
               "outcomes.json");
}

TEST(Outcomes, ThatContradictTheReportAreRefusedWhoeverSealedIt) {
  const ScratchFolder folder;
  write_record(folder.path(), sample_record("MAE", "knn", 8, 10));
  const Json report = read_json(folder / "report.json");
  const auto sealed = [&](const char* key, const Json& value) {
    Json edited = report;
    edited["metrics"][0][key] = value;
    edited["sha256"] = seal_of(edited);
    write_file_atomically(folder / "report.json", edited.dump());
    return reading_error(folder);
  };
  EXPECT_PRED2(contains, sealed("value", 0.9),
               "report.json: metric accuracy: expected 0.8 as its outcomes give");
  EXPECT_PRED2(contains, sealed("column", "correkt"), "expected outcomes with the column 'correkt'");
}

TEST(Outcomes, KeepWhichRowsStandTogether) {
  const ScratchFolder folder;
  Record record = sample_record("MAE", "knn", 8, 10);
  record.outcomes->tables[0].groups = {0, 0, 1, 1, 2, 2, 3, 3, 4, 4};
  write_record(folder.path(), record);
  EXPECT_EQ(read_outcomes(folder / "report.json")->tables[0].groups, record.outcomes->tables[0].groups);
  record.outcomes->tables[0].groups[9] = 10;
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] { write_record(folder.path(), record); }),
               "groups from 0 to 9; got 10");
}

}  // namespace
}  // namespace repbench
