#include <gtest/gtest.h>

#include "reports/history/history.h"
#include "tests/files/error_message.h"
#include "tests/reports/history/reports_over_time.h"

namespace repbench {
namespace {

constexpr size_t kPictures = 500;

/// Two encoders that are judged every day, a few minutes apart; MAE loses much on the fifth.
class HistoryPage : public testing::Test {
 protected:
  void SetUp() override {
    Dice dice(8);
    for (int run = 0; run < 8; ++run) {
      add(run, "MAE", outcomes_of_a_training(dice, kPictures, run < 4 ? 0 : 0.15));
      add(run, "CLIP", outcomes_of_a_training(dice, kPictures));
    }
  }

  void add(int run, const std::string& label, const std::vector<float>& correct) {
    std::string time = day(run);
    if (label == "CLIP") time.replace(14, 2, "07");
    Record record = with_checkpoint(report_at(time, correct, label), run + 1);
    record.run["commit"] = fmt::format("{:07}", run);
    reports_.add(record);
  }

  Page page() { return to_page(read_history({reports_.path()}), "History"); }

  ReportsOverTime reports_;
};

template <class Part>
const Part& part(const Section& section) {
  for (const auto& one : section.parts) {
    if (const auto* found = std::get_if<Part>(&one)) return *found;
  }
  throw std::logic_error("expected another part");
}

TEST_F(HistoryPage, DrawsALineAnEncoderOverDaysAndCommits) {
  const Page all = page();
  ASSERT_EQ(all.sections.size(), 2U);
  EXPECT_EQ(all.sections[1].heading, "fashion_mnist: knn, accuracy");
  const Figure& figure = part<Figure>(all.sections[1]);
  ASSERT_EQ(figure.x_ticks.size(), 8U) << "encoders that are judged together stand above each other";
  EXPECT_EQ(figure.x_ticks[4], "2026-03-05 0000004");
  ASSERT_EQ(figure.series.size(), 2U);
  for (const Series& series : figure.series) {
    EXPECT_EQ(series.x, (std::vector<double>{0, 1, 2, 3, 4, 5, 6, 7}));
    EXPECT_EQ(series.intervals.size(), 8U);
    EXPECT_GT(series.y[0], 50) << "in percent";
  }
}

TEST_F(HistoryPage, GivesAnEncoderThatIsJudgedTwiceADayTwoPlaces) {
  Record again = report_at("2026-03-08T20:00:00Z", std::vector<float>(kPictures, 1));
  again.run["commit"] = "0000007";
  reports_.add(again);
  const Page all = page();
  const Figure& figure = part<Figure>(all.sections[1]);
  EXPECT_EQ(figure.x_ticks.size(), 9U);
  EXPECT_EQ(figure.series[0].x.back(), 8);
  EXPECT_EQ(figure.series[1].x.back(), 7);
}

TEST_F(HistoryPage, MarksChangesInTheFigureAndInBothTables) {
  const Page all = page();
  const Figure& figure = part<Figure>(all.sections[1]);
  ASSERT_EQ(figure.marks.size(), 1U);
  EXPECT_EQ(figure.marks[0].x, 4);
  EXPECT_EQ(figure.marks[0].colour, 0U);
  const Table& changes = part<Table>(all.sections[0]);
  ASSERT_EQ(changes.rows.size(), 1U);
  EXPECT_EQ(changes.rows[0][0], "MAE");
  EXPECT_EQ(changes.rows[0][1], "2026-03-05T12:00:00Z");
  EXPECT_EQ(changes.rows[0][2], "0000004");
  EXPECT_EQ(changes.rows[0][8], "0000000");
  EXPECT_TRUE(changes.rows[0][3].starts_with("-1")) << changes.rows[0][3];
  const Table& points = part<Table>(all.sections[1]);
  EXPECT_EQ(points.rows.size(), 16U);
  EXPECT_EQ(points.bold, (std::vector<std::pair<size_t, size_t>>{{4, 4}}));
  EXPECT_PRED2(
      contains, all.sections[1].text,
      "MAE: 8 points, 1 change. CLIP: 8 points, 0 changes. Test: z of paired differences over 500 pictures.");
  EXPECT_PRED2(contains, all.lead, "16 reports of 2 encoders, 2026-03-01 to 2026-03-08: 1 change.");
}

TEST_F(HistoryPage, IsWrittenInEveryFormat) {
  const Page all = page();
  for (const std::string& text : {to_markdown(all), to_csv(all), to_html(all), to_latex(all)})
    EXPECT_PRED2(contains, text, "0000004");
}

TEST_F(HistoryPage, IsWrittenAsNumbersInJson) {
  const Json json = to_json(read_history({reports_.path()}));
  ASSERT_EQ(json.at("metrics").size(), 2U);
  const Json& mae = json["metrics"][0];
  EXPECT_EQ(mae.at("encoder"), "MAE");
  ASSERT_EQ(mae.at("points").size(), 8U);
  EXPECT_EQ(mae["points"][3].at("time"), "2026-03-04T12:00:00Z");
  EXPECT_EQ(mae["points"][3].at("reports").at(0).at("checkpoint"), fmt::format("{:064x}", 4));
  ASSERT_EQ(mae.at("changes").size(), 1U);
  const Json& change = mae["changes"][0];
  EXPECT_EQ(change.at("point"), 4);
  EXPECT_NEAR(change.at("difference").get<double>(),
              change.at("after").get<double>() - change.at("before").get<double>(), 1e-12);
  EXPECT_LT(change.at("p").get<double>(), 0.01);
  EXPECT_TRUE(change.contains("p_checkpoints"));
}

TEST(HistoryOfOnePoint, SaysThatNothingChanges) {
  ReportsOverTime reports;
  reports.add(report_at(day(0), std::vector<float>(100, 1)));
  const Page page = to_page(read_history({reports.path()}), "History");
  EXPECT_PRED2(contains, page.sections[0].text, "No history changes");
  EXPECT_TRUE(page.sections[0].parts.empty());
  EXPECT_EQ(page.sections[1].text, "MAE: 1 point.");
  EXPECT_EQ(to_html(page).find("nan"), std::string::npos);
}

}  // namespace
}  // namespace repbench
