#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "protocols/feature_file.h"
#include "protocols/features.h"

namespace repbench {

/// Rows of a file of features as a data set without pictures: ids, labels, class names. Two files of the same
/// ids and labels are the same data, whatever their features.
class FeatureRows final : public Dataset {
 public:
  /// `rows` ascending; `split` is their name.
  FeatureRows(std::shared_ptr<const FeatureFile> file, std::vector<int64_t> rows, std::string split);

  std::string name() const override { return file_->dataset; }
  std::string split() const override { return split_; }
  int64_t size() const override { return static_cast<int64_t>(rows_.size()); }
  int channels() const override { return 3; }
  Example get(int64_t index) const override;  // throws std::invalid_argument: there are no pictures
  std::string id(int64_t index) const override { return file_->ids[at(index)]; }
  int64_t label(int64_t index) const override { return file_->labels[at(index)]; }
  const std::vector<std::string>& class_names() const override { return file_->class_names; }
  const Provenance& provenance() const override { return provenance_; }

  /// The row of the file.
  int64_t row(int64_t index) const { return rows_.at(static_cast<size_t>(index)); }

 private:
  size_t at(int64_t index) const { return static_cast<size_t>(row(index)); }

  std::shared_ptr<const FeatureFile> file_;
  std::vector<int64_t> rows_;
  std::string split_;
  Provenance provenance_;
};

/// The file as one who is judged: kind "features", the tap "features", and "projected" where there are text
/// features. `label` overrides its name in tables.
Subject feature_subject(const std::filesystem::path& path, const std::string& label = "");

/// What extract_features gives for such a subject; `dataset` must be FeatureRows.
FeatureSet stored_features(const Subject& subject, const Dataset& dataset, const IndexList& examples,
                           std::span<const std::string> taps);

/// Throws std::invalid_argument, naming the protocols that can, where `kind` needs an encoder.
void check_judges_features(const ProtocolKind& kind);

}  // namespace repbench
