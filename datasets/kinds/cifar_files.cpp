#include "datasets/kinds/cifar_files.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <utility>

#include "files/archive.h"
#include "files/atomic.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMostBytes = 200'000'000;  // CIFAR-100's training pictures are 155 MB

[[noreturn]] void fail(std::string_view kind, const fs::path& path, std::string_view expected,
                       std::string_view got) {
  throw std::runtime_error(fmt::format("[{}] {}: expected {}; got {}", kind, path.string(), expected, got));
}

std::vector<std::string> wanted_of(const CifarDistribution& distribution) {
  std::vector<std::string> names = distribution.pictures;
  names.push_back(distribution.class_names);
  return names;
}

bool wants(const CifarDistribution& distribution, std::string_view name) {
  const std::vector<std::string> wanted = wanted_of(distribution);
  return std::find(wanted.begin(), wanted.end(), name) != wanted.end();
}

std::string_view base_name(std::string_view name) { return name.substr(name.rfind('/') + 1); }

CifarFiles from_archive(const fs::path& path, std::string_view kind,
                        std::span<const CifarDistribution> distributions) {
  std::map<std::string, CifarFile> files;
  const auto most = [&](std::string_view name) {
    const auto wanted = [&](const auto& distribution) { return wants(distribution, base_name(name)); };
    return std::any_of(distributions.begin(), distributions.end(), wanted) ? kMostBytes : uint64_t{0};
  };
  read_archive(path, kind, most, [&](std::string_view name, std::string content) {
    CifarFile file{fmt::format("{}/{}", path.string(), name), std::move(content)};
    if (!files.emplace(base_name(name), std::move(file)).second) {
      fail(kind, path, "every file once", fmt::format("{} twice", base_name(name)));
    }
  });
  std::vector<std::string> first;
  for (const CifarDistribution& distribution : distributions) {
    const auto is_there = [&](const std::string& name) { return files.contains(name); };
    const std::vector<std::string> wanted = wanted_of(distribution);
    if (std::any_of(wanted.begin(), wanted.end(), is_there)) return {distribution, std::move(files)};
    first.push_back(distribution.pictures.front());
  }
  fail(kind, path, fmt::format("an archive with {}", fmt::join(first, " or ")), "none");
}

CifarFiles from_folder(const fs::path& folder, std::string_view kind, const CifarDistribution& distribution) {
  CifarFiles found{distribution, {}};
  for (const std::string& name : wanted_of(distribution)) {
    const fs::path path = folder / name;
    if (!fs::is_regular_file(path)) continue;
    if (fs::file_size(path) > kMostBytes) {
      fail(kind, path, fmt::format("at most {} bytes", kMostBytes), std::to_string(fs::file_size(path)));
    }
    found.files[name] = {path.string(), read_file(path)};
  }
  return found;
}

std::optional<CifarFiles> look_in(const fs::path& path, std::string_view kind,
                                  std::span<const CifarDistribution> distributions) {
  for (const CifarDistribution& distribution : distributions) {
    for (const fs::path& folder : {path, path / distribution.folder}) {
      CifarFiles found = from_folder(folder, kind, distribution);
      if (!found.files.empty()) return found;
    }
  }
  for (const CifarDistribution& distribution : distributions) {
    const fs::path archive = path / distribution.archive;
    if (fs::is_regular_file(archive)) return from_archive(archive, kind, {&distribution, 1});
  }
  return std::nullopt;
}

}  // namespace

CifarFiles read_cifar_files(const fs::path& path, std::string_view kind,
                            std::span<const CifarDistribution> distributions) {
  std::optional<CifarFiles> found;
  if (fs::is_regular_file(path)) found = from_archive(path, kind, distributions);
  if (fs::is_directory(path)) found = look_in(path, kind, distributions);
  if (!found) {
    std::vector<std::string> names;
    for (const CifarDistribution& distribution : distributions) {
      names.push_back(distribution.folder);
      names.push_back(distribution.archive);
    }
    fail(kind, path, fmt::format("{}, or a folder with one of them", fmt::join(names, ", ")), "none");
  }
  for (const std::string& name : wanted_of(found->distribution)) {
    if (!found->files.contains(name)) fail(kind, path, "the file " + name, "none");
  }
  return std::move(*found);
}

}  // namespace repbench
