#pragma once

#include <memory>
#include <string>

#include "datasets/text/byte_pairs.h"
#include "datasets/text/tokenizer.h"

namespace repbench {

/// The one implementation of both kinds.
std::shared_ptr<const Tokenizer> make_bpe_tokenizer(std::string kind, BytePairs pairs);

}  // namespace repbench
