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

/// A row with words and one with a picture of another size.
Sheet captioned_sheet() {
  return {"found",
          "",
          {"1", "2"},
          {{gradient(4, 5, 3), gradient(4, 5, 1)}, {gradient(2, 2, 1), gradient(1, 1, 3)}},
          {"a <red> circle", "a blue square"},
          {{"0.31", ""}, {"0.2", "0.1"}},
          30};
}

cv::Mat decoded(const std::string& png) {
  return cv::imdecode(std::vector<uchar>(png.begin(), png.end()), cv::IMREAD_UNCHANGED);
}

template <class Edit>
std::string reading_error_after(Edit edit) {
  const ScratchFolder folder;
  write_sheets(folder / "sheet.json", {small_sheet()});
  Json document = read_json(folder / "sheet.json");
  edit(document["sheets"][0]);
  write_file_atomically(folder / "sheet.json", document.dump());
  return error_message<std::invalid_argument>([&] { read_sheets(folder / "sheet.json"); });
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
  write_sheets(folder / "deep/sheet.json", {written, captioned_sheet()});
  const std::vector<Sheet> read = read_sheets(folder / "deep/sheet.json");
  ASSERT_EQ(read.size(), 2u);
  EXPECT_EQ(read[0].title, written.title);
  EXPECT_EQ(read[0].note, written.note);
  EXPECT_EQ(read[0].columns, written.columns);
  EXPECT_EQ(read[0].rows, written.rows);
  EXPECT_TRUE(read[0].captions.empty());
  EXPECT_EQ(read[1].rows, captioned_sheet().rows);
  EXPECT_EQ(read[1].captions, captioned_sheet().captions);
  EXPECT_EQ(read[1].texts, captioned_sheet().texts);
  EXPECT_EQ(read[1].shown_height, 30);
}

TEST(Sheet, AloneInAFileIsReadAsThePreviousVersionWroteIt) {
  const ScratchFolder folder;
  write_sheets(folder / "sheet.json", {small_sheet()});
  const Json document = read_json(folder / "sheet.json");
  write_file_atomically(folder / "sheet.json", document["sheets"][0].dump());
  const std::vector<Sheet> read = read_sheets(folder / "sheet.json");
  ASSERT_EQ(read.size(), 1u);
  EXPECT_EQ(read[0].rows, small_sheet().rows);
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
  EXPECT_PRED2(contains, reading_error_after([](Json& json) { json.erase("note"); }), "note");
  EXPECT_PRED2(contains, reading_error_after([](Json& json) { json["captions"] = {"one"}; }),
               "expected 2 texts, one a row, at sheets[0].captions");
  EXPECT_PRED2(contains, reading_error_after([](Json& json) {
                 json["texts"] = {{"a", "b"}, {"c"}};
               }),
               "texts[1]");
  EXPECT_PRED2(contains, reading_error_after([](Json& json) { json["shown_height"] = 0; }), "shown_height");
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

TEST(Sheet, WithCaptionsHasALineARow) {
  const std::string html = to_html(captioned_sheet());
  EXPECT_PRED2(contains, html, "<th scope=\"row\" class=\"caption\">a &lt;red&gt; circle</th>");
  EXPECT_PRED2(contains, html, "<th scope=\"col\">2</th>");
  EXPECT_PRED2(contains, html, "width=\"37\" height=\"30\"");
  EXPECT_PRED2(contains, html, "<span>0.31</span>");
  Sheet uneven = captioned_sheet();
  uneven.captions.pop_back();
  EXPECT_THROW(to_html(uneven), std::invalid_argument);
}

TEST(ContactSheet, PutsPicturesOfAllSizesAndColoursIntoEqualCells) {
  const Pixels lines = contact_sheet(small_sheet());
  EXPECT_EQ(lines.height, 4 + 2 + 4);
  EXPECT_EQ(lines.width, 5 + 2 + 5);
  EXPECT_EQ(lines.channels, 3);
  EXPECT_EQ(contact_sheet(small_sheet(), 3).height, 12 + 2 + 12);
  EXPECT_EQ(lines.data[0], 0) << "the first picture's first pixel";
  EXPECT_EQ(lines.data[5 * 3], 255) << "the gap";
  const Pixels rows = contact_sheet(captioned_sheet(), 4);
  EXPECT_EQ(rows.height, 16 + 2 + 16);
  EXPECT_GT(rows.width, 20 + 2 + 20 + 50) << "room for the captions";
}

}  // namespace
}  // namespace repbench
