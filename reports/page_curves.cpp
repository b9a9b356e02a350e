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
  std::string subject, curve;
  std::map<std::string, Point> points;  // by tick
  bool level = false;                   // a reference: the same value at every x
};

/// The curves of one protocol on one data set that share their axes and so their figure.
struct Plot {
  std::string x_label, y_label;
  std::vector<std::string> names;  // of its curves, in order of first appearance
  bool categories = false;
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

/// A constant curve beside another is a reference: what zero-shot reaches, whatever the shots.
bool is_level(const Curve& curve, const Plot& plot) {
  const auto differs = [&](double y) { return y != curve.y.front(); };
  return curve.name != plot.names.front() && curve.x.size() > 1 &&
         std::none_of(curve.y.begin(), curve.y.end(), differs);
}

Line line_of(const Row& row, const Column& column, const Plot& plot, const std::string& curve_name) {
  Line line{row.name, curve_name, {}};
  for (const Record* run : cell_of(row, column)) {
    const Curve* curve = find_curve(*run, curve_name);
    for (size_t i = 0; curve != nullptr && i < curve->x.size(); ++i) {
      Point& point = line.points[tick_of(*curve, i)];
      point.x = curve->x[i];
      point.y.push_back(curve->y[i]);
      if (!curve->intervals.empty()) point.interval = curve->intervals[i];
    }
    line.level = line.level || (curve != nullptr && is_level(*curve, plot));
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
  Series series{line.subject, {}, {}, {}};
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
  series.level = line.level;
  if (!all_bars || line.level) series.intervals.clear();
  return series;
}

std::vector<Line> lines_of(const std::vector<Row>& rows, const Column& column, const Plot& plot) {
  std::vector<Line> lines;
  for (const std::string& name : plot.names) {
    for (const Row& row : rows) {
      Line line = line_of(row, column, plot, name);
      if (!line.points.empty()) lines.push_back(std::move(line));
    }
  }
  return lines;
}

/// A level line takes the colour of its encoder's first curve.
void append_series(const std::vector<Line>& lines, const Plot& plot, double scale, Figure& figure) {
  const std::vector<std::string> ticks = ticks_by_x(lines);
  const auto curves = std::count_if(plot.names.begin(), plot.names.end(), [&](const std::string& name) {
    return std::any_of(lines.begin(), lines.end(),
                       [&](const Line& line) { return line.curve == name && !line.level; });
  });
  std::map<std::string, size_t> first_of;
  for (const Line& line : lines) {
    const size_t first = first_of.try_emplace(line.subject, figure.series.size()).first->second;
    Series series = series_of(line, ticks, plot.categories, scale);
    if (curves > 1 || line.level) series.name += ", " + line.curve;
    if (line.level) series.colour = first;
    figure.series.push_back(std::move(series));
  }
  if (plot.categories) figure.x_ticks = ticks;
}

Figure curve_figure(const std::vector<Row>& rows, const Column& column, const Plot& plot) {
  const std::vector<Line> lines = lines_of(rows, column, plot);
  const bool share = is_share(plot.y_label, lines);
  Figure figure;
  const std::string& name = plot.names.front();
  const bool named = !name.empty() && name != column.protocol && plot.names.size() == 1;
  figure.title = column.heading + (named ? ": " + name : "");
  figure.x_label = plot.x_label;
  figure.y_label = plot.y_label + (share ? ", %" : "");
  append_series(lines, plot, share ? 100 : 1, figure);
  return figure;
}

std::vector<Plot> plots_of(const std::vector<const Record*>& records, const Column& column) {
  std::vector<Plot> plots;
  for (const Record* record : records) {
    if (!column.holds(*record)) continue;
    for (const Curve& curve : record->curves) {
      if (curve.x.empty()) continue;
      auto plot = std::find_if(plots.begin(), plots.end(), [&](const Plot& known) {
        return known.x_label == curve.x_label && known.y_label == curve.y_label;
      });
      if (plot == plots.end()) plot = plots.insert(plot, {curve.x_label, curve.y_label, {}, false});
      plot->categories = plot->categories || !curve.x_ticks.empty();
      if (std::find(plot->names.begin(), plot->names.end(), curve.name) == plot->names.end())
        plot->names.push_back(curve.name);
    }
  }
  return plots;
}

}  // namespace

Section curve_section(const PageData& data) {
  const std::vector<const Record*> records = pointers_to(data.records);
  const std::vector<Row> rows = rows_of(records);
  Section section{"Curves", "", {}};
  for (const Column& column : columns_of(records)) {
    for (const Plot& plot : plots_of(records, column))
      section.parts.emplace_back(curve_figure(rows, column, plot));
  }
  if (!section.parts.empty())
    section.text =
        "Bars are 95 % intervals unless the axis says otherwise. Dashed lines do not depend on the "
        "horizontal axis.";
  return section;
}

}  // namespace repbench
