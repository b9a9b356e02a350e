#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <map>
#include <set>
#include <stdexcept>

#include "datasets/captions.h"
#include "files/atomic.h"
#include "tests/datasets/golden.h"
#include "tests/files/error_message.h"
#include "tests/files/scratch_folder.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;

using Captions = std::vector<std::string>;

void put_pictures(const fs::path& folder, const std::vector<std::string>& names) {
  const std::string picture = read_file(golden_folder() / "jpeg/grey.jpg");
  for (const std::string& name : names) write_file_atomically(folder / name, picture);
}

const std::string kTokens =
    "b.jpg#0\tA dog .\nb.jpg#1\tA brown dog # 1 .\na.jpg#0\tTwo cats .\nc.jpg#0\tCaf\xC3\xA9 .\nb.jpg#2\tA "
    "dog .\n";

// Three pictures with captions, without split files.
class Flickr8k : public testing::Test {
 protected:
  void SetUp() override {
    write_tokens(kTokens);
    put_pictures(folder_ / "images", {"a.jpg", "b.jpg", "c.jpg"});
  }

  void write_tokens(const std::string& content) {
    write_file_atomically(folder_ / "Flickr8k.token.txt", content);
  }
  std::shared_ptr<const Dataset> open(std::string_view split = "all") const {
    return open_dataset({"flickr8k", folder_.path().string()}, split);
  }
  std::string failure(std::string_view split = "all") const {
    return error_message<std::runtime_error>([&] { open(split); });
  }
  std::string failure_with(const std::string& content) {
    write_tokens(content);
    return failure();
  }

  ScratchFolder folder_;
};

TEST_F(Flickr8k, GivesEveryPictureAllItsCaptions) {
  const auto dataset = open();
  ASSERT_EQ(dataset->size(), 3);
  EXPECT_EQ(dataset->name(), "flickr8k");
  const Example example = dataset->get(0);
  EXPECT_EQ(example.id, "b.jpg");
  EXPECT_EQ(example.captions, (Captions{"A dog .", "A brown dog # 1 .", "A dog ."})) << "twice is fine";
  EXPECT_TRUE(example.labels.empty());
  EXPECT_EQ(dataset->label(0), -1);
  EXPECT_GT(pixels(example, 3).height, 0);
  EXPECT_EQ(dataset->get(2).captions, Captions{"Caf\xC3\xA9 ."});
  EXPECT_THROW(dataset->get(3), std::out_of_range);
}

TEST_F(Flickr8k, HashesItsCaptionsAndThePictures) {
  const std::string hash = open()->provenance().sha256;
  EXPECT_EQ(open()->provenance().hashed, "contents");
  write_tokens(kTokens + "c.jpg#1\tA coffee .\n");
  const std::string other_captions = open()->provenance().sha256;
  EXPECT_NE(other_captions, hash);
  std::string picture = read_file(folder_ / "images" / "a.jpg");
  picture.back() = 'x';
  write_file_atomically(folder_ / "images" / "a.jpg", picture);
  EXPECT_NE(open()->provenance().sha256, other_captions);
}

TEST_F(Flickr8k, ReadsTheOriginalArchivesNames) {
  fs::rename(folder_ / "images", folder_ / "Flicker8k_Dataset");
  write_file_atomically(folder_ / "Flickr8k.lemma.token.txt", "nothing of use");
  write_file_atomically(folder_ / "Flickr_8k.trainImages.txt", "c.jpg\nb.jpg\n");
  write_file_atomically(folder_ / "Flickr_8k.devImages.txt", "a.jpg\r\n\r\n");
  const auto train = open("train");
  EXPECT_EQ(train->size(), 2);
  EXPECT_EQ(train->id(0), "c.jpg");
  EXPECT_EQ(open("dev")->id(0), "a.jpg");
  const auto message = error_message<std::invalid_argument>([&] { open("test"); });
  EXPECT_PRED2(contains, message, ": train, dev, all; got 'test'");
  EXPECT_EQ(open("all")->size(), 3);
}

TEST_F(Flickr8k, PassesOverTheOnePictureThatTheOriginalArchiveLacks) {
  write_tokens(kTokens + "2258277193_586949ec62.jpg.1#0\tPeople .\n");
  EXPECT_EQ(open()->size(), 3);
}

TEST_F(Flickr8k, ReadsTheFolderThatKaggleHas) {
  fs::rename(folder_ / "images", folder_ / "Images");
  fs::remove(folder_ / "Flickr8k.token.txt");
  write_file_atomically(
      folder_ / "captions.txt",
      "image,caption\r\nb.jpg,\"A dog , and \"\"two\"\" cats .\"\r\nb.jpg,A dog .\r\na.jpg,Cats .\r\n");
  const auto dataset = open();
  ASSERT_EQ(dataset->size(), 2);
  EXPECT_EQ(dataset->captions(0), (Captions{"A dog , and \"two\" cats .", "A dog ."}));
}

TEST_F(Flickr8k, TakesTheOnlyCaptionFileWhateverItsName) {
  fs::rename(folder_ / "Flickr8k.token.txt", folder_ / "captions.token.txt");
  EXPECT_EQ(open()->size(), 3);
  write_file_atomically(folder_ / "more.token.txt", kTokens);
  EXPECT_PRED2(contains, failure(),
               "expected one caption file Flickr8k.token.txt, NAME.token.txt or captions.txt; got 2 of them");
}

TEST_F(Flickr8k, SplitsByTheHashOfNamesWhereNoFilesDo) {
  std::string tokens;
  std::vector<std::string> names;
  for (int i = 0; i < 50; ++i) {
    names.push_back(fmt::format("{}.jpg", i));
    tokens += names.back() + "#0\tA dog .\n";
  }
  write_tokens(tokens);
  put_pictures(folder_ / "images", names);
  std::set<std::string> ids;
  for (const auto& [split, size] : {std::pair{"train", 40}, {"test", 10}}) {
    const auto dataset = open(split);
    EXPECT_EQ(dataset->size(), size);
    EXPECT_PRED2(contains, dataset->provenance().source,
                 fmt::format("({} of an 80/20 split by hash of id)", split));
    for (int64_t i = 0; i < dataset->size(); ++i) EXPECT_TRUE(ids.insert(dataset->id(i)).second);
  }
  const auto message = error_message<std::invalid_argument>([&] { open("tran"); });
  EXPECT_PRED2(contains, message, ": train, test, all; got 'tran' (did you mean 'train'?)");
}

TEST_F(Flickr8k, NamesTheFirstMissingPictureAndCountsThem) {
  fs::remove(folder_ / "images" / "a.jpg");
  fs::remove(folder_ / "images" / "c.jpg");
  EXPECT_PRED2(contains, failure(), "images/a.jpg: expected a picture; got no such file");
  EXPECT_PRED2(contains, failure(), "2 of 3 pictures are missing");
}

TEST_F(Flickr8k, DoesNotMissPicturesOfOtherSplits) {
  fs::remove(folder_ / "images" / "a.jpg");
  write_file_atomically(folder_ / "train.txt", "c.jpg\nb.jpg\nb.jpg\n");
  EXPECT_EQ(open("train")->size(), 2);
  write_file_atomically(folder_ / "train.txt", "c.jpg\nx.jpg\n");
  EXPECT_PRED2(contains, failure("train"),
               "train.txt: expected names that Flickr8k.token.txt has too; got x.jpg");
}

TEST_F(Flickr8k, NamesFileAndLineOfABadCaption) {
  EXPECT_PRED2(contains, failure_with("a.jpg#0\tA dog .\n\na.jpg#1\t \r\n"),
               "Flickr8k.token.txt:3: expected a caption of a.jpg; got an empty one");
  EXPECT_PRED2(contains, failure_with("a.jpg#0\tA d\xC3(g .\n"),
               "Flickr8k.token.txt:1: expected UTF-8 text; got the byte c3 after 'A d'");
  EXPECT_PRED2(contains, failure_with("a.jpg#0\tA dog .\n\xFF.jpg#0\tA dog .\n"),
               "token.txt:2: expected UTF-8 text");
  EXPECT_PRED2(contains, failure_with("a.jpg#0 A dog .\n"),
               ":1: expected NAME#NUMBER, a tab and a caption; got 'a.jpg#0 A dog .'");
  EXPECT_PRED2(contains, failure_with("a.jpg\tA dog .\n"), ":1: expected NAME#NUMBER");
  EXPECT_PRED2(contains, failure_with("a.jpg#x\tA dog .\n"), ":1: expected NAME#NUMBER");
  EXPECT_PRED2(contains, failure_with("#0\tA dog .\n"), ":1: expected the name of a picture; got none");
  EXPECT_PRED2(contains, failure_with("a.jpg#0\tA dog .\na.jpg#0\tA cat .\n"),
               ":2: expected every caption once; got a.jpg#0 again");
  EXPECT_PRED2(contains, failure_with("\n"), "expected captions; got none");
}

TEST_F(Flickr8k, NamesWhatIsNotThere) {
  fs::remove_all(folder_ / "images");
  EXPECT_PRED2(contains, failure(), "expected a folder of pictures: Flicker8k_Dataset or images; got none");
  fs::remove(folder_ / "Flickr8k.token.txt");
  EXPECT_PRED2(contains, failure(), "expected one caption file");
  for (const std::string kind : {"flickr8k", "caption_tsv"}) {
    EXPECT_THROW(open_dataset({kind, ""}, "train"), std::invalid_argument);
    const auto message = error_message<std::runtime_error>([&] {
      open_dataset({kind, (folder_ / "nowhere").string()}, "train");
    });
    EXPECT_PRED2(contains, message, "nowhere");
  }
}

TEST(Flickr8kOfOthers, HasFiveCaptionsOfEveryPicture) {
  const char* data = std::getenv("REPBENCH_DATA");
  if (data == nullptr) GTEST_SKIP() << "REPBENCH_DATA is not set";
  const DatasetSpec spec{"flickr8k", (fs::path(data) / "flickr8k").string()};
  const auto dataset = open_dataset(spec, "all");
  EXPECT_EQ(dataset->size(), 1500);
  for (int64_t i = 0; i < dataset->size(); ++i) EXPECT_EQ(dataset->captions(i).size(), 5u) << dataset->id(i);
  EXPECT_EQ(open_dataset(spec, "train")->size() + open_dataset(spec, "dev")->size(), 1500);
}

// A table with the pictures a.jpg and sub/b.jpg beside it.
class CaptionTsv : public testing::Test {
 protected:
  void SetUp() override { put_pictures(folder_.path(), {"a.jpg", "sub/b.jpg"}); }

  std::shared_ptr<const Dataset> open(const std::string& content) const {
    write_file_atomically(folder_ / "pairs.tsv", content);
    return open_dataset({"caption_tsv", (folder_ / "pairs.tsv").string()}, "all");
  }
  std::string failure(const std::string& content) const {
    return error_message<std::runtime_error>([&] { open(content); });
  }

  ScratchFolder folder_;
};

TEST_F(CaptionTsv, JoinsTheRowsOfOnePicture) {
  const auto dataset = open(
      "\xEF\xBB\xBFid\ttitle\tfilepath\r\n1\tA dog\tsub/b.jpg\r\n2\tTwo cats\ta.jpg\r\n\r\n3\t A brown dog "
      "\tsub/b.jpg");
  ASSERT_EQ(dataset->size(), 2);
  EXPECT_EQ(dataset->name(), "caption_tsv:pairs");
  EXPECT_EQ(dataset->get(0).id, "sub/b.jpg");
  EXPECT_EQ(dataset->get(0).captions, (Captions{"A dog", "A brown dog"}));
  EXPECT_EQ(dataset->get(1).captions, Captions{"Two cats"});
  EXPECT_GT(pixels(dataset->get(1), 3).height, 0);
}

TEST_F(CaptionTsv, ReadsQuotesAsPythonDoes) {
  const auto dataset = open(
      "filepath\ttitle\na.jpg\t\"A \"\"big\"\" dog\twith\nits owner\"\na.jpg\tA 12\" record\na.jpg\t\"A\" "
      "dog\n");
  EXPECT_EQ(dataset->get(0).captions, (Captions{"A \"big\" dog\twith\nits owner", "A 12\" record", "A dog"}));
}

TEST_F(CaptionTsv, NamesFileAndLineOfABadRow) {
  const std::string header = "filepath\ttitle\n";
  EXPECT_PRED2(contains, failure(header + "a.jpg\tA dog\na.jpg\t\n"),
               "pairs.tsv:3: expected a caption of a.jpg; got an empty one");
  EXPECT_PRED2(contains, failure(header + "a.jpg\t\"one\ntwo\"\na.jpg\tA d\xC3(g\n"),
               "pairs.tsv:4: expected UTF-8 text");
  EXPECT_PRED2(contains, failure(header + "a.jpg\n"),
               "pairs.tsv:2: expected 2 columns as in the header; got 1");
  EXPECT_PRED2(contains, failure(header + "a.jpg\tA dog\t\n"),
               "pairs.tsv:2: expected 2 columns as in the header; got 3");
  EXPECT_PRED2(contains, failure(header + "a.jpg\tA dog\na.jpg\t\"A cat\n"),
               "pairs.tsv:3: expected a quote that closes the field; got the end of the file");
  EXPECT_PRED2(contains, failure(header + "\tA dog\n"),
               "pairs.tsv:2: expected the name of a picture; got none");
  EXPECT_PRED2(contains, failure("file\ttitle\na.jpg\tA dog\n"),
               "pairs.tsv:1: expected a header with a column 'filepath', after tabs; got 'file', 'title'");
  EXPECT_PRED2(contains, failure(header), "expected captions; got none");
  EXPECT_PRED2(contains, failure(""), "got an empty file");
  EXPECT_PRED2(contains, failure(header + "x.jpg\tA dog\n"), "(1 of 1 pictures are missing)");
  EXPECT_PRED2(contains, failure(header + "sub\tA dog\n"), "(1 of 1 pictures are missing)");
}

TEST_F(CaptionTsv, TakesCommasAndOtherColumnsWhereTheyAreNamed) {
  const fs::path path = folder_ / "pairs.csv";
  write_file_atomically(path, "filepath\ttitle\na.jpg\tA dog, asleep\n");
  EXPECT_EQ(open_dataset({"caption_tsv", path.string()}, "all")->captions(0), Captions{"A dog, asleep"})
      << "open_clip's tables are called .csv and have tabs";
  write_file_atomically(path, "file,what is said,title\na.jpg,\"A dog, asleep\",x\n");
  const auto open_with = [&](const std::string& keys) {
    return open_dataset({"caption_tsv", path.string() + keys}, "all");
  };
  EXPECT_EQ(open_with(":image=file:caption=what is said")->captions(0), Captions{"A dog, asleep"});
  EXPECT_EQ(open_with(":image=file")->captions(0), Captions{"x"});
  EXPECT_PRED2(
      contains, error_message<std::runtime_error>([&] { open_with(""); }),
      "pairs.csv:1: expected a header with a column 'filepath', after commas; got 'file', 'what is said'");
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] { open_with(":picture=file"); }),
               "expected a key: image, caption; got 'picture'");
}

TEST_F(CaptionTsv, ChoosesTheSameFifthForTestingAsEver) {
  std::string content = "filepath\ttitle\n";
  std::vector<std::string> names;
  for (int i = 0; i < 20; ++i) {
    names.push_back(fmt::format("{}.jpg", i));
    content += names.back() + "\tA dog\n";
  }
  put_pictures(folder_.path(), names);
  open(content);
  const auto test = open_dataset({"caption_tsv", (folder_ / "pairs.tsv").string()}, "test");
  std::vector<std::string> ids;
  for (int64_t i = 0; i < test->size(); ++i) ids.push_back(test->id(i));
  EXPECT_EQ(ids, (std::vector<std::string>{"3.jpg", "5.jpg", "10.jpg", "19.jpg"})) << "lowest by hash64";
}

TEST_F(CaptionTsv, OpensFortyThousandCaptionsInASecond) {
  std::string content = "filepath\ttitle\n";
  for (int i = 0; i < 40'000; ++i)
    content += fmt::format("a.jpg\tA dog runs over the grass, number {} of many\n", i);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(open(content)->get(0).captions.size(), 40'000u);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(1));
}

TEST(ChooseCaption, DrawsByEpochAndIdAlone) {
  const Example example{"a", {}, {}, {"one", "two", "three"}};
  std::map<std::string, int> counts;
  for (uint64_t epoch = 0; epoch < 3'000; ++epoch) {
    const std::string& caption = choose_caption(example, 1, epoch);
    EXPECT_EQ(&caption, &choose_caption(example, 1, epoch));
    ++counts[caption];
  }
  ASSERT_EQ(counts.size(), 3u);
  for (const auto& [caption, count] : counts) EXPECT_NEAR(count, 1'000, 110) << caption;
}

TEST(ChooseCaption, NamesAnExampleWithoutCaptions) {
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([] {
                 choose_caption({"7.jpg", {}, {}, {}}, 0, 0);
               }),
               "7.jpg: expected an example with captions; got none");
}

}  // namespace
}  // namespace repbench
