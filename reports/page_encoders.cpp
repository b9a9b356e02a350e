#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <optional>
#include <set>

#include "reports/axes.h"
#include "reports/numbers.h"
#include "reports/page_sections.h"
#include "reports/rows.h"
#include "reports/table.h"

// How the encoders of a page were made, side by side: all of it from their reports.

namespace repbench {
namespace {

constexpr const char* kNothing = "—";
constexpr size_t kMostSideBySide = 6;  // more encoders stand one under the other

/// A member by dotted path; null where a part of the path is missing.
Json at_path(const Json& object, const std::string& dotted) {
  const size_t dot = dotted.find('.');
  const auto found = object.is_object() ? object.find(dotted.substr(0, dot)) : object.end();
  if (!object.is_object() || found == object.end()) return {};
  return dot == std::string::npos ? *found : at_path(*found, dotted.substr(dot + 1));
}

std::string text_at(const Record& record, const std::string& dotted) {
  const Json value = at_path(record.checkpoint, dotted);
  if (value.is_string()) return value.get<std::string>().empty() ? kNothing : value.get<std::string>();
  return value.is_number() ? format_large(value.get<double>()) : kNothing;
}

std::optional<double> number_at(const Json& object, const std::string& dotted) {
  const Json value = at_path(object, dotted);
  return value.is_number() ? std::optional(value.get<double>()) : std::nullopt;
}

bool was_trained(const Record& record) {
  return number_at(record.checkpoint, "training.steps").value_or(0) > 0;
}

/// "7 min 12 s", "41.3 s".
std::string duration(double seconds) {
  if (seconds < 60) return fmt::format("{:.3g} s", seconds);
  const auto whole = std::llround(seconds);
  if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
  return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
}

std::string kind_of(const Record& record) {
  static const std::map<std::string, std::string> kNames = {
      {"vit", "ViT"}, {"clip", "CLIP"}, {"raw_pixels", "raw pixels"}};
  const std::string kind = text_at(record, "kind");
  const auto found = kNames.find(kind);
  return found == kNames.end() ? kind : found->second;
}

/// "4 blocks, width 128, 4 heads, patch 4, 28 px, 1 channel": what is known of it.
std::string picture_tower(const Record& record) {
  std::string text;
  const auto append = [&](const std::string& key, const char* form) {
    const auto value = number_at(record.checkpoint, "model." + key);
    if (value) text += (text.empty() ? "" : ", ") + fmt::format(fmt::runtime(form), format_short(*value));
  };
  append("depth", "{} blocks");
  append("width", "width {}");
  append("heads", "{} heads");
  append("patch_size", "patch {}");
  append("image_size", "{} px");
  append("channels", "channels: {}");
  return text.empty() ? kNothing : text;
}

std::string text_tower(const Record& record) {
  const auto depth = number_at(record.checkpoint, "model.text.depth");
  if (!depth) return kNothing;
  std::string text = format_short(*depth) + " blocks";
  for (const auto& [key, name] : {std::pair("width", "width"), {"context_length", "tokens a text:"}}) {
    const auto value = number_at(record.checkpoint, std::string("model.text.") + key);
    if (value) text += fmt::format(", {} {}", name, format_short(*value));
  }
  return text;
}

/// The methods' own words for what is learned; a method that is not here shows its name.
std::string task_of(const Record& record) {
  if (!was_trained(record)) return kNothing;
  const std::string objective = text_at(record, "config.objective");
  if (objective == "clip") return "CLIP: find a picture's caption in the batch, and a caption's picture";
  if (objective != "mae") return objective;
  const auto removed = number_at(record.checkpoint, "config.mae.mask_ratio");
  return "MAE: fill in the removed patches" + (removed ? fmt::format(" ({:.3g} %)", 100 * *removed) : "");
}

std::string loss_of(const Record& record) {
  if (!was_trained(record)) return kNothing;
  const std::string objective = text_at(record, "config.objective");
  if (objective == "clip") return "symmetric cross-entropy of scaled cosines";
  if (objective != "mae") return kNothing;
  const bool standardised = at_path(record.checkpoint, "config.mae.norm_pix") == true;
  return std::string("mean squared error on removed patches, ") +
         (standardised ? "standardised one by one" : "plain pixels");
}

std::string data_of(const Record& record) {
  if (!was_trained(record)) return "none";
  const std::string dataset = text_at(record, "config.dataset");
  const auto limit = number_at(record.checkpoint, "config.limit");
  return dataset + (limit && *limit > 0 ? fmt::format(", {} examples of it", format_large(*limit)) : "");
}

std::string setting(const Record& record, const std::string& dotted) {
  return was_trained(record) ? text_at(record, dotted) : kNothing;
}

/// One line of the table: what a checkpoint's report says. Repetitions that differ are listed.
struct Fact {
  const char* name;
  std::function<std::string(const Record&)> of;
};

/// A measured line: repetitions are averaged.
struct Measure {
  const char* name;
  std::function<std::optional<double>(const Record&)> of;
  std::string (*form)(double);
};

std::vector<Fact> facts() {
  return {{"kind", kind_of},
          {"picture encoder", picture_tower},
          {"text encoder", text_tower},
          {"parameters", [](const Record& r) { return text_at(r, "parameters.total"); }},
          {"pretraining task", task_of},
          {"loss", loss_of},
          {"training data", data_of},
          {"examples seen", [](const Record& r) { return text_at(r, "training.examples_seen"); }},
          {"epochs", [](const Record& r) { return setting(r, "config.train.epochs"); }},
          {"batch size", [](const Record& r) { return setting(r, "config.train.batch_size"); }},
          {"training view", [](const Record& r) { return setting(r, "config.view"); }},
          {"evaluation view", [](const Record& r) { return text_at(r, "input.view"); }},
          {"MACs per example", [](const Record& r) { return text_at(r, "training.macs_per_example"); }}};
}

std::vector<Measure> measures() {
  const auto trained = [](const Json& section, const std::string& key, const Record& record) {
    return was_trained(record) ? number_at(section, key) : std::nullopt;
  };
  return {
      {"MACs, all examples",
       [=](const Record& r) -> std::optional<double> {
         const auto each = trained(r.checkpoint, "training.macs_per_example", r);
         const auto seen = trained(r.checkpoint, "training.examples_seen", r);
         return each && seen ? std::optional(*each * *seen) : std::nullopt;
       },
       format_large},
      {"training time", [=](const Record& r) { return trained(r.cost, "training_seconds", r); }, duration},
      {"final loss", [=](const Record& r) { return trained(r.checkpoint, "training.final_loss", r); },
       [](double value) { return fmt::format("{:.4g}", value); }}};
}

std::string fact_text(const Fact& fact, const std::vector<const Record*>& checkpoints) {
  std::vector<std::string> texts;
  for (const Record* record : checkpoints) {
    const std::string text = fact.of(*record);
    if (std::find(texts.begin(), texts.end(), text) == texts.end()) texts.push_back(text);
  }
  return fmt::format("{}", fmt::join(texts, "\n"));
}

std::string measure_text(const Measure& measure, const std::vector<const Record*>& checkpoints) {
  std::vector<double> values;
  for (const Record* record : checkpoints) {
    if (const auto value = measure.of(*record)) values.push_back(*value);
  }
  if (values.empty()) return kNothing;
  const MeanAndDeviation pooled = mean_and_deviation(values);
  const std::string mean = measure.form(pooled.mean);
  if (pooled.standard_deviation == 0) return mean;
  return fmt::format("{} ± {} (n = {})", mean, measure.form(pooled.standard_deviation), pooled.n);
}

/// Without its interval, which the comparison has.
std::string short_result(const std::vector<const Record*>& runs) {
  if (runs.size() > 1) return cell_text(runs);
  Metric headline = runs[0]->headline();
  headline.interval.reset();
  return format_metric(headline);
}

/// "knn: 80.7 %", one line a protocol that has a better and a worse.
std::string results_on(const std::string& dataset, const Row& row, const std::vector<Column>& columns) {
  std::string text;
  for (const Column& column : columns) {
    const auto runs = cell_of(row, column);
    if (column.dataset != dataset || runs.empty() || runs[0]->headline().direction == Direction::neither)
      continue;
    const std::string heading = column.heading.substr(std::min(column.heading.size(), dataset.size() + 2));
    text += (text.empty() ? "" : "\n") + heading + ": " + short_result(runs);
  }
  return text.empty() ? kNothing : text;
}

Table transposed(const Table& table) {
  Table out{table.title, table.note, {table.columns[0]}, {}};
  for (const auto& row : table.rows) out.columns.push_back(row[0]);
  for (size_t column = 1; column < table.columns.size(); ++column) {
    std::vector<std::string> cells = {table.columns[column]};
    for (const auto& row : table.rows) cells.push_back(row[column]);
    out.rows.push_back(std::move(cells));
  }
  return out;
}

/// Lines that say nothing of any encoder.
void drop_empty_rows(Table& table) {
  std::erase_if(table.rows, [](const std::vector<std::string>& row) {
    return std::all_of(row.begin() + 1, row.end(), [](const std::string& cell) { return cell == kNothing; });
  });
}

}  // namespace

Section encoder_section(const PageData& data) {
  const std::vector<const Record*> records = pointers_to(data.records);
  std::vector<Row> rows = rows_of(records);
  std::erase_if(rows, [](const Row& row) { return row.control; });
  Section section{"Encoders", "", {}};
  if (rows.empty()) return section;
  const std::vector<Column> columns = columns_of(records);
  Table table{
      "Encoders",
      "MACs are analytic multiply-accumulates of training (a backward pass counts as two forward ones), "
      "masking counted. A dash: the reports do not say, or there is none.",
      {"encoder"},
      {}};
  for (const Row& row : rows) table.columns.push_back(row.name);
  for (const Fact& fact : facts()) {
    table.rows.push_back({fact.name});
    for (const Row& row : rows) table.rows.back().push_back(fact_text(fact, checkpoints_of(row)));
  }
  for (const Measure& measure : measures()) {
    table.rows.push_back({measure.name});
    for (const Row& row : rows) table.rows.back().push_back(measure_text(measure, checkpoints_of(row)));
  }
  std::set<std::string> datasets;
  for (const Column& column : columns) datasets.insert(column.dataset);
  for (const std::string& dataset : datasets) {
    table.rows.push_back({"results, " + dataset});
    for (const Row& row : rows) table.rows.back().push_back(results_on(dataset, row, columns));
  }
  drop_empty_rows(table);
  section.parts.emplace_back(rows.size() > kMostSideBySide ? transposed(table) : table);
  return section;
}

}  // namespace repbench
