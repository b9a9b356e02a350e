#include "files/torch_tensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "files/strided.h"

namespace repbench {
namespace {

struct StorageType {
  std::string_view name;
  std::optional<DType> dtype;
  size_t item;
};

constexpr StorageType storage_types[] = {
    {"FloatStorage", DType::f32, 4},    {"HalfStorage", DType::f16, 2},   {"BFloat16Storage", DType::bf16, 2},
    {"DoubleStorage", DType::f64, 8},   {"LongStorage", DType::i64, 8},   {"IntStorage", DType::i32, 4},
    {"ShortStorage", DType::i16, 2},    {"CharStorage", DType::i8, 1},    {"ByteStorage", DType::u8, 1},
    {"BoolStorage", DType::boolean, 1}, {"UntypedStorage", DType::u8, 1}, {"ComplexFloatStorage", {}, 8},
    {"ComplexDoubleStorage", {}, 16},   {"QInt8Storage", {}, 1},          {"QUInt8Storage", {}, 1},
    {"QInt32Storage", {}, 4},           {"QUInt4x2Storage", {}, 1},       {"QUInt2x4Storage", {}, 1},
};

// Of torch.<name>, where a tensor has a dtype beside its bytes.
constexpr std::pair<std::string_view, DType> dtypes[] = {
    {"float32", DType::f32},   {"float", DType::f32},   {"float16", DType::f16}, {"half", DType::f16},
    {"bfloat16", DType::bf16}, {"float64", DType::f64}, {"double", DType::f64},  {"uint8", DType::u8},
    {"int8", DType::i8},       {"uint16", DType::u16},  {"int16", DType::i16},   {"uint32", DType::u32},
    {"int32", DType::i32},     {"uint64", DType::u64},  {"int64", DType::i64},   {"bool", DType::boolean},
};

constexpr int most_wrappers = 4;  // a parameter around a tensor, a subclass around that

std::string_view last_part(std::string_view name) { return name.substr(name.rfind('.') + 1); }

bool is_rebuild(std::string_view class_name) {
  return class_name == "torch._utils._rebuild_tensor" || class_name == "torch._utils._rebuild_tensor_v2" ||
         class_name == "torch._utils._rebuild_tensor_v3";
}

// What a parameter or a subclass wraps; null if it wraps nothing.
const PickleValue* wrapped(const PickleValue& value) {
  const std::string_view name = value.class_name();
  const auto arguments = value.arguments();
  const bool parameter =
      name == "torch._utils._rebuild_parameter" || name == "torch._utils._rebuild_parameter_with_state";
  return parameter && !arguments.empty() ? arguments[0] : nullptr;
}

const PickleValue& innermost(const PickleValue& value) {
  const PickleValue* inner = &value;
  for (int i = 0; i < most_wrappers; ++i) {
    const PickleValue* next = wrapped(*inner);
    if (next == nullptr) break;
    inner = next;
  }
  return *inner;
}

std::optional<std::vector<int64_t>> integers(const PickleValue& shape) {
  const bool wrapped_once = shape.class_name() == "torch.Size" && shape.arguments().size() == 1;
  const PickleValue& value = wrapped_once ? *shape.arguments()[0] : shape;
  constexpr size_t most = 64;
  const auto items = value.items();
  const bool listed = value.kind == PickleKind::tuple || value.kind == PickleKind::list;
  if (!listed || items.size() > most) return std::nullopt;
  std::vector<int64_t> numbers;
  for (const PickleValue* item : items) {
    if (item->kind != PickleKind::integer) return std::nullopt;
    numbers.push_back(item->integer);
  }
  return numbers;
}

}  // namespace

TorchStorage torch_storage(const TensorSource& source, const PickleValue& persistent,
                           const std::string& what) {
  const auto fail = [&](std::string_view got) {
    source.fail(fmt::format("{}: expected a storage of torch with type, key and size; got {}", what, got));
  };
  const PickleValue& id = *persistent.parts->arguments;
  const auto items = id.items();
  if (id.kind != PickleKind::tuple || items.size() < 5 || items[0]->text != "storage")
    fail("another persistent id");
  const auto is_text = [](const PickleValue& value) {
    return value.kind == PickleKind::text || value.kind == PickleKind::bytes;
  };
  if (!is_text(*items[2]) || items[4]->kind != PickleKind::integer) fail("another persistent id");
  TorchStorage storage;
  storage.type = last_part(items[1]->class_name());
  storage.key = items[2]->text;
  const auto* type = std::find_if(std::begin(storage_types), std::end(storage_types),
                                  [&](const StorageType& row) { return row.name == storage.type; });
  if (!items[1]->class_name().starts_with("torch.") || type == std::end(storage_types)) {
    fail("type " + in_quotes(items[1]->class_name()));
  }
  storage.dtype = type->dtype;
  storage.item = type->item;
  const auto bytes_of = [&](const PickleValue& count) {
    int64_t bytes = 0;
    if (count.kind != PickleKind::integer || count.integer < 0 ||
        __builtin_mul_overflow(count.integer, static_cast<int64_t>(type->item), &bytes)) {
      fail(fmt::format("{} elements", count.integer));
    }
    return static_cast<uint64_t>(bytes);
  };
  storage.bytes = storage.end = bytes_of(*items[4]);
  if (items.size() > 5 && items[5]->kind == PickleKind::tuple) {
    const auto part = items[5]->items();
    if (part.size() != 3) fail("another kind of part");
    storage.begin = bytes_of(*part[1]);
    storage.end = storage.begin + bytes_of(*part[2]);  // two numbers of 63 bits
    if (storage.end > storage.bytes) fail("a part beyond its end");
  }
  return storage;
}

std::optional<DType> torch_dtype(std::string_view name) {
  for (const auto& [known, dtype] : dtypes) {
    if (name.starts_with("torch.") && name.substr(name.find('.') + 1) == known) return dtype;
  }
  return std::nullopt;
}

bool TorchTensors::is_tensor(const PickleValue& value) {
  const PickleValue& inner = innermost(value);
  return inner.kind == PickleKind::persistent || is_rebuild(inner.class_name());
}

std::optional<TensorView> TorchTensors::read(const PickleValue& value, const std::string& what) {
  const PickleValue& inner = innermost(value);
  if (const auto found = known_.find(&inner); found != known_.end()) return found->second;
  std::optional<TensorView> view = rebuild_tensor(inner, what);
  if (view) {
    constexpr uint64_t node = sizeof(TensorView) + 96;
    source_.charge(node + view->shape.size() * sizeof(int64_t));
    known_.emplace(&inner, *view);
  }
  return view;
}

std::optional<TensorView> TorchTensors::rebuild_tensor(const PickleValue& value, const std::string& what) {
  if (value.kind == PickleKind::persistent) {
    const TorchStorage storage = torch_storage(source_, value, what);
    if (!storage.dtype) return std::nullopt;
    const auto bytes = find_(storage).subspan(storage.begin, storage.end - storage.begin);
    return TensorView{*storage.dtype, {static_cast<int64_t>(bytes.size() / storage.item)}, bytes};
  }
  const auto arguments = value.arguments();
  const auto malformed = [&] {
    source_.fail(
        fmt::format("{}: expected a storage, an offset, a shape and strides; got something else", what));
  };
  if (arguments.size() < 4 || arguments[0]->kind != PickleKind::persistent ||
      arguments[1]->kind != PickleKind::integer) {
    malformed();
  }
  const std::optional<std::vector<int64_t>> shape = integers(*arguments[2]),
                                            strides = integers(*arguments[3]);
  if (!shape || !strides) malformed();
  const TorchStorage storage = torch_storage(source_, *arguments[0], what);
  std::optional<DType> dtype = storage.dtype;
  if (last_part(value.class_name()) == "_rebuild_tensor_v3") {
    constexpr size_t place = 6;
    if (arguments.size() <= place) malformed();
    dtype = torch_dtype(arguments[place]->class_name());
  }
  if (!dtype) return std::nullopt;
  const auto bytes = find_(storage).subspan(storage.begin, storage.end - storage.begin);
  return strided_view(source_, {*dtype, *shape, *strides, arguments[1]->integer}, bytes, what);
}

}  // namespace repbench
