#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <stdexcept>

#include "datasets/kinds/caption_json.h"
#include "datasets/kinds/captioned_pictures.h"
#include "datasets/kinds/coco_layout.h"
#include "datasets/kinds/spec_keys.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;

using Pictures = std::vector<CaptionedPicture>;

ListedPictures make_list(const DatasetSpec& spec, const fs::path& file, std::string_view split) {
  return {.kind = spec.kind,
          .name = spec.kind + ":" + file.stem().string(),
          .split = std::string(split),
          .pictures = {},
          .source = file.string()};
}

// The given folder, else the first that holds the first picture, else the annotations' own: the complaint
// about missing pictures then names it.
fs::path folder_of_pictures(const SpecKeys& keys, const fs::path& file, const Pictures& pictures,
                            const std::vector<fs::path>& candidates) {
  if (const std::string root = keys.get("root"); !root.empty()) return given_path(root);
  for (const fs::path& candidate : candidates) {
    const fs::path folder = (file.parent_path() / candidate).lexically_normal();
    if (fs::is_regular_file(folder / pictures.front().name)) return folder;
  }
  return file.parent_path();
}

int64_t caption_limit(const SpecKeys& keys) {
  const std::string text = keys.get("captions");
  if (text.empty()) return std::numeric_limits<int64_t>::max();
  int64_t limit = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
  if (error != std::errc() || end != text.data() + text.size() || limit < 1) {
    throw std::invalid_argument(
        fmt::format("[coco_captions] captions: expected a positive count; got '{}'", text));
  }
  return limit;
}

}  // namespace

std::shared_ptr<const Dataset> open_karpathy(const DatasetSpec& spec, std::string_view split) {
  const SpecKeys keys = split_spec(spec, {"root"});
  const fs::path file = given_path(keys.path);
  return open_listed(spec.kind, [&] {
    Pictures pictures = read_karpathy(file);
    const fs::path folder = folder_of_pictures(keys, file, pictures,
                                               {".", "images", "Images", "Flicker8k_Dataset",
                                                "Flickr8k_Dataset", "flickr30k-images", "flickr30k_images"});
    ListedPictures list = make_list(spec, file, split);
    list_captions(list, folder, pictures_of_split(std::move(pictures), list.split, spec.kind));
    return list;
  });
}

std::shared_ptr<const Dataset> open_coco_captions(const DatasetSpec& spec, std::string_view split) {
  const SpecKeys keys = split_spec(spec, {"root", "captions"});
  const int64_t limit = caption_limit(keys);
  return open_listed(spec.kind, [&] {
    const fs::path file = coco_file_of_split(given_path(keys.path), std::string(split), spec.kind);
    Pictures pictures = read_coco_captions(file, limit);
    std::string own = coco_split_of(file);
    if (own.empty()) own = "all";
    for (CaptionedPicture& picture : pictures) picture.split = own;
    // captions_val2017.json belongs to the pictures in val2017.
    const std::string stem = file.stem().string();
    const fs::path year = stem.substr(stem.rfind('_') + 1);
    const fs::path folder = folder_of_pictures(
        keys, file, pictures,
        {year, ".." / year, "images" / year, "../images" / year, ".", "images", "../images"});
    ListedPictures list = make_list(spec, file, split);
    list_captions(list, folder, pictures_of_split(std::move(pictures), list.split, spec.kind));
    return list;
  });
}

}  // namespace repbench
