#include <gtest/gtest.h>

#include <stdexcept>

#include "datasets/dataset.h"
#include "datasets/difficult_labels.h"
#include "files/atomic.h"
#include "tests/datasets/golden.h"
#include "tests/files/error_message.h"
#include "tests/files/scratch_folder.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;
using Labels = std::vector<int64_t>;

// As VOC writes it: parts have names too.
constexpr const char* kPerson = R"(<annotation>
  <folder>VOC2007</folder>
  <source><name>not an object</name></source>
  <object>
    <name>person</name>
    <difficult>0</difficult>
    <part><name>head</name><bndbox><xmin>1</xmin></bndbox></part>
  </object>
  <object><name>dog</name><difficult>1</difficult></object>
  <object><name>aeroplane</name></object>
  <object><name>person</name><difficult>1</difficult></object>
</annotation>
)";

class Voc : public testing::Test {
 protected:
  Voc() {
    for (const char* id : {"000001", "000002", "000003"}) {
      write_file_atomically(year_ / "JPEGImages" / (std::string(id) + ".jpg"),
                            read_file(golden_folder() / "jpeg/grey.jpg"));
    }
    put("Annotations/000001.xml", kPerson);
    put("Annotations/000002.xml",
        "\xEF\xBB\xBF<annotation>\r\n<object><name> cat </name></object>\r\n</annotation>");
    put("Annotations/000003.xml",
        "<annotation><object><name>dog</name><difficult>1</difficult></object></annotation>");
    put("ImageSets/Main/trainval.txt", "000003\r\n000001\r\n");
    put("ImageSets/Main/test.txt", "000002\n");
  }

  void put(const std::string& name, const std::string& content) {
    write_file_atomically(year_ / name, content);
  }
  static std::shared_ptr<const Dataset> open(const fs::path& path, std::string_view split) {
    return open_dataset({"voc", path.string()}, split);
  }
  std::string complaint(std::string_view split) const {
    return error_message<std::runtime_error>([&] { open(year_, split); });
  }
  std::string complaint_about(const std::string& annotation) {
    put("Annotations/000002.xml", annotation);
    return complaint("test");
  }

  const ScratchFolder folder_;
  const fs::path year_ = folder_ / "VOCdevkit/VOC2007";
};

TEST_F(Voc, KnowsClassesThatCountNeitherWay) {
  const auto dataset = open(year_, "trainval");
  EXPECT_EQ(difficult_labels(*dataset, 0), Labels{11}) << "a difficult dog";
  EXPECT_EQ(difficult_labels(*dataset, 1), Labels{11}) << "the person is shown plainly, too";
  EXPECT_EQ(difficult_labels(*open(year_, "test"), 0), Labels{});
}

TEST_F(Voc, TakesEveryClassThatIsShownByMoreThanDifficultObjects) {
  for (const fs::path& path : {year_, folder_ / "VOCdevkit", folder_.path(), year_ / ""}) {
    const auto dataset = open(path, "trainval");
    ASSERT_EQ(dataset->size(), 2);
    EXPECT_EQ(dataset->name(), "voc:VOC2007");
    EXPECT_EQ(dataset->id(0), "000003");
    EXPECT_EQ(dataset->labels(0), Labels{});
    EXPECT_EQ(dataset->labels(1), (Labels{0, 14})) << "aeroplane, person";
    EXPECT_EQ(dataset->label(1), -1);
    EXPECT_EQ(dataset->class_names().size(), 20u);
    EXPECT_EQ(dataset->class_names()[14], "person");
  }
  EXPECT_EQ(open(year_, "test")->labels(0), Labels{7});
}

TEST_F(Voc, ReadsTheListsOfClassesWhereAnnotationsLack) {
  const std::vector<std::string> classes = open(year_, "trainval")->class_names();
  fs::remove_all(year_ / "Annotations");
  fs::remove(year_ / "ImageSets/Main/trainval.txt");
  for (const std::string& name : classes) {
    const std::string dog = name == "dog" ? " 0" : "-1",
                      person = name == "person" || name == "car" ? " 1" : "-1";
    put("ImageSets/Main/" + name + "_trainval.txt", "000003 " + dog + "\n000001 " + person + "\n");
  }
  const auto dataset = open(year_, "trainval");
  ASSERT_EQ(dataset->size(), 2);
  EXPECT_EQ(dataset->id(1), "000001");
  EXPECT_EQ(dataset->labels(0), Labels{}) << "a difficult dog";
  EXPECT_EQ(dataset->labels(1), (Labels{6, 14}));
  put("ImageSets/Main/cow_trainval.txt", "000003 2\n");
  EXPECT_PRED2(contains, complaint("trainval"),
               "cow_trainval.txt:1: expected ID and 1, 0 or -1; got '000003 2'");
  fs::remove(year_ / "ImageSets/Main/cow_trainval.txt");
  EXPECT_PRED2(contains, complaint("trainval"), "cow_trainval.txt");
}

TEST_F(Voc, NamesTheNearestSplitAndTheYears) {
  const auto split = error_message<std::invalid_argument>([&] { open(year_, "tes"); });
  EXPECT_PRED2(contains, split, "VOC2007: trainval, test; got 'tes' (did you mean 'test'?)");
  fs::copy(year_, folder_ / "VOCdevkit/VOC2012", fs::copy_options::recursive);
  const auto years = error_message<std::runtime_error>([&] { open(folder_.path(), "test"); });
  EXPECT_PRED2(contains, years, "expected one year; got 2: name one, such as voc:");
  const auto none = error_message<std::runtime_error>([&] { open(year_ / "JPEGImages", "test"); });
  EXPECT_PRED2(contains, none, "JPEGImages: expected VOC2007 or another year, with ImageSets/Main; got none");
  EXPECT_PRED2(contains, error_message<std::runtime_error>([&] { open("/nowhere", "test"); }),
               "/nowhere: expected a folder");
}

TEST_F(Voc, NamesAnAnnotationThatIsWrong) {
  const std::string file = "Annotations/000002.xml";
  EXPECT_PRED2(contains, complaint_about("<annotation>\n<object>"),
               file + ":2: expected XML; got no element found");
  EXPECT_PRED2(contains, complaint_about("<annotation>\n</object>"),
               file + ":2: expected XML; got mismatched tag");
  EXPECT_PRED2(contains, complaint_about(""), file + ":1: expected XML; got no element found");
  EXPECT_PRED2(contains, complaint_about("<html/>"),
               file + ":1: expected the element annotation; got 'html'");
  EXPECT_PRED2(contains, complaint_about("<annotation>\n<object/></annotation>"),
               file + ":2: expected a name of the object; got none");
  EXPECT_PRED2(contains, complaint_about("<annotation><object><name>catt</name></object></annotation>"),
               file + ": expected one of VOC's 20 classes; got 'catt' (did you mean 'cat'?)");
  EXPECT_PRED2(contains, complaint_about("<!DOCTYPE a [<!ENTITY x \"cat\">]>\n<annotation/>"),
               file + ":1: expected no document type; got one");
  std::string deep = "<annotation>";
  for (int i = 0; i < 100; ++i) deep += "<a>";
  EXPECT_PRED2(contains, complaint_about(deep), file + ":1: expected at most 64 levels; got more");
  EXPECT_PRED2(contains, complaint_about("<annotation>\n\xe9</annotation>"),
               file + ":2: expected UTF-8 text");
  fs::resize_file(year_ / file, 5'000'000);
  EXPECT_PRED2(contains, complaint("test"),
               file + ": expected an annotation of at most 4000000 bytes; got 5000000");
  fs::remove(year_ / file);
  EXPECT_PRED2(contains, complaint("test"), file + ": expected an annotation; got no such file");
}

TEST_F(Voc, NamesAListOrPictureThatIsWrong) {
  put("ImageSets/Main/test.txt", "000002\n000001\n000002\n");
  EXPECT_PRED2(contains, complaint("test"), "test.txt:3: expected every picture once; got '000002' twice");
  put("ImageSets/Main/test.txt", "../000002\n");
  EXPECT_PRED2(contains, complaint("test"), "test.txt:1: expected an id; got '../000002'");
  put("ImageSets/Main/test.txt", "\n");
  EXPECT_PRED2(contains, complaint("test"), "expected pictures in the split test; got none");
  put("ImageSets/Main/test.txt", "000002\n");
  fs::remove(year_ / "JPEGImages/000002.jpg");
  EXPECT_PRED2(contains, complaint("test"), "000002.jpg: expected a picture; got no such file (1 of 1");
  fs::remove_all(year_ / "ImageSets/Main");
  fs::create_directory(year_ / "ImageSets/Main");
  EXPECT_PRED2(contains, complaint("test"),
               "ImageSets/Main: expected lists of pictures such as train.txt; got none");
}

}  // namespace
}  // namespace repbench
