#include "files/numpy_objects.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "files/utf8.h"

namespace repbench {
namespace {

// Numpy 2 renamed its module.
bool is_numpy_function(const PickleValue& value, std::string_view function) {
  if (value.kind != PickleKind::object) return false;
  std::string_view name = value.class_name();
  for (const std::string_view module : {"numpy.core.multiarray.", "numpy._core.multiarray."}) {
    if (name.starts_with(module)) return name.substr(module.size()) == function;
  }
  return false;
}

// numpy.dtype('f8', False, True) with the state (3, '<', ...); "" for everything else.
std::string descr_of(const PickleValue& dtype) {
  constexpr size_t longest = 16;
  const auto text = [](const PickleValue& value) {
    const bool is_text = value.kind == PickleKind::text || value.kind == PickleKind::bytes;
    return is_text && value.text.size() < longest ? value.text : std::string_view();
  };
  const auto arguments = dtype.arguments();
  if (dtype.class_name() != "numpy.dtype" || arguments.empty()) return "";
  std::string descr(text(*arguments[0]));
  const PickleValue* state = dtype.parts->state;
  if (descr.empty() || state == nullptr || state->kind != PickleKind::tuple || state->items().size() < 2)
    return descr;
  return std::string(text(*state->items()[1])) + descr;
}

// Protocol 2 has no bytes: they come as the text of their Latin-1 characters, to be encoded.
std::optional<std::span<const std::byte>> raw_bytes(TensorSource& source, const PickleValue& value) {
  if (value.kind == PickleKind::bytes) return as_bytes(value.text);
  const auto arguments = value.arguments();
  if (value.class_name() != "_codecs.encode" || arguments.empty() || arguments[0]->kind != PickleKind::text) {
    return std::nullopt;
  }
  const std::string_view text = arguments[0]->text;
  if (find_broken_utf8(text)) return std::nullopt;
  const auto begins = [](char c) { return (static_cast<uint8_t>(c) & 0xC0) != 0x80; };
  const auto count = static_cast<size_t>(std::count_if(text.begin(), text.end(), begins));
  const std::span<std::byte> bytes = source.allocate(count);
  size_t at = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto first = static_cast<uint8_t>(text[i]);
    if (first > 0xC3) return std::nullopt;  // beyond Latin-1
    const auto following = first < 0x80 ? 0U : static_cast<uint8_t>(text[++i]) & 0x3FU;
    bytes[at++] = static_cast<std::byte>(first < 0x80 ? first : (first & 3U) << 6 | following);
  }
  return bytes;
}

}  // namespace

// The state: (version, shape, dtype, is in Fortran order, bytes).
bool is_numpy_array(const PickleValue& value) {
  if (!is_numpy_function(value, "_reconstruct") || value.parts->state == nullptr) return false;
  const auto state = value.parts->state->items();
  if (value.parts->state->kind != PickleKind::tuple || state.size() != 5) return false;
  const std::optional<NumpyType> type = numpy_type(descr_of(*state[2]));
  return type && (type->dtype || type->kind == 'U' || type->kind == 'S');
}

NumpyArray numpy_array_of(TensorSource& source, Notes& notes, const PickleValue& value,
                          const std::string& what) {
  const auto state = value.parts->state->items();
  NumpyLayout layout{.descr = descr_of(*state[2]), .fortran_order = state[3]->integer != 0, .shape = {}};
  const auto fail = [&] {
    source.fail(fmt::format("{}: expected a numpy array's shape and bytes; got something else", what));
  };
  constexpr size_t most_dimensions = 64;
  if (state[1]->kind != PickleKind::tuple || state[1]->items().size() > most_dimensions) fail();
  for (const PickleValue* size : state[1]->items()) {
    if (size->kind != PickleKind::integer) fail();
    layout.shape.push_back(size->integer);
  }
  const std::optional<std::span<const std::byte>> data = raw_bytes(source, *state[4]);
  if (!data) fail();
  return numpy_array(source, notes, layout, *data, what);
}

std::optional<Json> numpy_scalar_note(TensorSource& source, Notes& notes, const PickleValue& value) {
  if (!is_numpy_function(value, "scalar") || value.arguments().size() != 2) return std::nullopt;
  const std::string descr = descr_of(*value.arguments()[0]);
  const std::optional<NumpyType> type = numpy_type(descr);
  const std::optional<std::span<const std::byte>> data = raw_bytes(source, *value.arguments()[1]);
  if (!type || !data || data->size() != type->size || type->order == '>') return std::nullopt;
  if (!type->dtype) {
    const bool is_text = (type->kind == 'U' || type->kind == 'S') && type->size > 0;
    return is_text ? numpy_array(source, notes, {descr, false, {}}, *data, "scalar").texts : std::nullopt;
  }
  switch (*type->dtype) {
    case DType::boolean:
      return notes.value(number_at(DType::boolean, data->data()) != 0);
    case DType::f16:
    case DType::bf16:
    case DType::f32:
    case DType::f64:
      return notes.number(number_at(*type->dtype, data->data()));
    case DType::u64: {
      uint64_t number = 0;
      std::memcpy(&number, data->data(), sizeof number);
      return notes.value(number);
    }
    default:
      break;
  }
  int64_t number = 0;
  if (*type->dtype == DType::i64) {
    std::memcpy(&number, data->data(), sizeof number);
  } else {
    number = static_cast<int64_t>(number_at(*type->dtype, data->data()));
  }
  return notes.value(number);
}

}  // namespace repbench
