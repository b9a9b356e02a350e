#pragma once

#include <CLI/CLI.hpp>

// Each command adds itself to the program and runs when it is chosen. Errors are exceptions; only main
// catches. A command whose answer is no has printed it and throws CLI::RuntimeError(1), the exit code.

namespace repbench {

void add_pretrain(CLI::App& program);
void add_evaluate(CLI::App& program);
void add_run(CLI::App& program);
void add_report(CLI::App& program);
void add_inspect(CLI::App& program);
void add_embed(CLI::App& program);
void add_view(CLI::App& program);
void add_tokenize(CLI::App& program);
void add_list(CLI::App& program);
void add_doctor(CLI::App& program);

}  // namespace repbench
