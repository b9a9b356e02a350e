#include <fmt/format.h>

#include <filesystem>
#include <stdexcept>
#include <utility>

#include "datasets/dataset.h"
#include "datasets/difficult_labels.h"
#include "datasets/index_file.h"
#include "datasets/kinds/captioned_pictures.h"
#include "files/hash.h"
#include "files/nearest.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;

// The chosen examples of another data set, in its order.
class Subset final : public Dataset, public DifficultLabels {
 public:
  Subset(std::shared_ptr<const Dataset> base, IndexList list, const fs::path& file)
      : base_(std::move(base)), list_(std::move(list)), provenance_(base_->provenance()) {
    name_ = fmt::format("subset:{} of {}", file.stem().string(), base_->name());
    provenance_.source += ", the examples of " + file.string();
    provenance_.sha256 = repbench::sha256(fmt::format("{}\n{}", provenance_.sha256, list_.hash));
  }

  std::string name() const override { return name_; }
  std::string split() const override { return base_->split(); }
  int64_t size() const override { return list_.size(); }
  int channels() const override { return base_->channels(); }
  Example get(int64_t index) const override { return base_->get(at(index)); }
  std::string id(int64_t index) const override { return base_->id(at(index)); }
  int64_t label(int64_t index) const override { return base_->label(at(index)); }
  std::vector<int64_t> labels(int64_t index) const override { return base_->labels(at(index)); }
  std::vector<int64_t> difficult(int64_t index) const override { return difficult_labels(*base_, at(index)); }
  std::vector<std::string> captions(int64_t index) const override { return base_->captions(at(index)); }
  const std::vector<std::string>& class_names() const override { return base_->class_names(); }
  const Provenance& provenance() const override { return provenance_; }

 private:
  int64_t at(int64_t index) const {
    if (index >= 0 && index < size()) return list_.indices[index];
    throw std::out_of_range(
        fmt::format("[subset] expected an index from 0 to {}; got {}", size() - 1, index));
  }

  std::shared_ptr<const Dataset> base_;
  IndexList list_;
  std::string name_;
  Provenance provenance_;
};

// "FILE:of=SPEC": the rest is the other's specification, whatever colons it has.
std::pair<fs::path, std::string> parts_of(const DatasetSpec& spec) {
  constexpr std::string_view kOf = ":of=";
  const size_t of = spec.path.find(kOf);
  const std::string file = spec.path.substr(0, of);
  const std::string base = of == std::string::npos ? "" : spec.path.substr(of + kOf.size());
  if (file.empty() || (of != std::string::npos && base.empty())) {
    throw std::invalid_argument(
        fmt::format("[subset] expected subset:FILE:of=DATASET; got '{}'", spec.text()));
  }
  return {given_path(file), base};
}

// An index file may name a subset, whose index file may name another: but not without end.
class Depth {
 public:
  explicit Depth(const fs::path& file) {
    if (depth_ == kDeepest) {
      throw std::runtime_error(fmt::format("[subset] {}: expected at most {} subsets of subsets; got more",
                                           file.string(), kDeepest));
    }
    ++depth_;
  }
  ~Depth() { --depth_; }
  Depth(const Depth&) = delete;
  Depth& operator=(const Depth&) = delete;

 private:
  static constexpr int kDeepest = 8;
  static thread_local int depth_;
};
thread_local int Depth::depth_ = 0;

}  // namespace

std::shared_ptr<const Dataset> open_subset(const DatasetSpec& spec, std::string_view split) {
  const auto [file, given] = parts_of(spec);
  const Depth depth(file);
  const IndexFile index = load_index_file(file);
  if (given.empty() && !index.is_json) {
    throw std::invalid_argument(fmt::format(
        "[subset] {}: expected :of=DATASET, as a text file does not say whose ids they are; got none",
        file.string()));
  }
  if (index.is_json && split != index.split && split != "all") {
    fail_unknown_name("subset", "the split of " + file.string(), split,
                      std::vector<std::string>{index.split, "all"});
  }
  const DatasetSpec base = DatasetSpec::parse(given.empty() ? index.dataset : given);
  auto dataset = open_dataset(base, index.is_json ? std::string_view(index.split) : split);
  IndexList list = find_examples(index, file, *dataset);
  return std::make_shared<Subset>(std::move(dataset), std::move(list), file);
}

}  // namespace repbench
