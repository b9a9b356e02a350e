#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <stdexcept>
#include <unordered_map>
#include <utility>

#include "datasets/kinds/caption_json.h"
#include "datasets/kinds/captioned_pictures.h"
#include "datasets/kinds/spec_keys.h"
#include "files/atomic.h"
#include "files/nearest.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;

using Pictures = std::vector<CaptionedPicture>;

[[noreturn]] void fail(const fs::path& path, std::string_view expected, std::string_view got) {
  throw std::runtime_error(fmt::format("[captions] {}: expected {}; got {}", path.string(), expected, got));
}

ListedPictures make_list(const DatasetSpec& spec, const fs::path& root, std::string_view split) {
  return {.kind = spec.kind,
          .name = spec.kind,
          .split = std::string(split),
          .pictures = {},
          .source = root.string()};
}

// Kaggle's captions.txt is a CSV file for both data sets.
Pictures read_kaggle_captions(const fs::path& path) {
  return read_caption_table(read_file(path), path, ',', {"image", "caption"});
}

// ---- Flickr8k's folder ----

fs::path caption_file(const fs::path& root) {
  if (fs::is_regular_file(root / "Flickr8k.token.txt")) return root / "Flickr8k.token.txt";
  std::vector<fs::path> found;
  for (const fs::directory_entry& entry : fs::directory_iterator(root)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(".token.txt") && !name.ends_with(".lemma.token.txt")) found.push_back(entry.path());
  }
  if (found.size() == 1) return found.front();
  if (found.empty() && fs::is_regular_file(root / "captions.txt")) return root / "captions.txt";
  fail(root, "one caption file Flickr8k.token.txt, NAME.token.txt or captions.txt",
       found.empty() ? "none" : fmt::format("{} of them", found.size()));
}

// The original token file names one picture that its archive does not hold.
void drop_known_stray(Pictures& pictures, const fs::path& folder) {
  std::erase_if(pictures, [&](const CaptionedPicture& picture) {
    return picture.name == "2258277193_586949ec62.jpg.1" && !fs::exists(folder / picture.name);
  });
}

// The split files of the original archive, or plain NAME.txt.
fs::path split_file(const fs::path& root, const std::string& split) {
  for (const fs::path& path :
       {root / fmt::format("Flickr_8k.{}Images.txt", split), root / fmt::format("{}.txt", split)}) {
    if (fs::is_regular_file(path)) return path;
  }
  return {};
}

// The pictures that a split's file names, in its order.
Pictures named_split(Pictures pictures, const fs::path& list, const fs::path& captions) {
  std::unordered_map<std::string, CaptionedPicture*> by_name;
  for (CaptionedPicture& picture : pictures) by_name[picture.name] = &picture;
  Pictures chosen;
  for (const std::string& name : read_name_list(read_file(list), list)) {
    const auto found = by_name.find(name);
    if (found == by_name.end()) fail(list, "names that " + captions.filename().string() + " has too", name);
    if (found->second == nullptr) continue;  // named twice
    chosen.push_back(std::move(*found->second));
    found->second = nullptr;
  }
  if (chosen.empty()) fail(list, "names of pictures", "none");
  return chosen;
}

void fill_flickr8k(ListedPictures& list, const fs::path& root) {
  if (!fs::is_directory(root)) fail(root, "a folder", "none");
  const fs::path captions = caption_file(root);
  // The original archive spells it like this.
  const fs::path folder = first_folder(root, {"Flicker8k_Dataset", "Flickr8k_Dataset", "images", "Images"});
  if (folder.empty()) fail(root, "a folder of pictures: Flicker8k_Dataset or images", "none");
  Pictures pictures = captions.filename() == "captions.txt" ? read_kaggle_captions(captions)
                                                            : read_token_file(read_file(captions), captions);
  std::vector<std::string> splits;
  for (const std::string name : {"train", "dev", "test"}) {
    if (!split_file(root, name).empty()) splits.push_back(name);
  }
  const bool given = !splits.empty();
  splits.emplace_back("all");
  if (given && std::find(splits.begin(), splits.end(), list.split) == splits.end()) {
    fail_unknown_name(list.kind, "a split of " + root.string(), list.split, splits);
  }
  if (given && list.split != "all") {
    pictures = named_split(std::move(pictures), split_file(root, list.split), captions);
  }
  drop_known_stray(pictures, folder);
  list_captions(list, folder, std::move(pictures));
  if (!given) keep_own_split(list);
}

// ---- Flickr30k's folder, or one of its annotation files ----

constexpr auto kAnnotations = {"flickr_annotations_30k.csv", "results_20130124.token", "results.csv",
                               "captions.txt"};

fs::path flickr30k_annotations(const fs::path& path) {
  if (fs::is_regular_file(path)) return path;
  // Kaggle's archive has one folder more.
  for (const fs::path& root : {path, path / "flickr30k_images"}) {
    for (const char* name : kAnnotations) {
      if (fs::is_regular_file(root / name)) return root / name;
    }
  }
  fail(path, fmt::format("an annotation file: {}", fmt::join(kAnnotations, ", ")), "none");
}

Pictures read_flickr30k(const fs::path& file) {
  const std::string name = file.filename().string();
  if (name == "captions.txt") return read_kaggle_captions(file);
  if (name.ends_with(".token")) return read_token_file(read_file(file), file);
  const std::string content = read_file(file);
  const std::string_view header = std::string_view(content).substr(0, content.find('\n'));
  return header.find('|') == std::string_view::npos ? read_annotation_table(content, file)
                                                    : read_bar_table(content, file);
}

// Pictures that the split file does not know keep no split.
void take_splits(Pictures& pictures, const fs::path& karpathy) {
  std::unordered_map<std::string, std::string> splits;
  for (const CaptionedPicture& picture : read_karpathy(karpathy)) splits[picture.name] = picture.split;
  for (CaptionedPicture& picture : pictures) {
    const auto found = splits.find(picture.name);
    picture.split = found == splits.end() ? "" : found->second;
  }
}

void fill_flickr30k(ListedPictures& list, const fs::path& path, const std::string& karpathy) {
  const fs::path file = flickr30k_annotations(path), root = file.parent_path();
  const fs::path folder = first_folder(root, {"flickr30k-images", "flickr30k_images", "images", "Images"});
  if (folder.empty()) fail(root, "a folder of pictures: flickr30k-images or flickr30k_images", "none");
  Pictures pictures = read_flickr30k(file);
  if (!karpathy.empty()) take_splits(pictures, given_path(karpathy));
  const bool given = std::any_of(pictures.begin(), pictures.end(),
                                 [](const CaptionedPicture& picture) { return !picture.split.empty(); });
  if (!karpathy.empty() && !given) fail(karpathy, "names that " + file.string() + " has too", "none");
  if (given) pictures = pictures_of_split(std::move(pictures), list.split, list.kind);
  list_captions(list, folder, std::move(pictures));
  if (!given) keep_own_split(list);
}

}  // namespace

std::shared_ptr<const Dataset> open_flickr8k(const DatasetSpec& spec, std::string_view split) {
  const fs::path root = given_path(split_spec(spec, {}).path);
  return open_listed(spec.kind, [&] {
    ListedPictures list = make_list(spec, root, split);
    fill_flickr8k(list, root);
    return list;
  });
}

std::shared_ptr<const Dataset> open_flickr30k(const DatasetSpec& spec, std::string_view split) {
  const SpecKeys keys = split_spec(spec, {"karpathy"});
  const fs::path path = given_path(keys.path);
  return open_listed(spec.kind, [&] {
    ListedPictures list = make_list(spec, path, split);
    fill_flickr30k(list, path, keys.get("karpathy"));
    return list;
  });
}

}  // namespace repbench
