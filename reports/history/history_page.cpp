#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include "reports/history/history.h"
#include "reports/numbers.h"
#include "reports/statistics/intervals.h"

namespace repbench {
namespace {

using Histories = std::vector<const MetricHistory*>;

constexpr const char* kNothing = "—";

std::string counted(size_t n, const std::string& noun) {
  return fmt::format("{} {}{}", n, noun, n == 1 ? "" : "s");
}

/// Those of one heading share a figure.
std::vector<Histories> groups_of(const History& history) {
  std::vector<Histories> groups;
  for (const MetricHistory& metric : history.metrics) {
    if (groups.empty() || groups.back()[0]->heading != metric.heading) groups.emplace_back();
    groups.back().push_back(&metric);
  }
  return groups;
}

/// Where each point of each history stands from left to right. Encoders that were judged by one commit on one
/// day stand above each other; one that was judged several times goes on to the next place.
struct Places {
  std::vector<std::string> ticks;
  std::map<const HistoryPoint*, size_t> of;
};

Places places_of(const Histories& group) {
  using Entry = std::tuple<Instant, std::filesystem::path, const MetricHistory*, const HistoryPoint*>;
  std::vector<Entry> entries;
  for (const MetricHistory* metric : group) {
    for (const HistoryPoint& point : metric->points)
      entries.emplace_back(point.instant(), point.runs[0]->file, metric, &point);
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::tie(std::get<0>(a), std::get<1>(a)) < std::tie(std::get<0>(b), std::get<1>(b));
  });
  Places places;
  std::set<const MetricHistory*> here;
  for (const auto& [instant, file, metric, point] : entries) {
    const std::string tick = date_text(instant) + " " + point->commit_text();
    if (places.ticks.empty() || places.ticks.back() != tick || here.contains(metric)) {
      places.ticks.push_back(tick);
      here.clear();
    }
    here.insert(metric);
    places.of[point] = places.ticks.size() - 1;
  }
  return places;
}

Series series_of(const MetricHistory& metric, const Places& places) {
  const double scale = shown_scale(metric.unit);
  Series series{metric.encoder, {}, {}, {}};
  bool all_bars = true;
  for (const HistoryPoint& point : metric.points) {
    const Interval bar = point.interval.value_or(Interval{point.value, point.value});
    all_bars = all_bars && point.interval;
    series.x.push_back(static_cast<double>(places.of.at(&point)));
    series.y.push_back(scale * point.value);
    series.intervals.push_back({scale * bar.low, scale * bar.high});
  }
  if (!all_bars) series.intervals.clear();
  return series;
}

std::string signed_text(double value, int decimals) {
  const std::string text = format_fixed(value, decimals);
  return value > 0 && text.find_first_of("123456789") != std::string::npos ? "+" + text : text;
}

/// As many digits as tell the means apart.
struct ChangeTexts {
  std::string before, after, difference;
};

ChangeTexts texts_of(const ChangePoint& change, const std::string& unit) {
  const double scale = shown_scale(unit), difference = scale * change.difference();
  const int decimals = std::max(1, decimals_for(std::abs(difference)));
  const std::string suffix = shown_unit(unit);
  return {format_fixed(scale * change.before, decimals) + suffix,
          format_fixed(scale * change.after, decimals) + suffix, signed_text(difference, decimals)};
}

Figure figure_of(const Histories& group) {
  const Places places = places_of(group);
  const std::string unit = shown_unit(group[0]->unit);
  Figure figure;
  figure.title = group[0]->heading;
  figure.x_label = "day and commit";
  figure.y_label = group[0]->metric + "," + unit;
  figure.x_ticks = places.ticks;
  for (const MetricHistory* metric : group) {
    for (const ChangePoint& change : metric->changes) {
      const HistoryPoint& first = metric->points[change.at];
      const size_t place = places.of.at(&first);
      figure.marks.push_back({static_cast<double>(place),
                              fmt::format("{}: {} from {} on", metric->encoder,
                                          texts_of(change, metric->unit).difference, places.ticks[place]),
                              figure.series.size()});
    }
    figure.series.push_back(series_of(*metric, places));
  }
  return figure;
}

std::string point_text(const HistoryPoint& point, const std::string& name) {
  Metric metric = *point.runs[0]->record.find(name);
  if (point.runs.size() == 1) return format_metric(metric);
  std::vector<double> values;
  for (const HistoryRun* run : point.runs) values.push_back(run->record.find(name)->value);
  return format_mean(mean_and_deviation(values), metric.unit);
}

Table point_table(const Histories& group) {
  Table table{"",
              "Bold: the first point after a change. A + marks a program with uncommitted changes.",
              {"encoder", "time", "commit", "checkpoint", group[0]->metric},
              {}};
  for (const MetricHistory* metric : group) {
    for (size_t i = 0; i < metric->points.size(); ++i) {
      const HistoryPoint& point = metric->points[i];
      const bool changed = std::any_of(metric->changes.begin(), metric->changes.end(),
                                       [&](const ChangePoint& change) { return change.at == i; });
      if (changed) table.bold.emplace_back(table.rows.size(), table.columns.size() - 1);
      table.rows.push_back({metric->encoder, time_text(point.instant()), point.commit_text(),
                            point.checkpoint_text(), point_text(point, metric->metric)});
    }
  }
  return table;
}

/// Newest first.
Table change_table(const History& history) {
  std::vector<std::pair<const MetricHistory*, const ChangePoint*>> changes;
  for (const MetricHistory& metric : history.metrics) {
    for (const ChangePoint& change : metric.changes) changes.emplace_back(&metric, &change);
  }
  const auto instant_of = [](const auto& entry) { return entry.first->points[entry.second->at].instant(); };
  std::stable_sort(changes.begin(), changes.end(),
                   [&](const auto& a, const auto& b) { return instant_of(a) > instant_of(b); });
  Table table{"",
              "Newest first; each with the first point after it. Means reach from the change before to the "
              "change after. p is two-sided, times the number of places where this change could have been.",
              {"encoder", "measured", "time", "commit", "difference", "before", "after", "p",
               "p over checkpoints", "checkpoint"},
              {}};
  for (const auto& [metric, change] : changes) {
    const HistoryPoint& first = metric->points[change->at];
    const ChangeTexts texts = texts_of(*change, metric->unit);
    table.rows.push_back({metric->encoder, metric->heading, time_text(first.instant()), first.commit_text(),
                          texts.difference, texts.before, texts.after, format_p(change->p),
                          change->p_checkpoints ? format_p(*change->p_checkpoints) : kNothing,
                          first.checkpoint_text()});
  }
  if (groups_of(history).size() > 1) return table;
  table.columns.erase(table.columns.begin() + 1);  // "measured": there is one heading
  for (auto& row : table.rows) row.erase(row.begin() + 1);
  return table;
}

Section change_section(const History& history) {
  Section section{"Changes", "", {}};
  Table table = change_table(history);
  section.text =
      "Where binary segmentation finds a change at 1 % in a history (Bonferroni over the places). A change "
      "is "
      "one of what was judged: a checkpoint that was trained again with another seed may differ, too. p over "
      "checkpoints asks whether the change exceeds the scatter of the checkpoints on either side.";
  if (table.rows.empty()) {
    section.text = "No history changes, at 1 % each (Bonferroni over the places where it could).";
  } else {
    section.parts.emplace_back(std::move(table));
  }
  return section;
}

/// Told once where all are tested alike.
std::string summary_of(const Histories& group) {
  std::set<std::string> tests;
  for (const MetricHistory* metric : group) {
    if (!metric->test.empty()) tests.insert(metric->test);
  }
  std::string text;
  bool marked = false;
  for (const MetricHistory* metric : group) {
    marked = marked || !metric->changes.empty();
    text += (text.empty() ? "" : " ") + metric->encoder + ": " + counted(metric->points.size(), "point");
    if (!metric->test.empty()) text += ", " + counted(metric->changes.size(), "change");
    if (!metric->test.empty() && tests.size() > 1) text += " (" + metric->test + ")";
    text += ".";
  }
  if (tests.size() == 1) text += " Test: " + *tests.begin() + ".";
  return text + (marked ? " Dashed lines stand before the first point after a change." : "");
}

std::string lead_of(const History& history) {
  std::set<std::string> encoders;
  size_t changes = 0;
  for (const MetricHistory& metric : history.metrics) {
    encoders.insert(metric.encoder);
    changes += metric.changes.size();
  }
  return fmt::format("{} of {}, {} to {}: {}. Bars are 95 % intervals.",
                     counted(history.runs.size(), "report"), counted(encoders.size(), "encoder"),
                     date_text(history.runs.front()->instant), date_text(history.runs.back()->instant),
                     counted(changes, "change"));
}

}  // namespace

Page to_page(const History& history, const std::string& title) {
  Page page{title, lead_of(history), {change_section(history)}};
  for (const Histories& group : groups_of(history)) {
    Section section{group[0]->heading, summary_of(group), {}};
    section.parts.emplace_back(figure_of(group));
    section.parts.emplace_back(point_table(group));
    page.sections.push_back(std::move(section));
  }
  return page;
}

}  // namespace repbench
