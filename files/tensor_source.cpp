#include "files/tensor_source.h"

#include <fmt/format.h>

#include <stdexcept>
#include <system_error>
#include <utility>

#include "files/tensor_view.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t megabyte = uint64_t{1} << 20;

// Checked before opening: a pipe without a writer would wait for ever.
const fs::path& checked(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (fs::is_directory(status)) {
    throw std::runtime_error(
        fmt::format("[weights] {}: expected a file of tensors; got a folder (give the file in it, such as "
                    "model.safetensors or model.safetensors.index.json)",
                    path.string()));
  }
  if (fs::exists(status) && !fs::is_regular_file(status)) {
    throw std::runtime_error(
        fmt::format("[weights] {}: expected a file of tensors; got a pipe or a device", path.string()));
  }
  return path;
}

}  // namespace

TensorSource::TensorSource(const fs::path& path)
    : name_(path.string()),
      mapping_(Mapping(checked(path), "weights")),
      bytes_(mapping_->bytes()),
      left_(2 * bytes_.size() + 48 * megabyte) {}

TensorSource::TensorSource(std::span<const std::byte> bytes, std::string name)
    : name_(std::move(name)), bytes_(bytes), left_(2 * bytes.size() + 48 * megabyte) {}

void TensorSource::release(std::span<const std::byte> part) const {
  if (mapping_) mapping_->release(part);
}

void TensorSource::charge(uint64_t bytes) {
  if (bytes > left_) {
    fail(fmt::format("expected contents that fit in {} MB of memory, twice the file's size and 48; got more",
                     (2 * bytes_.size() + 48 * megabyte) / megabyte));
  }
  left_ -= bytes;
}

std::span<std::byte> TensorSource::allocate(uint64_t bytes) {
  charge(bytes);
  owned_.push_back(std::make_unique_for_overwrite<std::byte[]>(bytes));
  return {owned_.back().get(), bytes};
}

void TensorSource::fail(std::string_view what) const {
  throw std::runtime_error(fmt::format("[weights] {}: {}", name_, what));
}

std::string in_quotes(std::string_view name) { return quoted_name(std::string(name.substr(0, 200))); }

}  // namespace repbench
