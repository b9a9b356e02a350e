#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <unordered_map>

#include "datasets/dataset.h"
#include "datasets/kinds/caption_files.h"
#include "datasets/random.h"
#include "files/atomic.h"
#include "files/hash.h"
#include "files/nearest.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;

using Pictures = std::vector<CaptionedPicture>;

[[noreturn]] void fail(const fs::path& path, std::string_view expected, std::string_view got) {
  throw std::runtime_error(fmt::format("[captions] {}: expected {}; got {}", path.string(), expected, got));
}

// Pictures in a folder, with what was written about them.
class CaptionDataset final : public Dataset {
 public:
  CaptionDataset(std::string name, std::string split, fs::path folder, Pictures pictures,
                 Provenance provenance)
      : name_(std::move(name)),
        split_(std::move(split)),
        folder_(std::move(folder)),
        pictures_(std::move(pictures)),
        provenance_(std::move(provenance)) {}

  std::string name() const override { return name_; }
  std::string split() const override { return split_; }
  int64_t size() const override { return static_cast<int64_t>(pictures_.size()); }
  int channels() const override { return 3; }
  std::string id(int64_t index) const override { return at(index).name; }
  const std::vector<std::string>& class_names() const override { return class_names_; }
  const Provenance& provenance() const override { return provenance_; }

  int64_t label(int64_t index) const override {
    at(index);
    return -1;
  }

  std::vector<std::string> captions(int64_t index) const override { return at(index).captions; }

  Example get(int64_t index) const override {
    const CaptionedPicture& picture = at(index);
    const std::string content = read_file(folder_ / picture.name);
    const auto* bytes = reinterpret_cast<const std::byte*>(content.data());
    return {picture.name, EncodedImage{{bytes, bytes + content.size()}}, {}, picture.captions};
  }

 private:
  const CaptionedPicture& at(int64_t index) const {
    if (index >= 0 && index < size()) return pictures_[index];
    throw std::out_of_range(
        fmt::format("[{}] expected an index from 0 to {}; got {}", name_, size() - 1, index));
  }

  std::string name_, split_;
  fs::path folder_;
  Pictures pictures_;
  std::vector<std::string> class_names_;  // none
  Provenance provenance_;
};

// The caption file, and every picture's name and size; all missing pictures are counted before the complaint.
std::string hash_of(const std::string& content, const fs::path& folder, const Pictures& pictures) {
  std::vector<std::string> lines;
  std::vector<const CaptionedPicture*> missing;
  for (const CaptionedPicture& picture : pictures) {
    std::error_code error;
    const bool regular = fs::is_regular_file(folder / picture.name, error);
    const auto size = regular ? fs::file_size(folder / picture.name, error) : 0;
    if (!regular || error) {
      missing.push_back(&picture);
    } else {
      lines.push_back(fmt::format("{}\t{}\n", picture.name, size));
    }
  }
  if (!missing.empty()) {
    fail(folder / missing.front()->name, "a picture for every caption",
         fmt::format("no such file ({} of {} pictures are missing)", missing.size(), pictures.size()));
  }
  std::sort(lines.begin(), lines.end());
  Sha256 hash;
  hash.update(content);
  for (const std::string& line : lines) hash.update(line);
  return hash.hex();
}

// ---- Splits ----

const std::array<std::string, 3> kOwnSplits = {"train", "test", "all"};

// Tested are the fifth, at most 1,000, whose names hash lowest.
Pictures own_split(Pictures pictures, std::string_view split, std::string_view kind) {
  if (std::find(kOwnSplits.begin(), kOwnSplits.end(), split) == kOwnSplits.end()) {
    fail_unknown_name(kind, "a split", split, kOwnSplits);
  }
  if (split == "all") return pictures;
  std::vector<std::pair<uint64_t, size_t>> ranked;
  for (size_t i = 0; i < pictures.size(); ++i) ranked.emplace_back(hash64(pictures[i].name), i);
  std::sort(ranked.begin(), ranked.end());
  const size_t fifth = pictures.size() < 2 ? 0 : std::max<size_t>((pictures.size() * 2 + 5) / 10, 1);
  const size_t tested = std::min<size_t>(fifth, 1000);
  std::vector<bool> in_test(pictures.size());
  for (size_t i = 0; i < tested; ++i) in_test[ranked[i].second] = true;
  Pictures chosen;
  for (size_t i = 0; i < pictures.size(); ++i) {
    if (in_test[i] == (split == "test")) chosen.push_back(std::move(pictures[i]));
  }
  if (chosen.empty()) {
    throw std::runtime_error(fmt::format("[{}] expected pictures in the split {}; got none", kind, split));
  }
  return chosen;
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

// ---- Flickr8k's folder ----

// The split files of the original archive, or plain NAME.txt.
std::optional<fs::path> split_file(const fs::path& root, const std::string& split) {
  for (const fs::path& path :
       {root / fmt::format("Flickr_8k.{}Images.txt", split), root / fmt::format("{}.txt", split)}) {
    if (fs::is_regular_file(path)) return path;
  }
  return std::nullopt;
}

fs::path token_file(const fs::path& root) {
  if (fs::is_regular_file(root / "Flickr8k.token.txt")) return root / "Flickr8k.token.txt";
  std::vector<fs::path> found;
  for (const fs::directory_entry& entry : fs::directory_iterator(root)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(".token.txt") && !name.ends_with(".lemma.token.txt")) found.push_back(entry.path());
  }
  if (found.size() == 1) return found.front();
  fail(root, "one caption file Flickr8k.token.txt or NAME.token.txt",
       found.empty() ? "none" : fmt::format("{} of them", found.size()));
}

fs::path picture_folder(const fs::path& root) {
  // The original archive spells it like this.
  for (const char* name : {"Flicker8k_Dataset", "Flickr8k_Dataset", "images", "Images"}) {
    if (fs::is_directory(root / name)) return root / name;
  }
  fail(root, "a folder of pictures: Flicker8k_Dataset or images", "none");
}

std::shared_ptr<const Dataset> open_flickr_folder(const fs::path& root, const std::string& split) {
  if (!fs::is_directory(root)) fail(root, "a folder", "none");
  const fs::path captions = token_file(root), folder = picture_folder(root);
  std::vector<std::string> splits;
  for (const std::string name : {"train", "dev", "test"}) {
    if (split_file(root, name)) splits.push_back(name);
  }
  const bool given = !splits.empty();
  if (given && std::find(splits.begin(), splits.end(), split) == splits.end()) {
    fail_unknown_name("flickr8k", "a split of " + root.string(), split, splits);
  }
  const std::string content = read_file(captions);
  Pictures pictures = read_token_file(content, captions);
  pictures = given ? named_split(std::move(pictures), *split_file(root, split), captions)
                   : own_split(std::move(pictures), split, "flickr8k");
  Provenance provenance{root.string(), "", hash_of(content, folder, pictures)};
  if (!given) provenance.source += fmt::format(" ({} of a split by hash of id)", split);
  return std::make_shared<CaptionDataset>("flickr8k", split, folder, std::move(pictures),
                                          std::move(provenance));
}

std::shared_ptr<const Dataset> open_tsv(const fs::path& path, const std::string& split) {
  const std::string content = read_file(path);
  Pictures pictures = own_split(read_caption_tsv(content, path), split, "caption_tsv");
  Provenance provenance{path.string(), "", hash_of(content, path.parent_path(), pictures)};
  if (split != "all") provenance.source += fmt::format(" ({} of a split by hash of id)", split);
  return std::make_shared<CaptionDataset>("caption_tsv:" + path.stem().string(), split, path.parent_path(),
                                          std::move(pictures), std::move(provenance));
}

// What the two kinds have in common: a path, and errors of the file system with its name.
std::shared_ptr<const Dataset> open_at(const DatasetSpec& spec, std::string_view split,
                                       std::shared_ptr<const Dataset> (*open)(const fs::path&,
                                                                              const std::string&)) {
  if (spec.path.empty()) {
    throw std::invalid_argument(fmt::format("[{0}] expected {0}:PATH; got no path", spec.kind));
  }
  try {
    return open(fs::absolute(spec.path).lexically_normal(), std::string(split));
  } catch (const fs::filesystem_error& error) {
    throw std::runtime_error(fmt::format("[captions] {}: expected a readable file or folder; got: {}",
                                         error.path1().string(), error.code().message()));
  }
}

}  // namespace

std::shared_ptr<const Dataset> open_flickr8k(const DatasetSpec& spec, std::string_view split) {
  return open_at(spec, split, open_flickr_folder);
}

std::shared_ptr<const Dataset> open_caption_tsv(const DatasetSpec& spec, std::string_view split) {
  return open_at(spec, split, open_tsv);
}

}  // namespace repbench
