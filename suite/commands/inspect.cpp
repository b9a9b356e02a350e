#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>

#include "suite/commands/commands.h"
#include "suite/handshake.h"

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
  const Json training = info["config"].value("training", Json::object());
  if (!training.empty()) fmt::print("training {}\n", training.dump());
  if (info["config"].contains("weights")) fmt::print("weights {}\n", info["config"]["weights"].dump());
  for (const Json& stage : info["stages"]) {
    fmt::print("{}\n", stage["name"].get<std::string>());
    for (const auto& [name, shape] : stage["tensors"].items()) fmt::print("  {:36} {}\n", name, shape.dump());
  }
}

/// A line a stage and the verdict. Exit 1 where a stage diverges.
void shake_hands(const Encoder& encoder, const std::string& reference, double tolerance) {
  const std::vector<HandshakeRow> rows = handshake(encoder, SafetensorsFile(reference), tolerance);
  fmt::print("{:24} {:>12} {:>12}\n", "stage", "difference", "relative");
  for (const HandshakeRow& row : rows) {
    fmt::print("{:24} {:12.2e} {:12.2e} {}\n", row.stage, row.largest_difference, row.relative,
               row.ok ? "ok" : "differs");
  }
  if (const HandshakeRow* first = first_divergence(rows)) {
    fmt::print("first divergence: {}, relative difference {:.2e} (allowed {:.0e})\n", first->stage,
               first->relative, tolerance);
    throw CLI::RuntimeError(1);
  }
  const HandshakeRow worst = *std::max_element(
      rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.relative < b.relative; });
  fmt::print("agrees with {} ({} stage{}, largest relative difference {:.2e} at {})\n", reference,
             rows.size(), rows.size() == 1 ? "" : "s", worst.relative, worst.stage);
}

}  // namespace

void add_inspect(CLI::App& program) {
  auto reference = std::make_shared<std::string>();
  auto tolerance = std::make_shared<double>(1e-4);
  auto checkpoint = std::make_shared<std::string>();
  auto as_json = std::make_shared<bool>(false);
  CLI::App* command = program.add_subcommand("inspect", "what weights are: stages, tensors, input, cost");
  command->add_option("checkpoint", *checkpoint, "a checkpoint, or weights made elsewhere")->required();
  command->add_flag("--json", *as_json, "print JSON");
  command->add_option("--handshake", *reference,
                      "compare each stage with activations of the framework that made the weights (a file of "
                      "tests/interop/handshake.py); exit 1 if they differ");
  command->add_option("--tolerance", *tolerance, "largest difference / largest magnitude of a stage")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber)
      ->needs("--handshake");
  const auto weights = add_weights_options(*command);
  command->callback([=] {
    const LoadedEncoder loaded = open_encoder(*checkpoint, *weights);
    print_warnings(loaded.warnings);
    if (!reference->empty()) return shake_hands(*loaded.encoder, *reference, *tolerance);
    const Json info = describe(loaded);
    if (*as_json) {
      fmt::print("{}", pretty_json(info));
    } else {
      print(info);
    }
  });
}

}  // namespace repbench
