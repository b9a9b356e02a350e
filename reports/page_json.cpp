#include "reports/page.h"

namespace repbench {
namespace {

Json series_json(const Series& series) {
  Json intervals = Json::array();
  for (const Interval& interval : series.intervals) intervals.push_back({interval.low, interval.high});
  return {{"name", series.name},
          {"x", series.x},
          {"y", series.y},
          {"intervals", std::move(intervals)},
          {"level", series.level}};
}

Json figure_json(const Figure& figure) {
  Json series = Json::array(), marks = Json::array();
  for (const Mark& mark : figure.marks) marks.push_back({{"x", mark.x}, {"title", mark.title}});
  for (const Series& one : figure.series) series.push_back(series_json(one));
  return {{"title", figure.title},     {"x_label", figure.x_label},   {"y_label", figure.y_label},
          {"x_ticks", figure.x_ticks}, {"series", std::move(series)}, {"marks", std::move(marks)}};
}

Json part_json(const std::variant<Table, Figure, Sheet>& part) {
  if (const auto* table = std::get_if<Table>(&part)) return {{"table", to_json(*table)}};
  if (const auto* figure = std::get_if<Figure>(&part)) return {{"figure", figure_json(*figure)}};
  const auto& sheet = std::get<Sheet>(part);
  return {{"pictures", {{"title", sheet.title}, {"note", sheet.note}}}};
}

}  // namespace

Json to_json(const Page& page) {
  Json sections = Json::array();
  for (const Section& section : page.sections) {
    Json parts = Json::array();
    for (const auto& part : section.parts) parts.push_back(part_json(part));
    sections.push_back({{"heading", section.heading}, {"text", section.text}, {"parts", std::move(parts)}});
  }
  return {{"title", page.title}, {"lead", page.lead}, {"sections", std::move(sections)}};
}

}  // namespace repbench
