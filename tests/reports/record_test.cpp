#include "reports/record.h"

#include <gtest/gtest.h>

#include <fstream>
#include <limits>

#include "files/atomic.h"
#include "reports/record_json.h"
#include "tests/files/error_message.h"
#include "tests/files/scratch_folder.h"
#include "tests/reports/sample_record.h"

namespace repbench {
namespace {

Record full_record() {
  Record record = sample_record("MAE", "linear_probe", 823);
  Metric loss;
  loss.name = "masked_mse";
  loss.value = 1.25;
  loss.unit = "normalised pixels squared";
  loss.direction = Direction::lower_is_better;
  loss.repetitions = {"draw", {1.0, 1.5}};
  record.metrics.push_back(loss);
  record.curves = {
      {"blocks", "tuned blocks", "accuracy", {0, 0.5}, {0.8, 0.9}, {{0.7, 0.85}, {0.88, 0.92}}, {"", "½"}}};
  record.warnings = {"one warning"};
  return record;
}

/// Writes a report, lets `edit` change its JSON, and says how reading fails.
template <class Edit>
std::string reading_error_after(Edit edit) {
  const ScratchFolder folder;
  write_record(folder.path(), full_record());
  Json document = read_json(folder / "report.json");
  edit(document);
  write_file_atomically(folder / "report.json", document.dump());
  return error_message<std::invalid_argument>([&] { read_record(folder / "report.json"); });
}

TEST(Record, ComesBackAsItWasWritten) {
  const ScratchFolder folder;
  const Record written = full_record();
  write_record(folder.path(), written);
  const Record read = read_record(folder / "report.json");
  EXPECT_EQ(read.run, written.run);
  EXPECT_EQ(read.environment, written.environment);
  EXPECT_EQ(read.checkpoint, written.checkpoint);
  EXPECT_EQ(read.dataset, written.dataset);
  EXPECT_EQ(read.protocol, "linear_probe");
  EXPECT_EQ(read.requested, written.requested);
  EXPECT_EQ(read.resolved, written.resolved);
  EXPECT_EQ(read.fingerprint, written.fingerprint);
  EXPECT_EQ(read.cost, written.cost);
  EXPECT_EQ(read.warnings, written.warnings);
  ASSERT_EQ(read.metrics.size(), 2u);
  EXPECT_EQ(read.headline().value, 0.823);
  EXPECT_EQ(read.headline().interval->low, written.headline().interval->low);
  EXPECT_EQ(*read.headline().n, 1000);
  EXPECT_EQ(*read.headline().chance, 0.1);
  EXPECT_EQ(read.find("masked_mse")->direction, Direction::lower_is_better);
  EXPECT_FALSE(read.find("masked_mse")->interval.has_value());
  EXPECT_EQ(read.headline().column, "correct");
  EXPECT_EQ(read.headline().version, 1);
  EXPECT_EQ(read.find("masked_mse")->repetitions->unit, "draw");
  EXPECT_EQ(read.find("masked_mse")->repetitions->values, (std::vector<double>{1.0, 1.5}));
  EXPECT_EQ(read.identity, written.identity);
  EXPECT_EQ(read.schema_version, kReportSchemaVersion);
  EXPECT_EQ(read.find("missing"), nullptr);
}

TEST(Record, KeepsItsCurves) {
  const ScratchFolder folder;
  write_record(folder.path(), full_record());
  const Record read = read_record(folder / "report.json");
  ASSERT_EQ(read.curves.size(), 1u);
  EXPECT_EQ(read.curves[0].x, (std::vector<double>{0, 0.5}));
  EXPECT_EQ(read.curves[0].y, (std::vector<double>{0.8, 0.9}));
  EXPECT_EQ(read.curves[0].x_ticks, (std::vector<std::string>{"", "½"}));
  EXPECT_EQ(read.curves[0].intervals[1].high, 0.92);
}

TEST(Record, GivesTheSameBytesForTheSameContent) {
  const ScratchFolder a, b;
  write_record(a.path(), full_record());
  write_record(b.path(), full_record());
  EXPECT_EQ(read_file(a / "report.json"), read_file(b / "report.json"));
  EXPECT_EQ(read_file(a / "outcomes.json"), read_file(b / "outcomes.json"));
}

TEST(Record, RefusesNaNAndNamesTheField) {
  const ScratchFolder folder;
  Record record = full_record();
  record.metrics[1].standard_error = std::numeric_limits<double>::quiet_NaN();
  const auto message = error_message<std::invalid_argument>([&] { write_record(folder.path(), record); });
  EXPECT_PRED2(contains, message, "metric masked_mse standard_error");
  EXPECT_FALSE(std::filesystem::exists(folder / "report.json"));
  EXPECT_FALSE(std::filesystem::exists(folder / "outcomes.json"));
}

TEST(Record, RefusesInfinityInACurveAndInTheCost) {
  const ScratchFolder folder;
  Record record = full_record();
  record.curves[0].y[1] = std::numeric_limits<double>::infinity();
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] { write_record(folder.path(), record); }),
               "curve blocks y");
  record = full_record();
  record.cost["seconds"] = std::numeric_limits<double>::infinity();
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] { write_record(folder.path(), record); }),
               "cost.seconds");
}

TEST(Record, RefusesAShareOutsideZeroToOne) {
  const ScratchFolder folder;
  Record record = full_record();
  record.metrics[0].column.clear();
  record.metrics[0].value = 82.3;
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] { write_record(folder.path(), record); }),
               "metrics[0].value");
}

TEST(Record, NeedsExactlyOneHeadline) {
  const ScratchFolder folder;
  Record record = full_record();
  record.metrics[1].headline = true;
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] { write_record(folder.path(), record); }),
               "headline");
  record.metrics[0].headline = record.metrics[1].headline = false;
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] { write_record(folder.path(), record); }),
               "headline");
  EXPECT_THROW(record.headline(), std::logic_error);
}

TEST(Record, RefusesWhatWasEditedByHand) {
  EXPECT_PRED2(contains, reading_error_after([](Json& json) { json["metrics"][0]["value"] = 0.9; }),
               "edited by hand?");
  EXPECT_PRED2(contains, reading_error_after([](Json& json) { json["checkpoint"]["label"] = "ours"; }),
               "report.json");
  EXPECT_PRED2(contains, reading_error_after([](Json& json) { json.erase("sha256"); }),
               "expected the key sha256");
}

TEST(Record, RefusesAMetricThatItsOutcomesDoNotGive) {
  const ScratchFolder folder;
  Record record = full_record();
  record.metrics[0].value = 0.824;
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] { write_record(folder.path(), record); }),
               "metric accuracy: expected 0.823 as its outcomes give; got 0.824");
  record = full_record();
  record.metrics[0].column = "corect";
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] { write_record(folder.path(), record); }),
               "'corect'");
}

TEST(Record, RefusesAnUnknownMetricAndNamesTheNearest) {
  const std::string message = reading_error_after([](Json& json) { json["metrics"][0]["name"] = "acuracy"; });
  EXPECT_PRED2(contains, message, "report.json");
  EXPECT_PRED2(contains, message, "got 'acuracy' (did you mean 'accuracy'?)");
}

TEST(Record, RefusesSettingsThatItDoesNotHaveAsIdentity) {
  EXPECT_PRED2(contains, reading_error_after([](Json& json) { json["protocol"]["identity"].push_back("k"); }),
               "protocol.identity");
}

TEST(Record, NamesAMissingKey) {
  EXPECT_PRED2(contains, reading_error_after([](Json& json) { json.erase("dataset"); }),
               "expected the key dataset");
  EXPECT_PRED2(contains, reading_error_after([](Json& json) { json["protocol"].erase("fingerprint"); }),
               "protocol.fingerprint");
  EXPECT_PRED2(contains, reading_error_after([](Json& json) { json["metrics"][1].erase("unit"); }),
               "metrics[1].unit");
  EXPECT_PRED2(contains, reading_error_after([](Json& json) { json["checkpoint"].erase("label"); }),
               "checkpoint.label");
}

TEST(Record, NamesTheFileAndAnUnknownOrIllTypedKey) {
  const std::string message = reading_error_after([](Json& json) { json["metrics"][0]["vaule"] = 1; });
  EXPECT_PRED2(contains, message, "report.json");
  EXPECT_PRED2(contains, message, "metrics[0].vaule (did you mean 'value'?)");
  EXPECT_PRED2(contains, reading_error_after([](Json& json) { json["metrics"][0]["value"] = "0.9"; }),
               "expected a number at metrics[0].value; got \"0.9\"");
  EXPECT_PRED2(contains, reading_error_after([](Json& json) {
                 json["metrics"][0]["interval"] = {0.9, 0.8};
               }),
               "interval");
  EXPECT_PRED2(contains, reading_error_after([](Json& json) { json["curves"][0]["y"].push_back(1); }),
               "curves[0].y");
}

TEST(Record, RefusesANewerSchema) {
  const std::string message = reading_error_after([](Json& json) {
    json["schema_version"] = kReportSchemaVersion + 1;
    json["something_new"] = true;
  });
  EXPECT_PRED2(contains, message, "newer");
  EXPECT_PRED2(contains, message, "schema_version");
}

TEST(Record, RefusesATruncatedFile) {
  const ScratchFolder folder;
  write_record(folder.path(), full_record());
  const std::string text = read_file(folder / "report.json");
  for (const size_t size : {size_t{0}, size_t{1}, text.size() / 2, text.size() - 3}) {
    write_file_atomically(folder / "report.json", text.substr(0, size));
    EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] { read_record(folder / "report.json"); }),
                 "report.json");
  }
}

TEST(Record, RefusesNaNInAFile) {
  const ScratchFolder folder;
  write_record(folder.path(), full_record());
  std::string text = read_file(folder / "report.json");
  text.replace(text.find("0.823"), 5, "NaN  ");
  write_file_atomically(folder / "report.json", text);
  EXPECT_THROW(read_record(folder / "report.json"), std::invalid_argument);
}

TEST(FindReports, ListsEachReportOnceSortedAndSkipsUnfinishedFolders) {
  const ScratchFolder folder;
  for (const char* cell : {"b/x", "a/x", "c.tmp"}) write_record(folder / cell, full_record());
  const auto found = find_reports({folder.path(), folder / "a"});
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0], folder / "a/x/report.json");
  EXPECT_EQ(found[1], folder / "b/x/report.json");
  EXPECT_EQ(find_reports({folder / "a/x/report.json"}).size(), 1u);
}

TEST(FindReports, NamesAMissingFolder) {
  EXPECT_PRED2(contains, error_message<std::runtime_error>([] { find_reports({"/no/such/folder"}); }),
               "/no/such/folder");
}

TEST(FindReports, NamesALinkThatLeadsInACircle) {
  const ScratchFolder folder;
  std::filesystem::create_symlink("report.json", folder / "report.json");
  const auto found = find_reports({folder.path()});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_PRED2(contains, error_message<std::runtime_error>([&] { read_record(found[0]); }), "report.json");
}

TEST(Record, RefusesAFingerprintOfOtherSettingsWhoeverSealedIt) {
  const std::string message = reading_error_after([](Json& json) {
    json["protocol"]["requested"]["solver"] = "logistic";
    json["sha256"] = seal_of(json);
  });
  EXPECT_PRED2(contains, message, "expected the fingerprint of its settings and data");
}

TEST(FindReports, KeepsALinkThatLeadsNowhereSoThatItIsMissed) {
  const ScratchFolder folder;
  std::filesystem::create_symlink("gone.json", folder / "report.json");
  const auto found = find_reports({folder.path()});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_PRED2(contains, error_message<std::runtime_error>([&] { read_record(found[0]); }), "report.json");
}

}  // namespace
}  // namespace repbench
