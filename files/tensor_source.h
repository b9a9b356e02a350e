#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "files/mapping.h"

namespace repbench {

/// The bytes that a reader of tensors reads, under the name that its errors carry, and the memory that it may
/// take for them: twice the bytes and 48 MB, whatever the bytes say.
class TensorSource {
 public:
  /// Maps the file. Throws std::runtime_error "[weights] PATH: ..." if it cannot, or if it is no file.
  explicit TensorSource(const std::filesystem::path& path);

  /// Bytes that somebody else owns, and keeps for as long as this lives.
  TensorSource(std::span<const std::byte> bytes, std::string name);

  std::span<const std::byte> bytes() const { return bytes_; }
  const std::string& name() const { return name_; }

  /// As Mapping::release; nothing for bytes that lie elsewhere.
  void release(std::span<const std::byte> part) const;

  /// Notes that reading takes so many bytes of memory. Throws std::runtime_error if that is more than it may.
  void charge(uint64_t bytes);
  void give_back(uint64_t bytes) { left_ += bytes; }

  /// Memory, to be filled, that lives as long as this does, charged.
  std::span<std::byte> allocate(uint64_t bytes);

  /// Throws std::runtime_error "[weights] NAME: WHAT".
  [[noreturn]] void fail(std::string_view what) const;

 private:
  std::string name_;
  std::optional<Mapping> mapping_;
  std::span<const std::byte> bytes_;
  uint64_t left_;
  std::vector<std::unique_ptr<std::byte[]>> owned_;
};

/// `NAME`, quoted for an error message whatever bytes it holds.
std::string in_quotes(std::string_view name);

inline std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline std::span<const std::byte> as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

}  // namespace repbench
