#include "reports/figure.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <stdexcept>

#include "reports/escape.h"
#include "reports/scale.h"

namespace repbench {
namespace {

// Narrow, so that the letters stay readable when a phone shrinks it to its width.
constexpr double kWidth = 480, kPlotHeight = 240, kRight = 16, kBottom = 50;
constexpr double kLetter = 7.6;          // mean advance at 14 px
constexpr double kDigit = 9;             // in the widest of usual fonts
constexpr size_t kMostMarkers = 40;      // a longer series is a line with a band
constexpr size_t kVerticalLetters = 32;  // that fit beside the plot
constexpr double kLine = 17;
constexpr double kDodge = 5;  // pixels between series whose bars share an x

constexpr std::string_view kDashes = " stroke-dasharray=\"5 4\"";

// Okabe and Ito's palette; the last one takes the text's colour.
constexpr std::array<const char*, 7> kColours = {"#0072B2", "#E69F00", "#009E73",     "#CC79A7",
                                                 "#D55E00", "#56B4E9", "currentColor"};

struct Frame {
  double left, top, right, bottom;
  Scale x, y;
  double px(double value) const { return left + x.share(value) * (right - left); }
  double py(double value) const { return bottom - y.share(value) * (bottom - top); }
};

double text_width(std::string_view text, double letter = kLetter) {
  const auto letters = std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; });
  return letter * static_cast<double>(letters);
}

const char* colour(size_t place) { return kColours[place % kColours.size()]; }

const char* colour_of(const Figure& figure, size_t series) {
  return colour(figure.series[series].colour.value_or(series));
}

std::string text_at(double x, double y, std::string_view anchor, std::string_view text,
                    std::string_view extra = "") {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\"{}>{}</text>\n", x, y, anchor, extra,
                     escape_xml(text));
}

/// Shape and colour both tell series apart.
std::string marker(size_t series, double x, double y) {
  const char* fill = colour(series);
  switch (series % 4) {
    case 0:
      return fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"4\" fill=\"{}\"/>\n", x, y, fill);
    case 1:
      return fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"7\" height=\"7\" fill=\"{}\"/>\n", x - 3.5,
                         y - 3.5, fill);
    case 2:
      return fmt::format("<path d=\"M{:.1f} {:.1f}l4.5 8h-9z\" fill=\"{}\"/>\n", x, y - 5, fill);
    default:
      return fmt::format("<path d=\"M{:.1f} {:.1f}l5 5l-5 5l-5 -5z\" fill=\"{}\"/>\n", x, y - 5, fill);
  }
}

std::string stroke(std::string_view path, const char* paint, std::string_view extra = "") {
  return fmt::format("<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\"{}/>\n", path, paint,
                     extra);
}

std::vector<std::string> wrapped(std::string_view text, size_t width) {
  std::vector<std::string> lines(1);
  for (size_t start = 0; start < text.size();) {
    const size_t end = std::min(text.find(' ', start), text.size());
    const std::string word(text.substr(start, end - start));
    if (!lines.back().empty() && lines.back().size() + 1 + word.size() > width) lines.emplace_back();
    lines.back() += (lines.back().empty() ? "" : " ") + word;
    start = end + 1;
  }
  return lines;
}

/// Title and legend stand above the plot, so nothing can cover the data. Moves `y` below what it wrote.
std::string draw_heading(const Figure& figure, double& y) {
  std::string out;
  for (const std::string& line :
       figure.title.empty() ? std::vector<std::string>{} : wrapped(figure.title, 54)) {
    y += 20;
    out += text_at(0, y, "start", line, " font-size=\"15\" font-weight=\"600\"");
  }
  y += 8;
  if (figure.series.size() < 2 && (figure.series.empty() || figure.series[0].name.empty())) return out;
  double x = 0;
  y += 14;
  for (size_t s = 0; s < figure.series.size(); ++s) {
    const double width = 36 + text_width(figure.series[s].name);
    if (x > 0 && x + width > kWidth) {
      x = 0;
      y += 20;
    }
    const Series& series = figure.series[s];
    out +=
        stroke(fmt::format("M{:.1f} {:.1f}h18", x, y - 4), colour_of(figure, s), series.level ? kDashes : "");
    if (!series.level) out += marker(s, x + 9, y - 4);
    out += text_at(x + 23, y, "start", series.name);
    x += width + 12;
  }
  y += 6;
  return out;
}

std::vector<double> distinct_x(const Figure& figure) {
  std::set<double> values;
  for (const Series& series : figure.series) values.insert(series.x.begin(), series.x.end());
  return {values.begin(), values.end()};
}

void check(const Figure& figure, const std::vector<double>& distinct) {
  for (const Series& series : figure.series) {
    const bool even = series.y.size() == series.x.size() &&
                      (series.intervals.empty() || series.intervals.size() == series.x.size());
    if (even) continue;
    throw std::invalid_argument(fmt::format(
        "[figure] expected one y and one interval for each of the {} x of series {}; got {} and {}",
        series.x.size(), series.name, series.y.size(), series.intervals.size()));
  }
  if (!figure.x_ticks.empty() && figure.x_ticks.size() != distinct.size()) {
    throw std::invalid_argument(fmt::format("[figure] expected a tick for each of the {} distinct x; got {}",
                                            distinct.size(), figure.x_ticks.size()));
  }
  for (const Mark& mark : figure.marks) {
    if (mark.colour < figure.series.size() && std::binary_search(distinct.begin(), distinct.end(), mark.x))
      continue;
    throw std::invalid_argument(
        fmt::format("[figure] expected a mark at an x of a series; got {} at {}", mark.title, mark.x));
  }
}

Scale y_scale(const Figure& figure) {
  double low = INFINITY, high = -INFINITY;
  for (const Series& series : figure.series) {
    for (size_t i = 0; i < series.y.size(); ++i) {
      const Interval bar =
          series.intervals.empty() ? Interval{series.y[i], series.y[i]} : series.intervals[i];
      low = std::min({low, series.y[i], bar.low});
      high = std::max({high, series.y[i], bar.high});
    }
  }
  return low <= high ? numeric_scale(low, high, 5) : numeric_scale(0, 1, 5);
}

/// Powers of two over a factor of eight, or values far enough apart for their labels over a factor of fifty.
bool is_logarithmic(const Figure& figure, const std::vector<double>& distinct) {
  if (!figure.x_ticks.empty() || distinct.size() < 3 || distinct.front() <= 0) return false;
  int exponent = 0;
  const auto is_power = [&](double x) { return std::frexp(x, &exponent) == 0.5; };
  const auto is_close = [](double x, double next) { return next < 1.5 * x; };
  const double range = distinct.back() / distinct.front();
  return (range >= 8 && std::all_of(distinct.begin(), distinct.end(), is_power)) ||
         (range >= 50 && std::adjacent_find(distinct.begin(), distinct.end(), is_close) == distinct.end());
}

Scale x_scale(const Figure& figure, const std::vector<double>& distinct) {
  if (distinct.empty()) return numeric_scale(0, 1, 5);
  if (is_logarithmic(figure, distinct)) return logarithmic_scale(distinct);
  return figure.x_ticks.empty() ? numeric_scale(distinct.front(), distinct.back(), 6)
                                : category_scale(figure.x_ticks);
}

/// Where each x stands on its axis: the k-th distinct x at k among categories, 2^k at k on a logarithmic
/// axis.
Figure placed(Figure figure, const std::vector<double>& distinct) {
  const bool logarithmic = is_logarithmic(figure, distinct);
  const auto order = [&](double x) { return std::lower_bound(distinct.begin(), distinct.end(), x); };
  const auto place = [&](double x) {
    if (logarithmic) return std::log2(x);
    return figure.x_ticks.empty() ? x : static_cast<double>(order(x) - distinct.begin());
  };
  for (Series& series : figure.series) {
    for (double& x : series.x) x = place(x);
  }
  for (Mark& mark : figure.marks) {
    const auto here = order(mark.x);
    const double before = here == distinct.begin() ? mark.x : *std::prev(here);
    mark.x = (place(before) + place(mark.x)) / 2;
  }
  return figure;
}

/// The words of a tick, each on its line, in the middle below it.
struct TickLabel {
  double tick = 0, x = 0;
  std::vector<std::string> lines;

  double width() const {
    double widest = 0;
    for (const std::string& line : lines) widest = std::max(widest, text_width(line, kDigit));
    return widest;
  }
};

/// Every `stride`-th label, moved into the picture; empty if they would touch.
std::vector<TickLabel> spaced_labels(const Frame& frame, size_t stride, bool broken) {
  std::vector<TickLabel> labels;
  double free = 0;
  for (size_t i = 0; i < frame.x.ticks.size(); i += stride) {
    const std::string& text = frame.x.labels[i];
    TickLabel label{frame.x.ticks[i], frame.px(frame.x.ticks[i]),
                    broken ? wrapped(text, 1) : std::vector<std::string>{text}};
    label.x = std::min(label.x, kWidth - label.width() / 2);
    if (!labels.empty() && label.x - label.width() / 2 < free + kLetter) return {};
    free = label.x + label.width() / 2;
    labels.push_back(std::move(label));
  }
  return labels;
}

/// Named ticks as they can be read: side by side, else word below word, else with some left out.
std::vector<TickLabel> tick_labels(const Figure& figure, const Frame& frame) {
  std::vector<TickLabel> labels;
  if (figure.x_ticks.empty()) {
    for (size_t i = 0; i < frame.x.ticks.size(); ++i)
      labels.push_back({frame.x.ticks[i], frame.px(frame.x.ticks[i]), {frame.x.labels[i]}});
    return labels;
  }
  labels = spaced_labels(frame, 1, false);
  for (size_t stride = 1; labels.empty() && stride <= frame.x.ticks.size(); ++stride)
    labels = spaced_labels(frame, stride, true);
  return labels;
}

std::string draw_x_ticks(const std::vector<TickLabel>& labels, const Frame& frame) {
  std::string out;
  for (const TickLabel& label : labels) {
    for (size_t i = 0; i < label.lines.size(); ++i)
      out += text_at(label.x, frame.bottom + 21 + kLine * static_cast<double>(i), "middle", label.lines[i]);
  }
  return out;
}

std::string draw_axes(const Figure& figure, const std::vector<TickLabel>& labels, double bottom,
                      const Frame& frame) {
  std::string out = "<g stroke=\"currentColor\" stroke-width=\"1\">\n";
  for (const double tick : frame.y.ticks) {
    out += fmt::format("<path d=\"M{:.1f} {:.1f}H{:.1f}\" opacity=\"0.15\"/>\n", frame.left, frame.py(tick),
                       frame.right);
  }
  for (const TickLabel& label : labels) {
    out +=
        fmt::format("<path d=\"M{:.1f} {:.1f}v5\" opacity=\"0.6\"/>\n", frame.px(label.tick), frame.bottom);
  }
  out += fmt::format("<path d=\"M{:.1f} {:.1f}V{:.1f}H{:.1f}\" fill=\"none\" opacity=\"0.6\"/>\n</g>\n",
                     frame.left, frame.top, frame.bottom, frame.right);
  for (size_t i = 0; i < frame.y.ticks.size(); ++i) {
    out += text_at(frame.left - 7, frame.py(frame.y.ticks[i]) + 5, "end", frame.y.labels[i]);
  }
  out += draw_x_ticks(labels, frame);
  out += text_at((frame.left + frame.right) / 2, bottom - 7, "middle", figure.x_label);
  const double middle = (frame.top + frame.bottom) / 2;
  double x = 12;
  for (const std::string& line : wrapped(figure.y_label, kVerticalLetters)) {
    out += text_at(x, middle, "middle", line,
                   fmt::format(" transform=\"rotate(-90 {:.0f} {:.1f})\"", x, middle));
    x += kLine;
  }
  return out;
}

std::string draw_marks(const Figure& figure, const Frame& frame) {
  std::string out;
  for (const Mark& mark : figure.marks) {
    out += fmt::format("<g class=\"mark\"><title>{}</title>\n{}</g>\n", escape_xml(mark.title),
                       stroke(fmt::format("M{:.1f} {:.1f}V{:.1f}", frame.px(mark.x), frame.top, frame.bottom),
                              colour_of(figure, mark.colour), kDashes));
  }
  return out;
}

std::string draw_band(const Series& series, const Frame& frame, const char* fill) {
  std::string points;
  for (size_t i = 0; i < series.x.size(); ++i) {
    points += fmt::format("{:.1f},{:.1f} ", frame.px(series.x[i]), frame.py(series.intervals[i].high));
  }
  for (size_t i = series.x.size(); i-- > 0;) {
    points += fmt::format("{:.1f},{:.1f} ", frame.px(series.x[i]), frame.py(series.intervals[i].low));
  }
  return fmt::format("<polygon points=\"{}\" fill=\"{}\" opacity=\"0.2\"/>\n", points, fill);
}

std::string error_bar(double x, double low, double high) {
  return fmt::format("M{0:.1f} {1:.1f}h7m-3.5 0V{2:.1f}m-3.5 0h7", x - 3.5, low, high);
}

std::string draw_points(const Series& series, size_t index, double shift, const Frame& frame) {
  const bool marked = series.x.size() <= kMostMarkers;
  const bool bars = !series.intervals.empty();
  std::string line, bar_path, markers;
  for (size_t i = 0; i < series.x.size(); ++i) {
    const double x = frame.px(series.x[i]) + shift, y = frame.py(series.y[i]);
    line += fmt::format("{}{:.1f} {:.1f}", i == 0 ? "M" : "L", x, y);
    if (!marked) continue;
    markers += marker(index, x, y);
    if (bars) bar_path += error_bar(x, frame.py(series.intervals[i].low), frame.py(series.intervals[i].high));
  }
  std::string out = bars && !marked ? draw_band(series, frame, colour(index)) : "";
  out += stroke(line, colour(index));
  if (!bar_path.empty()) {
    out += fmt::format("<path class=\"bars\" d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.3\"/>\n",
                       bar_path, colour(index));
  }
  return out + markers;
}

bool has_bars(const Series& series) {
  return !series.level && !series.intervals.empty() && series.x.size() <= kMostMarkers;
}

/// Series whose bars would cover each other stand a little to the side of their x, evenly to both.
std::string draw_all_series(const Figure& figure, const Frame& frame) {
  const auto barred = std::count_if(figure.series.begin(), figure.series.end(), has_bars);
  double place = -(static_cast<double>(barred) - 1) / 2;
  std::string out;
  for (size_t s = 0; s < figure.series.size(); ++s) {
    const Series& series = figure.series[s];
    if (series.x.empty()) continue;
    out += fmt::format("<g class=\"series\"><title>{}</title>\n", escape_xml(series.name));
    if (series.level) {
      out += stroke(fmt::format("M{:.1f} {:.1f}H{:.1f}", frame.left, frame.py(series.y[0]), frame.right),
                    colour_of(figure, s), kDashes);
    } else {
      out += draw_points(series, s, has_bars(series) ? kDodge * place++ : 0, frame);
    }
    out += "</g>\n";
  }
  return out;
}

}  // namespace

std::string to_svg(const Figure& original) {
  const std::vector<double> distinct = distinct_x(original);
  check(original, distinct);
  const Figure figure = placed(original, distinct);
  double y = 0;
  const std::string heading = draw_heading(figure, y);

  Frame frame{0, y + 8, kWidth - kRight, y + 8 + kPlotHeight, x_scale(original, distinct), y_scale(figure)};
  double widest = 0;
  for (const std::string& label : frame.y.labels) widest = std::max(widest, text_width(label));
  const auto lines = static_cast<double>(wrapped(figure.y_label, kVerticalLetters).size());
  frame.left = 36 + kLine * (lines - 1) + widest;
  const std::vector<TickLabel> labels = tick_labels(figure, frame);
  size_t tick_lines = 1;
  for (const TickLabel& label : labels) tick_lines = std::max(tick_lines, label.lines.size());
  const double bottom = frame.bottom + kBottom + kLine * static_cast<double>(tick_lines - 1);
  const std::string body = heading + draw_axes(figure, labels, bottom, frame) + draw_marks(figure, frame) +
                           draw_all_series(figure, frame);
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {:.0f} {:.0f}\" role=\"img\" "
      "font-family=\"system-ui, sans-serif\" font-size=\"14\" "
      "fill=\"currentColor\">\n<title>{}</title>\n{}</svg>\n",
      kWidth, bottom, escape_xml(figure.title), body);
}

}  // namespace repbench
