#include <gtest/gtest.h>

#include <stdexcept>

#include "datasets/dataset.h"
#include "files/atomic.h"
#include "files/json.h"
#include "tests/datasets/golden.h"
#include "tests/files/error_message.h"
#include "tests/files/scratch_folder.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;
using Labels = std::vector<int64_t>;

class CocoInstances : public testing::Test {
 protected:
  CocoInstances() {
    for (const char* name : {"a.jpg", "b.jpg", "c.jpg"}) {
      write_file_atomically(folder_ / "train2017" / name, read_file(golden_folder() / "jpeg/grey.jpg"));
    }
  }

  std::string put(const std::string& content) {
    write_file_atomically(folder_ / "annotations/instances_train2017.json", content);
    return (folder_ / "annotations/instances_train2017.json").string();
  }
  static std::shared_ptr<const Dataset> open(const std::string& text, std::string_view split) {
    return open_dataset({"coco_instances", text}, split);
  }
  std::string complaint(const std::string& content) {
    const std::string path = put(content);
    return error_message<std::runtime_error>([&] { open(path, "all"); });
  }
  // The sound document with one part replaced.
  std::string complaint_with(std::string_view from, const std::string& to) {
    std::string changed = kSound;
    return complaint(changed.replace(changed.find(from), from.size(), to));
  }

  inline static const std::string kSound = R"({
    "info": {"images": [1, 2], "deep": [{"id": "x"}]},
    "annotations": [
      {"segmentation": [[1.5, 2]], "iscrowd": 0, "image_id": 7, "bbox": [1], "category_id": 90, "id": 1},
      {"segmentation": {"counts": [3], "size": [1, 2], "id": 5}, "iscrowd": 1, "image_id": 7, "category_id": 3, "id": 2},
      {"image_id": 7, "category_id": 90, "id": 3},
      {"image_id": 9, "category_id": 18, "id": 4}],
    "images": [{"id": 9, "file_name": "b.jpg", "license": 1}, {"file_name": "a.jpg", "id": 7},
               {"id": 2, "file_name": "c.jpg"}],
    "categories": [{"id": 90, "name": "toothbrush"}, {"supercategory": "a", "id": 3, "name": "car"},
                   {"id": 18, "name": "dog"}]})";

  const ScratchFolder folder_;
};

TEST_F(CocoInstances, GiveEveryPictureItsClasses) {
  const std::string path = put(kSound);
  const auto dataset = open(path, "all");
  ASSERT_EQ(dataset->size(), 3);
  EXPECT_EQ(dataset->name(), "coco_instances:instances_train2017");
  EXPECT_EQ(dataset->class_names(), (std::vector<std::string>{"car", "dog", "toothbrush"})) << "by id";
  EXPECT_EQ(dataset->id(1), "a.jpg");
  EXPECT_EQ(dataset->labels(0), Labels{1});
  EXPECT_EQ(dataset->labels(1), (Labels{0, 2})) << "a crowd counts too";
  EXPECT_EQ(dataset->labels(2), Labels{});
}

TEST_F(CocoInstances, TakeTheSplitFromTheFilesName) {
  const std::string path = put(kSound);
  EXPECT_EQ(open(path, "train")->size(), 3);
  const auto absent = error_message<std::invalid_argument>([&] { open(path, "vall"); });
  EXPECT_PRED2(contains, absent, "expected a split of " + path + ": all, train; got 'vall'");
  fs::copy(folder_ / "annotations/instances_train2017.json", folder_ / "annotations/instances_val2017.json");
  fs::copy(folder_ / "train2017", folder_ / "val2017");
  const auto val = open(path, "val");
  EXPECT_EQ(val->split(), "val");
  EXPECT_EQ(val->name(), "coco_instances:instances_val2017");
  EXPECT_PRED2(contains, val->provenance().source, "annotations/instances_val2017.json");
  EXPECT_EQ(open((folder_ / "annotations/instances_val2017.json").string(), "train")->size(), 3);
}

TEST_F(CocoInstances, SplitAFileOfAnotherNameByHash) {
  const std::string path = put(kSound), other = (folder_ / "labels.json").string();
  fs::copy(path, other);
  const std::string text = other + ":root=" + (folder_ / "train2017").string();
  EXPECT_EQ(open(text, "all")->size(), 3);
  EXPECT_EQ(open(text, "train")->size(), 3) << "a fifth of every first class: none of one picture";
  EXPECT_PRED2(contains, error_message<std::runtime_error>([&] { open(text, "test"); }), "got none");
}

TEST_F(CocoInstances, LookForPicturesBelowTheRoot) {
  const std::string path = put(kSound);
  EXPECT_EQ(open(path + ":root=" + folder_.path().string(), "all")->size(), 3);
  EXPECT_EQ(open(path + ":root=" + (folder_ / "train2017").string(), "all")->size(), 3);
  const auto root = error_message<std::runtime_error>([&] { open(path + ":root=/nowhere", "all"); });
  EXPECT_PRED2(contains, root, "/nowhere: expected a folder of pictures; got none");
  const auto file = error_message<std::runtime_error>([&] { open("/nowhere/instances_train.json", "all"); });
  EXPECT_PRED2(contains, file, "/nowhere");
}

TEST_F(CocoInstances, NameTheFileAndTheKeyThatIsMissing) {
  EXPECT_PRED2(contains, complaint("{}"), "instances_train2017.json: expected the key images; got none");
  EXPECT_PRED2(contains, complaint(R"({"images": [], "annotations": []})"),
               "expected the key categories; got none");
  EXPECT_PRED2(contains, complaint(R"({"images": [], "annotations": [], "categories": []})"),
               "expected images; got none");
  EXPECT_PRED2(contains, complaint_with(R"("file_name": "a.jpg", )", ""),
               "expected the key images[1].file_name; got none");
  EXPECT_PRED2(contains, complaint_with(R"("image_id": 9, )", ""),
               "expected the key annotations[3].image_id; got none");
  EXPECT_PRED2(contains, complaint_with(R"("category_id": 18, )", ""),
               "expected the key annotations[3].category_id; got none");
  EXPECT_PRED2(contains, complaint_with(R"(, "name": "dog")", ""),
               "expected the key categories[2].name; got none");
}

TEST_F(CocoInstances, NameAValueThatIsWrong) {
  EXPECT_PRED2(contains, complaint_with(R"("image_id": 9)", R"("image_id": 8)"),
               "expected a known id at annotations[3].image_id; got 8");
  EXPECT_PRED2(contains, complaint_with(R"("category_id": 18)", R"("category_id": 1)"),
               "expected a known id at annotations[3].category_id; got 1");
  EXPECT_PRED2(contains, complaint_with(R"("id": 2, "file_name")", R"("id": 7, "file_name")"),
               "expected every id of images once; got 7 at images[1] and [2]");
  EXPECT_PRED2(contains, complaint_with(R"("id": 18, "name")", R"("id": 3, "name")"),
               "expected every id of categories once; got 3");
  EXPECT_PRED2(contains, complaint_with(R"("c.jpg")", R"("b.jpg")"),
               "expected every picture once; got b.jpg twice");
  EXPECT_PRED2(contains, complaint_with(R"("c.jpg")", R"("x.jpg")"),
               "x.jpg: expected a picture; got no such file (1 of 3");
  EXPECT_PRED2(contains, complaint_with(R"("c.jpg")", "4"), "expected a text at images[2].file_name; got 4");
  EXPECT_PRED2(contains, complaint_with(R"("image_id": 9)", R"("image_id": "9")"),
               "expected a whole number at annotations[3].image_id; got '9'");
  EXPECT_PRED2(contains, complaint_with(R"("image_id": 9)", R"("image_id": 9.5)"),
               "expected a whole number at annotations[3].image_id; got 9.5");
  EXPECT_PRED2(contains, complaint_with(R"("image_id": 9)", R"("image_id": [9])"),
               "expected a whole number at annotations[3].image_id; got a list");
  EXPECT_PRED2(contains, complaint_with(R"("image_id": 9)", R"("image_id": 18446744073709551615)"),
               "annotations[3].image_id; got a larger one");
  EXPECT_PRED2(contains, complaint_with(R"("image_id": 9)", R"("image_id": 9, "image_id": 9)"),
               "expected annotations[3].image_id once; got it twice");
  EXPECT_PRED2(contains, complaint_with(R"("info")", R"("images": [], "info")"),
               "expected the key images once; got it twice");
}

TEST_F(CocoInstances, NameAFormThatIsWrong) {
  EXPECT_PRED2(contains, complaint(kSound.substr(0, kSound.size() / 2)),
               "instances_train2017.json: expected JSON; got parse error at line");
  EXPECT_PRED2(contains, complaint(""), "expected JSON; got parse error");
  EXPECT_PRED2(contains, complaint(kSound + "x"), "expected JSON; got parse error");
  EXPECT_PRED2(contains, complaint(kSound + std::string(1, '\0')), "expected JSON; got a NUL byte");
  EXPECT_PRED2(contains, complaint("[]"), "expected an object at the top; got a list");
  EXPECT_PRED2(contains, complaint("3"), "expected the key images; got none");
  EXPECT_PRED2(contains, complaint(R"({"images": {}})"), "expected a list under images; got an object");
  EXPECT_PRED2(contains, complaint(R"({"images": 3})"), "expected a list under images; got 3");
  EXPECT_PRED2(contains, complaint(R"({"images": [[]]})"), "expected an object at images[0]; got a list");
  EXPECT_PRED2(contains, complaint(R"({"images": ["a"]})"), "expected an object at images[0]; got 'a'");
  EXPECT_PRED2(contains, complaint(R"({"info": )" + std::string(300, '[')),
               "expected JSON of at most 256 levels; got more");
  EXPECT_PRED2(contains, complaint_with("c.jpg", "c\xe9.jpg"), "expected JSON; got parse error");
}

}  // namespace
}  // namespace repbench
