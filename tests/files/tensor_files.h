#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>

#include "files/tensor_file.h"
#include "files/tensor_source.h"

// What the tests of the readers of tensor files share.

namespace repbench {

/// The files that the Python originals wrote, in the folder that the environment names; empty if it does not.
inline std::optional<std::filesystem::path> shared_golden_folder() {
  const char* folder = ::getenv("REPBENCH_GOLDEN");
  if (folder == nullptr || *folder == '\0') return std::nullopt;
  return folder;
}

inline const std::filesystem::path kTorchFiles =
    std::filesystem::path(REPBENCH_SOURCE_DIR) / "tests" / "golden" / "torch_files";

inline bool is_one_line(const std::string& message) {
  return std::none_of(message.begin(), message.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

/// What opening these bytes fails with, "" if it does not.
inline std::string verdict_on(const std::string& bytes) {
  try {
    const TensorFile file(as_bytes(bytes), "bytes");
    return "";
  } catch (const std::runtime_error& error) {
    EXPECT_TRUE(is_one_line(error.what())) << error.what();
    return error.what();
  }
}

inline bool equal(const TensorView& a, const TensorView& b) {
  return a.dtype == b.dtype && a.shape == b.shape && std::ranges::equal(a.bytes, b.bytes);
}

inline const TensorGroup* group_named(const TensorFile& file, const std::string& path) {
  for (const TensorGroup& group : file.groups()) {
    if (group.path == path) return &group;
  }
  return nullptr;
}

/// Same groups, names, dtypes, shapes, bits and notes.
inline bool equal(const TensorFile& a, const TensorFile& b) {
  if (a.groups().size() != b.groups().size() || a.notes() != b.notes()) return false;
  for (size_t i = 0; i < a.groups().size(); ++i) {
    const TensorGroup &left = a.groups()[i], &right = b.groups()[i];
    if (left.path != right.path || left.tensors.size() != right.tensors.size()) return false;
    for (const auto& [name, view] : left.tensors) {
      const auto found = right.tensors.find(name);
      if (found == right.tensors.end() || !equal(view, found->second)) return false;
    }
  }
  return true;
}

}  // namespace repbench
