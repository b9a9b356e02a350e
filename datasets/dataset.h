#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "datasets/images/image.h"

namespace repbench {

/// A picture as it lies on the disk.
struct EncodedImage {
  std::vector<std::byte> bytes;
};

struct Example {
  std::string id;  // unique in the data set, stable over machines
  std::variant<EncodedImage, Image> picture;
  std::vector<int64_t> labels;  // empty, one class, or several (multi-label)
  std::vector<std::string> captions;
};

/// Where the data came from, and which data it was.
struct Provenance {
  std::string source;
  std::string licence;  // "" if unknown
  std::string sha256;   // over annotations and pictures
  std::string hashed =
      "contents";  // what of the pictures: "contents", or "names and sizes" where they are many
};

/// One split of a data set. Every method is thread-safe and const.
class Dataset {
 public:
  virtual ~Dataset() = default;

  virtual std::string name() const = 0;   // "fashion_mnist"
  virtual std::string split() const = 0;  // "train", "test", ...
  virtual int64_t size() const = 0;
  virtual int channels() const = 0;  // of the decoded pictures: 1 or 3

  /// Reads one example. Throws std::out_of_range, or std::runtime_error naming a broken file.
  virtual Example get(int64_t index) const = 0;

  virtual std::string id(int64_t index) const = 0;

  /// The class, without reading the picture; -1 if the example has none, or several.
  virtual int64_t label(int64_t index) const = 0;

  /// All classes of an example, ascending: none, one, or several (multi-label).
  virtual std::vector<int64_t> labels(int64_t index) const {
    const int64_t only = label(index);
    return only < 0 ? std::vector<int64_t>{} : std::vector<int64_t>{only};
  }

  /// An example's captions; kinds that know them without the picture say so here.
  virtual std::vector<std::string> captions(int64_t index) const { return get(index).captions; }

  /// How many examples lie together in each file that is read as a stream (a tar shard), in order; empty:
  /// each example is a file of its own, or all are in memory.
  virtual std::vector<int64_t> shard_sizes() const { return {}; }

  virtual const std::vector<std::string>& class_names() const = 0;
  virtual const Provenance& provenance() const = 0;

  /// Why the data should not be used as it is, in whole sentences: missing pictures, classes without any.
  virtual std::vector<std::string> problems() const { return {}; }
};

/// Decodes if need be, to `channels` channels. Errors name the example.
Image pixels(const Example& example, int channels);

/// What to open: `fashion_mnist`, `image_folder:PATH`, `idx:PATH` ...
struct DatasetSpec {
  std::string kind;
  std::string path;  // "" for the kind's own place

  /// "kind" or "kind:path".
  static DatasetSpec parse(std::string_view text);
  std::string text() const;

  /// Short, and fit for a folder's name: the kind, and the end of the path if there is one.
  std::string slug() const;
};

/// Throws std::invalid_argument for an unknown kind or split (naming the nearest), std::runtime_error if the
/// data is missing (saying which package or folder is expected) or broken (naming the file).
/// Problems of the data are an error.
std::shared_ptr<const Dataset> open_dataset(const DatasetSpec& spec, std::string_view split);

/// The same, but a data set with problems is opened too, for a look at all of them.
std::shared_ptr<const Dataset> open_with_problems(const DatasetSpec& spec, std::string_view split);

/// Specifications after commas: "cifar10:A,voc:B". A comma that no kind's name follows is part of the text
/// before it: "shapes:train=12,test=12", "shards:{train,val}-{00..11}.tar".
std::vector<std::string> split_dataset_list(std::string_view text);

/// A row of the table of kinds (datasets/kinds.cpp).
struct DatasetKind {
  std::string_view name;
  std::string_view summary;
  std::shared_ptr<const Dataset> (*open)(const DatasetSpec& spec, std::string_view split);
};
std::span<const DatasetKind> dataset_kinds();

}  // namespace repbench
