#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <string>

#include "suite/commands/commands.h"
#include "suite/evaluation.h"
#include "suite/version.h"

namespace {

/// What libraries say over several lines.
std::string one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

/// What was printed is told to be lost, if it is: a full disk, say.
int finished(int exit_code) {
  constexpr int kTrouble = 2;
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return exit_code;
  fmt::print(stderr, "repbench: [write] standard output: expected to be written whole; got {}\n",
             std::strerror(errno));
  return kTrouble;
}

}  // namespace

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
  add_compare(program);
  add_gate(program);
  add_history(program);
  add_inspect(program);
  add_convert(program);
  add_embed(program);
  add_view(program);
  add_tokenize(program);
  add_data(program);
  add_list(program);
  add_doctor(program);
  remember_command(argc, argv);
  try {
    program.parse(argc, argv);
  } catch (const CLI::RuntimeError& answer) {  // a command ran, and its answer is no, or none
    return finished(answer.get_exit_code());
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return finished(program.exit(error));  // help and version
    fmt::print(stderr, "repbench: [command line] {}\n", one_line(error.what()));
    return kTrouble;
  } catch (const std::exception& error) {
    fmt::print(stderr, "repbench: {}\n", one_line(error.what()));
    return kTrouble;
  }
  return finished(0);
}
