#pragma once

#include "pretrain/encoder.h"

namespace repbench {

std::unique_ptr<Encoder> make_vit(const Json& config, const InputSpec& input,
                                  const std::shared_ptr<const Tokenizer>& tokenizer = nullptr);
std::unique_ptr<Encoder> make_clip(const Json& config, const InputSpec& input,
                                   const std::shared_ptr<const Tokenizer>& tokenizer);
std::unique_ptr<Encoder> make_clip_resnet(const Json& config, const InputSpec& input,
                                          const std::shared_ptr<const Tokenizer>& tokenizer);
std::unique_ptr<Encoder> make_raw_pixels(const Json& config, const InputSpec& input,
                                         const std::shared_ptr<const Tokenizer>& tokenizer = nullptr);

}  // namespace repbench
