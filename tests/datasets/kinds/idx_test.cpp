#include <gtest/gtest.h>

#include <stdexcept>

#include "datasets/dataset.h"
#include "files/hash.h"
#include "tests/datasets/idx_folder.h"
#include "tests/files/error_message.h"
#include "tests/files/scratch_folder.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;

std::shared_ptr<const Dataset> open_idx_folder(const fs::path& folder, std::string_view split = "train") {
  return open_dataset({"idx", folder.string()}, split);
}

std::string failure(const fs::path& folder) {
  return error_message<std::runtime_error>([&] { open_idx_folder(folder); });
}

// A whole data set of three pictures; `path` is then overwritten with `content`.
std::string failure_with(std::string_view content_kind, const std::string& content) {
  const ScratchFolder folder;
  write_idx_split(folder.path(), "train", {0, 1, 2});
  const fs::path path = idx_path(folder.path(), "train", content_kind);
  write_file_atomically(path, content);
  const std::string message = failure(folder.path());
  EXPECT_PRED2(contains, message, path.string() + ": expected");
  EXPECT_EQ(message.find('\n'), std::string::npos);
  return message;
}

TEST(Idx, ReadsPlainAndGzippedFilesAlike) {
  const ScratchFolder folder;
  const Image noise = write_idx_split(folder.path(), "train", {3, 0, 1});
  const auto plain = open_idx_folder(folder.path());
  for (const auto content : {"images-idx3", "labels-idx1"}) {
    const fs::path path = idx_path(folder.path(), "train", content);
    write_file_atomically(path.string() + ".gz", gzip(read_file(path)));
    fs::remove(path);
  }
  const auto packed = open_idx_folder(folder.path());
  for (const auto& dataset : {plain, packed}) {
    EXPECT_EQ(dataset->size(), 3);
    EXPECT_EQ(dataset->channels(), 1);
    EXPECT_EQ(dataset->split(), "train");
    EXPECT_EQ(dataset->class_names(), (std::vector<std::string>{"0", "1", "2", "3"}));
    const Example example = dataset->get(1);
    EXPECT_EQ(example.id, "train/00001");
    EXPECT_EQ(example.labels, std::vector<int64_t>{0});
    EXPECT_EQ(std::get<Image>(example.picture).pixels,
              std::vector<uint8_t>(noise.pixels.begin() + 20, noise.pixels.begin() + 40));
  }
  EXPECT_NE(plain->provenance().sha256, packed->provenance().sha256);
}

TEST(Idx, HashesTheFilesThatItRead) {
  const ScratchFolder folder;
  write_idx_split(folder.path(), "train", {1, 0});
  const std::string content = read_file(idx_path(folder.path(), "train", "images-idx3")) +
                              read_file(idx_path(folder.path(), "train", "labels-idx1"));
  EXPECT_EQ(open_idx_folder(folder.path())->provenance().sha256, sha256(content));
}

TEST(Idx, IsNamedAfterItsFolderAndNotItsPath) {
  const ScratchFolder folder;
  write_idx_split(folder / "digits", "train", {0});
  EXPECT_EQ(open_idx_folder(folder / "digits")->name(), "idx:digits");
  EXPECT_EQ(open_idx_folder(folder / "digits/")->name(), "idx:digits");
}

TEST(Idx, CountsTheClassesOfBothSplits) {
  const ScratchFolder folder;
  write_idx_split(folder.path(), "train", {0, 4});
  write_idx_split(folder.path(), "test", {1});
  EXPECT_EQ(open_idx_folder(folder.path(), "test")->class_names().size(), 5u);
  EXPECT_EQ(open_idx_folder(folder.path(), "train")->class_names().size(), 5u);
}

TEST(Idx, NamesAMissingFileAndAMissingPath) {
  const ScratchFolder folder;
  const std::string message = failure(folder.path());
  EXPECT_PRED2(contains, message, idx_path(folder.path(), "train", "images-idx3").string() + ".gz");
  EXPECT_PRED2(contains, message, "no such file");
  EXPECT_PRED2(contains, failure(folder / "nowhere"), "nowhere");
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([] {
                 open_dataset({"idx", ""}, "train");
               }),
               "expected idx:PATH");
}

TEST(Idx, NamesAFileWithAnotherMagicNumber) {
  EXPECT_PRED2(contains, failure_with("images-idx3", idx_bytes({3}, {0, 1, 2})),
               "magic 00000803); got 00000801");
  EXPECT_PRED2(contains, failure_with("labels-idx1", "text, not numbers"), "got 74657874");
  EXPECT_PRED2(contains, failure_with("labels-idx1", ""), "magic");
}

TEST(Idx, NamesAFileThatIsTooShortOrTooLong) {
  const std::string labels = idx_bytes({3}, {0, 1, 2});
  EXPECT_PRED2(contains, failure_with("labels-idx1", labels.substr(0, 10)), "3 values; got 2");
  EXPECT_PRED2(contains, failure_with("labels-idx1", labels.substr(0, 6)), "truncated header");
  EXPECT_PRED2(contains, failure_with("labels-idx1", labels + "x"), "announced number of bytes; got more");
  EXPECT_PRED2(contains, failure_with("labels-idx1", gzip(labels + "x")),
               "announced number of bytes; got more");
  EXPECT_PRED2(contains, failure_with("labels-idx1", gzip(labels) + "x"), "bytes after its end");
}

TEST(Idx, NamesATruncatedGzipFileWhereverItIsCut) {
  const Image noise = noise_picture(3 * 5, 4, 1);
  const std::string whole = gzip(idx_bytes({3, 5, 4}, noise.pixels));
  for (size_t size = 3; size < whole.size(); size += 9) failure_with("images-idx3", whole.substr(0, size));
}

TEST(Idx, NamesAGzipFileWithDamagedBytes) {
  std::string bytes = gzip(idx_bytes({3, 5, 4}, noise_picture(15, 4, 1).pixels));
  bytes[bytes.size() - 6] = static_cast<char>(bytes[bytes.size() - 6] ^ 1);  // in the checksum
  EXPECT_PRED2(contains, failure_with("images-idx3", bytes), "gzip data");
}

TEST(Idx, DoesNotAllocateMoreThanTheFileHolds) {
  const std::string huge =
      big_endian(0x0803) + big_endian(1u << 31) + big_endian(1u << 31) + big_endian(1u << 31);
  EXPECT_PRED2(contains, failure_with("images-idx3", huge), "too short for");
  EXPECT_PRED2(contains, failure_with("images-idx3", gzip(huge)), "too short for");
  EXPECT_PRED2(contains, failure_with("images-idx3", idx_bytes({3, 0, 4}, {})), "at least 1; got 0");
}

TEST(Idx, NamesLabelsThatDoNotFitThePictures) {
  EXPECT_PRED2(contains, failure_with("labels-idx1", idx_bytes({2}, {0, 1})),
               "3 labels, one a picture; got 2");
}

TEST(Idx, RefusesAnIndexOutsideAndAnUnknownSplit) {
  const ScratchFolder folder;
  write_idx_split(folder.path(), "train", {0, 1});
  const auto dataset = open_idx_folder(folder.path());
  EXPECT_THROW(dataset->get(2), std::out_of_range);
  EXPECT_THROW(dataset->label(-1), std::out_of_range);
  const auto message = error_message<std::invalid_argument>([&] { open_idx_folder(folder.path(), "trian"); });
  EXPECT_PRED2(contains, message, "expected a split: train, test; got 'trian' (did you mean 'train'?)");
}

TEST(FashionMnist, NamesTheMissingPackage) {
  const ScratchFolder folder;
  const auto message = error_message<std::runtime_error>([&] {
    open_dataset({"fashion_mnist", folder.path().string()}, "train");
  });
  EXPECT_PRED2(contains, message, "install the Debian package dataset-fashion-mnist");
}

TEST(FashionMnist, RefusesALabelThatHasNoName) {
  const ScratchFolder folder;
  write_idx_split(folder.path(), "test", {9, 10});
  const auto message = error_message<std::runtime_error>([&] {
    open_dataset({"fashion_mnist", folder.path().string()}, "test");
  });
  EXPECT_PRED2(contains, message, "t10k-labels-idx1-ubyte: expected labels below 10; got 10 at 1");
}

TEST(FashionMnist, HoldsAsManyPicturesOfEachClassAsPublished) {
  if (!fs::exists("/usr/share/datasets/fashion-mnist")) {
    GTEST_SKIP() << "the Debian package dataset-fashion-mnist is not installed";
  }
  for (const auto& [split, size] : {std::pair{"train", 60'000}, {"test", 10'000}}) {
    const auto dataset = open_dataset({"fashion_mnist", ""}, split);
    ASSERT_EQ(dataset->size(), size);
    std::vector<int64_t> counts(10);
    for (int64_t i = 0; i < size; ++i) ++counts.at(dataset->label(i));
    EXPECT_EQ(counts, std::vector<int64_t>(10, size / 10));
    EXPECT_EQ(dataset->class_names().at(9), "Ankle boot");
    EXPECT_EQ(dataset->provenance().licence, "MIT");
    EXPECT_EQ(dataset->provenance().sha256.size(), 64u);
    const Image image = pixels(dataset->get(size - 1), 1);
    EXPECT_EQ(image.height, 28);
    EXPECT_EQ(image.width, 28);
  }
  // The first picture of the data set is an ankle boot.
  EXPECT_EQ(open_dataset({"fashion_mnist", ""}, "train")->label(0), 9);
}

}  // namespace
}  // namespace repbench
