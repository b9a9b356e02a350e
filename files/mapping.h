#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string_view>

namespace repbench {

/// A whole file in memory, read-only. Throws std::runtime_error "[WHERE] PATH: ...".
class Mapping {
 public:
  Mapping(const std::filesystem::path& path, std::string_view where);
  ~Mapping();
  Mapping(Mapping&& other) noexcept;
  Mapping& operator=(Mapping&& other) noexcept;

  std::span<const std::byte> bytes() const { return {data_, size_}; }

  /// These bytes will not be read again soon: their pages no longer count as this process's memory. What is
  /// read later all the same comes from the file again. Bytes outside of the mapping are left alone.
  void release(std::span<const std::byte> part) const;

 private:
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace repbench
