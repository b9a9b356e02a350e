#include "pretrain/tensors.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <stdexcept>

#include "files/hash.h"
#include "files/nearest.h"

namespace repbench {
namespace {

at::ScalarType scalar_type(DType dtype) {
  switch (dtype) {
    case DType::boolean:
      return at::kBool;
    case DType::u8:
      return at::kByte;
    case DType::i8:
      return at::kChar;
    case DType::i16:
      return at::kShort;
    case DType::i32:
      return at::kInt;
    case DType::i64:
      return at::kLong;
    case DType::f16:
      return at::kHalf;
    case DType::bf16:
      return at::kBFloat16;
    case DType::f32:
      return at::kFloat;
    case DType::f64:
      return at::kDouble;
    case DType::u16:
      return at::kUInt16;
    case DType::u32:
      return at::kUInt32;
    case DType::u64:
      return at::kUInt64;
  }
  throw std::logic_error("[tensors] unknown dtype");
}

/// "a, b, c ... and 7 more"
std::string first_ten(const std::vector<std::string>& names) {
  const size_t shown = std::min<size_t>(names.size(), 10);
  std::string text =
      fmt::format("{}", fmt::join(names.begin(), names.begin() + static_cast<int64_t>(shown), ", "));
  if (names.size() > shown) text += fmt::format(" ... and {} more", names.size() - shown);
  return text;
}

Mismatch compare_names(const SafetensorsFile& file, const NamedTensors& tensors) {
  Mismatch mismatch;
  std::vector<std::string> in_file;
  for (const auto& [name, view] : file.tensors()) in_file.push_back(name);
  std::set<std::string> expected;
  for (const NamedTensor& wanted : tensors) {
    expected.insert(wanted.name);
    const auto found = file.tensors().find(wanted.name);
    if (found == file.tensors().end()) {
      mismatch.add_missing(wanted.name, in_file);
    } else if (at::IntArrayRef(found->second.shape) != wanted.tensor.sizes()) {
      mismatch.add_shape(wanted.name, wanted.tensor.sizes(), found->second.shape);
    }
  }
  for (const std::string& name : in_file) {
    if (!expected.contains(name)) mismatch.unexpected.push_back(name);
  }
  return mismatch;
}

/// Is there a number all of whose exponent bits are set? A loop that compilers vectorise.
template <class Bits>
bool any_with_bits(std::span<const std::byte> bytes, Bits exponent) {
  constexpr size_t kBlock = 4096;
  const size_t count = bytes.size() / sizeof(Bits);
  for (size_t begin = 0; begin < count; begin += kBlock) {
    Bits found = 0;
    for (size_t i = begin; i < std::min(count, begin + kBlock); ++i) {
      Bits value;
      std::memcpy(&value, bytes.data() + i * sizeof(Bits), sizeof(Bits));  // a file need not align it
      found |= static_cast<Bits>((value & exponent) == exponent);
    }
    if (found != 0) return true;
  }
  return false;
}

bool has_non_finite(const TensorView& view) {
  switch (view.dtype) {
    case DType::f32:
      return any_with_bits<uint32_t>(view.bytes, 0x7f800000);
    case DType::f16:
      return any_with_bits<uint16_t>(view.bytes, 0x7c00);
    case DType::bf16:
      return any_with_bits<uint16_t>(view.bytes, 0x7f80);
    case DType::f64:
      return any_with_bits<uint64_t>(view.bytes, 0x7ff0000000000000);
    default:
      return false;
  }
}

}  // namespace

DType dtype_of(const at::Tensor& tensor) {
  static constexpr DType kAll[] = {DType::boolean, DType::u8,  DType::i8,  DType::u16, DType::i16,
                                   DType::u32,     DType::i32, DType::u64, DType::i64, DType::f16,
                                   DType::bf16,    DType::f32, DType::f64};
  for (const DType dtype : kAll) {
    if (scalar_type(dtype) == tensor.scalar_type()) return dtype;
  }
  throw std::invalid_argument(fmt::format("[tensors] expected a dtype that safetensors knows; got {}",
                                          at::toString(tensor.scalar_type())));
}

TensorView view_of(const at::Tensor& tensor) {
  if (!tensor.is_cpu() || !tensor.is_contiguous()) {
    throw std::logic_error("[tensors] expected a contiguous CPU tensor");
  }
  return {dtype_of(tensor), tensor.sizes().vec(),
          std::as_bytes(std::span(static_cast<const char*>(tensor.const_data_ptr()), tensor.nbytes()))};
}

at::Tensor to_tensor(const TensorView& view) {
  const at::Tensor tensor = at::empty(view.shape, at::TensorOptions(scalar_type(view.dtype)));
  std::copy(view.bytes.begin(), view.bytes.end(), static_cast<std::byte*>(tensor.mutable_data_ptr()));
  return tensor;
}

at::Tensor borrow(const TensorView& view) {
  if (reinterpret_cast<uintptr_t>(view.bytes.data()) % size_in_bytes(view.dtype) != 0) return to_tensor(view);
  // Tensors are never const; the callers only read.
  return at::from_blob(const_cast<std::byte*>(view.bytes.data()), view.shape,
                       at::TensorOptions(scalar_type(view.dtype)));
}

void Mismatch::add_missing(const std::string& name, const std::vector<std::string>& in_file) {
  // Ten are shown, and looking for the nearest of hundreds of names takes its time.
  const std::string nearest = missing.size() < 10 ? nearest_name(name, in_file) : "";
  missing.push_back(nearest.empty() ? name : fmt::format("{} (nearest: {})", name, nearest));
}

void Mismatch::add_type(const std::string& name, std::string_view dtype) {
  mistyped.push_back(fmt::format("{} ({})", name, dtype));
}

void Mismatch::add_shape(const std::string& name, at::IntArrayRef expected, const std::vector<int64_t>& got) {
  misshaped.push_back(fmt::format("{} (expected [{}]; got [{}])", name,
                                  fmt::join(expected.begin(), expected.end(), ", "), fmt::join(got, ", ")));
}

std::string Mismatch::describe() const {
  std::vector<std::string> parts;
  const auto add = [&parts](const char* what, const std::vector<std::string>& names) {
    if (!names.empty()) parts.push_back(fmt::format("{} {}: {}", names.size(), what, first_ten(names)));
  };
  add("missing", missing);
  add("unexpected", unexpected);
  add("of another shape", misshaped);
  add("not of floating-point numbers", mistyped);
  return fmt::format("{}", fmt::join(parts, "; "));
}

void check_finite(const TensorView& view, const std::string& name, const std::string& source) {
  if (!has_non_finite(view)) return;
  throw std::invalid_argument(
      fmt::format("[weights] {}: tensor '{}': expected finite numbers; got NaN or infinity", source, name));
}

void save_tensors(const std::filesystem::path& path, const NamedTensors& tensors,
                  const std::map<std::string, std::string>& metadata) {
  std::vector<at::Tensor> kept;
  std::map<std::string, TensorView> views;
  for (const auto& [name, tensor] : tensors) {
    kept.push_back(tensor.detach().cpu().contiguous());
    views.emplace(name, view_of(kept.back()));
  }
  write_safetensors(path, views, metadata);
}

void load_tensors(const std::filesystem::path& path, const NamedTensors& tensors) {
  const SafetensorsFile file(path);
  const Mismatch mismatch = compare_names(file, tensors);
  if (mismatch.any()) {
    throw std::invalid_argument(fmt::format("[weights] {}: expected the tensors of this model; got {}",
                                            path.string(), mismatch.describe()));
  }
  for (const NamedTensor& named : tensors) check_finite(file.at(named.name), named.name, path.string());
  const c10::NoGradGuard no_grad;
  for (const auto& [name, tensor] : tensors) {
    const TensorView& view = file.at(name);
    tensor.copy_(borrow(view));
    file.mapping().release(view.bytes);
  }
}

std::string hash_of(const NamedTensors& tensors) {
  std::map<std::string, at::Tensor> ordered;
  for (const auto& [name, tensor] : tensors) ordered.emplace(name, tensor.detach().cpu().contiguous());
  Sha256 digest;
  for (const auto& [name, tensor] : ordered) {
    const TensorView view = view_of(tensor);
    digest.update(fmt::format("{} {} [{}]\n", name, repbench::name(view.dtype), fmt::join(view.shape, ",")));
    digest.update(view.bytes);
  }
  return digest.hex();
}

bool is_statistic(std::string_view name) {
  return name.ends_with(".running_mean") || name.ends_with(".running_var") ||
         name.ends_with(".num_batches_tracked");
}

int64_t count_elements(const NamedTensors& tensors) {
  int64_t total = 0;
  for (const auto& [name, tensor] : tensors) total += is_statistic(name) ? 0 : tensor.numel();
  return total;
}

}  // namespace repbench
