#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

// What lies in a folder, sorted bytewise. Hidden names (".git") are left out, symbolic links are followed.
// Throw std::filesystem::filesystem_error.

namespace repbench {

/// Names of the folders right in `folder`.
std::vector<std::string> subfolders(const std::filesystem::path& folder);

/// The extensions of pictures, for messages.
inline constexpr std::string_view kPictureExtensions = "jpg, jpeg, png, webp, bmp, tif, tiff";

/// Pictures (by extension, in any case) at any depth, as paths below `folder`. A link to a folder that it
/// lies in is not followed; a link to nowhere counts as a file.
std::vector<std::string> picture_files(const std::filesystem::path& folder);

}  // namespace repbench
