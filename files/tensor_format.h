#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace repbench {

/// What a file is by its first bytes; an archive can be several things.
enum class FileKind { safetensors, shard_index, zip, torch_legacy, npy, unknown };

FileKind kind_of_file(std::span<const std::byte> bytes);

/// What an unknown file seems to be, for an error message: "a Git LFS pointer, not the file itself".
std::string describe_unknown_file(std::span<const std::byte> bytes);

}  // namespace repbench
