#pragma once

#include "pretrain/encoder.h"

namespace repbench {

std::unique_ptr<Encoder> make_vit(const Json& config, const InputSpec& input);
std::unique_ptr<Encoder> make_raw_pixels(const Json& config, const InputSpec& input);

}  // namespace repbench
