#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <stdexcept>
#include <utility>

#include "datasets/dataset.h"
#include "datasets/kinds/caption_files.h"
#include "datasets/kinds/captioned_pictures.h"
#include "datasets/kinds/listed_pictures.h"
#include "datasets/kinds/shard_files.h"
#include "datasets/kinds/shard_index_file.h"
#include "datasets/kinds/shard_list.h"
#include "datasets/kinds/spec_keys.h"
#include "datasets/kinds/text_lines.h"
#include "files/atomic.h"
#include "files/hash.h"
#include "files/nearest.h"
#include "files/utf8.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMostBytesToHash = uint64_t{1} << 30;
constexpr int64_t kMostClasses = 1'000'000;  // where no file names them

[[noreturn]] void fail(const fs::path& path, std::string_view expected, std::string_view got) {
  throw std::runtime_error(fmt::format("[shards] {}: expected {}; got {}", path.string(), expected, got));
}

struct PlacedSample {
  size_t shard;
  ShardSample sample;
};

// Everything that is known without reading a picture.
struct Contents {
  std::string name, split;
  std::vector<Shard> shards;
  std::vector<FileStamp> stamps;
  std::vector<std::string> hashes;  // of each shard
  std::vector<PlacedSample> samples;
  std::vector<std::string> class_names;
  Provenance provenance;

  std::string id(const PlacedSample& placed) const {
    return shards[placed.shard].prefix + "/" + placed.sample.key;
  }
};

std::vector<ShardFiles::File> files_of(const Contents& contents) {
  std::vector<ShardFiles::File> files;
  for (size_t i = 0; i < contents.shards.size(); ++i) {
    files.push_back({contents.shards[i].file, contents.stamps[i]});
  }
  return files;
}

class Shards final : public Dataset {
 public:
  explicit Shards(Contents contents) : contents_(std::move(contents)), files_(files_of(contents_)) {}

  std::string name() const override { return contents_.name; }
  std::string split() const override { return contents_.split; }
  int64_t size() const override { return static_cast<int64_t>(contents_.samples.size()); }
  int channels() const override { return 3; }
  std::string id(int64_t index) const override { return contents_.id(at(index)); }
  int64_t label(int64_t index) const override { return at(index).sample.label; }
  std::vector<std::string> captions(int64_t index) const override { return at(index).sample.captions; }
  const std::vector<std::string>& class_names() const override { return contents_.class_names; }
  const Provenance& provenance() const override { return contents_.provenance; }

  std::vector<int64_t> shard_sizes() const override {
    std::vector<int64_t> sizes(contents_.shards.size());
    for (const PlacedSample& placed : contents_.samples) ++sizes[placed.shard];
    std::erase(sizes, 0);
    return sizes;
  }

  Example get(int64_t index) const override {
    const auto& [shard, sample] = at(index);
    const std::shared_ptr<const Descriptor> file = files_.open(shard);
    EncodedImage picture{std::vector<std::byte>(sample.size)};
    read_at(*file, files_.path(shard), "shards", sample.offset, picture.bytes);
    return {id(index), std::move(picture), labels(index), sample.captions};
  }

 private:
  const PlacedSample& at(int64_t index) const {
    if (index >= 0 && index < size()) return contents_.samples[index];
    throw std::out_of_range(
        fmt::format("[shards] expected an index from 0 to {}; got {}", size() - 1, index));
  }

  Contents contents_;
  mutable ShardFiles files_;
};

// ---- Indices ----

void read_indices(Contents& contents, const fs::path& index_folder) {
  uint64_t bytes = 0;
  for (const Shard& shard : contents.shards) {
    contents.stamps.push_back(stamp_of(shard.file));
    bytes += contents.stamps.back().size;
  }
  const bool whole = bytes <= kMostBytesToHash;
  contents.provenance.hashed = whole ? "contents" : "names and sizes";
  for (size_t i = 0; i < contents.shards.size(); ++i) {
    TarIndex index = kept_tar_index(contents.shards[i].file, contents.stamps[i], index_folder, whole);
    contents.hashes.push_back(whole ? index.contents_hash : index.listing_hash);
    for (ShardSample& sample : index.samples) contents.samples.push_back({i, std::move(sample)});
  }
}

void keep_own_part(Contents& contents) {
  static const std::array<std::string, 3> kSplits = {"train", "test", "all"};
  if (std::find(kSplits.begin(), kSplits.end(), contents.split) == kSplits.end()) {
    fail_unknown_name("shards", "a split of " + contents.provenance.source, contents.split, kSplits);
  }
  if (contents.split == "all") return;
  std::vector<ListedPicture> pictures;
  for (const PlacedSample& placed : contents.samples) {
    ListedPicture& picture = pictures.emplace_back(ListedPicture{contents.id(placed), {}});
    if (placed.sample.label >= 0) picture.labels = {placed.sample.label};
  }
  const std::vector<bool> tested = own_test_part(pictures);
  std::vector<PlacedSample> kept;
  for (size_t i = 0; i < tested.size(); ++i) {
    if (tested[i] == (contents.split == "test")) kept.push_back(std::move(contents.samples[i]));
  }
  contents.samples = std::move(kept);
  if (contents.samples.empty()) {
    fail(contents.provenance.source, "samples in the split " + contents.split, "none");
  }
  contents.provenance.source += fmt::format(" ({} of an 80/20 split by hash of id)", contents.split);
}

// ---- Classes and captions ----

// The first of these files that exists; "" if none does.
fs::path first_file(const fs::path& folder, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (fs::is_regular_file(folder / name)) return folder / name;
  }
  return {};
}

std::vector<std::string> read_class_names(const fs::path& file) {
  const std::string content = read_file(file);
  if (find_broken_utf8(content)) fail(file, "UTF-8 text", "other bytes");
  std::vector<std::string> names;
  size_t empty_line = 0;
  std::string_view rest = content.starts_with("\xEF\xBB\xBF") ? std::string_view(content).substr(3) : content;
  for (size_t line = 1; !rest.empty(); ++line) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view name = trimmed(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    // Only at the end: in between, an empty line would shift the classes behind it.
    if (name.empty() && empty_line == 0) empty_line = line;
    if (name.empty()) continue;
    if (empty_line != 0)
      fail(file, "the name of a class in every line", fmt::format("none in line {}", empty_line));
    names.emplace_back(name);
  }
  if (names.empty()) fail(file, "the names of classes", "none");
  return names;
}

void name_classes(Contents& contents, const std::string& given, const fs::path& root) {
  const PlacedSample *highest = nullptr, *unlabelled = nullptr;
  size_t count = 0;
  for (const PlacedSample& placed : contents.samples) {
    if (placed.sample.label < 0 && count++ == 0) unlabelled = &placed;
    if (highest == nullptr || placed.sample.label > highest->sample.label) highest = &placed;
  }
  const std::string& source = contents.provenance.source;
  if (count == contents.samples.size()) {
    if (!given.empty()) fail(source, "samples with classes, as classes= names them", "none");
    return;
  }
  if (unlabelled != nullptr) {
    fail(source, "a class of every sample",
         fmt::format("none of {} ({} of {} have none)", contents.id(*unlabelled), count,
                     contents.samples.size()));
  }
  const fs::path file =
      given.empty() ? first_file(root, {"classes.txt", "classnames.txt"}) : given_path(given);
  if (!file.empty()) contents.class_names = read_class_names(file);
  const int64_t limit = file.empty() ? kMostClasses : static_cast<int64_t>(contents.class_names.size());
  if (highest->sample.label >= limit) {
    fail(file.empty() ? fs::path(source) : file, fmt::format("classes below {}", limit),
         fmt::format("{} of {}", highest->sample.label, contents.id(*highest)));
  }
  for (int64_t label = 0; file.empty() && label <= highest->sample.label; ++label) {
    contents.class_names.push_back(std::to_string(label));
  }
}

// clip-benchmark's retrieval sets have one caption a line.
void split_lines(Contents& contents, const fs::path& root) {
  const fs::path type = root / "dataset_type.txt";
  if (!fs::is_regular_file(type) || trimmed(read_file(type)) != "retrieval") return;
  for (PlacedSample& placed : contents.samples) {
    std::vector<std::string> lines;
    for (const std::string& caption : placed.sample.captions) {
      for (std::string& line : read_name_list(caption, type)) lines.push_back(std::move(line));
    }
    placed.sample.captions = std::move(lines);
  }
}

std::string hash_of(const Contents& contents) {
  Sha256 hash;
  for (const std::string& name : contents.class_names) hash.update(fmt::format("class\t{}\n", name));
  for (size_t i = 0; i < contents.shards.size(); ++i) {
    hash.update(fmt::format("shard\t{}\t{}\n", contents.shards[i].prefix, contents.hashes[i]));
  }
  for (const PlacedSample& placed : contents.samples) hash.update(contents.id(placed) + "\n");
  return hash.hex();
}

std::shared_ptr<const Dataset> open_at(const SpecKeys& keys, const std::string& split) {
  ShardList list = find_shards(keys.path, split);
  Contents contents;
  contents.name = "shards:" + list.name;
  contents.split = split;
  contents.shards = std::move(list.shards);
  contents.provenance.source = keys.path;
  const std::string index_folder = keys.get("index");
  read_indices(contents, index_folder.empty() ? default_index_folder() : given_path(index_folder));
  // Before the split, so that a class means the same in both parts.
  name_classes(contents, keys.get("classes"), list.root);
  if (list.own_split) keep_own_part(contents);
  split_lines(contents, list.root);
  contents.provenance.sha256 = hash_of(contents);
  return std::make_shared<Shards>(std::move(contents));
}

}  // namespace

std::shared_ptr<const Dataset> open_shards(const DatasetSpec& spec, std::string_view split) {
  const SpecKeys keys = split_spec(spec, {"classes", "index"});
  try {
    return open_at(keys, std::string(split));
  } catch (const fs::filesystem_error& error) {
    throw std::runtime_error(fmt::format("[shards] {}: expected a readable file or folder; got: {}",
                                         error.path1().string(), error.code().message()));
  }
}

}  // namespace repbench
