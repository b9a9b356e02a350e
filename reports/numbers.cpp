#include "reports/numbers.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "reports/table.h"

namespace repbench {

int decimals_for(double width) {
  if (!(width > 0)) return 1;
  return std::clamp(1 - static_cast<int>(std::floor(std::log10(width))), 0, 4);
}

std::string format_fixed(double value, int decimals) {
  const std::string text = fmt::format("{:.{}f}", value, decimals);
  const bool negative_zero = text[0] == '-' && text.find_first_of("123456789") == std::string::npos;
  return negative_zero ? text.substr(1) : text;
}

std::string format_signed(double value, int decimals) {
  const std::string text = format_fixed(value, decimals);
  const bool is_plain = text[0] == '-' || text.find_first_of("123456789") == std::string::npos;
  return is_plain ? text : "+" + text;
}

std::string format_short(double value) {
  const bool whole = std::abs(value) < 1e15 && value == std::floor(value);
  return whole ? format_fixed(value, 0) : fmt::format("{:.6g}", value);
}

std::optional<double> number_in(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size() && std::isfinite(value);
  return whole ? std::optional(value) : std::nullopt;
}

std::string format_large(double value) {
  constexpr std::array<const char*, 6> kSuffixes = {"", " k", " M", " G", " T", " P"};
  size_t power = 0;
  if (std::abs(value) >= 10'000) {
    while (std::abs(value) >= 999.5 && power + 1 < kSuffixes.size()) {
      value /= 1000;
      ++power;
    }
  }
  return power == 0 ? format_short(value) : fmt::format("{:.3g}{}", value, kSuffixes[power]);
}

std::string format_p(double p) { return p < 0.001 ? "p < 0.001" : fmt::format("p = {:.2g}", p); }

double shown_scale(std::string_view unit) { return unit.empty() ? 100 : 1; }

std::string shown_unit(std::string_view unit) { return unit.empty() ? " %" : fmt::format(" {}", unit); }

std::string format_mean(const MeanAndDeviation& pooled, std::string_view unit) {
  const double scale = shown_scale(unit);
  const int decimals = decimals_for(pooled.standard_deviation * scale);
  return fmt::format("{} ± {}{} (n = {})", format_fixed(pooled.mean * scale, decimals),
                     format_fixed(pooled.standard_deviation * scale, decimals), shown_unit(unit), pooled.n);
}

std::string format_metric(const Metric& metric) {
  const double scale = shown_scale(metric.unit);
  const std::string unit = shown_unit(metric.unit);
  const double value = metric.value * scale;
  if (!metric.interval) {
    return (metric.unit.empty() ? format_fixed(value, 1) : format_large(value)) + unit;
  }
  const double low = metric.interval->low * scale, high = metric.interval->high * scale;
  const int decimals = decimals_for(high - low);
  return fmt::format("{}{} [{}, {}]", format_fixed(value, decimals), unit, format_fixed(low, decimals),
                     format_fixed(high, decimals));
}

}  // namespace repbench
