#include "files/mapping.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <utility>

#include "files/descriptor.h"

namespace repbench {

Mapping::Mapping(const std::filesystem::path& path, std::string_view where) {
  const Descriptor file = open_for_reading(path, where);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) throw_system_error(where, path, "a readable file");
  if (!S_ISREG(status.st_mode)) throw_system_error(where, path, "a regular file", EINVAL);
  size_ = static_cast<size_t>(status.st_size);
  if (size_ == 0) return;  // which mmap refuses
  void* address = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (address == MAP_FAILED) throw_system_error(where, path, "a file that can be mapped");
  data_ = static_cast<const std::byte*>(address);
}

Mapping::~Mapping() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

Mapping::Mapping(Mapping&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Mapping& Mapping::operator=(Mapping&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

void Mapping::release(std::span<const std::byte> part) const {
  if (part.data() < data_ || part.data() + part.size() > data_ + size_) return;
  const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<uintptr_t>(part.data());
  const uintptr_t first = begin / page * page, last = (begin + part.size()) / page * page;
  // Only a hint: where it is refused, the pages stay.
  if (last > first) ::madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED);
}

}  // namespace repbench
