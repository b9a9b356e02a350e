#include <algorithm>
#include <map>
#include <optional>

#include "reports/numbers.h"
#include "reports/page_sections.h"
#include "reports/rows.h"

namespace repbench {
namespace {

/// One x of one series: the values of its runs.
struct Point {
  double x = 0;
  std::vector<double> y;
  std::optional<Interval> interval;  // of the last run
};

struct Line {
  std::string name;
  std::map<std::string, Point> points;  // by tick
};

std::string tick_of(const Curve& curve, size_t i) {
  const bool named = !curve.x_ticks.empty() && !curve.x_ticks[i].empty();
  return named ? curve.x_ticks[i] : format_short(curve.x[i]);
}

const Curve* find_curve(const Record& record, const std::string& name) {
  const auto found = std::find_if(record.curves.begin(), record.curves.end(),
                                  [&](const Curve& curve) { return curve.name == name; });
  return found == record.curves.end() ? nullptr : &*found;
}

Line line_of(const Row& row, const Column& column, const std::string& curve_name) {
  Line line{row.name, {}};
  for (const Record* run : cell_of(row, column)) {
    const Curve* curve = find_curve(*run, curve_name);
    for (size_t i = 0; curve != nullptr && i < curve->x.size(); ++i) {
      Point& point = line.points[tick_of(*curve, i)];
      point.x = curve->x[i];
      point.y.push_back(curve->y[i]);
      if (!curve->intervals.empty()) point.interval = curve->intervals[i];
    }
  }
  return line;
}

/// Shares are stored as shares and drawn in percent.
bool is_share(const std::string& y_label, const std::vector<Line>& lines) {
  if (y_label.find("accuracy") == std::string::npos || y_label.find('%') != std::string::npos) return false;
  for (const Line& line : lines) {
    for (const auto& [tick, point] : line.points) {
      if (*std::max_element(point.y.begin(), point.y.end()) > 1) return false;
    }
  }
  return true;
}

std::vector<std::string> ticks_by_x(const std::vector<Line>& lines) {
  std::map<std::string, double> x_of;
  for (const Line& line : lines) {
    for (const auto& [tick, point] : line.points)
      x_of[tick] = std::max(point.x, x_of.try_emplace(tick, point.x).first->second);
  }
  std::vector<std::string> ticks;
  for (const auto& [tick, x] : x_of) ticks.push_back(tick);
  std::stable_sort(ticks.begin(), ticks.end(),
                   [&](const std::string& a, const std::string& b) { return x_of[a] < x_of[b]; });
  return ticks;
}

Series series_of(const Line& line, const std::vector<std::string>& ticks, bool categories, double scale) {
  Series series{line.name, {}, {}, {}};
  bool all_bars = true;
  for (size_t k = 0; k < ticks.size(); ++k) {
    const auto found = line.points.find(ticks[k]);
    if (found == line.points.end()) continue;
    const Point& point = found->second;
    const MeanAndDeviation pooled = mean_and_deviation(point.y);
    const Interval bar = point.y.size() > 1 ? pooled.interval : point.interval.value_or(pooled.interval);
    all_bars = all_bars && (point.y.size() > 1 || point.interval);
    series.x.push_back(categories ? static_cast<double>(k) : point.x);
    series.y.push_back(pooled.mean * scale);
    series.intervals.push_back({bar.low * scale, bar.high * scale});
  }
  if (!all_bars) series.intervals.clear();
  return series;
}

Figure curve_figure(const std::vector<Row>& rows, const Column& column, const Curve& example) {
  std::vector<Line> lines;
  for (const Row& row : rows) {
    Line line = line_of(row, column, example.name);
    if (!line.points.empty()) lines.push_back(std::move(line));
  }
  const std::vector<std::string> ticks = ticks_by_x(lines);
  const bool categories = !example.x_ticks.empty();
  const bool share = is_share(example.y_label, lines);
  Figure figure;
  const bool named = !example.name.empty() && example.name != column.protocol;
  figure.title = column.heading + (named ? ": " + example.name : "");
  figure.x_label = example.x_label;
  figure.y_label = example.y_label + (share ? ", %" : "");
  if (categories) figure.x_ticks = ticks;
  for (const Line& line : lines) figure.series.push_back(series_of(line, ticks, categories, share ? 100 : 1));
  return figure;
}

}  // namespace

Section curve_section(const PageData& data) {
  const std::vector<const Record*> records = pointers_to(data.records);
  const std::vector<Row> rows = rows_of(records);
  Section section{"Curves", "", {}};
  for (const Column& column : columns_of(records)) {
    std::vector<std::string> drawn;
    for (const Record* record : records) {
      if (!column.holds(*record)) continue;
      for (const Curve& curve : record->curves) {
        if (std::find(drawn.begin(), drawn.end(), curve.name) != drawn.end() || curve.x.empty()) continue;
        drawn.push_back(curve.name);
        section.parts.emplace_back(curve_figure(rows, column, curve));
      }
    }
  }
  return section;
}

}  // namespace repbench
