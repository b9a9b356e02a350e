#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace repbench {

/// SHA-256, fed piece by piece. Not thread-safe.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void update(std::string_view bytes);
  void update(std::span<const std::byte> bytes);

  /// 64 lower-case hexadecimal digits. Ends the digest: nothing may be fed afterwards.
  std::string hex();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

std::string sha256(std::string_view bytes);

/// Throws std::runtime_error naming the file if it cannot be read.
std::string sha256_file(const std::filesystem::path& path);

}  // namespace repbench
