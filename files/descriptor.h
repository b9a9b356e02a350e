#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string_view>

// POSIX file descriptors, for the files of this folder.

namespace repbench {

/// Owns a file descriptor.
class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept;
  Descriptor& operator=(Descriptor&& other) noexcept;

  int get() const { return value_; }

  /// False, with errno, if the system reports a late write error.
  bool close();

 private:
  int value_;
};

/// "[where] PATH: expected EXPECTED; got REASON", the reason being the system's text for `code`.
[[noreturn]] void throw_system_error(std::string_view where, const std::filesystem::path& path,
                                     std::string_view expected, int code = errno);

/// Throws std::runtime_error if it cannot be opened.
Descriptor open_for_reading(const std::filesystem::path& path, std::string_view where);

/// Calls `consume` with one piece after another up to the end of the file.
void read_pieces(const std::filesystem::path& path, std::string_view where,
                 const std::function<void(std::string_view)>& consume);

/// Fills `bytes` from `offset` on, without moving the descriptor: threads may share it. Throws where the
/// file ends before.
void read_at(const Descriptor& file, const std::filesystem::path& path, std::string_view where,
             uint64_t offset, std::span<std::byte> bytes);

/// The folder that holds `path`; "." if it has no folder part.
std::filesystem::path folder_of(const std::filesystem::path& path);

/// Creates the folder and its missing parents.
void create_folder(const std::filesystem::path& path, std::string_view where);

}  // namespace repbench
