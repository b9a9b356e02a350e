#include "protocols/effective_robustness.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "files/checked_json.h"

namespace repbench {
namespace {

constexpr size_t kFewestModels = 3;

double logit(double share) { return std::log(share) - std::log1p(-share); }

double logit_of(const CheckedJson& share) {
  const double value = share.number();
  if (!(value > 0 && value < 1)) share.fail("a share between 0 and 1, both excluded");
  return logit(value);
}

double mean_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

}  // namespace

double ReferenceLine::at(double standard_accuracy) const {
  const double usual = slope == 0 ? intercept : slope * logit(standard_accuracy) + intercept;
  return 1 / (1 + std::exp(-usual));
}

ReferenceLine read_reference_line(const std::filesystem::path& file) {
  const Json json = read_json(file);
  const std::string where = "[robustness] " + file.string();
  const CheckedJson root(json, where);
  root.expect_only({"source", "points"});
  const std::vector<CheckedJson> points = root.at("points").items();
  if (points.size() < kFewestModels) {
    throw std::invalid_argument(
        fmt::format("{}: expected at least {} points; got {}", where, kFewestModels, points.size()));
  }
  std::vector<double> x, y;
  for (const CheckedJson& point : points) {
    point.expect_only({"name", "standard", "shifted"});
    point.at("name").text();
    x.push_back(logit_of(point.at("standard")));
    y.push_back(logit_of(point.at("shifted")));
  }
  if (std::all_of(x.begin(), x.end(), [&](double value) { return value == x.front(); })) {
    throw std::invalid_argument(
        fmt::format("{}: expected models of different standard accuracy; got one accuracy", where));
  }
  const double centre = mean_of(x), height = mean_of(y);
  double covariance = 0, variance = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    covariance += (x[i] - centre) * (y[i] - height);
    variance += (x[i] - centre) * (x[i] - centre);
  }
  const double slope = covariance / variance;
  return {slope, height - slope * centre, static_cast<int64_t>(x.size()), root.at("source").text()};
}

}  // namespace repbench
