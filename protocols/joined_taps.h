#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// Features side by side as one: "block:8:norm:cls|cls" is the class token behind block 8, then the one behind
// the last. Each part is a tap of the encoder.

namespace repbench {

/// Throws std::invalid_argument "[linear_probe] key 'taps': ..." if a part is empty.
std::vector<std::string> parts_of(std::string_view joined);

/// Each part once, in the order of first appearance: what the encoder is asked for.
std::vector<std::string> distinct_parts(std::span<const std::string> joined);

/// [N, D]: the parts' features [N, d] one after the other.
at::Tensor join_parts(const std::map<std::string, at::Tensor>& by_part, std::string_view joined);

}  // namespace repbench
