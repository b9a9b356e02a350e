#include "reports/figure.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "reports/scale.h"
#include "tests/files/error_message.h"

namespace repbench {
namespace {

Figure two_series() {
  Figure figure{"accuracy & <cost>", "tuned blocks", "accuracy, %", {}, {}};
  figure.series = {{"MAE", {0, 0.5, 1}, {80, 84, 86}, {{79, 81}, {83, 85}, {85, 87}}},
                   {"untrained", {0, 1}, {70, 75}, {}}};
  return figure;
}

size_t count(const std::string& text, const std::string& part) {
  size_t n = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

/// The number that follows the last `key` before `end`; std::regex is no alternative: g++ 12 warns about its
/// own header under the sanitizers.
double number_before(const std::string& svg, size_t end, const std::string& key) {
  const size_t at = end == std::string::npos ? end : svg.rfind(key, end);
  if (at == std::string::npos) {
    ADD_FAILURE() << "no " << key << " in\n" << svg;
    return 0;
  }
  return std::strtod(svg.c_str() + at + key.size(), nullptr);
}

/// A coordinate (" x" or " y") of the text element that holds `text`.
double place_of_text(const std::string& svg, const std::string& text, const std::string& coordinate) {
  return number_before(svg, svg.find(">" + text + "</text>"), coordinate + "=\"");
}

TEST(Scale, TicksAreOneTwoFiveSteps) {
  EXPECT_EQ(numeric_scale(0, 10, 5).labels, (std::vector<std::string>{"0", "5", "10"}));
  EXPECT_EQ(numeric_scale(0.5, 0.9, 5).labels, (std::vector<std::string>{"0.5", "0.6", "0.7", "0.8", "0.9"}));
  EXPECT_EQ(numeric_scale(80.01, 80.05, 5).labels,
            (std::vector<std::string>{"80.01", "80.02", "80.03", "80.04", "80.05"}));
}

TEST(Scale, HoldsTheDataAndDoesNotInventNegativeValues) {
  for (const auto& [low, high] :
       {std::pair(0.0, 3.0), {-2.0, 2.0}, {5.0, 5.0}, {0.0, 0.0}, {1e6, 3e6}, {1e-9, 2e-9}}) {
    const Scale scale = numeric_scale(low, high, 5);
    EXPECT_LE(scale.low, low);
    EXPECT_GE(scale.high, high);
    EXPECT_GT(scale.high, scale.low);
    EXPECT_GE(scale.ticks.size(), 2u) << low << " " << high;
    EXPECT_LE(scale.ticks.size(), 12u) << low << " " << high;
    EXPECT_TRUE(low < 0 || scale.low >= 0) << low << " " << high;
  }
}

TEST(Svg, ShowsLabelsSeriesAndErrorBars) {
  const std::string svg = to_svg(two_series());
  EXPECT_EQ(count(svg, "class=\"series\""), 2u);
  EXPECT_EQ(count(svg, "class=\"bars\""), 1u);
  for (const char* text :
       {"tuned blocks", "accuracy, %", ">MAE<", ">untrained<", "accuracy &amp; &lt;cost&gt;"}) {
    EXPECT_PRED2(contains, svg, text);
  }
}

TEST(Svg, WrapsALongLabelBesideThePlot) {
  Figure figure = two_series();
  figure.y_label = "accuracy (few-shot: mean and deviation of 5 draws), %";
  const std::string svg = to_svg(figure);
  EXPECT_PRED2(contains, svg, ">accuracy (few-shot: mean and</text>");
  EXPECT_PRED2(contains, svg, ">deviation of 5 draws), %</text>");
  EXPECT_GT(place_of_text(svg, "80", " x"), place_of_text(to_svg(two_series()), "80", " x"));
}

TEST(Svg, KeepsItsLegendAboveTheData) {
  const std::string svg = to_svg(two_series());
  const double legend = place_of_text(svg, "untrained", " y");
  EXPECT_GT(legend, place_of_text(svg, "accuracy &amp; &lt;cost&gt;", " y"));
  double highest_mark = 1e9;
  for (size_t at = svg.find("<g class=\"series\""); at != std::string::npos;
       at = svg.find("<circle", at + 1)) {
    if (svg.compare(at, 7, "<circle") == 0) {
      highest_mark = std::min(highest_mark, std::strtod(svg.c_str() + svg.find("cy=\"", at) + 4, nullptr));
    }
  }
  EXPECT_LT(legend, highest_mark);
}

TEST(Svg, PutsNamedTicksAtEqualDistances) {
  Figure figure = two_series();
  figure.x_ticks = {"0", "½", "all"};
  const std::string svg = to_svg(figure);
  std::vector<double> places;
  for (const char* tick : {"0", "½", "all"}) places.push_back(place_of_text(svg, tick, " x"));
  EXPECT_NEAR(places[1] - places[0], places[2] - places[1], 0.2);
}

/// A history: a name of two words at each of n places.
Figure named_ticks(int n) {
  Figure figure = two_series();
  figure.series.resize(1);
  figure.series[0] = {"MAE", {}, {}, {}};
  for (int i = 0; i < n; ++i) {
    figure.series[0].x.push_back(i);
    figure.series[0].y.push_back(80);
    figure.x_ticks.push_back("2026-03-" + std::to_string(100 + i) + " abc" + std::to_string(1000 + i));
  }
  return figure;
}

TEST(Svg, BreaksNamedTicksThatWouldTouch) {
  EXPECT_PRED2(contains, to_svg(named_ticks(2)), ">2026-03-100 abc1000</text>");
  const std::string svg = to_svg(named_ticks(3));
  EXPECT_EQ(place_of_text(svg, "2026-03-101", " x"), place_of_text(svg, "abc1001", " x"));
  EXPECT_LT(place_of_text(svg, "2026-03-101", " y"), place_of_text(svg, "abc1001", " y"));
  EXPECT_LT(place_of_text(svg, "abc1001", " y"), place_of_text(svg, "tuned blocks", " y"));
}

TEST(Svg, LeavesOutNamedTicksThatWouldTouch) {
  for (const int n : {30, 300}) {
    const std::string svg = to_svg(named_ticks(n));
    double last = -80;
    size_t shown = 0;
    for (int i = 0; i < n; ++i) {
      const std::string text = "2026-03-" + std::to_string(100 + i);
      if (svg.find(">" + text + "</text>") == std::string::npos) continue;
      const double x = place_of_text(svg, text, " x");
      EXPECT_GT(x, last + 80) << text;
      EXPECT_LE(x, 480 - 40) << "it would leave the picture";
      last = x;
      ++shown;
    }
    EXPECT_GE(shown, 3U);
  }
}

TEST(Svg, DrawsAMarkBeforeItsX) {
  Figure figure = named_ticks(3);
  figure.marks = {{1, "less & less", 0}};
  const std::string svg = to_svg(figure);
  const size_t mark = svg.find("<g class=\"mark\"><title>less &amp; less</title>");
  ASSERT_NE(mark, std::string::npos);
  const double x = std::strtod(svg.c_str() + svg.find("<path d=\"M", mark) + 10, nullptr);
  EXPECT_NEAR(x, (place_of_text(svg, "2026-03-100", " x") + place_of_text(svg, "2026-03-101", " x")) / 2,
              0.2);
  EXPECT_PRED2(contains, svg.substr(mark, svg.find("</g>", mark) - mark), "stroke-dasharray");
  figure.marks[0].x = 0.5;
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] { to_svg(figure); }), "less & less at 0.5");
  figure.marks = {{1, "of no series", 1}};
  EXPECT_THROW(to_svg(figure), std::invalid_argument);
}

Figure powers(std::vector<double> x) {
  std::vector<double> y(x.size(), 1.0);
  return {"shots", "shots", "accuracy", {}, {{"CLIP", std::move(x), std::move(y), {}}}};
}

TEST(Svg, PutsPowersOfTwoAtEqualDistances) {
  const std::string svg = to_svg(powers({1, 2, 4, 8, 16}));
  std::vector<double> places;
  for (const char* tick : {"1", "4", "16"}) places.push_back(place_of_text(svg, tick, " x"));
  EXPECT_NEAR(places[1] - places[0], places[2] - places[1], 0.2);
  EXPECT_EQ(svg.find(">3</text>"), std::string::npos);
}

TEST(Svg, SpreadsFewValuesOfALargeRangeByTheirLogarithm) {
  const std::string svg = to_svg(powers({1, 10, 100}));
  const double left = place_of_text(svg, "10", " x") - place_of_text(svg, "1", " x");
  EXPECT_NEAR(left, place_of_text(svg, "100", " x") - place_of_text(svg, "10", " x"), 0.2);
  EXPECT_EQ(to_svg(powers({1, 10, 100, 101})).find(">101</text>"), std::string::npos) << "labels would touch";
}

TEST(Svg, KeepsOtherAxesLinear) {
  EXPECT_PRED2(contains, to_svg(powers({1, 2, 4})), ">3</text>");  // a factor of four is no range
  EXPECT_PRED2(contains, to_svg(powers({1, 2, 4, 8, 10})), ">6</text>");
  EXPECT_PRED2(contains, to_svg(powers({0, 1, 2, 8})), ">6</text>");
}

TEST(Svg, DrawsALevelInTheColourOfItsSeries) {
  Figure figure = powers({1, 2, 4, 8});
  figure.series.push_back({"MAE", {1, 8}, {0.2, 0.6}, {}});
  figure.series.push_back({"CLIP, zero-shot", {1, 8}, {0.5, 0.5}, {}, true, 0});
  const std::string svg = to_svg(figure);
  const size_t level = svg.find("<title>CLIP, zero-shot</title>");
  ASSERT_NE(level, std::string::npos);
  const std::string drawn = svg.substr(level, svg.find("</g>", level) - level);
  EXPECT_PRED2(contains, drawn, "#0072B2");
  EXPECT_PRED2(contains, drawn, "stroke-dasharray");
}

TEST(Svg, DrawsALongSeriesAsALineWithABand) {
  Figure figure{"loss", "step", "loss", {}, {{"MAE", {}, {}, {}}}};
  for (int i = 0; i < 500; ++i) {
    figure.series[0].x.push_back(i);
    figure.series[0].y.push_back(1.0 / (1 + i));
    figure.series[0].intervals.push_back({0.9 / (1 + i), 1.1 / (1 + i)});
  }
  const std::string svg = to_svg(figure);
  EXPECT_EQ(count(svg, "<polygon"), 1u);
  EXPECT_EQ(count(svg, "class=\"bars\""), 0u);
  EXPECT_LE(count(svg, "<circle"), 1u);
}

TEST(Svg, NeverWritesNaN) {
  Figure empty{"nothing", "x", "y", {}, {}};
  Figure single{"one point", "x", "y", {}, {{"a", {3}, {0}, {}}}};
  Figure flat{"flat", "x", "y", {}, {{"a", {1, 2}, {5, 5}, {{5, 5}, {5, 5}}}}};
  for (const Figure& figure : {empty, single, flat, two_series()}) {
    const std::string svg = to_svg(figure);
    EXPECT_EQ(svg.find("nan"), std::string::npos) << figure.title;
    EXPECT_EQ(svg.find("inf"), std::string::npos) << figure.title;
  }
}

TEST(Svg, RefusesUnevenSeries) {
  Figure figure = two_series();
  figure.series[0].y.pop_back();
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] { to_svg(figure); }), "MAE");
  figure = two_series();
  figure.x_ticks = {"0"};
  EXPECT_THROW(to_svg(figure), std::invalid_argument);
}

}  // namespace
}  // namespace repbench
