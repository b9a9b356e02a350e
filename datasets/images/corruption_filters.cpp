#include "datasets/images/corruption_filters.h"

#include <cmath>
#include <numbers>
#include <opencv2/imgproc.hpp>
#include <vector>

namespace repbench {

cv::Mat shares_of(const PixelBuffer& pixels) {
  cv::Mat shares(pixels.height, pixels.width, CV_64FC(pixels.channels));
  auto* out = shares.ptr<double>();
  for (size_t i = 0; i < pixels.bytes(); ++i) out[i] = pixels.data[i] / 255.0;
  return shares;
}

void store(const cv::Mat& shares, const PixelBuffer& pixels) {
  const cv::Mat whole = shares.isContinuous() ? shares : shares.clone();
  const auto* in = whole.ptr<double>();
  for (size_t i = 0; i < pixels.bytes(); ++i)
    pixels.data[i] = static_cast<uint8_t>(std::clamp(in[i], 0.0, 1.0) * 255.0);
}

cv::Mat normal_layer(const PixelBuffer& like, double mean, double deviation, RandomStream& stream) {
  cv::Mat layer(like.height, like.width, CV_64F);
  for (size_t i = 0; i < like.count(); ++i) layer.ptr<double>()[i] = mean + deviation * stream.normal();
  return layer;
}

cv::Mat uniform_layer(const PixelBuffer& like, RandomStream& stream) {
  cv::Mat layer(like.height, like.width, CV_64F);
  for (size_t i = 0; i < like.count(); ++i) layer.ptr<double>()[i] = stream.uniform(-1.0, 1.0);
  return layer;
}

cv::Mat smoothed(const cv::Mat& values, double deviation, double truncate, int border) {
  const int reach = static_cast<int>(truncate * deviation + 0.5);
  if (reach < 1) return values.clone();
  cv::Mat result;
  cv::GaussianBlur(values, result, {2 * reach + 1, 2 * reach + 1}, deviation, deviation, border);
  return result;
}

void sample_linear(const cv::Mat& values, double y, double x, double* output) {
  const int top = static_cast<int>(std::floor(y)), left = static_cast<int>(std::floor(x));
  const double down = y - top, right = x - left;
  const auto place = [](int at, int length) { return cv::borderInterpolate(at, length, cv::BORDER_REFLECT); };
  const auto* upper = values.ptr<double>(place(top, values.rows));
  const auto* lower = values.ptr<double>(place(top + 1, values.rows));
  const int channels = values.channels();
  const int a = channels * place(left, values.cols), b = channels * place(left + 1, values.cols);
  for (int c = 0; c < channels; ++c) {
    const double above = upper[a + c] + right * (upper[b + c] - upper[a + c]);
    const double below = lower[a + c] + right * (lower[b + c] - lower[a + c]);
    output[c] = above + down * (below - above);
  }
}

cv::Mat zoomed(const cv::Mat& values, double factor) {
  struct Axis {
    int length, start, trim;
    double step;  // of the source a pixel

    Axis(int side, double factor) : length(static_cast<int>(std::ceil(side / factor))) {
      const int enlarged = static_cast<int>(std::nearbyint(length * factor));
      start = (side - length) / 2;
      trim = (enlarged - side) / 2;
      step = enlarged > 1 ? (length - 1.0) / (enlarged - 1.0) : 0.0;
    }
  };
  const Axis rows(values.rows, factor), columns(values.cols, factor);
  const cv::Mat centre = values(cv::Rect(columns.start, rows.start, columns.length, rows.length));
  cv::Mat result(values.rows, values.cols, values.type());
  for (int y = 0; y < values.rows; ++y) {
    for (int x = 0; x < values.cols; ++x) {
      sample_linear(centre, (y + rows.trim) * rows.step, (x + columns.trim) * columns.step,
                    result.ptr<double>(y) + x * values.channels());
    }
  }
  return result;
}

cv::Mat motion_blurred(const cv::Mat& bytes, double radius, double deviation, double angle) {
  const int length = 2 * static_cast<int>(std::ceil(radius)) + 1;
  std::vector<double> weights;
  double sum = 0;
  for (int i = 0; i < length; ++i) {
    weights.push_back(std::exp(-i * i / (2 * deviation * deviation)));
    sum += weights.back();
  }
  cv::Mat padded, total = cv::Mat::zeros(bytes.rows, bytes.cols, bytes.type());
  cv::copyMakeBorder(bytes, padded, length, length, length, length, cv::BORDER_REPLICATE);
  const double turn = angle * std::numbers::pi / 180.0;
  for (int i = 0; i < length; ++i) {
    const int x = static_cast<int>(std::ceil(i * std::cos(turn) - 0.5));
    const int y = static_cast<int>(std::ceil(i * std::sin(turn) - 0.5));
    cv::scaleAdd(padded(cv::Rect(length + x, length + y, bytes.cols, bytes.rows)),
                 weights[static_cast<size_t>(i)] / sum, total, total);
  }
  constexpr double kQuanta = 257;  // of its 16 bits in a level of 8
  auto* value = total.ptr<double>();
  for (size_t i = 0; i < total.total() * static_cast<size_t>(total.channels()); ++i)
    value[i] = std::floor(std::floor(value[i] * kQuanta + 0.5) / kQuanta);
  return total;
}

}  // namespace repbench
