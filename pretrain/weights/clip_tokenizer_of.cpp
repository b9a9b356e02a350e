#include "pretrain/weights/clip_tokenizer_of.h"

#include <fmt/format.h>

#include <exception>

namespace repbench {

std::shared_ptr<const Tokenizer> tokenizer_of_vocabulary(int64_t vocabulary,
                                                         std::vector<std::string>& warnings) {
  if (vocabulary != kClipVocabulary) {
    warnings.push_back(
        fmt::format("the text side has a vocabulary of {} ids and no known tokenizer: it takes ids, no texts",
                    vocabulary));
    return nullptr;
  }
  try {
    return clip_tokenizer();
  } catch (const std::exception& error) {
    warnings.push_back(fmt::format("no texts can be read: {}", error.what()));
    return nullptr;
  }
}

}  // namespace repbench
