#include "suite/experiment.h"

#include <fmt/format.h>

#include <algorithm>

#include "files/atomic.h"
#include "reports/page.h"
#include "suite/evaluation.h"
#include "suite/pretraining.h"
#include "suite/run_store.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;

/// Runs the pretraining of a cell to its end and returns whom to judge.
Subject pretrained_subject(const ExperimentCell& cell, const fs::path& folder, Progress& progress) {
  PretrainOptions options = load_pretrain_options(cell.preset, cell.preset_source, cell.assignments);
  if (cell.control == "raw_pixels") return raw_pixels_subject(options.input(), options.label);
  run_pretraining(options, folder / "pretrain", /*may_resume=*/true, progress);
  return load_subject(folder / "pretrain");
}

bool applies(const Experiment::EvaluationRow& row, const ExperimentCell& cell) {
  const auto& wanted = row.objectives;
  const bool fits = wanted.empty() || std::find(wanted.begin(), wanted.end(), cell.objective) != wanted.end();
  return fits && (cell.control.empty() || row.controls);
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
    PretrainOptions options = load_pretrain_options(cell.preset, cell.preset_source, cell.assignments);
    Cell work(target, {{"pretrain", resolved_options(options, /*identity_only=*/true)},
                       {"control", cell.control},
                       {"protocol", row.protocol},
                       {"dataset", row.dataset},
                       {"settings", evaluation.identity}});
    if (work.finished()) continue;
    if (!subject.encoder) subject = pretrained_subject(cell, folder, progress);
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
