#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// Where CIFAR's files lie, and the bytes of those that are wanted.

namespace repbench {

/// One of the two ways in which CIFAR-10 or CIFAR-100 is given away.
struct CifarDistribution {
  bool pickled = false;
  std::string folder, archive;  // as they are called when downloaded
  std::vector<std::string> pictures;
  std::string class_names;
};

struct CifarFile {
  std::string place;  // for messages: the path, or the path of the archive and the name in it
  std::string content;
};

struct CifarFiles {
  CifarDistribution distribution;
  std::map<std::string, CifarFile> files;  // by name, without folder; all that the distribution wants
};

/// Looks for the files of one of the distributions in the folder `path`, in the folder or archive of the
/// usual name in it, or in the archive `path`. Throws std::runtime_error "[kind] PATH: ...": none found, one
/// missing (by name), an archive that is damaged or cut, a file larger than any of CIFAR's.
CifarFiles read_cifar_files(const std::filesystem::path& path, std::string_view kind,
                            std::span<const CifarDistribution> distributions);

}  // namespace repbench
