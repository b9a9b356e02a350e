#include "datasets/images/corruptions.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <vector>

#include "datasets/images/corruption_filters.h"

namespace repbench {
namespace {

constexpr int kLargestSeed = 2147483647;

class Corruption final : public PixelOperation {
 public:
  Corruption(const CorruptionKind& kind, std::string resolved, int severity, int seed)
      : kind_(kind),
        resolved_(std::move(resolved)),
        severity_(severity),
        seed_(static_cast<uint64_t>(seed)),
        which_(hash64(fmt::format("{}:{}", kind.name, severity)) >> 40) {}

  std::string specification() const override { return resolved_; }

  // The view's stream only says whose picture it is.
  bool random() const override { return false; }

  void apply(const PixelBuffer& pixels, RandomStream& stream) const override {
    RandomStream own(seed_, Purpose::corruption, which_, stream.item());
    kind_.apply(pixels, severity_, own);
  }

 private:
  const CorruptionKind& kind_;
  std::string resolved_;
  int severity_;
  uint64_t seed_;
  uint64_t which_;  // 24 bits, in the place of the epoch: no two corruptions share numbers
};

}  // namespace

std::string_view name(CorruptionGroup group) {
  constexpr std::array<std::string_view, 4> kNames = {"noise", "blur", "weather", "digital"};
  return kNames[static_cast<size_t>(group)];
}

std::span<const CorruptionKind> corruption_kinds() {
  static const std::vector<CorruptionKind> all = [] {
    std::vector<CorruptionKind> kinds;
    for (const auto group :
         {noise_corruptions(), blur_corruptions(), weather_corruptions(), digital_corruptions()})
      kinds.insert(kinds.end(), group.begin(), group.end());
    return kinds;
  }();
  return all;
}

const CorruptionKind* find_corruption(std::string_view name) {
  const auto kinds = corruption_kinds();
  const auto found = std::find_if(kinds.begin(), kinds.end(), [&](const auto& k) { return k.name == name; });
  return found == kinds.end() ? nullptr : &*found;
}

std::string_view corruption_form() {
  static const std::string form = [] {
    std::vector<std::string_view> names;
    for (const CorruptionKind& kind : corruption_kinds()) names.push_back(kind.name);
    return fmt::format("CORRUPTION:SEVERITY:SEED ({})", fmt::join(names, ", "));
  }();
  return form;
}

std::unique_ptr<PixelOperation> make_corruption(const CorruptionKind& kind, ViewParts parts) {
  const std::string form = fmt::format("{}:SEVERITY{}", kind.name, kind.random ? ":SEED" : "");
  if (parts.count() < 1 || parts.count() > (kind.random ? 2 : 1)) {
    parts.fail(form, fmt::format("{} parts after the operation", parts.count()));
  }
  parts.take_version(1);
  const int severity = parts.integer(1, "a severity", 1, kSeverities);
  if (!kind.random)
    return std::make_unique<Corruption>(kind, fmt::format("{}:{}", parts.label(), severity), severity, 0);
  const int seed = parts.has(2) ? parts.integer(2, "a seed", 0, kLargestSeed) : 0;
  return std::make_unique<Corruption>(kind, fmt::format("{}:{}:{}", parts.label(), severity, seed), severity,
                                      seed);
}

}  // namespace repbench
