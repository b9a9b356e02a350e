#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>

#include "datasets/text/data_files.h"
#include "datasets/text/tokenizer.h"

namespace repbench {

/// Whether setup has unpacked CLIP's vocabulary and prompts.
inline bool has_text_data() {
  try {
    text_data_file("bpe_simple_vocab_16e6.txt.gz");
    return true;
  } catch (const std::runtime_error&) {
    return false;
  }
}

/// Skips the test where they are missing.
#define SKIP_WITHOUT_TEXT_DATA() \
  if (!has_text_data()) GTEST_SKIP() << "CLIP's vocabulary and prompts are not there: run `make setup`"

}  // namespace repbench
