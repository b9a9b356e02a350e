#include "files/descriptor.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

namespace repbench {

namespace fs = std::filesystem;

Descriptor::~Descriptor() {
  if (value_ >= 0) ::close(value_);
}

Descriptor::Descriptor(Descriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(value_, other.value_);
  return *this;
}

bool Descriptor::close() { return ::close(std::exchange(value_, -1)) == 0; }

void throw_system_error(std::string_view where, const fs::path& path, std::string_view expected, int code) {
  throw std::runtime_error(fmt::format("[{}] {}: expected {}; got {}", where, path.string(), expected,
                                       std::generic_category().message(code)));
}

Descriptor open_for_reading(const fs::path& path, std::string_view where) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) throw_system_error(where, path, "a readable file");
  return file;
}

void read_pieces(const fs::path& path, std::string_view where,
                 const std::function<void(std::string_view)>& consume) {
  const Descriptor file = open_for_reading(path, where);
  std::vector<char> buffer(size_t{1} << 18);
  while (true) {
    const ssize_t count = ::read(file.get(), buffer.data(), buffer.size());
    if (count == 0) return;
    if (count > 0) {
      consume(std::string_view(buffer.data(), static_cast<size_t>(count)));
    } else if (errno != EINTR) {
      throw_system_error(where, path, "a readable file");
    }
  }
}

void read_at(const Descriptor& file, const fs::path& path, std::string_view where, uint64_t offset,
             std::span<std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::pread(file.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw_system_error(where, path, "a readable file");
    if (count == 0) {
      throw std::runtime_error(fmt::format("[{}] {}: expected {} more bytes from byte {} on; got the end",
                                           where, path.string(), bytes.size(), offset));
    }
    offset += static_cast<uint64_t>(count);
    bytes = bytes.subspan(static_cast<size_t>(count));
  }
}

fs::path folder_of(const fs::path& path) { return path.has_parent_path() ? path.parent_path() : "."; }

void create_folder(const fs::path& path, std::string_view where) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) throw_system_error(where, path, "to create this folder", error.value());
}

}  // namespace repbench
