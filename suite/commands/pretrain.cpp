#include <fmt/format.h>

#include <memory>

#include "suite/commands/commands.h"
#include "suite/pretraining.h"

namespace repbench {
namespace {

struct Arguments {
  std::string config, out;
  std::vector<std::string> assignments;
  bool resume = false, keys = false;
};

/// Of the preset's objective; without a preset, of all.
void print_keys(const std::string& config) {
  std::vector<std::string> objectives;
  if (config.empty()) {
    for (const ObjectiveKind& kind : objective_kinds()) objectives.emplace_back(kind.name);
  } else {
    objectives = {load_pretrain_options(read_json(config), config, {}).objective};
  }
  for (const std::string& objective : objectives) {
    PretrainOptions options;
    options.objective = objective;
    options.recipe = make_recipe(objective);
    Options fields;
    options.describe(fields);
    fmt::print("objective={}\n{}", objective, fields.help());
  }
}

void pretrain(const Arguments& arguments) {
  const Json preset = arguments.config.empty() ? Json::object() : read_json(arguments.config);
  PretrainOptions options = load_pretrain_options(preset, arguments.config, arguments.assignments);
  Options fields;
  options.describe(fields);
  fmt::print("{}", fields.print());
  Progress progress("pretrain: ");
  run_pretraining(options, arguments.out, arguments.resume, progress);
  fmt::print("checkpoint: {}\n", latest_checkpoint(arguments.out)->string());
}

}  // namespace

void add_pretrain(CLI::App& program) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = program.add_subcommand("pretrain", "make an encoder from pictures");
  command->add_option("config", arguments->config, "a preset (configs/pretrain/*.json)");
  command->add_option("assignments", arguments->assignments, "key=value ...");
  command->add_option("--out", arguments->out, "run folder");
  command->add_flag("--resume", arguments->resume, "go on with the run in --out");
  command->add_flag("--keys", arguments->keys, "list every key with default, unit and range");
  command->callback([arguments] {
    if (arguments->keys) return print_keys(arguments->config);
    if (arguments->config.empty()) throw std::invalid_argument("[pretrain] expected a preset; got none");
    if (arguments->out.empty()) throw std::invalid_argument("[pretrain] expected --out DIR; got none");
    pretrain(*arguments);
  });
}

}  // namespace repbench
