#include "datasets/kinds/stl10_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <stdexcept>
#include <utility>

#include "datasets/kinds/text_lines.h"
#include "files/archive.h"
#include "files/mapping.h"
#include "files/tensor_source.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kKind = "stl10", kFolder = "stl10_binary", kArchive = "stl10_binary.tar.gz";
constexpr uint64_t kMostBytes = 400'000'000;  // test_X.bin has 221 MB
constexpr size_t kFolds = 10;

[[noreturn]] void fail(const fs::path& path, std::string_view expected, std::string_view got) {
  throw std::runtime_error(fmt::format("[{}] {}: expected {}; got {}", kKind, path.string(), expected, got));
}

std::string_view base_name(std::string_view name) { return name.substr(name.rfind('/') + 1); }

std::vector<Stl10File> from_archive(const fs::path& path, std::span<const std::string> names) {
  const auto wanted = [&](std::string_view name) {
    return std::find(names.begin(), names.end(), base_name(name)) != names.end();
  };
  if (wanted("unlabeled_X.bin")) {
    fail(path, "the unlabeled pictures unpacked, so that they can be mapped", "an archive (unpack it)");
  }
  std::map<std::string, Stl10File, std::less<>> found;
  read_archive(
      path, kKind, [&](std::string_view name) { return wanted(name) ? kMostBytes : uint64_t{0}; },
      [&](std::string_view name, std::string content) {
        auto owner = std::make_shared<std::string>(std::move(content));
        const Stl10File file{fmt::format("{}/{}", path.string(), name), owner, as_bytes(*owner)};
        if (!found.emplace(base_name(name), file).second) {
          fail(path, "every file once", fmt::format("{} twice", base_name(name)));
        }
      });
  std::vector<Stl10File> files;
  for (const std::string& name : names) {
    if (!found.contains(name)) fail(path, "the file " + name, "none");
    files.push_back(found.at(name));
  }
  return files;
}

std::vector<Stl10File> from_folder(const fs::path& folder, std::span<const std::string> names) {
  std::vector<Stl10File> files;
  for (const std::string& name : names) {
    const fs::path path = folder / name;
    if (!fs::is_regular_file(path)) fail(folder, "the file " + name, "none");
    auto mapping = std::make_shared<Mapping>(path, kKind);
    files.push_back({path.string(), mapping, mapping->bytes()});
  }
  return files;
}

}  // namespace

std::vector<Stl10File> read_stl10_files(const fs::path& path, std::span<const std::string> names) {
  if (fs::is_regular_file(path)) return from_archive(path, names);
  for (const fs::path& folder : {path, path / kFolder}) {
    for (const char* known : {"train_X.bin", "test_X.bin", "unlabeled_X.bin"}) {
      if (fs::is_regular_file(folder / known)) return from_folder(folder, names);
    }
  }
  if (fs::is_regular_file(path / kArchive)) return from_archive(path / kArchive, names);
  fail(path, fmt::format("{}, {}, or a folder with one of them", kFolder, kArchive), "none");
}

std::vector<std::vector<int64_t>> read_stl10_folds(const Stl10File& file, int64_t pictures) {
  const std::vector<TextLine> lines = text_lines(as_text(file.bytes));
  if (lines.size() != kFolds) {
    fail(file.place, fmt::format("{} lines, one a fold", kFolds), std::to_string(lines.size()));
  }
  std::vector<std::vector<int64_t>> folds;
  for (const TextLine& line : lines) {
    std::vector<int64_t> fold;
    for (SplitLine rest{{}, line.text}; !rest.rest.empty();) {
      rest = split_at_first_space(rest.rest);
      const int64_t position = is_integer(rest.first) ? clamped_integer(rest.first, pictures) : -1;
      if (position < 0 || position >= pictures) {
        fail_at_line(kKind, file.place, line.number, fmt::format("positions from 0 to {}", pictures - 1),
                     excerpt(rest.first));
      }
      fold.push_back(position);
    }
    std::vector<int64_t> sorted = fold;
    std::sort(sorted.begin(), sorted.end());
    const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
    if (twice != sorted.end()) {
      fail_at_line(kKind, file.place, line.number, "every picture once", fmt::format("{} twice", *twice));
    }
    folds.push_back(std::move(fold));
  }
  return folds;
}

}  // namespace repbench
