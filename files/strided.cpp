#include "files/strided.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>

namespace repbench {
namespace {

constexpr size_t most_dimensions = 64;  // as torch and numpy have them

[[noreturn]] void fail(const TensorSource& source, const std::string& what, std::string_view expected,
                       const std::string& got) {
  source.fail(fmt::format("{}: expected {}; got {}", what, expected, got));
}

// One past the last element that the tensor touches; nothing on overflow.
std::optional<int64_t> end_of(const Strided& tensor) {
  int64_t last = tensor.offset;
  for (size_t i = 0; i < tensor.shape.size(); ++i) {
    int64_t reach = 0;
    if (__builtin_mul_overflow(tensor.shape[i] - 1, tensor.strides[i], &reach) ||
        __builtin_add_overflow(last, reach, &last)) {
      return std::nullopt;
    }
  }
  int64_t end = 0;
  if (__builtin_add_overflow(last, 1, &end)) return std::nullopt;
  return end;
}

bool in_c_order(const Strided& tensor) {
  int64_t expected = 1;
  for (size_t i = tensor.shape.size(); i-- > 0;) {
    if (tensor.shape[i] == 1) continue;
    if (tensor.strides[i] != expected) return false;
    expected *= tensor.shape[i];
  }
  return true;
}

// Copies element by element in C order; `Bytes` is the size of one.
template <size_t Bytes>
void gather(const Strided& tensor, const std::byte* storage, std::span<std::byte> copy) {
  const size_t inner = tensor.shape.size() - 1;
  const int64_t count = tensor.shape[inner], stride = tensor.strides[inner];
  std::vector<int64_t> index(tensor.shape.size(), 0);
  int64_t row = tensor.offset;
  for (std::byte* to = copy.data(); to != copy.data() + copy.size();) {
    for (int64_t i = 0; i < count; ++i, to += Bytes) {
      std::memcpy(to, storage + static_cast<size_t>(row + i * stride) * Bytes, Bytes);
    }
    for (size_t axis = inner; axis-- > 0;) {
      row += tensor.strides[axis];
      if (++index[axis] < tensor.shape[axis]) break;
      row -= tensor.strides[axis] * tensor.shape[axis];
      index[axis] = 0;
    }
  }
}

void gather(const Strided& tensor, const std::byte* storage, std::span<std::byte> copy) {
  switch (size_in_bytes(tensor.dtype)) {
    case 1:
      return gather<1>(tensor, storage, copy);
    case 2:
      return gather<2>(tensor, storage, copy);
    case 4:
      return gather<4>(tensor, storage, copy);
    default:
      return gather<8>(tensor, storage, copy);
  }
}

}  // namespace

TensorView strided_view(TensorSource& source, const Strided& tensor, std::span<const std::byte> storage,
                        const std::string& what) {
  if (tensor.shape.size() > most_dimensions) {
    fail(source, what, "at most 64 dimensions", fmt::format("{}", tensor.shape.size()));
  }
  if (tensor.strides.size() != tensor.shape.size()) {
    fail(source, what, "a stride for each dimension",
         fmt::format("{} for {}", tensor.strides.size(), tensor.shape.size()));
  }
  const auto negative = [](int64_t value) { return value < 0; };
  if (tensor.offset < 0 || std::any_of(tensor.strides.begin(), tensor.strides.end(), negative)) {
    fail(source, what, "an offset and strides of at least 0",
         fmt::format("{} and [{}]", tensor.offset, fmt::join(tensor.strides, ", ")));
  }
  const std::optional<uint64_t> bytes = tensor_bytes(tensor.dtype, tensor.shape);
  if (!bytes)
    fail(source, what, "a shape of at least 0 whose size fits 63 bits",
         fmt::format("[{}]", fmt::join(tensor.shape, ", ")));
  TensorView view{tensor.dtype, tensor.shape, {}};
  if (*bytes == 0) return view;

  const size_t item = size_in_bytes(tensor.dtype);
  const auto available = static_cast<int64_t>(storage.size() / item);
  const std::optional<int64_t> end = end_of(tensor);
  if (!end || *end > available) {
    fail(source, what, fmt::format("elements within the {} of its storage", available),
         fmt::format("shape [{}], strides [{}], offset {}", fmt::join(tensor.shape, ", "),
                     fmt::join(tensor.strides, ", "), tensor.offset));
  }
  if (*bytes / item > static_cast<uint64_t>(available)) {
    fail(source, what, fmt::format("no more elements than the {} of its storage", available),
         fmt::format("shape [{}] (an expanded tensor)", fmt::join(tensor.shape, ", ")));
  }
  if (in_c_order(tensor)) {
    view.bytes = storage.subspan(static_cast<size_t>(tensor.offset) * item, *bytes);
    return view;
  }
  const std::span<std::byte> copy = source.allocate(*bytes);
  gather(tensor, storage.data(), copy);
  source.release(storage);
  view.bytes = copy;
  return view;
}

}  // namespace repbench
