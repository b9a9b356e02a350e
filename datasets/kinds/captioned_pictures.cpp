#include "datasets/kinds/captioned_pictures.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <stdexcept>
#include <utility>

#include "files/nearest.h"

namespace repbench {

namespace fs = std::filesystem;

fs::path given_path(const std::string& text) {
  const fs::path path = fs::absolute(text).lexically_normal();
  return path.has_filename() ? path : path.parent_path();
}

std::shared_ptr<const Dataset> open_listed(std::string_view kind,
                                           const std::function<ListedPictures()>& list) {
  try {
    return make_picture_list(list());
  } catch (const fs::filesystem_error& error) {
    throw std::runtime_error(fmt::format("[{}] {}: expected a readable file or folder; got: {}", kind,
                                         error.path1().string(), error.code().message()));
  }
}

fs::path first_folder(const fs::path& root, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (fs::is_directory(root / name)) return root / name;
  }
  return {};
}

void list_captions(ListedPictures& list, const fs::path& folder, std::vector<CaptionedPicture> pictures) {
  for (CaptionedPicture& picture : pictures) {
    fs::path file = folder / picture.name;
    list.pictures.push_back({std::move(picture.name), std::move(file), {}, std::move(picture.captions)});
  }
}

std::vector<CaptionedPicture> pictures_of_split(std::vector<CaptionedPicture> pictures,
                                                const std::string& split, std::string_view kind) {
  if (split == "all") return pictures;
  std::set<std::string> known = {"all"};
  for (const CaptionedPicture& picture : pictures) known.insert(picture.split);
  if (!known.contains(split)) {
    fail_unknown_name(kind, "a split", split, std::vector<std::string>(known.begin(), known.end()));
  }
  std::erase_if(pictures, [&](const CaptionedPicture& picture) { return picture.split != split; });
  return pictures;
}

}  // namespace repbench
