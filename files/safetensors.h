#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// The safetensors format (huggingface/safetensors, README "Format"): 8 bytes little-endian header length,
// a JSON header, the tensors' bytes in C order.

namespace repbench {

enum class DType { boolean, u8, i8, u16, i16, u32, i32, u64, i64, f16, bf16, f32, f64 };

/// "F32", "BF16", ... as the header spells them.
std::string_view name(DType dtype);
size_t size_in_bytes(DType dtype);

/// Bytes that somebody else owns.
struct TensorView {
  DType dtype;
  std::vector<int64_t> shape;
  std::span<const std::byte> bytes;  // numel * size_in_bytes(dtype), little-endian, C order
};

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
