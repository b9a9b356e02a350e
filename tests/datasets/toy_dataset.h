#pragma once

#include <fmt/format.h>

#include <functional>
#include <stdexcept>

#include "datasets/dataset.h"
#include "tests/datasets/noise_picture.h"

namespace repbench {

/// Small grey pictures in memory, whose ids and labels the test chooses.
class ToyDataset : public Dataset {
 public:
  struct Row {
    std::string id;
    int64_t label;
  };

  ToyDataset(std::vector<Row> rows, int classes) : rows_(std::move(rows)) {
    for (int i = 0; i < classes; ++i) class_names_.push_back(fmt::format("class {}", i));
  }

  /// `size` examples "toy/0", "toy/1", ..., classes in turn.
  static std::shared_ptr<ToyDataset> of(int64_t size, int classes) {
    std::vector<Row> rows;
    for (int64_t i = 0; i < size; ++i) rows.push_back({fmt::format("toy/{}", i), i % classes});
    return std::make_shared<ToyDataset>(std::move(rows), classes);
  }

  std::string name() const override { return "toy"; }
  std::string split() const override { return "train"; }
  int64_t size() const override { return static_cast<int64_t>(rows_.size()); }
  int channels() const override { return 1; }
  std::string id(int64_t index) const override { return rows_.at(index).id; }
  int64_t label(int64_t index) const override { return rows_.at(index).label; }
  const std::vector<std::string>& class_names() const override { return class_names_; }
  const Provenance& provenance() const override { return provenance_; }

  Example get(int64_t index) const override {
    if (before_get) before_get(index);
    return {id(index), noise_picture(9, 7, 1, hash64(id(index))), {label(index)}, {}};
  }

  std::function<void(int64_t)> before_get;  // may throw or sleep

 private:
  std::vector<Row> rows_;
  std::vector<std::string> class_names_;
  Provenance provenance_;
};

}  // namespace repbench
