#pragma once

#include <filesystem>
#include <string>

#include "files/atomic.h"
#include "pretrain/checkpoint.h"
#include "tests/files/scratch_folder.h"
#include "tests/pretrain/tiny_mae.h"

namespace repbench {

/// A tiny untrained run in a folder of its own, saved as often as the test wants.
struct SavedRun {
  /// As if training had come to `step`.
  void save(int64_t step, int keep = 0) {
    run.trainer.resume_at(step);
    save_checkpoint(folder.path(), {run.trainer, tiny_options_json(), {12.5, 8 * step, 0.75}}, keep);
  }
  std::filesystem::path step_folder(int64_t step) const { return folder / fmt::format("step-{:06}", step); }

  /// Changes one file of a checkpoint.
  void rewrite_config(int64_t step, const std::function<void(Json&)>& change) const {
    const std::filesystem::path file = step_folder(step) / "config.json";
    Json config = read_json(file);
    change(config);
    write_file_atomically(file, pretty_json(config));
  }

  ScratchFolder folder;
  TinyRun run;
};

/// The names in a folder, sorted.
inline std::vector<std::string> entries(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace repbench
