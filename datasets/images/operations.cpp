#include "datasets/images/operations.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <vector>

#include "datasets/images/blur.h"
#include "datasets/images/colour.h"
#include "datasets/images/colour_jitter.h"
#include "datasets/images/corruptions.h"
#include "datasets/images/erase.h"
#include "datasets/images/geometry.h"
#include "datasets/images/levels.h"
#include "datasets/images/rand_augment.h"
#include "datasets/images/view_parts.h"
#include "files/nearest.h"

namespace repbench {
namespace {

// What all have: a probability, and the resolved part of the specification.
class Occasional : public PixelOperation {
 public:
  Occasional(std::string resolved, double probability)
      : resolved_(std::move(resolved)), probability_(probability) {}

  std::string specification() const final { return resolved_; }
  bool random() const final { return probability_ > 0.0 && (probability_ < 1.0 || draws()); }

  void apply(const PixelBuffer& pixels, RandomStream& stream) const final {
    const bool applied = probability_ >= 1.0 || (probability_ > 0.0 && stream.uniform() < probability_);
    if (applied) change(pixels, stream);
  }

 private:
  virtual bool draws() const { return false; }
  virtual void change(const PixelBuffer& pixels, RandomStream& stream) const = 0;

  std::string resolved_;
  double probability_;
};

class Flip final : public Occasional {
 public:
  using Occasional::Occasional;

 private:
  void change(const PixelBuffer& pixels, RandomStream&) const override { mirror(pixels); }
};

class Grey final : public Occasional {
 public:
  using Occasional::Occasional;

 private:
  void change(const PixelBuffer& pixels, RandomStream&) const override { make_grey(pixels); }
};

class Jitter final : public Occasional {
 public:
  Jitter(std::string resolved, double probability, const JitterRanges& ranges)
      : Occasional(std::move(resolved), probability), ranges_(ranges) {}

 private:
  bool draws() const override { return true; }
  void change(const PixelBuffer& pixels, RandomStream& stream) const override {
    jitter(pixels, draw_jitter(ranges_, stream));
  }

  JitterRanges ranges_;
};

class Blur final : public Occasional {
 public:
  Blur(std::string resolved, double probability, double low, double high)
      : Occasional(std::move(resolved), probability), low_(low), high_(high) {}

 private:
  bool draws() const override { return low_ < high_; }
  void change(const PixelBuffer& pixels, RandomStream& stream) const override {
    gaussian_blur(pixels, draws() ? stream.uniform(low_, high_) : low_);
  }

  double low_, high_;
};

class Solarise final : public Occasional {
 public:
  Solarise(std::string resolved, double probability, int threshold)
      : Occasional(std::move(resolved), probability), threshold_(threshold) {}

 private:
  void change(const PixelBuffer& pixels, RandomStream&) const override { solarise(pixels, threshold_); }

  int threshold_;
};

class Erase final : public Occasional {
 public:
  Erase(std::string resolved, double probability, EraseMode mode)
      : Occasional(std::move(resolved), probability), mode_(mode) {}

 private:
  bool draws() const override { return true; }
  void change(const PixelBuffer& pixels, RandomStream& stream) const override {
    erase(pixels, draw_erased(pixels.height, pixels.width, stream), mode_, stream);
  }

  EraseMode mode_;
};

class RandAugment final : public Occasional {
 public:
  RandAugment(std::string resolved, const RandAugmentConfig& config)
      : Occasional(std::move(resolved), 1.0), config_(config) {}

 private:
  bool draws() const override { return true; }
  void change(const PixelBuffer& pixels, RandomStream& stream) const override {
    for (const AugmentStep& step : draw_steps(config_, stream)) augment(pixels, step, config_.fill);
  }

  RandAugmentConfig config_;
};

using Made = std::unique_ptr<PixelOperation>;

double probability(const ViewParts& parts, size_t index, double missing) {
  return parts.has(index) ? parts.real(index, "a probability", 0.0, 1.0) : missing;
}

double real(const ViewParts& parts, size_t index, std::string_view what, double most, double missing) {
  return parts.has(index) ? parts.real(index, what, 0.0, most) : missing;
}

Made make_flip(const ViewParts& parts) {
  const double p = probability(parts, 1, 0.5);
  return std::make_unique<Flip>(fmt::format("{}:{}", parts.label(), p), p);
}

Made make_grey_operation(const ViewParts& parts) {
  const double p = probability(parts, 1, 0.2);
  return std::make_unique<Grey>(fmt::format("{}:{}", parts.label(), p), p);
}

Made make_jitter(const ViewParts& parts) {
  const JitterRanges ranges{
      real(parts, 1, "a range of brightness", 10.0, 0.4), real(parts, 2, "a range of contrast", 10.0, 0.4),
      real(parts, 3, "a range of saturation", 10.0, 0.4), real(parts, 4, "a range of hue", 0.5, 0.1)};
  const double p = probability(parts, 5, 0.8);
  const std::string resolved = fmt::format("{}:{}:{}:{}:{}:{}", parts.label(), ranges.brightness,
                                           ranges.contrast, ranges.saturation, ranges.hue, p);
  return std::make_unique<Jitter>(resolved, p, ranges);
}

Made make_blur(const ViewParts& parts) {
  const double p = probability(parts, 1, 0.5);
  const double low = real(parts, 2, "a smallest radius", 1000.0, 0.1);
  const double high = parts.has(3) ? parts.real(3, "a largest radius", low, 1000.0) : std::max(low, 2.0);
  return std::make_unique<Blur>(fmt::format("{}:{}:{}:{}", parts.label(), p, low, high), p, low, high);
}

Made make_solarise(const ViewParts& parts) {
  const double p = probability(parts, 1, 0.2);
  const int threshold = parts.has(2) ? parts.integer(2, "a threshold", 0, 256) : 128;
  return std::make_unique<Solarise>(fmt::format("{}:{}:{}", parts.label(), p, threshold), p, threshold);
}

Made make_erase(const ViewParts& parts) {
  static const std::vector<std::string> kModes = {"const", "rand", "pixel"};
  const double p = probability(parts, 1, 0.25);
  const size_t mode = parts.has(2) ? parts.choice(2, "a mode", kModes) : 0;
  return std::make_unique<Erase>(fmt::format("{}:{}:{}", parts.label(), p, kModes[mode]), p,
                                 static_cast<EraseMode>(mode));
}

Made make_rand_augment(const ViewParts& parts) {
  static const std::vector<std::string> kInterpolations = {"random", "bilinear", "bicubic"};
  RandAugmentConfig config = parse_rand_augment(parts.has(1) ? parts.text(1) : "rand-m9-mstd0.5-inc1");
  const size_t choice = parts.has(2) ? parts.choice(2, "an interpolation", kInterpolations) : 0;
  if (choice > 0) config.interpolation = parse_interpolation(kInterpolations[choice]);
  if (parts.has(3)) config.fill = parts.colour(3);
  const std::string resolved = fmt::format("{}:{}:{}:{}", parts.label(), config.written(),
                                           kInterpolations[choice], written(config.fill));
  return std::make_unique<RandAugment>(resolved, config);
}

struct OperationKind {
  std::string_view name;
  int version;
  std::string_view form;
  size_t most_parts;
  Made (*make)(const ViewParts& parts);
};

constexpr std::array<OperationKind, 7> kKinds = {
    {{"flip", 1, "flip:PROBABILITY", 1, make_flip},
     {"jitter", 1, "jitter:BRIGHTNESS:CONTRAST:SATURATION:HUE:PROBABILITY", 5, make_jitter},
     {"grey", 1, "grey:PROBABILITY", 1, make_grey_operation},
     {"blur", 1, "blur:PROBABILITY:LOW:HIGH", 3, make_blur},
     {"solarise", 1, "solarise:PROBABILITY:THRESHOLD", 2, make_solarise},
     {"erase", 1, "erase:PROBABILITY:MODE", 2, make_erase},
     {"randaug", 1, "randaug:CONFIG:INTERPOLATION:FILL", 3, make_rand_augment}}};

}  // namespace

std::vector<std::string_view> operation_forms() {
  std::vector<std::string_view> forms;
  for (const OperationKind& kind : kKinds) forms.push_back(kind.form);
  forms.push_back(corruption_form());
  return forms;
}

std::unique_ptr<PixelOperation> make_operation(std::string_view specification) {
  ViewParts parts(specification);
  std::vector<std::string> names, forms;
  for (const OperationKind& kind : kKinds) {
    if (parts.kind() != kind.name) {
      names.emplace_back(kind.name);
      forms.emplace_back(kind.form);
      continue;
    }
    if (parts.count() > kind.most_parts) {
      parts.fail(kind.form, fmt::format("{} parts after the operation", parts.count()));
    }
    parts.take_version(kind.version);
    return kind.make(parts);
  }
  if (const CorruptionKind* corruption = find_corruption(parts.kind()))
    return make_corruption(*corruption, parts);
  forms.emplace_back(corruption_form());
  for (const CorruptionKind& corruption : corruption_kinds()) names.emplace_back(corruption.name);
  parts.fail(fmt::format("an operation: {}", fmt::join(forms, ", ")),
             fmt::format("'{}'{}", parts.kind(), did_you_mean(parts.kind(), names)));
}

}  // namespace repbench
