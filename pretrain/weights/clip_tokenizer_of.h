#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "datasets/text/tokenizer.h"

namespace repbench {

constexpr int64_t kClipVocabulary = 49408;  // ids: 256 bytes twice, 48,894 merges, SOT, EOT

/// CLIP's own tokenizer where the vocabulary is of its size; else, or where its files are missing, null and a
/// warning: such an encoder takes ids alone.
std::shared_ptr<const Tokenizer> tokenizer_of_vocabulary(int64_t vocabulary,
                                                         std::vector<std::string>& warnings);

}  // namespace repbench
