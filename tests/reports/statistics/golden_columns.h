#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "files/safetensors.h"

namespace repbench {

/// Plain columns of a file in tests/golden (float64 or int64).
class GoldenColumns {
 public:
  explicit GoldenColumns(const std::string& file)
      : file_(std::filesystem::path(REPBENCH_SOURCE_DIR) / "tests/golden" / file) {}

  std::vector<double> reals(const std::string& name) const { return values<double>(name, DType::f64); }
  std::vector<int64_t> integers(const std::string& name) const { return values<int64_t>(name, DType::i64); }

 private:
  template <class T>
  std::vector<T> values(const std::string& name, DType dtype) const {
    const TensorView& view = file_.at(name);
    if (view.dtype != dtype) throw std::logic_error(name + ": another type");
    std::vector<T> result(view.bytes.size() / sizeof(T));
    std::memcpy(result.data(), view.bytes.data(), view.bytes.size());
    return result;
  }

  SafetensorsFile file_;
};

}  // namespace repbench
