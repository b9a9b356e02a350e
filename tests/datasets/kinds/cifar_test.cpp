#include <fmt/format.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "tests/datasets/kinds/small_pictures.h"
#include "tests/files/error_message.h"
#include "tests/files/scratch_folder.h"

namespace repbench {
namespace {

namespace fs = std::filesystem;

std::shared_ptr<const Dataset> open(const std::string& kind, const std::string& text,
                                    std::string_view split) {
  return open_dataset({kind, text}, split);
}

std::string complaint(const std::string& kind, const fs::path& path, std::string_view split = "train") {
  return error_message<std::runtime_error>([&] { open(kind, path.string(), split); });
}

void expect_row(const Dataset& dataset, const std::string& archives) {
  const Json row = expected_row(archives, dataset.split());
  std::vector<int64_t> labels;
  for (int64_t i = 0; i < dataset.size(); ++i) labels.push_back(dataset.label(i));
  EXPECT_EQ(labels, row.at("labels").get<std::vector<int64_t>>());
  EXPECT_EQ(dataset.class_names(), row.at("class_names").get<std::vector<std::string>>());
  EXPECT_EQ(pixels_sha256(dataset), row.at("pixels_sha256").get<std::string>());
}

// Every way in which the files may lie: as an archive, named or found, and unpacked, found or named.
TEST(Cifar, ReadsWhatTorchvisionReadsFromEveryDistribution) {
  for (const std::string digits : {"10", "100"}) {
    std::set<std::string> hashes;
    for (const std::string form : {"binary", "python"}) {
      SCOPED_TRACE(digits + form);
      const std::string archive = fmt::format("cifar-{}-{}.tar.gz", digits, form);
      const ScratchFolder packed, unpacked;
      fs::copy_file(small_pictures() / archive, packed / archive);
      unpack(small_pictures() / archive, unpacked.path());
      const fs::path inside = fs::directory_iterator(unpacked.path())->path();
      for (const fs::path& path : {packed / archive, packed.path(), unpacked.path(), inside}) {
        for (const char* split : {"train", "test"}) {
          const auto dataset = open("cifar" + digits, path.string(), split);
          expect_row(*dataset, "cifar-" + digits);
          hashes.insert(dataset->provenance().sha256);
        }
      }
    }
    EXPECT_EQ(hashes.size(), 2u) << "one a split, whatever the distribution";
  }
}

TEST(Cifar, CountsPicturesInTheOfficialOrder) {
  const auto train = open("cifar10", small_pictures().string(), "train");
  EXPECT_EQ(train->name(), "cifar10");
  EXPECT_EQ(train->size(), 20);
  EXPECT_EQ(train->id(0), "train/00000");
  EXPECT_EQ(train->id(19), "train/00019");
  EXPECT_EQ(train->provenance().licence, "");
  const Image image = pixels(train->get(4), 3);  // the first of data_batch_2: picture 0 of seed 2
  EXPECT_EQ(image.height, 32);
  EXPECT_EQ(image.row(3)[5 * 3 + 1], (3 + 2) * 3 + (1 + 2) * 5 + 70 + 2) << "green at row 3, column 5";
  EXPECT_THROW(train->get(20), std::out_of_range);
  EXPECT_THROW(train->id(-1), std::out_of_range);
  const auto message =
      error_message<std::invalid_argument>([] { open("cifar10", small_pictures().string(), "val"); });
  EXPECT_EQ(message, "[cifar10] expected a split: train, test; got 'val'");
}

TEST(Cifar, HasFineAndCoarseLabels) {
  for (const std::string form : {"binary", "python"}) {
    const std::string path = (small_pictures() / fmt::format("cifar-100-{}.tar.gz", form)).string();
    const auto fine = open("cifar100", path + ":labels=fine", "test");
    const auto coarse = open("cifar100", path + ":labels=coarse", "test");
    EXPECT_EQ(fine->class_names().size(), 100u);
    EXPECT_EQ(coarse->class_names().at(3), "coarse3");
    EXPECT_EQ(coarse->name(), "cifar100:coarse");
    for (int64_t i = 0; i < fine->size(); ++i) EXPECT_EQ(coarse->label(i), fine->label(i) / 5);
    EXPECT_EQ(pixels_sha256(*fine), pixels_sha256(*coarse));
    EXPECT_NE(fine->provenance().sha256, coarse->provenance().sha256);
  }
  EXPECT_THROW(open("cifar100", small_pictures().string() + ":labels=both", "test"), std::invalid_argument);
}

TEST(Cifar, NamesAnArchiveThatIsCutOrDamaged) {
  const ScratchFolder folder;
  const std::string whole = read_file(small_pictures() / "cifar-10-binary.tar.gz");
  for (const size_t size : {whole.size() / 2, whole.size() - 20, size_t{600}}) {
    write_file_atomically(folder / "cut.tar.gz", whole.substr(0, size));
    EXPECT_PRED2(contains, complaint("cifar10", folder / "cut.tar.gz"),
                 "[cifar10] " + (folder / "cut.tar.gz").string());
  }
  std::string damaged = whole;
  damaged[damaged.size() / 2] = static_cast<char>(~damaged[damaged.size() / 2]);
  write_file_atomically(folder / "bad.tar.gz", damaged);
  EXPECT_PRED2(contains, complaint("cifar10", folder / "bad.tar.gz"),
               "[cifar10] " + (folder / "bad.tar.gz").string());
  damaged = whole;
  damaged[damaged.size() - 8] = static_cast<char>(~damaged[damaged.size() - 8]);  // of the CRC-32
  write_file_atomically(folder / "bad.tar.gz", damaged);
  EXPECT_PRED2(contains, complaint("cifar10", folder / "bad.tar.gz"), "archive; got incorrect data check");
  write_file_atomically(folder / "no.tar.gz", "not an archive");
  EXPECT_PRED2(contains, complaint("cifar10", folder / "no.tar.gz"), "no.tar.gz: expected a");
  EXPECT_PRED2(contains, complaint("cifar10", small_pictures() / "cifar-100-binary.tar.gz"),
               "expected an archive with data_batch_1.bin or data_batch_1; got none");
}

class CifarFolder : public testing::Test {
 protected:
  void unpack_files(const std::string& archive) {
    unpack(small_pictures() / archive, folder_.path());
    path_ = fs::directory_iterator(folder_.path())->path();
  }
  void replace(const std::string& name, const std::string& content) {
    write_file_atomically(path_ / name, content);
  }
  std::string content(const std::string& name) const { return read_file(path_ / name); }

  ScratchFolder folder_;
  fs::path path_;
};

TEST_F(CifarFolder, OfBinaryFilesNamesTheOneThatIsWrong) {
  unpack_files("cifar-10-binary.tar.gz");
  const std::string batch = content("data_batch_3.bin");
  replace("data_batch_3.bin", batch.substr(0, 3 * 3073 + 100));
  EXPECT_PRED2(contains, complaint("cifar10", path_),
               "data_batch_3.bin: expected a multiple of 3073 bytes; got 9319");
  replace("data_batch_3.bin", batch.substr(0, 3 * 3073));
  EXPECT_PRED2(contains, complaint("cifar10", path_),
               "data_batch_3.bin: expected 4 pictures as in data_batch_1.bin; got 3");
  replace("data_batch_3.bin", "");
  EXPECT_PRED2(contains, complaint("cifar10", path_),
               "data_batch_3.bin: expected a multiple of 3073 bytes; got 0");
  std::string labelled = batch;
  labelled[2 * 3073] = 10;
  replace("data_batch_3.bin", labelled);
  EXPECT_PRED2(contains, complaint("cifar10", path_),
               "data_batch_3.bin: expected labels below 10; got 10 of picture 2");
  fs::remove(path_ / "data_batch_3.bin");
  EXPECT_PRED2(contains, complaint("cifar10", path_), "expected the file data_batch_3.bin; got none");
  EXPECT_EQ(open("cifar10", path_.string(), "test")->size(), 12) << "which that file is no part of";
  replace("batches.meta.txt", "cat\ndog\n");
  EXPECT_PRED2(contains, complaint("cifar10", path_, "test"),
               "batches.meta.txt: expected 10 names of classes; got 2");
  replace("batches.meta.txt", "cat\nd\xe9\n");
  EXPECT_PRED2(contains, complaint("cifar10", path_, "test"),
               "batches.meta.txt: expected names of classes in UTF-8; got 'd?'");
  fs::resize_file(path_ / "test_batch.bin", 200'000'001);
  EXPECT_PRED2(contains, complaint("cifar10", path_, "test"),
               "test_batch.bin: expected at most 200000000 bytes");
}

TEST_F(CifarFolder, OfPicklesNamesTheOneThatIsWrong) {
  unpack_files("cifar-100-python.tar.gz");
  const std::string whole = content("test");
  const auto failure = [&](const std::string& pickle) {
    replace("test", pickle);
    return complaint("cifar100", path_, "test");
  };
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = whole;
    return text.replace(text.find(from), from.size(), to);
  };
  EXPECT_PRED2(contains, failure(whole.substr(0, whole.size() / 2)),
               "[cifar100] " + (path_ / "test").string());
  EXPECT_PRED2(contains, failure(""), "[cifar100] " + (path_ / "test").string());
  EXPECT_PRED2(contains, failure(with("fine_labels", "fine_labelz")),
               "test: expected the key fine_labels; got none");
  EXPECT_PRED2(contains, failure(with("data", "date")), "test: expected the key data; got none");
  EXPECT_PRED2(contains, failure(with("_reconstruct", "_reconstracx")),
               "test: expected a numpy array under data");
  EXPECT_PRED2(contains, failure(with(std::string("K\x0cM\0\x0c", 5), std::string("K\x0bM\0\x0c", 5))),
               "data: expected");
  EXPECT_PRED2(contains, failure(with(std::string("K\x0cM\0\x0c", 5), std::string("K\x06M\0\x18", 5))),
               "test: expected bytes of the shape [N, 3072] under data; got U8 [6, 6144]");
  EXPECT_PRED2(contains, failure("\x80\x02]."), "test: expected a pickled dict; got something else");
  EXPECT_PRED2(contains,
               failure("\x80\x02}U\x04"
                       "dataK\x01s."),
               "test: expected a numpy array under data");
  EXPECT_EQ(open("cifar100", path_.string(), "train")->size(), 16);
  replace("meta",
          "\x80\x02}U\x10"
          "fine_label_namesK\x01s.");
  EXPECT_PRED2(contains, complaint("cifar100", path_),
               "meta: expected a list of texts under fine_label_names");
}

}  // namespace
}  // namespace repbench
