#include "suite/experiment.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "datasets/dataset.h"
#include "files/atomic.h"
#include "files/descriptor.h"
#include "reports/page.h"
#include "suite/evaluation.h"
#include "suite/evaluation_task.h"
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

/// What the data sets of an experiment hold: each is read once.
class DataHashes {
 public:
  Json of(const Experiment::EvaluationRow& row) {
    if (row.dataset.empty()) return nullptr;
    return {hash(row.dataset, row.set.value("train_split", "train")),
            hash(row.dataset, row.set.value("test_split", "test"))};
  }
  Json of_training(const PretrainOptions& options) { return hash(options.dataset, options.split); }

 private:
  std::string hash(const std::string& dataset, const std::string& split) {
    std::string& known = known_[{dataset, split}];
    if (known.empty()) known = open_dataset(DatasetSpec::parse(dataset), split)->provenance().sha256;
    return known;
  }

  std::map<std::pair<std::string, std::string>, std::string> known_;
};

void run_cell(const Experiment& experiment, const ExperimentCell& cell, const fs::path& out, DataHashes& data,
              Progress& progress) {
  const fs::path folder = out / cell.name;
  Subject subject;
  for (const Experiment::EvaluationRow& row : experiment.evaluations) {
    if (!applies(row, cell)) continue;
    Evaluation evaluation = prepare(row, experiment, out);
    const fs::path target = folder / row.folder;
    PretrainOptions options = load_pretrain_options(cell.preset, cell.preset_source, cell.assignments);
    Cell work(target, {{"pretrain", resolved_options(options, /*identity_only=*/true)},
                       {"control", cell.control},
                       {"protocol", row.protocol},
                       {"protocol_version", find_protocol(row.protocol).version},
                       {"dataset", row.dataset},
                       {"data", data.of(row)},
                       {"training_data", data.of_training(options)},
                       {"files", hashes_of_named_files(evaluation)},
                       {"settings", evaluation.identity}});
    if (work.finished()) continue;
    if (!subject.encoder) subject = pretrained_subject(cell, folder, progress);
    const Record record = run_evaluation(evaluation, subject, target, progress);
    work.finish();
    progress.say(
        fmt::format("{}: {} {}", row.folder, record.headline().name, format_metric(record.headline())));
  }
}

void write_pages(const fs::path& out) {
  const Page page = build_page({out});
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
      const fs::path file = out / cell.name / row.folder / "cell.json";
      const bool done = fs::exists(file) && read_json(file).value("finished", false);
      lines.push_back(fmt::format("{:8} {} {}", done ? "done" : "to do", cell.name, row.folder));
    }
  }
  return lines;
}

void run_experiment(const Experiment& experiment, const fs::path& out) {
  const size_t count = experiment.cells.size();
  create_folder(out, "run");
  write_file_atomically(out / "experiment.json",
                        pretty_json({{"name", experiment.name}, {"title", experiment.title}}));
  DataHashes data;
  for (size_t i = 0; i < count; ++i) {
    Progress progress(fmt::format("[{}/{}] {}: ", i + 1, count, experiment.cells[i].name));
    run_cell(experiment, experiment.cells[i], out, data, progress);
  }
  write_pages(out);
}

}  // namespace repbench
