#pragma once

#include <filesystem>
#include <string_view>

namespace repbench {

/// PREFIX/share/repbench/NAME for a program in PREFIX/bin, where that is there; else `built`, the folder
/// among the sources.
std::filesystem::path data_folder(std::string_view name, const std::filesystem::path& built);

}  // namespace repbench
