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
using Words = std::vector<std::string>;

// Pictures a.jpg ... e.jpg, and lists of them.
class ImageList : public testing::Test {
 protected:
  ImageList() {
    for (const char* name : {"a.jpg", "b.jpg", "c.jpg", "d, e.jpg", "f g.jpg"}) {
      write_file_atomically(folder_ / "images" / name, read_file(golden_folder() / "jpeg/grey.jpg"));
    }
  }

  std::string list(const std::string& name, const std::string& content, const std::string& keys = "") {
    write_file_atomically(folder_ / "images" / name, content);
    return (folder_ / "images" / name).string() + keys;
  }

  static std::shared_ptr<const Dataset> open(const std::string& text, std::string_view split = "all") {
    return open_dataset({"image_list", text}, split);
  }

  template <class Error = std::runtime_error>
  static std::string complaint(const std::string& text, std::string_view split = "all") {
    return error_message<Error>([&] { open(text, split); });
  }

  static void expect(const Dataset& dataset, const Words& ids, const std::vector<int64_t>& labels) {
    Words got_ids;
    std::vector<int64_t> got_labels;
    for (int64_t i = 0; i < dataset.size(); ++i) {
      got_ids.push_back(dataset.id(i));
      got_labels.push_back(dataset.label(i));
    }
    EXPECT_EQ(got_ids, ids);
    EXPECT_EQ(got_labels, labels);
  }

  const ScratchFolder folder_;
};

TEST_F(ImageList, ReadsACsvWithQuotesMarksAndCarriageReturns) {
  const auto dataset =
      open(list("my.csv",
                "\xEF\xBB\xBFnote,image,label\r\n\"two\r\nlines, \"\"x\"\"\",\"d, e.jpg\",1\r\n"
                "\r\n,./a.jpg,0\r\n"));
  expect(*dataset, {"d, e.jpg", "a.jpg"}, {1, 0});
  EXPECT_EQ(dataset->class_names(), (Words{"0", "1"}));
  EXPECT_EQ(dataset->name(), "image_list:my");
  EXPECT_EQ(pixels(dataset->get(0), 3).height, 29);
}

TEST_F(ImageList, ReadsATsvAndTellsAHeaderFromAList) {
  expect(*open(list("l.tsv", "filepath\tclass\na.jpg\tdog\nb.jpg\tcat\n")), {"a.jpg", "b.jpg"}, {1, 0});
  expect(*open(list("l.txt", "path\ttarget\na.jpg\t2\nb.jpg\t0\n")), {"a.jpg", "b.jpg"}, {2, 0});
  expect(*open(list("l.lst", "label,filename\n2,a.jpg\n0,b.jpg\n")), {"a.jpg", "b.jpg"}, {2, 0});
  expect(*open(list("l", "a.jpg 2\r\nf g.jpg\t1\n\nb.jpg   0")), {"a.jpg", "f g.jpg", "b.jpg"}, {2, 1, 0});
}

TEST_F(ImageList, TakesColumnsFolderAndClassesByKey) {
  const std::string classes = ":classes=" + list("classes.txt", "dog\ncat a cat\ncow\n");
  const std::string root = ":root=" + (folder_ / "images").string();
  write_file_atomically(folder_ / "l.csv", "picture,kind,label,part\na.jpg,cat,9,train\nb.jpg,dog,9,test\n");
  const std::string path = (folder_ / "l.csv").string();
  const auto dataset = open(path + ":image=picture:label=kind:split_column=part" + root + classes, "train");
  expect(*dataset, {"a.jpg"}, {1});
  EXPECT_EQ(dataset->class_names(), (Words{"dog", "a cat", "cow"}));
  expect(*open(list("n.csv", "file,label\na.jpg,2\n", classes)), {"a.jpg"}, {2});
}

TEST_F(ImageList, SplitsByItsColumnOrByHash) {
  const std::string text =
      list("l.csv", "image,label,split\na.jpg,x,train\nb.jpg,y,valid\nc.jpg,z,validation\n");
  expect(*open(text, "train"), {"a.jpg"}, {0});
  expect(*open(text, "val"), {"b.jpg", "c.jpg"}, {1, 2});
  EXPECT_EQ(open(text, "train")->class_names().size(), 3u) << "labels mean the same in every split";
  EXPECT_PRED2(contains, complaint<std::invalid_argument>(text, "test"), "all, train, val; got 'test'");
  const std::string own = list("own.csv", "image,label\na.jpg,0\nb.jpg,0\nc.jpg,0\n");
  EXPECT_EQ(open(own, "train")->size(), 2);
  EXPECT_EQ(open(own, "test")->size(), 1);
}

TEST_F(ImageList, MayHaveNoLabels) {
  const auto dataset = open(list("l.csv", "image\na.jpg\nb.jpg\n"));
  expect(*dataset, {"a.jpg", "b.jpg"}, {-1, -1});
  EXPECT_TRUE(dataset->class_names().empty());
}

TEST_F(ImageList, NamesTheLineThatIsWrong) {
  const auto csv = [&](const std::string& rows, const std::string& keys = "") {
    return complaint(list("l.csv", "image,label,split\n" + rows, keys));
  };
  EXPECT_PRED2(contains, csv("a.jpg,0,train\nb.jpg,0\n"),
               "l.csv:3: expected 3 columns as in the header; got 2");
  EXPECT_PRED2(contains, csv("a.jpg,0,train\n ,0,train\n"),
               "l.csv:3: expected the path of a picture; got none");
  EXPECT_PRED2(contains, csv("a.jpg,,train\n"), "l.csv:2: expected a label; got none");
  EXPECT_PRED2(contains, csv("a.jpg,0,\n"), "l.csv:2: expected a split; got none");
  EXPECT_PRED2(contains, csv("a.jpg,-1,train\n"), "l.csv:2: expected a label from 0 to 999999; got '-1'");
  EXPECT_PRED2(contains, csv("a.jpg,99999999999999999999,train\n"),
               "l.csv:2: expected a label from 0 to 999999");
  EXPECT_PRED2(contains, csv("a.jpg,0,train\nb.jpg,0,train\n./a.jpg,1,test\n"),
               "l.csv:4: expected every picture once; got 'a.jpg', which line 2 has too");
  EXPECT_PRED2(contains, csv("a.jpg,0,train\n\"b.jpg,0,train\n"),
               "l.csv:3: expected a quote that closes the field");
  EXPECT_PRED2(contains, csv("a.jpg,0,train\n\xe9.jpg,0,train\n"),
               "l.csv:3: expected UTF-8 text; got the byte e9");
  EXPECT_PRED2(contains, csv("a.jpg,0,train\nx.jpg,0,train\ny.jpg,1,train\n"),
               "x.jpg: expected a picture; got no such file (2 of 3");
  EXPECT_PRED2(contains, csv(""), "l.csv: expected rows with pictures; got none");
  const std::string classes = ":classes=" + list("classes.txt", "dog\ncat\n");
  EXPECT_PRED2(contains, csv("a.jpg,0,train\nb.jpg,2,train\n", classes),
               "l.csv:3: expected a label from 0 to 1; got '2'");
  EXPECT_PRED2(contains, csv("a.jpg,dog,train\nb.jpg,catt,train\n", classes),
               "classes.txt; got 'catt' (did you mean 'cat'?)");
}

TEST_F(ImageList, NamesAHeaderOrFileThatIsWrong) {
  EXPECT_PRED2(contains, complaint(list("l.csv", "a.jpg,0\n")),
               "l.csv: expected a header with one of the columns image, filepath, path, filename, file; got "
               "'a.jpg, 0'");
  EXPECT_PRED2(contains, complaint(list("l.csv", "")), "l.csv: expected a header");
  EXPECT_PRED2(
      contains, complaint(list("l.csv", "image,label\na.jpg,0\n", ":label=lable")),
      "l.csv: expected a header with the column 'lable'; got 'image, label' (did you mean 'label'?)");
  EXPECT_PRED2(contains, complaint(list("l", "a.jpg 0\nb.jpg\n")), "l:2: expected PATH LABEL; got 'b.jpg'");
  EXPECT_PRED2(contains, complaint(list("l", "a.jpg 0\n", ":label=class")),
               "l: expected a header with the columns that were asked for");
  EXPECT_PRED2(contains, complaint(list("l.csv", "image\na.jpg\n", ":root=/nowhere")),
               "/nowhere: expected a folder; got none");
  EXPECT_PRED2(contains, complaint("/nowhere/l.csv"), "/nowhere/l.csv");
}

}  // namespace
}  // namespace repbench
