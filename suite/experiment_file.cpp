#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <stdexcept>

#include "files/checked_json.h"
#include "files/nearest.h"
#include "suite/evaluation.h"
#include "suite/experiment.h"
#include "suite/pretraining.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;

using Assignments = std::vector<std::string>;

/// {key: value} as key=value assignments.
Assignments as_assignments(const CheckedJson& object) {
  Assignments assignments;
  for (const auto& [key, value] : object.object().items()) assignments.push_back(key + "=" + value.dump());
  return assignments;
}

void append(Assignments& to, const Assignments& more) { to.insert(to.end(), more.begin(), more.end()); }

/// Every combination of the grid's values, in the order of the keys.
std::vector<Assignments> grid_points(const std::optional<CheckedJson>& grid) {
  std::vector<Assignments> points = {{}};
  if (!grid) return points;
  for (const auto& [key, unchecked] : grid->object().items()) {
    const CheckedJson values = grid->at(key);
    if (values.items().empty()) values.fail("at least one value");
    if (key == "seed") values.fail("the seeds under 'seeds'");
    std::vector<Assignments> longer;
    for (const Assignments& point : points) {
      for (const Json& value : unchecked) {
        longer.push_back(point);
        longer.back().push_back(key + "=" + value.dump());
      }
    }
    points = std::move(longer);
  }
  return points;
}

std::string folder_of(const Assignments& point, int64_t seed) {
  std::string name;
  for (const std::string& assignment : point) name += assignment + ",";
  name += fmt::format("seed={}", seed);
  std::erase(name, '"');
  std::replace(name.begin(), name.end(), '/', '_');
  return name;
}

std::vector<int64_t> seeds_of(const CheckedJson& file) {
  const std::optional<CheckedJson> seeds = file.find("seeds");
  if (seeds && seeds->items().empty()) seeds->fail("at least one seed");
  return seeds ? seeds->integers() : std::vector<int64_t>{0};
}

/// A file of pretraining options. `prefix` tells its cells from those of others in the experiment.
struct Preset {
  Json content;
  std::string source, prefix, assigned_by;
};

std::vector<Preset> read_presets(const CheckedJson& names, const fs::path& experiment) {
  const bool several = names.is_list();
  std::vector<Preset> presets;
  for (const std::string& name : several ? names.texts() : std::vector{names.text()}) {
    const fs::path path = experiment.parent_path() / name;
    presets.push_back({read_json(path), path.lexically_normal().string(),
                       several ? path.stem().string() + "," : "", experiment.string() + " or command line"});
  }
  if (presets.empty()) names.fail("at least one preset");
  return presets;
}

/// A control with what `preset` sees; nothing if it is of another preset ("raw_pixels:STEM"). Where there are
/// several presets, its label says of which.
std::optional<ExperimentCell> control_cell(const CheckedJson& control, int64_t seed,
                                           const Assignments& common, const Preset& preset) {
  const std::string text = control.text();
  const size_t colon = text.find(':');
  if (colon != std::string::npos && text.substr(colon + 1) + "," != preset.prefix) return std::nullopt;
  const std::string name = text.substr(0, colon);
  ExperimentCell cell{.name = preset.prefix + name, .control = name, .assignments = common};
  if (cell.control != "untrained" && cell.control != "raw_pixels") control.fail("untrained or raw_pixels");
  if (cell.control == "untrained") append(cell.assignments, {fmt::format("seed={}", seed), "train.epochs=0"});
  const std::string of =
      load_pretrain_options(preset.content, preset.source, common, preset.assigned_by).label;
  std::string label = cell.control == "untrained" ? "untrained" : "raw pixels";
  if (!preset.prefix.empty())
    label = cell.control == "untrained" ? "untrained " + of : fmt::format("raw pixels as {} sees them", of);
  cell.assignments.push_back("label=" + label);
  return cell;
}

std::vector<ExperimentCell> make_cells(const CheckedJson& file, const Assignments& common,
                                       const Preset& preset) {
  std::vector<ExperimentCell> cells;
  const std::vector<int64_t> seeds = seeds_of(file);
  for (const Assignments& point : grid_points(file.find("grid"))) {
    for (const int64_t seed : seeds) {
      ExperimentCell cell{
          .name = preset.prefix + folder_of(point, seed), .control = "", .assignments = common};
      append(cell.assignments, point);
      cell.assignments.push_back(fmt::format("seed={}", seed));
      cells.push_back(std::move(cell));
    }
  }
  if (const auto controls = file.find("controls")) {
    for (const CheckedJson& control : controls->items())
      if (auto cell = control_cell(control, seeds.front(), common, preset)) cells.push_back(*std::move(cell));
  }
  for (ExperimentCell& cell : cells) {
    cell.preset = preset.content;
    cell.preset_source = preset.source;
    cell.objective = load_pretrain_options(cell.preset, cell.preset_source, cell.assignments,
                                           preset.assigned_by)
                         .objective;  // complain now
  }
  return cells;
}

std::vector<Experiment::EvaluationRow> read_evaluations(const CheckedJson& file, const std::string& source) {
  std::vector<Experiment::EvaluationRow> rows;
  std::set<std::string> folders;
  for (const CheckedJson& row : file.at("evaluations").items()) {
    row.expect_only({"name", "protocol", "dataset", "set", "controls", "objectives"});
    const auto dataset = row.find("dataset"), set = row.find("set"), controls = row.find("controls"),
               objectives = row.find("objectives");
    const std::string protocol = row.at("protocol").text();
    rows.push_back({protocol, dataset ? dataset->text() : default_dataset(protocol),
                    set ? set->object() : Json::object(), controls ? controls->flag() : true,
                    objectives ? objectives->texts() : std::vector<std::string>()});
    for (const std::string& objective : rows.back().objectives) make_recipe(objective);
    const Evaluation checked = prepare_evaluation(rows.back().protocol, rows.back().dataset, rows.back().set,
                                                  source, {});  // complain now, not later
    const auto name = row.find("name");
    rows.back().folder = name ? name->text() : folder_name(checked);
    if (!folders.insert(rows.back().folder).second)
      row.fail(fmt::format("a 'name' of its own beside another row that goes to {}", rows.back().folder));
  }
  if (rows.empty()) file.at("evaluations").fail("at least one evaluation");
  return rows;
}

Assignments budget_of(const CheckedJson& file, const std::string& name, const std::string& source) {
  const auto budgets = file.find("budgets");
  if (budgets && budgets->object().contains(name)) return as_assignments(budgets->at(name));
  std::vector<std::string> known;
  if (budgets) {
    for (const auto& [budget, value] : budgets->object().items()) known.push_back(budget);
  }
  fail_unknown_name(source, "a budget of this experiment", name, known);
}

}  // namespace

Experiment load_experiment(const fs::path& path, const std::string& budget,
                           const std::vector<std::string>& assignments) {
  const Json json = read_json(path);
  const std::string source = path.string();
  const CheckedJson file(json, fmt::format("[experiment] {}", source));
  file.expect_only(
      {"name", "title", "pretrain", "set", "grid", "seeds", "controls", "evaluations", "budgets"});
  Experiment experiment;
  experiment.source = source;
  experiment.name = file.find("name") ? file.at("name").text() : path.stem().string();
  experiment.title = file.find("title") ? file.at("title").text() : experiment.name;

  Assignments common;
  if (const auto set = file.find("set")) append(common, as_assignments(*set));
  if (!budget.empty()) append(common, budget_of(file, budget, source));
  append(common, assignments);
  experiment.evaluations = read_evaluations(file, source);
  for (const Preset& preset : read_presets(file.at("pretrain"), path)) {
    for (ExperimentCell& cell : make_cells(file, common, preset)) experiment.cells.push_back(std::move(cell));
  }
  std::set<std::string> names;
  for (const ExperimentCell& cell : experiment.cells) {
    if (!names.insert(cell.name).second) {
      throw std::invalid_argument(
          fmt::format("[experiment] {}: expected different cells; got {} twice", source, cell.name));
    }
  }
  return experiment;
}

}  // namespace repbench
