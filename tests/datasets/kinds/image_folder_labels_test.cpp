// Image folders with a class file, a label file, or odd names.
#include <gtest/gtest.h>

#include <cstdlib>
#include <stdexcept>

#include "datasets/dataset.h"
#include "files/atomic.h"
#include "tests/datasets/golden.h"
#include "tests/files/error_message.h"
#include "tests/files/scratch_folder.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

void put_picture(const fs::path& path) {
  write_file_atomically(path, read_file(golden_folder() / "jpeg/grey.jpg"));
}

std::shared_ptr<const Dataset> open_folder(const std::string& text, std::string_view split) {
  return open_dataset({"image_folder", text}, split);
}

template <class Error = std::runtime_error>
std::string complaint(const std::string& text, std::string_view split) {
  return error_message<Error>([&] { open_folder(text, split); });
}

std::vector<int64_t> labels(const Dataset& dataset) {
  std::vector<int64_t> result;
  for (int64_t i = 0; i < dataset.size(); ++i) result.push_back(dataset.label(i));
  return result;
}

// Two synsets in train, three pictures right in val.
class ImageNetLayout : public testing::Test {
 protected:
  ImageNetLayout() {
    put_picture(folder_ / "data/train/n01440764/a.JPEG");
    put_picture(folder_ / "data/train/n01443537/b.JPEG");
    for (const char* name : {"val_3.JPEG", "val_1.JPEG", "val_2.JPEG"})
      put_picture(folder_ / "data/val" / name);
  }

  std::string file(const std::string& name, const std::string& content) {
    write_file_atomically(folder_ / name, content);
    return (folder_ / name).string();
  }
  std::string data(const std::string& keys = "") { return (folder_ / "data").string() + keys; }

  const ScratchFolder folder_;
};

TEST_F(ImageNetLayout, TakesOrderAndNamesFromAClassFile) {
  const std::string keys =
      ":classes=" + file("synsets.txt", "n01443537 goldfish\nn01440764 tench, Tinca tinca\n");
  const auto train = open_folder(data(keys), "train");
  EXPECT_EQ(train->class_names(), (Words{"goldfish", "tench"}));
  EXPECT_EQ(train->id(0), "train/n01443537/b.JPEG");
  EXPECT_EQ(labels(*train), (std::vector<int64_t>{0, 1}));
}

TEST_F(ImageNetLayout, NamesClassesThatOnlyFileOrDiskHas) {
  const std::string more = file("more.txt", "n01440764\nn01443537\nn01484850\nn01491361\n");
  EXPECT_PRED2(contains, complaint(data(":classes=" + more), "train"),
               "more.txt; got an empty class n01484850 (2 of 4 classes are empty)");
  const std::string fewer = file("fewer.txt", "n01440764\n");
  EXPECT_PRED2(contains, complaint(data(":classes=" + fewer), "train"),
               "data/train/n01443537: expected a class that " + fewer + " has too");
}

TEST_F(ImageNetLayout, ReadsValWithALabelFile) {
  // In the order of ILSVRC2012's ids, which is not that of the folders.
  const std::string classes = ":classes=" + file("ids.txt", "n01443537 goldfish\nn01440764 tench\n");
  for (const std::string& content : {std::string("2\n1\n2\n"), std::string("1\n0\n1\n"),
                                     std::string("val_1.JPEG 1\nval_3.JPEG 1\nval_2.JPEG 0\n"),
                                     std::string("val_1 n01440764\nval_2 n01443537\nval_3 n01440764\n"),
                                     std::string("ImageId,PredictionString\nval_3,n01440764 1 2 3 4\n"
                                                 "val_2,n01443537 1 2 3 4 n01443537 5 6 7 8 \n"
                                                 "val_1,n01440764 9 9 9 9\r\n")}) {
    SCOPED_TRACE(content);
    const std::string keys = classes + ":labels=" + file("labels", content);
    const auto val = open_folder(data(keys), "val");
    EXPECT_EQ(val->id(0), "val/val_1.JPEG");
    EXPECT_EQ(labels(*val), (std::vector<int64_t>{1, 0, 1}));
    EXPECT_EQ(val->class_names(), (Words{"goldfish", "tench"}));
    const auto train = open_folder(data(keys), "train");  // the same specification
    EXPECT_EQ(train->class_names(), val->class_names());
    EXPECT_EQ(labels(*train), (std::vector<int64_t>{0, 1}));
  }
}

TEST_F(ImageNetLayout, CountsTrainFoldersWhereNoClassFileIs) {
  const std::string keys = ":labels=" + file("labels", "val_1 n01443537\nval_2 n01440764\nval_3 n01443537\n");
  const auto val = open_folder(data(keys), "val");
  EXPECT_EQ(val->class_names(), (Words{"n01440764", "n01443537"}));
  EXPECT_EQ(labels(*val), (std::vector<int64_t>{1, 0, 1}));
  fs::remove_all(folder_ / "data/train");
  const std::string own = ":labels=" + file("labels", "val_1 dog\nval_2 cat\nval_3 dog\n");
  EXPECT_EQ(open_folder(data(own), "val")->class_names(), (Words{"cat", "dog"}));
}

TEST_F(ImageNetLayout, NamesWhatIsWrongWithALabelFile) {
  const std::string classes = ":classes=" + file("ids.txt", "n01443537\nn01440764\n");
  const auto failure = [&](const std::string& content, const std::string& before) {
    return complaint(data(before + ":labels=" + file("labels", content)), "val");
  };
  EXPECT_PRED2(contains, failure("2\n1\n2\n", ""),
               "expected classes=FILE with the classes in the order of these numbers");
  EXPECT_PRED2(contains, failure("2\n1\n", classes), "labels: expected 3 labels, one a picture; got 2");
  EXPECT_PRED2(contains, failure("2\n1\n3\n", classes),
               "labels:3: expected labels from 1 to 2, or from 0 to 1; got 3");
  EXPECT_PRED2(contains, failure("2\n-1\n2\n", classes), "labels:2: expected labels from 1 to 2");
  EXPECT_PRED2(contains, failure("2\n1\n0\n", classes),
               "labels:3: expected labels from 1 to 2, or from 0 to 1; got both 0 and 2");
  EXPECT_PRED2(contains, failure("1\n1\n1\n", classes),
               "expected a label 0 or 2, to tell whether they count from 0 or from 1");
  EXPECT_PRED2(contains, failure("99999999999999999999\n", classes), "labels:1: expected labels from 1 to 2");
  EXPECT_PRED2(contains, failure("val_1 n01440764\nval_2 cow\nval_3 n01443537\n", classes),
               "labels:2: expected a class of ");
  EXPECT_PRED2(contains, failure("val_1 n01440764\nval_2 cow\nval_3 n01443537\n", ""),
               "labels:2: expected a class of the train split; got 'cow'");
  EXPECT_PRED2(contains, failure("val_1 0\nval_2 0\n", classes),
               "expected a label of every picture; got none of val/val_3.JPEG (1 of 3 pictures have none)");
  EXPECT_PRED2(contains, failure("val_1 0\nval_2 0\nval_3 1\nval_4 1\nval_5 1\n", classes),
               "labels:4: expected pictures in " + data("/val") + "; got no 'val_4' (2 of 5 are missing)");
  EXPECT_PRED2(contains, failure("val_1 0\nval_2 0\nval_1 1\n", classes),
               "labels:3: expected every picture once; got 'val_1', which line 1 has too");
  EXPECT_PRED2(contains, failure("val_1 0\n1\n", classes),
               "labels:2: expected a number on every line, or PICTURE LABEL");
  EXPECT_PRED2(contains, failure("\n", classes), "labels: expected labels; got none");
  EXPECT_PRED2(contains, failure("ImageId,PredictionString\nval_1\n", classes),
               "labels:2: expected 2 columns; got 1");
  EXPECT_PRED2(contains, failure("val_1 0\nv\xe9 0\n", classes),
               "labels:2: expected UTF-8 text; got the byte e9");
  EXPECT_PRED2(contains, complaint(data(":labels=/nowhere/labels"), "val"), "/nowhere/labels");
  const std::string labelled = data(":labels=" + file("labels", "1\n"));
  EXPECT_PRED2(contains, complaint<std::invalid_argument>(labelled, "test"), "data: train, val; got 'test'");
}

TEST(ImageFolder, SpellsOutNamesThatAreNoUtf8) {
  const ScratchFolder folder;
  put_picture(folder / "train/caf\xe9/\xff.jpg");
  put_picture(folder / "train/cat/a.jpg");
  const auto train = open_folder(folder.path().string(), "train");
  EXPECT_EQ(train->class_names(), (Words{"caf\\xe9", "cat"}));
  EXPECT_EQ(train->id(0), "train/caf\\xe9/\\xff.jpg");
  EXPECT_EQ(pixels(train->get(0), 3).height, 29);
}

TEST(ImageFolder, TakesWhateverPicturesTheDecoderKnows) {
  const ScratchFolder folder;
  for (const char* name :
       {"a.jpg", "b.JPEG", "c.png", "d.WebP", "e.bmp", "f.tif", "g.TIFF", "h.gif", "i.txt"}) {
    put_picture(folder / "train/cat" / name);
  }
  EXPECT_EQ(open_folder(folder.path().string(), "train")->size(), 7);
}

TEST(ImageFolder, OpensCaltech101) {
  const char* data = std::getenv("REPBENCH_DATA");
  if (data == nullptr) GTEST_SKIP() << "REPBENCH_DATA is not set";
  const std::string path = std::string(data) + "/caltech101";
  EXPECT_EQ(open_folder(path, "all")->size(), 1485);
  EXPECT_EQ(open_folder(path, "all")->class_names().size(), 99u);
  EXPECT_EQ(open_folder(path, "train")->size() + open_folder(path, "test")->size(), 1485);
}

}  // namespace
}  // namespace repbench
