#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "files/json.h"
#include "files/tensor_view.h"

namespace repbench {

/// The tensors of one dictionary of a file, under the path of keys that led to it: "" at the top, "model",
/// "state_dict", "optimizer.state.0".
struct TensorGroup {
  std::string path;
  std::map<std::string, TensorView> tensors;
};

/// A file of tensors in any of the formats below, read as data: nothing in it is ever run, and every size
/// that it declares is checked against what it holds before memory is asked for. Which format it is, its
/// first bytes say, not its name. Throws std::runtime_error "[weights] FILE: expected ...; got ..."
/// ("[safetensors] FILE: ..." where that is the format).
///   safetensors         one file, or the index of shards beside it (model.safetensors.index.json)
///   torch               torch.save since 1.6: a zip archive with a pickle
///   torchscript         torch.jit.save: the same, with code that is left alone
///   torch_legacy        torch.save before 1.6
///   npz, npy            numpy.savez, numpy.savez_compressed, numpy.save
class TensorFile {
 public:
  explicit TensorFile(const std::filesystem::path& path);

  /// The same for bytes that the caller keeps, under a name for errors. An index of shards is refused.
  TensorFile(std::span<const std::byte> bytes, const std::string& name);
  ~TensorFile();
  TensorFile(TensorFile&&) noexcept;
  TensorFile& operator=(TensorFile&&) noexcept;

  const std::filesystem::path& path() const;
  std::string_view format() const;  // as listed above

  /// In the order of the file; a file without dictionaries has one group "". The views live as long as the
  /// object; elements are in C order. Two views of one storage share its bytes.
  const std::vector<TensorGroup>& groups() const;

  /// The numbers, flags and texts beside the tensors, nested as in the file: {"epoch": 3, "args": {...}}; a
  /// safetensors file's metadata. Objects of unknown classes are {"__class__": "module.Name"}.
  const Json& notes() const;

  /// This tensor will not be read again soon: its pages no longer count as this process's memory.
  void release(const TensorView& view) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace repbench
