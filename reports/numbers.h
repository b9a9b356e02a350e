#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "reports/statistics/intervals.h"

// How numbers are written in tables and figures.

namespace repbench {

/// Decimals that show two significant digits of `width` (an interval's, a deviation's): 0 to 4.
int decimals_for(double width);

std::string format_fixed(double value, int decimals);

/// With a + where it is above 0: a difference.
std::string format_signed(double value, int decimals);

/// All digits of a whole number, else six significant ones: option values, counts.
std::string format_short(double value);

/// The number that the text is, if it is one and nothing else.
std::optional<double> number_in(std::string_view text);

/// 1234 -> "1234", 5600000 -> "5.6 M", 1.2e12 -> "1.2 T".
std::string format_large(double value);

/// "p < 0.001", "p = 0.03".
std::string format_p(double p);

/// Shares (unit "") are stored as shares and shown in percent.
double shown_scale(std::string_view unit);
std::string shown_unit(std::string_view unit);

/// "80.12 ± 0.23 % (n = 2)".
std::string format_mean(const MeanAndDeviation& pooled, std::string_view unit);

}  // namespace repbench
