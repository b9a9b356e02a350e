#include "files/safetensors.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <bit>
#include <cstring>
#include <stdexcept>

#include "files/descriptor.h"
#include "files/nearest.h"
#include "files/safetensors_header.h"

namespace repbench {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors are read in place");

constexpr uint64_t length_bytes = sizeof(uint64_t);

// A whole file in memory, read-only.
class Mapping {
 public:
  explicit Mapping(const std::filesystem::path& path) {
    const Descriptor file = open_for_reading(path, "safetensors");
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) throw_system_error("safetensors", path, "a readable file");
    if (!S_ISREG(status.st_mode)) throw_system_error("safetensors", path, "a regular file", EINVAL);
    size_ = static_cast<size_t>(status.st_size);
    if (size_ == 0) return;  // which mmap refuses
    void* address = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.get(), 0);
    if (address == MAP_FAILED) throw_system_error("safetensors", path, "a file that can be mapped");
    data_ = static_cast<const std::byte*>(address);
  }
  ~Mapping() {
    if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  std::span<const std::byte> bytes() const { return {data_, size_}; }

 private:
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
};

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

struct SafetensorsFile::Impl {
  explicit Impl(const std::filesystem::path& file) : path(file), mapping(file) {
    const std::span<const std::byte> bytes = mapping.bytes();
    const uint64_t length = header_length(bytes, path.string());
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()) + length_bytes, length);
    const std::span<const std::byte> data = bytes.subspan(length_bytes + length);
    SafetensorsHeader header = parse_safetensors_header(text, data.size(), path.string());
    for (auto& [tensor, entry] : header.tensors) {
      tensors.emplace(tensor, TensorView{entry.dtype, std::move(entry.shape),
                                         data.subspan(entry.begin, entry.end - entry.begin)});
    }
    metadata = std::move(header.metadata);
  }

  std::filesystem::path path;
  Mapping mapping;
  std::map<std::string, TensorView> tensors;
  std::map<std::string, std::string> metadata;
};

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path) : impl_(std::make_unique<Impl>(path)) {}
SafetensorsFile::~SafetensorsFile() = default;
SafetensorsFile::SafetensorsFile(SafetensorsFile&&) noexcept = default;
SafetensorsFile& SafetensorsFile::operator=(SafetensorsFile&&) noexcept = default;

const std::filesystem::path& SafetensorsFile::path() const { return impl_->path; }

const std::map<std::string, TensorView>& SafetensorsFile::tensors() const { return impl_->tensors; }

const std::map<std::string, std::string>& SafetensorsFile::metadata() const { return impl_->metadata; }

const TensorView& SafetensorsFile::at(std::string_view tensor_name) const {
  const auto found = impl_->tensors.find(std::string(tensor_name));
  if (found != impl_->tensors.end()) return found->second;
  std::vector<std::string> names;
  for (const auto& [tensor, view] : impl_->tensors) names.push_back(tensor);
  const std::string nearest = nearest_name(tensor_name, names);
  throw std::runtime_error(
      fmt::format("[safetensors] {}: expected a tensor {}; got {}", impl_->path.string(),
                  quoted_name(std::string(tensor_name)),
                  nearest.empty() ? fmt::format("{} others", names.size()) : "only " + quoted_name(nearest)));
}

}  // namespace repbench
