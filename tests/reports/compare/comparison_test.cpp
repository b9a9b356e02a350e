#include "reports/compare/comparison.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "reports/metric_kinds.h"
#include "tests/files/error_message.h"
#include "tests/reports/compare/reports_on_disk.h"

namespace repbench {
namespace {

class CompareSides : public testing::Test {
 protected:
  void write(const std::string& side, const Record& record) {
    write_record(
        folder_ / side / (record.checkpoint.at("label").get<std::string>() + std::to_string(count_++)),
        record);
  }
  Comparison compare(const CompareOptions& options = {}) {
    return compare_sides(read_side(folder_ / "a"), read_side(folder_ / "b"), options);
  }
  static const Table* table(const std::vector<Table>& tables, const std::string& title) {
    const auto found = std::find_if(tables.begin(), tables.end(),
                                    [&](const Table& t) { return t.title.starts_with(title); });
    return found == tables.end() ? nullptr : &*found;
  }

  ScratchFolder folder_;
  int count_ = 0;
};

TEST_F(CompareSides, AlignsByDataSetProtocolAndFingerprint) {
  write("a", judged("MAE", "knn"));
  write("a", judged("MAE", "linear_probe"));
  write("b", judged("MAE v2", "linear_probe", 10));
  write("b", judged("MAE v2", "knn", 0, 10));
  const Comparison comparison = compare();
  ASSERT_EQ(comparison.cells.size(), 2U);
  for (const CellComparison& cell : comparison.cells) {
    ASSERT_TRUE(cell.comparable());
    EXPECT_EQ(cell.encoder_b, "MAE v2");
    EXPECT_NEAR(cell.metrics[0].difference, cell.protocol == "knn" ? 0.01 : -0.01, 1e-12);
    EXPECT_GE(*cell.metrics[0].adjusted_p, cell.metrics[0].units->p);
  }
  EXPECT_TRUE(comparison.missing.empty());
}

TEST_F(CompareSides, PairsEncodersByNameAndTheOnlyTrainedOneLeft) {
  for (const char* name : {"CLIP", "MAE", "untrained"}) write("a", judged(name, "knn"));
  for (const char* name : {"CLIP", "MAE new", "untrained"}) write("b", judged(name, "knn", 5));
  const Comparison comparison = compare();
  ASSERT_EQ(comparison.cells.size(), 3U);
  for (const CellComparison& cell : comparison.cells) {
    EXPECT_EQ(cell.encoder_b, cell.encoder_a == "MAE" ? "MAE new" : cell.encoder_a);
  }
}

TEST_F(CompareSides, SayWhatIsMissingOnEitherSide) {
  write("a", judged("MAE", "knn"));
  write("a", judged("MAE", "linear_probe"));
  write("b", judged("MAE", "knn"));
  write("b", judged("MAE", "finetune"));
  write("b", judged("CLIP", "knn"));
  const Comparison comparison = compare();
  EXPECT_EQ(comparison.cells.size(), 1U);
  ASSERT_EQ(comparison.missing.size(), 3U);
  const auto is_missing = [&](const char* encoder, const char* protocol, bool in_a) {
    return std::any_of(comparison.missing.begin(), comparison.missing.end(), [&](const MissingCell& cell) {
      return cell.encoder == encoder && cell.protocol == protocol && cell.in_a == in_a;
    });
  };
  EXPECT_TRUE(is_missing("MAE", "linear_probe", true));
  EXPECT_TRUE(is_missing("MAE", "finetune", false));
  EXPECT_TRUE(is_missing("CLIP", "knn", false));
}

TEST_F(CompareSides, RefuseAnotherSettingWithItsFieldAndBothValues) {
  write("a", with_setting(judged("MAE", "knn"), "k", 20));
  write("b", with_setting(judged("MAE", "knn"), "k", 10));
  const Comparison comparison = compare();
  ASSERT_EQ(comparison.cells.size(), 1U);
  EXPECT_FALSE(comparison.cells[0].comparable());
  EXPECT_TRUE(comparison.cells[0].metrics.empty());
  const std::vector<Table> tables = to_tables(comparison);
  ASSERT_NE(table(tables, "Not comparable"), nullptr);
  EXPECT_EQ(table(tables, "Not comparable")->rows[0],
            (std::vector<std::string>{"MAE", "fashion_mnist", "knn", "protocol.requested.k", "20", "10"}));
}

TEST_F(CompareSides, RefuseTwoSingleReportsOfDifferentProtocols) {
  write("a", judged("MAE", "knn"));
  write("b", judged("MAE", "linear_probe"));
  const Comparison comparison = compare();
  ASSERT_EQ(comparison.cells.size(), 1U);
  EXPECT_EQ(comparison.cells[0].fields[0].field, "protocol.name");
}

TEST_F(CompareSides, CompareWhatIsAllowedAndMarkIt) {
  write("a", with_setting(judged("MAE", "knn"), "k", 20));
  write("b", with_setting(judged("MAE", "knn", 10), "k", 10));
  const Comparison comparison = compare({{{"k"}}, Correction::holm});
  ASSERT_TRUE(comparison.cells[0].comparable());
  EXPECT_NEAR(comparison.cells[0].metrics[0].difference, -0.01, 1e-12);
  const std::vector<Table> tables = to_tables(comparison);
  EXPECT_EQ(tables[0].rows[0][2], "knn ‡");
  ASSERT_NE(table(tables, "Allowed differences"), nullptr);
  EXPECT_EQ(to_json(comparison).at("cells")[0].at("fields")[0].at("allowed"), true);
}

TEST_F(CompareSides, RefuseToAllowWhatIsNoField) {
  write("a", with_setting(judged("MAE", "knn"), "k", 20));
  write("b", with_setting(judged("MAE", "knn"), "k", 10));
  const std::string message = error_message<std::invalid_argument>([&] {
    compare({{{"protocol.requested.kk"}}, Correction::holm});
  });
  EXPECT_PRED2(contains, message, "did you mean 'protocol.requested.k'?");
}

TEST_F(CompareSides, MatchTheNearestOfSeveralSettings) {
  for (const int k : {5, 10}) write("a", with_setting(judged("MAE", "knn"), "k", k));
  for (const int k : {10, 20}) write("b", with_setting(judged("MAE", "knn"), "k", k));
  const Comparison comparison = compare();
  ASSERT_EQ(comparison.cells.size(), 2U);
  EXPECT_TRUE(comparison.cells[0].comparable());
  EXPECT_EQ(comparison.cells[1].fields[0].a, "5");
  EXPECT_EQ(comparison.cells[1].fields[0].b, "20");
}

TEST_F(CompareSides, ShowTheAverageWithWhatItHides) {
  const std::vector<std::pair<const char*, int>> losses = {
      {"knn", 10}, {"linear_probe", 20}, {"finetune", -50}};
  for (const auto& [protocol, lost] : losses) {
    write("a", judged("MAE", protocol));
    write("b", judged("MAE", protocol, std::max(lost, 0), std::max(-lost, 0)));
  }
  const Comparison comparison = compare();
  ASSERT_TRUE(comparison.average.has_value());
  EXPECT_NEAR(comparison.average->difference, 0.02 / 3, 1e-12);
  EXPECT_NEAR(comparison.average->least, -0.015, 1e-12);
  EXPECT_EQ(comparison.average->least_without, "fashion_mnist/finetune");
  EXPECT_NEAR(comparison.average->most, 0.02, 1e-12);
  EXPECT_FALSE(comparison.average->stability.has_value()) << "two encoders";
  const std::vector<Table> tables = to_tables(comparison);
  ASSERT_NE(table(tables, "Average"), nullptr);
  EXPECT_PRED2(contains, table(tables, "Average")->note, "hangs on one task");
}

TEST_F(CompareSides, RankAllEncodersOfBothSidesBeforeAveraging) {
  for (const char* protocol : {"knn", "linear_probe"}) {
    write("a", judged("MAE", protocol));
    write("a", judged("CLIP", protocol, 40));
    write("b", judged("MAE", protocol, 20));
    write("b", judged("CLIP", protocol, 60));
  }
  const Comparison comparison = compare();
  ASSERT_TRUE(comparison.average && comparison.average->stability);
  EXPECT_EQ(comparison.average->encoders, 4U);
  EXPECT_NEAR(comparison.average->stability->mean_spearman, 1, 1e-12);
}

TEST_F(CompareSides, WriteNumbersThatAreNoTexts) {
  write("a", judged("MAE", "knn"));
  write("b", judged("MAE", "knn", 30, 10));
  const Json metric = to_json(compare()).at("cells")[0].at("metrics")[0];
  EXPECT_NEAR(metric.at("difference").get<double>(), -0.02, 1e-12);
  EXPECT_TRUE(metric.at("units").at("p").is_number());
  EXPECT_EQ(metric.at("units").at("interval").size(), 2U);
}

TEST_F(CompareSides, NameTheFileOfMissingOrAlteredOutcomes) {
  write("a", judged("MAE", "knn"));
  write("b", judged("MAE", "knn"));
  std::filesystem::remove(folder_ / "b/MAE1/outcomes.json");
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] { compare(); }), "b/MAE1/outcomes.json");
}

TEST_F(CompareSides, KnowFilesOfFeaturesByTheirContentAndNotTheirName) {
  for (const char* protocol : {"knn", "linear_probe"}) {
    for (const char* side : {"a", "b"}) {
      Record record = judged("features", protocol);
      record.dataset["name"] = std::string("file_") + side;
      write(side, record);
    }
  }
  const Comparison comparison = compare();
  ASSERT_EQ(comparison.cells.size(), 2U);
  for (const CellComparison& cell : comparison.cells) {
    EXPECT_TRUE(cell.comparable());
    EXPECT_EQ(cell.notes.back(), "one data set, called file_a and file_b");
  }
}

TEST_F(CompareSides, CountATaskOnceWhereSeveralEncodersAreComparedInIt) {
  for (const char* protocol : {"knn", "linear_probe"}) {
    for (const auto& [label, lost] : {std::pair("MAE", 10), std::pair("CLIP", 30)}) {
      write("a", judged(label, protocol));
      write("b", judged(label, protocol, lost));
    }
  }
  const Comparison comparison = compare();
  EXPECT_EQ(comparison.average.value().tasks, 2);
  EXPECT_NEAR(comparison.average->difference, -0.02, 1e-12);
}

TEST_F(CompareSides, CompareTheMetricsThatAreWanted) {
  Record record = judged("MAE", "knn");
  Metric classes = record.metrics[0];
  classes.name = "mean_per_class_accuracy";
  classes.headline = false;
  classes.value = aggregate_outcomes(classes, record.outcomes->tables[0]);
  record.metrics.push_back(classes);
  write("a", record);
  write("b", record);
  EXPECT_EQ(compare().cells[0].metrics.size(), 2U);
  CompareOptions options;
  options.wanted = [](const Metric& metric) { return metric.headline; };
  ASSERT_EQ(compare(options).cells[0].metrics.size(), 1U);
  EXPECT_EQ(compare(options).cells[0].metrics[0].name, "accuracy");
}

}  // namespace
}  // namespace repbench
