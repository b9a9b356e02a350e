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

class CaptionJson : public testing::Test {
 protected:
  void put_picture(const std::string& name) const {
    write_file_atomically(folder_ / name, read_file(golden_folder() / "jpeg/grey.jpg"));
  }
  std::string write(const std::string& name, const std::string& content) const {
    write_file_atomically(folder_ / name, content);
    return (folder_ / name).string();
  }
  std::string failure(const std::string& kind, const std::string& name, const std::string& content) const {
    const std::string path = write(name, content);
    return error_message<std::runtime_error>([&] { open_dataset({kind, path}, "all"); });
  }

  ScratchFolder folder_;
};

// ---- Karpathy's ----

const std::string kKarpathy = R"({"dataset": "coco", "images": [
  {"filename": "1.jpg", "filepath": "val2014", "split": "restval", "imgid": 0, "sentids": [0, 1],
   "sentences": [{"raw": "A dog .\n", "tokens": ["a", "dog"]}, {"raw": "A brown dog ."}]},
  {"filename": "2.jpg", "filepath": "val2014", "split": "test", "sentences": [{"raw": "A caf\u00e9 ."}]},
  {"filename": "3.jpg", "split": "train", "sentences": [{"raw": "Cats ."}]}]})";

TEST_F(CaptionJson, KarpathysSplitsJoinRestvalToTrain) {
  for (const char* name : {"val2014/1.jpg", "val2014/2.jpg", "3.jpg"}) put_picture(name);
  const std::string path = write("dataset_coco.json", "\xEF\xBB\xBF" + kKarpathy);
  const auto train = open_dataset({"karpathy", path}, "train");
  ASSERT_EQ(train->size(), 2);
  EXPECT_EQ(train->name(), "karpathy:dataset_coco");
  EXPECT_EQ(train->id(0), "val2014/1.jpg");
  EXPECT_EQ(train->captions(0), (Captions{"A dog .", "A brown dog ."}));
  EXPECT_GT(pixels(train->get(1), 3).height, 0);
  EXPECT_EQ(open_dataset({"karpathy", path}, "test")->captions(0), Captions{"A caf\xC3\xA9 ."});
  EXPECT_EQ(open_dataset({"karpathy", path}, "all")->size(), 3);
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] {
                 open_dataset({"karpathy", path}, "val");
               }),
               "expected a split: all, test, train; got 'val'");
}

TEST_F(CaptionJson, KarpathysPicturesLieBesideInAKnownFolderOrWhereRootSays) {
  const std::string content =
      R"({"images": [{"filename": "1.jpg", "split": "val", "sentences": [{"raw": "A"}]}]})";
  const std::string path = write("dataset_flickr30k.json", content);
  put_picture("elsewhere/1.jpg");
  const std::string missing = error_message<std::runtime_error>([&] {
    open_dataset({"karpathy", path}, "val");
  });
  EXPECT_PRED2(contains, missing,
               "1.jpg: expected a picture; got no such file (1 of 1 pictures are missing)");
  EXPECT_EQ(open_dataset({"karpathy", path + ":root=" + (folder_ / "elsewhere").string()}, "val")->size(), 1);
  put_picture("flickr30k-images/1.jpg");
  EXPECT_EQ(open_dataset({"karpathy", path}, "val")->size(), 1);
}

TEST_F(CaptionJson, NamesWhatKarpathysFileLacks) {
  const auto image = [&](const std::string& fields) {
    return failure("karpathy", "k.json", R"({"images": [{"filename": "1.jpg", )" + fields + "}]}");
  };
  EXPECT_PRED2(contains, image(R"("split": "val")"),
               "k.json: expected the key images[0].sentences; got none");
  EXPECT_PRED2(contains, image(R"("sentences": [{"raw": "A"}])"),
               "expected the key images[0].split; got none");
  EXPECT_PRED2(contains, image(R"("split": "dev", "sentences": [{"raw": "A"}])"),
               "expected train, restval, val or test at images[0].split; got \"dev\"");
  EXPECT_PRED2(contains, image(R"("split": "val", "sentences": [{"raw": "A"}, {"raw": " "}])"),
               "expected a caption at images[0].sentences[1].raw; got \" \"");
  EXPECT_PRED2(contains, image(R"("split": "val", "sentences": [{"tokens": []}])"),
               "expected the key images[0].sentences[0].raw; got none");
  EXPECT_PRED2(contains, image(R"("split": "val", "sentences": [])"),
               "expected captions at images[0].sentences");
  EXPECT_PRED2(contains, failure("karpathy", "k.json", "{\"images\": []}"), "expected pictures at images");
  EXPECT_PRED2(contains, failure("karpathy", "k.json", "{}"),
               "[karpathy] " + (folder_ / "k.json").string() + ": expected the key images");
  EXPECT_PRED2(contains, failure("karpathy", "k.json", "[]"), "expected an object at the top; got a list");
  const std::string one = R"({"filename": "1.jpg", "split": "val", "sentences": [{"raw": "A"}]})";
  EXPECT_PRED2(contains, failure("karpathy", "k.json", fmt::format("{{\"images\": [{}, {}]}}", one, one)),
               "expected every picture once at images[1].filename; got \"1.jpg\"");
}

TEST_F(CaptionJson, NamesTheLineOfBrokenJson) {
  EXPECT_PRED2(contains, failure("karpathy", "k.json", "{\"images\":\n [{]}"),
               "k.json] expected JSON; got parse error at line 2");
  EXPECT_PRED2(contains, failure("coco_captions", "c.json", ""), "c.json] expected JSON; got parse error");
  EXPECT_PRED2(contains, failure("coco_captions", "c.json", "{\"images\": \"\xFF\"}"),
               "c.json] expected JSON; got parse error");
}

// ---- COCO's ----

std::string coco(const std::string& annotations) {
  return R"({"info": {}, "images": [{"id": 9, "file_name": "9.jpg", "width": 1}, {"id": 4, "file_name": "4.jpg"}],
             "annotations": [)" +
         annotations + "]}";
}

const std::string kAnnotations =
    R"({"image_id": 4, "id": 1, "caption": "A cat. "}, {"image_id": 9, "caption": "A dog."},
  {"image_id": 9, "caption": "A big\ndog."}, {"image_id": 9, "caption": "One dog."})";

TEST_F(CaptionJson, CocosCaptionsKeepTheirOrder) {
  for (const char* name : {"val2017/9.jpg", "val2017/4.jpg"}) put_picture(name);
  const std::string path = write("annotations/captions_val2017.json", coco(kAnnotations));
  const auto dataset = open_dataset({"coco_captions", path}, "val");
  ASSERT_EQ(dataset->size(), 2);
  EXPECT_EQ(dataset->name(), "coco_captions:captions_val2017");
  EXPECT_EQ(dataset->id(0), "9.jpg");
  EXPECT_EQ(dataset->captions(0), (Captions{"A dog.", "A big\ndog.", "One dog."}));
  EXPECT_EQ(dataset->captions(1), Captions{"A cat."});
  EXPECT_EQ(open_dataset({"coco_captions", path + ":captions=2"}, "all")->captions(0).size(), 2u);
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] {
                 open_dataset({"coco_captions", path}, "train");
               }),
               "captions_val2017.json: all, val; got 'train'");
  for (const char* count : {"0", "-1", "5x", "99999999999999999999"}) {
    EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] {
                   open_dataset({"coco_captions", path + ":captions=" + count}, "val");
                 }),
                 fmt::format("captions: expected a positive count; got '{}'", count));
  }
}

TEST_F(CaptionJson, CountsCaptionsOfAbsentPicturesAndPicturesWithoutCaptions) {
  const auto message = [&](const std::string& annotations) {
    return failure("coco_captions", "c.json", coco(annotations));
  };
  EXPECT_PRED2(
      contains,
      message(kAnnotations + R"(, {"image_id": 7, "caption": "A"}, {"image_id": 8, "caption": "A"})"),
      "expected captions of pictures in the list images; got image_id 7 (2 of 6 captions are of none)");
  EXPECT_PRED2(contains, message(R"({"image_id": 4, "caption": "A"})"),
               "expected captions of every picture; got none of 9.jpg (1 of 2 pictures have none)");
  EXPECT_PRED2(contains, message(kAnnotations),
               "9.jpg: expected a picture; got no such file (2 of 2 pictures are missing)");
}

TEST_F(CaptionJson, NamesWhatCocosFileLacks) {
  const auto message = [&](const std::string& images, const std::string& annotation) {
    return failure("coco_captions", "c.json",
                   fmt::format(R"({{"images": [{}], "annotations": [{}]}})", images, annotation));
  };
  const std::string image = R"({"id": 4, "file_name": "4.jpg"})";
  EXPECT_PRED2(contains, message(image, R"({"image_id": 4})"),
               "c.json: expected the key annotations[0].caption; got none");
  EXPECT_PRED2(contains, message(image, R"({"caption": "A"})"),
               "expected the key annotations[0].image_id; got none");
  EXPECT_PRED2(contains, message(image, R"({"image_id": 4, "caption": ""})"),
               "expected a caption at annotations[0].caption");
  EXPECT_PRED2(contains, message(image, R"({"image_id": "4", "caption": "A"})"),
               "expected an integer at annotations[0].image_id");
  EXPECT_PRED2(contains, message(R"({"id": 4})", ""), "expected the key images[0].file_name; got none");
  EXPECT_PRED2(contains, message(R"({"file_name": "4.jpg"})", ""), "expected the key images[0].id; got none");
  EXPECT_PRED2(contains, message(image + ", " + image, ""),
               "expected an id of its own at images[1].id; got 4");
  EXPECT_PRED2(contains, message(image + R"(, {"id": 5, "file_name": "4.jpg"})", ""),
               "expected a file of its own at images[1].file_name; got \"4.jpg\"");
  EXPECT_PRED2(contains, message("", ""), "expected pictures; got none");
  EXPECT_PRED2(contains, failure("coco_captions", "c.json", R"({"images": []})"),
               "expected the key annotations; got none");
}

}  // namespace
}  // namespace repbench
