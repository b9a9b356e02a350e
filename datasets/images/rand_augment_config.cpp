#include <fmt/format.h>

#include <charconv>
#include <stdexcept>

#include "datasets/images/rand_augment.h"

namespace repbench {
namespace {

// One "-"-joined part: letters, then a number.
class ConfigPart {
 public:
  ConfigPart(std::string_view config, std::string_view part) : config_(config), part_(part) {
    const size_t digits = std::min(part.find_first_of("0123456789"), part.size());
    key_ = part.substr(0, digits);
    value_ = part.substr(digits);
  }

  std::string_view key() const { return key_; }

  template <typename Number>
  Number number(Number low, Number high) const {
    Number value{};
    const auto [end, error] = std::from_chars(value_.data(), value_.data() + value_.size(), value);
    if (error != std::errc() || end != value_.data() + value_.size() || !(value >= low && value <= high)) {
      fail(fmt::format("{} with a number between {} and {}", key_, low, high));
    }
    return value;
  }

  [[noreturn]] void fail(std::string_view expected) const {
    throw std::invalid_argument(fmt::format("[view] {}: expected {}; got '{}'", config_, expected, part_));
  }

 private:
  std::string_view config_, part_, key_, value_;
};

void read(const ConfigPart& part, RandAugmentConfig& config) {
  if (part.key() == "m") {
    config.magnitude = part.number(0, 100);
  } else if (part.key() == "n") {
    config.layers = part.number(1, 100);
  } else if (part.key() == "p") {
    config.probability = part.number(0.0, 1.0);
  } else if (part.key() == "mstd") {
    config.deviation = part.number(0.0, 1e9);
  } else if (part.key() == "mmax") {
    config.most = part.number(1, 100);
  } else if (part.key() == "inc") {
    config.increasing = part.number(0, 1) == 1;
  } else {
    part.fail("m, n, p, mstd, mmax or inc with a number");
  }
}

}  // namespace

std::string RandAugmentConfig::written() const {
  const RandAugmentConfig usual;
  std::string text = fmt::format("rand-m{}", magnitude);
  if (layers != usual.layers) text += fmt::format("-n{}", layers);
  if (probability != usual.probability) text += fmt::format("-p{}", probability);
  if (deviation != usual.deviation) text += fmt::format("-mstd{}", deviation);
  if (most != usual.most) text += fmt::format("-mmax{}", most);
  if (increasing) text += "-inc1";
  return text;
}

RandAugmentConfig parse_rand_augment(std::string_view config) {
  RandAugmentConfig parsed;
  for (size_t start = 0; start <= config.size();) {
    const size_t end = std::min(config.find('-', start), config.size());
    const ConfigPart part(config, config.substr(start, end - start));
    if (start > 0) {
      read(part, parsed);
    } else if (config.substr(0, end) != "rand") {
      part.fail("rand-m9-mstd0.5-inc1 or the like");
    }
    start = end + 1;
  }
  return parsed;
}

}  // namespace repbench
