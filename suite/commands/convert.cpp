#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>

#include "pretrain/weights/export.h"
#include "pretrain/weights/import.h"
#include "suite/commands/commands.h"

namespace repbench {
namespace {

struct Arguments {
  std::string weights, target, out;
};

void convert(const Arguments& arguments, const WeightsOptions& options) {
  const LoadedEncoder loaded = open_encoder(arguments.weights, options);
  print_warnings(loaded.warnings);
  print_warnings(export_weights(*loaded.encoder, arguments.target, arguments.out));
  fmt::print("{} parameters for {}: {}\n", count_elements(loaded.encoder->parameters()), arguments.target,
             arguments.out);
}

}  // namespace

void add_convert(CLI::App& program) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = program.add_subcommand("convert", "write weights as another library loads them");
  command->add_option("weights", arguments->weights, "a checkpoint, or weights made elsewhere")->required();
  command->add_option("--to", arguments->target, fmt::format("one of {}", fmt::join(export_targets(), ", ")))
      ->required();
  command->add_option("--out", arguments->out, "a folder that does not exist yet")->required();
  const auto options = add_weights_options(*command);
  command->callback([=] { convert(*arguments, *options); });
}

}  // namespace repbench
