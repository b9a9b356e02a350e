#include "protocols/stored_features.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <stdexcept>

#include "files/hash.h"

namespace repbench {
namespace {

/// Stands where an encoder would: it has taps by name and can do nothing.
class StoredFeatures final : public Encoder {
 public:
  std::string kind() const override { return "features"; }
  Json config() const override { return Json::object(); }
  const InputSpec& input() const override { refuse(); }
  const std::vector<Stage>& stages() const override { return stages_; }
  at::Tensor forward(at::Tensor, int64_t, int64_t, const StageContext&) const override { refuse(); }
  std::map<std::string, at::Tensor> features(const at::Tensor&, std::span<const std::string>,
                                             const StageContext&) const override {
    refuse();
  }
  std::vector<std::string> default_taps() const override { return {"features"}; }
  int64_t macs(int64_t, int64_t, int64_t) const override { refuse(); }
  std::unique_ptr<Encoder> clone() const override { refuse(); }
  void initialise(uint64_t) override { refuse(); }

 private:
  [[noreturn]] static void refuse() {
    throw std::invalid_argument("[encoder] expected an encoder that can be run; got a file of features");
  }

  std::vector<Stage> stages_;
};

/// Over what is judged, not over the features: ids, labels, the number of classes, and, where it is said
/// which row a text is about, the number of texts of each row.
std::string hash_of_rows(const FeatureFile& file, const std::vector<int64_t>& rows) {
  std::vector<int64_t> texts(static_cast<size_t>(file.size()));
  for (const int64_t row : file.text_owner) ++texts[static_cast<size_t>(row)];
  const bool one_each = std::all_of(texts.begin(), texts.end(), [](int64_t count) { return count == 1; });
  Sha256 hash;
  hash.update(fmt::format("{} classes\n", file.class_names.size()));
  for (const int64_t row : rows) {
    const auto i = static_cast<size_t>(row);
    hash.update(fmt::format("{}:{} {}", file.ids[i].size(), file.ids[i], file.labels[i]));
    hash.update(one_each || file.text_owner.empty() ? "\n" : fmt::format(" {}\n", texts[i]));
  }
  return hash.hex();
}

}  // namespace

FeatureRows::FeatureRows(std::shared_ptr<const FeatureFile> file, std::vector<int64_t> rows,
                         std::string split)
    : file_(std::move(file)),
      rows_(std::move(rows)),
      split_(std::move(split)),
      provenance_{"a file of features", "", hash_of_rows(*file_, rows_)} {}

Example FeatureRows::get(int64_t index) const {
  throw std::invalid_argument(fmt::format("[features] {}: expected pictures; got features alone, of '{}'",
                                          file_->path.string(), id(index)));
}

Subject feature_subject(const std::filesystem::path& path, const std::string& label) {
  const auto file = std::make_shared<const FeatureFile>(read_feature_file(path));
  Subject subject;
  subject.label = label.empty() ? file->name : label;
  subject.encoder = std::make_shared<StoredFeatures>();
  subject.sha256 = file->sha256;
  subject.description = {{"sha256", file->sha256},
                         {"kind", "features"},
                         {"label", subject.label},
                         {"config", Json::object()},
                         {"file", file->path.filename().string()},
                         {"width", file->features.size(1)},
                         {"made_by", file->made_by}};
  subject.warnings = file->warnings;
  subject.features = file;
  return subject;
}

FeatureSet stored_features(const Subject& subject, const Dataset& dataset, const IndexList& examples,
                           std::span<const std::string> taps) {
  const auto* rows = dynamic_cast<const FeatureRows*>(&dataset);
  if (rows == nullptr) {
    throw std::invalid_argument(fmt::format("[features] expected rows of {}; got the data set {}",
                                            subject.features->path.string(), dataset.name()));
  }
  std::vector<std::string> known = {"features"};
  if (subject.features->text_features.defined()) known.emplace_back("projected");
  std::vector<int64_t> chosen, labels;
  FeatureSet set;
  for (const int64_t index : examples.indices) {
    chosen.push_back(rows->row(index));
    labels.push_back(rows->label(index));
    set.ids.push_back(rows->id(index));
  }
  set.labels = at::tensor(labels, at::kLong);
  for (const std::string& tap : taps) {
    if (std::find(known.begin(), known.end(), tap) == known.end()) {
      throw std::invalid_argument(fmt::format(
          "[features] key 'taps': expected {} of a file of features; got '{}'", fmt::join(known, ", "), tap));
    }
    set.by_tap[tap] = rows_of(subject.features->features, chosen);
  }
  return set;
}

void check_judges_features(const ProtocolKind& kind) {
  if (kind.on_features != OnFeatures::refused) return;
  std::vector<std::string_view> can;
  for (const ProtocolKind& row : protocol_kinds()) {
    if (row.on_features != OnFeatures::refused) can.push_back(row.name);
  }
  throw std::invalid_argument(
      fmt::format("[{}] expected an encoder with weights; got a file of features, which can be judged by {}",
                  kind.name, fmt::join(can, ", ")));
}

}  // namespace repbench
