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

void check(const Sheet& sheet) {
  const bool even = (sheet.captions.empty() || sheet.captions.size() == sheet.rows.size()) &&
                    (sheet.texts.empty() || sheet.texts.size() == sheet.rows.size());
  if (even) return;
  throw std::invalid_argument(
      fmt::format("[sheet] {}: expected no captions and texts, or one for each of {} rows; got {} and {}",
                  sheet.title, sheet.rows.size(), sheet.captions.size(), sheet.texts.size()));
}

std::string picture_tag(const Pixels& pixels, int shown_height, const std::string& description) {
  const int whole = std::clamp((kShownHeight + pixels.height - 1) / std::max(1, pixels.height), 1, 16);
  const int height = shown_height > 0 ? shown_height : pixels.height * whole;
  return fmt::format("<img src=\"data:image/png;base64,{}\" width=\"{}\" height=\"{}\" alt=\"{}\">",
                     base64(to_png(pixels)), pixels.width * height / std::max(1, pixels.height), height,
                     escape_xml(description));
}

std::string picture_cell(const Sheet& sheet, size_t row, size_t column) {
  const std::string which = sheet.captions.empty() ? fmt::format("picture {}", row + 1) : sheet.captions[row];
  std::string out = "<td>" + picture_tag(sheet.rows[row].at(column), sheet.shown_height,
                                         sheet.columns[column] + ", " + which);
  if (!sheet.texts.empty()) out += "<span>" + escape_xml(sheet.texts.at(row).at(column)) + "</span>";
  return out + "</td>";
}

/// One line a column ("original"), the sheet's rows side by side: few lines, many pictures.
std::string lines_of_columns(const Sheet& sheet) {
  std::string out;
  for (size_t column = 0; column < sheet.columns.size(); ++column) {
    out += fmt::format("<tr><th scope=\"row\">{}</th>", escape_xml(sheet.columns[column]));
    for (size_t row = 0; row < sheet.rows.size(); ++row) out += picture_cell(sheet, row, column);
    out += "</tr>\n";
  }
  return out;
}

std::string lines_of_rows(const Sheet& sheet) {
  std::string out = "<tr><th></th>";
  for (const std::string& column : sheet.columns) out += "<th scope=\"col\">" + escape_xml(column) + "</th>";
  out += "</tr>\n";
  for (size_t row = 0; row < sheet.rows.size(); ++row) {
    out += fmt::format("<tr><th scope=\"row\" class=\"caption\">{}</th>", escape_xml(sheet.captions[row]));
    for (size_t column = 0; column < sheet.columns.size(); ++column) out += picture_cell(sheet, row, column);
    out += "</tr>\n";
  }
  return out;
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
  cv::imencode(".png", picture, bytes, {cv::IMWRITE_PNG_COMPRESSION, 9});
  return {bytes.begin(), bytes.end()};
}

std::string to_html(const Sheet& sheet) {
  check(sheet);
  std::string out = fmt::format(
      "<figure class=\"sheet\">\n<figcaption>{}</figcaption>\n<div class=\"scroll\" "
      "tabindex=\"0\"><table>\n",
      escape_xml(sheet.title));
  out += sheet.captions.empty() ? lines_of_columns(sheet) : lines_of_rows(sheet);
  out += "</table></div>\n";
  if (!sheet.note.empty()) out += fmt::format("<p class=\"note\">{}</p>\n", escape_xml(sheet.note));
  return out + "</figure>\n";
}

}  // namespace repbench
