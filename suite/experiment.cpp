#include "suite/experiment.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <stdexcept>

#include "files/atomic.h"
#include "files/nearest.h"
#include "reports/page.h"
#include "suite/evaluation.h"
#include "suite/pretraining.h"
#include "suite/run_store.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> kKeys = {"name",  "title",    "pretrain",    "set",    "grid",
                                        "seeds", "controls", "evaluations", "budgets"};
const std::vector<std::string> kEvaluationKeys = {"protocol", "dataset", "set", "controls"};

void check_keys(const Json& object, const std::vector<std::string>& known, const std::string& source) {
  if (!object.is_object())
    throw std::invalid_argument(fmt::format("[{}] expected an object; got {}", source, object.dump()));
  for (const auto& [key, value] : object.items()) {
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      throw std::invalid_argument(
          fmt::format("[{}] key '{}': unknown; did you mean '{}'?", source, key, nearest_name(key, known)));
    }
  }
}

/// {key: value} as key=value assignments.
std::vector<std::string> as_assignments(const Json& object) {
  std::vector<std::string> assignments;
  for (const auto& [key, value] : object.items()) assignments.push_back(key + "=" + value.dump());
  return assignments;
}

/// Every combination of the grid's values, in the order of the keys.
std::vector<std::vector<std::string>> product(const Json& grid, const std::string& source) {
  std::vector<std::vector<std::string>> points = {{}};
  for (const auto& [key, values] : grid.items()) {
    if (!values.is_array() || values.empty()) {
      throw std::invalid_argument(
          fmt::format("[{}] key 'grid.{}': expected a list of values; got {}", source, key, values.dump()));
    }
    std::vector<std::vector<std::string>> longer;
    for (const auto& point : points) {
      for (const Json& value : values) {
        longer.push_back(point);
        longer.back().push_back(key + "=" + value.dump());
      }
    }
    points = std::move(longer);
  }
  return points;
}

std::vector<ExperimentCell> make_cells(const Json& json, const std::vector<std::string>& common,
                                       const std::string& source) {
  std::vector<ExperimentCell> cells;
  const std::vector<int64_t> seeds = json.value("seeds", std::vector<int64_t>{0});
  if (seeds.empty())
    throw std::invalid_argument(fmt::format("[{}] key 'seeds': expected at least one; got none", source));
  for (const std::vector<std::string>& point : product(json.value("grid", Json::object()), source)) {
    for (const int64_t seed : seeds) {
      ExperimentCell cell{.name = "", .control = "", .assignments = common};
      for (const std::string& assignment : point) {
        cell.assignments.push_back(assignment);
        cell.name += assignment + ",";
      }
      cell.assignments.push_back(fmt::format("seed={}", seed));
      cell.name += fmt::format("seed={}", seed);
      std::erase(cell.name, '"');
      std::replace(cell.name.begin(), cell.name.end(), '/', '_');
      cells.push_back(std::move(cell));
    }
  }
  for (const Json& control : json.value("controls", Json::array())) {
    ExperimentCell cell{.name = control, .control = control, .assignments = common};
    if (cell.control == "untrained") {
      cell.assignments.insert(cell.assignments.end(),
                              {fmt::format("seed={}", seeds.front()), "train.epochs=0", "label=untrained"});
    } else if (cell.control != "raw_pixels") {
      throw std::invalid_argument(fmt::format(
          "[{}] key 'controls': expected untrained or raw_pixels; got '{}'", source, cell.control));
    }
    cells.push_back(std::move(cell));
  }
  return cells;
}

std::vector<Experiment::EvaluationRow> read_evaluations(const Json& json, const std::string& source) {
  std::vector<Experiment::EvaluationRow> rows;
  for (const Json& row : json.value("evaluations", Json::array())) {
    check_keys(row, kEvaluationKeys, source);
    rows.push_back({row.value("protocol", std::string()), row.value("dataset", std::string("fashion_mnist")),
                    row.value("set", Json::object()), row.value("controls", true)});
    prepare_evaluation(rows.back().protocol, rows.back().dataset, rows.back().set, source,
                       {});  // complain now, not later
  }
  return rows;
}

/// Runs the pretraining of a cell to its end and returns whom to judge.
Subject pretrained_subject(const Experiment& experiment, const ExperimentCell& cell, const fs::path& folder,
                           Progress& progress) {
  PretrainOptions options =
      load_pretrain_options(experiment.preset, experiment.preset_source, cell.assignments);
  if (cell.control == "raw_pixels") return raw_pixels_subject(options.input());
  run_pretraining(options, folder / "pretrain", /*may_resume=*/true, progress);
  return load_subject(folder / "pretrain");
}

bool applies(const Experiment::EvaluationRow& row, const ExperimentCell& cell) {
  return cell.control.empty() || row.controls;
}

Evaluation prepare(const Experiment::EvaluationRow& row, const Experiment& experiment, const fs::path& out) {
  return prepare_evaluation(row.protocol, row.dataset, row.set, experiment.source,
                            {"cache=" + (out / "features").string()});
}

void run_cell(const Experiment& experiment, const ExperimentCell& cell, const fs::path& out,
              Progress& progress) {
  const fs::path folder = out / cell.name;
  Subject subject;
  for (const Experiment::EvaluationRow& row : experiment.evaluations) {
    if (!applies(row, cell)) continue;
    Evaluation evaluation = prepare(row, experiment, out);
    const fs::path target = folder / folder_name(evaluation);
    PretrainOptions options =
        load_pretrain_options(experiment.preset, experiment.preset_source, cell.assignments);
    Cell work(target, {{"pretrain", resolved_options(options, /*identity_only=*/true)},
                       {"control", cell.control},
                       {"protocol", row.protocol},
                       {"dataset", row.dataset},
                       {"settings", evaluation.identity}});
    if (work.finished()) continue;
    if (!subject.encoder) subject = pretrained_subject(experiment, cell, folder, progress);
    const Record record = run_evaluation(evaluation, subject, target, progress);
    work.finish();
    progress.say(fmt::format("{}: {} {}", folder_name(evaluation), record.headline().name,
                             format_metric(record.headline())));
  }
}

void write_pages(const Experiment& experiment, const fs::path& out) {
  Page page = build_page({out});
  page.title = experiment.title;
  write_file_atomically(out / "report.html", to_html(page));
  write_file_atomically(out / "report.md", to_markdown(page));
  write_file_atomically(out / "report.csv", to_csv(page));
}

}  // namespace

Experiment load_experiment(const fs::path& file, const std::string& budget,
                           const std::vector<std::string>& assignments) {
  const Json json = read_json(file);
  const std::string source = file.string();
  check_keys(json, kKeys, source);
  Experiment experiment;
  experiment.source = source;
  experiment.name = json.value("name", file.stem().string());
  experiment.title = json.value("title", experiment.name);
  const fs::path preset = file.parent_path() / json.value("pretrain", std::string());
  experiment.preset = read_json(preset);
  experiment.preset_source = preset.lexically_normal().string();
  std::vector<std::string> common = as_assignments(json.value("set", Json::object()));
  if (!budget.empty()) {
    const Json budgets = json.value("budgets", Json::object());
    if (!budgets.contains(budget)) {
      std::vector<std::string> names;
      for (const auto& [name, value] : budgets.items()) names.push_back(name);
      throw std::invalid_argument(
          fmt::format("[{}] expected a budget of this experiment; got '{}' (nearest: '{}')", source, budget,
                      nearest_name(budget, names)));
    }
    const std::vector<std::string> more = as_assignments(budgets[budget]);
    common.insert(common.end(), more.begin(), more.end());
  }
  common.insert(common.end(), assignments.begin(), assignments.end());
  experiment.cells = make_cells(json, common, source);
  experiment.evaluations = read_evaluations(json, source);
  for (const ExperimentCell& cell : experiment.cells) {
    load_pretrain_options(experiment.preset, experiment.preset_source,
                          cell.assignments);  // complain now, not later
  }
  return experiment;
}

std::vector<std::string> plan(const Experiment& experiment, const fs::path& out) {
  std::vector<std::string> lines;
  for (const ExperimentCell& cell : experiment.cells) {
    for (const Experiment::EvaluationRow& row : experiment.evaluations) {
      if (!applies(row, cell)) continue;
      const std::string name = folder_name(prepare(row, experiment, out));
      const fs::path file = out / cell.name / name / "cell.json";
      const bool done = fs::exists(file) && read_json(file).value("finished", false);
      lines.push_back(fmt::format("{:8} {} {}", done ? "done" : "to do", cell.name, name));
    }
  }
  return lines;
}

void run_experiment(const Experiment& experiment, const fs::path& out) {
  const size_t count = experiment.cells.size();
  for (size_t i = 0; i < count; ++i) {
    Progress progress(fmt::format("[{}/{}] {}: ", i + 1, count, experiment.cells[i].name));
    run_cell(experiment, experiment.cells[i], out, progress);
  }
  write_pages(experiment, out);
}

}  // namespace repbench
