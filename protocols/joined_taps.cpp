#include "protocols/joined_taps.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace repbench {

std::vector<std::string> parts_of(std::string_view joined) {
  std::vector<std::string> parts(1);
  for (const char letter : joined) {
    if (letter == '|') {
      parts.emplace_back();
    } else {
      parts.back() += letter;
    }
  }
  for (const std::string& part : parts) {
    if (!part.empty()) continue;
    throw std::invalid_argument(fmt::format(
        "[linear_probe] key 'taps': expected a tap, or several with | between them; got '{}'", joined));
  }
  return parts;
}

std::vector<std::string> distinct_parts(std::span<const std::string> joined) {
  std::vector<std::string> distinct;
  for (const std::string& tap : joined) {
    for (std::string& part : parts_of(tap)) {
      if (std::find(distinct.begin(), distinct.end(), part) == distinct.end())
        distinct.push_back(std::move(part));
    }
  }
  return distinct;
}

at::Tensor join_parts(const std::map<std::string, at::Tensor>& by_part, std::string_view joined) {
  std::vector<at::Tensor> features;
  for (const std::string& part : parts_of(joined)) features.push_back(by_part.at(part));
  return features.size() == 1 ? features.front() : at::cat(features, 1);
}

}  // namespace repbench
