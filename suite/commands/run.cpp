#include <fmt/format.h>

#include <memory>

#include "suite/commands/commands.h"
#include "suite/experiment.h"

namespace repbench {
namespace {

struct Arguments {
  std::string experiment, out, budget;
  std::vector<std::string> assignments;
  bool dry_run = false;
};

}  // namespace

void add_run(CLI::App& program) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      program.add_subcommand("run", "run or resume an experiment: grid x seeds x evaluations");
  command->add_option("experiment", arguments->experiment, "configs/experiments/*.json")->required();
  command->add_option("assignments", arguments->assignments, "key=value ... for every pretraining");
  command->add_option("--out", arguments->out, "folder of the experiment's runs")->required();
  command->add_option("--budget", arguments->budget, "a named budget of the experiment");
  command->add_flag("--dry-run", arguments->dry_run, "only say what would be done");
  command->callback([arguments] {
    const Experiment experiment =
        load_experiment(arguments->experiment, arguments->budget, arguments->assignments);
    if (arguments->dry_run) {
      for (const std::string& line : plan(experiment, arguments->out)) fmt::print("{}\n", line);
      return;
    }
    run_experiment(experiment, arguments->out);
    fmt::print("report: {}/report.html\n", arguments->out);
  });
}

}  // namespace repbench
