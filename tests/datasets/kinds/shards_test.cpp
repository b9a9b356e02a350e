#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <stdexcept>
#include <thread>

#include "datasets/dataset.h"
#include "datasets/kinds/tar_index.h"
#include "files/atomic.h"
#include "files/hash.h"
#include "files/json.h"
#include "tests/datasets/golden.h"
#include "tests/files/error_message.h"
#include "tests/files/scratch_folder.h"
#include "tests/files/tar_writer.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;

using Captions = std::vector<std::string>;

TEST(SplitMemberName, IsAsInWebdataset) {
  const auto parts = [](const std::string& name) {
    const auto found = split_member_name(name);
    return found ? found->first + "|" + found->second : "none";
  };
  EXPECT_EQ(parts("000.jpg"), "000|jpg");
  EXPECT_EQ(parts("a.b/c.SEG.PNG"), "a.b/c|seg.png");
  EXPECT_EQ(parts("./000.jpg"), "./000|jpg");
  EXPECT_EQ(parts("a."), "a|");
  EXPECT_EQ(parts("README"), "none");
  EXPECT_EQ(parts("a.b/README"), "none");
  EXPECT_EQ(parts("__meta__.json"), "__meta__|json") << "it does not end with underscores";
  EXPECT_EQ(parts("__meta__"), "none");
  EXPECT_EQ(parts("__meta__/x.jpg"), "none");
  EXPECT_EQ(parts(".hidden.jpg"), "none");
  EXPECT_EQ(parts("a/._000.jpg"), "none");
}

class ShardSet : public testing::Test {
 protected:
  void SetUp() override { picture_ = read_file(golden_folder() / "jpeg/grey.jpg"); }

  void put(const std::string& name, const std::vector<TarItem>& items,
           TarFormat format = TarFormat::ustar) const {
    write_file_atomically(folder_ / name, tar_of(items, format));
  }
  std::shared_ptr<const Dataset> open(const std::string& pattern = "a.tar",
                                      const std::string& split = "all") const {
    return open_dataset({"shards", (folder_ / pattern).string() + ":index=" + (folder_ / "index").string()},
                        split);
  }
  std::string failure(const std::string& pattern = "a.tar", const std::string& split = "all") const {
    return error_message<std::runtime_error>([&] { open(pattern, split); });
  }
  std::string failure_of(const std::vector<TarItem>& items) const {
    put("a.tar", items);
    return failure();
  }

  ScratchFolder folder_;
  std::string picture_;
};

TEST_F(ShardSet, GivesPicturesCaptionsAndClasses) {
  const std::string long_key = std::string(120, 'k') + "/\xFF";
  for (const TarFormat format : {TarFormat::ustar, TarFormat::gnu, TarFormat::pax}) {
    put("a.tar",
        {{"0.json", R"({"caption": "unused", "sha256": "x"})"},
         {"0.JPG", picture_},
         {"0.txt", " A dog.\n"},
         {"0.cls", "2\n"},
         {"1.jpg", picture_},
         {"1.json", R"({"captions": ["A cat.", "Cats."], "label": 0})"},
         {"1.npy", "?"},
         {"2.json", R"({"text": "Caf\u00e9", "caption": null, "cls": 1})"},
         {"2.png", picture_},
         {long_key + ".jpg", picture_},
         {long_key + ".cls", "0"}},
        format);
    const auto dataset = open();
    ASSERT_EQ(dataset->size(), 4);
    EXPECT_EQ(dataset->name(), "shards:a");
    EXPECT_EQ(dataset->id(0), "a/0");
    EXPECT_EQ(dataset->id(3), "a/" + std::string(120, 'k') + "/\\xff");
    EXPECT_EQ(dataset->captions(0), Captions{"A dog."});
    EXPECT_EQ(dataset->captions(1), (Captions{"A cat.", "Cats."}));
    EXPECT_EQ(dataset->captions(2), Captions{"Caf\xC3\xA9"});
    EXPECT_TRUE(dataset->captions(3).empty());
    EXPECT_EQ(dataset->label(0), 2);
    EXPECT_EQ(dataset->label(2), 1);
    EXPECT_EQ(dataset->class_names(), (Captions{"0", "1", "2"}));
    const Example example = dataset->get(1);
    EXPECT_EQ(example.labels, std::vector<int64_t>{0});
    EXPECT_GT(pixels(example, 3).height, 0);
    EXPECT_THROW(dataset->get(4), std::out_of_range);
  }
}

TEST_F(ShardSet, FindsTheSamplesThatWebdatasetFinds) {
  const Json golden = read_json(golden_folder() / "shards.json");
  for (const std::string format : {"ustar", "gnu", "pax"}) {
    SCOPED_TRACE(format);
    const std::string path = (golden_folder() / "shards" / (format + ".tar")).string();
    const auto dataset = open_dataset({"shards", path + ":index=" + (folder_ / "index").string()}, "all");
    ASSERT_EQ(dataset->size(), static_cast<int64_t>(golden.at(format).size()));
    for (int64_t i = 0; i < dataset->size(); ++i) {
      const Json& row = golden.at(format).at(i);
      const Example example = dataset->get(i);
      EXPECT_EQ(example.id, format + "/" + row.at(0).get<std::string>());
      Sha256 hash;
      hash.update(std::get<EncodedImage>(example.picture).bytes);
      EXPECT_EQ(hash.hex(), row.at(1));
      EXPECT_EQ(example.labels, std::vector<int64_t>{row.at(2).get<int64_t>()});
      EXPECT_EQ(example.captions, row.at(3).get<Captions>());
    }
  }
}

TEST_F(ShardSet, WritesIdsInOneLine) {
  put("a.tar", {{"x\n\x7Fy.jpg", picture_}});
  EXPECT_EQ(open()->id(0), "a/x\\x0a\\x7fy");
}

TEST_F(ShardSet, TakesThePlainestOfSeveralPictures) {
  put("a.tar", {{"0.seg.png", "no"},
                {"0.png", "no"},
                {"0.jpg", picture_},
                {"1.left.jpg", picture_},
                {"1.right.jpg", "no"}});
  const auto dataset = open();
  EXPECT_GT(pixels(dataset->get(0), 3).height, 0);
  EXPECT_GT(pixels(dataset->get(1), 3).height, 0);
}

TEST_F(ShardSet, TellsHowManyExamplesLieInEachShard) {
  put("s-0.tar", {{"x.jpg", picture_}, {"y.jpg", picture_}});
  put("s-1.tar", {{"x.jpg", picture_}});
  const auto dataset = open("s-{0..1}.tar");
  EXPECT_EQ(dataset->shard_sizes(), (std::vector<int64_t>{2, 1}));
  EXPECT_EQ(dataset->id(2), "s-1/x");
}

TEST_F(ShardSet, SplitsByTheHashOfIdsWhereNothingElseDoes) {
  std::vector<TarItem> items;
  for (int i = 0; i < 50; ++i) items.push_back({fmt::format("{:03}.jpg", i), picture_});
  put("s/0.tar", items);
  EXPECT_EQ(open("s", "train")->size(), 40);
  EXPECT_EQ(open("s", "test")->size(), 10);
  EXPECT_NE(open("s", "train")->provenance().sha256, open("s", "test")->provenance().sha256);
  EXPECT_PRED2(contains, open("s", "test")->provenance().source, "(test of an 80/20 split by hash of id)");
  EXPECT_PRED2(contains, error_message<std::invalid_argument>([&] { open("s", "val"); }),
               ": train, test, all; got 'val'");
}

TEST_F(ShardSet, ReadsTheLayoutOfClipBenchmark) {
  put("c/test/0.tar", {{"s0.jpg", picture_}, {"s0.cls", "1"}});
  put("c/train/0.tar", {{"s0.jpg", picture_}, {"s0.cls", "0"}});
  write_file_atomically(folder_ / "c/classnames.txt", "cat\r\nbig dog\n\n");
  EXPECT_EQ(open("c", "test")->class_names(), (Captions{"cat", "big dog"}));
  EXPECT_EQ(open("c/test/{0..0}.tar")->class_names().size(), 2u);
  EXPECT_EQ(open("c", "test")->id(0), "test/0/s0");
  put("r/test/0.tar", {{"s0.jpg", picture_}, {"s0.txt", "A dog.\n A cat.\n"}});
  write_file_atomically(folder_ / "r/dataset_type.txt", "retrieval\n");
  EXPECT_EQ(open("r", "test")->captions(0), (Captions{"A dog.", "A cat."}));
}

TEST_F(ShardSet, NamesClassesThatDoNotFit) {
  put("a.tar", {{"x.jpg", picture_}, {"x.cls", "2"}});
  write_file_atomically(folder_ / "two", "cat\ndog\n");
  EXPECT_PRED2(contains, failure("a.tar:classes=" + (folder_ / "two").string()),
               "two: expected classes below 2; got 2 of a/x");
  write_file_atomically(folder_ / "two", "cat\n\ndog\n");
  EXPECT_PRED2(contains, failure("a.tar:classes=" + (folder_ / "two").string()),
               "two: expected the name of a class in every line; got none in line 2");
  write_file_atomically(folder_ / "two", "\n");
  EXPECT_PRED2(contains, failure("a.tar:classes=" + (folder_ / "two").string()),
               "two: expected the names of classes; got none");
  write_file_atomically(folder_ / "two", "c\xFF\n");
  EXPECT_PRED2(contains, failure("a.tar:classes=" + (folder_ / "two").string()), "two: expected UTF-8 text");
  EXPECT_PRED2(contains, failure_of({{"x.jpg", picture_}, {"x.cls", "9999999999"}}),
               "expected classes below 1000000; got 9999999999 of a/x");
  EXPECT_PRED2(contains, failure_of({{"x.jpg", picture_}, {"x.cls", "1"}, {"y.jpg", picture_}}),
               "expected a class of every sample; got none of a/y (1 of 2 have none)");
  put("a.tar", {{"x.jpg", picture_}});
  EXPECT_PRED2(contains, failure("a.tar:classes=" + (folder_ / "two").string()),
               "expected samples with classes");
}

TEST_F(ShardSet, NamesASampleThatIsBroken) {
  EXPECT_PRED2(contains, failure_of({{"x.txt", "A dog"}, {"y.jpg", picture_}}),
               "a.tar: expected a picture in every sample; got none in x");
  EXPECT_PRED2(contains, failure_of({{"x.jpg", picture_}, {"y.jpg", picture_}, {"x.txt", "A dog"}}),
               "expected all members of a sample next to each other, and every key once; got x again");
  EXPECT_PRED2(contains, failure_of({{"x.jpg", picture_}, {"x.JPG", picture_}}),
               "expected every extension of a sample once; got x.JPG again");
  EXPECT_PRED2(contains, failure_of({{"README", "x"}}), "a.tar: expected samples; got none");
  EXPECT_PRED2(contains, failure_of({{"x.txt", std::string((1 << 20) + 1, 'x')}}),
               "expected texts of at most 1048576 bytes; got 1048577 in x.txt");
}

TEST_F(ShardSet, NamesTextThatIsBroken) {
  const auto message = [&](const std::string& extension, const std::string& text) {
    return failure_of({{"x.jpg", picture_}, {"x." + extension, text}});
  };
  EXPECT_PRED2(contains, message("txt", " \n"), "a.tar: expected a caption in x.txt; got an empty one");
  EXPECT_PRED2(contains, message("txt", "A d\xC3(g"), "expected UTF-8 text in x.txt; got ");
  for (const std::string cls : {"", "-1", "1.5", "cat", "99999999999999999999"}) {
    EXPECT_PRED2(contains, message("cls", cls), "expected a class from 0 on in x.cls; got \"" + cls + "\"");
  }
  EXPECT_PRED2(contains, message("json", "{\"caption\":"),
               "a.tar: expected a JSON object in x.json; got parse error");
  EXPECT_PRED2(contains, message("json", "[]"), "expected a JSON object in x.json; got \"[]\"");
  EXPECT_PRED2(contains, message("json", R"({"caption": ""})"),
               "expected a caption in x.json; got an empty one");
  EXPECT_PRED2(contains, message("json", R"({"captions": ["a", 1]})"),
               "expected a caption, or a list of them, in x.json; got 1");
  for (const std::string label : {"-1", "1.5", "\"cat\"", "true", "18446744073709551615"}) {
    EXPECT_PRED2(contains, message("json", "{\"label\": " + label + "}"),
                 "expected a class from 0 on in x.json; got " + label);
  }
}

TEST_F(ShardSet, NamesATarThatIsCutOrPacked) {
  const std::string tar = tar_of({{"x.jpg", picture_}, {"y.jpg", picture_}});
  const size_t cut = tar.size() - 1024 - 600;
  write_file_atomically(folder_ / "a.tar", tar.substr(0, cut));
  EXPECT_PRED2(contains, failure(),
               fmt::format("a.tar: expected a whole tar; got it cut inside y.jpg at byte {}", cut));
  write_file_atomically(folder_ / "a.tar", "\x1f\x8b" + std::string(600, 'x'));
  EXPECT_PRED2(contains, failure(), "expected a tar header with its checksum");
  fs::remove(folder_ / "a.tar");
  ASSERT_EQ(::mkfifo((folder_ / "f").c_str(), 0600), 0);
  fs::create_directories(folder_ / "p");
  fs::rename(folder_ / "f", folder_ / "p/a.tar");
  EXPECT_PRED2(contains, failure("p"), "expected a tar file; got no regular file")
      << "and nobody waits for a pipe";
}

// ---- The kept index ----

fs::path only_index(const fs::path& folder) {
  const fs::directory_iterator entry(folder);
  return entry->path();
}

TEST_F(ShardSet, KeepsItsIndexAndMakesABrokenOneAgain) {
  put("a.tar", {{"x.jpg", picture_}, {"x.txt", "A dog."}, {"x.cls", "0"}});
  const std::string hash = open()->provenance().sha256;
  const fs::path index = only_index(folder_ / "index");
  const std::string kept = read_file(index);
  // A tar of the same size and time is taken for the same: its index is not made again.
  const auto time = fs::last_write_time(folder_ / "a.tar");
  std::fstream(folder_ / "a.tar", std::ios::in | std::ios::out).write("z", 1);
  fs::last_write_time(folder_ / "a.tar", time);
  EXPECT_EQ(open()->id(0), "a/x");
  put("a.tar", {{"x.jpg", picture_}, {"x.txt", "A dog."}, {"x.cls", "0"}});
  fs::last_write_time(folder_ / "a.tar", time);
  for (const std::string& broken :
       {std::string(), kept.substr(0, kept.size() - 1), kept + "x", "X" + kept.substr(1)}) {
    write_file_atomically(index, broken);
    EXPECT_EQ(open()->provenance().sha256, hash);
    EXPECT_EQ(open()->captions(0), Captions{"A dog."});
    EXPECT_EQ(read_file(index), kept);
  }
}

TEST_F(ShardSet, DoesWithoutAFolderForTheIndex) {
  put("a.tar", {{"x.jpg", picture_}});
  write_file_atomically(folder_ / "index", "a file where the folder should be");
  EXPECT_EQ(open()->size(), 1);
}

TEST_F(ShardSet, HashesPicturesTextsAndNames) {
  const auto hash = [&](const std::vector<TarItem>& items) {
    put("a.tar", items);
    return open()->provenance().sha256;
  };
  const std::string one = hash({{"x.jpg", picture_}, {"x.txt", "A dog."}});
  EXPECT_EQ(open()->provenance().hashed, "contents");
  EXPECT_EQ(hash({{"x.jpg", picture_}, {"x.txt", "A dog."}}), one);
  EXPECT_NE(hash({{"x.jpg", picture_}, {"x.txt", "A cat."}}), one);
  EXPECT_NE(hash({{"y.jpg", picture_}, {"y.txt", "A dog."}}), one);
  std::string other = picture_;
  other.back() = 'x';
  EXPECT_NE(hash({{"x.jpg", other}, {"x.txt", "A dog."}}), one);
}

TEST_F(ShardSet, HashesNamesAndSizesWhereThePicturesAreMany) {
  // A picture of more than 1 GiB, of which the disk holds nothing.
  constexpr uint64_t kSize = (uint64_t{1} << 30) + 512;
  const auto put_large = [&](const std::string& text) {
    write_file_atomically(folder_ / "a.tar", tar_header({"x.jpg", "", '0', fmt::format("{:011o}", kSize)}));
    fs::resize_file(folder_ / "a.tar", 512 + kSize);
    std::ofstream(folder_ / "a.tar", std::ios::binary | std::ios::app)
        << tar_member({"x.txt", text}) << kTarEnd;
    return open()->provenance();
  };
  const Provenance provenance = put_large("A dog.");
  EXPECT_EQ(provenance.hashed, "names and sizes");
  EXPECT_NE(put_large("A cat.").sha256, provenance.sha256);
}

TEST_F(ShardSet, NamesAShardThatChangedUnderIt) {
  put("a.tar", {{"x.jpg", picture_}});
  const auto dataset = open();
  put("a.tar", {{"x.jpg", picture_}, {"y.jpg", picture_}});
  EXPECT_PRED2(contains, error_message<std::runtime_error>([&] { dataset->get(0); }),
               "a.tar: expected the file that was there at the start; got another one");
}

TEST_F(ShardSet, ReadsFromManyShardsAndThreadsAtOnce) {
  // Neither tars nor indices are flushed to the disk: that would be most of the test's time.
  std::ofstream(folder_ / "index") << "a file where the folder should be";
  fs::create_directories(folder_ / "m");
  for (int i = 0; i < 300; ++i) {
    std::ofstream(folder_ / fmt::format("m/{}.tar", i), std::ios::binary)
        << tar_of({{"x.jpg", picture_}, {"x.txt", fmt::format("number {}", i)}});
  }
  const auto dataset = open("m/{0..299}.tar");
  std::vector<std::thread> threads;
  for (int worker = 0; worker < 4; ++worker) {
    threads.emplace_back([&, worker] {
      for (int64_t i = 0; i < 600; ++i) {
        const int64_t index = (i * 7 + worker) % 300;
        const Example example = dataset->get(index);
        EXPECT_EQ(example.captions, Captions{fmt::format("number {}", index)});
        EXPECT_EQ(std::get<EncodedImage>(example.picture).bytes.size(), picture_.size());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace repbench
