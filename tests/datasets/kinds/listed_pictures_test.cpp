#include "datasets/kinds/listed_pictures.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <stdexcept>

#include "files/atomic.h"
#include "tests/files/error_message.h"
#include "tests/files/scratch_folder.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;

ListedPicture put(const ScratchFolder& folder, const std::string& id, std::vector<int64_t> labels,
                  const std::string& content = "bytes") {
  write_file_atomically(folder / id, content);
  return {id, folder / id, std::move(labels)};
}

ListedPictures two(const ScratchFolder& folder) {
  return {.kind = "kind",
          .name = "kind:two",
          .split = "train",
          .class_names = {"cat", "dog", "cow"},
          .pictures = {put(folder, "b", {0}), put(folder, "a", {0, 2})},
          .source = "here"};
}

std::string complaint(ListedPictures list) {
  return error_message<std::runtime_error>([&] { make_picture_list(std::move(list)); });
}

std::string hash_of(ListedPictures list) { return make_picture_list(std::move(list))->provenance().sha256; }

TEST(ListedPictures, KeepTheirOrderAndTheirLabels) {
  const ScratchFolder folder;
  ListedPictures list = two(folder);
  list.pictures[0].captions = {"a cat"};
  const auto dataset = make_picture_list(list);
  ASSERT_EQ(dataset->size(), 2);
  EXPECT_EQ(dataset->id(0), "b");
  EXPECT_EQ(dataset->label(0), 0);
  EXPECT_EQ(dataset->label(1), -1) << "two classes";
  EXPECT_EQ(dataset->labels(1), (std::vector<int64_t>{0, 2}));
  EXPECT_EQ(dataset->get(1).labels, (std::vector<int64_t>{0, 2}));
  EXPECT_EQ(dataset->captions(0), std::vector<std::string>{"a cat"});
  EXPECT_EQ(std::get<EncodedImage>(dataset->get(0).picture).bytes.size(), 5u);
  EXPECT_EQ(dataset->provenance().hashed, "contents");
  EXPECT_THROW(dataset->get(2), std::out_of_range);
  EXPECT_THROW(dataset->label(-1), std::out_of_range);
}

TEST(ListedPictures, AreHashedWhateverTheirOrder) {
  const ScratchFolder folder;
  const std::string before = hash_of(two(folder));
  ListedPictures list = two(folder);
  std::swap(list.pictures[0], list.pictures[1]);
  EXPECT_EQ(hash_of(list), before);
  list.pictures[0].labels = {1, 2};
  EXPECT_NE(hash_of(list), before);
  list = two(folder);
  list.pictures[0].captions = {"a cat"};
  EXPECT_NE(hash_of(list), before);
  list = two(folder);
  list.class_names[2] = "bull";
  EXPECT_NE(hash_of(list), before);
  list = two(folder);
  put(folder, "b", {0}, "other");  // as many bytes
  EXPECT_NE(hash_of(list), before);
}

TEST(ListedPictures, OfMoreThanAGigabyteAreHashedByTheirSizes) {
  const ScratchFolder folder;
  ListedPictures list = two(folder);
  fs::resize_file(folder / "a", (uintmax_t{1} << 30) + 1);  // a hole: it takes no place on the disk
  const auto dataset = make_picture_list(list);
  EXPECT_EQ(dataset->provenance().hashed, "names and sizes");
  fs::resize_file(folder / "a", (uintmax_t{1} << 30) + 2);
  EXPECT_NE(hash_of(list), dataset->provenance().sha256);
}

TEST(ListedPictures, NameWhatIsWrongWithTheList) {
  const ScratchFolder folder;
  ListedPictures list = two(folder);
  list.pictures[1].labels = {0, 3};
  EXPECT_EQ(complaint(list), "[kind] here: expected labels below 3; got 3 of a");
  list.pictures[1].labels = {-1};
  EXPECT_EQ(complaint(list), "[kind] here: expected labels below 3; got -1 of a");
  list.pictures[1] = list.pictures[0];
  EXPECT_EQ(complaint(list), "[kind] here: expected every picture once; got b twice");
  list.pictures.clear();
  EXPECT_EQ(complaint(list), "[kind] here: expected pictures in the split train; got none");
}

TEST(ListedPictures, CountAllThatAreMissing) {
  const ScratchFolder folder;
  ListedPictures list = two(folder);
  const auto problem = [&] { return make_picture_list(list)->problems().at(0); };
  EXPECT_TRUE(make_picture_list(list)->problems().empty());
  fs::remove(folder / "a");
  EXPECT_PRED2(contains, problem(), "a: expected a picture; got no such file (1 of 2 pictures are missing)");
  fs::create_directory(folder / "a");
  EXPECT_PRED2(contains, problem(), "a: expected a picture; got no regular file (1 of 2");
  fs::remove(folder / "b");
  ASSERT_EQ(::mkfifo((folder / "b").c_str(), 0600), 0);
  EXPECT_PRED2(contains, problem(), "b: expected a picture; got no regular file (2 of 2")
      << "a pipe is not waited for";
}

TEST(PrintableName, SpellsOutBytesThatAreNoUtf8) {
  EXPECT_EQ(printable_name("caf\xc3\xa9/a.jpg"), "caf\xc3\xa9/a.jpg");
  EXPECT_EQ(printable_name("caf\xe9/a\xff\xfe.jpg"), "caf\\xe9/a\\xff\\xfe.jpg");
  EXPECT_EQ(printable_name("a\xc3"), "a\\xc3") << "cut in the middle of a character";
  EXPECT_EQ(printable_name(""), "");
}

std::vector<ListedPicture> many(size_t count, const std::vector<int64_t>& labels) {
  std::vector<ListedPicture> pictures;
  for (size_t i = 0; i < count; ++i) pictures.push_back({fmt::format("{}/{}", labels.size(), i), "", labels});
  return pictures;
}

int64_t tested(const std::vector<ListedPicture>& pictures) {
  const std::vector<bool> part = own_test_part(pictures);
  return std::count(part.begin(), part.end(), true);
}

TEST(OwnSplit, TestsAFifthOfEveryClass) {
  EXPECT_EQ(tested(many(1, {0})), 0);
  EXPECT_EQ(tested(many(2, {0})), 1);
  EXPECT_EQ(tested(many(7, {0})), 1);
  EXPECT_EQ(tested(many(8, {0})), 2);
  EXPECT_EQ(tested(many(100, {0})), 20);
  EXPECT_EQ(tested(many(10'000, {})), 1000) << "of pictures without labels 1,000 at most";
  std::vector<ListedPicture> mixed = many(10, {0});
  for (ListedPicture& picture : many(10, {0, 1})) mixed.push_back(picture);
  EXPECT_EQ(tested(mixed), 4) << "the first of several labels counts";
}

TEST(OwnSplit, DependsOnIdsAndNotOnTheirOrder) {
  std::vector<ListedPicture> pictures = many(50, {0});
  const std::vector<bool> before = own_test_part(pictures);
  std::reverse(pictures.begin(), pictures.end());
  std::vector<bool> after = own_test_part(pictures);
  std::reverse(after.begin(), after.end());
  EXPECT_EQ(before, after);
}

TEST(OwnSplit, LeavesThePicturesOfOnePart) {
  const auto keep = [](const std::string& split, size_t count) {
    ListedPictures list{
        .kind = "kind", .name = "n", .split = split, .pictures = many(count, {0}), .source = "here"};
    keep_own_split(list);
    return list;
  };
  EXPECT_EQ(keep("train", 10).pictures.size(), 8u);
  EXPECT_EQ(keep("test", 10).pictures.size(), 2u);
  EXPECT_EQ(keep("test", 10).source, "here (test of an 80/20 split by hash of id)");
  EXPECT_EQ(keep("all", 10).pictures.size(), 10u);
  EXPECT_EQ(keep("all", 10).source, "here");
  const auto unknown = error_message<std::invalid_argument>([&] { keep("tests", 10); });
  EXPECT_EQ(unknown, "[kind] expected a split of here: train, test, all; got 'tests' (did you mean 'test'?)");
  const auto none = error_message<std::runtime_error>([&] { keep("test", 1); });
  EXPECT_EQ(none,
            "[kind] here: expected pictures in the split test (of an 80/20 split by hash of id); got none");
}

}  // namespace
}  // namespace repbench
