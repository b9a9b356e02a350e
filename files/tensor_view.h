#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// A tensor as it lies in a file or in memory, without a library of tensors.

namespace repbench {

enum class DType { boolean, u8, i8, u16, i16, u32, i32, u64, i64, f16, bf16, f32, f64 };

/// "F32", "BF16", ... as safetensors spells them.
std::string_view name(DType dtype);
std::optional<DType> dtype_named(std::string_view text);
size_t size_in_bytes(DType dtype);
bool is_floating_point(DType dtype);

/// Bytes that somebody else owns.
struct TensorView {
  DType dtype;
  std::vector<int64_t> shape;
  std::span<const std::byte> bytes;  // numel * size_in_bytes(dtype), little-endian, C order
};

/// Empty if the product overflows, or if a dimension is negative. Dimensions of 0 do not hide an overflow of
/// the others: strides are computed from them too.
std::optional<uint64_t> tensor_bytes(DType dtype, const std::vector<int64_t>& shape);

/// "'NAME'", cut and escaped where it must be.
std::string quoted_name(const std::string& tensor_name);

}  // namespace repbench
