// The house rules that a machine can check: include arrows, budgets, and that every file is built.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <map>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "files/atomic.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;

const fs::path kSource = REPBENCH_SOURCE_DIR;

/// A folder may include only itself and folders behind it in this list.
const std::vector<std::string> kHouse = {"suite",   "protocols", "pretrain", "datasets",
                                         "reports", "configs",   "files"};

struct SourceFile {
  std::string name;    // relative to the repository
  std::string folder;  // first part of the name
  std::vector<std::string> lines;
};

std::vector<SourceFile> source_files(const std::vector<std::string>& folders) {
  std::vector<SourceFile> files;
  for (const std::string& folder : folders) {
    for (const auto& entry : fs::recursive_directory_iterator(kSource / folder)) {
      const std::string extension = entry.path().extension().string();
      if (extension != ".h" && extension != ".cpp" && extension != ".cu") continue;
      SourceFile file{fs::relative(entry.path(), kSource).string(), folder, {}};
      std::istringstream text(read_file(entry.path()));
      for (std::string line; std::getline(text, line);) file.lines.push_back(line);
      files.push_back(std::move(file));
    }
  }
  return files;
}

std::vector<std::string> included(const SourceFile& file, const std::regex& pattern) {
  std::vector<std::string> names;
  for (const std::string& line : file.lines) {
    std::smatch match;
    if (std::regex_search(line, match, pattern)) names.push_back(match[1]);
  }
  return names;
}

size_t rank(const std::string& folder) {
  return static_cast<size_t>(std::find(kHouse.begin(), kHouse.end(), folder) - kHouse.begin());
}

/// Lengths in lines of the functions of a file: from a closing brace at the indentation of a function (none,
/// or a method's) up to the line that begins at the same indentation.
std::vector<size_t> function_lengths(const SourceFile& file) {
  static const std::regex kOther(
      R"(^\s*(if|for|while|switch|else|do|try|catch|namespace|struct|class|enum|union)\b)");
  std::vector<size_t> lengths;
  for (size_t end = 0; end < file.lines.size(); ++end) {
    for (const std::string indentation : {"", "  "}) {
      if (file.lines[end] != indentation + "}") continue;
      const auto begins = [&](const std::string& line) {
        return line.size() > indentation.size() && line.starts_with(indentation) &&
               std::isalpha(static_cast<unsigned char>(line[indentation.size()])) != 0;
      };
      size_t begin = end;
      while (begin > 0 && !begins(file.lines[begin])) --begin;
      if (!std::regex_search(file.lines[begin], kOther)) lengths.push_back(end - begin + 1);
    }
  }
  return lengths;
}

TEST(Architecture, AFolderIncludesOnlyFoldersBelowIt) {
  const std::regex quoted(R"re(^#include "([a-z]+)/)re");
  for (const SourceFile& file : source_files(kHouse)) {
    for (const std::string& target : included(file, quoted)) {
      ASSERT_LT(rank(target), kHouse.size()) << file.name << " includes " << target;
      EXPECT_LE(rank(file.folder), rank(target)) << file.name << " includes " << target;
      const bool reports_aside =
          (file.folder == "pretrain" || file.folder == "datasets") && target == "reports";
      EXPECT_FALSE(reports_aside) << file.name << " includes " << target;
    }
  }
}

TEST(Architecture, ReportsConfigsAndFilesKnowNoTorch) {
  const std::regex torch(R"(^#include <(ATen|torch|c10)/)");
  for (const SourceFile& file : source_files({"reports", "configs", "files", "datasets"})) {
    const bool allowed = file.name == "datasets/batch.h" || file.name == "datasets/loader.cpp" ||
                         file.name == "datasets/batch_maker.cpp";
    for (const std::string& line : file.lines) {
      EXPECT_TRUE(allowed || !std::regex_search(line, torch)) << file.name << ": " << line;
    }
  }
}

TEST(Architecture, HeadersIncludeNoTorchHeaderHeavierThanTensor) {
  const std::regex torch(R"(^#include <((ATen|torch|c10)/[^>]+)>)");
  for (const SourceFile& file : source_files(kHouse)) {
    if (!file.name.ends_with(".h")) continue;
    for (const std::string& header : included(file, torch))
      EXPECT_EQ(header, "ATen/core/Tensor.h") << file.name;
  }
}

TEST(Architecture, FilesStayWithinTheirBudget) {
  std::vector<size_t> lengths;
  for (const SourceFile& file : source_files(kHouse)) {
    EXPECT_LE(file.lines.size(), 400U) << file.name;
    lengths.push_back(file.lines.size());
  }
  std::sort(lengths.begin(), lengths.end());
  EXPECT_LE(lengths[lengths.size() / 2], 130U) << "median of " << lengths.size() << " files";
  for (const SourceFile& file : source_files({"tests", "bench"}))
    EXPECT_LE(file.lines.size(), 400U) << file.name;
}

TEST(Architecture, FunctionsStayWithinTheirBudget) {
  std::vector<size_t> lengths;
  for (const SourceFile& file : source_files(kHouse)) {
    for (const size_t length : function_lengths(file)) {
      EXPECT_LE(length, 80U) << file.name;
      lengths.push_back(length);
    }
  }
  ASSERT_GT(lengths.size(), 300U) << "the counter finds too few functions to be believed";
  std::sort(lengths.begin(), lengths.end());
  EXPECT_LE(lengths[lengths.size() * 9 / 10], 40U);
}

TEST(Architecture, EverySourceFileIsBuilt) {
  for (const SourceFile& file : source_files(
           {"suite", "protocols", "pretrain", "datasets", "reports", "configs", "files", "tests", "bench"})) {
    if (!file.name.ends_with(".cpp")) continue;
    const fs::path inside = fs::path(file.name).lexically_relative(file.folder);
    const std::string list = read_file(kSource / file.folder / "CMakeLists.txt");
    EXPECT_NE(list.find(inside.string()), std::string::npos) << file.name << " is in no CMakeLists.txt";
  }
}

TEST(Architecture, NothingIsNamedUtilsOrHelpers) {
  const std::regex vague(R"((^|[/_])(utils?|helpers?|common|misc|manager)([/_.]|$))");
  for (const SourceFile& file : source_files(
           {"suite", "protocols", "pretrain", "datasets", "reports", "configs", "files", "tests", "bench"})) {
    EXPECT_FALSE(std::regex_search(file.name, vague)) << file.name;
  }
}

}  // namespace
}  // namespace repbench
