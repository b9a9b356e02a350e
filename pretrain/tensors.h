#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "files/safetensors.h"

namespace repbench {

struct NamedTensor {
  std::string name;  // as timm or open_clip spells it
  at::Tensor tensor;
};

/// In a fixed order: a model's own parameters first, then its parts in the order of the computation.
using NamedTensors = std::vector<NamedTensor>;

DType dtype_of(const at::Tensor& tensor);

/// A view of a contiguous CPU tensor; the tensor must outlive it.
TensorView view_of(const at::Tensor& tensor);

/// A copy on the CPU.
at::Tensor to_tensor(const TensorView& view);

/// The view's own bytes as a tensor, to read from alone; they must outlive it.
at::Tensor borrow(const TensorView& view);

/// Names that are not as a model wants them.
struct Mismatch {
  std::vector<std::string> missing, unexpected, misshaped, mistyped;

  bool any() const {
    return !missing.empty() || !unexpected.empty() || !misshaped.empty() || !mistyped.empty();
  }
  void add_missing(const std::string& name,
                   const std::vector<std::string>& in_file);       // with the nearest of them
  void add_type(const std::string& name, std::string_view dtype);  // numbers of which are no weights
  void add_shape(const std::string& name, at::IntArrayRef expected, const std::vector<int64_t>& got);

  /// "2 missing: a, b (nearest: c); 1 unexpected: d", the first ten of each and a count.
  std::string describe() const;
};

/// Throws std::invalid_argument "[weights] SOURCE: tensor 'NAME': ..." if it holds NaN or infinity.
void check_finite(const TensorView& view, const std::string& name, const std::string& source);

/// Written atomically. Throws std::runtime_error naming the file.
void save_tensors(const std::filesystem::path& path, const NamedTensors& tensors,
                  const std::map<std::string, std::string>& metadata = {});

/// Copies the file's tensors into `tensors`, which keep their dtype and device. Strict: throws
/// std::invalid_argument
/// "[weights] FILE: ..." listing missing, unexpected and mis-shaped names (the first ten and a count), or
/// naming the first tensor that holds NaN or infinity; `tensors` are then as they were.
void load_tensors(const std::filesystem::path& path, const NamedTensors& tensors);

/// sha256 over names, dtypes, shapes and bytes, in name order.
std::string hash_of(const NamedTensors& tensors);

/// A batch norm's running_mean, running_var or num_batches_tracked: stored with the weights and never
/// trained.
bool is_statistic(std::string_view name);

/// Statistics are not counted.
int64_t count_elements(const NamedTensors& tensors);

}  // namespace repbench
