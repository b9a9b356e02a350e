#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <stdexcept>

#include "datasets/dataset.h"
#include "files/atomic.h"
#include "tests/datasets/golden.h"
#include "tests/files/error_message.h"
#include "tests/files/scratch_folder.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;

void put_picture(const fs::path& path, const std::string& name = "420.jpg") {
  write_file_atomically(path, read_file(golden_folder() / "jpeg" / name));
}

std::shared_ptr<const Dataset> open_folder(const fs::path& folder, std::string_view split) {
  return open_dataset({"image_folder", folder.string()}, split);
}

std::vector<std::string> ids(const Dataset& dataset) {
  std::vector<std::string> result;
  for (int64_t i = 0; i < dataset.size(); ++i) result.push_back(dataset.id(i));
  return result;
}

// Two classes of ten, straight below the folder.
void put_classes(const fs::path& folder) {
  for (const std::string name : {"cat", "dog"}) {
    for (int i = 0; i < 10; ++i) put_picture(folder / name / (std::to_string(i) + ".jpg"));
  }
}

TEST(ImageFolder, ReadsSplitsWithClassFoldersInOrder) {
  const ScratchFolder folder;
  put_picture(folder / "train/dog/b.JPG");
  put_picture(folder / "train/dog/a.png", "rgb.png");
  put_picture(folder / "train/cat-2/x.jpeg");
  put_picture(folder / "train/cat/deep/x.jpg", "grey.jpg");
  put_picture(folder / "val/dog/1.jpg");
  write_file_atomically(folder / "train/dog/notes.txt", "not a picture");
  write_file_atomically(folder / "train/dog/.hidden.jpg", "not a picture");

  const auto train = open_folder(folder.path(), "train");
  EXPECT_EQ(train->class_names(), (std::vector<std::string>{"cat", "cat-2", "dog"}));
  EXPECT_EQ(ids(*train), (std::vector<std::string>{"train/cat/deep/x.jpg", "train/cat-2/x.jpeg",
                                                   "train/dog/a.png", "train/dog/b.JPG"}));
  EXPECT_EQ(train->label(0), 0);
  EXPECT_EQ(train->get(3).labels, std::vector<int64_t>{2});
  EXPECT_EQ(train->channels(), 3);
  const Image image = pixels(train->get(0), 3);
  EXPECT_EQ(image.channels, 3);
  EXPECT_EQ(image.height, 29);

  const auto val = open_folder(folder.path(), "val");
  EXPECT_EQ(val->label(0), 2) << "labels mean the same in every split";
  const auto message = error_message<std::invalid_argument>([&] { open_folder(folder.path(), "vla"); });
  EXPECT_PRED2(contains, message, "train, val; got 'vla'");
}

TEST(ImageFolder, SplitsClassFoldersByTheHashOfTheirIds) {
  const ScratchFolder folder;
  put_classes(folder.path());
  const auto train = open_folder(folder.path(), "train"), test = open_folder(folder.path(), "test");
  EXPECT_EQ(train->size(), 16);
  EXPECT_EQ(test->size(), 4);
  EXPECT_EQ(std::set<int64_t>({test->label(0), test->label(1)}), std::set<int64_t>{0});
  EXPECT_EQ(std::set<int64_t>({test->label(2), test->label(3)}), std::set<int64_t>{1});
  std::set<std::string> all;
  for (const auto& dataset : {train, test}) {
    for (const std::string& id : ids(*dataset)) EXPECT_TRUE(all.insert(id).second) << id;
    EXPECT_PRED2(contains, dataset->provenance().source, "80/20 split by hash of id");
  }
  EXPECT_EQ(all.size(), 20u);
  EXPECT_EQ(ids(*test), ids(*open_folder(folder.path(), "test")));
  EXPECT_THROW(open_folder(folder.path(), "val"), std::invalid_argument);
}

TEST(ImageFolder, HashesNamesAndContents) {
  const ScratchFolder folder;
  put_picture(folder / "train/cat/a.jpg");
  const std::string before = open_folder(folder.path(), "train")->provenance().sha256;
  EXPECT_EQ(open_folder(folder.path(), "train")->provenance().sha256, before);
  put_picture(folder / "train/cat/b.jpg");
  const std::string after = open_folder(folder.path(), "train")->provenance().sha256;
  EXPECT_NE(after, before);
  put_picture(folder / "train/cat/b.jpg", "444.jpg");
  EXPECT_NE(open_folder(folder.path(), "train")->provenance().sha256, after);
}

TEST(ImageFolder, IsNamedAfterItsFolderAndNotItsPath) {
  const ScratchFolder folder;
  put_picture(folder / "pets/train/cat/a.jpg");
  EXPECT_EQ(open_folder(folder / "pets/", "train")->name(), "image_folder:pets");
}

TEST(ImageFolder, NamesAnEmptyClassAndAnEmptyFolder) {
  const ScratchFolder folder;
  const auto failure = [&](const std::string& below) {
    return error_message<std::runtime_error>([&] { open_folder(folder / below, "train"); });
  };
  put_picture(folder / "given/train/cat/a.jpg");
  fs::create_directories(folder / "given/train/dog");
  EXPECT_PRED2(
      contains, failure("given"),
      "given/train/dog: expected pictures (jpg, jpeg, png, webp, bmp, tif, tiff); got an empty class");
  put_picture(folder / "own/cat/a.jpg");
  fs::create_directories(folder / "own/dog");
  EXPECT_PRED2(contains, failure("own"),
               "own/dog: expected pictures (jpg, jpeg, png, webp, bmp, tif, tiff); got an empty class");
  fs::create_directories(folder / "empty");
  EXPECT_PRED2(contains, failure("empty"), "class folders");
  EXPECT_PRED2(contains, failure("nowhere"), "nowhere: expected a folder");
}

TEST(ImageFolder, NamesAClassThatTheTrainSplitLacks) {
  const ScratchFolder folder;
  put_picture(folder / "train/cat/a.jpg");
  put_picture(folder / "test/cow/a.jpg");
  const auto message = error_message<std::runtime_error>([&] { open_folder(folder.path(), "test"); });
  EXPECT_PRED2(contains, message, "test/cow: expected a class that the train split has too");
}

TEST(ImageFolder, FollowsLinksButNotInCircles) {
  const ScratchFolder folder;
  put_picture(folder / "elsewhere/a.jpg");
  put_picture(folder / "data/train/cat/a.jpg");
  fs::create_directory_symlink(folder / "elsewhere", folder / "data/train/dog");
  fs::create_directory_symlink(folder / "data/train", folder / "data/train/cat/up");
  fs::create_directory_symlink("self", folder / "data/train/cat/self");
  const auto train = open_folder(folder / "data", "train");
  // Through `up` the pictures of dog are reached once more; the circle ends there.
  EXPECT_EQ(ids(*train),
            (std::vector<std::string>{"train/cat/a.jpg", "train/cat/up/dog/a.jpg", "train/dog/a.jpg"}));
}

TEST(ImageFolder, NamesALinkToNowhere) {
  const ScratchFolder folder;
  put_picture(folder / "train/cat/a.jpg");
  fs::create_symlink(folder / "gone.jpg", folder / "train/cat/b.jpg");
  const auto message = error_message<std::runtime_error>([&] { open_folder(folder.path(), "train"); });
  EXPECT_PRED2(contains, message,
               "train/cat/b.jpg: expected a picture; got no such file (1 of 2 pictures are missing)");
}

TEST(ImageFolder, NamesABrokenPictureWhenItIsDecoded) {
  const ScratchFolder folder;
  const std::string whole = read_file(golden_folder() / "jpeg/420.jpg");
  write_file_atomically(folder / "train/cat/a.jpg", whole.substr(0, whole.size() / 2));
  write_file_atomically(folder / "train/cat/b.png", "not a picture");
  const auto train = open_folder(folder.path(), "train");
  for (int64_t i = 0; i < 2; ++i) {
    const auto message = error_message<std::runtime_error>([&] { pixels(train->get(i), 3); });
    EXPECT_PRED2(contains, message, train->id(i));
  }
  fs::remove(folder / "train/cat/a.jpg");
  EXPECT_PRED2(contains, error_message<std::runtime_error>([&] { train->get(0); }), "train/cat/a.jpg");
  EXPECT_THROW(train->get(2), std::out_of_range);
}

}  // namespace
}  // namespace repbench
