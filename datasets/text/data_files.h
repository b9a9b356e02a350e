#pragma once

#include <filesystem>
#include <string_view>

namespace repbench {

/// A file that setup unpacked: CLIP's vocabulary, class names, templates. In the folder REPBENCH_TEXT_DATA if
/// that is set; else in share/repbench/text beside an installed program's bin/, or where the build found it.
/// Throws std::runtime_error that says to run `make setup`.
std::filesystem::path text_data_file(std::string_view name);

/// The folder of our own prompt sets: share/repbench/prompts, or configs/prompts of the sources.
std::filesystem::path own_prompts_folder();

}  // namespace repbench
