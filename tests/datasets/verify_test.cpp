#include "datasets/verify.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "files/atomic.h"
#include "tests/datasets/golden.h"
#include "tests/files/error_message.h"
#include "tests/files/scratch_folder.h"

namespace repbench {
namespace {

std::string picture(const std::string& name) { return read_file(golden_folder() / "jpeg" / name); }

class VerifyData : public testing::Test {
 protected:
  void put(const std::string& path, const std::string& content) {
    write_file_atomically(folder_ / path, content);
  }

  DataReport verify(const std::vector<std::string>& names = {"train", "test"}, int workers = 2) {
    std::vector<std::shared_ptr<const Dataset>> splits;
    for (const std::string& name : names)
      splits.push_back(open_with_problems({"image_folder", folder_.path().string()}, name));
    return verify_data(splits, {.workers = workers, .nearness = {}});
  }

  static std::vector<std::string> lines(const DataReport& report) {
    std::vector<std::string> lines;
    for (const DataFinding& finding : report.findings)
      lines.push_back(finding.kind + ": " + finding.where + ": " + finding.text);
    return lines;
  }

  ScratchFolder folder_;
};

TEST_F(VerifyData, FindsNothingWrongWithWholeAndDifferentPictures) {
  put("train/cat/a.jpg", picture("420.jpg"));
  put("train/dog/a.jpg", picture("grey.jpg"));
  put("test/cat/a.png", picture("palette.png"));
  put("test/dog/a.png", picture("grey16.png"));
  const DataReport report = verify();
  EXPECT_EQ(lines(report), std::vector<std::string>{});
  EXPECT_FALSE(report.has_problems());
  ASSERT_EQ(report.splits.size(), 2U);
  EXPECT_EQ(report.splits[0].name, "train");
  EXPECT_EQ(report.splits[0].examples, 2);
  EXPECT_EQ(report.splits[0].classes.counts, (std::vector<int64_t>{1, 1}));
  EXPECT_EQ(report.splits[0].formats, (std::vector<std::pair<std::string, int64_t>>{{"JPEG", 2}}));
  EXPECT_EQ(report.splits[1].formats, (std::vector<std::pair<std::string, int64_t>>{{"PNG", 2}}));
  EXPECT_EQ(report.splits[0].contents_sha256.size(), 64U);
}

TEST_F(VerifyData, NamesEveryBrokenPicture) {
  const std::string whole = picture("420.jpg");
  put("train/cat/cut.jpg", whole.substr(0, whole.size() / 2));
  put("train/cat/empty.png", "");
  put("train/cat/text.jpg", "not a picture");
  put("train/cat/whole.jpg", whole);
  const DataReport report = verify({"train"});
  const std::vector<std::string> found = lines(report);
  ASSERT_EQ(found.size(), 3U);
  EXPECT_PRED2(contains, found[0], "broken picture: train/cat/cut.jpg: [decode] train/cat/cut.jpg: expected");
  EXPECT_PRED2(contains, found[1], "train/cat/empty.png");
  EXPECT_PRED2(contains, found[2], "train/cat/text.jpg");
  EXPECT_TRUE(report.has_problems());
  EXPECT_EQ(report.splits[0].broken, 3);
}

TEST_F(VerifyData, NamesPicturesThatDecodersReadOverTheDamageOf) {
  std::string jpeg = picture("420.jpg"), png = picture("rgb.png");
  jpeg.insert(jpeg.size() - 2, "meaningless");  // before the end marker
  png[png.size() - 14] ^= 1;                    // the CRC of the pixels
  put("train/cat/a.jpg", jpeg);
  put("train/cat/b.png", png);
  std::vector<std::string> found = lines(verify({"train"}));
  std::erase_if(found, [](const std::string& line) { return line.starts_with("near"); });
  ASSERT_EQ(found.size(), 2U) << (found.empty() ? "" : found[0]);
  EXPECT_PRED2(contains, found[0], "picture: train/cat/a.jpg: ");
  EXPECT_PRED2(contains, found[1], "picture: train/cat/b.png: ");
}

TEST_F(VerifyData, NotesBytesBehindAPictureWithoutCallingThemAProblem) {
  put("train/cat/a.jpg", picture("420.jpg") + "tail");
  const DataReport report = verify({"train"});
  EXPECT_EQ(lines(report),
            std::vector<std::string>{"bytes behind the picture: train/cat/a.jpg: 4, which no decoder reads"});
  EXPECT_FALSE(report.has_problems());
}

TEST_F(VerifyData, FindsTheSamePictureInASplitAndAcrossSplitsAndClassesThatContradict) {
  put("train/cat/a.jpg", picture("420.jpg"));
  put("train/dog/b.jpg", picture("420.jpg"));
  put("train/dog/c.png", picture("palette.png"));
  put("test/cat/a.jpg", picture("420.jpg") + "tail");
  put("test/dog/d.png", picture("grey16.png"));
  std::vector<std::string> found = lines(verify());
  std::erase_if(found, [](const std::string& line) { return line.starts_with("bytes behind"); });
  EXPECT_EQ(found,
            (std::vector<std::string>{
                "exact duplicate: train/dog/b.jpg: of train/cat/a.jpg; their classes differ: 'cat' and 'dog'",
                "exact duplicate: test/cat/a.jpg: of train/cat/a.jpg (train and test)"}));
}

TEST_F(VerifyData, FindsAPictureThatWasEncodedAgain) {
  put("train/cat/a.jpg", picture("444.jpg"));
  put("train/cat/b.png", picture("rgb.png"));
  const std::vector<std::string> found = lines(verify({"train"}));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_TRUE(found[0].starts_with("near duplicate: train/cat/b.png: of train/cat/a.jpg, ")) << found[0];
}

TEST_F(VerifyData, NamesClassesWithoutExamples) {
  put("train/cat/a.jpg", picture("420.jpg"));
  put("train/dog/b.jpg", picture("grey.jpg"));
  put("test/cat/a.png", picture("palette.png"));
  EXPECT_EQ(lines(verify()), std::vector<std::string>{"empty class: test: no example of class 1 ('dog')"});
}

TEST_F(VerifyData, SaysTheSameForAnyNumberOfThreads) {
  for (int i = 0; i < 20; ++i)
    put(fmt::format("train/cat/{}.jpg", i), picture(i % 2 == 0 ? "420.jpg" : "grey.jpg"));
  const DataReport one = verify({"train"}, 1), four = verify({"train"}, 4);
  EXPECT_EQ(lines(one), lines(four));
  EXPECT_EQ(lines(one).size(), 18U);
  EXPECT_EQ(one.splits[0].contents_sha256, four.splits[0].contents_sha256);
}

TEST_F(VerifyData, HashesContentsAndLabels) {
  put("train/cat/a.jpg", picture("420.jpg"));
  put("train/dog/b.jpg", picture("grey.jpg"));
  const std::string before = verify({"train"}).splits[0].contents_sha256;
  EXPECT_EQ(verify({"train"}).splits[0].contents_sha256, before);
  put("train/dog/b.jpg", picture("grey.jpg") + "x");
  EXPECT_NE(verify({"train"}).splits[0].contents_sha256, before);
}

}  // namespace
}  // namespace repbench
