#include "reports/compare/gate_output.h"

#include <gtest/gtest.h>

#include <regex>

#include "tests/files/error_message.h"
#include "tests/reports/compare/gate_cases.h"

namespace repbench {
namespace {

constexpr const char* kNow = "2026-03-01T12:00:00";
constexpr const char* kCommand = "repbench gate --baseline a --candidate b --policy detect";

GateRow row(const std::string& protocol, int64_t only_a, int64_t only_b, Verdict verdict) {
  GateRow result;
  result.encoder = "MAE";
  result.dataset = "digits";
  result.protocol = protocol;
  result.metric = compared_accuracy({9000 - only_a, only_a, only_b, 1000 - only_b});
  result.margin = 0.005;
  result.judgement = {verdict, "a reason", 0.004, 0.9, 0.0078, std::nullopt};
  return result;
}

GateResult one_of_each() {
  GateResult result{"a", "b", {}, {}, {}, {}, {}};
  result.whole.alpha = 0.01;
  result.whole.rows = {
      row("knn", 300, 300, Verdict::pass),           row("probe", 400, 200, Verdict::regression),
      row("shots", 300, 310, Verdict::inconclusive), row("tuning", 200, 400, Verdict::improvement),
      row("texts", 1, 1, Verdict::not_comparable),   row("search", 1, 1, Verdict::missing)};
  result.whole.rows[4].fields = {{"protocol.requested.k", "20", "5", false}};
  result.added = {row("fresh", 0, 0, Verdict::pass)};
  return result;
}

size_t occurrences(const std::string& text, const std::string& part) {
  size_t number = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++number;
  return number;
}

TEST(GateJunit, HasAFailureForARegressionAndAnErrorWhereNothingCanBeSaid) {
  const std::string xml = gate_junit(one_of_each(), kNow);
  EXPECT_PRED2(
      contains, xml,
      "<testsuite name=\"MAE on digits\" package=\"repbench\" id=\"0\" hostname=\"localhost\" "
      "timestamp=\"2026-03-01T12:00:00\" tests=\"7\" failures=\"1\" errors=\"3\" skipped=\"1\" time=\"0\">");
  EXPECT_PRED2(
      contains, xml,
      "<testcase classname=\"digits.probe\" name=\"accuracy\" time=\"0\">\n      <failure "
      "message=\"regression: a reason\" type=\"regression\">baseline 90.00 %, candidate 88.00 %, difference "
      "-2.0");
  EXPECT_EQ(occurrences(xml, "<failure "), 1u);
  EXPECT_EQ(occurrences(xml, "<error "), 3u);
  EXPECT_EQ(occurrences(xml, "<skipped "), 1u);
  EXPECT_PRED2(contains, xml, "<testcase classname=\"digits.knn\" name=\"accuracy\" time=\"0\"/>");
}

TEST(GateJunit, EscapesWhateverNamesHold) {
  GateResult result = one_of_each();
  result.whole.rows[0].encoder = "<\"&'\x01\n\xff\xEF\xBF\xBF>";
  const std::string xml = gate_junit(result, kNow);
  EXPECT_PRED2(contains, xml, "name=\"&lt;&quot;&amp;&#39;\uFFFD\n\uFFFD\uFFFD&gt; on digits\"");
}

TEST(GateJunit, HasARedTestWhereNothingWasGated) {
  const std::string xml = gate_junit(GateResult{"a", "b", {}, {}, {}, {}, {}}, kNow);
  EXPECT_PRED2(contains, xml, "tests=\"1\" failures=\"0\" errors=\"1\"");
  EXPECT_PRED2(contains, xml, "<error message=\"nothing was gated\" type=\"nothing gated\">");
}

TEST(GateJunit, GivesEachTestANameOfItsOwn) {
  GateResult result = one_of_each();
  result.whole.rows[1].protocol = "knn";
  const std::string xml = gate_junit(result, kNow);
  EXPECT_PRED2(contains, xml, "classname=\"digits.knn\" name=\"accuracy (2)\"");
}

TEST(GateJunit, HasASuiteASlice) {
  GateResult result = one_of_each();
  GateRow slice_row = row("knn", 400, 200, Verdict::regression);
  slice_row.class_name = "Sneaker";
  result.slices = {{"shoes", 0.01, {slice_row}}};
  const std::string xml = gate_junit(result, kNow);
  EXPECT_PRED2(contains, xml, "<testsuite name=\"slice shoes\"");
  EXPECT_PRED2(contains, xml, "classname=\"MAE.digits.knn\" name=\"accuracy, class Sneaker\"");
}

TEST(GateMarkdown, BeginsWithTheVerdictAndTheWorst) {
  const std::string text = gate_markdown(one_of_each(), kCommand);
  EXPECT_TRUE(
      text.starts_with("**Quality gate: regression**: 1 regression, 1 missing, 1 not comparable, 1 "
                       "inconclusive, 1 improvement, 1 "
                       "pass\n"));
  EXPECT_LT(text.find("**regression** | MAE | digits | probe"), text.find("| pass | MAE"));
  EXPECT_PRED2(contains, text, "| MAE | digits | texts | protocol.requested.k | 20 | 5 | no |");
  EXPECT_PRED2(contains, text, std::string("```\n") + kCommand + "\n```\n");
  EXPECT_PRED2(contains, text, "Only in the candidate");
  EXPECT_EQ(text.find("<details>"), std::string::npos);
}

TEST(GateMarkdown, ShowsTheNumbersOfAMetric) {
  EXPECT_PRED2(
      contains, gate_markdown(one_of_each(), kCommand),
      "| accuracy | 90.00 % | 88.00 % | -2.00 [-2.48, -1.53] | 0.5 points | p = 0.004 | 0.78 points |");
}

TEST(GateMarkdown, FoldsManyPassesAway) {
  GateResult result = one_of_each();
  for (int i = 0; i < 30; ++i)
    result.whole.rows.push_back(row("knn" + std::to_string(i), 3, 3, Verdict::pass));
  const std::string text = gate_markdown(result, kCommand);
  EXPECT_PRED2(contains, text, "<details><summary>32 metrics pass</summary>\n\n| verdict |");
  EXPECT_LT(text.find("probe"), text.find("<details>"));
}

TEST(GateMarkdown, FitsIntoAComment) {
  GateResult result = one_of_each();
  for (int i = 0; i < 3'000; ++i)
    result.whole.rows.push_back(row("knn" + std::to_string(i), 400, 200, Verdict::regression));
  const std::string text = gate_markdown(result, kCommand);
  EXPECT_LE(text.size(), 60'000u);
  EXPECT_PRED2(contains, text, " more rows: see the JSON or JUnit file.");
  EXPECT_PRED2(contains, text, kCommand);
}

TEST(GateMarkdown, LetsNoCommandEndItsBlock) {
  EXPECT_PRED2(contains, gate_markdown(one_of_each(), "a ``` b"), "````\na ``` b\n````\n");
}

TEST(GateText, ListsWhatDidNotPassWithItsReason) {
  const std::string text = gate_text(one_of_each());
  EXPECT_TRUE(text.starts_with("gate: regression: 1 regression, "));
  EXPECT_PRED2(contains, text, "inconclusive: MAE / digits / shots / accuracy: a reason\n");
}

TEST(GateJson, HoldsEverythingAsNumbers) {
  GateResult result = one_of_each();
  result.slices = {{"shoes", 0.05, {row("knn", 3, 3, Verdict::pass)}}};
  const Json json = gate_json(result, kCommand);
  EXPECT_EQ(json.at("schema_version"), 1);
  EXPECT_EQ(json.at("exit_code"), 1);
  EXPECT_EQ(json.at("outcome"), "regression");
  EXPECT_EQ(json.at("counts").at("not comparable"), 1);
  EXPECT_EQ(json.at("command"), kCommand);
  const Json& lost = json.at("rows").at(1);
  EXPECT_EQ(lost.at("verdict"), "regression");
  EXPECT_NEAR(lost.at("difference").get<double>(), -0.02, 1e-12);
  EXPECT_EQ(lost.at("margin"), 0.005);
  EXPECT_EQ(lost.at("p_loss_holm"), 0.004);
  EXPECT_EQ(lost.at("units").at("n"), 10'000);
  EXPECT_EQ(json.at("rows").at(4).at("fields").at(0).at("candidate"), "5");
  EXPECT_FALSE(json.at("rows").at(4).contains("candidate"));
  EXPECT_EQ(json.at("slices").at(0).at("alpha"), 0.05);
  EXPECT_EQ(json.at("new").at(0).at("protocol"), "fresh");
  EXPECT_NO_THROW(pretty_json(json));
}

TEST(GateJson, IsUtf8WhateverThePathsAre) {
  GateResult result = one_of_each();
  result.candidate = "runs/\xff";
  result.policy.source = "\xff.json";
  EXPECT_NO_THROW(pretty_json(gate_json(result, "repbench gate --candidate runs/\xff")));
}

}  // namespace
}  // namespace repbench
