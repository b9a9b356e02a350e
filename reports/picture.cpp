#include "reports/picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <stdexcept>

#include "reports/escape.h"

namespace repbench {
namespace {

constexpr int kShownHeight = 84;  // pixels, about

/// OpenCV reads the pixels in place and stores BGR.
cv::Mat as_bgr(const Pixels& pixels) {
  const int type = pixels.channels == 1 ? CV_8UC1 : CV_8UC3;
  const cv::Mat view(pixels.height, pixels.width, type, const_cast<uint8_t*>(pixels.data.data()));
  if (pixels.channels == 1) return view;
  cv::Mat bgr;
  cv::cvtColor(view, bgr, cv::COLOR_RGB2BGR);
  return bgr;
}

void check(const Pixels& pixels) {
  const bool possible =
      pixels.height > 0 && pixels.width > 0 && (pixels.channels == 1 || pixels.channels == 3);
  const size_t size = possible ? size_t(pixels.height) * size_t(pixels.width) * size_t(pixels.channels) : 0;
  if (possible && pixels.data.size() == size) return;
  throw std::invalid_argument(
      fmt::format("[picture] expected height x width x (1 or 3) bytes; got {} x {} x {} and {} bytes",
                  pixels.height, pixels.width, pixels.channels, pixels.data.size()));
}

std::string picture_tag(const Pixels& pixels, const std::string& description) {
  const int scale = std::clamp((kShownHeight + pixels.height - 1) / std::max(1, pixels.height), 1, 16);
  return fmt::format("<img src=\"data:image/png;base64,{}\" width=\"{}\" height=\"{}\" alt=\"{}\">",
                     base64(to_png(pixels)), pixels.width * scale, pixels.height * scale,
                     escape_xml(description));
}

}  // namespace

std::string to_png(const Pixels& pixels, int scale) {
  check(pixels);
  if (scale < 1)
    throw std::invalid_argument(fmt::format("[to_png] expected a scale of at least 1; got {}", scale));
  cv::Mat picture = as_bgr(pixels);
  if (scale > 1) {
    cv::Mat enlarged;
    cv::resize(picture, enlarged, {}, scale, scale, cv::INTER_NEAREST);
    picture = enlarged;
  }
  std::vector<uchar> bytes;
  cv::imencode(".png", picture, bytes);
  return {bytes.begin(), bytes.end()};
}

Pixels contact_sheet(const Sheet& sheet) {
  constexpr int kGap = 2;
  if (sheet.rows.empty() || sheet.columns.empty()) {
    throw std::invalid_argument("[contact_sheet] expected at least one picture; got none");
  }
  const Pixels& first = sheet.rows.front().at(0);
  const int rows = static_cast<int>(sheet.columns.size()), columns = static_cast<int>(sheet.rows.size());
  Pixels all{rows * (first.height + kGap) - kGap, columns * (first.width + kGap) - kGap, first.channels, {}};
  all.data.assign(static_cast<size_t>(all.height) * static_cast<size_t>(all.width * all.channels), 255);
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < columns; ++column) {
      const Pixels& picture = sheet.rows[static_cast<size_t>(column)].at(static_cast<size_t>(row));
      check(picture);
      const auto line = static_cast<size_t>(picture.width * picture.channels);
      for (int y = 0; y < picture.height; ++y) {
        const int target = (row * (first.height + kGap) + y) * all.width + column * (first.width + kGap);
        std::copy_n(picture.data.begin() + static_cast<int64_t>(line) * y, line,
                    all.data.begin() + static_cast<int64_t>(target) * all.channels);
      }
    }
  }
  return all;
}

/// One line a column ("original"), the sheet's rows side by side: few lines, many pictures.
std::string to_html(const Sheet& sheet) {
  std::string out =
      fmt::format("<figure class=\"sheet\">\n<figcaption>{}</figcaption>\n<div class=\"scroll\"><table>\n",
                  escape_xml(sheet.title));
  for (size_t column = 0; column < sheet.columns.size(); ++column) {
    out += fmt::format("<tr><th scope=\"row\">{}</th>", escape_xml(sheet.columns[column]));
    for (size_t row = 0; row < sheet.rows.size(); ++row) {
      const std::string description = fmt::format("{}, picture {}", sheet.columns[column], row + 1);
      out += "<td>" + picture_tag(sheet.rows[row].at(column), description) + "</td>";
    }
    out += "</tr>\n";
  }
  out += "</table></div>\n";
  if (!sheet.note.empty()) out += fmt::format("<p class=\"note\">{}</p>\n", escape_xml(sheet.note));
  return out + "</figure>\n";
}

}  // namespace repbench
