#pragma once

#include <string>
#include <vector>

#include "files/safetensors.h"
#include "pretrain/encoder.h"

// Does an encoder compute what the framework computes that its weights come from? Stage by stage, so that the
// first that differs is known. tests/interop/handshake.py writes such a file from timm, open_clip and
// transformers.

namespace repbench {

struct HandshakeRow {
  std::string stage;  // or "text_features"
  double largest_difference = 0;
  double relative = 0;  // to the largest magnitude of the reference
  bool ok = false;      // relative <= tolerance; NaN on either side is none
};

/// Runs the stages in order on `input` [B, C, H, W] float32 (normalised) and compares what comes out of each
/// with the tensor of its name; a stage without one is run and not compared. `tokens` [N, L] int64 and
/// `text_features` [N, E] compare the text side. All in fp32, in the order of the computation. Shapes are the
/// stages' own, but for two liberties: `patch` [B, H, W, D] may be flat [B, H W, D], and [B, D] stands for
/// the first token of [B, N, D]. Throws std::invalid_argument "[handshake] FILE: ..." for another shape, for
/// a name that is no stage (with the nearest that is), and where there is nothing to compare;
/// std::runtime_error if `input` is missing.
std::vector<HandshakeRow> handshake(const Encoder& encoder, const SafetensorsFile& reference,
                                    double tolerance);

/// The first row that is not ok; null where all agree.
const HandshakeRow* first_divergence(const std::vector<HandshakeRow>& rows);

}  // namespace repbench
