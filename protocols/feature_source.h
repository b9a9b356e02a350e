#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "files/tensor_file.h"

namespace repbench {

/// Named arrays and texts: those of one tensor file, or of a folder of numpy's plain files, in which NAME.npy
/// is NAME. Lists of texts are arrays of strings, or notes that hold a JSON list. Errors are
/// std::invalid_argument "[features] FILE: 'NAME': expected ...; got ...".
class FeatureSource {
 public:
  explicit FeatureSource(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }

  /// Is there a tensor or a note of this name?
  bool has(std::string_view name) const;

  /// A copy on the CPU of a tensor that must be there.
  at::Tensor tensor(std::string_view name) const;

  /// [N] int64; empty if there is no such tensor. Whole numbers of any type, which int64 can hold.
  std::optional<std::vector<int64_t>> integers(std::string_view name) const;

  std::optional<std::vector<std::string>> texts(std::string_view name) const;

  /// One text; "" if there is none.
  std::string text(std::string_view name) const;

  [[noreturn]] void fail(std::string_view name, std::string_view expected, std::string_view got) const;

 private:
  void add(const TensorFile& file, const std::string& as);

  std::filesystem::path path_;
  std::vector<TensorFile> files_;
  std::map<std::string, TensorView, std::less<>> tensors_;
  Json notes_ = Json::object();
};

/// "[3, 4]"
std::string shape_text(const at::Tensor& tensor);

}  // namespace repbench
