#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace repbench {

/// Takes the files of a tar archive (plain, gzip, bzip2, xz or zstd), one after another to its end: `most`
/// says how many bytes a file of this name (with its folders) may hold, 0 to pass it over; `take` gets it.
/// No more memory is taken than the bytes that are there, and at most `most`. Throws std::runtime_error
/// "[where] FILE: ...": not readable, no archive, damaged or cut, a file that is larger than it may be.
void read_archive(const std::filesystem::path& path, std::string_view where,
                  const std::function<uint64_t(std::string_view name)>& most,
                  const std::function<void(std::string_view name, std::string content)>& take);

}  // namespace repbench
