#pragma once

#include <gtest/gtest.h>

#include <string>

namespace repbench {

/// The message of the `Error` that `action` must throw.
template <class Error, class Action>
std::string error_message(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  ADD_FAILURE() << "expected an error; got none";
  return "";
}

/// For EXPECT_PRED2(contains, text, part), which prints both.
inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace repbench
