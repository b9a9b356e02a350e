// What docs/ci.md and docs/quality-gate.yml tell users to run exists, and their policy file is one.
#include <gtest/gtest.h>

#include <filesystem>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "files/atomic.h"
#include "reports/compare/policy.h"
#include "tests/files/scratch_folder.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;

const fs::path kSource = REPBENCH_SOURCE_DIR;

struct Command {
  std::string name;
  std::vector<std::string> options;
};

/// Lines that begin with the program's name, with what follows a backslash at their end.
std::vector<Command> commands_in(const std::string& document) {
  const std::string joined = std::regex_replace(read_file(kSource / document), std::regex(R"(\\\n\s*)"), " ");
  std::vector<Command> commands;
  std::istringstream text(joined);
  const std::regex call(R"(^\s*repbench ([a-z]+)( .*)?$)"), option(R"(\s(--[a-z]+[a-z-]*))");
  for (std::string line; std::getline(text, line);) {
    std::smatch found;
    if (!std::regex_match(line, found, call)) continue;
    Command command{found[1], {}};
    const std::string rest = found[2];
    for (std::sregex_iterator at(rest.begin(), rest.end(), option), end; at != end; ++at)
      command.options.push_back((*at)[1]);
    commands.push_back(command);
  }
  return commands;
}

class CiDocuments : public testing::TestWithParam<std::string> {};

TEST_P(CiDocuments, NameCommandsAndOptionsThatThereAre) {
  const std::vector<Command> commands = commands_in(GetParam());
  std::set<std::string> names;
  for (const Command& command : commands) {
    names.insert(command.name);
    const fs::path file = kSource / ("suite/commands/" + command.name + ".cpp");
    ASSERT_TRUE(fs::exists(file)) << command.name;
    const std::string source = read_file(file) + read_file(kSource / "suite/commands/page_output.cpp") +
                               read_file(kSource / "suite/commands/weights_options.cpp");
    EXPECT_NE(source.find("\"" + command.name + "\""), std::string::npos) << command.name;
    for (const std::string& option : command.options)
      EXPECT_NE(source.find("\"" + option + "\""), std::string::npos) << command.name << " " << option;
  }
  EXPECT_EQ(names, (std::set<std::string>{"evaluate", "gate", "history"}));
}

INSTANTIATE_TEST_SUITE_P(Both, CiDocuments, testing::Values("docs/ci.md", "docs/quality-gate.yml"),
                         [](const auto& document) { return document.index == 0 ? "Page" : "Workflow"; });

TEST(CiPage, ShowsAPolicyFileThatIsRead) {
  const std::string page = read_file(kSource / "docs/ci.md");
  const std::string begin = "```json\n";
  const size_t start = page.find(begin);
  ASSERT_NE(start, std::string::npos);
  const size_t end = page.find("```", start + begin.size());
  const ScratchFolder folder;
  write_file_atomically(folder / "policy.json",
                        page.substr(start + begin.size(), end - start - begin.size()));
  const GatePolicy policy = read_policy((folder / "policy.json").string());
  EXPECT_EQ(policy.slices.size(), 3u);
  EXPECT_EQ(policy.margins.size(), 3u);
}

}  // namespace
}  // namespace repbench
