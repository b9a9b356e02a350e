#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "protocols/protocol.h"

namespace repbench {

/// Changes whenever extracted numbers may change: a part of the cache's key.
inline constexpr int kTextExtractorVersion = 1;

struct TextFeatures {
  at::Tensor values;  // [N, E] float32, on the CPU, not normalised
  int64_t cut = 0;    // texts that were longer than the context length and lost their end

  /// "3 of 80 texts were cut to 77 tokens", or nothing where none was.
  std::string warning(int64_t context_length) const;
};

/// Throws std::invalid_argument "[WHERE] expected an encoder with a text side; got vit", or if it has no
/// tokenizer.
const TextSide& text_side_of(const Subject& subject, std::string_view where);

/// Frozen features of these texts, in batches of texts of about the same length; equal texts are encoded once
/// and get the same bits. Cached under sha256(weights, extractor version, tokenizer, texts, precision, device
/// kind); a broken cache file is named in a warning and made anew. Throws std::invalid_argument for an
/// encoder without a text side, and for a text that is no UTF-8.
TextFeatures extract_text_features(const Subject& subject, std::span<const std::string> texts,
                                   const ProtocolContext& context, std::string_view where);

/// Rows of Euclidean length 1; rows of zeros stay. features [N, D] float.
at::Tensor unit_rows(const at::Tensor& features);

}  // namespace repbench
