#include "reports/picture.h"

#include <gtest/gtest.h>

#include <numeric>
#include <opencv2/imgcodecs.hpp>

#include "files/atomic.h"
#include "files/json.h"
#include "tests/files/error_message.h"
#include "tests/files/scratch_folder.h"

namespace repbench {
namespace {

Pixels gradient(int height, int width, int channels) {
  Pixels pixels{height, width, channels,
                std::vector<uint8_t>(static_cast<size_t>(height * width * channels))};
  std::iota(pixels.data.begin(), pixels.data.end(), uint8_t{0});
  return pixels;
}

Sheet small_sheet() {
  return {"MAE & more",
          "a note",
          {"original", "masked"},
          {{gradient(4, 5, 3), gradient(4, 5, 1)}, {gradient(2, 2, 1), gradient(2, 2, 1)}}};
}

cv::Mat decoded(const std::string& png) {
  return cv::imdecode(std::vector<uchar>(png.begin(), png.end()), cv::IMREAD_UNCHANGED);
}

template <class Edit>
std::string reading_error_after(Edit edit) {
  const ScratchFolder folder;
  write_sheet(folder / "sheet.json", small_sheet());
  Json document = read_json(folder / "sheet.json");
  edit(document);
  write_file_atomically(folder / "sheet.json", document.dump());
  return error_message<std::invalid_argument>([&] { read_sheet(folder / "sheet.json"); });
}

TEST(Png, KeepsEveryPixelOfAGreyAndOfAColourPicture) {
  const Pixels grey = gradient(3, 5, 1);
  const cv::Mat grey_read = decoded(to_png(grey));
  ASSERT_EQ(grey_read.type(), CV_8UC1);
  for (int i = 0; i < 15; ++i)
    EXPECT_EQ(grey_read.at<uchar>(i / 5, i % 5), grey.data[static_cast<size_t>(i)]);
  const Pixels colour = gradient(3, 5, 3);
  const cv::Mat bgr = decoded(to_png(colour));
  ASSERT_EQ(bgr.type(), CV_8UC3);
  EXPECT_EQ(bgr.at<cv::Vec3b>(1, 2), cv::Vec3b(23, 22, 21));  // OpenCV's order
}

TEST(Png, EnlargesWithoutSmoothing) {
  const Pixels pixels = gradient(2, 3, 1);
  const cv::Mat read = decoded(to_png(pixels, 4));
  ASSERT_EQ(read.rows, 8);
  ASSERT_EQ(read.cols, 12);
  for (int y = 0; y < 8; ++y) {
    for (int x = 0; x < 12; ++x)
      EXPECT_EQ(read.at<uchar>(y, x), pixels.data[static_cast<size_t>(y / 4 * 3 + x / 4)]);
  }
}

TEST(Png, RefusesAPictureOfAnotherSize) {
  Pixels pixels = gradient(2, 3, 1);
  pixels.data.pop_back();
  EXPECT_THROW(to_png(pixels), std::invalid_argument);
  EXPECT_THROW(to_png(Pixels{}), std::invalid_argument);
  EXPECT_THROW(to_png(gradient(2, 2, 2)), std::invalid_argument);
  EXPECT_THROW(to_png(gradient(2, 2, 1), 0), std::invalid_argument);
}

TEST(Base64, EqualsTheVectorsOfRfc4648AndComesBack) {
  const std::vector<std::pair<std::string, std::string>> vectors = {{"", ""},
                                                                    {"f", "Zg=="},
                                                                    {"fo", "Zm8="},
                                                                    {"foo", "Zm9v"},
                                                                    {"foob", "Zm9vYg=="},
                                                                    {"fooba", "Zm9vYmE="},
                                                                    {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) {
    EXPECT_EQ(base64(bytes), text);
    EXPECT_EQ(from_base64(text), bytes);
  }
  std::string all(256, '\0');
  std::iota(all.begin(), all.end(), static_cast<char>(0));
  EXPECT_EQ(from_base64(base64(all)), all);
}

TEST(Base64, RefusesWhatIsNot) {
  for (const char* text : {"Zg=", "Zg", "Z===", "====", "Zm9v Zg=", "Zm=v", "Zm9\n", "Zm-_", "Zm8=Zm8="}) {
    EXPECT_THROW(from_base64(text), std::invalid_argument) << text;
  }
}

TEST(Sheet, ComesBackAsItWasWritten) {
  const ScratchFolder folder;
  const Sheet written = small_sheet();
  write_sheet(folder / "deep/sheet.json", written);
  const Sheet read = read_sheet(folder / "deep/sheet.json");
  EXPECT_EQ(read.title, written.title);
  EXPECT_EQ(read.note, written.note);
  EXPECT_EQ(read.columns, written.columns);
  ASSERT_EQ(read.rows.size(), 2u);
  EXPECT_EQ(read.rows[0][0].channels, 3);
  EXPECT_EQ(read.rows[0][0].data, written.rows[0][0].data);
  EXPECT_EQ(read.rows[1][1].data, written.rows[1][1].data);
}

TEST(Sheet, OfABrokenFileIsRefusedWithTheKey) {
  EXPECT_PRED2(contains, reading_error_after([](Json& json) { json["rows"][0][1]["data"] = "Zg=="; }),
               "rows[0][1].data");
  EXPECT_PRED2(contains, reading_error_after([](Json& json) { json["rows"][0][1]["data"] = "?"; }),
               "rows[0][1].data");
  EXPECT_PRED2(contains, reading_error_after([](Json& json) { json["rows"][0][1]["height"] = 1 << 30; }),
               "rows[0][1].height");
  EXPECT_PRED2(contains, reading_error_after([](Json& json) { json["rows"][0][1]["channels"] = 2; }),
               "channels");
  EXPECT_PRED2(contains, reading_error_after([](Json& json) { json["rows"][1].erase(0); }), "rows[1]");
  EXPECT_PRED2(contains, reading_error_after([](Json& json) { json.erase("title"); }), "title");
}

TEST(Sheet, BecomesAFigureWithEveryPictureInside) {
  const std::string html = to_html(small_sheet());
  size_t pictures = 0;
  for (size_t at = html.find("<img src=\"data:image/png;base64,"); at != std::string::npos;
       at = html.find("<img", at + 1))
    ++pictures;
  EXPECT_EQ(pictures, 4u);
  EXPECT_PRED2(contains, html, "MAE &amp; more");
  EXPECT_PRED2(contains, html, "alt=\"masked, picture 2\"");
}

}  // namespace
}  // namespace repbench
