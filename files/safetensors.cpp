#include "files/safetensors.h"

#include <fmt/format.h>

#include <bit>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "files/nearest.h"
#include "files/safetensors_header.h"

namespace repbench {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors are read in place");

constexpr uint64_t length_bytes = sizeof(uint64_t);

uint64_t header_length(std::span<const std::byte> file, std::string_view source) {
  const auto fail = [&](const std::string& what) {
    throw std::runtime_error(fmt::format("[safetensors] {}: expected {}", source, what));
  };
  if (file.size() < length_bytes) fail(fmt::format("at least {} bytes; got {}", length_bytes, file.size()));
  uint64_t length = 0;
  std::memcpy(&length, file.data(), length_bytes);
  if (length > safetensors_max_header) {
    fail(fmt::format("a header of at most {} bytes; got {}", safetensors_max_header, length));
  }
  if (length > file.size() - length_bytes) {
    fail(fmt::format("a header of {} bytes; got {} after the length", length, file.size() - length_bytes));
  }
  return length;
}

}  // namespace

SafetensorsContents read_safetensors(std::span<const std::byte> file, std::string_view source) {
  const uint64_t length = header_length(file, source);
  const std::span<const std::byte> data = file.subspan(length_bytes + length);
  const std::string_view text(reinterpret_cast<const char*>(file.data()) + length_bytes, length);
  SafetensorsHeader header = parse_safetensors_header(text, data.size(), source);
  SafetensorsContents contents{.tensors = {}, .metadata = std::move(header.metadata)};
  for (auto& [tensor, entry] : header.tensors) {
    contents.tensors.emplace(tensor, TensorView{entry.dtype, std::move(entry.shape),
                                                data.subspan(entry.begin, entry.end - entry.begin)});
  }
  return contents;
}

struct SafetensorsFile::Impl {
  explicit Impl(const std::filesystem::path& file)
      : path(file),
        mapping(file, "safetensors"),
        contents(read_safetensors(mapping.bytes(), path.string())) {}

  std::filesystem::path path;
  Mapping mapping;
  SafetensorsContents contents;
};

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path) : impl_(std::make_unique<Impl>(path)) {}
SafetensorsFile::~SafetensorsFile() = default;
SafetensorsFile::SafetensorsFile(SafetensorsFile&&) noexcept = default;
SafetensorsFile& SafetensorsFile::operator=(SafetensorsFile&&) noexcept = default;

const std::filesystem::path& SafetensorsFile::path() const { return impl_->path; }

const Mapping& SafetensorsFile::mapping() const { return impl_->mapping; }

const std::map<std::string, TensorView>& SafetensorsFile::tensors() const { return impl_->contents.tensors; }

const std::map<std::string, std::string>& SafetensorsFile::metadata() const {
  return impl_->contents.metadata;
}

const TensorView& SafetensorsFile::at(std::string_view tensor_name) const {
  const auto found = impl_->contents.tensors.find(std::string(tensor_name));
  if (found != impl_->contents.tensors.end()) return found->second;
  std::vector<std::string> names;
  for (const auto& [tensor, view] : impl_->contents.tensors) names.push_back(tensor);
  const std::string nearest = nearest_name(tensor_name, names);
  throw std::runtime_error(
      fmt::format("[safetensors] {}: expected a tensor {}; got {}", impl_->path.string(),
                  quoted_name(std::string(tensor_name)),
                  nearest.empty() ? fmt::format("{} others", names.size()) : "only " + quoted_name(nearest)));
}

}  // namespace repbench
