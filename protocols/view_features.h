#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string_view>

#include "protocols/protocol.h"

namespace repbench {

/// One tap of `count` random views of each example: [N, count, D] float32 on the CPU. The k-th view of an
/// example is drawn from (context.seed, k, its id). `view` is a view's specification with or without chance.
at::Tensor view_features(const Encoder& encoder, std::shared_ptr<const Dataset> dataset,
                         const IndexList& examples, std::string_view view, int64_t count,
                         std::string_view tap, const ProtocolContext& context);

}  // namespace repbench
