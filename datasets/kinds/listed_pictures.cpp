#include "datasets/kinds/listed_pictures.h"
#include "datasets/difficult_labels.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <unordered_set>
#include <utility>

#include "datasets/random.h"
#include "files/atomic.h"
#include "files/descriptor.h"
#include "files/hash.h"
#include "files/nearest.h"
#include "files/utf8.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMostBytesToHash = uint64_t{1} << 30;
constexpr size_t kMostTestedCaptions = 1000;

[[noreturn]] void fail(const ListedPictures& list, const fs::path& path, std::string_view expected,
                       std::string_view got) {
  throw std::runtime_error(
      fmt::format("[{}] {}: expected {}; got {}", list.kind, path.string(), expected, got));
}

class PictureList final : public Dataset, public DifficultLabels {
 public:
  PictureList(ListedPictures list, Provenance provenance)
      : list_(std::move(list)), provenance_(std::move(provenance)) {}

  std::string name() const override { return list_.name; }
  std::string split() const override { return list_.split; }
  int64_t size() const override { return static_cast<int64_t>(list_.pictures.size()); }
  int channels() const override { return 3; }
  std::string id(int64_t index) const override { return at(index).id; }
  std::vector<int64_t> labels(int64_t index) const override { return at(index).labels; }
  std::vector<int64_t> difficult(int64_t index) const override { return at(index).difficult; }
  std::vector<std::string> captions(int64_t index) const override { return at(index).captions; }
  const std::vector<std::string>& class_names() const override { return list_.class_names; }
  const Provenance& provenance() const override { return provenance_; }
  std::vector<std::string> problems() const override { return list_.problems; }

  int64_t label(int64_t index) const override {
    const std::vector<int64_t>& labels = at(index).labels;
    return labels.size() == 1 ? labels.front() : -1;
  }

  Example get(int64_t index) const override {
    const ListedPicture& picture = at(index);
    const std::string content = read_regular_file(picture.file);
    const auto* bytes = reinterpret_cast<const std::byte*>(content.data());
    return {picture.id, EncodedImage{{bytes, bytes + content.size()}}, picture.labels, picture.captions};
  }

 private:
  const ListedPicture& at(int64_t index) const {
    if (index >= 0 && index < size()) return list_.pictures[index];
    throw std::out_of_range(
        fmt::format("[{}] expected an index from 0 to {}; got {}", list_.kind, size() - 1, index));
  }

  ListedPictures list_;
  Provenance provenance_;
};

void check_list(const ListedPictures& list) {
  if (list.pictures.empty()) fail(list, list.source, "pictures in the split " + list.split, "none");
  std::unordered_set<std::string_view> ids;
  for (const ListedPicture& picture : list.pictures) {
    if (!ids.insert(picture.id).second) fail(list, list.source, "every picture once", picture.id + " twice");
    for (const int64_t label : picture.labels) {
      if (label >= 0 && label < static_cast<int64_t>(list.class_names.size())) continue;
      fail(list, list.source, fmt::format("labels below {}", list.class_names.size()),
           fmt::format("{} of {}", label, picture.id));
    }
  }
}

std::string reason_of(const std::error_code& error) {
  if (error == std::errc::no_such_file_or_directory) return "no such file";
  // What the library says of the size of a folder or a pipe.
  if (error == std::errc::is_a_directory || error == std::errc::not_supported) return "no regular file";
  return error.message();
}

// Bytes of every file, nothing where it is missing: all are counted, which is one problem of the list.
std::vector<std::optional<uint64_t>> sizes_of(ListedPictures& list) {
  std::vector<std::optional<uint64_t>> sizes;
  sizes.reserve(list.pictures.size());
  std::string first;
  size_t missing = 0;
  for (const ListedPicture& picture : list.pictures) {
    std::error_code error;
    const uint64_t size = fs::file_size(picture.file, error);
    sizes.push_back(error ? std::nullopt : std::optional(size));
    if (error && missing++ == 0)
      first = fmt::format("[{}] {}: expected a picture; got {}", list.kind, picture.file.string(),
                          reason_of(error));
  }
  if (missing > 0) {
    list.problems.push_back(
        fmt::format("{} ({} of {} pictures are missing)", first, missing, list.pictures.size()));
  }
  return sizes;
}

// Is their sum, which may not fit 64 bits, at most `most`?
bool fit_into(uint64_t most, const std::vector<std::optional<uint64_t>>& sizes) {
  for (const std::optional<uint64_t>& size : sizes) {
    if (size.value_or(0) > most) return false;
    most -= size.value_or(0);
  }
  return true;
}

Provenance provenance_of(ListedPictures& list) {
  const std::vector<std::optional<uint64_t>> sizes = sizes_of(list);
  const bool whole = fit_into(kMostBytesToHash, sizes);
  std::vector<size_t> order(sizes.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return list.pictures[a].id < list.pictures[b].id; });
  Sha256 hash;
  for (const std::string& name : list.class_names) hash.update(fmt::format("class\t{}\n", name));
  for (const size_t i : order) {
    const ListedPicture& picture = list.pictures[i];
    hash.update(fmt::format("{}\t{}", picture.id, sizes[i].value_or(0)));
    for (const int64_t label : picture.labels) hash.update(fmt::format("\t{}", label));
    for (const int64_t label : picture.difficult) hash.update(fmt::format("\t{}?", label));
    for (const std::string& caption : picture.captions) hash.update(fmt::format("\t{}", caption));
    hash.update("\n");
    if (whole && sizes[i])
      read_pieces(picture.file, list.kind, [&](std::string_view piece) { hash.update(piece); });
  }
  return {list.source, list.licence, hash.hex(), whole ? "contents" : "names and sizes"};
}

}  // namespace

std::shared_ptr<const Dataset> make_picture_list(ListedPictures list) {
  check_list(list);
  Provenance provenance = provenance_of(list);
  return std::make_shared<PictureList>(std::move(list), std::move(provenance));
}

std::string printable_name(const fs::path& path) {
  const std::string text = path.string();
  std::string result;
  std::string_view rest = text;
  while (const auto broken = find_broken_utf8(rest)) {
    result += rest.substr(0, *broken);
    result += fmt::format("\\x{:02x}", static_cast<unsigned char>(rest[*broken]));
    rest.remove_prefix(*broken + 1);
  }
  return result += rest;
}

std::vector<bool> own_test_part(const std::vector<ListedPicture>& pictures) {
  std::map<std::vector<int64_t>, std::vector<std::pair<uint64_t, size_t>>> classes;
  for (size_t i = 0; i < pictures.size(); ++i) {
    // Of several labels the first decides: a class for every combination would leave classes of one.
    std::vector<int64_t> key = pictures[i].labels;
    if (key.size() > 1) key.resize(1);
    classes[key].emplace_back(hash64(pictures[i].id), i);
  }
  std::vector<bool> tested(pictures.size());
  for (auto& [labels, ranked] : classes) {
    std::sort(ranked.begin(), ranked.end(), [&](const auto& a, const auto& b) {
      return std::tie(a.first, pictures[a.second].id) < std::tie(b.first, pictures[b.second].id);
    });
    size_t count = ranked.size() < 2 ? 0 : std::max<size_t>((2 * ranked.size() + 5) / 10, 1);
    if (labels.empty()) count = std::min(count, kMostTestedCaptions);
    for (size_t i = 0; i < count; ++i) tested[ranked[i].second] = true;
  }
  return tested;
}

void keep_own_split(ListedPictures& list) {
  static const std::array<std::string, 3> kSplits = {"train", "test", "all"};
  if (std::find(kSplits.begin(), kSplits.end(), list.split) == kSplits.end()) {
    fail_unknown_name(list.kind, "a split of " + list.source, list.split, kSplits);
  }
  if (list.split == "all") return;
  const std::vector<bool> tested = own_test_part(list.pictures);
  const bool wanted = list.split == "test";
  std::vector<ListedPicture> kept;
  for (size_t i = 0; i < tested.size(); ++i) {
    if (tested[i] == wanted) kept.push_back(std::move(list.pictures[i]));
  }
  list.pictures = std::move(kept);
  if (list.pictures.empty())
    fail(list, list.source, "pictures in the split " + list.split + " (of an 80/20 split by hash of id)",
         "none");
  list.source += fmt::format(" ({} of an 80/20 split by hash of id)", list.split);
}

}  // namespace repbench
