#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <stdexcept>
#include <string_view>

#include "files/tensor_file.h"
#include "files/tensor_source.h"

namespace repbench {

inline std::span<const std::byte> input(const uint8_t* data, size_t size) {
  return std::as_bytes(std::span(data, size));
}

/// Bytes are read, or refused by a std::runtime_error of one line. Anything else is a finding.
template <class Action>
int read_or_refused(Action action) {
  try {
    action();
  } catch (const std::runtime_error& error) {
    const std::string_view message = error.what();
    const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
    if (std::any_of(message.begin(), message.end(), control)) {
      std::fprintf(stderr, "more than one line: %s\n", error.what());
      std::abort();
    }
  }
  return 0;
}

/// Touches every byte, so that a sanitizer sees those that are not there.
inline void touch(std::span<const std::byte> bytes) {
  unsigned sum = 0;
  for (const std::byte byte : bytes) sum += std::to_integer<unsigned>(byte);
  [[maybe_unused]] static volatile unsigned sink = 0;
  sink = sum;
}

inline void touch(const std::vector<TensorGroup>& groups) {
  for (const TensorGroup& group : groups) {
    for (const auto& [name, view] : group.tensors) {
      if (tensor_bytes(view.dtype, view.shape) != view.bytes.size()) std::abort();
      touch(view.bytes);
    }
  }
}

/// Opens the bytes as a file of tensors, reads all of it, and prints its notes as JSON.
inline int open_as_tensors(const uint8_t* data, size_t size) {
  return read_or_refused([&] {
    const TensorFile file(input(data, size), "input");
    touch(file.groups());
    const std::string notes = canonical_json(file.notes());
    touch(as_bytes(notes));
  });
}

}  // namespace repbench
