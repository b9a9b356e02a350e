#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "files/atomic.h"
#include "tests/datasets/idx_folder.h"
#include "tests/files/scratch_folder.h"

namespace repbench {

struct Finished {
  int exit_code = -1;
  std::string out, err;
};

/// Runs the built program in a shell; both streams are caught in `folder`.
inline Finished run_repbench(const ScratchFolder& folder, const std::string& arguments) {
  const std::string out = (folder / "stdout").string(), err = (folder / "stderr").string();
  const int status =
      std::system(fmt::format("'{}' {} >'{}' 2>'{}'", REPBENCH_BINARY, arguments, out, err).c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status), read_file(out), read_file(err)};
}

/// A data set of two classes in idx files: `train` and `test` with 64 and 20 noise pictures.
inline std::string toy_idx(const ScratchFolder& folder) {
  std::vector<uint8_t> train, test;
  for (int i = 0; i < 64; ++i) train.push_back(static_cast<uint8_t>(i % 2));
  for (int i = 0; i < 20; ++i) test.push_back(static_cast<uint8_t>(i % 2));
  std::filesystem::create_directories(folder / "data");
  write_idx_split(folder / "data", "train", train);
  write_idx_split(folder / "data", "test", test);
  return "idx:" + (folder / "data").string();
}

/// A preset of a tiny MAE on that data set: 4 steps an epoch.
inline std::string toy_preset(const ScratchFolder& folder) {
  const std::string path = (folder / "preset.json").string();
  write_file_atomically(path, fmt::format(R"({{
    "dataset": "{}", "view": "small_train:8:1", "eval_view": "small_eval:8", "precision": "fp32", "threads": 1,
    "model": {{"image_size": 8, "patch_size": 4, "channels": 1, "width": 16, "depth": 2, "heads": 2}},
    "mae": {{"decoder_depth": 1, "decoder_width": 8, "decoder_heads": 2, "mask_ratio": 0.5, "norm_pix": false}},
    "train": {{"epochs": 2, "batch_size": 16, "warmup_epochs": 1, "base_lr": 0.01}}
  }})",
                                          toy_idx(folder)));
  return path;
}

}  // namespace repbench
