#include <algorithm>
#include <opencv2/imgproc.hpp>
#include <stdexcept>

#include "reports/picture.h"

namespace repbench {
namespace {

constexpr int kGap = 2;
constexpr double kLetters = 0.4;  // OpenCV's own font, which knows ASCII alone
constexpr int kLineHeight = 16;

/// Grey or colour as RGB; OpenCV reads the pixels in place.
cv::Mat as_rgb(const Pixels& pixels) {
  const size_t size = size_t(pixels.height) * size_t(pixels.width) * size_t(pixels.channels);
  if (size == 0 || pixels.data.size() != size) {
    throw std::invalid_argument(
        "[contact_sheet] expected pictures of height x width x channels bytes; got others");
  }
  const int type = pixels.channels == 1 ? CV_8UC1 : CV_8UC3;
  cv::Mat view(pixels.height, pixels.width, type, const_cast<uint8_t*>(pixels.data.data()));
  if (pixels.channels == 3) return view;
  cv::Mat rgb;
  cv::cvtColor(view, rgb, cv::COLOR_GRAY2RGB);
  return rgb;
}

cv::Size largest(const Sheet& sheet) {
  cv::Size size(0, 0);
  for (const auto& row : sheet.rows) {
    for (const Pixels& picture : row) {
      size.width = std::max(size.width, picture.width);
      size.height = std::max(size.height, picture.height);
    }
  }
  return size;
}

/// As large as fits into the cell, its shape kept.
void draw(const Pixels& picture, const cv::Rect& cell, cv::Mat& all) {
  const double scale = std::min(static_cast<double>(cell.width) / picture.width,
                                static_cast<double>(cell.height) / picture.height);
  const cv::Size size(std::max(1, static_cast<int>(picture.width * scale)),
                      std::max(1, static_cast<int>(picture.height * scale)));
  cv::Mat enlarged;
  cv::resize(as_rgb(picture), enlarged, size, 0, 0, cv::INTER_NEAREST);
  enlarged.copyTo(all(cv::Rect(cell.tl(), size)));
}

int caption_width(const Sheet& sheet) {
  int width = 0;
  for (const std::string& caption : sheet.captions) {
    width =
        std::max(width, cv::getTextSize(caption, cv::FONT_HERSHEY_SIMPLEX, kLetters, 1, nullptr).width + 8);
  }
  return width;
}

Pixels pixels_of(const cv::Mat& rgb) {
  return {rgb.rows, rgb.cols, 3, std::vector<uint8_t>(rgb.datastart, rgb.dataend)};
}

}  // namespace

Pixels contact_sheet(const Sheet& sheet, int scale) {
  if (sheet.rows.empty() || sheet.columns.empty() || scale < 1) {
    throw std::invalid_argument("[contact_sheet] expected at least one picture and a scale from 1; got none");
  }
  const bool captioned = !sheet.captions.empty();
  const int down = static_cast<int>(captioned ? sheet.rows.size() : sheet.columns.size());
  const int across = static_cast<int>(captioned ? sheet.columns.size() : sheet.rows.size());
  const cv::Size picture = largest(sheet);
  const int width = picture.width * scale;
  const int height = captioned ? std::max(kLineHeight, picture.height * scale) : picture.height * scale;
  const int left = caption_width(sheet);
  cv::Mat all(down * (height + kGap) - kGap, left + across * (width + kGap) - kGap, CV_8UC3,
              cv::Scalar::all(255));
  for (int y = 0; y < down; ++y) {
    for (int x = 0; x < across; ++x) {
      const auto row = static_cast<size_t>(captioned ? y : x),
                 column = static_cast<size_t>(captioned ? x : y);
      draw(sheet.rows[row].at(column), {left + x * (width + kGap), y * (height + kGap), width, height}, all);
    }
    if (captioned) {
      cv::putText(all, sheet.captions.at(static_cast<size_t>(y)), {2, y * (height + kGap) + height / 2 + 5},
                  cv::FONT_HERSHEY_SIMPLEX, kLetters, cv::Scalar::all(0), 1, cv::LINE_AA);
    }
  }
  return pixels_of(all);
}

}  // namespace repbench
