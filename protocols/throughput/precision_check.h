#pragma once

#include <cstdint>

#include "protocols/protocol.h"

namespace repbench {

/// What the speed of a precision costs, beside it: features of the same pictures at the context's precision
/// and at fp32. Adds to the record
///   feature_cosine_with_fp32, feature_cosine_with_fp32_worst: of each picture's two features,
///   accuracy_at_precision, accuracy_at_fp32: of the nearest class mean by cosine, the means being fp32
///   features of training examples, and top1_agreement_with_fp32: how often the two predict one class,
/// with their outcomes and resolved["precision_check"]. `examples` (class-balanced) of each split are used at
/// most; the features are the first of the encoder's default taps. The last three need one class an example:
/// without, they are left out. Where the context's precision is fp32 there is nothing to measure, which
/// resolved["precision_check"] says.
void check_precision(const Subject& subject, const Task& task, const ProtocolContext& context,
                     int64_t examples, Record& record);

}  // namespace repbench
