#include "reports/table.h"

#include <gtest/gtest.h>

#include "tests/files/error_message.h"
#include "tests/reports/sample_record.h"

namespace repbench {
namespace {

Metric metric(double value, double low, double high, const std::string& unit = "") {
  Metric result;
  result.value = value;
  result.unit = unit;
  result.interval = Interval{low, high};
  return result;
}

/// A cell by row name and a part of the column's heading.
std::string cell(const Table& table, const std::string& row_name, const std::string& heading) {
  for (size_t column = 0; column < table.columns.size(); ++column) {
    if (table.columns[column].find(heading) == std::string::npos) continue;
    for (const auto& row : table.rows) {
      if (row[0] == row_name) return row[column];
    }
  }
  ADD_FAILURE() << "no cell " << row_name << " / " << heading << " in\n" << to_markdown(table);
  return "";
}

/// Of records of one data set.
Table the_comparison(const std::vector<Record>& records) {
  const std::vector<Table> tables = comparison_tables(records);
  EXPECT_EQ(tables.size(), 1u);
  return tables.at(0);
}

TEST(FormatMetric, ShowsDigitsThatTheIntervalSupports) {
  EXPECT_EQ(format_metric(metric(0.8731, 0.8664, 0.8791)), "87.3 % [86.6, 87.9]");
  EXPECT_EQ(format_metric(metric(0.87312, 0.8710, 0.8751)), "87.31 % [87.10, 87.51]");
  EXPECT_EQ(format_metric(metric(0.5, 0.3, 0.7)), "50 % [30, 70]");
  EXPECT_EQ(format_metric(metric(1234.4, 1200.2, 1260.1, "images/s")), "1234 images/s [1200, 1260]");
}

TEST(FormatMetric, DoesWithoutAnInterval) {
  Metric plain;
  plain.value = 0.1;
  EXPECT_EQ(format_metric(plain), "10.0 %");
  plain.unit = "MACs";
  plain.value = 88'300'000;
  EXPECT_EQ(format_metric(plain), "88.3 M MACs");
  plain.unit = "MiB";
  plain.value = 812;
  EXPECT_EQ(format_metric(plain), "812 MiB");
}

TEST(Table, EscapesMarkdown) {
  const Table table{"", "", {"a|b", "c"}, {{"x\\y", "<b>*\nnext"}}};
  EXPECT_EQ(to_markdown(table), "| a\\|b | c |\n|---|---|\n| x\\\\y | \\<b>\\*; next |\n");
}

TEST(Table, QuotesCsvAsRfc4180) {
  const Table table{"", "", {"a", "b, c"}, {{"say \"x\"", "1\n2"}, {"", "plain"}}};
  EXPECT_EQ(to_csv(table), "a,\"b, c\"\r\n\"say \"\"x\"\"\",1; 2\r\n,plain\r\n");
}

TEST(Table, EscapesHtml) {
  const Table table{"<t>", "", {"a&b"}, {{"<script>\n\"q\""}}};
  const std::string html = to_html(table);
  EXPECT_PRED2(contains, html, "&lt;t&gt;");
  EXPECT_PRED2(contains, html, "a&amp;b");
  EXPECT_PRED2(contains, html, "&lt;script&gt;<br>&quot;q&quot;");
  EXPECT_EQ(html.find("<script>"), std::string::npos);
}

TEST(Table, BreaksNumbersBeforeTheirIntervalsAlone) {
  Table table{"", "", {"a", "top_1"}, {{"x y", "8.5 % [8, 9]\np < 0.1"}, {"z", "3 images a second"}}};
  EXPECT_PRED2(contains, to_html(table), "8.5\u00a0% [8,\u00a09]<br>p\u00a0&lt;\u00a00.1");
  EXPECT_PRED2(contains, to_html(table), "3\u00a0images a second");
  EXPECT_PRED2(contains, to_html(table), ">x y<");
  EXPECT_PRED2(contains, to_html(table), ">top_<wbr>1<");
  table.columns.insert(table.columns.end(), {"c", "d", "e", "f"});
  for (auto& row : table.rows) row.resize(6, "—");
  EXPECT_PRED2(contains, to_html(table), "8.5\u00a0%<br>[8,\u00a09]");
}

TEST(Table, RefusesUnevenRows) {
  const Table table{"t", "", {"a", "b"}, {{"1"}}};
  EXPECT_THROW(to_markdown(table), std::logic_error);
  EXPECT_THROW(to_csv(table), std::logic_error);
  EXPECT_THROW(to_html(table), std::logic_error);
}

TEST(ComparisonTable, PutsControlsLastAndTestsAgainstTheFirstRow) {
  const Table table =
      the_comparison({sample_record("raw pixels", "knn", 790), sample_record("untrained", "knn", 700),
                      sample_record("MAE", "knn", 800)});
  ASSERT_EQ(table.rows.size(), 3u);
  EXPECT_EQ(table.rows[0], (std::vector<std::string>{"MAE", "80.0 % [77.4, 82.4]"}));
  EXPECT_EQ(table.rows[1][0], "raw pixels");
  EXPECT_EQ(cell(table, "raw pixels", "knn"),
            "79.0 % [76.4, 81.4]\np < 0.001");  // 10 examples lost, none won
  EXPECT_EQ(table.rows[2][0], "untrained");
  EXPECT_PRED2(contains, table.note, "McNemar");
  EXPECT_EQ(table.title, "fashion_mnist");
}

TEST(ComparisonTable, ShowsThePValueOfASmallDifference) {
  const Table table =
      the_comparison({sample_record("MAE", "knn", 800), sample_record("untrained", "knn", 795)});
  EXPECT_PRED2(contains, cell(table, "untrained", "knn"), "\np = 0.031");
}

TEST(ComparisonTable, TestsNothingWhereTheHeadlineIsAMeanOverDraws) {
  Record mean = sample_record("MAE", "few_shot", 800);
  mean.outcomes->tables[0].columns["correct"][0] = 0.8;  // right in four draws of five
  const Table table = the_comparison({mean, sample_record("untrained", "few_shot", 795)});
  EXPECT_EQ(cell(table, "untrained", "few_shot").find("p "), std::string::npos);
}

TEST(ComparisonTable, ShowsMissingCellsAndNoTestWithoutOutcomes) {
  Record untrained = sample_record("untrained", "knn", 700);
  untrained.outcomes.reset();
  const Table table =
      the_comparison({sample_record("MAE", "knn", 800), untrained, sample_record("MAE", "finetune", 900)});
  EXPECT_EQ(cell(table, "untrained", "finetune"), "—");
  EXPECT_EQ(cell(table, "untrained", "knn").find("p "), std::string::npos);
  EXPECT_EQ(table.note.find("McNemar"), std::string::npos);
}

TEST(ComparisonTable, KeepsFingerprintsApartAndNamesWhatDiffers) {
  Record logistic = sample_record("MAE", "linear_probe", 850);
  logistic.requested["solver"] = "logistic";
  logistic.fingerprint = fingerprint("linear_probe", 1, logistic.requested, logistic.dataset["hashes"]);
  const Table table = the_comparison({sample_record("MAE", "linear_probe", 820), logistic});
  EXPECT_EQ(table.columns, (std::vector<std::string>{"encoder", "linear_probe solver=ridge",
                                                     "linear_probe solver=logistic"}));
  EXPECT_PRED2(contains, table.note, "fingerprints");
}

TEST(ComparisonTable, NumbersColumnsThatDifferOnlyInTheirData) {
  Record other = sample_record("MAE", "knn", 850);
  other.fingerprint = fingerprint("knn", 1, other.requested, {{"test", "another split"}});
  const Table table = the_comparison({sample_record("MAE", "knn", 820), other});
  EXPECT_EQ(table.columns[1], "knn");
  EXPECT_EQ(table.columns[2], "knn (2)");
}

TEST(ComparisonTable, NamesWhatTellsTwoDataSetsOfOneNameApart) {
  Record seen = sample_record("CLIP", "zero_shot", 850), held_out = sample_record("CLIP", "zero_shot", 820);
  seen.dataset["spec"] = "shapes:task=shape";
  held_out.dataset["spec"] = "shapes:task=shape:pairs=held_out";
  held_out.fingerprint = fingerprint("zero_shot", 1, held_out.requested, {{"test", "another split"}});
  const Table table = the_comparison({seen, held_out});
  EXPECT_EQ(table.columns[1], "zero_shot");
  EXPECT_EQ(table.columns[2], "zero_shot pairs=held_out");
}

TEST(ComparisonTable, AveragesSeedsAndNamesSettings) {
  const Table table =
      the_comparison({grid_record(0.5, 1, 0, "knn", 8000), grid_record(0.5, 1, 1, "knn", 8100),
                      grid_record(0.75, 1, 0, "knn", 8200)});
  ASSERT_EQ(table.rows.size(), 2u);
  EXPECT_EQ(cell(table, "MAE mask_ratio=0.5", "knn"), "80.50 ± 0.71 % (n = 2)");
  EXPECT_PRED2(contains, cell(table, "MAE mask_ratio=0.75", "knn"), "82.0 % [81.2, 82.7]");
}

TEST(ComparisonTable, TellsCheckpointsOfOneRunApartByTheirHash) {
  Record early = grid_record(0.5, 1, 0, "knn", 8000), late = grid_record(0.5, 1, 0, "knn", 8100);
  late.checkpoint["sha256"] = std::string(64, 'f');
  const Table table = the_comparison({early, late});
  ASSERT_EQ(table.rows.size(), 2u);
  EXPECT_EQ(table.rows[1][0], "MAE fffffff");
}

TEST(ComparisonTables, AreOneADataSetWithTheEncodersJudgedThere) {
  Record other = sample_record("CLIP", "zero_shot", 700);
  other.dataset["name"] = "shapes";
  const std::vector<Table> tables =
      comparison_tables({sample_record("CLIP", "knn", 790), other, sample_record("MAE", "knn", 800)});
  ASSERT_EQ(tables.size(), 2u);
  EXPECT_EQ(tables[0].title, "fashion_mnist");
  EXPECT_EQ(tables[0].rows.size(), 2u);
  EXPECT_EQ(tables[0].columns, (std::vector<std::string>{"encoder", "knn"}));
  EXPECT_EQ(tables[1].title, "shapes");
  EXPECT_EQ(tables[1].rows.size(), 1u) << "MAE has nothing there";
  EXPECT_EQ(tables[0].note, "");
  EXPECT_PRED2(contains, tables[1].note, "McNemar") << "told once, below the last table";
}

TEST(ComparisonTable, CountsACopiedReportOnce) {
  const Table table = the_comparison({sample_record("MAE", "knn", 800), sample_record("MAE", "knn", 800)});
  ASSERT_EQ(table.rows.size(), 1u);
  EXPECT_EQ(table.rows[0][1], "80.0 % [77.4, 82.4]");
}

}  // namespace
}  // namespace repbench
