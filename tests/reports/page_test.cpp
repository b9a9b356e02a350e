#include "reports/page.h"

#include <gtest/gtest.h>

#include "reports/page_sections.h"
#include "tests/files/error_message.h"
#include "tests/files/scratch_folder.h"
#include "tests/reports/sample_record.h"

namespace repbench {
namespace {

Record with_curve(Record record, double shift) {
  record.curves = {
      {"tuned blocks", "tuned blocks", "accuracy", {0, 0.5, 1, 4}, {}, {}, {"", "½", "", "all"}}};
  for (const double y : {0.70, 0.72, 0.74, 0.80}) {
    record.curves[0].y.push_back(y + shift);
    record.curves[0].intervals.push_back({y + shift - 0.01, y + shift + 0.01});
  }
  return record;
}

void write_demo(const std::filesystem::path& out) {
  Record mae = sample_record("MAE", "knn", 810);
  mae.cost["training_seconds"] = 291.2;
  mae.checkpoint["training"] = {
      {"steps", 1200}, {"examples_seen", 614400}, {"macs_per_example", 41'300'000}, {"final_loss", 0.0312}};
  mae.warnings = {"k was chosen at the end of its range <b>"};
  write_record(out / "mae/fashion_mnist.knn", mae);
  write_record(out / "untrained/fashion_mnist.knn", sample_record("untrained", "knn", 760));
  write_record(out / "mae/fashion_mnist.finetune", with_curve(sample_record("MAE", "finetune", 850), 0.05));
  write_record(out / "untrained/fashion_mnist.finetune",
               with_curve(sample_record("untrained", "finetune", 800), 0));
  Record speed = sample_record("MAE", "throughput", 0);
  speed.outcomes.reset();
  speed.metrics[0].name = "inference_images_per_second";
  speed.metrics[0].column.clear();
  speed.metrics[0].ceiling.reset();
  speed.metrics[0].unit = "images/s";
  speed.metrics[0].value = 1234;
  speed.metrics[0].interval = Interval{1200, 1260};
  write_record(out / "mae/fashion_mnist.throughput", speed);
  const Pixels dot{1, 1, 1, {128}};
  write_sheets(out / "mae/visualise/sheet.json", {{"Things", "", {"original", "masked"}, {{dot, dot}}}});
}

void write_grid(const std::filesystem::path& out) {
  for (const double mask_ratio : {0.5, 0.75}) {
    for (const int seed : {0, 1}) {
      const Record record = grid_record(mask_ratio, 1, seed, "knn", 8000 + 100 * seed);
      write_record(out / (record.checkpoint["sha256"].get<std::string>().substr(0, 4)) / "fashion_mnist.knn",
                   record);
    }
  }
  write_record(out / "untrained/fashion_mnist.knn", sample_record("untrained", "knn", 7600, 10000));
}

const Section* find_section(const Page& page, const std::string& heading) {
  for (const Section& section : page.sections) {
    if (section.heading == heading) return &section;
  }
  return nullptr;
}

TEST(BuildPage, ShowsTheSectionsThatHaveSomethingToSay) {
  const ScratchFolder folder;
  write_demo(folder / "demo");
  const Page page = build_page({folder / "demo"});
  EXPECT_EQ(page.title, "demo");
  std::vector<std::string> headings;
  for (const Section& section : page.sections) headings.push_back(section.heading);
  EXPECT_EQ(headings,
            (std::vector<std::string>{"Comparison", "Encoders", "Curves", "Pictures", "Throughput",
                                      "Checkpoints", "Warnings", "Environment", "All measurements"}));
}

TEST(BuildPage, LoadsOutcomesForTheComparison) {
  const ScratchFolder folder;
  write_demo(folder / "demo");
  const Page page = build_page({folder / "demo"});
  const Table& table = std::get<Table>(find_section(page, "Comparison")->parts.at(0));
  EXPECT_PRED2(contains, to_markdown(table), "; p \\< 0.001");
}

TEST(BuildPage, OverlaysCurvesOfOneName) {
  const ScratchFolder folder;
  write_demo(folder / "demo");
  const Page page = build_page({folder / "demo"});
  const Section& section = *find_section(page, "Curves");
  ASSERT_EQ(section.parts.size(), 1u);
  const Figure& figure = std::get<Figure>(section.parts[0]);
  EXPECT_EQ(figure.y_label, "accuracy, %");
  EXPECT_EQ(figure.x_ticks, (std::vector<std::string>{"0", "½", "1", "all"}));
  ASSERT_EQ(figure.series.size(), 2u);
  EXPECT_EQ(figure.series[0].name, "MAE");
  EXPECT_NEAR(figure.series[0].y[3], 85, 1e-9);
  EXPECT_EQ(figure.series[1].intervals.size(), 4u);
}

/// Five shots and the zero-shot line beside them.
Record with_few_shot(Record record, double shift) {
  const std::vector<double> shots = {1, 2, 4, 8, 16};
  Curve few{"few-shot", "pictures a class", "accuracy", shots, {}, {}, {}};
  for (const double y : {0.3, 0.4, 0.5, 0.6, 0.65}) few.y.push_back(y + shift);
  for (const double y : few.y) few.intervals.push_back({y - 0.02, y + 0.02});
  record.curves = {few};
  if (shift > 0) record.curves.push_back({"zero-shot", "pictures a class", "accuracy", shots, {}, {}, {}});
  if (shift > 0) record.curves[1].y.assign(5, 0.55);
  return record;
}

TEST(BuildPage, DrawsFewShotCurvesWithTheirZeroShotLinesInOneFigureADataSet) {
  const ScratchFolder folder;
  for (const std::string dataset : {"shapes", "fashion_mnist"}) {
    for (const std::string label : {"CLIP", "MAE"}) {
      Record record = with_few_shot(sample_record(label, "few_shot", 800), label == "CLIP" ? 0.1 : 0);
      record.dataset["name"] = dataset;
      write_record(folder / "demo" / label / dataset, record);
    }
  }
  const Page page = build_page({folder / "demo"});
  const Section& section = *find_section(page, "Curves");
  ASSERT_EQ(section.parts.size(), 2u);
  const Figure& figure = std::get<Figure>(section.parts[0]);
  EXPECT_EQ(figure.title, "fashion_mnist: few_shot");
  ASSERT_EQ(figure.series.size(), 3u);
  EXPECT_EQ(figure.series[0].name, "CLIP");
  EXPECT_EQ(figure.series[1].name, "MAE");
  EXPECT_EQ(figure.series[1].intervals.size(), 5u);
  EXPECT_EQ(figure.series[2].name, "CLIP, zero-shot");
  EXPECT_TRUE(figure.series[2].level);
  EXPECT_EQ(figure.series[2].colour, 0u);
  EXPECT_NEAR(figure.series[2].y[0], 55, 1e-9);
}

TEST(BuildPage, DrawsCurvesOfOnePairOfAxesTogether) {
  const ScratchFolder folder;
  Record record = with_curve(sample_record("MAE", "finetune", 850), 0);
  record.curves.push_back({"from scratch", "tuned blocks", "accuracy", {4}, {0.75}, {}, {"all"}});
  write_record(folder / "demo/mae", record);
  const Page page = build_page({folder / "demo"});
  const Section& section = *find_section(page, "Curves");
  ASSERT_EQ(section.parts.size(), 1u);
  const Figure& figure = std::get<Figure>(section.parts[0]);
  ASSERT_EQ(figure.series.size(), 2u);
  EXPECT_EQ(figure.series[0].name, "MAE, tuned blocks");
  EXPECT_EQ(figure.series[1].name, "MAE, from scratch");
  EXPECT_FALSE(figure.series[1].level);
}

TEST(BuildPage, MakesAGridWhereSettingsVary) {
  const ScratchFolder folder;
  write_grid(folder / "grid");
  const Page page = build_page({folder / "grid"});
  const Section* section = find_section(page, "MAE: mask_ratio");
  ASSERT_NE(section, nullptr);
  EXPECT_EQ(std::get<Table>(section->parts.at(0)).rows.size(), 3u);  // two ratios and the control
  EXPECT_EQ(std::get<Figure>(section->parts.at(1)).series.size(), 2u);
  EXPECT_EQ(find_section(page, "Comparison"), nullptr) << "only controls would be left for it";
}

TEST(BuildPage, IsTheSameEachTime) {
  const ScratchFolder folder;
  write_demo(folder / "demo");
  EXPECT_EQ(to_html(build_page({folder / "demo"})), to_html(build_page({folder / "demo"})));
}

TEST(BuildPage, RefusesAFolderWithoutReportsAndABrokenOne) {
  const ScratchFolder folder;
  EXPECT_THROW(build_page({folder.path()}), std::runtime_error);
  EXPECT_THROW(build_page({folder / "missing"}), std::runtime_error);
  write_demo(folder / "demo");
  std::filesystem::remove(folder / "demo/mae/fashion_mnist.knn/outcomes.json");
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] { build_page({folder / "demo"}); }),
               "outcomes.json");
}

TEST(HtmlPage, IsSelfContained) {
  const ScratchFolder folder;
  write_demo(folder / "demo");
  const std::string html = to_html(build_page({folder / "demo"}));
  for (const std::string attribute : {"src=\"", "href=\""}) {
    for (size_t at = html.find(attribute); at != std::string::npos; at = html.find(attribute, at + 1)) {
      const std::string target = html.substr(at + attribute.size(), 5);
      EXPECT_TRUE(target[0] == '#' || target == "data:") << "a link to the outside: " << target;
    }
  }
  for (const char* part : {"<script", "<link", "<iframe", "@import", "url(", "onclick"}) {
    EXPECT_EQ(html.find(part), std::string::npos) << part;
  }
}

TEST(HtmlPage, HoldsWhatAReaderNeeds) {
  const ScratchFolder folder;
  write_demo(folder / "demo");
  const std::string html = to_html(build_page({folder / "demo"}));
  for (const char* part :
       {"<!DOCTYPE html>", "name=\"viewport\"", "prefers-color-scheme: dark", "<svg", "class=\"bars\"",
        "data:image/png;base64,", "href=\"#comparison\"", "id=\"comparison\"", "McNemar",
        "1234\u00a0images/s [1200,\u00a01260]", "Invented CPU", "abc1234",
        "at the end of its range &lt;b&gt;", "p\u00a0&lt;\u00a00.001", "25.4 T", "291.2"}) {
    EXPECT_PRED2(contains, html, part);
  }
  EXPECT_EQ(html.find("nan"), std::string::npos);
}

TEST(HtmlPage, GivesRepeatedHeadingsTheirOwnAnchors) {
  const std::string html = to_html(Page{"t", "", {{"A b", "", {}}, {"A b!", "", {}}, {"½", "", {}}}});
  for (const char* part : {"id=\"a-b\"", "id=\"a-b-2\"", "id=\"section\""})
    EXPECT_PRED2(contains, html, part);
}

TEST(TextPage, HasTheTablesInMarkdownAndCsv) {
  const Table table{"T", "note", {"a"}, {{"1"}}};
  const Page page{"Title",
                  "Lead.",
                  {{"One", "Words.", {table, Figure{"a figure", "", "", {}, {}}}}, {"Two", "", {table}}}};
  EXPECT_EQ(
      to_markdown(page),
      "# Title\n\nLead.\n\n## One\n\nWords.\n\n**T**\n\n| a |\n|---|\n| 1 |\n\nnote\n\nFigure: a figure\n\n"
      "## Two\n\n**T**\n\n| a |\n|---|\n| 1 |\n\nnote\n\n");
  EXPECT_EQ(to_csv(page), "a\r\n1\r\n\r\na\r\n1\r\n");
}

TEST(Page, TestsNoCellAmongMoreThanAThousandReports) {
  PageData data;
  for (int i = 0; i <= 1000; ++i) {
    data.files.push_back("no/such/report.json");  // would be missed if outcomes were read
    data.records.push_back(sample_record("encoder " + std::to_string(i), "knn", 800));
    data.records.back().outcomes.reset();
  }
  const Section section = comparison_section(data);
  EXPECT_PRED2(contains, section.text, "no cell is tested");
  EXPECT_EQ(std::get<Table>(section.parts.at(0)).rows.size(), 1001U);
}

}  // namespace
}  // namespace repbench
