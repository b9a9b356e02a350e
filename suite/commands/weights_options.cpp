#include <fmt/format.h>

#include "suite/commands/commands.h"

namespace repbench {

std::shared_ptr<WeightsOptions> add_weights_options(CLI::App& command) {
  auto options = std::make_shared<WeightsOptions>();
  command
      .add_option(
          "--allow-missing", options->allow_missing,
          "weights made elsewhere: names that may be absent, * for any text; they stay as initialised")
      ->allow_extra_args(false);
  command
      .add_option("--assume", options->assume,
                  "weights made elsewhere: KEY=VALUE of what they do not say (heads, activation, norm_eps, "
                  "input.mean, "
                  "input.std, input.view ...; see inspect)")
      ->allow_extra_args(false);
  command.add_option("--group", options->group,
                     "weights made elsewhere: the dictionary of the file to read, e.g. model_ema");
  return options;
}

void print_warnings(const std::vector<std::string>& warnings) {
  for (const std::string& warning : warnings) fmt::print(stderr, "warning: {}\n", warning);
}

}  // namespace repbench
