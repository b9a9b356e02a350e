#include "files/numpy_array.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <utility>

#include "files/strided.h"

namespace repbench {
namespace {

constexpr size_t utf32_size = 4;

std::optional<DType> number_type(char kind, size_t size) {
  struct Row {
    char kind;
    size_t size;
    DType dtype;
  };
  static constexpr Row rows[] = {{'b', 1, DType::boolean}, {'i', 1, DType::i8},  {'i', 2, DType::i16},
                                 {'i', 4, DType::i32},     {'i', 8, DType::i64}, {'u', 1, DType::u8},
                                 {'u', 2, DType::u16},     {'u', 4, DType::u32}, {'u', 8, DType::u64},
                                 {'f', 2, DType::f16},     {'f', 4, DType::f32}, {'f', 8, DType::f64}};
  for (const Row& row : rows) {
    if (row.kind == kind && row.size == size) return row.dtype;
  }
  return std::nullopt;
}

void append_utf8(std::string& text, uint32_t point) {
  if (point > 0x10FFFF || (point >= 0xD800 && point < 0xE000)) point = 0xFFFD;
  const auto put = [&](uint32_t byte) { text.push_back(static_cast<char>(byte)); };
  if (point < 0x80) return put(point);
  if (point < 0x800) {
    put(0xC0 | point >> 6);
  } else {
    if (point < 0x10000) {
      put(0xE0 | point >> 12);
    } else {
      put(0xF0 | point >> 18);
      put(0x80 | (point >> 12 & 0x3F));
    }
    put(0x80 | (point >> 6 & 0x3F));
  }
  put(0x80 | (point & 0x3F));
}

// Numpy pads texts with zeros.
std::string text_at(const NumpyType& type, std::span<const std::byte> element) {
  constexpr size_t longest = size_t{256} << 10;  // notes cut it further
  element = element.first(std::min(element.size(), longest));
  std::string text;
  if (type.kind == 'S') {
    text = as_text(element);
    text.erase(text.find_last_not_of('\0') + 1);
    return text;
  }
  size_t length = 0;
  for (size_t at = 0; at + utf32_size <= element.size(); at += utf32_size) {
    uint32_t point = 0;
    std::memcpy(&point, element.data() + at, sizeof point);
    append_utf8(text, point);
    if (point != 0) length = text.size();
  }
  text.resize(length);
  return text;
}

std::optional<Json> texts_of(Notes& notes, const NumpyType& type, std::span<const std::byte> data,
                             bool single) {
  if (single) return notes.text(text_at(type, data));
  Json list = Json::array();
  for (size_t at = 0; at < data.size(); at += type.size) {
    std::optional<Json> text = notes.text(text_at(type, data.subspan(at, type.size)));
    if (!text) break;
    list.push_back(std::move(*text));
  }
  return list;
}

// The product of the shape times the size of an element; nothing on overflow or if it is negative.
std::optional<uint64_t> bytes_of(const std::vector<int64_t>& shape, size_t size) {
  const std::optional<uint64_t> count = tensor_bytes(DType::u8, shape);
  uint64_t bytes = 0;
  if (!count || __builtin_mul_overflow(*count, size, &bytes)) return std::nullopt;
  return bytes;
}

std::vector<int64_t> strides_of(const std::vector<int64_t>& shape, bool fortran_order) {
  std::vector<int64_t> strides(shape.size());
  int64_t stride = 1;
  for (size_t i = 0; i < shape.size(); ++i) {
    const size_t axis = fortran_order ? i : shape.size() - 1 - i;
    strides[axis] = stride;
    stride *= std::max<int64_t>(shape[axis], 1);  // tensor_bytes has seen that this fits
  }
  return strides;
}

}  // namespace

std::optional<NumpyType> numpy_type(std::string_view descr) {
  NumpyType type;
  if (descr.empty()) return std::nullopt;
  if (std::string_view("<>|=").find(descr[0]) != std::string_view::npos) {
    type.order = descr[0];
    descr.remove_prefix(1);
  }
  if (descr.empty()) return std::nullopt;
  type.kind = descr[0];
  descr.remove_prefix(1);
  if (!descr.empty()) {
    const auto [end, error] = std::from_chars(descr.data(), descr.data() + descr.size(), type.size);
    if (error != std::errc() || end != descr.data() + descr.size() || type.size > UINT32_MAX)
      return std::nullopt;
  }
  if (type.kind == 'U') type.size *= utf32_size;
  type.dtype = number_type(type.kind, type.size);
  return type;
}

double number_at(DType dtype, const std::byte* bytes) {
  const auto read = [&]<class Number>(Number number) {
    std::memcpy(&number, bytes, sizeof number);
    return number;
  };
  const auto widened = [&](int exponent_bits, int fraction_bits) {
    const uint16_t bits = read(uint16_t{});
    const int bias = (1 << (exponent_bits - 1)) - 1,
              exponent = bits >> fraction_bits & ((1 << exponent_bits) - 1);
    const int fraction = bits & ((1 << fraction_bits) - 1);
    const double sign = (bits & 0x8000) != 0 ? -1 : 1;
    if (exponent == (1 << exponent_bits) - 1) return fraction != 0 ? std::nan("") : sign * HUGE_VAL;
    if (exponent == 0) return sign * std::ldexp(fraction, 1 - bias - fraction_bits);
    return sign * std::ldexp(fraction | 1 << fraction_bits, exponent - bias - fraction_bits);
  };
  switch (dtype) {
    case DType::boolean:
    case DType::u8:
      return read(uint8_t{});
    case DType::i8:
      return read(int8_t{});
    case DType::u16:
      return read(uint16_t{});
    case DType::i16:
      return read(int16_t{});
    case DType::u32:
      return read(uint32_t{});
    case DType::i32:
      return read(int32_t{});
    case DType::u64:
      return static_cast<double>(read(uint64_t{}));
    case DType::i64:
      return static_cast<double>(read(int64_t{}));
    case DType::f16:
      return widened(5, 10);
    case DType::bf16:
      return widened(8, 7);
    case DType::f32:
      return read(float{});
    case DType::f64:
      return read(double{});
  }
  return 0;
}

NumpyArray numpy_array(TensorSource& source, Notes& notes, const NumpyLayout& layout,
                       std::span<const std::byte> data, const std::string& what) {
  const auto fail = [&](std::string_view expected, const std::string& got) {
    source.fail(fmt::format("{}: expected {}; got {}", what, expected, got));
  };
  const std::optional<NumpyType> type = numpy_type(layout.descr);
  if (type && type->kind == 'O') fail("numbers or texts", "Python objects, which are never loaded");
  const bool is_text = type && (type->kind == 'U' || type->kind == 'S') && type->size > 0;
  if (!type || (!type->dtype && !is_text)) {
    fail("booleans, integers, floats of 16 to 64 bits, or texts", "dtype " + in_quotes(layout.descr));
  }
  if (type->order == '>' && type->kind != 'S' && type->size > 1) {
    fail("little-endian numbers", "big-endian ones (in Python: array.astype(array.dtype.newbyteorder('<')))");
  }
  const std::optional<uint64_t> bytes = bytes_of(layout.shape, type->size);
  if (!bytes || *bytes != data.size()) {
    fail(fmt::format("{} bytes for shape [{}]", bytes ? fmt::format("{}", *bytes) : "fewer than 2^63",
                     fmt::join(layout.shape, ", ")),
         fmt::format("{}", data.size()));
  }
  if (is_text) return {.tensor = {}, .texts = texts_of(notes, *type, data, layout.shape.empty())};
  if (!tensor_bytes(*type->dtype, layout.shape)) fail("a shape whose size fits 63 bits", "a larger one");
  const Strided tensor{*type->dtype, layout.shape, strides_of(layout.shape, layout.fortran_order)};
  return {.tensor = strided_view(source, tensor, data, what), .texts = {}};
}

}  // namespace repbench
