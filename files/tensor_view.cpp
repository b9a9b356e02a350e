#include "files/tensor_view.h"

#include <array>
#include <stdexcept>

#include "files/json.h"
#include "files/safetensors_header.h"

namespace repbench {
namespace {

struct Row {
  DType dtype;
  std::string_view name;
  size_t size;
};

// In the order in which a file holds them.
constexpr std::array rows = {
    Row{DType::u64, "U64", 8},      Row{DType::i64, "I64", 8}, Row{DType::f64, "F64", 8},
    Row{DType::f32, "F32", 4},      Row{DType::u32, "U32", 4}, Row{DType::i32, "I32", 4},
    Row{DType::bf16, "BF16", 2},    Row{DType::f16, "F16", 2}, Row{DType::u16, "U16", 2},
    Row{DType::i16, "I16", 2},      Row{DType::i8, "I8", 1},   Row{DType::u8, "U8", 1},
    Row{DType::boolean, "BOOL", 1},
};

}  // namespace

size_t dtype_order(DType dtype) {
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].dtype == dtype) return i;
  }
  throw std::logic_error("[safetensors] expected a listed dtype");
}

std::string_view name(DType dtype) { return rows[dtype_order(dtype)].name; }

size_t size_in_bytes(DType dtype) { return rows[dtype_order(dtype)].size; }

bool is_floating_point(DType dtype) {
  return dtype == DType::f16 || dtype == DType::bf16 || dtype == DType::f32 || dtype == DType::f64;
}

std::optional<DType> dtype_named(std::string_view text) {
  for (const Row& row : rows) {
    if (row.name == text) return row.dtype;
  }
  return std::nullopt;
}

std::optional<uint64_t> tensor_bytes(DType dtype, const std::vector<int64_t>& shape) {
  int64_t extent = static_cast<int64_t>(size_in_bytes(dtype));
  bool empty = false;
  for (const int64_t dimension : shape) {
    if (dimension < 0) return std::nullopt;
    if (dimension == 0) {
      empty = true;
    } else if (__builtin_mul_overflow(extent, dimension, &extent)) {
      return std::nullopt;
    }
  }
  return empty ? 0 : static_cast<uint64_t>(extent);
}

std::string quoted_name(const std::string& tensor_name) {
  std::string text = brief_json(tensor_name);
  if (text.size() >= 2 && text.back() == '"') text = text.substr(1, text.size() - 2);
  return "'" + text + "'";
}

}  // namespace repbench
