#include <fmt/format.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "datasets/index_file.h"
#include "files/atomic.h"
#include "files/hash.h"
#include "tests/datasets/toy_dataset.h"
#include "tests/files/error_message.h"
#include "tests/files/scratch_folder.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;

class SubsetOfShapes : public testing::Test {
 protected:
  void SetUp() override { base_ = open_dataset(DatasetSpec::parse(kBase), "train"); }

  std::string write(const std::string& content, const std::string& name = "list.txt") const {
    write_file_atomically(folder_ / name, content);
    return (folder_ / name).string();
  }
  std::shared_ptr<const Dataset> open(const std::string& content, const std::string& split = "train") const {
    return open_dataset({"subset", write(content) + ":of=" + kBase}, split);
  }
  std::string failure(const std::string& content) const {
    return error_message<std::runtime_error>([&] { open(content); });
  }

  const std::string kBase = "shapes:task=colour,train=20,test=10";
  ScratchFolder folder_;
  std::shared_ptr<const Dataset> base_;
};

TEST_F(SubsetOfShapes, HasTheExamplesOfAListOfIdsInTheOrderOfTheBase) {
  const auto subset = open(base_->id(7) + "\r\n\n" + base_->id(3) + "\n");
  ASSERT_EQ(subset->size(), 2);
  EXPECT_EQ(subset->id(0), base_->id(3));
  EXPECT_EQ(subset->id(1), base_->id(7));
  EXPECT_EQ(subset->label(1), base_->label(7));
  EXPECT_EQ(subset->labels(1), base_->labels(7));
  EXPECT_EQ(subset->captions(1), base_->captions(7));
  EXPECT_EQ(pixels(subset->get(1), 3).pixels, pixels(base_->get(7), 3).pixels);
  EXPECT_EQ(subset->class_names(), base_->class_names());
  EXPECT_EQ(subset->name(), "subset:list of " + base_->name());
  EXPECT_EQ(subset->split(), "train");
  EXPECT_EQ(subset->provenance().sha256,
            sha256(base_->provenance().sha256 + "\n" + sha256(base_->id(3) + "\n" + base_->id(7))));
  EXPECT_PRED2(contains, subset->provenance().source, "the examples of " + (folder_ / "list.txt").string());
  EXPECT_THROW(subset->get(2), std::out_of_range);
}

TEST_F(SubsetOfShapes, TakesPositionsToo) {
  const auto subset = open("5\n0\n", "test");
  ASSERT_EQ(subset->size(), 2);
  EXPECT_EQ(subset->split(), "test");
  EXPECT_EQ(subset->id(0), open_dataset(DatasetSpec::parse(kBase), "test")->id(0));
  EXPECT_PRED2(contains, failure("5\n20\n"), "list.txt: expected positions from 0 to 19; got 20");
  EXPECT_PRED2(contains, failure("-1\n"), "expected positions from 0 to 19; got -1");
  EXPECT_PRED2(contains, failure("5\n05\n"), "expected every example once; got 05 twice");
}

TEST_F(SubsetOfShapes, CountsIdsThatTheBaseLacks) {
  EXPECT_PRED2(contains, failure(base_->id(7) + "\nx\ny\n"), "got \"x\" (2 of 3 ids are missing there)");
  EXPECT_PRED2(contains, failure(base_->id(7) + "\n5\n"), "got \"5\" (1 of 2 ids are missing there)");
  EXPECT_PRED2(contains, failure("99999999999999999999\n"), "(1 of 1 ids are missing there)");
  EXPECT_PRED2(contains, failure("x\nx\n"), "list.txt: expected every example once; got \"x\" twice");
  EXPECT_PRED2(contains, failure("\xFF\n"), "expected UTF-8 text; got other bytes in line 1");
  EXPECT_PRED2(contains, failure("\n\n"), "expected ids of examples; got none");
}

TEST_F(SubsetOfShapes, OpensFromAnIndexFileAlone) {
  const IndexList list = these_examples(*base_, {4, 2, 11});
  const fs::path path = folder_ / "draw.json";
  write_index_file(path, kBase, *base_, list, {{"seed", 0}, {"count", 3}});
  EXPECT_EQ(read_index_file(path, *base_).indices, list.indices);
  EXPECT_EQ(read_index_file(path, *base_).hash, list.hash);
  EXPECT_EQ(load_index_file(path).hash, list.hash);
  EXPECT_EQ(load_index_file(path).origin.at("count"), 3);
  for (const std::string split : {"train", "all"}) {
    const auto subset = open_dataset({"subset", path.string()}, split);
    EXPECT_EQ(subset->size(), 3);
    EXPECT_EQ(subset->split(), "train");
  }
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] {
                 open_dataset({"subset", path.string()}, "test");
               }),
               ": train, all; got 'test'");
  const auto test = open_dataset(DatasetSpec::parse(kBase), "test");
  EXPECT_PRED2(contains, error_message<std::runtime_error>([&] { read_index_file(path, *test); }),
               "expected examples of the split test; got the split \"train\"");
  const auto toy = ToyDataset::of(20, 2);
  EXPECT_PRED2(contains, error_message<std::runtime_error>([&] { read_index_file(path, *toy); }),
               "draw.json: expected ids of toy (train); got ");
}

TEST_F(SubsetOfShapes, OfASubsetIsASubset) {
  const std::string inner = "subset:" + write("0\n3\n5\n", "inner.txt") + ":of=" + kBase;
  const std::string spec = write("1\n", "outer.txt") + ":of=" + inner;
  const auto subset = open_dataset({"subset", spec}, "train");
  ASSERT_EQ(subset->size(), 1);
  EXPECT_EQ(subset->id(0), base_->id(3));
}

TEST_F(SubsetOfShapes, NamesABrokenIndexFile) {
  const auto message = [&](const std::string& content) { return failure(content); };
  EXPECT_PRED2(contains, message("{\"ids\": [}"), "list.txt] expected JSON; got parse error");
  EXPECT_PRED2(contains, message(R"({"split": "train", "hash": "", "ids": []})"),
               "list.txt: expected the key dataset; got none");
  EXPECT_PRED2(contains, message(R"({"dataset": "x", "split": "train", "hash": "0", "ids": ["a"]})"),
               "list.txt: expected ids with the hash \"0\"; got " + sha256("a"));
  EXPECT_PRED2(contains, message(R"({"dataset": "x", "split": "train", "hash": "0", "ids": [1]})"),
               "expected a string at ids[0]; got 1");
  EXPECT_PRED2(contains, error_message<std::runtime_error>([&] {
                 open_dataset({"subset", (folder_ / "no").string()}, "train");
               }),
               "no: ");
}

TEST_F(SubsetOfShapes, NamesAMissingDataSet) {
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] {
                 open_dataset({"subset", write("0\n")}, "train");
               }),
               "list.txt: expected :of=DATASET");
  for (const std::string spec : {"", ":of=shapes", "list.txt:of="}) {
    EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] {
                   open_dataset({"subset", spec}, "train");
                 }),
                 "expected subset:FILE:of=DATASET");
  }
}

TEST_F(SubsetOfShapes, EndsWhereAnIndexFileNamesItself) {
  const std::string path = (folder_ / "list.txt").string();
  write(canonical_json(
      {{"dataset", "subset:" + path}, {"split", "train"}, {"hash", sha256("a")}, {"ids", {"a"}}}));
  EXPECT_PRED2(contains, error_message<std::runtime_error>([&] {
                 open_dataset({"subset", path}, "train");
               }),
               "expected at most 8 subsets of subsets; got more");
}

}  // namespace
}  // namespace repbench
