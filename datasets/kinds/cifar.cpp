#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <stdexcept>

#include "datasets/dataset.h"
#include "datasets/kinds/cifar_batch.h"
#include "datasets/kinds/cifar_files.h"
#include "datasets/kinds/listed_pictures.h"
#include "datasets/kinds/planar_pictures.h"
#include "datasets/kinds/spec_keys.h"
#include "files/nearest.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;

const std::array<std::string, 2> kSplits = {"train", "test"};

// One of CIFAR-10, CIFAR-100 with fine labels, CIFAR-100 with coarse ones.
struct Cifar {
  std::string kind;
  std::string labels;  // "", "fine" or "coarse"
  size_t classes;

  size_t label_bytes() const { return labels.empty() ? 1 : 2; }
  size_t label_at() const { return labels == "fine" ? 1 : 0; }
  std::string key(std::string_view of) const {
    return labels.empty() ? std::string(of) : fmt::format("{}_{}", labels, of);
  }
};

std::array<CifarDistribution, 2> distributions_of(const Cifar& cifar, bool train) {
  if (cifar.labels.empty()) {
    CifarDistribution binary{false, "cifar-10-batches-bin", "cifar-10-binary.tar.gz", {}, "batches.meta.txt"};
    CifarDistribution python{true, "cifar-10-batches-py", "cifar-10-python.tar.gz", {}, "batches.meta"};
    for (int i = 1; i <= 5 && train; ++i) python.pictures.push_back(fmt::format("data_batch_{}", i));
    if (!train) python.pictures = {"test_batch"};
    for (const std::string& name : python.pictures) binary.pictures.push_back(name + ".bin");
    return {binary, python};
  }
  const std::string name = train ? "train" : "test";
  return {{{false,
            "cifar-100-binary",
            "cifar-100-binary.tar.gz",
            {name + ".bin"},
            cifar.labels + "_label_names.txt"},
           {true, "cifar-100-python", "cifar-100-python.tar.gz", {name}, "meta"}}};
}

[[noreturn]] void fail(const Cifar& cifar, const CifarFile& file, std::string_view expected,
                       std::string_view got) {
  throw std::runtime_error(
      fmt::format("[{}] {}: expected {}; got {}", cifar.kind, file.place, expected, got));
}

std::vector<std::string> class_names(const Cifar& cifar, const CifarFiles& found) {
  const CifarFile& file = found.files.at(found.distribution.class_names);
  std::vector<std::string> names = found.distribution.pickled
                                       ? read_pickled_names(file, cifar.kind, cifar.key("label_names"))
                                       : read_plain_names(file, cifar.kind);
  if (names.size() != cifar.classes) {
    fail(cifar, file, fmt::format("{} names of classes", cifar.classes), std::to_string(names.size()));
  }
  return names;
}

CifarBatch read_batch(const Cifar& cifar, const CifarFile& file, bool pickled) {
  CifarBatch batch = pickled ? read_pickled_batch(file, cifar.kind, cifar.key("labels"))
                             : read_binary_batch(file, cifar.kind, cifar.label_bytes(), cifar.label_at());
  for (size_t i = 0; i < batch.labels.size(); ++i) {
    if (batch.labels[i] >= 0 && batch.labels[i] < static_cast<int64_t>(cifar.classes)) continue;
    fail(cifar, file, fmt::format("labels below {}", cifar.classes),
         fmt::format("{} of picture {}", batch.labels[i], i));
  }
  return batch;
}

// All batches in order; they are equally long.
CifarBatch read_batches(const Cifar& cifar, CifarFiles& found) {
  CifarBatch all;
  size_t count = 0;
  for (const std::string& name : found.distribution.pictures) {
    CifarFile& file = found.files.at(name);
    const CifarBatch batch = read_batch(cifar, file, found.distribution.pickled);
    file.content = {};  // gives its memory back
    if (count == 0) {
      count = batch.labels.size();
      all.pixels.reserve(found.distribution.pictures.size() * batch.pixels.size());
    }
    if (batch.labels.size() != count) {
      fail(cifar, file, fmt::format("{} pictures as in {}", count, found.distribution.pictures.front()),
           std::to_string(batch.labels.size()));
    }
    all.labels.insert(all.labels.end(), batch.labels.begin(), batch.labels.end());
    all.pixels += batch.pixels;
  }
  return all;
}

std::shared_ptr<const Dataset> open_cifar(const Cifar& cifar, const fs::path& path, std::string_view split) {
  if (std::find(kSplits.begin(), kSplits.end(), split) == kSplits.end()) {
    fail_unknown_name(cifar.kind, "a split", split, kSplits);
  }
  CifarFiles found = read_cifar_files(path, cifar.kind, distributions_of(cifar, split == "train"));
  PlanarPictures pictures;
  pictures.kind = cifar.kind;
  pictures.name = cifar.labels == "coarse" ? cifar.kind + ":coarse" : cifar.kind;
  pictures.split = pictures.id_prefix = split;
  pictures.class_names = class_names(cifar, found);
  pictures.side = static_cast<int>(kCifarSide);
  auto batches = std::make_shared<CifarBatch>(read_batches(cifar, found));
  pictures.pixels = std::as_bytes(std::span(batches->pixels.data(), batches->pixels.size()));
  pictures.labels = batches->labels;
  pictures.owner = std::move(batches);
  pictures.source = printable_name(path);
  return make_planar_pictures(std::move(pictures));
}

std::shared_ptr<const Dataset> open_at(const Cifar& cifar, const std::string& path, std::string_view split) {
  try {
    return open_cifar(cifar, fs::absolute(path).lexically_normal(), split);
  } catch (const fs::filesystem_error& error) {
    throw std::runtime_error(fmt::format("[{}] {}: expected a readable file or folder; got: {}", cifar.kind,
                                         error.path1().string(), error.code().message()));
  }
}

}  // namespace

std::shared_ptr<const Dataset> open_cifar10(const DatasetSpec& spec, std::string_view split) {
  return open_at({"cifar10", "", 10}, split_spec(spec, {}).path, split);
}

std::shared_ptr<const Dataset> open_cifar100(const DatasetSpec& spec, std::string_view split) {
  const SpecKeys keys = split_spec(spec, {"labels"});
  const std::string labels = keys.values.contains("labels") ? keys.get("labels") : "fine";
  static const std::array<std::string, 2> kLabels = {"fine", "coarse"};
  if (std::find(kLabels.begin(), kLabels.end(), labels) == kLabels.end()) {
    fail_unknown_name("cifar100", "labels", labels, kLabels);
  }
  return open_at({"cifar100", labels, labels == "fine" ? size_t{100} : size_t{20}}, keys.path, split);
}

}  // namespace repbench
