#include "datasets/images/rand_augment.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

#include "datasets/images/blur.h"
#include "datasets/images/geometry.h"
#include "datasets/images/levels.h"
#include "files/nearest.h"

namespace repbench {
namespace {

constexpr double kScale = 10.0;  // of a magnitude: 10 is the full strength

double signed_by(bool negated, double value) { return negated ? -value : value; }

// timm's level functions: a magnitude (and a sign) to an argument.
double no_argument(double, bool) { return 0.0; }
double degrees(double m, bool negated) { return signed_by(negated, m / kScale * 30.0); }
double shear(double m, bool negated) { return signed_by(negated, m / kScale * 0.3); }
double share(double m, bool negated) { return signed_by(negated, m / kScale * 0.45); }
double factor(double m, bool) { return m / kScale * 1.8 + 0.1; }
double growing_factor(double m, bool negated) {
  return std::max(0.1, 1.0 + signed_by(negated, m / kScale * 0.9));
}
double bits(double m, bool) { return std::trunc(m / kScale * 4); }
double fewer_bits(double m, bool) { return 4 - bits(m, false); }
double threshold(double m, bool) { return std::min(256.0, std::trunc(m / kScale * 256)); }
double lower_threshold(double m, bool) { return 256 - threshold(m, false); }
double addition(double m, bool) { return std::min(128.0, std::trunc(m / kScale * 110)); }

using Change = void (*)(const PixelBuffer& pixels, const AugmentStep& step, const Colour& fill);

void map_by(const PixelBuffer& pixels, const AffineMap& map, const AugmentStep& step, const Colour& fill) {
  affine(pixels, map, step.interpolation, fill);
}

struct Operation {
  std::string_view name;
  double (*argument)(double magnitude, bool negated);
  bool has_sign, geometric;
  Change change;
};

void do_autocontrast(const PixelBuffer& pixels, const AugmentStep&, const Colour&) { autocontrast(pixels); }
void do_equalise(const PixelBuffer& pixels, const AugmentStep&, const Colour&) { equalise(pixels); }
void do_invert(const PixelBuffer& pixels, const AugmentStep&, const Colour&) { invert(pixels); }
void do_rotate(const PixelBuffer& pixels, const AugmentStep& step, const Colour& fill) {
  rotate(pixels, step.argument, step.interpolation, fill);
}
void do_posterise(const PixelBuffer& pixels, const AugmentStep& step, const Colour&) {
  posterise(pixels, static_cast<int>(step.argument));
}
void do_solarise(const PixelBuffer& pixels, const AugmentStep& step, const Colour&) {
  solarise(pixels, static_cast<int>(step.argument));
}
void do_solarise_add(const PixelBuffer& pixels, const AugmentStep& step, const Colour&) {
  solarise_add(pixels, static_cast<int>(step.argument));
}
void do_colour(const PixelBuffer& pixels, const AugmentStep& step, const Colour&) {
  adjust_saturation(pixels, step.argument);
}
void do_contrast(const PixelBuffer& pixels, const AugmentStep& step, const Colour&) {
  adjust_contrast(pixels, step.argument);
}
void do_brightness(const PixelBuffer& pixels, const AugmentStep& step, const Colour&) {
  adjust_brightness(pixels, step.argument);
}
void do_sharpness(const PixelBuffer& pixels, const AugmentStep& step, const Colour&) {
  adjust_sharpness(pixels, step.argument);
}
void do_shear_x(const PixelBuffer& pixels, const AugmentStep& step, const Colour& fill) {
  map_by(pixels, {1, step.argument, 0, 0, 1, 0}, step, fill);
}
void do_shear_y(const PixelBuffer& pixels, const AugmentStep& step, const Colour& fill) {
  map_by(pixels, {1, 0, 0, step.argument, 1, 0}, step, fill);
}
void do_translate_x(const PixelBuffer& pixels, const AugmentStep& step, const Colour& fill) {
  map_by(pixels, {1, 0, step.argument * pixels.width, 0, 1, 0}, step, fill);
}
void do_translate_y(const PixelBuffer& pixels, const AugmentStep& step, const Colour& fill) {
  map_by(pixels, {1, 0, 0, 0, 1, step.argument * pixels.height}, step, fill);
}

constexpr size_t kOperations = 15;
using Operations = std::array<Operation, kOperations>;

constexpr Operations kPlain = {{{"AutoContrast", no_argument, false, false, do_autocontrast},
                                {"Equalize", no_argument, false, false, do_equalise},
                                {"Invert", no_argument, false, false, do_invert},
                                {"Rotate", degrees, true, true, do_rotate},
                                {"Posterize", bits, false, false, do_posterise},
                                {"Solarize", threshold, false, false, do_solarise},
                                {"SolarizeAdd", addition, false, false, do_solarise_add},
                                {"Color", factor, false, false, do_colour},
                                {"Contrast", factor, false, false, do_contrast},
                                {"Brightness", factor, false, false, do_brightness},
                                {"Sharpness", factor, false, false, do_sharpness},
                                {"ShearX", shear, true, true, do_shear_x},
                                {"ShearY", shear, true, true, do_shear_y},
                                {"TranslateXRel", share, true, true, do_translate_x},
                                {"TranslateYRel", share, true, true, do_translate_y}}};

// Stronger with the magnitude, where the plain ones are not.
constexpr Operations increasing_ones() {
  Operations all = kPlain;
  all[4] = {"PosterizeIncreasing", fewer_bits, false, false, do_posterise};
  all[5] = {"SolarizeIncreasing", lower_threshold, false, false, do_solarise};
  all[7] = {"ColorIncreasing", growing_factor, true, false, do_colour};
  all[8] = {"ContrastIncreasing", growing_factor, true, false, do_contrast};
  all[9] = {"BrightnessIncreasing", growing_factor, true, false, do_brightness};
  all[10] = {"SharpnessIncreasing", growing_factor, true, false, do_sharpness};
  return all;
}
constexpr Operations kIncreasing = increasing_ones();

const Operation& operation_of(std::string_view name) {
  for (const Operations* all : {&kPlain, &kIncreasing}) {
    for (const Operation& operation : *all) {
      if (operation.name == name) return operation;
    }
  }
  std::vector<std::string> names;
  for (const Operations* all : {&kPlain, &kIncreasing}) {
    for (const Operation& operation : *all) names.emplace_back(operation.name);
  }
  fail_unknown_name("view", "an operation of RandAugment", name, names);
}

double draw_magnitude(const RandAugmentConfig& config, RandomStream& stream) {
  double magnitude = config.magnitude;
  if (config.deviation > 100) {
    magnitude = stream.uniform(0, magnitude);
  } else if (config.deviation > 0) {
    magnitude += config.deviation * stream.normal();
  }
  return std::clamp(magnitude, 0.0, static_cast<double>(config.most));
}

AugmentStep draw_step(const Operation& operation, const RandAugmentConfig& config, RandomStream& stream) {
  AugmentStep step{operation.name};
  const double magnitude = draw_magnitude(config, stream);
  const bool negated = operation.has_sign && stream.uniform() > 0.5;
  step.argument = operation.argument(magnitude, negated);
  if (!operation.geometric) return step;
  step.interpolation = config.interpolation.value_or(Interpolation::bicubic);
  if (!config.interpolation && stream.integer(2) == 0) step.interpolation = Interpolation::bilinear;
  return step;
}

}  // namespace

std::vector<std::string_view> augment_names(bool increasing) {
  std::vector<std::string_view> names;
  for (const Operation& operation : increasing ? kIncreasing : kPlain) names.push_back(operation.name);
  return names;
}

double augment_argument(std::string_view name, double magnitude, bool negated) {
  return operation_of(name).argument(magnitude, negated);
}

std::vector<AugmentStep> draw_steps(const RandAugmentConfig& config, RandomStream& stream) {
  const Operations& all = config.increasing ? kIncreasing : kPlain;
  std::vector<const Operation*> chosen;
  for (int i = 0; i < config.layers; ++i)
    chosen.push_back(&all[static_cast<size_t>(stream.integer(kOperations))]);
  std::vector<AugmentStep> steps;
  for (const Operation* operation : chosen) {
    const bool applied = config.probability >= 1.0 || stream.uniform() < config.probability;
    if (applied) steps.push_back(draw_step(*operation, config, stream));
  }
  return steps;
}

void augment(const PixelBuffer& pixels, const AugmentStep& step, const Colour& fill) {
  operation_of(step.name).change(pixels, step, fill);
}

}  // namespace repbench
