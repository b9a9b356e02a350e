#include "datasets/images/taps.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace repbench {
namespace {

struct Filter {
  double (*weight)(double);
  double support;
};

double box(double x) { return x > -0.5 && x <= 0.5 ? 1.0 : 0.0; }

double bilinear(double x) {
  x = std::abs(x);
  return x < 1.0 ? 1.0 - x : 0.0;
}

double hamming(double x) {
  x = std::abs(x);
  if (x == 0.0) return 1.0;
  if (x >= 1.0) return 0.0;
  x *= std::numbers::pi;
  return std::sin(x) / x * (0.54F + 0.46F * std::cos(x));  // Pillow's constants are single
}

double bicubic(double x) {  // Keys, a = -1/2; Pillow's order of operations
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1;
  if (x < 2.0) return (((x - 5) * x + 8) * x - 4) * a;
  return 0.0;
}

double sinc(double x) {
  if (x == 0.0) return 1.0;
  x *= std::numbers::pi;
  return std::sin(x) / x;
}

double lanczos(double x) { return -3.0 <= x && x < 3.0 ? sinc(x) * sinc(x / 3) : 0.0; }

Filter filter_of(Interpolation interpolation) {
  switch (interpolation) {
    case Interpolation::box:
      return {box, 0.5};
    case Interpolation::hamming:
      return {hamming, 1.0};
    case Interpolation::bicubic:
      return {bicubic, 2.0};
    case Interpolation::lanczos:
      return {lanczos, 3.0};
    default:
      return {bilinear, 1.0};
  }
}

// Where an axis' outputs lie among its inputs. Pillow keeps the box in single precision.
class Grid {
 public:
  Grid(const Filter& filter, const Axis& axis)
      : from_(static_cast<float>(axis.from)),
        scale_(static_cast<double>(static_cast<float>(axis.to) - static_cast<float>(axis.from)) /
               axis.outputs),
        widening_(std::max(scale_, 1.0)),
        support_(filter.support * widening_),
        inputs_(axis.inputs) {}

  double center(int output) const { return from_ + (output + 0.5) * scale_; }
  double widening() const { return widening_; }
  int longest() const { return static_cast<int>(std::ceil(support_)) * 2 + 1; }

  // The first input and how many.
  std::pair<int, int> reach(double center) const {
    const int first = std::max(static_cast<int>(center - support_ + 0.5), 0);
    return {first, std::min(static_cast<int>(center + support_ + 0.5), inputs_) - first};
  }

 private:
  double from_, scale_, widening_, support_;
  int inputs_;
};

void store(double weight, int32_t& stored) {  // half away from zero
  stored = static_cast<int32_t>((weight < 0 ? -0.5 : 0.5) + weight * (1 << kFractionBits));
}

void store(double weight, double& stored) { stored = weight; }

template <typename Weight>
void fill_taps(Interpolation interpolation, const Axis& axis, Taps<Weight>& taps) {
  const Filter filter = filter_of(interpolation);
  const Grid grid(filter, axis);
  const double inverse = 1.0 / grid.widening();
  taps.longest = grid.longest();
  taps.first.resize(axis.wanted);
  taps.count.resize(axis.wanted);
  taps.weights.resize(static_cast<size_t>(axis.wanted) * taps.longest);

  thread_local std::vector<double> raw;
  raw.resize(taps.longest);
  for (int i = 0; i < axis.wanted; ++i) {
    const double center = grid.center(axis.begin + i);
    const auto [first, count] = grid.reach(center);
    double sum = 0.0;
    for (int k = 0; k < count; ++k) sum += raw[k] = filter.weight((k + first - center + 0.5) * inverse);
    Weight* weights = taps.weights.data() + static_cast<int64_t>(i) * taps.longest;
    for (int k = 0; k < count; ++k) store(sum != 0.0 ? raw[k] / sum : raw[k], weights[k]);
    taps.first[i] = first;
    taps.count[i] = count;
  }
}

}  // namespace

bool filtered(const Axis& axis) {
  return axis.outputs != axis.inputs || axis.from != 0 || axis.to != axis.outputs;
}

bool rows_first(const Axis& rows, const Axis& columns) {
  const int64_t fewer_rows = rows.inputs - rows.outputs, fewer_columns = columns.inputs - columns.outputs;
  return fewer_rows > 0 && fewer_rows > 2 * fewer_columns;
}

template <typename Weight>
std::pair<int, int> Taps<Weight>::rebase() {
  const int start = first.front();
  for (int& input : first) input -= start;
  return {start, first.back() + count.back()};
}

template struct Taps<int32_t>;
template struct Taps<double>;

void compute_taps(Interpolation interpolation, const Axis& axis, Taps<int32_t>& taps) {
  fill_taps(interpolation, axis, taps);
}

void compute_taps(Interpolation interpolation, const Axis& axis, Taps<double>& taps) {
  fill_taps(interpolation, axis, taps);
}

std::pair<int, int> inputs_of(Interpolation interpolation, const Axis& axis) {
  if (interpolation == Interpolation::nearest) {
    thread_local std::vector<int> positions;
    nearest_inputs(axis, positions);
    const int first = std::max(positions.front(), 0);
    // Rounding may push the last ones outside: then there is nothing to read for them.
    const int last = *std::max_element(positions.begin(), positions.end());
    return {first, std::max(last + 1 - first, 1)};
  }
  const Grid grid(filter_of(interpolation), axis);
  const int first = grid.reach(grid.center(axis.begin)).first;
  const auto [from, count] = grid.reach(grid.center(axis.begin + axis.wanted - 1));
  return {first, from + count - first};
}

// Pillow steps through the source by repeated addition, whose rounding is part of the result.
void nearest_inputs(const Axis& axis, std::vector<int>& positions) {
  const double step =
      static_cast<double>(static_cast<float>(axis.to) - static_cast<float>(axis.from)) / axis.outputs;
  double at = static_cast<float>(axis.from) + step * 0.5;
  for (int i = 0; i < axis.begin; ++i) at += step;
  positions.resize(axis.wanted);
  for (int& input : positions) {
    const int position = at < 0.0 ? -1 : static_cast<int>(at);
    input = position < axis.inputs ? position : -1;
    at += step;
  }
}

}  // namespace repbench
