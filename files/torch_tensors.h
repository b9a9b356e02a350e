#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "files/pickle.h"
#include "files/tensor_source.h"
#include "files/tensor_view.h"

namespace repbench {

/// What a pickle of torch says of a storage: ('storage', torch.FloatStorage, '0', 'cpu', numel), with a sixth
/// member in files before 1.6: (key, offset, numel) of a part of it, or None.
struct TorchStorage {
  std::string_view type;       // "FloatStorage"
  std::optional<DType> dtype;  // of storages that we have a dtype for
  size_t item = 0;             // bytes of an element
  std::string_view key;
  uint64_t bytes = 0;           // of the whole storage
  uint64_t begin = 0, end = 0;  // the part of it that is meant
};

/// Throws std::runtime_error naming WHAT if the persistent value says anything else.
TorchStorage torch_storage(const TensorSource& source, const PickleValue& persistent,
                           const std::string& what);

/// The dtype that "torch.float32" names; nothing for everything else and for those that are none of ours.
std::optional<DType> torch_dtype(std::string_view name);

/// Rebuilds the tensors of a pickle on the storages of its file.
class TorchTensors {
 public:
  /// The bytes of a storage.
  using Find = std::function<std::span<const std::byte>(const TorchStorage&)>;

  TorchTensors(TensorSource& source, Find find) : source_(source), find_(std::move(find)) {}

  /// Is it a tensor, a parameter or a storage?
  static bool is_tensor(const PickleValue& value);

  /// Nothing where its dtype is none of ours (complex, quantised, 8-bit floats). Throws std::runtime_error
  /// naming WHAT if what is said of it does not fit its storage. Asking again gives the same view.
  std::optional<TensorView> read(const PickleValue& value, const std::string& what);

 private:
  std::optional<TensorView> rebuild_tensor(const PickleValue& value, const std::string& what);

  TensorSource& source_;
  Find find_;
  std::unordered_map<const PickleValue*, TensorView> known_;
};

}  // namespace repbench
