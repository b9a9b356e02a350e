#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "files/json.h"
#include "suite/progress.h"

namespace repbench {

/// One pretraining with its evaluations: a point of the grid with a seed, or a control.
struct ExperimentCell {
  std::string name;                      // folder, e.g. "mae.mask_ratio=0.75,mae.decoder_depth=1,seed=0"
  std::string control;                   // "", "untrained" or "raw_pixels"
  std::vector<std::string> assignments;  // key=value on top of the preset
  std::string objective = "";
  Json preset = Json::object();
  std::string preset_source = "";
};

/// A file configs/experiments/NAME.json:
///   name, title           what tables are called
///   pretrain              a preset or a list of presets, relative to this file
///   set                   {key: value} on top of it
///   grid                  {key: [values]}: the product is run
///   seeds                 [seeds]
///   controls              ["untrained", "raw_pixels"]: judged once, beside every grid point; of one preset
///                         alone where there are several: "raw_pixels:STEM"
///   evaluations           [{protocol, dataset, set: {key: value}, controls: bool, objectives: [names],
///   name}];
///                         without `objectives` every encoder is judged, else those that learned so;
///                         `name` is the report's folder where a protocol judges twice on a data set
///   budgets               {name: {key: value}}: `--budget NAME` sets these on top of `set`
struct Experiment {
  struct EvaluationRow {
    std::string protocol, dataset;
    Json set = Json::object();
    bool controls = true;
    std::vector<std::string> objectives = {};
    std::string folder = "";  // of the reports, below a cell's
  };
  std::string name, title, source;
  std::vector<ExperimentCell> cells;
  std::vector<EvaluationRow> evaluations;
};

/// `assignments` are key=value pairs for every pretraining. Throws std::invalid_argument naming file and key.
Experiment load_experiment(const std::filesystem::path& file, const std::string& budget,
                           const std::vector<std::string>& assignments);

/// The cells and what is done already, one line each.
std::vector<std::string> plan(const Experiment& experiment, const std::filesystem::path& out);

/// Runs or resumes everything, then writes report.html, report.md and report.csv into `out`.
void run_experiment(const Experiment& experiment, const std::filesystem::path& out);

}  // namespace repbench
