#include "protocols/composition.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>

#include "protocols/metrics.h"
#include "reports/statistics/intervals.h"

namespace repbench {
namespace {

/// Rows of one category or tag.
struct Part {
  int64_t right = 0, n = 0;
};

double share_right(const HardNegatives& row) {
  const auto right = static_cast<double>(row.captions.size());
  return right / (right + static_cast<double>(row.negatives.size()));
}

Metric share_of(const std::string& name, std::span<const uint8_t> flags, double chance,
                const std::string& column) {
  Metric metric = share_metric(name, std::count(flags.begin(), flags.end(), 1), std::ssize(flags), chance);
  metric.column = column;
  return metric;
}

/// Nothing where the file names no parts. Rows that are in none of them are left out.
void add_parts(const std::string& name, const std::map<std::string, Part>& parts, Record& record) {
  if (parts.empty()) return;
  Curve curve;
  curve.name = "accuracy by " + name;
  curve.x_label = name;
  curve.y_label = "accuracy";
  double sum = 0;
  for (const auto& [part, counts] : parts) {
    const double accuracy = static_cast<double>(counts.right) / static_cast<double>(counts.n);
    curve.x.push_back(static_cast<double>(curve.x.size()));
    curve.x_ticks.push_back(part);
    curve.y.push_back(accuracy);
    curve.intervals.push_back(wilson_interval(counts.right, counts.n));
    record.resolved["by_" + name][part] = {{"n", counts.n}, {"accuracy", accuracy}};
    sum += accuracy;
  }
  record.resolved["mean_by_" + name] = sum / static_cast<double>(parts.size());
  record.curves.push_back(std::move(curve));
}

/// Rows of one picture have one number; nothing where each picture has one row.
std::vector<int64_t> rows_by_picture(std::span<const HardNegatives> rows) {
  std::map<std::string_view, int64_t> number;
  std::vector<int64_t> groups;
  for (const HardNegatives& row : rows) {
    groups.push_back(number.try_emplace(row.picture, std::ssize(number)).first->second);
  }
  return number.size() == rows.size() ? std::vector<int64_t>() : groups;
}

OutcomeTable table_of(std::vector<std::string> ids) {
  OutcomeTable table{"group", std::move(ids), {}, {}};
  table.labels.assign(table.ids.size(), -1);
  return table;
}

}  // namespace

bool prefers_right(std::span<const double> right, std::span<const double> wrong) {
  return *std::max_element(right.begin(), right.end()) > *std::max_element(wrong.begin(), wrong.end());
}

PairScore score_pair(const std::array<std::array<double, 2>, 2>& scores) {
  PairScore result;
  result.text = scores[0][0] > scores[0][1] && scores[1][1] > scores[1][0];
  result.image = scores[0][0] > scores[1][0] && scores[1][1] > scores[0][1];
  result.group = result.text && result.image;
  return result;
}

Record hard_negative_record(std::span<const HardNegatives> rows, std::span<const uint8_t> is_right) {
  std::vector<std::string> ids;
  std::map<std::string, Part> categories;
  double chance = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    ids.push_back(rows[i].id);
    chance += share_right(rows[i]);
    if (rows[i].category.empty()) continue;
    Part& part = categories[rows[i].category];
    part.right += is_right[i];
    ++part.n;
  }
  chance /= static_cast<double>(rows.size());
  Record record;
  record.metrics = {share_of("hard_negative_accuracy", is_right, chance, "correct")};
  record.metrics.front().headline = true;
  OutcomeTable table = table_of(std::move(ids));
  table.groups = rows_by_picture(rows);
  table.columns["correct"] = {is_right.begin(), is_right.end()};
  record.outcomes = {{}, {std::move(table)}};
  add_parts("category", categories, record);
  return record;
}

Record pair_record(std::span<const CaptionPair> rows, std::span<const PairScore> scores) {
  std::vector<std::string> ids;
  std::map<std::string, Part> tags;
  std::vector<uint8_t> text, image, group;
  for (size_t i = 0; i < rows.size(); ++i) {
    ids.push_back(rows[i].id);
    text.push_back(scores[i].text);
    image.push_back(scores[i].image);
    group.push_back(scores[i].group);
    if (rows[i].tag.empty()) continue;
    Part& part = tags[rows[i].tag];
    part.right += scores[i].group;
    ++part.n;
  }
  Record record;
  record.metrics = {share_of("winoground_group_score", group, 1.0 / 6, "group_correct"),
                    share_of("winoground_text_score", text, 0.25, "text_correct"),
                    share_of("winoground_image_score", image, 0.25, "image_correct")};
  record.metrics.front().headline = true;
  OutcomeTable table = table_of(std::move(ids));
  table.columns = {{"group_correct", column_of(group)},
                   {"text_correct", column_of(text)},
                   {"image_correct", column_of(image)}};
  record.outcomes = {{}, {std::move(table)}};
  add_parts("tag", tags, record);
  return record;
}

}  // namespace repbench
