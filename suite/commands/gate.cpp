#include "reports/compare/gate.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>
#include <memory>

#include "files/atomic.h"
#include "reports/compare/gate_output.h"
#include "suite/commands/commands.h"

namespace repbench {
namespace {

struct Arguments {
  std::string baseline, candidate, policy = "detect";
  std::vector<std::string> allowed;
  std::string junit, markdown, json;
};

std::string quoted(const std::string& word) {
  const bool plain = !word.empty() && word.find_first_not_of(
                                          "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                          "_-./=+:@%,") == std::string::npos;
  if (plain) return word;
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

/// What gives the same verdict again, for a shell.
std::string command_of(const Arguments& arguments) {
  std::string command =
      fmt::format("repbench gate --baseline {} --candidate {} --policy {}", quoted(arguments.baseline),
                  quoted(arguments.candidate), quoted(arguments.policy));
  for (const std::string& field : arguments.allowed) command += " --allow " + quoted(field);
  return command;
}

void run_gate(const Arguments& arguments) {
  GatePolicy policy = read_policy(arguments.policy);
  policy.allowed.insert(policy.allowed.end(), arguments.allowed.begin(), arguments.allowed.end());
  const GateResult result = gate(read_side(arguments.baseline), read_side(arguments.candidate), policy);
  const std::string command = command_of(arguments);
  fmt::print("{}", gate_text(result));
  if (!arguments.junit.empty()) {
    const std::string now = fmt::format("{:%Y-%m-%dT%H:%M:%S}", fmt::gmtime(std::time(nullptr)));
    write_file_atomically(arguments.junit, gate_junit(result, now));
  }
  if (!arguments.markdown.empty()) write_file_atomically(arguments.markdown, gate_markdown(result, command));
  if (!arguments.json.empty()) write_file_atomically(arguments.json, pretty_json(gate_json(result, command)));
  if (const int code = exit_code(result); code != 0) throw CLI::RuntimeError(code);
}

}  // namespace

void add_gate(CLI::App& program) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = program.add_subcommand(
      "gate", "did quality get worse? exit 1 for a regression, 3 where nothing can be said, 2 for trouble");
  command->add_option("--baseline", arguments->baseline, "a report.json, or a folder of reports")->required();
  command->add_option("--candidate", arguments->candidate, "the same of what is judged")->required();
  command->add_option("--policy", arguments->policy, "detect, noninferiority, or a JSON file (docs/ci.md)")
      ->capture_default_str();
  command
      ->add_option("--allow", arguments->allowed,
                   "a field that may differ, e.g. protocol.requested.k, or its last part; marks the numbers")
      ->allow_extra_args(false);
  command->add_option("--junit", arguments->junit, "file for JUnit XML");
  command->add_option("--markdown", arguments->markdown, "file for a pull request's comment");
  command->add_option("--json", arguments->json, "file for everything, as JSON");
  command->callback([arguments] { run_gate(*arguments); });
}

}  // namespace repbench
