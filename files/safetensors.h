#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "files/mapping.h"
#include "files/tensor_view.h"

// The safetensors format (huggingface/safetensors, README "Format"): 8 bytes little-endian header length,
// a JSON header, the tensors' bytes in C order.

namespace repbench {

/// A file mapped into memory. The whole header is checked on opening: header length, UTF-8, unique names,
/// known dtypes, shape against byte count with overflow, offsets contiguous from 0 without holes or overlaps,
/// and the end equal to the file size. Throws std::runtime_error
/// "[safetensors] FILE: expected ...; got ..." naming the tensor. Views live as long as the object.
class SafetensorsFile {
 public:
  explicit SafetensorsFile(const std::filesystem::path& path);
  ~SafetensorsFile();
  SafetensorsFile(SafetensorsFile&&) noexcept;
  SafetensorsFile& operator=(SafetensorsFile&&) noexcept;

  const std::filesystem::path& path() const;
  const Mapping& mapping() const;
  const std::map<std::string, TensorView>& tensors() const;
  const std::map<std::string, std::string>& metadata() const;

  /// Throws std::runtime_error naming the file, the missing name and the nearest one that exists.
  const TensorView& at(std::string_view tensor_name) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Written atomically: sorted by dtype (largest alignment first), then by name; the same tensors give the
/// same bytes. Throws std::runtime_error naming the file when the disk is full.
void write_safetensors(const std::filesystem::path& path, const std::map<std::string, TensorView>& tensors,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace repbench
