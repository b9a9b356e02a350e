#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "pretrain/weights/import.h"

// Each command adds itself to the program and runs when it is chosen. Errors are exceptions; only main
// catches. A command whose answer is no, or that has no verdict, has printed so
// and throws CLI::RuntimeError with the exit code, 1 or 3.

namespace repbench {

void add_pretrain(CLI::App& program);
void add_evaluate(CLI::App& program);
void add_run(CLI::App& program);
void add_report(CLI::App& program);
void add_compare(CLI::App& program);
void add_gate(CLI::App& program);
void add_history(CLI::App& program);
void add_inspect(CLI::App& program);
void add_convert(CLI::App& program);
void add_embed(CLI::App& program);
void add_view(CLI::App& program);
void add_tokenize(CLI::App& program);
void add_data(CLI::App& program);
void add_list(CLI::App& program);
void add_doctor(CLI::App& program);

/// --allow-missing and --assume, for the commands that open weights.
std::shared_ptr<WeightsOptions> add_weights_options(CLI::App& command);

/// "warning: ..." on stderr, one line each.
void print_warnings(const std::vector<std::string>& warnings);

}  // namespace repbench
