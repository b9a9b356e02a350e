#include <fmt/format.h>

#include <exception>

#include "suite/commands/commands.h"
#include "suite/evaluation.h"
#include "suite/version.h"

int main(int argc, char** argv) {
  using namespace repbench;
  constexpr int kTrouble = 2;
  CLI::App program("repbench: how good is a pretrained visual encoder?", "repbench");
  program.set_version_flag("--version", std::string(version()) + " " + std::string(build_commit()));
  program.require_subcommand(1);
  add_pretrain(program);
  add_evaluate(program);
  add_run(program);
  add_report(program);
  add_inspect(program);
  add_embed(program);
  add_view(program);
  add_tokenize(program);
  add_list(program);
  add_doctor(program);
  remember_command(argc, argv);
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return program.exit(error) == 0 ? 0 : kTrouble;
  } catch (const std::exception& error) {
    fmt::print(stderr, "repbench: {}\n", error.what());
    return kTrouble;
  }
  return 0;
}
