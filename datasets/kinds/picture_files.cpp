#include "datasets/kinds/picture_files.h"

#include <algorithm>
#include <cctype>
#include <iterator>

namespace repbench {
namespace {

namespace fs = std::filesystem;

bool hidden(const fs::path& path) { return path.filename().string().starts_with('.'); }

bool is_picture(const fs::path& path) {
  std::string extension = path.extension().string();
  for (char& letter : extension) letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  static constexpr std::string_view kKnown[] = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"};
  return std::find(std::begin(kKnown), std::end(kKnown), extension) != std::end(kKnown);
}

// `above`: the real paths of the folders that we are in.
void collect(const fs::path& folder, const std::string& prefix, std::vector<fs::path>& above,
             std::vector<std::string>& files) {
  const fs::path real = fs::canonical(folder);
  if (std::find(above.begin(), above.end(), real) != above.end()) return;
  above.push_back(real);
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (hidden(entry.path())) continue;
    const std::string name = prefix + entry.path().filename().string();
    std::error_code dangling;
    if (entry.is_directory(dangling)) {
      collect(entry.path(), name + "/", above, files);
    } else if (is_picture(entry.path())) {
      files.push_back(name);
    }
  }
  above.pop_back();
}

}  // namespace

std::vector<std::string> subfolders(const fs::path& folder) {
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    std::error_code dangling;
    if (!hidden(entry.path()) && entry.is_directory(dangling)) {
      names.push_back(entry.path().filename().string());
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> picture_files(const fs::path& folder) {
  std::vector<std::string> files;
  std::vector<fs::path> above;
  collect(folder, "", above, files);
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace repbench
