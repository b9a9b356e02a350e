#include <fmt/format.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "datasets/dataset.h"
#include "files/atomic.h"
#include "tests/datasets/golden.h"
#include "tests/files/error_message.h"
#include "tests/files/scratch_folder.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;

using Captions = std::vector<std::string>;

// Three pictures; each test writes the annotations.
class Flickr30k : public testing::Test {
 protected:
  void SetUp() override {
    const std::string picture = read_file(golden_folder() / "jpeg/grey.jpg");
    for (const char* name : {"1.jpg", "2.jpg", "3.jpg"}) {
      write_file_atomically(folder_ / "flickr30k-images" / name, picture);
    }
  }

  void write(const std::string& name, const std::string& content) const {
    write_file_atomically(folder_ / name, content);
  }
  std::shared_ptr<const Dataset> open(std::string_view split = "all", const std::string& rest = "") const {
    return open_dataset({"flickr30k", folder_.path().string() + rest}, split);
  }
  std::string failure(const std::string& name, const std::string& content) const {
    write(name, content);
    return error_message<std::runtime_error>([&] { open(); });
  }

  ScratchFolder folder_;
};

TEST_F(Flickr30k, ReadsTheTokenFile) {
  write("results_20130124.token", "2.jpg#0\tTwo young guys .\n2.jpg#1\tTwo men .\n1.jpg#0\tA dog .\n");
  const auto dataset = open();
  ASSERT_EQ(dataset->size(), 2);
  EXPECT_EQ(dataset->name(), "flickr30k");
  EXPECT_EQ(dataset->id(0), "2.jpg");
  EXPECT_EQ(dataset->captions(0), (Captions{"Two young guys .", "Two men ."}));
}

const std::string kBars = "image_name| comment_number| comment\n";

TEST_F(Flickr30k, ReadsKagglesTableWithItsOneBrokenRow) {
  write("results.csv",
        kBars +
            "1.jpg| 0| Two \"young\" guys , a | b .\r\n1.jpg| 1|\"Men\" .\n2.jpg| 4   A dog runs "
            "across the grass .\n3.jpg| 10| 7 men .\n");
  const auto dataset = open();
  ASSERT_EQ(dataset->size(), 3);
  EXPECT_EQ(dataset->captions(0), (Captions{"Two \"young\" guys , a | b .", "\"Men\" ."}));
  EXPECT_EQ(dataset->captions(1), Captions{"A dog runs across the grass ."});
  EXPECT_EQ(dataset->captions(2), Captions{"7 men ."});
}

TEST_F(Flickr30k, NamesARowThatIsBrokenOtherwise) {
  const std::string expected = "results.csv:2: expected NAME| NUMBER| CAPTION; got ";
  EXPECT_PRED2(contains, failure("results.csv", kBars + "1.jpg, 0, A dog .\n"),
               expected + "'1.jpg, 0, A dog .'");
  EXPECT_PRED2(contains, failure("results.csv", kBars + "1.jpg| A dog .\n"), expected);
  EXPECT_PRED2(contains, failure("results.csv", kBars + "1.jpg| 0\n"), expected);
  EXPECT_PRED2(contains, failure("results.csv", kBars + "1.jpg| 4th dog .\n"), expected);
  EXPECT_PRED2(contains, failure("results.csv", kBars + "1.jpg| 0| \n"),
               "expected a caption of 1.jpg; got an empty one");
  EXPECT_PRED2(contains, failure("results.csv", "a|b\n1.jpg| 0| A dog .\n"),
               "results.csv:1: expected the header image_name| comment_number| comment; got 'a|b'");
}

TEST_F(Flickr30k, ReadsTheAnnotationsOfHuggingFaceWithTheirSplits) {
  write("flickr_annotations_30k.csv",
        "raw,sentids,split,filename,img_id\n\"[\"\"A dog, \\\"\"big\\\"\" .\"\", \"\"A caf\\u00e9 "
        ".\"\"]\",\"[0, "
        "1]\",train,3.jpg,0\n\"[\"\"Men .\"\"]\",[2],val,1.jpg,1\n");
  ASSERT_EQ(open("train")->size(), 1);
  EXPECT_EQ(open("train")->captions(0), (Captions{"A dog, \"big\" .", "A caf\xC3\xA9 ."}));
  EXPECT_EQ(open("val")->id(0), "1.jpg");
  EXPECT_EQ(open()->size(), 2);
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] { open("test"); }),
               "expected a split: all, train, val; got 'test'");
}

TEST_F(Flickr30k, NamesABrokenAnnotation) {
  const std::string name = "flickr_annotations_30k.csv", header = "raw,split,filename\n";
  for (const std::string raw :
       {"A dog", "{}", "[]", "[1]", "\"[\"\"A dog\"", "\"{\"\"a\"\": \"\"A dog\"\"}\""}) {
    EXPECT_PRED2(contains, failure(name, header + raw + ",train,1.jpg\n"),
                 "csv:2: expected a JSON list of captions in the column raw; got ");
  }
  const std::string row = "\"[\"\"A dog\"\"]\",train,1.jpg\n";
  EXPECT_PRED2(contains, failure(name, header + row + row),
               "csv:3: expected every picture once; got 1.jpg again");
  EXPECT_PRED2(contains, failure(name, "raw,filename\n"), "csv:1: expected a header with a column 'split'");
}

TEST_F(Flickr30k, TakesTheSplitsOfKarpathysFile) {
  write("results_20130124.token", "2.jpg#0\tTwo men .\n1.jpg#0\tA dog .\n3.jpg#0\tA cat .\n");
  write("k.json",
        R"({"images": [{"filename": "1.jpg", "split": "test", "sentences": [{"raw": "x"}]},
                       {"filename": "2.jpg", "split": "restval", "sentences": [{"raw": "x"}]}]})");
  const std::string rest = ":karpathy=" + (folder_ / "k.json").string();
  ASSERT_EQ(open("test", rest)->size(), 1);
  EXPECT_EQ(open("test", rest)->captions(0), Captions{"A dog ."});
  EXPECT_EQ(open("train", rest)->id(0), "2.jpg");
  EXPECT_EQ(open("all", rest)->size(), 3);
  write("k.json", R"({"images": [{"filename": "x.jpg", "split": "test", "sentences": [{"raw": "x"}]}]})");
  EXPECT_PRED2(contains, error_message<std::runtime_error>([&] { open("test", rest); }),
               "results_20130124.token has too; got none");
}

TEST_F(Flickr30k, FindsItsFilesOneFolderDeeperAndByName) {
  fs::create_directories(folder_ / "flickr30k_images");
  fs::rename(folder_ / "flickr30k-images", folder_ / "flickr30k_images" / "flickr30k_images");
  write("flickr30k_images/results.csv", kBars + "1.jpg| 0| A dog .\n");
  EXPECT_EQ(open()->size(), 1);
  EXPECT_EQ(open("all", "/flickr30k_images/results.csv")->size(), 1);
}

TEST_F(Flickr30k, NamesWhatIsNotThere) {
  EXPECT_PRED2(contains, error_message<std::runtime_error>([&] { open(); }),
               "expected an annotation file: flickr_annotations_30k.csv, results_20130124.token, "
               "results.csv, captions.txt; got none");
  EXPECT_PRED2(contains, failure("captions.txt", "image,caption\n1.jpg,A dog .\n7.jpg,A dog .\n"),
               "7.jpg: expected a picture; got no such file (1 of 2 pictures are missing)");
  fs::remove_all(folder_ / "flickr30k-images");
  EXPECT_PRED2(contains, error_message<std::runtime_error>([&] { open(); }),
               "expected a folder of pictures: flickr30k-images");
}

}  // namespace
}  // namespace repbench
