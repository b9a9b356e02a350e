#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>

#include "pretrain/checkpoint.h"
#include "suite/commands/commands.h"

namespace repbench {
namespace {

Json describe(const LoadedEncoder& loaded) {
  Json stages = Json::array();
  for (const Stage& stage : loaded.encoder->stages()) {
    Json tensors = Json::object();
    for (const NamedTensor& named : stage.parameters) tensors[named.name] = named.tensor.sizes().vec();
    stages.push_back({{"name", stage.name}, {"tensors", tensors}});
  }
  if (const TextSide* text = loaded.encoder->text()) {
    Json tensors = Json::object();
    for (const NamedTensor& named : text->parameters()) tensors[named.name] = named.tensor.sizes().vec();
    stages.push_back({{"name", "text"}, {"tensors", tensors}});
  }
  const auto end = static_cast<int64_t>(loaded.encoder->stages().size());
  return {{"encoder", loaded.encoder->kind()},
          {"sha256", loaded.sha256},
          {"config", loaded.config},
          {"parameters", count_elements(loaded.encoder->parameters())},
          {"macs", loaded.encoder->macs(0, end)},
          {"taps", loaded.encoder->default_taps()},
          {"stages", stages}};
}

void print(const Json& info) {
  fmt::print("{} {}\nsha256 {}\n", info["encoder"].get<std::string>(), info["config"]["model"].dump(),
             info["sha256"].get<std::string>());
  fmt::print("input {}\n", info["config"]["input"].dump());
  fmt::print("{} parameters, {:.1f} M multiply-accumulates a picture\n", info["parameters"].get<int64_t>(),
             1e-6 * info["macs"].get<double>());
  fmt::print("training {}\n", info["config"].value("training", Json::object()).dump());
  for (const Json& stage : info["stages"]) {
    fmt::print("{}\n", stage["name"].get<std::string>());
    for (const auto& [name, shape] : stage["tensors"].items()) fmt::print("  {:36} {}\n", name, shape.dump());
  }
}

}  // namespace

void add_inspect(CLI::App& program) {
  auto checkpoint = std::make_shared<std::string>();
  auto as_json = std::make_shared<bool>(false);
  CLI::App* command = program.add_subcommand("inspect", "what a checkpoint is: stages, tensors, input, cost");
  command->add_option("checkpoint", *checkpoint, "a checkpoint folder")->required();
  command->add_flag("--json", *as_json, "print JSON");
  command->callback([checkpoint, as_json] {
    const Json info = describe(load_encoder(*checkpoint));
    if (*as_json) {
      fmt::print("{}", pretty_json(info));
    } else {
      print(info);
    }
  });
}

}  // namespace repbench
